-- The parallel columns of an event, taken apart: every shape they come in.
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
\pset null -

-- Nothing given: the rows are there all the same.
SELECT * FROM sharing_guard.event_rows(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

-- One value for all rows, one for each row, values by index.
SELECT * FROM sharing_guard.event_rows(4,
    '{k1,k2,k3,k4}', NULL,
    '{theft}', NULL,
    '{8ABC123,7XYZ999}', '{1,2,2,1}',
    NULL, NULL,
    '{Lee,NULL,Ortiz}', '{1,1,2,3}', '{Diaz,Wu}', '{2,1,1,2}');

-- NULL as the one value and as one of many; empty is not NULL.
SELECT *, purpose IS NULL AS no_purpose
FROM sharing_guard.event_rows(3,
    '{NULL,k2,NULL}', NULL, '{NULL}', NULL, '{""}', NULL, '{c1,NULL,""}', NULL, NULL, NULL, NULL, NULL);

-- A single row; no rows at all.
SELECT * FROM sharing_guard.event_rows(1, '{k1}', NULL, '{p}', NULL, '{q}', NULL, '{c}', NULL, '{r}', NULL, '{x}', NULL);
SELECT * FROM sharing_guard.event_rows(0, '{k1}', NULL, '{p}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM sharing_guard.event_rows(NULL, '{k1}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

-- Values may be long, and in any order.
SELECT row_number, length(record_key) FROM sharing_guard.event_rows(3,
    ARRAY[repeat('x', 100000), repeat('y', 3)], '{2,1,2}',
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

-- Linear: as many rows as an event can have.
SELECT count(*), count(DISTINCT record_key), count(DISTINCT purpose), min(query_elements), max(query_elements)
FROM (SELECT array_agg('key ' || i) AS keys, array_agg((i % 7 + 1)::int2) AS ix
      FROM generate_series(1, 10000) i) a,
    sharing_guard.event_rows(10000, keys, NULL, '{a,b,c,d,e,f,g}', ix, '{q}', NULL, NULL, NULL, NULL, NULL, NULL, NULL);

-- Columns that do not fit together: a warning, and nothing is guessed.
SET client_min_messages = warning;
SELECT * FROM sharing_guard.event_rows(3, '{k1,k2}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM sharing_guard.event_rows(1, '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM sharing_guard.event_rows(2, NULL, NULL, '{p}', '{1}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM sharing_guard.event_rows(2, NULL, NULL, '{p}', '{1,2}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM sharing_guard.event_rows(2, NULL, NULL, '{p}', '{0,1}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM sharing_guard.event_rows(2, NULL, NULL, '{p}', '{1,NULL}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM sharing_guard.event_rows(1, NULL, NULL, '{p}', '{{1}}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM sharing_guard.event_rows(-1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
