-- The log is written once: nobody changes it, superusers included.
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
SET datestyle = 'ISO';

INSERT INTO sharing_guard.event (event_id, occurred_at, kind)
VALUES ('01900000-0000-7000-8000-000000000001', '2026-01-01 00:00+00', 'disclosure');

-- What a command raised, with its SQLSTATE.
CREATE FUNCTION pg_temp.attempt(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text; detail text; hint text;
BEGIN
    EXECUTE command;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ': ' || message, NULLIF(detail, ''), NULLIF(hint, ''));
END
$$;

-- The superuser who owns it.
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.attempt('UPDATE sharing_guard.event SET outcome = ''allow''');
SELECT pg_temp.attempt('DELETE FROM sharing_guard.event');
SELECT pg_temp.attempt('TRUNCATE sharing_guard.event');
SELECT pg_temp.attempt('INSERT INTO sharing_guard.event (event_id, occurred_at, kind)
    VALUES (''01900000-0000-7000-8000-000000000001'', now(), ''disclosure'')
    ON CONFLICT (event_id) DO UPDATE SET outcome = ''allow''');
SELECT pg_temp.attempt('MERGE INTO sharing_guard.event e USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE');

-- Nor as if it came from replication.
SET session_replication_role = replica;
SELECT pg_temp.attempt('UPDATE sharing_guard.event SET outcome = ''allow''');
SELECT pg_temp.attempt('DELETE FROM sharing_guard.event');
SELECT pg_temp.attempt('TRUNCATE sharing_guard.event');
RESET session_replication_role;

-- An owner who is no superuser.
CREATE ROLE regress_sg_owner;
GRANT USAGE ON SCHEMA sharing_guard TO regress_sg_owner;
BEGIN;
GRANT CREATE ON SCHEMA sharing_guard TO regress_sg_owner;
ALTER TABLE sharing_guard.event OWNER TO regress_sg_owner;
SET ROLE regress_sg_owner;
SELECT pg_temp.attempt('UPDATE sharing_guard.event SET outcome = ''allow''');
SELECT pg_temp.attempt('DELETE FROM sharing_guard.event');
SELECT pg_temp.attempt('TRUNCATE sharing_guard.event');
ROLLBACK;

-- Anybody else has no privilege on it, and on its views none either.
\pset format aligned
\pset tuples_only off
SELECT c.relname, p.privilege
FROM pg_class c,
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p (privilege)
WHERE c.relnamespace = 'sharing_guard'::regnamespace
    AND c.relname IN ('event', 'audit', 'audit_rows', 'policy_changes', 'audit_90d',
        'audit_rows_90d', 'flagged_90d', 'policy_changes_90d', 'audit_90d_summary')
    AND has_table_privilege('regress_sg_owner', c.oid, p.privilege);
SELECT p.proname
FROM pg_proc p
WHERE p.pronamespace = 'sharing_guard'::regnamespace
    AND p.proname IN ('event_rows', 'audit_window_start', 'event_in_sentences', 'protect_record')
    AND has_function_privilege('regress_sg_owner', p.oid, 'EXECUTE');
REVOKE USAGE ON SCHEMA sharing_guard FROM regress_sg_owner;
DROP ROLE regress_sg_owner;

-- The triggers fire always; two indexes and no more.
SELECT tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger
WHERE tgrelid = 'sharing_guard.event'::regclass ORDER BY tgname;
SELECT pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = 'sharing_guard.event'::regclass ORDER BY 1;

-- pg_dump takes the log along.
SELECT 'sharing_guard.event'::regclass = ANY (extconfig) AS dumped
FROM pg_extension WHERE extname = 'sharing_guard';

-- Where the log cannot be written, what it would have recorded does not
-- happen; why is told to the server log alone.
CREATE FUNCTION public.fail_with_row_data() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'secret plate 7XYZ999';
END
$$;
CREATE FUNCTION public.lose_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RETURN NULL;
END
$$;
CREATE TRIGGER dba BEFORE INSERT ON sharing_guard.event
    FOR EACH ROW EXECUTE FUNCTION public.fail_with_row_data();
INSERT INTO sharing_guard.data_class (data_class, description) VALUES ('test_class', 'x');
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER dba ON sharing_guard.event;
CREATE TRIGGER dba BEFORE INSERT ON sharing_guard.event
    FOR EACH ROW EXECUTE FUNCTION public.lose_event();
INSERT INTO sharing_guard.data_class (data_class, description) VALUES ('test_class', 'x');
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER dba ON sharing_guard.event;
ALTER TABLE sharing_guard.event RENAME TO event_moved;
INSERT INTO sharing_guard.data_class (data_class, description) VALUES ('test_class', 'x');
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE sharing_guard.event_moved RENAME TO event;
SELECT count(*) FROM sharing_guard.data_class WHERE data_class = 'test_class';

-- What a DBA adds to the log is served: a column, an AFTER trigger.
CREATE TABLE public.event_copy (relation text, changed_key text);
CREATE FUNCTION public.copy_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.event_copy VALUES (NEW.relation, NEW.changed_key);
    RETURN NULL;
END
$$;
CREATE TRIGGER dba AFTER INSERT ON sharing_guard.event
    FOR EACH ROW EXECUTE FUNCTION public.copy_event();
ALTER TABLE sharing_guard.event ADD COLUMN dba_note text;
INSERT INTO sharing_guard.data_class (data_class, description) VALUES ('test_class', 'x');
SELECT * FROM public.event_copy;
DROP TRIGGER dba ON sharing_guard.event;
DROP TABLE public.event_copy;
DROP FUNCTION public.copy_event(), public.lose_event(), public.fail_with_row_data();

-- It is all as it was.
SELECT event_id, occurred_at AT TIME ZONE 'UTC' AS occurred_at, outcome FROM sharing_guard.event
WHERE kind = 'disclosure';
SELECT username = session_user AS is_me, username_source, session_role = session_user AS session_is_me,
    acting_role = current_user AS acting_is_me, operation, relation, changed_key, old_row, new_row ->> 'data_class' AS new_class
FROM sharing_guard.policy_changes WHERE changed_key = 'test_class';
