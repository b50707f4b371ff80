-- protect_export() and its way back.

CREATE FUNCTION sharing_guard.split_identifiers(list text) RETURNS text[]
    AS 'MODULE_PATHNAME', 'sg_sql_split_identifiers'
    LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.split_identifiers(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.split_identifiers(text) IS
'Internal: the names in a comma-separated list, by the rules of SQL identifiers; NULL if it is not one';

CREATE FUNCTION sharing_guard.guarded_columns(relation regclass, role text, list text)
    RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    names text[];
    wanted text;
    col record;
    several constant boolean :=
        role IN ('record_key', 'query_elements', 'bookkeeping', 'purpose');
BEGIN
    IF list IS NULL THEN
        RETURN '{}';
    END IF;

    -- A column of exactly this name, capitals, commas and all, comes first.
    IF EXISTS (SELECT FROM pg_attribute a
               WHERE a.attrelid = relation AND a.attname::text = list
                 AND a.attnum > 0 AND NOT a.attisdropped) THEN
        names := ARRAY[list];
    ELSE
        names := sharing_guard.split_identifiers(list);
        IF names IS NULL OR cardinality(names) = 0 THEN
            RAISE EXCEPTION 'argument "%" is not a column name%',
                role, CASE WHEN several THEN ' or a list of them' ELSE '' END
                USING ERRCODE = 'invalid_name',
                      HINT = 'Write names as in SQL: separated by commas, in double quotes where they have capitals or other special characters.';
        END IF;
        IF cardinality(names) > 1 AND NOT several THEN
            RAISE EXCEPTION 'argument "%" names % columns, but takes one',
                role, cardinality(names)
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
    END IF;

    FOREACH wanted IN ARRAY names LOOP
        SELECT a.attname, a.attgenerated, a.attnotnull, t.typtype, t.typcategory,
               bt.oid AS base, bt.typtype AS base_typtype,
               format_type(a.atttypid, a.atttypmod) AS type_name
        INTO col
        FROM pg_attribute a
             JOIN pg_type t ON t.oid = a.atttypid
             JOIN pg_type bt ON bt.oid = sharing_guard.base_type(a.atttypid)
        WHERE a.attrelid = relation AND a.attname::text = wanted
          AND a.attnum > 0 AND NOT a.attisdropped;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'column "%" of table % does not exist', wanted, relation
                USING ERRCODE = 'undefined_column',
                      DETAIL = format('It was given as %s.', role),
                      HINT = 'Its columns are: ' ||
                          (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                           FROM pg_attribute a
                           WHERE a.attrelid = relation AND a.attnum > 0
                             AND NOT a.attisdropped) || '.';
        END IF;
        CONTINUE WHEN role = 'bookkeeping';

        IF col.attgenerated = 'v' THEN
            RAISE EXCEPTION 'virtual generated column "%" of table % cannot be its %',
                wanted, relation, role
                USING ERRCODE = 'feature_not_supported',
                      HINT = 'Use a stored generated column, or the columns it is computed from.';
        END IF;
        IF role = 'purpose' AND col.base IN ('text[]'::regtype, 'varchar[]'::regtype) THEN
            CONTINUE WHEN cardinality(names) = 1;
            RAISE EXCEPTION 'column "%" of table % is of type %, which cannot be one of several columns of its purpose',
                wanted, relation, col.type_name
                USING ERRCODE = 'datatype_mismatch',
                      HINT = 'Name columns of text, of an enum or of a code; or the array of tags alone.';
        END IF;
        IF col.base_typtype NOT IN ('b', 'e') OR col.typcategory = 'A'
           OR col.base IN ('json'::regtype, 'jsonb'::regtype, 'xml'::regtype) THEN
            RAISE EXCEPTION 'column "%" of table % is of type %, which cannot be its %',
                wanted, relation, col.type_name, role
                USING ERRCODE = 'datatype_mismatch',
                      HINT = CASE WHEN role = 'purpose'
                             THEN 'A purpose is text, an enum, a code or an array of tags (text[]).'
                             ELSE 'Name a column that holds one plain value: text, a number, an enum, or a domain over one of these.' END;
        END IF;
        CONTINUE WHEN role <> 'record_key';

        -- A record key must read the same under all settings of a session.
        IF col.base NOT IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype,
                            'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype,
                            'numeric'::regtype, 'uuid'::regtype, 'bytea'::regtype,
                            'date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype,
                            'boolean'::regtype, 'name'::regtype, 'oid'::regtype,
                            'inet'::regtype, 'cidr'::regtype, 'macaddr'::regtype)
           AND col.base_typtype <> 'e' THEN
            RAISE EXCEPTION 'column "%" of table % is of type %, which cannot be part of its record key',
                wanted, relation, col.type_name
                USING ERRCODE = 'datatype_mismatch',
                      DETAIL = 'Its text could read differently in another session, so the record could not be found again.',
                      HINT = 'Use columns of text, integer, numeric, uuid, bytea, date or timestamp types.';
        END IF;
        IF NOT col.attnotnull THEN
            RAISE EXCEPTION 'column "%" of table % may be NULL, so it cannot be part of its record key',
                wanted, relation
                USING ERRCODE = 'invalid_parameter_value',
                      DETAIL = 'A row without a record key could not be found again in the audit.',
                      HINT = 'Set the column NOT NULL, or name others as record_key.';
        END IF;
    END LOOP;
    RETURN names;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.guarded_columns(regclass, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.guarded_columns(regclass, text, text) IS
'Internal: checks the columns that protect_export() was given for one role, and names them';

CREATE FUNCTION sharing_guard.base_type(type oid) RETURNS oid
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE domains AS (
        SELECT t.oid, t.typtype, t.typbasetype FROM pg_type t WHERE t.oid = $1
        UNION ALL
        SELECT t.oid, t.typtype, t.typbasetype
        FROM domains d JOIN pg_type t ON t.oid = d.typbasetype
        WHERE d.typtype = 'd')
    SELECT oid FROM domains WHERE typtype <> 'd'
$$;
REVOKE ALL ON FUNCTION sharing_guard.base_type(oid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.base_type(oid) IS
'Internal: what a domain is a domain over, all the way down';

CREATE FUNCTION sharing_guard.relation_tree(relation regclass)
    RETURNS TABLE (relid oid, relkind "char")
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE tree AS (
        SELECT $1::oid AS relid
        UNION
        SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
    SELECT t.relid, c.relkind FROM tree t JOIN pg_class c ON c.oid = t.relid
$$;
REVOKE ALL ON FUNCTION sharing_guard.relation_tree(regclass) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.relation_tree(regclass) IS
'Internal: a table and all partitions and children below it';

CREATE FUNCTION sharing_guard.check_exportable(relation regclass) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rel record;
BEGIN
    SELECT c.relkind, c.relpersistence, n.nspname INTO rel
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = check_exportable.relation;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no table with OID %', relation::oid
            USING ERRCODE = 'undefined_table';
    ELSIF rel.relkind NOT IN ('r', 'p', 'f') THEN
        RAISE EXCEPTION '% is not a table', relation
            USING ERRCODE = 'wrong_object_type',
                  HINT = 'Protect the table that is written to in the end.';
    ELSIF rel.relpersistence = 't' THEN
        RAISE EXCEPTION 'temporary table % cannot be an export table', relation
            USING ERRCODE = 'wrong_object_type',
                  HINT = 'Its rows are seen by one session only and leave through another table.';
    ELSIF rel.nspname IN ('sharing_guard', 'pg_catalog', 'information_schema', 'pg_toast') THEN
        RAISE EXCEPTION 'table % belongs to the system, or to sharing_guard itself', relation
            USING ERRCODE = 'wrong_object_type';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.check_exportable(regclass) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.check_exportable(regclass) IS
'Internal: raises an error for a relation that cannot be an export table';

-- What the mode of a guard comes to, as the rest of a sentence; empty where
-- what the policy blocks is stopped.
CREATE FUNCTION sharing_guard.mode_now(relation regclass) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE
        WHEN g.mode = 'observe'
        THEN format('; nothing is stopped until set_mode(''enforce'', %L)', g.relation::text)
        WHEN current_setting('sharing_guard.emergency_observe', true) = 'on'
        THEN '; nothing is stopped while sharing_guard.emergency_observe is on'
        WHEN s.mode = 'observe'
        THEN '; nothing is stopped while the overall mode is observe: set_mode(''enforce'') ends that'
        ELSE '' END
    FROM sharing_guard.guard g, sharing_guard.setting s WHERE g.relation = $1
$$;
REVOKE ALL ON FUNCTION sharing_guard.mode_now(regclass) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.mode_now(regclass) IS
'Internal: says why nothing is stopped at a protected table; empty where what the policy blocks is stopped';

CREATE FUNCTION sharing_guard.protect_export(
    relation regclass,
    destination text DEFAULT NULL,
    destination_state text DEFAULT NULL,
    purpose text DEFAULT NULL,
    legal_basis text DEFAULT NULL,
    case_number text DEFAULT NULL,
    requesting_person text DEFAULT NULL,
    on_behalf_of_agency text DEFAULT NULL,
    record_key text DEFAULT NULL,
    query_elements text DEFAULT NULL,
    bookkeeping text DEFAULT NULL,
    data_class text DEFAULT NULL,
    on_block text DEFAULT NULL,
    mode text DEFAULT NULL,
    filter_reads boolean DEFAULT NULL,
    data_class_column text DEFAULT NULL,
    recipient_person text DEFAULT NULL)
    RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    old_guard sharing_guard.guard;
    guard uuid;
    changes text[] := '{}';
    asked_mode text;
    mode_now text;
    roles constant text[] := ARRAY[
        'destination', 'destination_state', 'purpose', 'legal_basis',
        'case_number', 'requesting_person', 'recipient_person', 'on_behalf_of_agency',
        'data_class_column', 'record_key', 'query_elements', 'bookkeeping'];
    given text[];
    role text;
    names text[];
    old_names text[];
    generated text;
BEGIN
    PERFORM sharing_guard.require_operational();

    IF relation IS NULL THEN
        RAISE EXCEPTION 'protect_export() needs a table'
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM sharing_guard.check_exportable(relation);
    PERFORM sharing_guard.check_within_reach(relation, true);
    IF NOT EXISTS (SELECT FROM sharing_guard.adopted_pack) THEN
        RAISE EXCEPTION 'no policy has been adopted, so nothing can be protected'
            USING ERRCODE = 'SG007',
                  HINT = 'Call sharing_guard.configure() and then sharing_guard.adopt_policy(''us-ca'').';
    END IF;
    IF on_block NOT IN ('error', 'skip_row') THEN
        RAISE EXCEPTION 'on_block cannot be %', quote_literal(on_block)
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'It is ''error'' (a refused row ends the statement) or ''skip_row'' (only the refused rows are left out).';
    END IF;
    IF mode NOT IN ('enforce', 'observe') THEN
        RAISE EXCEPTION 'mode cannot be %', quote_literal(mode)
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'It is ''enforce'' or ''observe'' (nothing is stopped, everything is recorded).';
    END IF;

    -- The table before its guard, as everywhere else.
    PERFORM sharing_guard.lock_guarded(relation, 'export', on_block, filter_reads);
    SELECT * INTO old_guard FROM sharing_guard.guard g WHERE g.relation = relation;
    IF old_guard.kind <> 'export' THEN
        RAISE EXCEPTION 'table % is protected already, as a table of records', relation
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Call sharing_guard.unprotect() first, if its rows leave by being written to it.';
    END IF;

    -- What is not named stays as it is; an empty text takes it away.
    asked_mode := mode;
    mode := coalesce(old_guard.mode, mode, 'observe');
    on_block := coalesce(on_block, old_guard.on_block, 'error');
    filter_reads := coalesce(filter_reads, old_guard.filter_reads, false);
    data_class := CASE WHEN data_class IS NULL THEN old_guard.data_class
                       ELSE nullif(btrim(data_class), '') END;

    IF old_guard.guard_id IS NULL AND destination IS NULL OR btrim(destination) = '' THEN
        RAISE EXCEPTION 'protect_export() needs the column that names the destination'
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'Give destination => the column with the receiving agency''s id or name.';
    END IF;
    IF data_class IS NULL
       AND (btrim(data_class_column) = ''
            OR data_class_column IS NULL AND NOT EXISTS (
                SELECT FROM sharing_guard.guard_column c
                WHERE c.guard_id = old_guard.guard_id AND c.role = 'data_class_column')) THEN
        RAISE EXCEPTION 'protect_export() needs to know what kind of record the rows are'
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'Give data_class => one of ' ||
                      (SELECT string_agg(quote_literal(d.data_class), ', ' ORDER BY d.data_class)
                       FROM sharing_guard.data_class d) ||
                      ', or data_class_column => the column that says it row by row.';
    END IF;
    IF data_class IS NOT NULL AND NOT EXISTS (
        SELECT FROM sharing_guard.data_class d WHERE d.data_class = protect_export.data_class) THEN
        RAISE EXCEPTION 'data class "%" is not known', data_class
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Known are ' ||
                      (SELECT string_agg(quote_literal(d.data_class), ', ' ORDER BY d.data_class)
                       FROM sharing_guard.data_class d) ||
                      '; others are added to sharing_guard.data_class.';
    END IF;

    -- The table's primary key serves where no record key is named.
    IF record_key IS NULL AND old_guard.guard_id IS NULL OR btrim(record_key) = '' THEN
        record_key := NULL;
        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.position)
        INTO record_key
        FROM pg_index i,
             unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(attnum, position),
             pg_attribute a
        WHERE i.indrelid = relation AND i.indisprimary
          AND k.position <= i.indnkeyatts
          AND a.attrelid = relation AND a.attnum = k.attnum;
        IF record_key IS NULL THEN
            RAISE EXCEPTION 'table % has no primary key', relation
                USING ERRCODE = 'invalid_parameter_value',
                      DETAIL = 'Without a key a row could not be found again in the audit.',
                      HINT = 'Give record_key => the column, or the columns, that identify a row.';
        END IF;
    END IF;

    given := ARRAY[destination, destination_state, purpose, legal_basis,
                   case_number, requesting_person, recipient_person, on_behalf_of_agency,
                   data_class_column, record_key, query_elements, bookkeeping];

    IF old_guard.guard_id IS NULL THEN
        PERFORM sharing_guard.remove_triggers(o) FROM sharing_guard.orphaned_guards(relation) o;
        INSERT INTO sharing_guard.guard (relation, table_name, data_class, mode, on_block, filter_reads)
        VALUES (relation, '', data_class, mode, on_block, filter_reads)
        RETURNING guard_id INTO guard;
    ELSE
        guard := old_guard.guard_id;
        IF old_guard.on_block <> on_block THEN
            changes := changes || format('on_block: %s -> %s', old_guard.on_block, on_block);
        END IF;
        IF old_guard.data_class IS DISTINCT FROM data_class THEN
            changes := changes || format('data_class: %s -> %s',
                coalesce(old_guard.data_class, 'none'), coalesce(data_class, 'none'));
        END IF;
        IF old_guard.filter_reads <> filter_reads THEN
            changes := changes || format('filter_reads: %s -> %s',
                                         old_guard.filter_reads, filter_reads);
        END IF;
        IF changes <> '{}' THEN
            UPDATE sharing_guard.guard g
            SET data_class = protect_export.data_class,
                on_block = protect_export.on_block,
                filter_reads = protect_export.filter_reads
            WHERE g.guard_id = guard;
        END IF;
    END IF;

    FOR i IN 1 .. cardinality(roles) LOOP
        role := roles[i];
        CONTINUE WHEN given[i] IS NULL;
        names := sharing_guard.guarded_columns(relation, role, nullif(btrim(given[i]), ''));
        SELECT coalesce(array_agg(c.column_name::text ORDER BY c.position), '{}')
        INTO old_names
        FROM sharing_guard.guard_column c
        WHERE c.guard_id = guard AND c.role = role;
        CONTINUE WHEN names = old_names;

        IF old_guard.guard_id IS NOT NULL THEN
            changes := changes || format('%s: %s -> %s', role,
                coalesce(nullif(array_to_string(old_names, ', '), ''), 'none'),
                coalesce(nullif(array_to_string(names, ', '), ''), 'none'));
        END IF;
        DELETE FROM sharing_guard.guard_column c
        WHERE c.guard_id = guard AND c.role = role;
        INSERT INTO sharing_guard.guard_column (guard_id, role, position, attnum, column_name)
        SELECT guard, role, n.position, 0, n.name
        FROM unnest(names) WITH ORDINALITY AS n(name, position);
    END LOOP;

    SELECT b.column_name INTO generated
    FROM sharing_guard.guard_column b
         JOIN sharing_guard.guard_column c ON c.guard_id = b.guard_id AND c.attnum = b.attnum
    WHERE b.guard_id = guard AND b.role = 'bookkeeping' AND c.role <> 'bookkeeping'
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'column "%" of table % cannot be bookkeeping and mean something to the guard as well',
            generated, relation
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = 'A change of a bookkeeping column is no disclosure; a change of this one is.';
    END IF;

    -- Rows are skipped before they are stored, and those of a foreign table
    -- decided on before they leave, when generated columns are still empty.
    IF on_block = 'skip_row'
       OR EXISTS (SELECT FROM sharing_guard.relation_tree(relation) t
                  WHERE t.relkind = 'f') THEN
        SELECT c.column_name INTO generated
        FROM sharing_guard.guard_column c
             JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = c.attnum
        WHERE c.guard_id = guard AND c.role <> 'bookkeeping' AND a.attgenerated <> '';
        IF FOUND THEN
            RAISE EXCEPTION 'generated column "%" of table % cannot be guarded with on_block => ''skip_row'', nor where a foreign table is below',
                generated, relation
                USING ERRCODE = 'feature_not_supported',
                      DETAIL = 'There rows are decided on before they are stored, and generated columns are computed after that.',
                      HINT = 'Use on_block => ''error'', or the columns it is computed from.';
        END IF;
    END IF;

    IF sharing_guard.install_triggers(guard)
       AND old_guard.guard_id IS NOT NULL AND old_guard.on_block = on_block THEN
        changes := changes || text 'triggers that were missing are back';
    END IF;
    IF filter_reads AND EXISTS (
        SELECT FROM sharing_guard.role_binding b JOIN pg_roles r ON r.oid = b.role
        WHERE b.kind = 'backup' AND NOT r.rolbypassrls AND NOT r.rolsuper) THEN
        RAISE WARNING 'pg_dump will fail at %: the role that makes the backups is subject to row-level security', relation
            USING HINT = 'See sharing_guard.preflight(); as superuser: ALTER ROLE ... BYPASSRLS.';
    END IF;
    IF sharing_guard.set_filter(relation)
       AND old_guard.guard_id IS NOT NULL AND old_guard.filter_reads = filter_reads THEN
        changes := changes || text 'row-level security that was missing is back';
    END IF;

    mode_now := sharing_guard.mode_now(relation);
    IF old_guard.guard_id IS NULL THEN
        RETURN format('protected %s: every row written to it is decided and recorded (mode %s, on_block %s)%s',
                      relation, mode, on_block, mode_now);
    END IF;
    IF asked_mode <> mode THEN
        mode_now := format('; its mode stays %s, for set_mode() changes it', mode) || mode_now;
    END IF;
    IF changes = '{}' THEN
        RETURN format('%s is protected already, in just this way; nothing changed', relation) || mode_now;
    END IF;
    RETURN format('changed the guard of %s: %s', relation, array_to_string(changes, '; ')) || mode_now;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.protect_export(regclass, text, text, text, text, text, text, text, text, text, text, text, text, text, boolean, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.protect_export(regclass, text, text, text, text, text, text, text, text, text, text, text, text, text, boolean, text, text) IS
'Protects an export, outbox, request or share-list table: from now on every row written to it is decided on and recorded. The arguments name its columns; purpose may name several, whose values are kept apart and judged together; recipient_person names the person at the receiving agency, and may be the same column as requesting_person where that column names our own people in rows for ourselves. A new guard begins in observe unless mode says enforce. Called again it changes what is given and keeps what is NULL; an empty text takes a column away (of record_key: back to the primary key); the mode is changed by set_mode() alone. Returns what is so now';

CREATE FUNCTION sharing_guard.orphaned_guards(relation regclass) RETURNS SETOF uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT DISTINCT convert_from(substring(t.tgargs FOR 36), 'SQL_ASCII')::uuid
    FROM pg_trigger t
    WHERE t.tgrelid = $1 AND t.tgnargs = 1 AND length(t.tgargs) = 37
      AND t.tgfoid IN ('sharing_guard.export_row_before'::regproc,
                       'sharing_guard.export_row_after'::regproc,
                       'sharing_guard.export_statement_after'::regproc)
    EXCEPT
    SELECT g.guard_id FROM sharing_guard.guard g
$$;
REVOKE ALL ON FUNCTION sharing_guard.orphaned_guards(regclass) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.orphaned_guards(regclass) IS
'Internal: guards that a table has triggers of and that are there no more';

CREATE FUNCTION sharing_guard.unprotect(relation regclass) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    guard uuid;
    kind text;
BEGIN
    -- The table before its guard; tables that are not protected are let alone.
    IF EXISTS (SELECT FROM sharing_guard.guard g WHERE g.relation = relation)
       OR EXISTS (SELECT FROM sharing_guard.orphaned_guards(relation)) THEN
        PERFORM sharing_guard.lock_guarded(relation, NULL, NULL, NULL);
    END IF;
    SELECT g.guard_id, g.kind INTO guard, kind FROM sharing_guard.guard g
    WHERE g.relation = relation;
    IF NOT FOUND THEN
        -- Its guard was deleted by hand: then every row has been refused.
        PERFORM sharing_guard.remove_triggers(o) FROM sharing_guard.orphaned_guards(relation) o;
        IF FOUND THEN
            RETURN format('the triggers that a deleted guard had left on %s are gone', relation);
        END IF;
        RAISE EXCEPTION 'table % is not protected', relation
            USING ERRCODE = 'undefined_object',
                  HINT = 'The protected tables are in sharing_guard.guard; a partition or child is protected with its parent.';
    END IF;
    DELETE FROM sharing_guard.guard g WHERE g.guard_id = guard;
    PERFORM sharing_guard.set_filter(relation);
    IF kind = 'records' THEN
        RETURN format('%s is no longer protected: what is read of it is neither decided nor recorded', relation);
    END IF;
    PERFORM sharing_guard.remove_triggers(guard);
    RETURN format('%s is no longer protected: rows written to it are neither decided nor recorded', relation);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.unprotect(regclass) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.unprotect(regclass) IS
'Takes the guard off a table; what was recorded stays';

