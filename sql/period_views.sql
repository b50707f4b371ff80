-- What an auditor reads of a review period and of the last 90 days: one page, the
-- lines behind it, and what to look at first.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set superuser :USER
SET client_min_messages = warning;
CREATE ROLE regress_sg_reviewer LOGIN;
SELECT sharing_guard.grant_auditor('regress_sg_reviewer') IS NOT NULL;
CREATE TABLE feed (id int PRIMARY KEY, dest text, why text, plate text, officer text);
SELECT sharing_guard.protect_export('feed', destination => 'dest', purpose => 'why', data_class => 'rms',
    query_elements => 'plate', requesting_person => 'officer', mode => 'observe') IS NOT NULL;
RESET client_min_messages;

-- Eight unregistered recipients, one of them with most rows; and one row of many with a tag.
INSERT INTO feed SELECT i, 'Unknown Org ' || least(i, 8), 'stolen vehicle', 'P' || i, 'Officer A' FROM generate_series(1, 20) i;
INSERT INTO feed SELECT i, 'oakdale-pd', CASE i WHEN 21 THEN 'assist ICE' WHEN 22 THEN 'ICE deportation, help FBI' ELSE 'stolen vehicle' END, 'P' || i, 'Officer B' FROM generate_series(21, 60) i;
INSERT INTO feed VALUES (61, 'oakdale-pd', '', 'P61', 'Officer B'), (62, 'oakdale-pd', 'inv', 'P62', 'Officer C'), (63, 'reno-test-pd', 'robbery', 'P63', 'Officer C');
SELECT sharing_guard.seal() > 0 AS sealed;

\c - regress_sg_reviewer
-- One page: no figure is a union, and small recipients are counted together.
SELECT outcome, would_be_outcome, destination_class, recipient, recipients, rows_disclosed, rows_by_tag FROM sharing_guard.audit_90d_summary;
SELECT outcome, destination, rows_disclosed, rows_by_tag FROM sharing_guard.audit_90d_recipients WHERE destination = 'oakdale-pd' ORDER BY outcome, rows_disclosed;
-- The page of the period is the same, for its signature covers the same events.
SELECT count(*) AS different FROM (
    (SELECT * FROM sharing_guard.audit_summary(1) EXCEPT ALL SELECT * FROM sharing_guard.audit_90d_summary) UNION ALL
    (SELECT * FROM sharing_guard.audit_90d_summary EXCEPT ALL SELECT * FROM sharing_guard.audit_summary(1))) x;
SELECT (SELECT count(*) FROM sharing_guard.audit(1)) = (SELECT count(*) FROM sharing_guard.audit_90d) AS audit,
    (SELECT count(*) FROM sharing_guard.audit_rows(1)) = (SELECT count(*) FROM sharing_guard.audit_rows_90d) AS audit_rows,
    (SELECT count(*) FROM sharing_guard.flagged(1)) = (SELECT count(*) FROM sharing_guard.flagged_90d) AS flagged,
    (SELECT count(*) FROM sharing_guard.refused(1)) = (SELECT count(*) FROM sharing_guard.refused_90d) AS refused,
    (SELECT count(*) FROM sharing_guard.policy_changes(1)) = (SELECT count(*) FROM sharing_guard.policy_changes_90d) AS policy_changes;
SELECT count(*) FROM sharing_guard.audit(2);

-- What to look at first.
SELECT severity, events, username, recipient, reason, plate, tags, disposition FROM sharing_guard.to_review_90d
WHERE recipient NOT LIKE 'Unknown%';

-- A disposition belongs to a reason of an event.
SELECT event_id AS two FROM sharing_guard.audit WHERE 'federal_assist' = ANY (tags) \gset
SELECT rule_ids FROM sharing_guard.audit WHERE event_id = :'two';
SELECT sharing_guard.review_event(:'two', 'lawful', about => 'immigration') IS NOT NULL AS reviewed;
SELECT disposition, findings FROM sharing_guard.audit WHERE event_id = :'two';
SELECT sharing_guard.review_event(:'two', 'violation', 'no case', about => 'federal_assist') IS NOT NULL AS reviewed;
SELECT disposition, findings FROM sharing_guard.audit WHERE event_id = :'two';
\set VERBOSITY terse
SELECT sharing_guard.review_event(:'two', 'lawful', about => 'personal_use');
\set VERBOSITY default
-- A review of the whole event has the last word on all of them.
SELECT sharing_guard.review_event(:'two', 'follow_up') IS NOT NULL AS reviewed;
SELECT disposition, findings FROM sharing_guard.audit WHERE event_id = :'two';

-- Many at a time: first without changing anything.
SELECT sharing_guard.review_events('lawful', destination => 'Unknown Org%', dry_run => true);
SELECT count(*) FROM sharing_guard.chosen_events(destination => 'Unknown Org%');
SELECT sharing_guard.review_events('lawful', destination => 'Unknown Org%');
SELECT sharing_guard.review_events('lawful', plate => 'P6_', severity => 'out_of_state', dry_run => true);
SELECT sharing_guard.review_events('lawful', plate => 'P6_', dry_run => true);
SELECT count(*) AS not_reviewed FROM sharing_guard.to_review(1) WHERE disposition IS NULL;
SELECT count(*) AS defects FROM sharing_guard.act_defects();

-- A policy administrator changes what comes first; that is an event.
\c - :superuser
INSERT INTO sharing_guard.severity_order VALUES ('no_reason', 1);
SELECT kind FROM sharing_guard.severity ORDER BY rank LIMIT 1;
SELECT operation, relation, changed_key FROM sharing_guard.policy_changes WHERE relation LIKE '%severity%';
DELETE FROM sharing_guard.severity_order;
SET client_min_messages = warning;
DROP TABLE feed CASCADE;
SELECT sharing_guard.revoke_auditor('regress_sg_reviewer') IS NOT NULL;
DROP ROLE regress_sg_reviewer;
