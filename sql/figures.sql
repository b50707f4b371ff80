-- Figures of a period and of the last 90 days, and who looked for a plate.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set superuser :USER
SET client_min_messages = warning;
CREATE ROLE regress_sg_reviewer LOGIN;
SELECT sharing_guard.grant_auditor('regress_sg_reviewer') IS NOT NULL;
CREATE TABLE feed (id int PRIMARY KEY, dest text, why text, plate text, officer text, theirs text, case_no text);
SELECT sharing_guard.protect_export('feed', destination => 'dest', purpose => 'why', data_class => 'alpr',
    query_elements => 'plate', requesting_person => 'officer', recipient_person => 'theirs', case_number => 'case_no', mode => 'enforce') IS NOT NULL;
RESET client_min_messages;
INSERT INTO feed VALUES
    (8, 'riverbend-police-department', 'stolen vehicle', '7XYZ1', 'Officer E', NULL, '26-4'),
    (1, 'riverbend-police-department', 'stolen vehicle', '8XPL41', 'Officer A', NULL, '26-1'),
    (2, 'riverbend-police-department', 'stolen vehicle', '8XPL417', 'Officer A', NULL, '26-1'),
    (3, 'oakdale-pd', 'stolen vehicle', '8xpl-41', NULL, 'Deputy B', '26-2'),
    (4, 'oakdale-pd', 'inv', '7ABC123', NULL, 'Deputy B', NULL),
    (5, 'oakdale-pd', 'robbery, plate 8XPL41', '7ABC124', NULL, 'Deputy C', '26-3'),
    (6, 'oakdale-pd', 'robbery', NULL, NULL, 'Deputy C', '26-3');
DO $$ BEGIN
    INSERT INTO feed VALUES (7, 'reno-test-pd', 'deportation', '8XPL41', NULL, 'Agent D', NULL);
EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLERRM; END $$;
SELECT sharing_guard.seal() > 0 AS sealed;

-- This login has named people, and where it names none it must not pass for one.
SELECT status, regexp_replace(finding, '^login \S+', 'login ...') AS finding FROM sharing_guard.preflight() WHERE subject = 'shared login';

-- Once that is noted, an event of that login without a person is a shared login's.
INSERT INTO feed VALUES (9, 'riverbend-police-department', 'stolen vehicle', '7XYZ9', NULL, NULL, '26-9');
SELECT sharing_guard.note_shared_logins();
SELECT DISTINCT username_source FROM sharing_guard.audit_rows WHERE query_elements = '7XYZ9';
SELECT DISTINCT username_source FROM sharing_guard.audit_rows WHERE query_elements = '7XYZ1';
SELECT count(*) AS noted, bool_and(shared) AS shared, bool_and(length(first_person) = 32) AS digest FROM sharing_guard.shared_login;
DELETE FROM feed WHERE id = 9;
SELECT sharing_guard.seal() > 0 AS sealed;

\c - regress_sg_reviewer
-- A plate is looked up whole; what could be it is listed apart; the refused one is marked.
SELECT match, refused, query_elements, username, organization, recipient FROM sharing_guard.plate_searches('8xpl41');
SELECT query_elements, sharing_guard.plate_match(query_elements, NULL, '8XPL41') AS match, sharing_guard.plate_match(query_elements, NULL, '8XPL4I', true) AS alike
FROM unnest(ARRAY['8XPL41', '8 XPL 41', 'plate: 8xpl 41', '< 8XPL41', '~~ 8XPL41', 'plate=8XPL41', '8XPL417', 'plate=8XPL417', '{8ABC1,8XPL41}', '(8XPL41,CA)', '{8ABC1,8ABC2}',
    '~~ 8XPL%', '~~ 9%', '~~* 8xpl4_', 'similarity 8XPL41', 'right of ~~ X8XPL41Y', 'made with 8XPL', 'not known', '', NULL]) query_elements;
-- Letters first, with a space: no function of that name.
SELECT sharing_guard.plate_match(e, NULL, 'ABC123') FROM unnest(ARRAY['ABC 123', 'abc 123', 'abc-123', 'lower ABC123']) e;

SELECT username, organization, own, searches, refused, no_reason_per_100, vague_reason_per_100, no_case_per_100, different_plates FROM sharing_guard.by_user(1);
SELECT agency_id, recipient, class_then, class_now, rows_out, flagged, refused FROM sharing_guard.by_agency(1);
SELECT case_number, searches, refused, users, different_plates FROM sharing_guard.by_case(1);
SELECT plate, searches, refused, users, by_one_user FROM sharing_guard.by_plate(1);
SELECT count(*), count(DISTINCT weekday), sum(searches), sum(refused) FROM sharing_guard.by_hour(1);
SELECT sum(searches) AS searches, sum(refused) AS refused FROM sharing_guard.by_month(1);
SELECT figure, this_period, before, change_percent FROM sharing_guard.period_change(1);
-- The last 90 days are the same here.
SELECT (SELECT array_agg(u::text ORDER BY u::text) FROM (SELECT username, organization, searches FROM sharing_guard.by_user()) u)
     = (SELECT array_agg(u::text ORDER BY u::text) FROM (SELECT username, organization, searches FROM sharing_guard.by_user(1)) u) AS same;
-- What was done to the policy, a line for each act.
SELECT regexp_replace(what, 'adopted: \d+ rows', 'adopted: N rows') AS what, CASE WHEN changes < 100 THEN changes END AS changes FROM sharing_guard.policy_acts_90d WHERE what NOT LIKE '%setting%' ORDER BY first_event_id;

\c - :superuser
SET client_min_messages = warning;
DROP TABLE feed CASCADE;
SELECT sharing_guard.revoke_auditor('regress_sg_reviewer') IS NOT NULL;
DROP ROLE regress_sg_reviewer;
