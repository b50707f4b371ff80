-- Attempts to get by the guard, or to turn it against others, that were found
-- by attacking it.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
SET client_min_messages = error;
CREATE ROLE regress_owner; CREATE ROLE regress_admin; CREATE ROLE regress_other;
SELECT sharing_guard.grant_policy_admin('regress_admin');
CREATE SCHEMA o AUTHORIZATION regress_owner;
GRANT CREATE, TEMP ON DATABASE contrib_regression TO regress_owner, regress_other;
SET ROLE regress_owner;
CREATE TABLE o.ex (id int PRIMARY KEY, dest text, why text, obo text, person text, sent bool);
CREATE TABLE o.pt (id int PRIMARY KEY, dest text) PARTITION BY RANGE (id);
CREATE TABLE o.pt1 PARTITION OF o.pt FOR VALUES FROM (0) TO (100);
RESET ROLE;
SELECT sharing_guard.protect_export('o.ex', destination => 'dest', purpose => 'why', on_behalf_of_agency => 'obo',
    requesting_person => 'person', bookkeeping => 'sent', data_class => 'alpr', mode => 'enforce');
SELECT sharing_guard.protect_export('o.pt', destination => 'dest', data_class => 'alpr', mode => 'enforce');
\set VERBOSITY terse

-- A policy administrator cannot take a guard's triggers off unrecorded.
SET ROLE regress_admin;
SELECT sharing_guard.remove_triggers(guard_id) FROM sharing_guard.guard WHERE relation::text = 'o.ex';
-- Nor put a guard on the log, nor crash the server with a column that is none.
INSERT INTO sharing_guard.guard (relation) VALUES ('sharing_guard.event');
SELECT sharing_guard.install_triggers(gen_random_uuid());
UPDATE sharing_guard.guard_column SET attnum = -32000 WHERE role = 'destination';
UPDATE sharing_guard.guard_column SET column_name = 'nope' WHERE role = 'obo';
RESET ROLE;
INSERT INTO o.ex VALUES (1, 'oakdale-pd', 'theft');
SELECT count(*) FROM sharing_guard.audit_rows;

-- Declared disclosures are not overridden by blanks; a blank names nobody.
BEGIN;
SELECT sharing_guard.begin_disclosure(purpose => 'deportation raid', on_behalf_of_agency => 'removal-office');
INSERT INTO o.ex VALUES (2, 'oakdale-pd', '', ' ');
ROLLBACK;
SELECT sharing_guard.bind_role(session_user, 'riverbend-police-department', shared => true) IS NOT NULL AS done;
INSERT INTO o.ex VALUES (3, 'oakdale-pd', 'theft', NULL, '  ');
SELECT username_source FROM sharing_guard.audit_rows WHERE record_key = '3';
SELECT sharing_guard.unbind_role(session_user) IS NOT NULL AS done;
-- Whoever was logged in when the row was written, not at the end.
BEGIN;
INSERT INTO o.ex VALUES (4, 'oakdale-pd', 'theft');
SET LOCAL SESSION AUTHORIZATION regress_other;
COMMIT;
SELECT session_role = session_user AS true_session FROM sharing_guard.audit_rows WHERE record_key = '4';

-- The owner adds partitions, and they are guarded.
SET ROLE regress_owner;
CREATE TABLE o.pt2 PARTITION OF o.pt FOR VALUES FROM (100) TO (200);
CREATE TABLE o.pt3 (id int NOT NULL, dest text);
ALTER TABLE o.pt ATTACH PARTITION o.pt3 FOR VALUES FROM (200) TO (300);
INSERT INTO o.pt VALUES (101, 'campus-guard');
INSERT INTO o.pt3 VALUES (201, 'campus-guard');
-- Children made in one CREATE SCHEMA are guarded too.
CREATE SCHEMA oo CREATE TABLE exchild () INHERITS (o.ex);
INSERT INTO oo.exchild VALUES (400, 'campus-guard');
-- Our trigger functions are of no use in triggers of one's own.
CREATE TABLE o.mine (id int, dest text);
CREATE TRIGGER sharing_guard_export AFTER INSERT ON o.mine FOR EACH ROW
    EXECUTE FUNCTION sharing_guard.export_row_after('00000000-0000-0000-0000-000000000000');
