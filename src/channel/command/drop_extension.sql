-- prepare_drop(): how the extension is given up, with the log kept.

CREATE TABLE sharing_guard.drop_preparation (
    prepared_at timestamptz PRIMARY KEY DEFAULT clock_timestamp(),
    prepared_by text NOT NULL DEFAULT session_user,
    log_kept_at text NOT NULL,
    events bigint NOT NULL
);
COMMENT ON TABLE sharing_guard.drop_preparation IS
'Each time that prepare_drop() was told where the log is kept; what has been recorded since keeps the extension from being dropped';
COMMENT ON COLUMN sharing_guard.drop_preparation.prepared_at IS 'When';
COMMENT ON COLUMN sharing_guard.drop_preparation.prepared_by IS 'The login that said so';
COMMENT ON COLUMN sharing_guard.drop_preparation.log_kept_at IS 'Where the copy of the log is kept, in their words';
COMMENT ON COLUMN sharing_guard.drop_preparation.events IS
'How many disclosures and attempts the log had';
REVOKE ALL ON TABLE sharing_guard.drop_preparation FROM PUBLIC;
SELECT sharing_guard.is_policy_table('drop_preparation', 'prepared_at');

CREATE FUNCTION sharing_guard.prepare_drop(log_kept_at text DEFAULT NULL)
    RETURNS TABLE (step text, command text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    evidence bigint;
BEGIN
    IF prepare_drop.log_kept_at IS NOT NULL THEN
        IF btrim(prepare_drop.log_kept_at) = '' THEN
            RAISE EXCEPTION 'prepare_drop() needs to know where the log is kept'
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'Say where the copy is, so that an auditor finds it.';
        END IF;
        IF EXISTS (SELECT FROM sharing_guard.guard) THEN
            RAISE EXCEPTION 'tables are protected still'
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = 'SELECT * FROM sharing_guard.prepare_drop(); names them, and what to do.';
        END IF;
        INSERT INTO sharing_guard.drop_preparation (log_kept_at, events)
        SELECT prepare_drop.log_kept_at, count(*)
        FROM sharing_guard.event e WHERE e.kind IN ('disclosure', 'attempt');
        RETURN QUERY SELECT 'The extension can be dropped, until something new is recorded'::text,
                            'DROP EXTENSION sharing_guard;'::text;
        RETURN;
    END IF;

    RETURN QUERY
    SELECT format('%s is protected: take its guard off', g.table_name),
           format('SELECT sharing_guard.unprotect(%L);', g.table_name)
    FROM sharing_guard.guard g ORDER BY g.table_name;
    SELECT count(*) INTO evidence FROM sharing_guard.event e WHERE e.kind IN ('disclosure', 'attempt');
    RETURN QUERY
    SELECT format('The log has %s disclosures and attempts: keep it, seals and all, as a dump', evidence),
           format('pg_dump --format=custom --file=with-sharing_guard-log.dump %s', quote_ident(current_database()))
    UNION ALL
    SELECT 'or as text that needs no PostgreSQL to be read',
           '\copy (SELECT to_jsonb(e) FROM sharing_guard.legible_event e ORDER BY e.event_id) TO ''sharing_guard-log.jsonl'' (FORMAT csv, QUOTE E''\x01'', DELIMITER E''\x02'')'
    UNION ALL
    SELECT 'Then say where the copy is, which is recorded',
           'SELECT * FROM sharing_guard.prepare_drop(''where the copy is kept'');';
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.prepare_drop(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.prepare_drop(text) IS
'How the extension is given up: without an argument what is to be done first, with the commands; with one, that the log is kept there, so that DROP EXTENSION is no longer refused';
