\set ECHO none
-- What most topics start from: a fresh extension, the us-ca policy, and a few
-- agencies of our own, so that no test depends on the pack's list.
--
-- Brought in with
--   \getenv srcdir PG_ABS_SRCDIR
--   \set fixture :srcdir '/test/fixture.sql'
--   \i :fixture
\set VERBOSITY default
\set SHOW_CONTEXT never
\o /dev/null
SET client_min_messages = error;
DO $$
BEGIN
    IF to_regclass('sharing_guard.guard') IS NOT NULL THEN
        DELETE FROM sharing_guard.guard;
        PERFORM sharing_guard.prepare_drop('nowhere: a test');
    END IF;
END $$;
DROP EXTENSION IF EXISTS sharing_guard CASCADE;
CREATE EXTENSION sharing_guard;
SELECT sharing_guard.configure('US-CA', 'Riverbend Police Department', 'America/Los_Angeles',
                               'the privacy officer, privacy@riverbend.example',
                               attestations => true);
SELECT count(*) FROM sharing_guard.adopt_policy('us-ca');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, kind, status, immigration_authority, attested_on)
VALUES ('oakdale-pd', 'Oakdale Police Department', 'US-CA', 'local', 'police', 'active', false, '2020-01-01'),
       ('cedar-so', 'Cedar County Sheriff', 'US-CA', 'local', 'sheriff', 'active', false, NULL),
       ('old-mill-pd', 'Old Mill Police Department', 'US-CA', 'local', 'police', 'inactive', false, '2020-01-01'),
       ('reno-test-pd', 'Desert Springs Police Department', 'US-NV', 'local', 'police', 'active', false, '2020-01-01'),
       ('marshal-office', 'Marshal Office', 'US', 'federal', 'law enforcement', 'active', false, NULL),
       ('removal-office', 'Removal Office', 'US', 'federal', 'immigration', 'active', true, NULL),
       ('river-tribe-pd', 'River Tribe Police', 'US-CA', 'tribal', 'police', 'active', false, '2020-01-01'),
       ('campus-guard', 'Campus Guard Incorporated', 'US-CA', 'private', 'security', 'active', false, NULL);
RESET client_min_messages;
\o
\set ECHO all
