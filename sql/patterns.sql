-- Patterns that a person should look at: each with searches that show it, and
-- beside them ordinary work that must not be listed.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set superuser :USER
SET client_min_messages = warning;
CREATE ROLE regress_sg_reviewer LOGIN;
SELECT sharing_guard.grant_auditor('regress_sg_reviewer') IS NOT NULL;
RESET client_min_messages;

-- Searches of the past weeks, by local time; day 1 is twenty days ago.
CREATE FUNCTION pg_temp.search(who text, day int, clock time, plate text, case_no text DEFAULT '26-1', outcome text DEFAULT 'allow',
    dest text DEFAULT 'riverbend-police-department', theirs text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
    INSERT INTO sharing_guard.event (event_id, occurred_at, kind, policy_revision, rows_disclosed, rows_blocked,
        username, username_source, session_role, acting_role, operation, relation, channel, data_class, destination,
        destination_class, outcome, would_be_outcome, tags, rule_ids, flag_reasons, purposes, query_elements, case_numbers,
        requesting_persons, recipient_persons)
    SELECT sharing_guard.new_event_id(),
        ((current_timestamp AT TIME ZONE sharing_guard.time_zone())::date - 21 + day + clock) AT TIME ZONE sharing_guard.time_zone(),
        'disclosure', 1, CASE outcome WHEN 'block' THEN 0 ELSE 1 END, CASE outcome WHEN 'block' THEN 1 ELSE 0 END,
        coalesce(who, 'app'), CASE WHEN who IS NULL THEN 'login' ELSE 'person' END, 'app', 'app', 'SELECT', 'public.read', 'self_access', 'alpr', dest,
        'self', outcome, outcome, '{}', '{}', '{}', '{stolen vehicle}', ARRAY[plate], ARRAY[case_no],
        CASE WHEN who IS NOT NULL THEN ARRAY[who] END, CASE WHEN theirs IS NOT NULL THEN ARRAY[theirs] END
$$;
-- Ordinary work: five days, two off, plates of the day, with cases.
SELECT count(pg_temp.search('Officer Plain', d, '10:00', 'P' || d || n)) FROM generate_series(1, 14) d, generate_series(1, 3) n WHERE d % 7 BETWEEN 1 AND 5;
-- One plate again and again; the same number on a single day is an afternoon's work.
SELECT count(pg_temp.search('Officer Again', d, '11:00', '7 abc-123')) FROM generate_series(1, 5) d, generate_series(1, 2) n;
SELECT count(pg_temp.search('Officer Once', 3, '11:00', '7ABC999')) FROM generate_series(1, 12) n;
-- More days in a row than a rota has.
SELECT count(pg_temp.search('Officer Always', d, '12:00', 'Q' || d)) FROM generate_series(1, 12) d;
-- Outside the shifts: nights of a day officer. Overtime of half an hour is none.
INSERT INTO sharing_guard.shift
SELECT p, (current_timestamp AT TIME ZONE sharing_guard.time_zone())::date - 21 + d + time '08:00', (current_timestamp AT TIME ZONE sharing_guard.time_zone())::date - 21 + d + time '18:00'
FROM unnest(ARRAY['Officer Night', 'Officer Late']) p, generate_series(1, 7) d;
SELECT count(pg_temp.search('Officer Night', d, '02:30', 'N' || d)) FROM generate_series(2, 7) d;
SELECT count(pg_temp.search('Officer Late', d, '18:30', 'L' || d)) FROM generate_series(1, 6) d;
-- A burst, and as many over a day.
SELECT count(pg_temp.search('Officer Burst', 4, '14:00'::time + n * interval '30 seconds', 'B' || n)) FROM generate_series(1, 65) n;
SELECT count(pg_temp.search('Officer Steady', 4, '08:00'::time + n * interval '8 minutes', 'S' || n)) FROM generate_series(1, 65) n;
-- No cases; and most with one.
SELECT count(pg_temp.search('Officer Nocase', d, '09:00', 'C' || d || n, CASE WHEN d = 1 AND n < 3 THEN '26-5' END)) FROM generate_series(1, 5) d, generate_series(1, 8) n;
SELECT count(pg_temp.search('Officer Somecase', d, '09:00', 'D' || d || n, CASE WHEN n < 4 THEN '26-6' END)) FROM generate_series(1, 5) d, generate_series(1, 8) n;
-- Refused to another agency, and then searched by one of our own; another time nine days later.
SELECT count(pg_temp.search(NULL, 5, '10:00', '8REL1', NULL, 'block', 'reno-test-pd', 'Agent X')), count(pg_temp.search('Officer Relay', 7, '10:00', '8REL1'));
SELECT count(pg_temp.search(NULL, 5, '10:00', '8REL2', NULL, 'block', 'reno-test-pd', 'Agent X')), count(pg_temp.search('Officer Plain', 15, '10:00', '8REL2'));

\c - regress_sg_reviewer
SELECT pattern, person, regexp_replace(to_look_at, '\d{4}-\d\d-\d\d', 'DAY', 'g') AS to_look_at, score, cardinality(events) AS events, not_reviewed FROM sharing_guard.patterns();
-- Who has left, and who was never here; only where there is a list.
\c - :superuser
INSERT INTO sharing_guard.staff (person, active_from, active_until)
SELECT 'Officer ' || n, '2020-01-01', CASE n WHEN 'Burst' THEN (current_timestamp AT TIME ZONE sharing_guard.time_zone())::date - 19 END
FROM unnest(ARRAY['Plain', 'Again', 'Once', 'Always', 'Night', 'Late', 'Burst', 'Steady', 'Nocase', 'Somecase']) n;
\c - regress_sg_reviewer
SELECT pattern, person, to_look_at FROM sharing_guard.patterns() WHERE pattern IN ('after_leaving', 'not_in_staff');
-- They are reviewed as flags are.
SELECT count(sharing_guard.review_event(e, 'lawful', 'a stake-out')) FROM sharing_guard.patterns() p, unnest(p.events) e WHERE p.person = 'Officer Night';
SELECT person, not_reviewed FROM sharing_guard.patterns() WHERE person = 'Officer Night';
-- The work list.
SELECT sharing_guard.assign_review('regress_sg_reviewer', (current_timestamp AT TIME ZONE sharing_guard.time_zone())::date - 1, p.events, 'ask the sergeant') FROM sharing_guard.patterns() p WHERE p.pattern = 'relay';
SELECT assignee, overdue, note, username FROM sharing_guard.review_queue;
SELECT sharing_guard.review_event(event_id, 'lawful') IS NOT NULL AS reviewed FROM sharing_guard.review_queue;
SELECT count(*) FROM sharing_guard.review_queue;
\set VERBOSITY terse
SELECT sharing_guard.assign_review('nobody', current_date, ARRAY[sharing_guard.log_id()]);
SELECT sharing_guard.assign_review('regress_sg_reviewer', current_date, '{}');
INSERT INTO sharing_guard.staff VALUES ('Officer Friend', NULL, '2020-01-01');
\set VERBOSITY default
-- A threshold is data.
\c - :superuser
INSERT INTO sharing_guard.pattern_threshold VALUES ('consecutive_days', 13);
SELECT count(*) FROM sharing_guard.patterns() WHERE pattern = 'consecutive_days';
SELECT relation, count(*) FROM sharing_guard.policy_changes WHERE relation IN ('sharing_guard.staff', 'sharing_guard.shift', 'sharing_guard.pattern_threshold') GROUP BY relation ORDER BY relation;
DELETE FROM sharing_guard.pattern_threshold;
DELETE FROM sharing_guard.staff;
DELETE FROM sharing_guard.shift;
SET client_min_messages = warning;
SELECT sharing_guard.revoke_auditor('regress_sg_reviewer') IS NOT NULL;
DROP ROLE regress_sg_reviewer;
