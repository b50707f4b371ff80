-- protect_records(): source tables, whose rows leave by being read.

CREATE FUNCTION sharing_guard.check_readable(relation regclass) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rel record;
BEGIN
    SELECT c.relkind, c.relpersistence, n.nspname INTO rel
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = check_readable.relation;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no table with OID %', relation::oid
            USING ERRCODE = 'undefined_table';
    ELSIF rel.relkind NOT IN ('r', 'p', 'v', 'm', 'f') THEN
        RAISE EXCEPTION '% has no records to protect', relation
            USING ERRCODE = 'wrong_object_type',
                  HINT = 'Protect a table, a foreign table, a view or a materialized view.';
    ELSIF rel.relpersistence = 't' THEN
        RAISE EXCEPTION 'temporary table % cannot be protected', relation
            USING ERRCODE = 'wrong_object_type',
                  HINT = 'One session alone sees its rows; protect the table that they came from.';
    ELSIF relation IN ('sharing_guard.audit'::regclass, 'sharing_guard.audit_rows'::regclass) THEN
        -- The log is about the records, and holds as much of them: its views
        -- can be guarded like them (doc/offhost.md).
        RETURN;
    ELSIF rel.nspname IN ('sharing_guard', 'pg_catalog', 'information_schema', 'pg_toast') THEN
        RAISE EXCEPTION 'table % belongs to the system, or to sharing_guard itself', relation
            USING ERRCODE = 'wrong_object_type';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.check_readable(regclass) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.check_readable(regclass) IS
'Internal: raises an error for a relation whose reads cannot be guarded';

CREATE FUNCTION sharing_guard.protect_records(
    relation regclass,
    data_class text DEFAULT NULL,
    query_elements text DEFAULT NULL,
    record_self_access boolean DEFAULT NULL,
    mode text DEFAULT NULL,
    filter_reads boolean DEFAULT NULL)
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
    names text[];
    old_names text[];
BEGIN
    PERFORM sharing_guard.require_operational();

    IF relation IS NULL THEN
        RAISE EXCEPTION 'protect_records() needs a table'
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM sharing_guard.check_readable(relation);
    PERFORM sharing_guard.check_within_reach(relation, false);
    IF NOT EXISTS (SELECT FROM sharing_guard.adopted_pack) THEN
        RAISE EXCEPTION 'no policy has been adopted, so nothing can be protected'
            USING ERRCODE = 'SG007',
                  HINT = 'Call sharing_guard.configure() and then sharing_guard.adopt_policy(''us-ca'').';
    END IF;
    IF mode NOT IN ('enforce', 'observe') THEN
        RAISE EXCEPTION 'mode cannot be %', quote_literal(mode)
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'It is ''enforce'' or ''observe'' (nothing is stopped, everything is recorded).';
    END IF;

    -- The table before its guard, as everywhere else; readers and writers do
    -- not wait for this, unless row-level security is to be set.
    PERFORM sharing_guard.lock_guarded(relation, 'records', NULL, filter_reads);
    SELECT * INTO old_guard FROM sharing_guard.guard g WHERE g.relation = relation;
    IF old_guard.kind <> 'records' THEN
        RAISE EXCEPTION 'table % is protected already, as an export table', relation
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'What is read of an export table is guarded with filter_reads => true; or call sharing_guard.unprotect() first.';
    END IF;

    -- What is not named stays as it is.
    asked_mode := mode;
    mode := coalesce(old_guard.mode, mode, 'observe');
    filter_reads := coalesce(filter_reads, old_guard.filter_reads, false);
    data_class := coalesce(data_class, old_guard.data_class);
    IF data_class IS NULL OR NOT EXISTS (
        SELECT FROM sharing_guard.data_class d WHERE d.data_class = protect_records.data_class) THEN
        RAISE EXCEPTION 'protect_records() needs to know what kind of record the rows are, and % is not known',
            coalesce(quote_literal(data_class), 'NULL')
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give data_class => one of ' ||
                      (SELECT string_agg(quote_literal(d.data_class), ', ' ORDER BY d.data_class)
                       FROM sharing_guard.data_class d) ||
                      '; others are added to sharing_guard.data_class.';
    END IF;

    -- California wants each search of plate reads on record, with the plate,
    -- the person and the purpose: Civ. Code 1798.90.52.
    record_self_access := coalesce(record_self_access, old_guard.record_self_access,
        data_class = 'alpr' AND EXISTS (
            SELECT FROM sharing_guard.adopted_pack p WHERE p.pack = 'us-ca'));

    IF old_guard.guard_id IS NULL THEN
        INSERT INTO sharing_guard.guard (relation, table_name, kind, data_class, mode,
                                         record_self_access, filter_reads)
        VALUES (relation, '', 'records', data_class, mode, record_self_access, filter_reads)
        RETURNING guard_id INTO guard;
    ELSE
        guard := old_guard.guard_id;
        IF old_guard.data_class IS DISTINCT FROM data_class THEN
            changes := changes || format('data_class: %s -> %s', old_guard.data_class, data_class);
        END IF;
        IF old_guard.record_self_access <> record_self_access THEN
            changes := changes || format('record_self_access: %s -> %s',
                                         old_guard.record_self_access, record_self_access);
        END IF;
        IF old_guard.filter_reads <> filter_reads THEN
            changes := changes || format('filter_reads: %s -> %s',
                                         old_guard.filter_reads, filter_reads);
        END IF;
        IF changes <> '{}' THEN
            UPDATE sharing_guard.guard g
            SET data_class = protect_records.data_class,
                record_self_access = protect_records.record_self_access,
                filter_reads = protect_records.filter_reads
            WHERE g.guard_id = guard;
        END IF;
    END IF;

    names := sharing_guard.guarded_columns(relation, 'query_elements', nullif(btrim(query_elements), ''));
    SELECT coalesce(array_agg(c.column_name::text ORDER BY c.position), '{}')
    INTO old_names
    FROM sharing_guard.guard_column c
    WHERE c.guard_id = guard AND c.role = 'query_elements';
    IF query_elements IS NOT NULL AND names <> old_names THEN
        IF old_guard.guard_id IS NOT NULL THEN
            changes := changes || format('query_elements: %s -> %s',
                coalesce(nullif(array_to_string(old_names, ', '), ''), 'none'),
                coalesce(nullif(array_to_string(names, ', '), ''), 'none'));
        END IF;
        DELETE FROM sharing_guard.guard_column c
        WHERE c.guard_id = guard AND c.role = 'query_elements';
        INSERT INTO sharing_guard.guard_column (guard_id, role, position, attnum, column_name)
        SELECT guard, 'query_elements', n.position, 0, n.name
        FROM unnest(names) WITH ORDINALITY AS n(name, position);
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
        RETURN format('protected %s: what is read of it for another agency is decided and recorded (mode %s), queries of the agency''s own people are %s',
                      relation, mode, CASE WHEN record_self_access THEN 'recorded' ELSE 'not recorded' END)
               || mode_now;
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
REVOKE ALL ON FUNCTION sharing_guard.protect_records(regclass, text, text, boolean, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.protect_records(regclass, text, text, boolean, text, boolean) IS
'Protects a source table: from now on what is read of it for another agency, and every COPY of it, is decided on and recorded. query_elements names the columns that people search by (the plate); record_self_access (NULL: yes for alpr under us-ca) records the agency''s own people''s queries as well. A new guard begins in observe unless mode says enforce. Called again it changes what is given and keeps what is NULL; empty query_elements are taken away; the mode is changed by set_mode() alone. Returns what is so now';