INSERT INTO o.mine VALUES (1, 'x');
RESET ROLE;
SELECT guard_id AS guard FROM sharing_guard.guard WHERE relation = 'o.ex'::regclass \gset
DROP TRIGGER sharing_guard_export ON o.mine;
SELECT format('CREATE TRIGGER sharing_guard_export AFTER INSERT ON o.mine FOR EACH ROW EXECUTE FUNCTION sharing_guard.export_row_after(%L)', :'guard') AS make \gset
:make;
INSERT INTO o.mine VALUES (1, 'x');
SELECT format('CREATE TRIGGER again AFTER INSERT ON o.ex FOR EACH ROW EXECUTE FUNCTION sharing_guard.export_row_after(%L)', :'guard') AS make \gset
:make;
INSERT INTO o.ex VALUES (5, 'oakdale-pd', 'theft');
DROP TRIGGER again ON o.ex;
DROP TABLE o.mine;

-- Other people's DDL neither waits for, nor fails because of, a guard.
SET ROLE regress_owner;
CREATE FUNCTION o.noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
-- The owner may not; a superuser may, and is seen.
CREATE OR REPLACE TRIGGER sharing_guard_export AFTER INSERT ON o.ex FOR EACH ROW EXECUTE FUNCTION o.noop();
RESET ROLE;
CREATE OR REPLACE TRIGGER sharing_guard_export AFTER INSERT ON o.ex FOR EACH ROW EXECUTE FUNCTION o.noop();
ALTER TABLE o.ex ENABLE ALWAYS TRIGGER sharing_guard_export;
SELECT operation, relation, changed_key FROM sharing_guard.policy_changes WHERE relation = 'o.ex' AND operation ~ 'TRIGGER';
SET ROLE regress_other;
BEGIN;
CREATE TEMP TABLE t (a int);
CREATE TEMP TABLE t2 () INHERITS (t);
ALTER TABLE t ADD b int;
SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = pg_backend_pid() AND c.relname IN ('ex', 'pt', 'pt1') AND l.mode <> 'AccessShareLock';
COMMIT;
DROP TABLE t CASCADE;
RESET ROLE;
-- preflight() sees each trigger that is not what it must be, on any partition.
ALTER TABLE o.pt1 DISABLE TRIGGER sharing_guard_export;
SELECT status, subject, finding FROM sharing_guard.preflight() WHERE subject LIKE 'o%';
-- protect_export() mends what is ours, and says what is not.
SELECT sharing_guard.protect_export('o.pt', destination => 'dest', data_class => 'alpr', mode => 'enforce');
SELECT sharing_guard.protect_export('o.ex', destination => 'dest', purpose => 'why', on_behalf_of_agency => 'obo',
    requesting_person => 'person', bookkeeping => 'sent', data_class => 'alpr', mode => 'enforce');
DROP TRIGGER sharing_guard_export ON o.ex;
-- A trigger that lets rows by with a WHEN is mended as well.
SELECT format('CREATE TRIGGER sharing_guard_export AFTER INSERT ON o.ex FOR EACH ROW WHEN (false) EXECUTE FUNCTION sharing_guard.export_row_after(%L)', :'guard') AS make \gset
:make;
SELECT sharing_guard.protect_export('o.ex', destination => 'dest', purpose => 'why', on_behalf_of_agency => 'obo',
    requesting_person => 'person', bookkeeping => 'sent', data_class => 'alpr', mode => 'enforce');
SELECT status, subject FROM sharing_guard.preflight() WHERE subject LIKE 'o%';

-- Guarded columns cannot be bookkeeping.
SELECT sharing_guard.protect_export('o.ex', destination => 'dest', bookkeeping => 'sent, dest', data_class => 'alpr', mode => 'enforce');

-- Renames of schema and table are in the events at once.
INSERT INTO o.ex VALUES (6, 'oakdale-pd', 'theft');
ALTER SCHEMA o RENAME TO o2;
INSERT INTO o2.ex VALUES (7, 'oakdale-pd', 'theft');
INSERT INTO o2.pt1 VALUES (7, 'oakdale-pd');
ALTER TABLE o2.pt RENAME TO ptnew;
INSERT INTO o2.pt1 VALUES (8, 'oakdale-pd');
ALTER VIEW o2.ex RENAME COLUMN dest TO recipient;
SELECT relation, record_key FROM sharing_guard.audit_rows WHERE record_key IN ('6', '7', '8') ORDER BY event_id;
SELECT column_name FROM sharing_guard.guard_column WHERE role = 'destination' ORDER BY 1;

