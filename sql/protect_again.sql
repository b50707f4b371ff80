-- What is not named stays, the mode is changed by set_mode() alone, and whatever
-- changes something says what is so now.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SET client_min_messages = error;
DROP EXTENSION IF EXISTS sharing_guard CASCADE;
CREATE EXTENSION sharing_guard;
RESET client_min_messages;
SELECT sharing_guard.configure('US-CA', 'Riverbend Police Department', 'America/Los_Angeles', 'the clerk') IS NOT NULL AS configured;
SELECT count(*) > 0 AS adopted FROM sharing_guard.adopt_policy('us-ca');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, kind, status) VALUES
('oakdale-pd', 'Oakdale Police Department', 'US-CA', 'local', 'police', 'active'),
('fbi', 'FBI', 'US', 'federal', 'police', 'active');
CREATE TABLE outbox (id int PRIMARY KEY, key2 text NOT NULL DEFAULT '', dest text, why text, case_no text, officer text, sent boolean);
CREATE VIEW guard_now AS
SELECT g.mode, g.data_class, g.on_block, g.filter_reads,
    (SELECT string_agg(c.role || '=' || c.column_name, ' ' ORDER BY c.role, c.position)
     FROM sharing_guard.guard_column c WHERE c.guard_id = g.guard_id) AS columns
FROM sharing_guard.guard g WHERE g.relation = 'outbox'::regclass;
-- Observe, unless asked otherwise
SELECT sharing_guard.protect_export('outbox', destination => 'dest', purpose => 'why', case_number => 'case_no',
    requesting_person => 'officer', bookkeeping => 'sent', data_class => 'alpr', on_block => 'skip_row');
