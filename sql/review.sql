-- The review cycle: periods, what was found, signatures.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set superuser :USER
SET client_min_messages = error;
CREATE ROLE regress_sg_alice LOGIN;
CREATE ROLE regress_sg_bob LOGIN;
CREATE ROLE regress_sg_clerk LOGIN;
SELECT sharing_guard.grant_auditor('regress_sg_alice');
SELECT sharing_guard.grant_auditor('regress_sg_bob');
CREATE TABLE queue (id int PRIMARY KEY, dest text, why text);
GRANT INSERT ON queue TO regress_sg_clerk, regress_sg_bob;
SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce') IS NOT NULL;
RESET client_min_messages;

-- configure() has opened the first period: 90 days, from local midnight.
SELECT period_id, state, (ends_at AT TIME ZONE 'America/Los_Angeles')::date - (begins_at AT TIME ZONE 'America/Los_Angeles')::date AS days,
    (begins_at AT TIME ZONE 'America/Los_Angeles')::time AS begins,
    due_at - ends_at BETWEEN '29 days 23 hours' AND '30 days 1 hour' AS due_in_30, closed_at
FROM sharing_guard.review_status;

\c - regress_sg_clerk
INSERT INTO queue VALUES (1, 'oakdale-pd', 'stolen vehicle'), (2, 'oakdale-pd', ''),
    (3, 'oakdale-pd', 'inv'), (4, 'reno-test-pd', 'robbery'), (5, 'marshal-office', 'inv');
\c - :superuser

-- What is sealed belongs to the period that is open.
SELECT sharing_guard.seal() >= 0;
SELECT record_key, outcome, period_id, disposition FROM sharing_guard.audit_rows ORDER BY record_key;
SELECT count(*) = count(period_id) AS changes_too FROM sharing_guard.policy_changes;

-- Blank and vague purposes, summed up by user.
SELECT username, tag, events, events_not_reviewed, rows, sample_purposes, cardinality(sample_events)
FROM sharing_guard.vague_purposes_90d ORDER BY tag;

-- The auditor works flags off: by filter, and one by one.
\c - regress_sg_alice
SELECT sharing_guard.review_events('false positive', 'the shorthand of this unit', tag => 'vague_purpose');
SELECT sharing_guard.review_events('false positive', 'the shorthand of this unit', tag => 'vague_purpose') AS nothing_left;
SELECT sharing_guard.review_event(event_id, 'violation', 'no reason was given') IS NOT NULL
FROM sharing_guard.audit_rows WHERE record_key = '2';
-- The last word counts; the first stays on record.
SELECT sharing_guard.review_event(event_id, 'lawful') IS NOT NULL
FROM sharing_guard.audit_rows WHERE record_key = '2';
SELECT record_key, disposition FROM sharing_guard.audit_rows WHERE disposition IS NOT NULL ORDER BY record_key;
SELECT disposition, note, chosen_by, cardinality(event_ids), reviewer FROM sharing_guard.review ORDER BY review_id;
\set VERBOSITY terse
SELECT sharing_guard.review_event(event_id, 'false_positive') FROM sharing_guard.audit_rows WHERE record_key = '2';
SELECT sharing_guard.review_event(event_id, ' ') FROM sharing_guard.audit_rows WHERE record_key = '2';
SELECT sharing_guard.review_event('00000000-0000-0000-0000-000000000000', 'lawful');
SELECT sharing_guard.review_events('lawful');
SELECT sharing_guard.review_events('to_the_chief', destination => 'reno-test-pd');
\set VERBOSITY default

-- A weekly check.
SELECT sharing_guard.record_check('Looked at all flags of week 47; nothing new') IS NOT NULL;

-- An open period is not signed; an auditor can end it before its 90 days.
\set VERBOSITY terse
SELECT sharing_guard.sign_off(1, 'I have reviewed this period.');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT sharing_guard.close_period();
\c - :superuser

-- Who signs: no superuser, nobody who took part, only an auditor.
\set VERBOSITY terse
SELECT sharing_guard.sign_off(1, 'I have reviewed this period.');
SET ROLE regress_sg_alice;
SELECT sharing_guard.sign_off(1, 'I have reviewed this period.');
RESET ROLE;
\c - regress_sg_clerk
SELECT sharing_guard.sign_off(1, 'I have reviewed this period.');
\c - :superuser
\c - regress_sg_alice
SELECT sharing_guard.sign_off(99, 'I have reviewed this period.');
SELECT sharing_guard.sign_off(1, ' ');
SELECT sharing_guard.sign_off(2, 'I have reviewed this period.');
\set VERBOSITY default
-- Reading and reviewing are no obstacle.
SELECT split_part(s, E'\n', 1) AS line_1, regexp_replace(s, '.*(signer: .*)', '\1') AS last_lines
FROM sharing_guard.sign_off(1, 'I have reviewed this period.', E'two purposes were blank\nand one is odd') s;
-- Superseded, never undone.
SELECT sharing_guard.sign_off(1, 'I have reviewed this period again.') IS NOT NULL;
SELECT period_id, signer, statement, findings, stands, supersedes IS NOT NULL AS supersedes FROM sharing_guard.signatures ORDER BY signature_id;

