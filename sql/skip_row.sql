-- on_block => 'skip_row': only the refused rows are left out.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
CREATE TABLE feed (id int PRIMARY KEY, dest text, why text, sent boolean);
SELECT sharing_guard.protect_export('feed', destination => 'dest', purpose => 'why',
    bookkeeping => 'sent', data_class => 'alpr', on_block => 'skip_row', mode => 'enforce');
-- One warning a statement, whatever the number of rows.
INSERT INTO feed VALUES (1, 'oakdale-pd', 'theft'), (2, 'reno-test-pd', 'theft'), (3, 'campus-guard', 'theft'),
                        (4, 'cedar-so', 'theft');
SELECT id FROM feed ORDER BY id;
COPY feed (id, dest, why) FROM stdin;
5	oakdale-pd	arson
6	reno-test-pd	arson
\.
SELECT record_key, destination, outcome, rows_disclosed, rows_blocked
FROM sharing_guard.audit_rows ORDER BY record_key;
-- An UPDATE that may not go out leaves the row as it was; bookkeeping may.
UPDATE feed SET dest = 'reno-test-pd' WHERE id = 1;
UPDATE feed SET sent = true;
SELECT id, dest, sent FROM feed ORDER BY id;
-- A later trigger that rewrites the row does not get past the guard.
CREATE FUNCTION divert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.dest := 'reno-test-pd'; RETURN NEW; END $$;
CREATE TRIGGER zzzz_divert BEFORE INSERT ON feed FOR EACH ROW EXECUTE FUNCTION divert();
\set VERBOSITY sqlstate
INSERT INTO feed VALUES (7, 'oakdale-pd', 'theft');
\set VERBOSITY default
SELECT status, subject FROM sharing_guard.preflight('feed') WHERE status <> 'ok' AND subject LIKE '%feed%';
DROP TRIGGER zzzz_divert ON feed;
-- Several statements in one: each its own warning.
DO $$ BEGIN
    INSERT INTO feed VALUES (8, 'reno-test-pd', 'theft');
    INSERT INTO feed VALUES (9, 'oakdale-pd', 'theft');
    INSERT INTO feed VALUES (10, 'reno-test-pd', 'theft'), (11, 'reno-test-pd', 'theft');
END $$;
-- Straight into a partition.
CREATE TABLE pfeed (id int PRIMARY KEY, dest text) PARTITION BY RANGE (id);
CREATE TABLE pfeed_1 PARTITION OF pfeed FOR VALUES FROM (1) TO (100);
SELECT sharing_guard.protect_export('pfeed', destination => 'dest', data_class => 'alpr', on_block => 'skip_row', mode => 'enforce');
CREATE TABLE pfeed_2 PARTITION OF pfeed FOR VALUES FROM (100) TO (200);
INSERT INTO pfeed_1 VALUES (1, 'campus-guard');
INSERT INTO pfeed_2 VALUES (101, 'campus-guard');
INSERT INTO pfeed VALUES (2, 'campus-guard'), (102, 'campus-guard');
SELECT count(*) FROM pfeed;
DROP TABLE feed, pfeed;
DROP FUNCTION divert();

-- Rows that move between partitions are refused or pass, never lost.
CREATE TABLE q (id int, dest text, sent bool, PRIMARY KEY (id, sent)) PARTITION BY LIST (sent);
CREATE TABLE q_new PARTITION OF q FOR VALUES IN (false);
CREATE TABLE q_sent PARTITION OF q FOR VALUES IN (true);
SELECT sharing_guard.protect_export('q', destination => 'dest', record_key => 'id', bookkeeping => 'sent',
                                    data_class => 'alpr', on_block => 'skip_row', mode => 'enforce');
INSERT INTO q VALUES (1, 'oakdale-pd', false), (2, 'cedar-so', false);
UPDATE sharing_guard.agency SET status = 'inactive' WHERE agency_id = 'oakdale-pd';
\set VERBOSITY sqlstate
UPDATE q SET sent = true WHERE id = 1;
-- also where another trigger has written something in between
CREATE TABLE noted (id int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO noted VALUES (OLD.id); RETURN OLD; END $$;
CREATE TRIGGER note BEFORE DELETE ON q_new FOR EACH ROW EXECUTE FUNCTION note();
UPDATE q SET sent = true WHERE id = 1;
WITH u AS (UPDATE q SET sent = true WHERE id = 1 RETURNING id) SELECT * FROM u;
MERGE INTO q USING (VALUES (1)) v (id) ON q.id = v.id WHEN MATCHED THEN UPDATE SET sent = true;
WITH u AS (UPDATE q SET sent = true WHERE id = 1) SELECT 1;
WITH u AS (UPDATE q SET sent = true WHERE id = 1 RETURNING id) SELECT * FROM u LIMIT 0;
\set VERBOSITY default
UPDATE q SET sent = true WHERE id = 2;
-- An INSERT is skipped as ever, whatever went before.
INSERT INTO q VALUES (3, 'campus-guard', true), (4, 'cedar-so', true);
INSERT INTO q VALUES (2, 'cedar-so', true), (5, 'campus-guard', false)
    ON CONFLICT (id, sent) DO UPDATE SET dest = excluded.dest;
SELECT tableoid::regclass, id FROM q ORDER BY id;
-- A count that was rolled back is not reported later.
BEGIN;
SAVEPOINT s;
\set VERBOSITY sqlstate
INSERT INTO q VALUES (6, 'campus-guard', false), (7, 'cedar-so', NULL);
\set VERBOSITY default
ROLLBACK TO s;
INSERT INTO q VALUES (8, 'cedar-so', false);
COMMIT;
DROP TABLE q, noted; DROP FUNCTION note();
