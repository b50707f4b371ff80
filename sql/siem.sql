-- The log for a SIEM: JSON lines, a cursor that misses nothing, no plates unless asked.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set superuser :USER
SET client_min_messages = warning;
CREATE ROLE regress_sg_reviewer LOGIN;
SELECT sharing_guard.grant_auditor('regress_sg_reviewer') IS NOT NULL;
CREATE TABLE feed (id int PRIMARY KEY, dest text, why text, plate text);
SELECT sharing_guard.protect_export('feed', destination => 'dest', purpose => 'why', query_elements => 'plate', data_class => 'alpr', mode => 'enforce') IS NOT NULL;
RESET client_min_messages;
SELECT sharing_guard.seal() > 0 AS sealed;
SELECT max(cursor) AS start FROM sharing_guard.siem_events(at_most => 100000) \gset
INSERT INTO feed VALUES (1, 'oakdale-pd', 'theft, plate 7ABC123', '7ABC123');
INSERT INTO feed VALUES (2, 'oakdale-pd', '', '7ABC124');
DO $$ BEGIN INSERT INTO feed VALUES (3, 'reno-test-pd', 'deportation', '7ABC125'); EXCEPTION WHEN SQLSTATE 'SG001' THEN NULL; END $$;
UPDATE sharing_guard.agency SET note = 'checked' WHERE agency_id = 'oakdale-pd';
SELECT sharing_guard.seal() > 0 AS sealed;

\c - regress_sg_reviewer
SELECT event ->> 'class_uid' AS class, event ->> 'activity_name' AS activity, event ->> 'type_uid' AS type,
    event ->> 'severity' AS severity, event ->> 'status' AS status, event -> 'dst_endpoint' ->> 'name' AS destination,
    event -> 'unmapped' ->> 'outcome' AS outcome, event -> 'unmapped' ->> 'kind' AS kind
FROM sharing_guard.siem_events(:start) WHERE event -> 'unmapped' ->> 'kind' <> 'health' ORDER BY cursor;
-- Where it goes on is where it was; a line is one line, and none has a plate.
SELECT count(*) AS rest, min(cursor) - :start AS first FROM sharing_guard.siem_events(:start + 2) WHERE event -> 'unmapped' ->> 'kind' <> 'health';
SELECT count(*) FROM sharing_guard.siem_events(:start, 2);
SELECT bool_or(event::text LIKE '%7ABC%') AS plates, bool_or(event::text LIKE E'%\n%') AS breaks,
    bool_and((event ->> 'time')::bigint BETWEEN extract(epoch FROM now() - interval '1 hour') * 1000 AND extract(epoch FROM now() + interval '1 hour') * 1000) AS milliseconds
FROM sharing_guard.siem_events(:start);
SELECT count(*) FROM sharing_guard.siem_events(:start, with_records => true) WHERE event::text LIKE '%7ABC%';
-- How far a consumer has come.
SELECT sharing_guard.siem_checkpoint('soc');
SELECT sharing_guard.siem_checkpoint('soc', :start) = :start AS kept;
SELECT sharing_guard.siem_checkpoint('soc', 0) = :start AS never_back;
SELECT consumer FROM sharing_guard.siem_consumer;

\c - :superuser
SET client_min_messages = warning;
DROP TABLE feed CASCADE;
SELECT sharing_guard.revoke_auditor('regress_sg_reviewer') IS NOT NULL;
DROP ROLE regress_sg_reviewer;
