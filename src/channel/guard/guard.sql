-- Protected tables: which there are, and which of their columns mean what.

CREATE TABLE sharing_guard.guard (
    guard_id uuid PRIMARY KEY DEFAULT pg_catalog.gen_random_uuid(),
    relation regclass NOT NULL UNIQUE,
    table_name text NOT NULL,
    kind text NOT NULL DEFAULT 'export',
    data_class text REFERENCES sharing_guard.data_class,
    mode text NOT NULL DEFAULT 'observe',
    on_block text NOT NULL DEFAULT 'error',
    record_self_access boolean NOT NULL DEFAULT false,
    filter_reads boolean NOT NULL DEFAULT false,
    CONSTRAINT guard_kind CHECK (kind IN ('export', 'records')),
    CONSTRAINT guard_mode CHECK (mode IN ('enforce', 'observe')),
    CONSTRAINT guard_on_block CHECK (on_block IN ('error', 'skip_row'))
);
COMMENT ON TABLE sharing_guard.guard IS
'One row for each protected table; made by protect_export() or protect_records(), removed by unprotect()';
COMMENT ON COLUMN sharing_guard.guard.guard_id IS
'Names the guard in the triggers on its table';
COMMENT ON COLUMN sharing_guard.guard.relation IS 'The protected table';
COMMENT ON COLUMN sharing_guard.guard.table_name IS
'Its name, kept by itself, so that the record names it still when it has been dropped';
COMMENT ON COLUMN sharing_guard.guard.kind IS
'export: every row written to the table is a disclosure; records: every read of it that carries rows to another agency, and every COPY';
COMMENT ON COLUMN sharing_guard.guard.data_class IS
'What kind of record its rows are (data_class.data_class), unless a column says so row by row';
COMMENT ON COLUMN sharing_guard.guard.mode IS
'enforce: what the policy blocks stays, if the overall mode (setting.mode) is enforce too; observe: it goes out, flagged';
COMMENT ON COLUMN sharing_guard.guard.on_block IS
'error: a refused row ends the statement; skip_row: only the refused rows are left out';
COMMENT ON COLUMN sharing_guard.guard.record_self_access IS
'Kind records: whether the agency''s own people''s queries are recorded as well';
COMMENT ON COLUMN sharing_guard.guard.filter_reads IS
'Whether rows that the policy now blocks are kept from those who read for another agency, by row-level security';
REVOKE ALL ON TABLE sharing_guard.guard FROM PUBLIC;

CREATE TABLE sharing_guard.guard_column (
    guard_id uuid NOT NULL
        REFERENCES sharing_guard.guard ON DELETE CASCADE,
    role text NOT NULL,
    position integer NOT NULL,
    attnum smallint NOT NULL,
    column_name name NOT NULL,
    PRIMARY KEY (guard_id, role, position),
    CONSTRAINT guard_column_role CHECK (role IN (
        'destination', 'destination_state', 'purpose', 'legal_basis',
        'case_number', 'requesting_person', 'recipient_person', 'on_behalf_of_agency',
        'data_class_column', 'record_key', 'query_elements', 'bookkeeping')),
    CONSTRAINT guard_column_attnum CHECK (attnum >= 0)
);
COMMENT ON TABLE sharing_guard.guard_column IS
'Which columns of a protected table mean what';
COMMENT ON COLUMN sharing_guard.guard_column.guard_id IS
'The guard (guard.guard_id)';
COMMENT ON COLUMN sharing_guard.guard_column.role IS
'What the column means: the argument of protect_export() that named it';
COMMENT ON COLUMN sharing_guard.guard_column.position IS
'Its place, from 1, where several columns have this role';
COMMENT ON COLUMN sharing_guard.guard_column.attnum IS
'The column, by its number (pg_attribute.attnum), so that a rename is followed; 0: there is no such column';
COMMENT ON COLUMN sharing_guard.guard_column.column_name IS
'The column, by its name';
REVOKE ALL ON TABLE sharing_guard.guard_column FROM PUBLIC;

-- By name alone: the number of a table that is gone may be another's elsewhere.
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.guard',
    'WHERE relation::pg_catalog.oid IN (SELECT c.oid FROM pg_catalog.pg_class c)');
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.guard_column',
    'WHERE guard_id IN (SELECT g.guard_id FROM sharing_guard.guard g JOIN pg_catalog.pg_class c ON c.oid = g.relation::pg_catalog.oid)');

