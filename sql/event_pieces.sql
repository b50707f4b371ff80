-- Rows that are decided alike share events: of one second, of 10,000 rows and of
-- 256 kB of values at most.  None is lost or told twice, whatever comes between.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
CREATE TABLE feed (id int PRIMARY KEY, dest text, why text, plate text, officer text);
SELECT sharing_guard.protect_export('feed', destination => 'dest', purpose => 'why',
    query_elements => 'plate', requesting_person => 'officer', data_class => 'alpr', mode => 'enforce');

-- Every row of the table in the record, once, with its own values, and no other.
CREATE FUNCTION pg_temp.complete(OUT missing bigint, OUT surplus bigint) LANGUAGE sql AS $$
    WITH recorded AS (
        SELECT record_key, destination, purpose, query_elements, requesting_person
        FROM sharing_guard.audit_rows WHERE outcome <> 'block'),
    written AS (SELECT id::text, dest, why, plate, officer FROM feed)
    SELECT (SELECT count(*) FROM (TABLE written EXCEPT ALL TABLE recorded) m),
           (SELECT count(*) FROM (TABLE recorded EXCEPT ALL TABLE written) s)
$$;

-- Many rows to one agency, for purposes that come again and again.
INSERT INTO feed
SELECT n, 'oakdale-pd', 'theft ' || n % 7, 'P' || n / 3, CASE WHEN n % 4 > 0 THEN 'officer ' || n % 5 END
FROM generate_series(1, 25000) n;
SELECT * FROM pg_temp.complete();
SELECT max(rows_disclosed) <= 10000 AS few_enough, sum(rows_disclosed) AS rows FROM sharing_guard.audit;

-- Each row its own purpose: a few thousand bytes each, so that events are full
-- before they have many rows.
TRUNCATE feed;
CREATE TEMP TABLE before AS SELECT clock_timestamp() AS at;
INSERT INTO feed
SELECT n, 'oakdale-pd', 'report ' || n || repeat(' about a theft', 300), 'P' || n, NULL
FROM generate_series(1, 300) n;
SELECT sum(rows_disclosed) AS rows, count(*) > 3 AS several,
       count(*) FILTER (WHERE sum > 256 * 1024 + 4300) AS too_large
FROM (SELECT a.event_id, max(a.rows_disclosed) AS rows_disclosed, sum(length(r.purpose))
      FROM sharing_guard.audit a JOIN sharing_guard.audit_rows r USING (event_id)
      WHERE a.occurred_at > (SELECT at FROM before) GROUP BY 1) e;

-- Rows that are more than a second apart are in different events, each with its
-- own time.
CREATE FUNCTION wait_a_little() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END $$;
CREATE TRIGGER a_wait AFTER INSERT ON feed FOR EACH ROW EXECUTE FUNCTION wait_a_little();
UPDATE before SET at = clock_timestamp();
INSERT INTO feed SELECT 1000 + n, 'oakdale-pd', 'theft', 'P', NULL FROM generate_series(1, 8) n;
SELECT count(*) BETWEEN 3 AND 8 AS events, sum(rows_disclosed) AS rows, max(rows_disclosed) <= 3 AS few,
       max(occurred_at) - min(occurred_at) > interval '1.9 seconds' AS apart
FROM sharing_guard.audit WHERE occurred_at > (SELECT at FROM before);
DROP TRIGGER a_wait ON feed;

-- Savepoints: what is rolled back was not disclosed, what is released was, in the
-- order in which the statement before and after it wrote.
TRUNCATE feed;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
\i :fixture
SELECT sharing_guard.protect_export('feed', destination => 'dest', purpose => 'why',
    query_elements => 'plate', requesting_person => 'officer', data_class => 'alpr', mode => 'enforce');
BEGIN;
INSERT INTO feed SELECT n, 'oakdale-pd', 'theft', 'P' || n, NULL FROM generate_series(1, 50) n;
SAVEPOINT a;
INSERT INTO feed SELECT n, 'oakdale-pd', 'arson', 'P' || n, NULL FROM generate_series(51, 100) n;
SAVEPOINT b;
INSERT INTO feed SELECT n, 'cedar-so', 'arson', 'P' || n, NULL FROM generate_series(101, 150) n;
ROLLBACK TO b;
INSERT INTO feed SELECT n, 'cedar-so', 'theft', 'P' || n, NULL FROM generate_series(151, 200) n;
RELEASE a;
INSERT INTO feed SELECT n, 'oakdale-pd', 'theft', 'P' || n, NULL FROM generate_series(201, 250) n;
COMMIT;
SELECT * FROM pg_temp.complete();
SELECT destination, sum(rows_disclosed) FROM sharing_guard.audit GROUP BY 1 ORDER BY 1;

-- The same in a loop that swallows errors; and what is skipped meanwhile is in
-- the record although all around it is rolled back.
CREATE TABLE skipping (id int PRIMARY KEY, dest text);
SELECT sharing_guard.protect_export('skipping', destination => 'dest', data_class => 'alpr', on_block => 'skip_row', mode => 'enforce');
SET client_min_messages = error;
BEGIN;
DO $$
BEGIN
    FOR i IN 1..300 LOOP
        BEGIN
            INSERT INTO feed VALUES (1000 + i, 'oakdale-pd', 'theft', 'P', NULL);
            INSERT INTO skipping VALUES (i, 'reno-test-pd'), (1000 + i, 'oakdale-pd');
            IF i % 3 = 0 THEN RAISE EXCEPTION 'not this one'; END IF;
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
    END LOOP;
END $$;
SELECT count(*) AS written FROM skipping;
ROLLBACK;
RESET client_min_messages;
SELECT * FROM pg_temp.complete();
SELECT outcome, count(*) FROM sharing_guard.audit_rows WHERE relation = 'public.skipping' GROUP BY 1;
DROP TABLE feed, skipping;
