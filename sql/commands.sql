-- Commands that touch what is protected: superusers are seen, others refused.
-- (Who gets rows out by which command is tried in test/evasion.)
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
SET client_min_messages = error;
CREATE ROLE regress_vendor; CREATE ROLE regress_oakdale LOGIN; CREATE ROLE regress_springs LOGIN; CREATE ROLE regress_group;
SELECT sharing_guard.bind_role('regress_oakdale', 'oakdale-pd');
SELECT sharing_guard.bind_role('regress_springs', 'reno-test-pd');
CREATE SCHEMA v AUTHORIZATION regress_vendor;
SET ROLE regress_vendor;
CREATE TABLE v.read (id int PRIMARY KEY, plate text);
CREATE TABLE v.case (id int PRIMARY KEY, name text);
CREATE TABLE v.feed (id int PRIMARY KEY, dest text);
CREATE TABLE v.part (id int, plate text) PARTITION BY RANGE (id);
CREATE TABLE v.part1 PARTITION OF v.part FOR VALUES FROM (0) TO (10);
RESET ROLE;
SELECT sharing_guard.protect_records('v.read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
SELECT sharing_guard.protect_records('v.part', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
SELECT sharing_guard.protect_records('v.case', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_export('v.feed', destination => 'dest', data_class => 'alpr', mode => 'enforce');
SELECT current_setting('data_directory') || '/PG_VERSION' AS pg_version \gset
\set VERBOSITY terse
-- What is on record since the last time this was asked.
CREATE VIEW pg_temp.all_news AS
SELECT event_id, kind, channel, operation, relation, changed_key, destination AS "to", outcome
FROM sharing_guard.legible_event
WHERE kind = 'disclosure' AND channel <> 'self_access' OR kind = 'attempt' OR kind = 'policy_change' AND relation NOT LIKE 'sharing\_guard.guard%'
    AND operation NOT IN ('INSERT', 'UPDATE', 'DELETE');
CREATE TEMP TABLE told AS SELECT event_id FROM pg_temp.all_news;
CREATE FUNCTION pg_temp.news(OUT kind text, OUT channel text, OUT operation text, OUT relation text, OUT key text, OUT "to" text, OUT outcome text)
RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT n.kind, n.channel, n.operation, n.relation, n.changed_key, n."to", n.outcome
    FROM pg_temp.all_news n WHERE n.event_id NOT IN (SELECT event_id FROM told) ORDER BY n.event_id;
    INSERT INTO told SELECT event_id FROM pg_temp.all_news EXCEPT SELECT event_id FROM told;
END $$;

-- The owner is refused, and told what could be done.
\set VERBOSITY default
SET ROLE regress_vendor;
DO $$ BEGIN
    ALTER TABLE v.feed DISABLE TRIGGER USER;
EXCEPTION WHEN SQLSTATE 'SG009' THEN RAISE NOTICE 'SG009'; END $$;
RESET ROLE;
SELECT operation, relation, changed_key, session_role = session_user AS session, acting_role FROM sharing_guard.attempts;
\set VERBOSITY terse
SELECT * FROM pg_temp.news();
-- A superuser may, and is on record; what is rolled back is not.
ALTER TABLE v.feed DISABLE TRIGGER USER;
BEGIN; DROP TRIGGER sharing_guard_export ON v.feed; ROLLBACK;
BEGIN; SAVEPOINT s; DROP TRIGGER sharing_guard_export ON v.feed; ROLLBACK TO s; ALTER TABLE v.feed ALTER dest TYPE varchar; COMMIT;
ALTER TABLE v.read OWNER TO regress_group;
ALTER TABLE v.read OWNER TO regress_vendor;
DROP TABLE v.part1;
ALTER TABLE sharing_guard.event ADD COLUMN more int;
ALTER TABLE sharing_guard.event DROP COLUMN more;
GRANT SELECT ON sharing_guard.event TO regress_vendor;
REVOKE SELECT ON sharing_guard.event FROM regress_vendor;
ALTER EVENT TRIGGER sharing_guard_follow_drop DISABLE;
ALTER EVENT TRIGGER sharing_guard_follow_drop ENABLE ALWAYS;
ALTER FUNCTION sharing_guard.time_zone() COST 200;
ALTER ROLE regress_group BYPASSRLS;
ALTER SYSTEM SET sharing_guard.pending_memory = '16MB';
ALTER SYSTEM RESET sharing_guard.pending_memory;
SELECT * FROM pg_temp.news();
SELECT sharing_guard.protect_export('v.feed', destination => 'dest', data_class => 'alpr', mode => 'enforce');
-- The log refuses everybody, and keeps the attempt.
TRUNCATE sharing_guard.event;
DELETE FROM sharing_guard.event;
SELECT * FROM pg_temp.news();

-- Whoever may change settings: not these.
GRANT ALTER SYSTEM ON PARAMETER sharing_guard.databases, sharing_guard.pending_memory, shared_preload_libraries TO regress_vendor;
SET ROLE regress_vendor;
ALTER SYSTEM SET sharing_guard.databases = '';
ALTER SYSTEM SET shared_preload_libraries = '';
RESET ROLE;
REVOKE ALL ON PARAMETER sharing_guard.databases, sharing_guard.pending_memory, shared_preload_libraries FROM regress_vendor;
SELECT * FROM pg_temp.news();

-- Rights: decided by the policy, for the agency behind the login.
BEGIN;
SELECT sharing_guard.begin_disclosure(purpose => 'burglary, case 26-101');
GRANT SELECT ON v.case TO regress_oakdale;
COMMIT;
GRANT SELECT ON v.read TO regress_oakdale;
GRANT SELECT ON v.read TO regress_springs;
GRANT SELECT ON v.case TO regress_springs;
GRANT regress_group TO regress_springs;
GRANT SELECT ON v.read TO regress_group;
GRANT INSERT, UPDATE ON v.read TO regress_springs;
REVOKE ALL ON v.read FROM regress_springs, regress_oakdale;
SELECT * FROM pg_temp.news();
-- Where it is only observed, it goes through, flagged.
SELECT sharing_guard.set_mode('observe', 'v.read');
GRANT SELECT ON v.read TO regress_springs;
SELECT * FROM pg_temp.news();
REVOKE ALL ON v.read FROM regress_springs;
SELECT sharing_guard.set_mode('enforce', 'v.read');

-- Rights that open files: of functions that only a superuser could call, by
-- what the catalog says they began with; of the server's own roles; of settings.
GRANT EXECUTE ON FUNCTION pg_read_binary_file(text), pg_ls_dir(text), lo_import(text) TO regress_vendor;
GRANT EXECUTE ON FUNCTION upper(text) TO regress_vendor;
GRANT pg_read_server_files TO regress_vendor;
GRANT pg_monitor TO regress_vendor;
GRANT SET ON PARAMETER session_preload_libraries TO regress_vendor;
SELECT * FROM pg_temp.news();
-- Called: what reads a file each time, what does not once in a session.
SET ROLE regress_vendor;
SELECT length(pg_read_binary_file('PG_VERSION')) > 0;
SELECT length(pg_read_binary_file('PG_VERSION')) > 0;
SELECT count(*) > 0 FROM pg_ls_dir('global');
SELECT count(*) > 0 FROM pg_ls_dir('global');
RESET ROLE;
SELECT * FROM pg_temp.news();
-- What lets an agency read the files lets it read the tables.
GRANT pg_read_server_files TO regress_springs;
GRANT pg_execute_server_program TO regress_springs;
SELECT lo_create(4711);
GRANT SELECT ON LARGE OBJECT 4711 TO regress_springs;
GRANT SELECT ON LARGE OBJECT 4711 TO regress_vendor;
SELECT lo_unlink(4711);
SELECT * FROM pg_temp.news();
REVOKE EXECUTE ON FUNCTION pg_read_binary_file(text), pg_ls_dir(text), lo_import(text) FROM regress_vendor;
REVOKE pg_read_server_files, pg_monitor FROM regress_vendor;
REVOKE SET ON PARAMETER session_preload_libraries FROM regress_vendor;
SELECT * FROM pg_temp.news();

-- New content in rows that have gone out: flagged, for each destination.  What
-- shows nothing new in them is free.
CREATE VIEW pg_temp.content AS
SELECT event_id, operation, relation, destination, outcome, rows_disclosed,
    (SELECT r FROM unnest(flag_reasons) r WHERE r LIKE 'Rows that%') AS "new"
FROM sharing_guard.audit WHERE channel = 'export_row' AND operation NOT IN ('INSERT', 'UPDATE');
INSERT INTO v.feed SELECT g, 'oakdale-pd' FROM generate_series(101, 103) g;
SELECT sharing_guard.set_mode('observe', 'v.feed');
INSERT INTO v.feed VALUES (104, 'reno-test-pd');
SELECT sharing_guard.set_mode('enforce', 'v.feed');
ALTER TABLE v.feed ADD COLUMN nothing text, ADD COLUMN null_default text DEFAULT NULL;
ALTER TABLE v.feed ADD COLUMN IF NOT EXISTS nothing text DEFAULT '7SECRET9';
ALTER TABLE v.feed ALTER nothing SET DEFAULT '7SECRET9';
ALTER TABLE v.feed ALTER nothing TYPE varchar(20);
SELECT count(*) FROM pg_temp.content;
SET ROLE regress_vendor;
ALTER TABLE v.feed ADD COLUMN extra text DEFAULT '7SECRET9';
RESET ROLE;
SELECT operation, relation, destination, outcome, rows_disclosed, "new" FROM pg_temp.content ORDER BY event_id;
CREATE TEMP TABLE known AS SELECT event_id FROM pg_temp.content;
-- A default of a domain, what is computed, numbers, another expression.
CREATE DOMAIN v.dom AS text DEFAULT '7SECRET9';
ALTER TABLE v.feed ADD COLUMN of_domain v.dom;
ALTER TABLE v.feed ADD COLUMN computed text GENERATED ALWAYS AS (dest || 'x') STORED;
ALTER TABLE v.feed ADD COLUMN num int GENERATED ALWAYS AS IDENTITY;
ALTER TABLE v.feed ADD COLUMN ser serial;
ALTER TABLE v.feed ADD COLUMN "at all" double precision DEFAULT random();
ALTER TABLE v.feed ALTER nothing TYPE text USING '7SECRET9';
SELECT operation, destination, rows_disclosed, "new" FROM pg_temp.content
WHERE event_id NOT IN (SELECT event_id FROM known) AND destination = 'reno-test-pd' ORDER BY event_id;
-- Rolled back, nobody has seen it; and in a table without rows there is nothing to see.
TRUNCATE known; INSERT INTO known SELECT event_id FROM pg_temp.content;
BEGIN; ALTER TABLE v.feed ADD COLUMN gone text DEFAULT '7SECRET9'; ROLLBACK;
CREATE TABLE v.empty (id int PRIMARY KEY, dest text) PARTITION BY RANGE (id);
CREATE TABLE v.empty1 PARTITION OF v.empty FOR VALUES FROM (0) TO (10);
SELECT sharing_guard.protect_export('v.empty', destination => 'dest', data_class => 'alpr');
ALTER TABLE v.empty ADD COLUMN extra text DEFAULT '7SECRET9';
SELECT count(*) FROM pg_temp.content WHERE event_id NOT IN (SELECT event_id FROM known);
-- In a partition.
INSERT INTO v.empty VALUES (1, 'oakdale-pd');
ALTER TABLE v.empty ADD COLUMN more text DEFAULT '7SECRET9';
SELECT operation, relation, destination, rows_disclosed FROM pg_temp.content WHERE event_id NOT IN (SELECT event_id FROM known);
DROP TABLE v.empty;
DELETE FROM v.feed;
INSERT INTO told SELECT event_id FROM pg_temp.all_news EXCEPT SELECT event_id FROM told;

-- Publications: to whom it was said that they go.
SELECT sharing_guard.bind_publication('to_springs', 'reno-test-pd');
SELECT sharing_guard.bind_publication('to_oakdale', 'oakdale-pd');
SELECT sharing_guard.bind_publication('to_nobody', 'nobody-pd');
CREATE PUBLICATION to_springs FOR TABLE v.read;
CREATE PUBLICATION to_oakdale FOR TABLE v.read;
ALTER PUBLICATION to_oakdale RENAME TO somebody;
CREATE PUBLICATION to_all FOR ALL TABLES;
SELECT * FROM pg_temp.news();
DROP PUBLICATION to_oakdale;
SELECT sharing_guard.unbind_publication('to_oakdale');
SELECT sharing_guard.unbind_publication('to_oakdale');
SELECT sharing_guard.bind_server('nowhere', 'oakdale-pd');

-- Subscriptions: their worker is of no session.  Connection strings are not kept.
CREATE SUBSCRIPTION regress_feed CONNECTION 'host=/nowhere dbname=nowhere password=pa55word' PUBLICATION p, q WITH (connect = false);
ALTER SUBSCRIPTION regress_feed CONNECTION 'host=/nowhere dbname=elsewhere password=pa55word';
ALTER SUBSCRIPTION regress_feed SET PUBLICATION r WITH (refresh = false);
ALTER SUBSCRIPTION regress_feed RENAME TO regress_feed2;
ALTER SUBSCRIPTION regress_feed2 SET (slot_name = NONE);
SET ROLE regress_vendor;
ALTER SUBSCRIPTION regress_feed2 CONNECTION 'host=/nowhere dbname=mine';
ALTER SUBSCRIPTION regress_feed2 OWNER TO regress_vendor;
CREATE SUBSCRIPTION regress_mine CONNECTION 'host=/nowhere dbname=mine' PUBLICATION p WITH (connect = false);
RESET ROLE;
DROP SUBSCRIPTION regress_feed2;
SELECT * FROM pg_temp.news();
SELECT count(*) FROM sharing_guard.event WHERE event::text LIKE '%pa55word%';
-- Other servers, libraries, languages, settings.
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere OPTIONS (host 'x');
ALTER SERVER nowhere OPTIONS (SET host 'y');
CREATE USER MAPPING FOR regress_vendor SERVER nowhere;
ALTER USER MAPPING FOR regress_vendor SERVER nowhere OPTIONS (ADD password 'pa55word');
DROP USER MAPPING FOR regress_vendor SERVER nowhere;
CREATE FOREIGN TABLE v.nowhere (i int) SERVER nowhere;
GRANT USAGE ON FOREIGN SERVER nowhere TO regress_vendor;
DROP FOREIGN TABLE v.nowhere;
DROP FOREIGN DATA WRAPPER nowhere CASCADE;
SELECT * FROM pg_temp.news();
LOAD 'plpgsql';
LOAD 'plpgsql';
ALTER ROLE regress_vendor SET local_preload_libraries = 'x';
ALTER ROLE regress_vendor SET session_replication_role = replica;
ALTER ROLE regress_vendor SET search_path = v;
ALTER ROLE regress_vendor RESET ALL;
CREATE EXTENSION citext;
DROP EXTENSION citext;
CREATE FUNCTION v.handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE LANGUAGE anything HANDLER v.handler;
DO LANGUAGE anything $$ BEGIN NULL; END $$;
DO LANGUAGE plpgsql $$ BEGIN NULL; END $$;
CREATE FUNCTION v.anything() RETURNS int LANGUAGE anything AS 'BEGIN RETURN 1; END';
DROP LANGUAGE anything CASCADE;
CREATE TEMP TABLE lines (l text);
COPY lines FROM :'pg_version';
SELECT * FROM pg_temp.news();
SELECT count(*) FROM sharing_guard.event WHERE event::text LIKE '%pa55word%';

-- Copies, protected like their source.
SELECT sharing_guard.configure(NULL, NULL, NULL, copied_tables => 'mend');
SELECT sharing_guard.configure(NULL, NULL, NULL, copied_tables => 'protect');
SET ROLE regress_vendor;
CREATE TABLE v.copy AS SELECT * FROM v.read;
CREATE TABLE v.copy2 (plate text);
INSERT INTO v.copy2 SELECT plate FROM v.read;
CREATE MATERIALIZED VIEW v.copy3 AS SELECT id FROM v.read;
REFRESH MATERIALIZED VIEW v.copy3;
CREATE TABLE v.nothing AS SELECT 1;
RESET ROLE;
SELECT g.relation, g.kind, g.data_class, g.record_self_access, string_agg(c.column_name, ',') FROM sharing_guard.guard g LEFT JOIN sharing_guard.guard_column c USING (guard_id)
WHERE g.relation::text LIKE 'v.copy%' GROUP BY 1, 2, 3, 4 ORDER BY 1;
SELECT * FROM pg_temp.news();
SELECT sharing_guard.configure(NULL, NULL, NULL, copied_tables => 'refuse');
CREATE TABLE v.copy4 AS SELECT * FROM v.read;
SELECT sharing_guard.configure(NULL, NULL, NULL, copied_tables => 'flag');

DROP SCHEMA v CASCADE;
DROP OWNED BY regress_vendor, regress_oakdale, regress_springs, regress_group;
DROP ROLE regress_vendor, regress_oakdale, regress_springs, regress_group;
