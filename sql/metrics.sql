-- What a monitoring system reads, and what a monitor may not.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set superuser :USER
SET client_min_messages = warning;
CREATE ROLE regress_sg_monitor LOGIN;
RESET client_min_messages;
SELECT sharing_guard.grant_monitor('regress_sg_monitor');
CREATE TABLE feed (id int PRIMARY KEY, dest text);
SELECT sharing_guard.protect_export('feed', destination => 'dest', data_class => 'alpr', mode => 'enforce') IS NOT NULL;
INSERT INTO feed VALUES (1, 'oakdale-pd'), (2, 'oakdale-pd');
DO $$ BEGIN INSERT INTO feed VALUES (3, 'reno-test-pd'); EXCEPTION WHEN SQLSTATE 'SG001' THEN NULL; END $$;
SELECT sharing_guard.seal() > 0 AS sealed;

\c - regress_sg_monitor
SELECT name, labels FROM sharing_guard.metrics ORDER BY name COLLATE "C", labels::text;
SELECT name, labels, value FROM sharing_guard.metrics WHERE name IN ('sharing_guard_writer_up', 'sharing_guard_queue_depth', 'sharing_guard_reviews_overdue') ORDER BY name;
SELECT labels, value >= 1 AS counted FROM sharing_guard.metrics WHERE name = 'sharing_guard_rows_last_hour' AND labels <> '{"outcome": "allow"}' ORDER BY labels;
SELECT bool_and(help <> '' AND value IS NOT NULL AND name ~ '^sharing_guard_[a-z_]+$') AS all_said FROM sharing_guard.metrics;
SELECT writer_state FROM sharing_guard.health;
\set VERBOSITY terse
SELECT count(*) FROM sharing_guard.audit;
SELECT count(*) FROM sharing_guard.exposure;
SELECT count(*) FROM sharing_guard.agency;

\c - :superuser
SELECT sharing_guard.revoke_monitor('regress_sg_monitor');
SET client_min_messages = warning;
DROP TABLE feed CASCADE;
DROP ROLE regress_sg_monitor;