-- A detached partition is nobody's export table any more.
ALTER TABLE o2.ptnew DETACH PARTITION o2.pt3;
INSERT INTO o2.pt3 VALUES (1, 'campus-guard');
SELECT sharing_guard.unprotect('o2.ptnew');
INSERT INTO o2.pt3 VALUES (2, 'campus-guard');
-- A child that has left before is let go as well.
ALTER TABLE oo.exchild NO INHERIT o2.ex;
INSERT INTO oo.exchild VALUES (401, 'campus-guard');

-- skip_row: a row that moves between partitions is refused, never lost.
CREATE TABLE o2.q (id int, dest text, sent bool, PRIMARY KEY (id, sent)) PARTITION BY LIST (sent);
CREATE TABLE o2.q_new PARTITION OF o2.q FOR VALUES IN (false);
CREATE TABLE o2.q_sent PARTITION OF o2.q FOR VALUES IN (true);
SELECT sharing_guard.protect_export('o2.q', destination => 'dest', record_key => 'id', bookkeeping => 'sent',
                                    data_class => 'alpr', on_block => 'skip_row', mode => 'enforce');
INSERT INTO o2.q VALUES (1, 'oakdale-pd', false), (2, 'cedar-so', false), (3, 'campus-guard', false);
UPDATE sharing_guard.agency SET status = 'inactive' WHERE agency_id = 'oakdale-pd';
UPDATE o2.q SET sent = true WHERE id = 2;
UPDATE o2.q SET sent = true WHERE id = 1;
SELECT tableoid::regclass, id FROM o2.q ORDER BY id;

-- A composite record key is whole or none.
CREATE TABLE o2.k (a int, b int, dest text, PRIMARY KEY (a, b));
SELECT sharing_guard.protect_export('o2.k', destination => 'dest', data_class => 'rms', mode => 'enforce');
ALTER TABLE o2.k DROP CONSTRAINT k_pkey;
ALTER TABLE o2.k ALTER a DROP NOT NULL;
INSERT INTO o2.k VALUES (NULL, 1, 'cedar-so');

-- A role with two duties keeps the one that is not taken.
SELECT sharing_guard.grant_auditor('regress_admin');
SELECT sharing_guard.revoke_auditor('regress_admin');
SET ROLE regress_admin;
SELECT count(*) > 0 FROM sharing_guard.rule;
RESET ROLE;
SELECT sharing_guard.revoke_policy_admin('regress_admin');

-- Dropped with its owner, its type or its schema: the guard goes, on record.
CREATE TYPE o2.ty AS (id int, dest text);
CREATE TABLE o2.typed OF o2.ty (PRIMARY KEY (id));
SELECT sharing_guard.protect_export('o2.typed', destination => 'dest', data_class => 'rms', mode => 'enforce');
DROP TYPE o2.ty CASCADE;
DROP SCHEMA o2, oo CASCADE;
SELECT count(*) FROM sharing_guard.guard;
REVOKE ALL ON DATABASE contrib_regression FROM regress_owner, regress_other;
DROP ROLE regress_owner, regress_admin, regress_other;

-- Rows do not leave before they are decided on.
CREATE TABLE direct (id int PRIMARY KEY, dest text);
CREATE VIEW through AS SELECT * FROM direct;
SELECT sharing_guard.protect_export('direct', destination => 'dest', data_class => 'alpr', mode => 'enforce');
COPY (INSERT INTO direct VALUES (1, 'campus-guard') RETURNING *) TO STDOUT;
COPY (WITH w AS (INSERT INTO through VALUES (1, 'campus-guard') RETURNING *) SELECT * FROM w) TO STDOUT;
WITH w AS (INSERT INTO direct VALUES (1, 'campus-guard') RETURNING *) SELECT * FROM w;
INSERT INTO direct VALUES (1, 'campus-guard') RETURNING *;
COPY direct TO STDOUT;
-- A guard deleted by hand leaves no dead end.
DELETE FROM sharing_guard.guard;
INSERT INTO direct VALUES (1, 'oakdale-pd');
SELECT status, subject, finding FROM sharing_guard.preflight() WHERE subject = 'public.direct';
SELECT sharing_guard.unprotect('direct');
INSERT INTO direct VALUES (1, 'oakdale-pd');
SELECT sharing_guard.protect_export('direct', destination => 'dest', data_class => 'alpr', mode => 'enforce');
DELETE FROM sharing_guard.guard;
SELECT sharing_guard.protect_export('direct', destination => 'dest', data_class => 'alpr', mode => 'enforce');
-- A dropped table is named in the record.
ALTER TABLE direct RENAME TO indirect;
DROP TABLE indirect CASCADE;
SELECT operation, changed_key, old_row->>'table_name' AS was FROM sharing_guard.policy_changes
WHERE relation = 'sharing_guard.guard' ORDER BY event_id DESC LIMIT 1;

