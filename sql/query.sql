-- Queries that read protected tables: by a partner's login, inside a declared
-- disclosure, by the agency's own people.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set reads :srcdir '/test/reads.sql'
\i :reads
\set VERBOSITY terse
SET client_min_messages = warning;
-- A table that is joined to itself stays so, also where the server could do without.
SELECT set_config(name, 'off', false) IS NULL FROM pg_settings WHERE name = 'enable_self_join_elimination' \g /dev/null

SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', query_elements => 'plate, state', mode => 'enforce');
SELECT kind, data_class, mode, record_self_access, filter_reads FROM sharing_guard.guard;

-- A partner's login, with and without a purpose.
SET SESSION AUTHORIZATION sg_oakdale;
SELECT count(*) FROM alpr.read;
SELECT id FROM alpr.read WHERE plate = 'PLATE7';
BEGIN;
SELECT sharing_guard.begin_disclosure(purpose => 'stolen vehicle 26-001', case_number => '26-001');
SELECT id FROM alpr.read WHERE plate IN ('PLATE7', 'PLATE8') AND state = 'CA';
COMMIT;
RESET SESSION AUTHORIZATION;
SELECT * FROM news();

-- One that the policy refuses: nothing comes out, and that is on record.
SET SESSION AUTHORIZATION sg_springs;
SELECT count(*) FROM alpr.read;
BEGIN;
SELECT plate FROM alpr.read WHERE id = 1;
ROLLBACK;
-- A milder destination does not help, nor does a harmless one help another.
BEGIN;
SELECT sharing_guard.begin_disclosure(destination => 'oakdale-pd', purpose => 'stolen vehicle');
SELECT plate FROM alpr.read WHERE id = 1;
ROLLBACK;
RESET SESSION AUTHORIZATION;
SELECT * FROM news();
DO $$
DECLARE
    detail text;
    hint text;
BEGIN
    SET LOCAL ROLE sg_springs;
    PERFORM plate FROM alpr.read WHERE id = 1;
EXCEPTION WHEN SQLSTATE 'SG001' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RAISE WARNING E'%\n%\n%', SQLERRM, detail, regexp_replace(hint, 'event .*', 'event ...');
END
$$;
SELECT * FROM news();

-- The agency's own people: self access, by what they searched for.
SET SESSION AUTHORIZATION sg_officer;
SELECT id FROM alpr.read WHERE plate = 'PLATE3';
BEGIN;
SELECT sharing_guard.begin_disclosure(purpose => 'stolen vehicle 26-002', requesting_person => 'Officer Reyes');
PREPARE by_plate (text) AS SELECT id FROM alpr.read WHERE plate = upper($1) AND id < 100;
EXECUTE by_plate('plate4');
SET LOCAL plan_cache_mode = force_generic_plan;
EXECUTE by_plate('plate5');
COMMIT;
-- Declared for another agency, and for our own.
BEGIN;
SELECT sharing_guard.begin_disclosure(destination => 'cedar-so', purpose => 'stolen vehicle 26-003');
SELECT count(*) FROM alpr.read;
COMMIT;
BEGIN;
SELECT sharing_guard.begin_disclosure(destination => 'Riverbend Police Department', purpose => 'stolen vehicle 26-004');
SELECT count(*) FROM alpr.read;
COMMIT;
BEGIN;
SELECT sharing_guard.begin_disclosure(destination => 'removal-office', purpose => 'a favour');
SELECT count(*) FROM alpr.read;
ROLLBACK;
RESET SESSION AUTHORIZATION;
SELECT * FROM news();
SELECT username, username_source, organization FROM sharing_guard.audit WHERE purpose = 'stolen vehicle 26-002';

-- Values in their many places.
SET ROLE sg_oakdale;
SELECT count(*) FROM alpr.read WHERE plate LIKE 'PLATE1%';
SELECT count(*) FROM alpr.read WHERE 'PLATE15' < plate;
SELECT count(*) FROM alpr.read WHERE plate <> ALL ('{PLATE1,PLATE2}') AND state = 'CA'::char(2);
SELECT count(*) FILTER (WHERE plate = 'PLATE9') FROM alpr.read;
WITH r AS MATERIALIZED (SELECT * FROM alpr.read) SELECT id FROM r WHERE r.plate = 'PLATE9';
SELECT id FROM (SELECT id, plate AS p, state FROM alpr.read OFFSET 0) x WHERE x.p = 'PLATE8' OR x.state = 'NV';
SELECT a.id FROM alpr.read a JOIN alpr.read b ON b.id = a.id AND b.plate = 'PLATE6' WHERE a.state = b.state;
SELECT id FROM alpr.read WHERE lower(plate) = lower('Plate11');
SELECT id FROM alpr.read WHERE plate = (SELECT 'PLATE12');
RESET ROLE;
SELECT "to", elements, rows FROM news();

