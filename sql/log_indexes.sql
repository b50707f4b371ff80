-- What the DBA does with the log's indexes, between two events of one session:
-- whatever it is, the next event is in all of them.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS amcheck;
CREATE TABLE feed (id serial PRIMARY KEY, dest text);
SELECT sharing_guard.protect_export('feed', destination => 'dest', data_class => 'rms', mode => 'enforce');
CREATE FUNCTION pg_temp.send() RETURNS void LANGUAGE sql AS $$ INSERT INTO feed (dest) VALUES ('oakdale-pd') $$;
-- Every event of the log is in every index of it; those that amcheck cannot
-- look into are asked for what they have.
CREATE FUNCTION pg_temp.check_indexes(OUT btrees bigint, OUT others bigint) LANGUAGE plpgsql AS $$
DECLARE index record;
BEGIN
    btrees := 0; others := 0;
    FOR index IN SELECT i.indexrelid, am.amname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                 JOIN pg_am am ON am.oid = c.relam WHERE i.indrelid = 'sharing_guard.event'::regclass AND i.indisvalid LOOP
        IF index.amname = 'btree' THEN
            PERFORM bt_index_check(index.indexrelid, true);
            btrees := btrees + 1;
        ELSE
            others := others + 1;
        END IF;
    END LOOP;
END $$;
SELECT pg_temp.send();
SELECT btrees AS before, others AS others_before FROM pg_temp.check_indexes() \gset

