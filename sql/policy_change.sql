-- Every change of policy counts at once, and makes a new revision.
\set SHOW_CONTEXT never
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
RESET client_min_messages;
SELECT sharing_guard.configure('US-CA', 'Anytown Police Department',
                               'America/Los_Angeles', 'the records unit');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level) VALUES
('fbi', 'FBI', 'US', 'federal'), ('dea', 'DEA', 'US', 'federal');
CREATE TEMP TABLE mark AS SELECT revision FROM sharing_guard.policy_revision;
CREATE FUNCTION pg_temp.revisions_since() RETURNS bigint LANGUAGE sql AS $$
    WITH old AS (SELECT revision FROM mark)
    SELECT r.revision - old.revision FROM sharing_guard.policy_revision AS r, old
$$;
-- One statement, one revision, however many rows
INSERT INTO sharing_guard.rule (rule_id, description, outcome, destination_classes) VALUES
('a', 'A', 'flag', '{federal}'), ('b', 'B', 'flag', '{federal}');
SELECT pg_temp.revisions_since();
-- The same values again are no change
UPDATE sharing_guard.rule SET outcome = outcome, description = description || '';
SELECT pg_temp.revisions_since();
UPDATE sharing_guard.rule SET outcome = 'block' WHERE rule_id = 'a';
SELECT pg_temp.revisions_since();
DELETE FROM sharing_guard.rule WHERE rule_id = 'b';
SELECT pg_temp.revisions_since();
TRUNCATE sharing_guard.task_force;
SELECT pg_temp.revisions_since();
-- What is rolled back never was
BEGIN;
DELETE FROM sharing_guard.rule;
SELECT pg_temp.revisions_since();
SELECT outcome, rule_ids FROM sharing_guard.preview_decision('FBI', 'burglary', 'rms');
ROLLBACK;
SELECT pg_temp.revisions_since();
SELECT outcome, rule_ids FROM sharing_guard.preview_decision('FBI', 'burglary', 'rms');
BEGIN;
SAVEPOINT s;
UPDATE sharing_guard.rule SET outcome = 'allow';
SELECT outcome FROM sharing_guard.preview_decision('FBI', 'burglary', 'rms');
ROLLBACK TO s;
SELECT outcome FROM sharing_guard.preview_decision('FBI', 'burglary', 'rms');
COMMIT;
-- A replica session cannot change policy unseen
SET session_replication_role = replica;
UPDATE sharing_guard.rule SET outcome = 'flag';
RESET session_replication_role;
SELECT pg_temp.revisions_since();
SELECT outcome FROM sharing_guard.preview_decision('FBI', 'burglary', 'rms');
-- Whoever may change one policy table needs no rights on the counter
CREATE ROLE regress_sg_editor;
GRANT USAGE ON SCHEMA sharing_guard TO regress_sg_editor;
GRANT SELECT, UPDATE ON sharing_guard.rule TO regress_sg_editor;
SET ROLE regress_sg_editor;
UPDATE sharing_guard.rule SET outcome = 'block';
UPDATE sharing_guard.policy_revision SET revision = 0;
SELECT current_user;
RESET ROLE;
SELECT pg_temp.revisions_since();
-- Nobody may ask but those who were granted it; asking needs no other rights
SET ROLE regress_sg_editor;
SELECT outcome FROM sharing_guard.preview_decision('FBI', 'burglary', 'rms');
RESET ROLE;
GRANT EXECUTE ON FUNCTION sharing_guard.preview_decision TO regress_sg_editor;
SET ROLE regress_sg_editor;
SET search_path = pg_temp;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT outcome FROM sharing_guard.preview_decision('FBI', 'burglary', 'rms');
COMMIT;
RESET search_path;
RESET ROLE;
DROP OWNED BY regress_sg_editor;
DROP ROLE regress_sg_editor;
-- After a restore numbers go on behind those of the dump
INSERT INTO sharing_guard.dumped_log VALUES (now(), sharing_guard.log_id(), 0, 0, 3);
SELECT pg_temp.revisions_since();
INSERT INTO sharing_guard.dumped_log VALUES (now(), sharing_guard.log_id(), 0, 0, 1000000);
UPDATE sharing_guard.setting SET contact = contact || '.';
SELECT * FROM sharing_guard.policy_revision;
-- A rule in disorder stops decisions rather than being passed over
ALTER TABLE sharing_guard.rule DISABLE TRIGGER rule_check;
UPDATE sharing_guard.rule SET channels = '{}';
SELECT outcome FROM sharing_guard.preview_decision('FBI', 'burglary', 'rms');
SELECT current_user = session_user AS same_user;
UPDATE sharing_guard.rule SET channels = NULL;
ALTER TABLE sharing_guard.rule ENABLE TRIGGER rule_check;
SELECT outcome FROM sharing_guard.preview_decision('FBI', 'burglary', 'rms');
-- A parallel leader, which may take no snapshot, reads a changed policy as well
CREATE TABLE many AS SELECT i FROM generate_series(1, 1000) i;
CREATE FUNCTION leader_outcome(int) RETURNS text LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    AS $$ BEGIN RETURN (SELECT outcome FROM sharing_guard.preview_decision('FBI', 'burglary', 'rms')); END $$;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS off) SELECT leader_outcome(max(i)) FROM many WHERE i < 8;
UPDATE sharing_guard.agency SET note = 'changed' WHERE agency_id = 'fbi';
SELECT leader_outcome(max(i)) FROM many WHERE i < 8;
DROP FUNCTION leader_outcome;
DROP TABLE many;