SELECT * FROM guard_now;
-- Named alone: one column; nothing; another option; a column that is taken away
SELECT sharing_guard.protect_export('outbox', query_elements => 'key2');
SELECT sharing_guard.protect_export('outbox');
SELECT sharing_guard.protect_export('outbox', on_block => 'error', filter_reads => true);
SELECT sharing_guard.protect_export('outbox', case_number => '', filter_reads => false);
SELECT sharing_guard.protect_export('outbox', record_key => 'id, key2');
SELECT * FROM guard_now;
SELECT sharing_guard.protect_export('outbox', record_key => '');
-- What it cannot do without is not taken away
SELECT sharing_guard.protect_export('outbox', destination => '');
SELECT sharing_guard.protect_export('outbox', data_class => '');
SELECT sharing_guard.protect_export('outbox', data_class => '', data_class_column => 'officer', requesting_person => '');
SELECT sharing_guard.protect_export('outbox', data_class => 'rms', data_class_column => '', requesting_person => 'officer');
SELECT * FROM guard_now;
-- The mode is set_mode()'s
SELECT sharing_guard.protect_export('outbox', mode => 'enforce');
SELECT sharing_guard.set_mode('enforce', 'outbox');
SELECT sharing_guard.protect_export('outbox', mode => 'observe', purpose => 'why');
SELECT * FROM guard_now;
-- A mode that changes nothing says so
SELECT sharing_guard.set_mode('enforce', 'outbox');
SELECT sharing_guard.set_mode('observe');
SELECT sharing_guard.set_mode('enforce', 'outbox');
SELECT sharing_guard.protect_export('outbox');
INSERT INTO outbox VALUES (1, '', 'FBI', 'theft');
SELECT sharing_guard.set_mode('observe', 'outbox');
SELECT sharing_guard.set_mode('enforce');
SELECT sharing_guard.set_mode('enforce', 'outbox');
INSERT INTO outbox VALUES (2, '', 'FBI', 'theft');
-- Source tables likewise
CREATE TABLE plate_reads (id int PRIMARY KEY, plate text, lane text);
SELECT sharing_guard.protect_records('plate_reads', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
SELECT sharing_guard.protect_records('plate_reads', record_self_access => false);
SELECT sharing_guard.protect_records('plate_reads', query_elements => 'plate, lane', mode => 'observe');
SELECT sharing_guard.protect_records('plate_reads', query_elements => '');
SELECT sharing_guard.protect_records('plate_reads');
SELECT g.mode, g.data_class, g.record_self_access, g.filter_reads FROM sharing_guard.guard g WHERE g.relation = 'plate_reads'::regclass;
-- Whatever changes something says what is so now
CREATE ROLE regress_sg_app;
SELECT sharing_guard.bind_role('regress_sg_app', 'oakdale-pd');
SELECT sharing_guard.bind_role('regress_sg_app', 'riverbend-police-department', shared => true);
SELECT sharing_guard.bind_backup('regress_sg_app');
SELECT sharing_guard.unbind_role('regress_sg_app');
SELECT sharing_guard.bind_publication('feed', 'oakdale-pd');
SELECT sharing_guard.unbind_publication('feed');
SELECT sharing_guard.grant_auditor('regress_sg_app');
SELECT sharing_guard.revoke_auditor('regress_sg_app');
SELECT sharing_guard.grant_policy_admin('regress_sg_app');
SELECT sharing_guard.revoke_policy_admin('regress_sg_app');
SELECT sharing_guard.attest_standby('north');
SELECT sharing_guard.unattest_standby('north');
SELECT sharing_guard.accept_alias('Oakdale Dispatch', 'oakdale-pd');
SELECT sharing_guard.accept_alias('Oakdale Dispatch', 'oakdale-pd');
SELECT p.proname FROM pg_proc p
WHERE p.pronamespace = 'sharing_guard'::regnamespace AND p.prorettype = 'void'::regtype AND p.provolatile = 'v'
  AND (obj_description(p.oid, 'pg_proc') NOT LIKE 'Internal%') ORDER BY 1;
-- A declaration that is gone at once: a warning, as SET LOCAL has
SELECT sharing_guard.begin_disclosure(purpose => 'theft');
SELECT * FROM sharing_guard.begin_disclosure(purpose => 'theft');
BEGIN;
SELECT sharing_guard.begin_disclosure(purpose => 'theft');
COMMIT;
SELECT sharing_guard.begin_disclosure(purpose => 'theft') \; SELECT 'one command' AS both;
DO $$ BEGIN PERFORM sharing_guard.begin_disclosure(purpose => 'theft'); END $$;
SELECT sharing_guard.begin_disclosure(purpose => 'theft'), 'something else' AS beside;
CREATE FUNCTION by_the_application() RETURNS text LANGUAGE plpgsql AS
$$ BEGIN PERFORM sharing_guard.begin_disclosure(purpose => 'theft'); RETURN 'done'; END $$;
SELECT by_the_application();
-- Attestations: none is missing until it is said that they are used
SELECT outcome, rule_ids FROM sharing_guard.preview_decision('oakdale-pd', 'theft case 12345', 'alpr');
SELECT status, finding, what_to_do FROM sharing_guard.preflight() WHERE subject = 'attestations';
SELECT sharing_guard.configure(NULL, NULL, NULL, attestations => false);
SELECT status, finding, what_to_do FROM sharing_guard.preflight() WHERE subject = 'attestations';
SELECT sharing_guard.configure(NULL, NULL, NULL, attestations => true);
SELECT status, finding, what_to_do FROM sharing_guard.preflight() WHERE subject = 'attestations';
SELECT outcome, rule_ids FROM sharing_guard.preview_decision('oakdale-pd', 'theft case 12345', 'alpr');
UPDATE sharing_guard.agency SET attested_on = '2020-01-01' WHERE agency_id = 'oakdale-pd';
SELECT outcome, rule_ids FROM sharing_guard.preview_decision('oakdale-pd', 'theft case 12345', 'alpr');
-- A login that several may share is asked about, until it is said
ALTER ROLE regress_sg_app LOGIN;
GRANT INSERT ON outbox TO regress_sg_app;
SELECT status, subject, finding, what_to_do FROM sharing_guard.preflight() WHERE subject LIKE 'login regress_sg%';
SELECT sharing_guard.bind_role('regress_sg_app', 'riverbend-police-department', shared => true);
SELECT count(*) FROM sharing_guard.preflight() WHERE subject LIKE 'login regress_sg%';
DROP TABLE outbox CASCADE;
DROP TABLE plate_reads;
DROP FUNCTION by_the_application();
SET client_min_messages = error;
DROP EXTENSION sharing_guard CASCADE;
DROP OWNED BY regress_sg_app;
DROP ROLE regress_sg_app;
