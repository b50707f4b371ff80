-- Who logged in.  SET SESSION AUTHORIZATION lets a superuser act as anybody:
-- every event names the login, and nobody signs or approves in another's name.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set superuser :USER
SET client_min_messages = error;
CREATE ROLE regress_sg_auditor LOGIN;
CREATE ROLE regress_sg_clerk LOGIN;
CREATE ROLE regress_sg_app LOGIN;
CREATE ROLE regress_sg_first LOGIN;
CREATE ROLE regress_sg_second LOGIN;
CREATE ROLE regress_sg_partner LOGIN SUPERUSER;
GRANT regress_sg_clerk TO regress_sg_app;
SELECT sharing_guard.grant_auditor('regress_sg_auditor');
SELECT sharing_guard.grant_policy_admin('regress_sg_first');
SELECT sharing_guard.grant_policy_admin('regress_sg_second');
SELECT sharing_guard.bind_role('regress_sg_partner', 'oakdale-pd');
CREATE TABLE queue (id int PRIMARY KEY, dest text, why text);
CREATE TABLE plates (id int PRIMARY KEY, plate text);
GRANT INSERT ON queue TO regress_sg_clerk;
GRANT SELECT ON plates TO regress_sg_clerk;
SELECT sharing_guard.protect_export('queue', record_key => 'id', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce') IS NOT NULL;
SELECT sharing_guard.protect_records('plates', data_class => 'alpr', query_elements => 'plate', record_self_access => true, mode => 'enforce') IS NOT NULL;
RESET client_min_messages;
SELECT sharing_guard.close_period();

-- The login itself, with and without SET ROLE (as a pooler's application does).
\c - regress_sg_clerk
INSERT INTO queue VALUES (1, 'oakdale-pd', 'stolen vehicle');
\c - regress_sg_app
SET ROLE regress_sg_clerk;
INSERT INTO queue VALUES (2, 'oakdale-pd', 'stolen vehicle');
RESET ROLE;
-- A superuser as the clerk: an export, a refused one, a read, a refused command,
-- a change of policy.
\c - :superuser
SET SESSION AUTHORIZATION regress_sg_clerk;
INSERT INTO queue VALUES (3, 'oakdale-pd', 'stolen vehicle');
\set VERBOSITY sqlstate
INSERT INTO queue VALUES (4, 'removal-office', 'civil immigration enforcement');
\set VERBOSITY default
SELECT count(*) FROM plates WHERE plate = '8ABC123';
\set VERBOSITY sqlstate
TRUNCATE sharing_guard.event;
SET SESSION AUTHORIZATION regress_sg_first;
\set VERBOSITY default
UPDATE sharing_guard.agency SET status = 'inactive' WHERE agency_id = 'cedar-so';
RESET SESSION AUTHORIZATION;
SELECT record_key, channel, replace(username, :'superuser', 'superuser') AS username, username_source, session_role, acting_role,
    replace(authenticated_login, :'superuser', 'superuser') AS authenticated_login, outcome
FROM sharing_guard.audit_rows
WHERE record_key IS NOT NULL OR channel = 'self_access' ORDER BY event_id;
SELECT count(*) = count(authenticated_login) AS in_audit, count(authenticated_identity) FROM sharing_guard.audit;
SELECT operation, username = :'superuser' AS is_superuser, session_role, authenticated_login = :'superuser' AS by_superuser
FROM sharing_guard.policy_changes WHERE session_role LIKE 'regress%';
SELECT operation, username = authenticated_login AS by_login, session_role FROM sharing_guard.attempts ORDER BY event_id;
SELECT split_part(sharing_guard.explain_event(event_id), E'\n', 1) LIKE '% ' || :'superuser' || ' of %' AS who,
    split_part(sharing_guard.explain_event(event_id), E'\n', 2) LIKE '%The login was ' || :'superuser' || ', acting as regress_sg_clerk%' AS login
FROM sharing_guard.audit_rows WHERE record_key = '3';
-- A partner's login stays the partner's.
\c - regress_sg_partner
SET SESSION AUTHORIZATION regress_sg_clerk;
SELECT count(*) FROM plates;
RESET SESSION AUTHORIZATION;
\c - :superuser
SELECT channel, destination, session_role, authenticated_login FROM sharing_guard.audit WHERE channel = 'query';

-- What a person answers for is refused in another's name, whatever it is.
\set VERBOSITY terse
SET SESSION AUTHORIZATION regress_sg_auditor;
SELECT sharing_guard.sign_off(1, 'I have reviewed this period.');
SELECT sharing_guard.close_period();
SELECT sharing_guard.review_events('lawful', tag => 'no_purpose');
SELECT sharing_guard.review_event(event_id, 'lawful') FROM sharing_guard.audit LIMIT 1;
SELECT sharing_guard.record_check('looked');
SELECT sharing_guard.legal_hold('Doe v. Riverbend', record_key => '1');
SELECT sharing_guard.purge('2020-01-01', 'Resolution 1');
SELECT sharing_guard.import_sign_off(E'sharing_guard sign-off 1\n');
SET SESSION AUTHORIZATION regress_sg_first;
SELECT sharing_guard.open_maintenance('upgrade', clock_timestamp() + interval '1 hour');
RESET SESSION AUTHORIZATION;
\c - regress_sg_first
SELECT sharing_guard.open_maintenance('upgrade', clock_timestamp() + interval '1 hour') AS request \gset
\c - :superuser
SET SESSION AUTHORIZATION regress_sg_second;
SELECT sharing_guard.approve_maintenance(:'request');
RESET SESSION AUTHORIZATION;
SELECT approved_by IS NULL AS not_approved FROM sharing_guard.maintenance;
-- The login itself does all this; SET ROLE does not hinder it.
\c - regress_sg_second
SELECT sharing_guard.approve_maintenance(:'request') IS NOT NULL AS approved;
SELECT sharing_guard.close_maintenance(:'request');
\c - regress_sg_auditor
SELECT sharing_guard.sign_off(1, 'I have reviewed this period.') IS NOT NULL AS signed;
SELECT sharing_guard.close_period();

-- An auditor whose login disclosed under another name took part.
\c - :superuser
ALTER ROLE regress_sg_auditor SUPERUSER;
\c - regress_sg_auditor
SET SESSION AUTHORIZATION regress_sg_clerk;
INSERT INTO queue VALUES (5, 'oakdale-pd', 'stolen vehicle');
RESET SESSION AUTHORIZATION;
SELECT sharing_guard.close_period();
SELECT sharing_guard.sign_off(3, 'I have reviewed this period.');
-- So did that login under another name; those who only change names did not.
\c - :superuser
ALTER ROLE regress_sg_auditor RENAME TO regress_sg_reviewer;
ALTER ROLE regress_sg_second RENAME TO regress_sg_third;
ALTER ROLE regress_sg_first RENAME TO regress_sg_second;
\c - regress_sg_reviewer
SELECT sharing_guard.sign_off(3, 'I have reviewed this period.');
\c - :superuser
SELECT r AS role, sharing_guard.signing_conflict(sharing_guard.own_tree(), 3, ARRAY[r]) IS NOT NULL AS took_part
FROM unnest(ARRAY['regress_sg_reviewer', 'regress_sg_auditor', 'regress_sg_third', 'regress_sg_second']) AS r;
SELECT operation, relation, changed_key FROM sharing_guard.policy_changes WHERE operation = 'ALTER ROLE RENAME' ORDER BY event_id;
ALTER ROLE regress_sg_second RENAME TO regress_sg_first;
ALTER ROLE regress_sg_third RENAME TO regress_sg_second;
ALTER ROLE regress_sg_reviewer RENAME TO regress_sg_auditor;
\set VERBOSITY default

-- It is sealed with the event.
\c - :superuser
SELECT column_name FROM sharing_guard.canonical_columns() WHERE column_name LIKE 'authenticated%';
SELECT event_id AS changed FROM sharing_guard.audit_rows WHERE record_key = '3' \gset
ALTER TABLE sharing_guard.event DISABLE TRIGGER protect_rows;
UPDATE sharing_guard.event SET authenticated_login = 'regress_sg_clerk' WHERE event_id = :'changed';
SELECT severity, problem, event_id = :'changed' AS this FROM sharing_guard.verify_audit() WHERE severity = 'error';

SET client_min_messages = error;
DROP TABLE queue, plates;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
REVOKE regress_sg_clerk FROM regress_sg_app;
DROP ROLE regress_sg_auditor, regress_sg_clerk, regress_sg_app, regress_sg_first, regress_sg_second, regress_sg_partner;
