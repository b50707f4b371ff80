-- What make demo shows.  psql reads this from its standard input, so that
-- messages carry no file names.  "# " begins a step, "~ " one sentence of
-- plain words; test/demo/fit lays them out.
\set QUIET on
\set ECHO queries
\set VERBOSITY default
\set SHOW_CONTEXT never
\pset format wrapped
\pset columns :width
\pset border 1
\pset null '-'
\pset footer off
SET client_min_messages = warning;

\c - postgres
\echo '# 1. Before anything is switched on'
\echo '~ The library is preloaded and this database is listed in sharing_guard.databases; the extension is created, and the DBA is allowed to administer the policy.'
CREATE EXTENSION sharing_guard;
SELECT sharing_guard.grant_policy_admin('dba');

\c - dba
\echo '~ As the DBA: what is missing, and what to do about it?'
SELECT status, subject, finding, what_to_do FROM sharing_guard.preflight();

\echo '# 2. Whose database it is, and which law holds'
\echo '~ The agency, its state, its clock, and whom a refused user is told to ask.'
SELECT sharing_guard.configure('US-CA', 'Riverbend Police Department', 'America/Los_Angeles',
                               'the privacy officer, 555-0134');
\echo '~ A dry run of the California policy: what would it bring?'
SELECT * FROM sharing_guard.adopt_policy('us-ca', dry_run => true) LIMIT 5;
SELECT count(*) FROM sharing_guard.adopt_policy('us-ca');

\echo '~ The neighbours go into the registry: only the registry says what a destination is, never its spelling.'
INSERT INTO sharing_guard.agency
       (agency_id, name, jurisdiction, level, kind, status, attested_on) VALUES
    ('alder-creek-pd', 'Alder Creek Police Department', 'US-CA', 'local', 'police', 'active', '2026-01-15'),
    ('juniper-so', 'Juniper County Sheriff', 'US-CA', 'local', 'sheriff', 'active', NULL),
    ('old-quarry-pd', 'Old Quarry Police Department', 'US-CA', 'local', 'police', 'inactive', '2025-02-01'),
    ('granite-pass-pd', 'Granite Pass Police Department', 'US-NV', 'local', 'police', 'active', NULL);
