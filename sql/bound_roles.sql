-- Roles that are bound to an agency, or have a duty, are not dropped and made anew
-- as somebody who is bound to nothing.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE ROLE regress_partner LOGIN;
CREATE ROLE regress_clerk LOGIN;
CREATE ROLE "Regress ""Odd""";
CREATE ROLE regress_admin CREATEROLE;
SELECT sharing_guard.bind_role('regress_partner', 'reno-test-pd');
SELECT sharing_guard.bind_backup('Regress "Odd"');
SELECT sharing_guard.grant_auditor('regress_clerk');

-- Refused, to everybody, with the way out; and from every database, by the server.
DO $$
DECLARE
    detail text;
    hint text;
BEGIN
    DROP ROLE regress_partner;
EXCEPTION WHEN dependent_objects_still_exist THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RAISE WARNING '% | % | %', SQLERRM, regexp_replace(detail, '[0-9a-f-]{36}', 'ID'), hint;
END $$;
DROP ROLE IF EXISTS regress_clerk, regress_partner;
DROP USER "Regress ""Odd""";
DO $$ BEGIN EXECUTE 'DROP ROLE regress_partner'; END $$;
\c postgres
\set VERBOSITY default
DROP ROLE regress_partner;
\set VERBOSITY terse
DROP ROLE "Regress ""Odd""";
DROP ROLE regress_clerk;
\c contrib_regression
SET client_min_messages = warning;
SELECT operation, relation, changed_key FROM sharing_guard.event WHERE kind = 'attempt' AND operation = 'DROP ROLE' ORDER BY event_id;

-- A rename changes nothing, here or elsewhere.
\c postgres
ALTER ROLE regress_partner RENAME TO regress_friend;
\c contrib_regression
SET client_min_messages = warning;
SELECT role, agency_id FROM sharing_guard.role_binding ORDER BY 1;
DROP ROLE regress_friend;
ALTER ROLE regress_friend RENAME TO regress_partner;

-- Whoever is not bound any more can be dropped; nobody is marked without need.
SELECT sharing_guard.bind_role('Regress "Odd"', 'oakdale-pd', shared => true);
SELECT sharing_guard.unbind_role('Regress "Odd"');
DROP ROLE "Regress ""Odd""";
SELECT sharing_guard.bind_role('regress_clerk', 'oakdale-pd');
SELECT sharing_guard.unbind_role('regress_clerk');
SELECT t.role::regrole, t.tie, t.marked FROM sharing_guard.role_ties() t ORDER BY 1;
SELECT x.grantee::regrole FROM pg_proc p, aclexplode(p.proacl) x
WHERE p.oid = 'sharing_guard.role_is_bound()'::regprocedure AND x.grantee <> p.proowner ORDER BY 1;

-- DROP OWNED takes all rights away, this one too: recorded, and put back unless
-- a superuser did it.
GRANT regress_partner TO regress_admin;
SET ROLE regress_admin;
DROP OWNED BY regress_partner;
DROP ROLE regress_partner;
RESET ROLE;
DROP OWNED BY regress_partner;
SELECT kind, severity, subject, finding, command FROM sharing_guard.exposure WHERE kind = 'dangling';
SELECT operation, relation, changed_key FROM sharing_guard.event WHERE operation = 'DROP OWNED' ORDER BY event_id;
SELECT sharing_guard.mark_roles();
SELECT count(*) FROM sharing_guard.exposure WHERE kind = 'dangling';

-- What dangles all the same is seen, and not dumped as a number.
DROP OWNED BY regress_partner, regress_clerk;
DROP ROLE regress_partner, regress_clerk;
CREATE ROLE regress_partner LOGIN;
SELECT kind, severity, regexp_replace(subject, '\d+', 'N') AS subject, finding, regexp_replace(command, '\d+', 'N') AS command
FROM sharing_guard.exposure WHERE kind = 'dangling' ORDER BY finding;
SELECT (SELECT count(*) FROM sharing_guard.role_binding) AS bindings, (SELECT count(*) FROM sharing_guard.role_duty) AS duties;
SELECT extcondition[array_position(extconfig, 'sharing_guard.role_binding'::regclass)] AS dumped
FROM pg_extension WHERE extname = 'sharing_guard' \gset
SELECT count(*) AS "dumped" FROM sharing_guard.role_binding :dumped;
\set ECHO none
SELECT CASE WHEN command LIKE 'SELECT %' THEN regexp_replace(command, ';( --.*)?$', '') || ' IS NOT NULL AS unbound' ELSE command END
FROM sharing_guard.exposure WHERE kind = 'dangling' AND finding LIKE '%role is gone%' \gexec
\set ECHO all
SELECT count(*) FROM sharing_guard.exposure WHERE kind = 'dangling';

-- Servers and publications are bound by name, and the binding follows the name.
CREATE FOREIGN DATA WRAPPER regress_wrapper;
CREATE SERVER regress_county FOREIGN DATA WRAPPER regress_wrapper;
CREATE TABLE public.plain (id int PRIMARY KEY);
SET client_min_messages = error; -- where wal_level is not logical
CREATE PUBLICATION regress_feed FOR TABLE public.plain;
SET client_min_messages = warning;
SELECT sharing_guard.bind_server('regress_county', 'cedar-so');
SELECT sharing_guard.bind_publication('regress_feed', 'cedar-so');
ALTER SERVER regress_county RENAME TO regress_sheriff;
ALTER PUBLICATION regress_feed RENAME TO regress_stream;
SELECT * FROM sharing_guard.server_binding;
SELECT * FROM sharing_guard.publication_binding;
DROP SERVER regress_sheriff;
SELECT kind, severity, subject, finding, command FROM sharing_guard.exposure WHERE kind = 'dangling';
DROP FOREIGN DATA WRAPPER regress_wrapper;
DROP PUBLICATION regress_stream;
DROP TABLE public.plain;
DROP ROLE regress_partner, regress_admin;
