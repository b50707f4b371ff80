-- health.problems: what to monitor. Each thing that is wrong is a sentence that
-- says what to do, and goes when that is done.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
SET client_min_messages = error;
CREATE TABLE feed (id int PRIMARY KEY, dest text);
CREATE TABLE read (id int PRIMARY KEY, plate text);
SELECT sharing_guard.protect_export('feed', destination => 'dest', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_records('read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
SELECT sharing_guard.set_mode('enforce');
\pset format unaligned
\pset tuples_only on
-- Other tests may have left servers, roles and libraries open: those are not ours.
CREATE VIEW problem AS SELECT p FROM sharing_guard.health, unnest(problems) p
WHERE p ~ 'observe|feed|read|restore|trigger|regress|review';
SELECT * FROM problem;

-- A superuser has dropped, or disabled, a guard's trigger.
DROP TRIGGER sharing_guard_export ON feed;
SELECT regexp_replace(p, '[0-9a-f-]{36}', 'ID') FROM problem;
SELECT count(sharing_guard.install_triggers(guard_id)) FROM sharing_guard.guard WHERE table_name = 'public.feed';
ALTER TABLE sharing_guard.rule DISABLE TRIGGER policy_changed;
SELECT * FROM problem;
ALTER TABLE sharing_guard.rule ENABLE ALWAYS TRIGGER policy_changed;
ALTER EVENT TRIGGER sharing_guard_follow_ddl DISABLE;
SELECT * FROM problem;
ALTER EVENT TRIGGER sharing_guard_follow_ddl ENABLE ALWAYS;
SELECT * FROM problem;

-- Observing, in all or a guard by itself.
SELECT sharing_guard.set_mode('observe') IS NOT NULL;
SELECT * FROM problem;
SELECT status, what_to_do FROM sharing_guard.preflight() WHERE subject = 'mode';
SELECT sharing_guard.set_mode('enforce') IS NOT NULL;
SELECT sharing_guard.set_mode('observe', 'feed') IS NOT NULL;
SELECT * FROM problem;
SELECT sharing_guard.set_mode('enforce', 'feed') IS NOT NULL;

-- Entries of severity high in exposure; a guard that lacks a column; a restore.
CREATE ROLE regress_sg_super SUPERUSER LOGIN;
SELECT * FROM problem;
DROP ROLE regress_sg_super;
ALTER TABLE feed DROP COLUMN dest CASCADE;
SELECT * FROM problem;
ALTER TABLE feed ADD COLUMN dest text;
SELECT sharing_guard.protect_export('feed', destination => 'dest', data_class => 'rms', mode => 'enforce') IS NOT NULL;
SELECT count(*) FROM problem;
SELECT sharing_guard.begin_restore('a drill') IS NOT NULL;
SELECT regexp_replace(p, 'until .*: ', 'until MOMENT: ') FROM problem;
SELECT sharing_guard.end_restore() IS NOT NULL;
SELECT count(*) FROM problem;

-- Who monitors needs no other rights, and it is cheap enough for every 15 seconds.
CREATE ROLE regress_sg_monitor;
SELECT sharing_guard.grant_policy_admin('regress_sg_monitor');
SET ROLE regress_sg_monitor;
SELECT problems IS NOT NULL, writer_state FROM sharing_guard.health;
RESET ROLE;
SELECT clock_timestamp() AS begun \gset
SELECT count(*) FROM generate_series(1, 10) i, LATERAL (SELECT problems, i FROM sharing_guard.health OFFSET 0) h;
SELECT clock_timestamp() - :'begun'::timestamptz < interval '5 seconds' AS cheap;
DROP OWNED BY regress_sg_monitor;
DROP ROLE regress_sg_monitor;
DROP VIEW problem;
DROP TABLE feed, read;
