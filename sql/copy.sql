-- COPY of protected tables: on record before it begins, counted when it is over.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set reads :srcdir '/test/reads.sql'
\i :reads
\set VERBOSITY terse
SET client_min_messages = warning;

SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', query_elements => 'plate', record_self_access => false, mode => 'enforce');
GRANT INSERT, UPDATE, DELETE ON alpr.read TO sg_officer;

-- Our own people who do not say where it goes: flagged.
SET ROLE sg_officer;
COPY (SELECT id FROM alpr.read WHERE plate = 'PLATE1') TO STDOUT;
COPY alpr.read (id) TO STDOUT (FORMAT csv, HEADER);
RESET ROLE;
COPY alpr.read TO PROGRAM 'cat >/dev/null' (FORMAT binary);
SELECT acting, "to", channel, op, elements, outcome, rows, ending FROM news();
SELECT DISTINCT flag_reasons[1] FROM sharing_guard.audit WHERE channel = 'copy';
-- A query of theirs is not recorded here; that is what record_self_access is for.
SELECT count(*) FROM alpr.read;
-- Who says where it goes is believed.
SET ROLE sg_officer;
BEGIN;
SELECT sharing_guard.begin_disclosure(destination => 'oakdale-pd', purpose => 'stolen vehicle', requesting_person => 'Officer Reyes');
COPY (SELECT id FROM alpr.read WHERE id = 1) TO STDOUT;
\set VERBOSITY sqlstate
COPY alpr.read (id) TO '/dev/null';
\set VERBOSITY terse
COMMIT;
BEGIN;
SELECT sharing_guard.begin_disclosure(destination => 'oakdale-pd', purpose => 'stolen vehicle', requesting_person => 'Officer Reyes');
COPY alpr.read (plate) TO STDOUT;
SELECT sharing_guard.begin_disclosure(destination => 'reno-test-pd', purpose => 'stolen vehicle');
COPY alpr.read (plate) TO STDOUT;
COMMIT;
RESET ROLE;
SELECT acting, "to", purpose, outcome, rows, ending FROM news();

-- Refused by setting: with an SQLSTATE of its own.
UPDATE sharing_guard.setting SET undeclared_copy = 'never';
UPDATE sharing_guard.setting SET undeclared_copy = 'refuse';
SET ROLE sg_officer;
\set VERBOSITY sqlstate
COPY alpr.read TO STDOUT;
\set VERBOSITY terse
COPY (TABLE alpr.read) TO STDOUT;
BEGIN;
SELECT sharing_guard.begin_disclosure(destination => 'riverbend-police-department', purpose => 'monthly report to the council');
COPY (SELECT count(*) FROM alpr.read) TO STDOUT;
COMMIT;
RESET ROLE;
SELECT acting, "to", channel, outcome, rows, ending FROM news();
-- In observe mode nothing is stopped.
SELECT sharing_guard.set_mode('observe');
SET ROLE sg_officer;
COPY (SELECT count(*) FROM alpr.read) TO STDOUT;
RESET ROLE;
SELECT acting, outcome FROM news();
SELECT would_be_outcome FROM sharing_guard.audit ORDER BY event_id DESC LIMIT 1;
SELECT sharing_guard.set_mode('enforce');

-- Backups go on: by the role that makes them, kept by ourselves or by another.
CREATE ROLE sg_backup;
GRANT USAGE ON SCHEMA alpr TO sg_backup;
GRANT SELECT ON alpr.read TO sg_backup;
CREATE ROLE sg_dba;
GRANT sg_backup TO sg_dba;
SELECT sharing_guard.bind_backup('sg_backup');
SET ROLE sg_backup;
COPY alpr.read (id) TO STDOUT;
SET ROLE sg_dba;
COPY alpr.read (id) TO STDOUT;
RESET ROLE;
SELECT acting, "to", channel, purpose, outcome, rows FROM news();
SELECT sharing_guard.bind_backup('sg_backup', 'removal-office');
SET ROLE sg_backup;
COPY alpr.read (id) TO STDOUT;
RESET ROLE;
SELECT sharing_guard.bind_backup('sg_backup', 'nobody');
SELECT sharing_guard.bind_backup(NULL);
SELECT sharing_guard.unbind_role('sg_backup');
UPDATE sharing_guard.setting SET undeclared_copy = 'flag';
SELECT acting, "to", channel, purpose, outcome, rows FROM news();

-- A partner's own login.
SET ROLE sg_oakdale;
COPY (SELECT id FROM alpr.read WHERE id < 3) TO STDOUT;
SET ROLE sg_springs;
COPY alpr.read TO STDOUT;
COPY (SELECT plate FROM alpr.read) TO STDOUT;
COPY (WITH x AS (SELECT * FROM alpr.read) SELECT plate FROM x) TO STDOUT;
RESET ROLE;
SELECT acting, "to", channel, outcome, rows FROM news();

-- What the server itself refuses makes no event.
CREATE ROLE sg_nobody;
GRANT USAGE ON SCHEMA alpr TO sg_nobody;
SET ROLE sg_nobody;
COPY alpr.read TO STDOUT;
RESET ROLE;
CREATE VIEW alpr.hits AS SELECT * FROM alpr.read WHERE id < 4;
COPY alpr.hits TO STDOUT;
COPY alpr.nothing TO STDOUT;
SELECT acting, outcome FROM news();
-- A view's rows, and those that row-level security lets see.
COPY (SELECT id FROM alpr.hits) TO STDOUT;
CREATE POLICY few ON alpr.read USING (id < 3);
ALTER TABLE alpr.read ENABLE ROW LEVEL SECURITY;
SET ROLE sg_oakdale;
COPY alpr.read (id) TO STDOUT;
RESET ROLE;
ALTER TABLE alpr.read DISABLE ROW LEVEL SECURITY;
SELECT acting, op, rows FROM news();

-- One that fails has sent what it has sent.
CREATE FUNCTION fail_at(int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN IF $1 = 8 THEN RAISE EXCEPTION 'the tape is full'; END IF; RETURN $1; END $$;
COPY (SELECT fail_at(id) FROM alpr.read ORDER BY id) TO PROGRAM 'cat >/dev/null';
SELECT rows, ending FROM news();

-- Rows that are changed and sent at once: decided on before the first.
SET ROLE sg_officer;
COPY (DELETE FROM alpr.read WHERE id = 20 RETURNING id) TO STDOUT;
RESET ROLE;
SELECT acting, channel, op, rows FROM news();

-- The search path may mean another table by now, but not here.
SET search_path = alpr, public;
COPY read (id) TO PROGRAM 'cat >/dev/null';
RESET search_path;
SELECT relation, rows FROM news();
-- A partitioned table, by its partitions.
CREATE TABLE alpr.parted (id int) PARTITION BY RANGE (id);
CREATE TABLE alpr.part PARTITION OF alpr.parted DEFAULT;
INSERT INTO alpr.parted VALUES (1), (2);
SELECT sharing_guard.protect_records('alpr.parted', data_class => 'alpr', mode => 'enforce');
COPY (SELECT * FROM alpr.parted) TO STDOUT;
COPY alpr.part TO STDOUT;
SELECT relation, channel, rows FROM news();
-- COPY FROM takes nothing out.
COPY alpr.part FROM PROGRAM 'echo 3';
SELECT relation, channel, rows FROM news();

DROP SCHEMA alpr CASCADE;
DROP TABLE seen;
DROP FUNCTION news, fail_at;
DELETE FROM sharing_guard.role_binding;
DROP ROLE sg_oakdale, sg_springs, sg_officer, sg_backup, sg_dba, sg_nobody;