-- What was signed: figures, and exactly these events.
SELECT period_id, state, disclosures, rows_disclosed, rows_blocked, flagged, flagged_not_reviewed, checks, signer, statement
FROM sharing_guard.review_status ORDER BY 1;
SELECT dimension, value, events, rows_disclosed, rows_blocked FROM sharing_guard.review_totals
WHERE period_id = 1 AND dimension IN ('outcome', 'class', 'tag', 'disposition') ORDER BY 1, 2;
SELECT p.end_index - p.first_index = count(*) AS all_leaves, min(r.leaf_index) = p.first_index AS from_first,
    max(r.leaf_index) = p.end_index - 1 AS to_last, count(*) FILTER (WHERE r.kind = 'disclosure') AS disclosures,
    count(*) FILTER (WHERE r.kind = 'review') > 0 AS reviews_too
FROM sharing_guard.review_status p, sharing_guard.review_period(1) r WHERE p.period_id = 1 GROUP BY p.first_index, p.end_index;
\c - :superuser
SELECT p.root_at_close = (SELECT root FROM sharing_guard.checkpoint WHERE tree_size = p.end_index) AS root_of_a_seal
FROM sharing_guard.review_status p WHERE period_id = 1;

-- An auditor who exports cannot sign the period that has it; a second one can.
\c - regress_sg_bob
INSERT INTO queue VALUES (6, 'oakdale-pd', 'stolen vehicle');
SELECT sharing_guard.close_period();
\set VERBOSITY terse
SELECT sharing_guard.sign_off(2, 'I have reviewed this period.');
\set VERBOSITY default
\c - :superuser
\c - regress_sg_alice
SELECT sharing_guard.sign_off(2, 'I have reviewed this period.') IS NOT NULL;
\c - :superuser

-- Where one auditor is to sign, another does so only if named to stand in.
SELECT sharing_guard.configure(NULL, NULL, NULL, review_auditor => 'regress_sg_alice', review_period_days => 30);
\c - regress_sg_bob
SELECT sharing_guard.close_period();
\set VERBOSITY terse
SELECT sharing_guard.sign_off(3, 'I have reviewed this period.');
SELECT sharing_guard.name_stand_in(3, 'regress_sg_clerk', 'is ill');
SELECT sharing_guard.name_stand_in(3, 'regress_sg_bob', 'is ill') IS NOT NULL;
SELECT sharing_guard.sign_off(3, 'I have reviewed this period.') IS NOT NULL;
\set VERBOSITY default
SELECT period_id, signer, stands_in_for FROM sharing_guard.signatures WHERE period_id = 3;
\c - :superuser
-- A shorter period counts from the next one on.
SELECT period_id, (ends_at AT TIME ZONE 'America/Los_Angeles')::date - (begins_at AT TIME ZONE 'America/Los_Angeles')::date AS days
FROM sharing_guard.review_status WHERE state = 'open';

-- A period without events is signed as well.  (A server that was down for
-- half a year: the periods of that time are empty.)
SELECT sharing_guard.open_periods('infinity', NULL);
SELECT sharing_guard.open_periods(now() + interval '62 days', NULL) AS opened;
SELECT period_id, state, events FROM sharing_guard.review_status WHERE period_id > 4 ORDER BY 1;
\c - regress_sg_alice
SELECT sharing_guard.sign_off(5, 'Nothing was recorded.') IS NOT NULL;
\c - :superuser

-- Every act is an event of its own, under who did it.
SELECT relation, session_role = 'regress_sg_alice' AS alice, count(*) FROM sharing_guard.event
WHERE kind = 'review' AND session_role LIKE 'regress_sg_%' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM sharing_guard.act_defects();

-- Nothing is taken back, by nobody; what a superuser forces is seen.
\set VERBOSITY terse
UPDATE sharing_guard.signature SET statement = 'other';
DELETE FROM sharing_guard.disposition;
TRUNCATE sharing_guard.period CASCADE;
\set VERBOSITY default
BEGIN;
ALTER TABLE sharing_guard.signature DISABLE TRIGGER protect_rows;
UPDATE sharing_guard.signature SET findings = NULL WHERE period_id = 1;
ALTER TABLE sharing_guard.disposition DISABLE TRIGGER protect_rows;
DELETE FROM sharing_guard.disposition WHERE disposition = 'violation';
ALTER TABLE sharing_guard.review_check DISABLE TRIGGER ALL;
DELETE FROM sharing_guard.review_check;
INSERT INTO sharing_guard.review_check (tree_id, period_id, note) VALUES (sharing_guard.own_tree(), 1, 'never was');
SELECT relation, detail FROM sharing_guard.act_defects() ORDER BY 1, 2;
ROLLBACK;

-- Settings that make no sense.
\set VERBOSITY terse
SELECT sharing_guard.configure(NULL, NULL, NULL, review_period_days => 91);
SELECT sharing_guard.configure(NULL, NULL, NULL, review_due_days => 91);
SELECT sharing_guard.configure(NULL, NULL, NULL, review_auditor => 'regress_sg_clerk');
SELECT sharing_guard.configure(NULL, NULL, NULL, retention_floor => '89 days');
SELECT sharing_guard.configure(NULL, NULL, NULL, log_capacity => '0');
SELECT sharing_guard.configure(NULL, NULL, NULL, review_auditor => '', log_capacity => '200 GB');
SELECT capacity_bytes, bytes_left < capacity_bytes AS some_left, days_to_full > 0 AS days, bytes_per_day > 0 AS growth FROM sharing_guard.log_capacity;

\set VERBOSITY default
SET client_min_messages = error;
DROP TABLE queue;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
DROP ROLE regress_sg_alice, regress_sg_bob, regress_sg_clerk;
