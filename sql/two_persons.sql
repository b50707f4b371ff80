-- The persons at both ends, and a purpose of several columns.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
CREATE TABLE search_request (
    request_id bigint PRIMARY KEY,
    agency text,
    officer text,
    plate text,
    reason text,
    offense text
);
-- A log of searches that our own people and other agencies' officers make: one
-- column names the officer, and which end that is follows from the agency.
SELECT sharing_guard.protect_export('search_request', destination => 'agency',
    purpose => 'reason, offense', query_elements => 'plate', data_class => 'alpr',
    requesting_person => 'officer', recipient_person => 'officer', mode => 'enforce');
SELECT role, position, column_name FROM sharing_guard.guard_column
WHERE role IN ('purpose', 'requesting_person', 'recipient_person') ORDER BY role, position;

INSERT INTO search_request VALUES
    (1, 'oakdale-pd', 'Ofc. Lee', '7ABC123', 'stolen vehicle', 'auto theft'),
    (2, 'riverbend-police-department', 'Ofc. Diaz', '8XYZ999', 'stolen vehicle', 'auto theft'),
    -- Only one of the two columns says something.
    (3, 'oakdale-pd', 'Ofc. Lee', '7ABC124', ' ', 'homicide'),
    (4, 'oakdale-pd', 'Ofc. Ray', '7ABC125', 'missing person', NULL),
    -- Neither does.
    (5, 'oakdale-pd', ' ', '7ABC126', '', NULL);
SELECT record_key, username, username_source, organization, requesting_person,
       recipient_person, destination, purpose, purpose_parts, tags
FROM sharing_guard.audit_rows ORDER BY record_key;
-- Whoever is at the other end is nobody of ours: our login did it.
SELECT username, username_source, requesting_person, recipient_person, count(*)
FROM sharing_guard.audit GROUP BY 1, 2, 3, 4 ORDER BY 4, 1;

-- The parts are judged together, and kept apart even where one holds the
-- character that stands between them.
\set VERBOSITY terse
INSERT INTO search_request VALUES (6, 'oakdale-pd', 'Ofc. Lee', '7ABC127', 'assist', 'ICE detainer');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO search_request VALUES (7, 'oakdale-pd', 'Ofc. Lee', '7ABC128', 'stolen' || chr(31) || 'vehicle', 'theft');
SELECT record_key, outcome, recipient_person, purpose_parts, tags
FROM sharing_guard.audit_rows WHERE record_key IN ('6', '7') ORDER BY record_key;

-- The one who acts on our side may be declared beside the other.
BEGIN;
SELECT sharing_guard.begin_disclosure(requesting_person => 'Clerk Moss');
INSERT INTO search_request VALUES (8, 'oakdale-pd', 'Ofc. Lee', '7ABC129', 'hit and run', 'collision');
COMMIT;
SELECT username, username_source, requesting_person, recipient_person
FROM sharing_guard.audit_rows WHERE record_key = '8';

-- Persons at both ends, each in a column of its own.
CREATE TABLE outbox (id bigint PRIMARY KEY, partner text, why text, ours text, theirs text);
SELECT sharing_guard.protect_export('outbox', destination => 'partner', purpose => 'why',
    data_class => 'alpr', requesting_person => 'ours', recipient_person => 'theirs', mode => 'enforce');
INSERT INTO outbox SELECT n, 'oakdale-pd', 'stolen vehicle', 'Clerk Moss', 'Ofc. ' || n FROM generate_series(1, 3) n;
SELECT requesting_person, recipient_person FROM sharing_guard.audit WHERE relation = 'public.outbox';
SELECT record_key, requesting_person, recipient_person FROM sharing_guard.audit_rows
WHERE relation = 'public.outbox' ORDER BY record_key;
-- Declared where no column says it.
SELECT sharing_guard.protect_export('outbox', recipient_person => '');
BEGIN;
SELECT sharing_guard.begin_disclosure(recipient_person => 'Sgt. Wu');
INSERT INTO outbox VALUES (9, 'oakdale-pd', 'stolen vehicle', 'Clerk Moss', 'unused');
COMMIT;
SELECT requesting_person, recipient_person FROM sharing_guard.audit_rows
WHERE relation = 'public.outbox' AND record_key = '9';

-- An array of tags is a purpose by itself.
CREATE TABLE tagged (id bigint PRIMARY KEY, partner text, tags text[], reason text);
SELECT sharing_guard.protect_export('tagged', destination => 'partner', purpose => 'reason, tags', data_class => 'alpr');
-- From several columns to one, and back.
SELECT sharing_guard.protect_export('search_request', purpose => 'offense');
INSERT INTO search_request VALUES (20, 'oakdale-pd', 'Ofc. Lee', '7ABC129', 'not looked at', 'collision');
SELECT purpose, purpose_parts FROM sharing_guard.audit_rows WHERE record_key = '20';
SELECT sharing_guard.protect_export('search_request', purpose => 'offense, reason');
INSERT INTO search_request VALUES (21, 'oakdale-pd', 'Ofc. Lee', '7ABC129', 'hit and run', 'collision');
SELECT purpose, purpose_parts FROM sharing_guard.audit_rows WHERE record_key = '21';
-- It is sealed as it stands.
SELECT sharing_guard.seal() > 0 AS sealed;
SELECT * FROM sharing_guard.verify_audit();
DROP TABLE search_request, outbox, tagged;