-- Made, of every kind: plain, partial, of an expression, both, and not a btree.
CREATE INDEX dba_plain ON sharing_guard.event (operation);
SELECT pg_temp.send();
CREATE INDEX dba_partial ON sharing_guard.event (operation) WHERE kind = 'disclosure';
SELECT pg_temp.send();
CREATE FUNCTION dba_is_ours(channel text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN channel = 'export_row'; END $$;
CREATE INDEX dba_function ON sharing_guard.event (occurred_at) WHERE dba_is_ours(channel);
CREATE INDEX dba_expression ON sharing_guard.event (upper(destination)) WHERE rows_disclosed > 0;
CREATE INDEX dba_hash ON sharing_guard.event USING hash (event_id);
CREATE INDEX dba_brin ON sharing_guard.event USING brin (occurred_at);
CREATE INDEX dba_gin ON sharing_guard.event USING gin ((ARRAY[record_key]));
SELECT pg_temp.send() FROM generate_series(1, 3);
BEGIN; SELECT pg_temp.send(); COMMIT;
SELECT btrees - :before AS of_the_dba, others - :others_before AS others FROM pg_temp.check_indexes();
SET enable_seqscan = off;
SELECT count(*) FROM sharing_guard.event WHERE ARRAY[record_key] && ARRAY['7', '8'];
SELECT count(*) FROM sharing_guard.event
WHERE event_id = ANY (ARRAY(SELECT a.event_id FROM sharing_guard.audit a WHERE relation = 'public.feed'));
RESET enable_seqscan;

-- What its condition calls may be made another, in another language.
CREATE OR REPLACE FUNCTION dba_is_ours(channel text) RETURNS bool IMMUTABLE LANGUAGE sql AS $$ SELECT channel || '' = 'export_row' $$;
SELECT pg_temp.send() FROM generate_series(1, 2);
SELECT pg_temp.send();
CREATE OR REPLACE FUNCTION dba_is_ours(channel text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN channel = 'export_row'; END $$;
SELECT pg_temp.send();
SELECT btrees - :before AS of_the_dba, others - :others_before AS others FROM pg_temp.check_indexes();

-- Made anew, renamed, and made and undone within a transaction that sends.
REINDEX TABLE sharing_guard.event;
SELECT pg_temp.send();
REINDEX INDEX CONCURRENTLY sharing_guard.dba_partial;
SELECT pg_temp.send();
ALTER INDEX sharing_guard.dba_plain RENAME TO dba_plainer;
SELECT pg_temp.send();
BEGIN;
SELECT pg_temp.send();
SAVEPOINT s;
CREATE INDEX dba_undone ON sharing_guard.event (kind) WHERE kind <> 'policy_change';
SELECT pg_temp.send();
-- an event that is written at once, within the transaction
UPDATE sharing_guard.agency SET name = 'Oakdale Police' WHERE agency_id = 'oakdale-pd';
ROLLBACK TO s;
UPDATE sharing_guard.agency SET name = 'Oakdale Police Department' WHERE agency_id = 'oakdale-pd';
SELECT pg_temp.send();
DROP INDEX sharing_guard.dba_expression;
UPDATE sharing_guard.agency SET name = 'Oakdale Police' WHERE agency_id = 'oakdale-pd';
COMMIT;
BEGIN;
DROP INDEX sharing_guard.dba_function;
UPDATE sharing_guard.agency SET name = 'Oakdale Police Department' WHERE agency_id = 'oakdale-pd';
ROLLBACK;
SELECT pg_temp.send();
SELECT btrees - :before AS of_the_dba, others - :others_before AS others FROM pg_temp.check_indexes();

-- CONCURRENTLY, and moved, and taken away.
CREATE INDEX CONCURRENTLY dba_later ON sharing_guard.event (channel, occurred_at);
SELECT pg_temp.send();
DROP INDEX CONCURRENTLY sharing_guard.dba_plainer;
SELECT pg_temp.send();
VACUUM FULL sharing_guard.event;
SELECT pg_temp.send();
ALTER TABLE sharing_guard.event ADD COLUMN dba_note text DEFAULT 'x';
SELECT pg_temp.send();
SELECT btrees - :before AS of_the_dba, others - :others_before AS others FROM pg_temp.check_indexes();
SELECT count(*) AS sent, (SELECT count(*) FROM sharing_guard.audit_rows WHERE relation = 'public.feed') AS recorded FROM feed;

-- Whether an event is in a partial index is known when the row is complete: a
-- column that is generated, or a BEFORE trigger of the DBA's, may decide it.
ALTER TABLE sharing_guard.event ADD COLUMN dba_generated text GENERATED ALWAYS AS (lower(kind)) STORED;
CREATE INDEX dba_by_generated ON sharing_guard.event (event_id) WHERE dba_generated = 'disclosure';
SELECT pg_temp.send();
SELECT btrees - :before AS of_the_dba, others - :others_before AS others FROM pg_temp.check_indexes();
ALTER TABLE sharing_guard.event DROP COLUMN dba_generated;
CREATE INDEX dba_by_trigger ON sharing_guard.event (event_id) WHERE dba_note = 'seen';
SELECT pg_temp.send();
CREATE FUNCTION dba_notes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.dba_note := 'seen'; RETURN NEW; END $$;
CREATE TRIGGER dba_notes BEFORE INSERT ON sharing_guard.event FOR EACH ROW EXECUTE FUNCTION dba_notes();
SELECT pg_temp.send();
SELECT btrees - :before AS of_the_dba, others - :others_before AS others FROM pg_temp.check_indexes();
DROP TRIGGER dba_notes ON sharing_guard.event;
DROP FUNCTION dba_notes;
DROP INDEX sharing_guard.dba_by_trigger;
SELECT pg_temp.send();

-- A trigger on the log that makes another event, while the first is written.
CREATE FUNCTION dba_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN UPDATE sharing_guard.agency SET name = name || '.' WHERE agency_id = 'cedar-so'; RETURN NULL; END $$;
CREATE TRIGGER dba_changes AFTER INSERT ON sharing_guard.event FOR EACH ROW WHEN (NEW.kind = 'disclosure') EXECUTE FUNCTION dba_changes();
SELECT pg_temp.send() FROM generate_series(1, 2);
CREATE OR REPLACE FUNCTION dba_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CREATE INDEX IF NOT EXISTS dba_in_midst ON feed (dest);
    UPDATE sharing_guard.agency SET name = name || '.' WHERE agency_id = 'cedar-so';
    ANALYZE feed;
    RETURN NULL;
END $$;
SELECT pg_temp.send() FROM generate_series(1, 2);
DROP TRIGGER dba_changes ON sharing_guard.event;
SELECT btrees - :before AS of_the_dba, others - :others_before AS others FROM pg_temp.check_indexes();

-- The extension made anew in one transaction, and that undone.
TRUNCATE feed;
BEGIN;
INSERT INTO feed (dest) VALUES ('oakdale-pd');
SAVEPOINT s;
DROP TABLE feed;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
SELECT sharing_guard.configure('US-CA', 'Riverbend Police Department', 'America/Los_Angeles', 'the privacy officer');
SELECT count(*) > 0 AS written FROM sharing_guard.event;
ROLLBACK TO s;
UPDATE sharing_guard.agency SET name = 'Oakdale Police' WHERE agency_id = 'oakdale-pd';
COMMIT;
SELECT pg_temp.send();
SELECT btrees - :before AS of_the_dba, others - :others_before AS others FROM pg_temp.check_indexes();
-- all of them under one id of the log, which is the one there is
SELECT count(*) FROM sharing_guard.event e LEFT JOIN sharing_guard.log l USING (log_id) WHERE l.log_id IS NULL;
DROP TABLE feed;
BEGIN;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
SELECT sharing_guard.configure('US-CA', 'Riverbend Police Department', 'America/Los_Angeles', 'the privacy officer');
COMMIT;
SELECT count(*) > 0 AS written FROM sharing_guard.event;
SELECT btrees - :before AS of_the_dba, others - :others_before AS others FROM pg_temp.check_indexes();
SELECT count(*) FROM sharing_guard.event e LEFT JOIN sharing_guard.log l USING (log_id) WHERE l.log_id IS NULL;
DROP FUNCTION dba_is_ours, dba_changes;
DROP EXTENSION amcheck;
