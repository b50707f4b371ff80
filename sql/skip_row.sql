-- on_block => 'skip_row': only the refused rows are left out.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
CREATE TABLE feed (id int PRIMARY KEY, dest text, why text, sent boolean);
SELECT sharing_guard.protect_export('feed', destination => 'dest', purpose => 'why',
    bookkeeping => 'sent', data_class => 'alpr', on_block => 'skip_row');
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
SELECT sharing_guard.protect_export('pfeed', destination => 'dest', data_class => 'alpr', on_block => 'skip_row');
CREATE TABLE pfeed_2 PARTITION OF pfeed FOR VALUES FROM (100) TO (200);
INSERT INTO pfeed_1 VALUES (1, 'campus-guard');
INSERT INTO pfeed_2 VALUES (101, 'campus-guard');
INSERT INTO pfeed VALUES (2, 'campus-guard'), (102, 'campus-guard');
SELECT count(*) FROM pfeed;
DROP TABLE feed, pfeed;
DROP FUNCTION divert();
