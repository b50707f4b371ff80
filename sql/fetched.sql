-- What a cursor has given counts, however it was moved: each time that a row leaves.
-- Moving over a row is not reading it.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set reads :srcdir '/test/reads.sql'
\i :reads
SET client_min_messages = warning;
\set VERBOSITY terse
SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');

-- Back and forth: 3, the 2 before them once more, and the last.
SET SESSION AUTHORIZATION sg_oakdale;
BEGIN;
SELECT sharing_guard.begin_disclosure('oakdale-pd', 'homicide investigation 26-1', NULL, '26-1');
DECLARE c SCROLL CURSOR FOR SELECT id FROM alpr.read ORDER BY id;
FETCH 3 FROM c;
FETCH BACKWARD 2 FROM c;
FETCH LAST FROM c;
COMMIT;
SELECT rows, ending FROM news();
BEGIN;
SELECT sharing_guard.begin_disclosure('oakdale-pd', 'homicide investigation 26-1', NULL, '26-1');
DECLARE c SCROLL CURSOR FOR SELECT id FROM alpr.read ORDER BY id;
FETCH ABSOLUTE 7 FROM c;
FETCH RELATIVE -3 FROM c;
FETCH FIRST FROM c;
MOVE FORWARD 5 FROM c;
FETCH PRIOR FROM c;
FETCH BACKWARD ALL FROM c;
COMMIT;
SELECT rows, ending FROM news();

-- Held: its rows count as read when the transaction commits, those that had been
-- fetched before among them, and not again when they are fetched later.
BEGIN;
SELECT sharing_guard.begin_disclosure('oakdale-pd', 'homicide investigation 26-1', NULL, '26-1');
DECLARE h SCROLL CURSOR WITH HOLD FOR SELECT id FROM alpr.read WHERE id <= 6 ORDER BY id;
FETCH 4 FROM h;
FETCH BACKWARD 1 FROM h;
COMMIT;
SELECT rows, ending FROM news();
FETCH ABSOLUTE 2 FROM h;
FETCH BACKWARD 1 FROM h;
FETCH ALL FROM h;
CLOSE h;
SELECT rows, ending FROM news();
BEGIN;
SELECT sharing_guard.begin_disclosure('oakdale-pd', 'homicide investigation 26-1', NULL, '26-1');
DECLARE h NO SCROLL CURSOR WITH HOLD FOR SELECT id FROM alpr.read WHERE id <= 6 ORDER BY id;
FETCH 4 FROM h;
COMMIT;
FETCH ALL FROM h;
CLOSE h;
SELECT rows, ending FROM news();

-- Rows that are held back until their event is on record: COPY of a query, of few
-- rows and of many, and one that fails in its midst.
COPY (SELECT id FROM alpr.read WHERE plate = 'PLATE7') TO STDOUT;
SELECT channel, op, elements, rows, ending FROM news();
\o /dev/null
COPY (SELECT r.id, repeat('x', 20000) FROM alpr.read r) TO STDOUT;
\o
SELECT channel, op, rows, ending FROM news();
COPY (SELECT 100 / (id - 5) FROM alpr.read ORDER BY id) TO STDOUT;
SELECT channel, op, rows, ending FROM news();

-- A parallel plan: what the workers read is counted where it leaves.
RESET SESSION AUTHORIZATION;
ALTER TABLE alpr.read SET (parallel_workers = 2);
ANALYZE alpr.read;
SET SESSION AUTHORIZATION sg_oakdale;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT plate FROM alpr.read WHERE camera = 1;
SELECT count(*) FROM (SELECT plate FROM alpr.read WHERE camera = 1 OFFSET 0) x;
SELECT plate FROM alpr.read WHERE camera = 1 AND id < 8 ORDER BY plate;
\o /dev/null
SELECT plate, repeat('x', 20000) FROM alpr.read WHERE camera = 1;
\o
RESET SESSION AUTHORIZATION;
SELECT op, rows, ending FROM news();
DROP SCHEMA alpr CASCADE;
DROP TABLE seen;
DROP FUNCTION news;
SELECT sharing_guard.unbind_role('sg_oakdale'), sharing_guard.unbind_role('sg_springs');
DROP ROLE sg_oakdale, sg_springs, sg_officer;
