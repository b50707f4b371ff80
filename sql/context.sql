-- What a session declares holds for its transaction; what its role is bound to
-- holds whoever acts for it.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set reads :srcdir '/test/reads.sql'
\i :reads
\set VERBOSITY terse
\set superuser :USER
SET client_min_messages = warning;
SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');

-- Gone at the end of the transaction, by commit, by rollback, by a savepoint.
\c - sg_officer
BEGIN;
SELECT sharing_guard.begin_disclosure(destination => 'cedar-so', purpose => 'first');
COMMIT;
SELECT count(*) FROM alpr.read;
BEGIN;
SELECT sharing_guard.begin_disclosure(destination => 'cedar-so', purpose => 'second');
SAVEPOINT s;
SELECT sharing_guard.begin_disclosure(destination => 'oakdale-pd', purpose => 'third');
SELECT count(*) FROM alpr.read;
ROLLBACK TO s;
SELECT count(*) FROM alpr.read;
ROLLBACK;
SELECT count(*) FROM alpr.read;
-- Outside of a transaction it holds for its own statement.
SELECT sharing_guard.begin_disclosure(destination => 'cedar-so', purpose => 'fourth');
SELECT count(*) FROM alpr.read;
\c - :superuser
SELECT "to", channel, purpose, rows FROM news();

-- A shared login is nobody until somebody is named; with one it is a person.
CREATE ROLE sg_desk LOGIN;
GRANT SELECT ON alpr.read TO sg_desk;
SELECT sharing_guard.bind_role('sg_desk', 'riverbend-police-department', shared => true);
CREATE ROLE sg_oakdale_desk LOGIN;
GRANT SELECT ON alpr.read TO sg_oakdale_desk;
SELECT sharing_guard.bind_role('sg_oakdale_desk', 'oakdale-pd', shared => true);
\c - sg_desk
SELECT count(*) FROM alpr.read;
BEGIN;
SELECT sharing_guard.begin_disclosure(purpose => 'fifth', requesting_person => 'Officer Reyes');
SELECT count(*) FROM alpr.read;
COMMIT;
\c - sg_oakdale_desk
SELECT count(*) FROM alpr.read;
BEGIN;
SELECT sharing_guard.begin_disclosure(purpose => 'sixth', requesting_person => 'Detective Oakes');
SELECT count(*) FROM alpr.read;
COMMIT;
\c - :superuser
SELECT acting, "to", channel, purpose FROM news();
SELECT username, username_source, organization, requesting_person FROM sharing_guard.audit
ORDER BY event_id DESC LIMIT 4;

-- On behalf of another agency, and under a legal basis that is none.
SET ROLE sg_oakdale;
BEGIN;
SELECT sharing_guard.begin_disclosure(purpose => 'seventh', on_behalf_of_agency => 'removal-office');
SELECT count(*) FROM alpr.read;
ROLLBACK;
BEGIN;
SELECT sharing_guard.begin_disclosure(destination => 'reno-test-pd', purpose => 'eighth', legal_basis => 'W-none');
SELECT count(*) FROM alpr.read;
ROLLBACK;
-- The same agency by another spelling is still one disclosure; another comes on top.
BEGIN;
SELECT sharing_guard.begin_disclosure(destination => 'OAKDALE police department', purpose => 'ninth');
SELECT count(*) FROM alpr.read;
SELECT sharing_guard.begin_disclosure(destination => 'cedar-so', purpose => 'tenth');
SELECT count(*) FROM alpr.read;
COMMIT;
RESET ROLE;
SELECT "to", purpose, outcome, rows FROM news();

-- Two agencies at once: both are told, and the stricter decision counts.
CREATE ROLE sg_both;
GRANT sg_oakdale, sg_springs TO sg_both;
CREATE ROLE sg_cedar;
GRANT sg_cedar TO sg_both;
SELECT sharing_guard.bind_role('sg_cedar', 'cedar-so');
SET ROLE sg_both;
SELECT count(*) FROM alpr.read;
RESET ROLE;
REVOKE sg_springs FROM sg_both;
SET ROLE sg_both;
SELECT count(*) FROM alpr.read;
RESET ROLE;
SELECT "to", outcome, rows FROM news();

-- A role that was renamed is the same.
ALTER ROLE sg_springs RENAME TO sg_wells;
SET ROLE sg_wells;
SELECT count(*) FROM alpr.read;
RESET ROLE;
ALTER ROLE sg_wells RENAME TO sg_springs;
SELECT "to", outcome FROM news();

-- A new home: what was our own becomes another's.
SELECT sharing_guard.bind_role('sg_desk', 'oakdale-pd');
SET ROLE sg_desk;
SELECT count(*) FROM alpr.read;
RESET ROLE;
SELECT "to", channel FROM news();
SELECT operation, changed_key, old_row ->> 'agency_id' AS old, new_row ->> 'agency_id' AS new
FROM sharing_guard.event WHERE relation = 'sharing_guard.role_binding' ORDER BY event_id DESC LIMIT 1;

SET client_min_messages = warning;
DROP SCHEMA alpr CASCADE;
DROP TABLE seen;
DROP FUNCTION news;
DELETE FROM sharing_guard.role_binding;
DROP ROLE sg_oakdale, sg_springs, sg_officer, sg_desk, sg_oakdale_desk, sg_both, sg_cedar;
