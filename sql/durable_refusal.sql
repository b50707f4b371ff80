-- What is held back is recorded before the client hears of it, whatever becomes
-- of the transaction.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set SHOW_CONTEXT never
CREATE TABLE strict_outbox (id int PRIMARY KEY, dest text, why text);
SELECT sharing_guard.protect_export('strict_outbox', destination => 'dest', purpose => 'why', data_class => 'alpr', mode => 'enforce');
CREATE TABLE lenient_outbox (id int PRIMARY KEY, dest text, why text);
SELECT sharing_guard.protect_export('lenient_outbox', destination => 'dest', purpose => 'why', data_class => 'alpr', on_block => 'skip_row', mode => 'enforce');
CREATE VIEW recorded AS
SELECT r.record_key::int AS key, a.relation, r.outcome, r.rows_blocked
FROM sharing_guard.audit_rows r JOIN sharing_guard.audit a USING (event_id);
\set VERBOSITY terse

-- Refused: alone, in a transaction, under a savepoint, swallowed.
INSERT INTO strict_outbox VALUES (1, 'reno-test-pd', 'stolen vehicle');
BEGIN;
INSERT INTO strict_outbox VALUES (2, 'reno-test-pd', 'stolen vehicle');
ROLLBACK;
BEGIN;
SAVEPOINT s;
INSERT INTO strict_outbox VALUES (3, 'reno-test-pd', 'stolen vehicle');
ROLLBACK TO s;
INSERT INTO strict_outbox VALUES (4, 'oakdale-pd', 'stolen vehicle');
COMMIT;
DO $$
BEGIN
    FOR i IN 5 .. 7 LOOP
        BEGIN
            INSERT INTO strict_outbox VALUES (i, 'reno-test-pd', 'stolen vehicle');
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
END $$;
SELECT * FROM recorded ORDER BY key;

-- While its transaction is still open, another one sees it: it is committed.
BEGIN;
SAVEPOINT s;
INSERT INTO strict_outbox VALUES (8, 'reno-test-pd', 'stolen vehicle');
ROLLBACK TO s;
SELECT outcome, pg_xact_status(transaction_id) FROM sharing_guard.audit JOIN recorded USING (relation, outcome)
WHERE key = 8 ORDER BY occurred_at DESC LIMIT 1;
ROLLBACK;

-- Skipped: durable when the statement returns, though what went out with it is
-- rolled back.
BEGIN;
INSERT INTO lenient_outbox VALUES (11, 'oakdale-pd', 'x theft'), (12, 'reno-test-pd', 'x theft'), (13, 'reno-test-pd', 'y theft');
ROLLBACK;
BEGIN;
SAVEPOINT s;
INSERT INTO lenient_outbox VALUES (14, 'reno-test-pd', 'x theft');
ROLLBACK TO s;
COMMIT;
-- ... and when it fails half way.
INSERT INTO lenient_outbox SELECT CASE WHEN i < 18 THEN i ELSE 1 / (18 - i) END, 'reno-test-pd', 'theft'
FROM generate_series(15, 18) i;
DO $$
BEGIN
    INSERT INTO lenient_outbox SELECT CASE WHEN i < 21 THEN i ELSE 1 / (21 - i) END, 'reno-test-pd', 'theft'
    FROM generate_series(19, 21) i;
EXCEPTION WHEN division_by_zero THEN
    NULL;
END $$;
-- (that is left for the writer, without waiting)
DO $$
BEGIN
    FOR i IN 1 .. 100 LOOP
        EXIT WHEN (SELECT count(*) FROM sharing_guard.audit_rows WHERE record_key IN ('20', '17')) = 2;
        PERFORM pg_sleep(0.05);
    END LOOP;
END $$;
SELECT * FROM recorded WHERE key > 10 ORDER BY key;
-- No event is there twice, and none of the rows is.
SELECT count(*), count(DISTINCT key) FROM recorded;
SELECT id FROM strict_outbox UNION ALL SELECT id FROM lenient_outbox ORDER BY id;

-- The revision of a policy that was never committed is not named: its number
-- will be another's.
BEGIN;
UPDATE sharing_guard.agency SET status = 'inactive' WHERE agency_id = 'oakdale-pd';
SAVEPOINT s;
INSERT INTO strict_outbox VALUES (31, 'oakdale-pd', 'stolen vehicle');
ROLLBACK;
SELECT policy_revision IS NULL AS unnamed, agency_status FROM sharing_guard.audit
WHERE event_id IN (SELECT event_id FROM sharing_guard.audit_rows WHERE record_key = '31');

-- The events have transactions of their own.
SELECT count(*) > 0 AS own_transactions FROM sharing_guard.audit
WHERE outcome = 'block' AND transaction_id IS NOT NULL;
SELECT writer_state, queue_depth, events_failed, refusals, problems FROM sharing_guard.health;
SELECT what FROM sharing_guard.health_history ORDER BY occurred_at DESC LIMIT 1;

DROP VIEW recorded;
DROP TABLE strict_outbox, lenient_outbox;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
