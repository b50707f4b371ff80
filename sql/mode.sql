-- Observe and enforce, of the guard and overall.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
CREATE TABLE queue (id int PRIMARY KEY, dest text, why text);
SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why',
                                    data_class => 'alpr', mode => 'observe');
-- The guard observes: nothing is stopped; the event says what would have been.
INSERT INTO queue VALUES (1, 'reno-test-pd', 'theft'), (2, 'oakdale-pd', 'theft');
SELECT record_key, outcome, would_be_outcome FROM sharing_guard.audit_rows ORDER BY record_key;
-- A guard enforces only where it and the overall mode both say so.
SELECT sharing_guard.set_mode('enforce', 'queue');
\set VERBOSITY sqlstate
INSERT INTO queue VALUES (3, 'reno-test-pd', 'theft');
SELECT sharing_guard.set_mode('observe');
INSERT INTO queue VALUES (3, 'reno-test-pd', 'theft');
SELECT sharing_guard.set_mode('enforce');
INSERT INTO queue VALUES (4, 'reno-test-pd', 'theft');
-- The next row counts, within one transaction too.
BEGIN;
SELECT sharing_guard.set_mode('observe');
INSERT INTO queue VALUES (4, 'reno-test-pd', 'theft');
SELECT sharing_guard.set_mode('enforce');
SAVEPOINT s;
INSERT INTO queue VALUES (5, 'reno-test-pd', 'theft');
ROLLBACK TO s;
ROLLBACK;
INSERT INTO queue VALUES (4, 'reno-test-pd', 'theft');
SELECT sharing_guard.set_mode('never');
SELECT sharing_guard.set_mode('observe', 'pg_class');
\set VERBOSITY default
-- Each change of mode has an author.
SELECT relation, operation, session_role = session_user AS who,
       old_row->>'mode' AS old_mode, new_row->>'mode' AS new_mode
FROM sharing_guard.policy_changes
WHERE old_row->>'mode' <> new_row->>'mode' ORDER BY event_id;
DROP TABLE queue;
