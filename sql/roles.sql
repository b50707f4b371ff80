-- Policy administrator, auditor and everybody else.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
SET client_min_messages = error;
CREATE ROLE regress_admin; CREATE ROLE regress_auditor; CREATE ROLE regress_app; CREATE ROLE regress_owner;
GRANT CREATE ON SCHEMA public TO regress_owner;
SELECT sharing_guard.grant_policy_admin('regress_admin');
SELECT sharing_guard.grant_auditor('regress_auditor');
SELECT sharing_guard.grant_auditor('nobody_of_that_name');
SELECT sharing_guard.grant_auditor('public');
SELECT role, duty FROM sharing_guard.role_duty ORDER BY 1;
SET ROLE regress_owner;
CREATE TABLE queue (id int PRIMARY KEY, dest text, why text);
GRANT INSERT ON queue TO regress_app;
RESET ROLE;
\set VERBOSITY terse
-- The policy administrator sets up and protects a table that is not its own.
SET ROLE regress_admin;
SELECT sharing_guard.configure('US-CA', 'Riverbend Police Department', 'America/Los_Angeles', 'ext. 1');
SELECT count(*) FROM sharing_guard.adopt_policy('us-ca', dry_run => true);
SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce');
SELECT count(*) > 0 FROM sharing_guard.preflight();
SELECT outcome FROM sharing_guard.preview_decision('oakdale-pd', 'theft', 'rms');
UPDATE sharing_guard.agency SET note = 'seen' WHERE agency_id = 'oakdale-pd';
SELECT sharing_guard.accept_alias('Oakdale Cops', 'oakdale-pd');
SELECT sharing_guard.bind_role('regress_app', 'oakdale-pd', shared => true);
-- It cannot read or change the record, grant duties, or switch the record off.
SELECT count(*) FROM sharing_guard.audit;
SELECT count(*) FROM sharing_guard.event;
DELETE FROM sharing_guard.event;
TRUNCATE sharing_guard.policy_revision;
SELECT sharing_guard.grant_auditor('regress_admin');
ALTER TABLE sharing_guard.rule DISABLE TRIGGER ALL;
ALTER TABLE queue DISABLE TRIGGER ALL;
RESET ROLE;
-- The application writes, and declares for itself; nothing else.
SET ROLE regress_app;
BEGIN;
SELECT sharing_guard.begin_disclosure(requesting_person => 'Ofc. Lee', purpose => 'robbery');
INSERT INTO queue (id, dest) VALUES (1, 'Oakdale Cops');
COMMIT;
-- What was declared is gone.
INSERT INTO queue (id, dest) VALUES (2, 'oakdale-pd');
-- A declaration in a savepoint goes with it.
BEGIN;
SAVEPOINT s;
SELECT sharing_guard.begin_disclosure(requesting_person => 'Ofc. Diaz');
ROLLBACK TO s;
INSERT INTO queue (id, dest, why) VALUES (3, 'oakdale-pd', 'fraud');
COMMIT;
SELECT * FROM sharing_guard.agency;
SELECT * FROM sharing_guard.audit;
SELECT sharing_guard.set_mode('observe');
SELECT sharing_guard.unprotect('queue');
SELECT sharing_guard.preview_decision('oakdale-pd', 'theft');
SELECT sharing_guard.install_triggers(gen_random_uuid());
RESET ROLE;
-- The auditor reads.
SET ROLE regress_auditor;
SELECT record_key, username, username_source, organization, session_role = current_user AS me, acting_role, purpose
FROM sharing_guard.audit_rows_90d ORDER BY record_key;
SELECT count(*) > 0 FROM sharing_guard.policy_changes_90d;
SELECT count(*) > 0 FROM sharing_guard.audit_90d_summary;
SELECT outcome FROM sharing_guard.preview_decision('oakdale-pd', 'theft', 'rms');
SELECT sharing_guard.explain_event(event_id) IS NOT NULL FROM sharing_guard.audit LIMIT 1;
DELETE FROM sharing_guard.agency;
INSERT INTO sharing_guard.event (event_id) VALUES (gen_random_uuid());
SELECT sharing_guard.set_mode('observe');
RESET ROLE;
-- Whatever view a duty may read can be read: the functions in it, too.
CREATE FUNCTION pg_temp.cannot_read(who name) RETURNS TABLE (view text, error text) LANGUAGE plpgsql AS $$
BEGIN
    FOR view IN SELECT c.oid::regclass FROM pg_class c
                WHERE c.relnamespace = 'sharing_guard'::regnamespace AND c.relkind IN ('r', 'v', 'm')
                  AND has_table_privilege(who, c.oid, 'SELECT') ORDER BY 1 LOOP
        BEGIN
            PERFORM set_config('role', who, true);
            EXECUTE format('SELECT count(v::text) FROM %s v', view);
        EXCEPTION WHEN insufficient_privilege THEN
            error := SQLERRM;
            RETURN NEXT;
        END;
        PERFORM set_config('role', 'none', true);
    END LOOP;
END $$;
CREATE ROLE regress_monitor; GRANT pg_monitor TO regress_monitor;
SELECT * FROM pg_temp.cannot_read('regress_auditor');
SELECT * FROM pg_temp.cannot_read('regress_admin');
SELECT * FROM pg_temp.cannot_read('regress_monitor');
SET ROLE regress_admin;
SELECT count(*), bool_and(problems IS NOT NULL) FROM sharing_guard.health;
SET ROLE regress_monitor;
SELECT count(*), bool_and(problems IS NOT NULL) FROM sharing_guard.health;
SELECT count(*) FROM sharing_guard.audit;
SELECT count(*) FROM sharing_guard.exposure;
RESET ROLE;
DROP ROLE regress_monitor;
-- Taken back.
SELECT sharing_guard.revoke_auditor('regress_auditor');
SELECT sharing_guard.revoke_policy_admin('regress_admin');
SET ROLE regress_auditor;
SELECT count(*) FROM sharing_guard.audit;
RESET ROLE;
SELECT grantee::regrole FROM pg_class c, aclexplode(c.relacl) a
WHERE c.relnamespace = 'sharing_guard'::regnamespace AND grantee IN ('regress_admin'::regrole, 'regress_auditor'::regrole);
SELECT sharing_guard.unbind_role('regress_app');
DROP TABLE queue;
REVOKE CREATE ON SCHEMA public FROM regress_owner;
DROP ROLE regress_admin, regress_auditor, regress_app, regress_owner;
