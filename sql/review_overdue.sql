-- A review that is not signed in time: an alert a day or, by setting, nothing
-- leaves the agency.
\set superuser :USER
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
CREATE ROLE regress_sg_alice LOGIN;
CREATE ROLE regress_sg_clerk LOGIN;
-- As if it had been set up 200 days ago.
BEGIN;
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('riverbend-pd', 'Riverbend Police Department', 'US-CA', 'local');
INSERT INTO sharing_guard.setting (home_jurisdiction, agency, time_zone, contact)
VALUES ('US-CA', 'riverbend-pd', 'America/Los_Angeles', 'the privacy officer');
SELECT sharing_guard.open_periods(now() - interval '200 days', NULL);
COMMIT;
SELECT count(*) > 0 FROM sharing_guard.adopt_policy('us-ca');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, kind, status, attested_on)
VALUES ('oakdale-pd', 'Oakdale Police Department', 'US-CA', 'local', 'police', 'active', '2020-01-01');
SELECT sharing_guard.grant_auditor('regress_sg_alice');
CREATE TABLE queue (id int PRIMARY KEY, dest text, why text, behalf text);
GRANT INSERT ON queue TO regress_sg_clerk;
SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', on_behalf_of_agency => 'behalf',
    data_class => 'rms', mode => 'enforce') IS NOT NULL;
RESET client_min_messages;

-- What the worker does every minute.
SELECT sharing_guard.review_tick();
SELECT period_id, state, disclosures FROM sharing_guard.review_status ORDER BY 1;
SELECT period_id, days_overdue BETWEEN 78 AND 81 AS days FROM sharing_guard.review_overdue;
-- The view health says what is due within two weeks.
SELECT regexp_replace(p, '\d{4}-\d\d-\d\d', 'DAY') AS due FROM sharing_guard.health, unnest(problems) p WHERE p LIKE 'Review period%';

-- One alert a day, whoever asks and however often.
SELECT sharing_guard.review_tick();
SELECT sharing_guard.raise_alert();
SELECT count(*), min(periods) FROM sharing_guard.review_alert;
SELECT p FROM sharing_guard.health, unnest(problems) p WHERE p LIKE 'Not signed%';

-- By default that is all.
\c - regress_sg_clerk
INSERT INTO queue VALUES (1, 'oakdale-pd', 'robbery');
\c - :superuser

-- By setting everything beyond the agency is refused, at the next row.
SELECT sharing_guard.configure(NULL, NULL, NULL, overdue_refuses => true);
\c - regress_sg_clerk
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set VERBOSITY sqlstate
INSERT INTO queue VALUES (2, 'oakdale-pd', 'robbery');
INSERT INTO queue VALUES (3, 'riverbend-pd', 'robbery');
INSERT INTO queue VALUES (4, 'riverbend-pd', 'robbery', 'oakdale-pd');
\set VERBOSITY default
DO $$
DECLARE
    detail text; hint text;
BEGIN
    INSERT INTO queue VALUES (2, 'oakdale-pd', 'robbery');
EXCEPTION WHEN SQLSTATE 'SG004' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RAISE NOTICE '%', SQLERRM;
    RAISE NOTICE '%', regexp_replace(detail, 'by .*', 'by ...');
    RAISE NOTICE '%', regexp_replace(hint, 'event .*', 'event ...');
END
$$;
\c - :superuser

-- Every other way out is shut as well: queries, COPY, grants, publications,
-- copies of a protected table; the agency's own people work on.
SET client_min_messages = error;
CREATE ROLE regress_sg_oakdale LOGIN;
CREATE ROLE regress_sg_oakdale2 LOGIN;
CREATE TABLE held (id int PRIMARY KEY, plate text);
INSERT INTO held VALUES (1, 'PLATE1');
GRANT SELECT ON held TO regress_sg_oakdale, regress_sg_clerk;
SELECT sharing_guard.protect_records('held', data_class => 'rms', mode => 'enforce') IS NOT NULL;
SELECT sharing_guard.bind_role('regress_sg_oakdale', 'oakdale-pd');
SELECT sharing_guard.bind_role('regress_sg_oakdale2', 'oakdale-pd');
SELECT sharing_guard.bind_publication('regress_sg_feed', 'oakdale-pd');
RESET client_min_messages;
\set VERBOSITY sqlstate
\c - regress_sg_oakdale
SELECT plate FROM held;
DECLARE c CURSOR WITH HOLD FOR SELECT plate FROM held;
COPY held TO STDOUT;
CREATE TEMP TABLE taken AS SELECT * FROM held;
\c - :superuser
\c - regress_sg_clerk
SELECT plate FROM held;
BEGIN;
SELECT sharing_guard.begin_disclosure(destination => 'oakdale-pd', purpose => 'robbery');
COPY held TO STDOUT;
ROLLBACK;
\c - :superuser
GRANT SELECT ON held TO regress_sg_oakdale2;
-- Where wal_level is not logical the server warns of that.
SET client_min_messages = error;
CREATE PUBLICATION regress_sg_feed FOR TABLE held;
RESET client_min_messages;
\set VERBOSITY default
SELECT channel, operation, destination, outcome, rows_disclosed, rows_blocked, left(flag_reasons[1], 15) AS why
FROM sharing_guard.audit WHERE relation = 'public.held' AND channel <> 'self_access' ORDER BY event_id;

-- A guard that only observes stops nothing for this either.
SELECT sharing_guard.set_mode('observe', 'queue');
INSERT INTO queue VALUES (5, 'oakdale-pd', 'robbery');
SELECT sharing_guard.set_mode('enforce', 'queue');

-- What policy blocks has policy's own reason.
\c - regress_sg_clerk
\set VERBOSITY sqlstate
INSERT INTO queue VALUES (6, 'nobody knows them', 'robbery');
\set VERBOSITY default
\c - :superuser

-- Signed, and it goes on, in a session that has been refused before.
\c - regress_sg_alice
SELECT sharing_guard.sign_off(1, 'I have reviewed this period.') IS NOT NULL;
\c - :superuser
\c - regress_sg_clerk
INSERT INTO queue VALUES (2, 'oakdale-pd', 'robbery');
\c - :superuser
SELECT id FROM queue ORDER BY id;
SELECT count(*) FROM sharing_guard.review_overdue;

SET client_min_messages = error;
DROP TABLE queue, held;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
DROP ROLE regress_sg_alice, regress_sg_clerk, regress_sg_oakdale, regress_sg_oakdale2;