-- Lists that a table is joined with, by each kind of join.
SET ROLE sg_oakdale;
PREPARE listed(text[]) AS SELECT count(*) FROM alpr.read r JOIN unnest($1) AS w (plate) USING (plate);
SELECT count(*) FROM alpr.read r JOIN (VALUES ('PLATE1', 'CA'), ('PLATE2', 'NV')) AS w (plate, st) ON r.plate = w.plate AND r.state = w.st;
SELECT count(*) FROM alpr.read WHERE plate IN (VALUES ('PLATE3'), ('PLATE4'));
EXECUTE listed('{PLATE5,PLATE6}');
SET enable_hashjoin = off;
SELECT count(*) FROM alpr.read r, (VALUES ('PLATE1'), ('PLATE2')) AS w (plate) WHERE w.plate = r.plate;
EXECUTE listed('{PLATE7}');
SET enable_mergejoin = off;
SELECT count(*) FROM alpr.read r, (VALUES ('PLATE1'), ('PLATE2')) AS w (plate) WHERE w.plate = r.plate;
SELECT count(*) FROM (VALUES ('PLATE1'), ('PLATE2')) AS w (plate), LATERAL (SELECT * FROM alpr.read r WHERE r.plate = w.plate OFFSET 0) AS x;
EXECUTE listed('{PLATE8,PLATE9}');
RESET enable_hashjoin;
RESET enable_mergejoin;
DEALLOCATE listed;
RESET ROLE;
SELECT "to", elements, rows FROM news();

-- Who acts: by SET ROLE, by membership, as the owner of a view or a function.
CREATE ROLE sg_person LOGIN;
GRANT sg_oakdale TO sg_person;
CREATE FUNCTION plates() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN RETURN QUERY SELECT plate FROM alpr.read WHERE id < 4; END $$;
CREATE FUNCTION one_plate(int) RETURNS text LANGUAGE sql SECURITY DEFINER
    AS $$ SELECT plate FROM alpr.read WHERE id = $1 $$;
CREATE FUNCTION inlined() RETURNS SETOF alpr.read LANGUAGE sql STABLE
    AS $$ SELECT * FROM alpr.read WHERE plate = 'PLATE2' $$;
CREATE VIEW alpr.hits AS SELECT * FROM alpr.read WHERE plate LIKE 'PLATE1%';
CREATE MATERIALIZED VIEW alpr.summary AS SELECT camera, count(*) FROM alpr.read GROUP BY camera;
GRANT SELECT ON alpr.hits, alpr.summary TO sg_springs, sg_person, sg_officer;
SELECT acting, channel, rows FROM news();
SET SESSION AUTHORIZATION sg_person;
SELECT count(*) FROM alpr.read;
SELECT count(*) FROM alpr.hits WHERE state = 'CA';
SELECT count(*) FROM plates();
SELECT one_plate(3);
SELECT id FROM inlined();
RESET SESSION AUTHORIZATION;
SELECT * FROM news();
SET ROLE sg_springs;
SELECT count(*) FROM plates();
SELECT one_plate(3);
SELECT count(*) FROM alpr.hits;
SELECT id FROM inlined();
DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM alpr.read; END $$;
DO $$ BEGIN EXECUTE 'CREATE TEMP TABLE mine AS TABLE alpr.read'; END $$;
SELECT query_to_xml('SELECT * FROM alpr.read', false, false, '');
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT * FROM alpr.read;
EXPLAIN (COSTS off) SELECT * FROM alpr.read;
-- What was made of it by those who may is another table.
SELECT count(*) FROM alpr.summary;
RESET ROLE;
SELECT acting, "to", op, outcome, rows FROM news();
-- A superuser is everybody, but reads for nobody.
SELECT count(*) FROM alpr.read;
REFRESH MATERIALIZED VIEW alpr.summary;
SELECT acting, "to", channel, op, outcome, rows FROM news();

-- Cursors in pieces, one that is held, a prepared statement under another role.
BEGIN;
SET LOCAL ROLE sg_oakdale;
DECLARE c CURSOR FOR SELECT id FROM alpr.read ORDER BY id;
DECLARE unread CURSOR FOR SELECT id FROM alpr.read;
FETCH 2 FROM c;
FETCH 3 FROM c;
MOVE 1 FROM c;
SELECT op, rows, ending FROM news(1);
DECLARE held CURSOR WITH HOLD FOR SELECT id FROM alpr.read ORDER BY id;
COMMIT;
FETCH 1 FROM held;
CLOSE held;
SELECT op, rows, ending FROM news();
SELECT rows_disclosed, ending FROM sharing_guard.audit WHERE username_source = 'login' ORDER BY event_id DESC LIMIT 2;
PREPARE ids AS SELECT count(*) FROM alpr.read;
EXECUTE ids;
SET ROLE sg_springs;
EXECUTE ids;
RESET ROLE;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM alpr.read ORDER BY id;
FETCH 1 FROM c;
SET LOCAL ROLE sg_springs;
FETCH 1 FROM c;
ROLLBACK;
SELECT acting, "to", outcome, rows, ending FROM news();