-- A trigger of our name and function, but of another shape.
CREATE TABLE shape (id int PRIMARY KEY, dest text);
SELECT sharing_guard.protect_export('shape', destination => 'dest', data_class => 'alpr', mode => 'enforce');
INSERT INTO shape VALUES (1, 'cedar-so');
SELECT guard_id AS guard FROM sharing_guard.guard WHERE relation = 'shape'::regclass \gset
DROP TRIGGER sharing_guard_export ON shape;
SELECT format('CREATE TRIGGER sharing_guard_export AFTER INSERT ON shape FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.export_row_after(%L)', :'guard') AS make \gset
:make;
INSERT INTO shape VALUES (2, 'cedar-so');
DROP TRIGGER sharing_guard_export ON shape;
SELECT format('CREATE TRIGGER sharing_guard_export AFTER DELETE ON shape FOR EACH ROW EXECUTE FUNCTION sharing_guard.export_row_after(%L)', :'guard') AS make \gset
:make;
DELETE FROM shape;
DROP TRIGGER sharing_guard_export ON shape;
SELECT format('CREATE CONSTRAINT TRIGGER sharing_guard_export AFTER INSERT OR UPDATE ON shape INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sharing_guard.export_row_after(%L)', :'guard') AS make \gset
:make;
ALTER TABLE shape ENABLE ALWAYS TRIGGER sharing_guard_export;
INSERT INTO shape VALUES (3, 'cedar-so');
SELECT status, finding FROM sharing_guard.preflight() WHERE subject = 'public.shape';
SELECT sharing_guard.protect_export('shape', destination => 'dest', data_class => 'alpr', mode => 'enforce');
INSERT INTO shape VALUES (3, 'cedar-so');
-- A guard that lacks its columns, and event triggers that are off, are reported.
DELETE FROM sharing_guard.guard_column WHERE role = 'destination';
ALTER EVENT TRIGGER sharing_guard_follow_ddl DISABLE;
SELECT status, subject, finding FROM sharing_guard.preflight() WHERE subject IN ('public.shape') OR subject LIKE 'event%';
ALTER EVENT TRIGGER sharing_guard_follow_ddl ENABLE ALWAYS;
-- One guard for a tree.
CREATE TABLE below () INHERITS (shape);
SELECT sharing_guard.protect_export('below', destination => 'dest', record_key => 'id', data_class => 'alpr', mode => 'enforce');
DROP TABLE shape CASCADE;

-- A guard on one partition: rows get there by way of the others.
CREATE TABLE p (id int PRIMARY KEY, dest text) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (100);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200);
SELECT sharing_guard.protect_export('p2', destination => 'dest', data_class => 'alpr', mode => 'enforce');
COPY (INSERT INTO p VALUES (101, 'campus-guard') RETURNING *) TO STDOUT;
INSERT INTO p VALUES (5, 'campus-guard');
COPY (UPDATE p SET id = 105 WHERE id = 5 RETURNING *) TO STDOUT;
COPY (UPDATE p1 SET id = 6 WHERE id = 5 RETURNING *) TO STDOUT;
DROP TABLE p;
-- What is declared anew while a row is being recorded does not change the row.
CREATE TABLE g (id int PRIMARY KEY, dest text);
SELECT sharing_guard.protect_export('g', destination => 'dest', data_class => 'rms', mode => 'enforce');
CREATE FUNCTION declare_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM sharing_guard.begin_disclosure(purpose => repeat('z', 36)); RETURN NULL; END $$;
CREATE TRIGGER declare_anew AFTER INSERT ON sharing_guard.event FOR EACH ROW EXECUTE FUNCTION declare_anew();
BEGIN;
SELECT sharing_guard.begin_disclosure(purpose => 'burglary of some length', case_number => 'CASE-1', requesting_person => 'Ofc. Long');
INSERT INTO g VALUES (1, 'cedar-so');
SELECT pg_sleep(1.1);
INSERT INTO g VALUES (2, 'cedar-so');
COMMIT;
DROP TRIGGER declare_anew ON sharing_guard.event;
DROP FUNCTION declare_anew();
SELECT record_key, purpose, case_number, username FROM sharing_guard.audit_rows WHERE relation = 'public.g' ORDER BY 1;
DROP TABLE g;