SELECT sharing_guard.is_policy_table('guard', 'table_name');

SELECT sharing_guard.is_policy_table('guard_column', 'guard_id', 'role', 'position');

-- Also for direct writes to the table of guards.
CREATE FUNCTION sharing_guard.guard_check() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.kind = 'export' THEN
        PERFORM sharing_guard.check_exportable(NEW.relation);
    ELSE
        PERFORM sharing_guard.check_readable(NEW.relation);
    END IF;
    -- Not of one that has become such a table since: its guard can be changed.
    IF TG_OP = 'INSERT' THEN
        PERFORM sharing_guard.check_within_reach(NEW.relation, NEW.kind = 'export');
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.guard_id <> NEW.guard_id OR OLD.relation <> NEW.relation
                              OR OLD.kind <> NEW.kind) THEN
        RAISE EXCEPTION 'a guard stays with its table'
            USING ERRCODE = 'check_violation',
                  HINT = 'Use unprotect() on the one table, and then protect_export() or protect_records() on the other.';
    END IF;
    -- A table can have one guard: its own, or that of a table above it.
    IF EXISTS (
        WITH RECURSIVE above (relid) AS (
            SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = NEW.relation
            UNION
            SELECT i.inhparent FROM above a JOIN pg_inherits i ON i.inhrelid = a.relid),
        below (relid) AS (
            SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = NEW.relation
            UNION
            SELECT i.inhrelid FROM below b JOIN pg_inherits i ON i.inhparent = b.relid)
        SELECT FROM sharing_guard.guard g
        WHERE g.relation IN (SELECT relid FROM above UNION SELECT relid FROM below)) THEN
        RAISE EXCEPTION 'table % belongs with a table that is protected already', NEW.relation
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = 'A table has one guard only: its own, or that of the table it is a partition or a child of.',
                  HINT = 'Protect the table at the top, and no other.';
    END IF;
    NEW.table_name := sharing_guard.relation_name(NEW.relation);
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.guard_check() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.guard_check() IS
'Trigger: refuses guards of what cannot be guarded';
CREATE TRIGGER guard_check BEFORE INSERT OR UPDATE ON sharing_guard.guard
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.guard_check();
ALTER TABLE sharing_guard.guard ENABLE ALWAYS TRIGGER guard_check;

-- A restored table may have other column numbers, so numbers follow names
-- whenever a row comes in.
CREATE FUNCTION sharing_guard.guard_column_number() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- A parallel restore may bring the guard at the same time: then the second
    -- of the two waits for the first, and finds it.
    IF NOT EXISTS (SELECT FROM sharing_guard.guard g WHERE g.guard_id = NEW.guard_id) THEN
        PERFORM pg_advisory_xact_lock('sharing_guard.guard'::regclass::oid::integer, 0);
    END IF;
    NEW.attnum := 0;
    SELECT a.attnum INTO NEW.attnum
    FROM sharing_guard.guard g
         JOIN pg_attribute a ON a.attrelid = g.relation
    WHERE g.guard_id = NEW.guard_id AND a.attname = NEW.column_name
      AND a.attnum > 0 AND NOT a.attisdropped;
    -- A column that is missing stops the table's rows, not a restore.
    NEW.attnum := coalesce(NEW.attnum, 0);
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.guard_column_number() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.guard_column_number() IS
'Looks a guarded column''s number up by its name';
CREATE TRIGGER guard_column_number BEFORE INSERT OR UPDATE ON sharing_guard.guard_column
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.guard_column_number();
ALTER TABLE sharing_guard.guard_column ENABLE ALWAYS TRIGGER guard_column_number;

-- Where the columns came before their guard.
CREATE FUNCTION sharing_guard.guard_restored() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared('sharing_guard.guard'::regclass::oid::integer, 0);
    UPDATE sharing_guard.guard_column SET attnum = attnum WHERE guard_id = NEW.guard_id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.guard_restored() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.guard_restored() IS
'Trigger: numbers the columns of a guard that a parallel restore brings after them';
CREATE TRIGGER guard_restored AFTER INSERT ON sharing_guard.guard
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.guard_restored();
ALTER TABLE sharing_guard.guard ENABLE ALWAYS TRIGGER guard_restored;