-- An error in the midst of it, a savepoint, a rolled-back transaction: what has
-- left has left.
SET ROLE sg_oakdale;
SELECT id / (id - 5) FROM alpr.read ORDER BY id;
BEGIN;
SELECT count(*) FROM alpr.read;
SAVEPOINT s;
DECLARE c CURSOR FOR SELECT id FROM alpr.read;
FETCH 4 FROM c;
ROLLBACK TO s;
ROLLBACK;
RESET ROLE;
SELECT acting, rows, ending FROM news();

-- Rows that change hands within the database.
GRANT INSERT, UPDATE, DELETE ON alpr.read TO sg_oakdale, sg_officer;
SET ROLE sg_oakdale;
INSERT INTO alpr.read VALUES (21, 'PLATE21', 'CA', '2026-01-01', 1);
INSERT INTO alpr.read VALUES (22, 'PLATE22', 'CA', '2026-01-01', 1) RETURNING plate;
UPDATE alpr.read SET camera = 9 WHERE plate = 'PLATE21';
DELETE FROM alpr.read WHERE id = 21 RETURNING *;
WITH gone AS (DELETE FROM alpr.read WHERE id = 22 RETURNING plate) SELECT * FROM gone;
RESET ROLE;
SELECT acting, op, elements, rows FROM news();
SET ROLE sg_officer;
INSERT INTO alpr.read VALUES (21, 'PLATE21', 'CA', '2026-01-01', 1);
UPDATE alpr.read SET camera = 9 WHERE plate = 'PLATE21';
DELETE FROM alpr.read WHERE plate = 'PLATE21' RETURNING id;
RESET ROLE;
SELECT acting, op, elements, rows FROM news();

-- A foreign key's check tells nothing but whether it holds.
CREATE TABLE hit (id int PRIMARY KEY, read_id int REFERENCES alpr.read ON DELETE CASCADE);
GRANT SELECT, INSERT ON hit TO sg_oakdale, sg_springs;
SET ROLE sg_springs;
INSERT INTO hit VALUES (1, 1);
INSERT INTO hit VALUES (2, 100);
RESET ROLE;
DELETE FROM alpr.read WHERE id = 1;
SELECT * FROM news();

-- Partitions and children, by themselves and by their parent.
CREATE TABLE alpr.parted (id int, plate text, area text) PARTITION BY LIST (area);
CREATE TABLE alpr.north PARTITION OF alpr.parted FOR VALUES IN ('n') PARTITION BY RANGE (id);
CREATE TABLE alpr.north_1 (area text, plate text, id int);
ALTER TABLE alpr.north ATTACH PARTITION alpr.north_1 DEFAULT;
CREATE TABLE alpr.south PARTITION OF alpr.parted FOR VALUES IN ('s');
INSERT INTO alpr.parted VALUES (1, 'N1', 'n'), (2, 'S2', 's');
GRANT SELECT ON alpr.parted, alpr.north, alpr.north_1, alpr.south TO sg_oakdale, sg_springs;
SELECT sharing_guard.protect_records('alpr.parted', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
SET ROLE sg_oakdale;
SELECT id FROM alpr.parted WHERE plate = 'N1';
SELECT id FROM alpr.north_1 WHERE plate = 'N1';
SELECT id FROM ONLY alpr.north WHERE plate = 'N1';
RESET ROLE;
SELECT relation, elements, rows FROM news();
ALTER TABLE alpr.parted DETACH PARTITION alpr.south;
CREATE TABLE alpr.extra (LIKE alpr.parted);
GRANT SELECT ON alpr.extra TO sg_springs;
SET ROLE sg_springs;
SELECT * FROM alpr.south;
SELECT * FROM alpr.extra;
SELECT * FROM alpr.north_1;
RESET ROLE;
ALTER TABLE alpr.parted ATTACH PARTITION alpr.extra DEFAULT;
CREATE TABLE alpr.child () INHERITS (alpr.read);
-- (A right from before it was known whose login it is.)
SELECT sharing_guard.unbind_role('sg_springs');
GRANT SELECT ON alpr.child TO sg_springs;
SELECT sharing_guard.bind_role('sg_springs', 'reno-test-pd');
SET ROLE sg_springs;
SELECT * FROM alpr.extra;
SELECT * FROM alpr.child;
RESET ROLE;

-- The guarded table made a child of another that is not.
CREATE TABLE alpr.above (LIKE alpr.read);
GRANT SELECT ON alpr.above TO sg_springs, sg_oakdale;
ALTER TABLE alpr.read INHERIT alpr.above;
CREATE TABLE alpr.roof (LIKE alpr.parted) PARTITION BY LIST (area);
GRANT SELECT ON alpr.roof TO sg_springs;
ALTER TABLE alpr.roof ATTACH PARTITION alpr.parted DEFAULT;
SET ROLE sg_springs;
SELECT count(*) FROM alpr.above;
SELECT count(*) FROM alpr.roof;
SET ROLE sg_oakdale;
SELECT count(*) FROM alpr.above WHERE plate = 'PLATE6';
RESET ROLE;
SELECT acting, relation, elements, outcome FROM news();
ALTER TABLE alpr.read NO INHERIT alpr.above;
ALTER TABLE alpr.roof DETACH PARTITION alpr.parted;

-- Parallel workers read what the leader was let to read: once on record.
SET ROLE sg_oakdale;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS off) SELECT count(*) FROM alpr.read WHERE camera >= 0;
SELECT * FROM news() WHERE false;
SELECT count(*) FROM alpr.read WHERE camera >= 0;
RESET ROLE;
-- A function of theirs does not, unless the leader runs it.
CREATE TABLE many AS SELECT i FROM generate_series(1, 1000) i;
GRANT SELECT ON many TO sg_oakdale;
CREATE FUNCTION worker_plate(int) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$ BEGIN RETURN (SELECT plate FROM alpr.read WHERE id = $1); END $$;
CREATE FUNCTION leader_plate(int) RETURNS text LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    AS $$ BEGIN RETURN (SELECT plate FROM alpr.read WHERE id = $1); END $$;
SET ROLE sg_oakdale;
SET parallel_leader_participation = off;
SELECT count(worker_plate(i)) FROM many WHERE i = 7;
SELECT leader_plate(max(i)) FROM many WHERE i < 8;
RESET ROLE;
RESET parallel_leader_participation;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
SELECT acting, op, rows FROM news();

