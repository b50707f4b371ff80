-- Revisions of the policy are numbered when the commit begins.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
RESET client_min_messages;
SELECT sharing_guard.configure('US-CA', 'Anytown Police Department',
                               'America/Los_Angeles', 'the records unit');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level) VALUES
('fbi', 'FBI', 'US', 'federal');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, destination_classes) VALUES
('a', 'A', 'block', '{federal}');
CREATE TEMP TABLE mark AS SELECT revision FROM sharing_guard.policy_revision;
CREATE FUNCTION pg_temp.revisions_since() RETURNS bigint LANGUAGE sql AS $$
    WITH old AS (SELECT revision FROM mark)
    SELECT r.revision - old.revision FROM sharing_guard.policy_revision AS r, old
$$;
SELECT sharing_guard.adopt_policy('us-ca') IS NOT NULL AS adopted LIMIT 1;
CREATE TABLE outbox (id int PRIMARY KEY, dest text);
SELECT sharing_guard.protect_export('outbox', destination => 'dest', data_class => 'rms', mode => 'enforce');
UPDATE mark SET revision = r.revision FROM sharing_guard.policy_revision r;
-- One for each statement that was not rolled back.  A row that was exported in
-- between names the one it was decided under; a refusal, which outlives the
-- transaction, names none of them
INSERT INTO outbox VALUES (1, 'FBI');
BEGIN;
UPDATE sharing_guard.rule SET outcome = 'allow' WHERE rule_id = 'a';
INSERT INTO outbox VALUES (2, 'FBI');
SAVEPOINT undone;
UPDATE sharing_guard.rule SET description = 'Z' WHERE rule_id = 'a';
INSERT INTO outbox VALUES (3, 'FBI');
ROLLBACK TO undone;
SAVEPOINT s;
UPDATE sharing_guard.rule SET outcome = 'block' WHERE rule_id = 'a';
SAVEPOINT refused;
INSERT INTO outbox VALUES (4, 'FBI');
ROLLBACK TO refused;
RELEASE s;
UPDATE sharing_guard.rule SET outcome = 'flag' WHERE rule_id = 'a';
INSERT INTO outbox VALUES (5, 'FBI');
ALTER TABLE outbox RENAME dest TO receiver;
INSERT INTO outbox VALUES (6, 'FBI');
SELECT pg_temp.revisions_since();
COMMIT;
SELECT pg_temp.revisions_since();
SELECT a.record_key, a.outcome, a.policy_revision - m.revision AS revision_since
FROM sharing_guard.audit_rows a, mark m WHERE a.relation = 'public.outbox' ORDER BY a.record_key::int;
SELECT c.operation, c.relation, c.new_row ->> 'outcome' AS outcome, c.policy_revision - m.revision AS revision_since
FROM sharing_guard.policy_changes c, mark m WHERE c.policy_revision > m.revision ORDER BY c.policy_revision, c.occurred_at;
-- Some of many subtransactions fail
UPDATE mark SET revision = r.revision FROM sharing_guard.policy_revision r;
DO $$
BEGIN
    FOR i IN 1 .. 50 LOOP
        BEGIN
            UPDATE sharing_guard.rule SET description = 'D' || i WHERE rule_id = 'a';
            IF i % 3 = 0 THEN RAISE 'enough'; END IF;
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
    END LOOP;
END $$;
SELECT pg_temp.revisions_since(), count(*) AS events, count(DISTINCT c.policy_revision) AS distinct,
    max(c.policy_revision) - max(m.revision) AS last
FROM sharing_guard.policy_changes c, mark m WHERE c.policy_revision > m.revision;
-- Far more events than fit into memory
SET work_mem = 64;
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
SELECT 'many-' || i, 'Many ' || i, 'US-CA', 'local' FROM generate_series(1, 2000) i;
RESET work_mem;
SELECT count(*) FROM sharing_guard.policy_changes WHERE changed_key LIKE 'many-%' AND policy_revision IS NOT NULL;
-- COMMIT PREPARED may come at any time
BEGIN;
UPDATE sharing_guard.rule SET outcome = 'block' WHERE rule_id = 'a';
PREPARE TRANSACTION 'changes policy';
-- A trigger on the log changes the policy in turn, while the commit is on its way
CREATE FUNCTION busy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sharing_guard.rule SET description = description || '.' WHERE rule_id = 'a';
    BEGIN
        UPDATE sharing_guard.rule SET description = 'undone' WHERE rule_id = 'a';
        RAISE 'enough';
    EXCEPTION WHEN raise_exception THEN
        UPDATE sharing_guard.rule SET description = description || '!' WHERE rule_id = 'a';
    END;
    RETURN NULL;
END $$;
CREATE TRIGGER busy AFTER INSERT ON sharing_guard.event FOR EACH ROW
    WHEN (NEW.kind = 'disclosure' OR NEW.new_row ->> 'description' = 'start') EXECUTE FUNCTION busy();
UPDATE mark SET revision = r.revision FROM sharing_guard.policy_revision r;
INSERT INTO outbox VALUES (7, 'FBI');
UPDATE sharing_guard.rule SET description = 'start' WHERE rule_id = 'a';
DROP TRIGGER busy ON sharing_guard.event;
DROP FUNCTION busy();
SELECT c.new_row ->> 'description' AS description, c.policy_revision - m.revision AS revision_since
FROM sharing_guard.policy_changes c, mark m WHERE c.policy_revision > m.revision ORDER BY c.policy_revision;
SELECT pg_temp.revisions_since();
SELECT sharing_guard.unprotect('outbox');
DROP TABLE outbox;
-- The extension goes with the change
BEGIN;
UPDATE sharing_guard.rule SET description = 'gone' WHERE rule_id = 'a';
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
COMMIT;
