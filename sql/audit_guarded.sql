-- The audit views hold as much of the records as the records do, and can be
-- guarded like them: on an auditor's copy, or at the source.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE TABLE outbox (id int PRIMARY KEY, dest text, why text, plate text);
SELECT sharing_guard.protect_export('outbox', destination => 'dest', purpose => 'why', query_elements => 'plate', data_class => 'alpr', mode => 'enforce');
INSERT INTO outbox VALUES (1, 'oakdale-pd', 'stolen vehicle', '7ABC123');
SELECT sharing_guard.protect_records('sharing_guard.audit', data_class => 'alpr', record_self_access => true, mode => 'enforce');
SELECT sharing_guard.protect_records('sharing_guard.audit_rows', data_class => 'alpr', query_elements => 'query_elements', record_self_access => true, mode => 'enforce');
SELECT sharing_guard.protect_records('sharing_guard.event', data_class => 'alpr', mode => 'enforce');
CREATE ROLE regress_sg_reader LOGIN;
CREATE ROLE regress_sg_nevada LOGIN;
SELECT sharing_guard.grant_auditor('regress_sg_reader');
SELECT sharing_guard.grant_auditor('regress_sg_nevada');
SELECT sharing_guard.bind_role('regress_sg_nevada', 'reno-test-pd');
-- The auditor reads, by way of the 90 days too, and is on record.
SET SESSION AUTHORIZATION regress_sg_reader;
SELECT record_key, outcome FROM sharing_guard.audit_rows_90d WHERE query_elements = '7ABC123' AND channel = 'export_row';
RESET SESSION AUTHORIZATION;
-- Another agency's login does not get a row.
SET SESSION AUTHORIZATION regress_sg_nevada;
SELECT count(*) FROM sharing_guard.audit_rows;
RESET SESSION AUTHORIZATION;
SELECT sharing_guard.unprotect('sharing_guard.audit');
SELECT sharing_guard.unprotect('sharing_guard.audit_rows');
SELECT session_role, channel, relation, agency_id, query_elements, outcome FROM sharing_guard.audit
WHERE relation LIKE 'sharing_guard.%' AND session_role LIKE 'regress%' ORDER BY occurred_at;
DROP TABLE outbox;
DROP OWNED BY regress_sg_reader, regress_sg_nevada;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
DROP ROLE regress_sg_reader, regress_sg_nevada;