-- A view can be protected itself; so can a materialized view.
SELECT sharing_guard.protect_records('alpr.summary', data_class => 'alpr', record_self_access => false, mode => 'enforce');
SELECT sharing_guard.protect_records('alpr.hits', data_class => 'alpr', mode => 'enforce');
SET ROLE sg_springs;
SELECT * FROM alpr.summary;
RESET ROLE;
SET ROLE sg_officer;
SELECT count(*) FROM alpr.hits;
SELECT count(*) FROM alpr.summary;
RESET ROLE;
SELECT acting, channel, relation, outcome FROM news();

-- Observed only; bound no more; protected no more.
SELECT sharing_guard.set_mode('observe', 'alpr.read');
SET ROLE sg_springs;
SELECT count(*) FROM alpr.read;
RESET ROLE;
SELECT acting, outcome, rows FROM news();
SELECT would_be_outcome FROM sharing_guard.audit ORDER BY event_id DESC LIMIT 1;
SELECT sharing_guard.set_mode('enforce', 'alpr.read');
SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', query_elements => 'plate', record_self_access => false, mode => 'enforce');
SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', query_elements => 'plate', record_self_access => false, mode => 'enforce');
SELECT sharing_guard.unbind_role('sg_springs');
SET ROLE sg_springs;
SELECT count(*) FROM alpr.read;
RESET ROLE;
SELECT sharing_guard.unprotect('alpr.read');
SET ROLE sg_oakdale;
SELECT count(*) FROM alpr.read;
RESET ROLE;
SELECT acting, outcome, rows FROM news();

-- What cannot be protected.
SELECT sharing_guard.protect_records(NULL, data_class => 'alpr', mode => 'enforce');
SELECT sharing_guard.protect_records('alpr.read');
SELECT sharing_guard.protect_records('alpr.read', data_class => 'gossip', mode => 'enforce');
SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', mode => 'maybe');
SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', query_elements => 'number', mode => 'enforce');
SELECT sharing_guard.protect_records('pg_class', data_class => 'alpr', mode => 'enforce');
SELECT sharing_guard.protect_records('sharing_guard.event', data_class => 'alpr', mode => 'enforce');
SELECT sharing_guard.protect_records('alpr.read_pkey', data_class => 'alpr', mode => 'enforce');
SELECT sharing_guard.protect_records('alpr.north', data_class => 'alpr', mode => 'enforce');
SELECT sharing_guard.protect_export('alpr.parted', destination => 'area', record_key => 'id', data_class => 'alpr', mode => 'enforce');

DROP SCHEMA alpr CASCADE;
DROP TABLE hit, seen, many;
DROP FUNCTION news, plates, one_plate, worker_plate, leader_plate;
DELETE FROM sharing_guard.role_binding;
DROP ROLE sg_oakdale, sg_springs, sg_officer, sg_person;
