-- The extension is not dropped, with policy and log, while it guards anything or
-- while what it has recorded is kept nowhere else.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
SET client_min_messages = warning;
\set VERBOSITY terse
SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'sharing_guard';
CREATE ROLE regress_owner;
CREATE ROLE regress_boss SUPERUSER;

-- With a read guard alone, which leaves no trigger anywhere.
CREATE TABLE reads (id int PRIMARY KEY, plate text);
SELECT sharing_guard.protect_records('reads', data_class => 'alpr');
DO $$
DECLARE
    detail text;
    hint text;
BEGIN
    DROP EXTENSION sharing_guard;
EXCEPTION WHEN sqlstate 'SG008' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RAISE WARNING '% | % | %', SQLERRM, regexp_replace(detail, '[0-9a-f-]{36}', 'ID'), hint;
END $$;
SELECT sharing_guard.unprotect('reads');

-- With an export guard, by every way, to a superuser; the server's advice of
-- CASCADE is not given.
CREATE TABLE outbox (id int PRIMARY KEY, dest text);
SELECT sharing_guard.protect_export('outbox', destination => 'dest', data_class => 'alpr');
DROP EXTENSION sharing_guard;
DROP EXTENSION IF EXISTS sharing_guard CASCADE;
DROP SCHEMA sharing_guard CASCADE;
DROP EXTENSION plpgsql CASCADE;
DO $$ BEGIN EXECUTE 'DROP EXTENSION sharing_guard CASCADE'; END $$;
SET ROLE regress_owner;
DROP EXTENSION sharing_guard CASCADE;
RESET ROLE;
-- As it was before it was registered in pg_catalog: with its schema, its owner.
CREATE SCHEMA elsewhere;
SET allow_system_table_mods = on;
BEGIN;
UPDATE pg_extension SET extnamespace = 'elsewhere'::regnamespace WHERE extname = 'sharing_guard';
INSERT INTO pg_depend SELECT d.classid, d.objid, 0, 'pg_namespace'::regclass, 'elsewhere'::regnamespace, 0, 'n'
FROM pg_depend d WHERE d.classid = 'pg_extension'::regclass AND d.objid = (SELECT oid FROM pg_extension WHERE extname = 'sharing_guard') LIMIT 1;
SAVEPOINT s;
DROP SCHEMA elsewhere;
ROLLBACK TO s;
DROP SCHEMA elsewhere CASCADE;
ROLLBACK;
BEGIN;
UPDATE pg_extension SET extowner = 'regress_boss'::regrole WHERE extname = 'sharing_guard';
DROP OWNED BY regress_boss CASCADE;
ROLLBACK;
RESET allow_system_table_mods;
SELECT operation, count(*) FROM sharing_guard.attempts GROUP BY 1 ORDER BY 1;

-- What schemas are dropped for is another matter: DROP SCHEMA public CASCADE, as
-- object-relational mappers have it, takes tables and no log.
CREATE SCHEMA app;
CREATE TABLE app.t (id int);
DROP SCHEMA app CASCADE;
DROP SCHEMA elsewhere;
BEGIN;
DROP SCHEMA public CASCADE;
SELECT count(*) > 0 AS log_is_there FROM sharing_guard.event;
ROLLBACK;

-- The way out.
\x
SELECT regexp_replace(step, '\d+ disc', 'N disc') AS step, command FROM sharing_guard.prepare_drop();
\x
SELECT sharing_guard.prepare_drop('here');
INSERT INTO outbox VALUES (1, 'oakdale-pd');
SELECT sharing_guard.unprotect('outbox');
DROP EXTENSION sharing_guard;
SELECT sharing_guard.prepare_drop(' ');
SELECT * FROM sharing_guard.prepare_drop('vault 7, tape 12');
SELECT operation, new_row ->> 'log_kept_at' AS kept FROM sharing_guard.event WHERE relation = 'sharing_guard.drop_preparation';
-- What is recorded after that is not kept.
SELECT sharing_guard.protect_export('outbox', destination => 'dest', data_class => 'alpr');
INSERT INTO outbox VALUES (2, 'oakdale-pd');
SELECT sharing_guard.unprotect('outbox');
DROP EXTENSION sharing_guard CASCADE;
BEGIN;
SELECT * FROM sharing_guard.prepare_drop('vault 7, tape 13');
DROP EXTENSION sharing_guard;
ROLLBACK;
SELECT count(*) FROM sharing_guard.drop_preparation;
SELECT count(*) FROM sharing_guard.prepare_drop('vault 7, tape 13');
DROP EXTENSION sharing_guard;

-- One that has recorded nothing goes at once.
CREATE EXTENSION sharing_guard;
DROP EXTENSION sharing_guard;
DROP TABLE reads, outbox;
DROP ROLE regress_owner, regress_boss;
