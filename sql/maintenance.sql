-- Maintenance: asked by one person, approved by another, over by itself.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set superuser :USER
SET client_min_messages = error;
CREATE ROLE regress_vendor LOGIN; CREATE ROLE regress_first LOGIN; CREATE ROLE regress_second LOGIN;
SELECT sharing_guard.grant_policy_admin('regress_first');
SELECT sharing_guard.grant_policy_admin('regress_second');
CREATE SCHEMA v AUTHORIZATION regress_vendor;
SET ROLE regress_vendor;
CREATE TABLE v.feed (id int PRIMARY KEY, dest text);
RESET ROLE;
SELECT sharing_guard.protect_export('v.feed', destination => 'dest', data_class => 'alpr', mode => 'enforce');
\set VERBOSITY default

\c - regress_first
SELECT sharing_guard.open_maintenance('', now() + interval '1 hour');
SELECT sharing_guard.open_maintenance('upgrade', now() - interval '1 hour');
SELECT sharing_guard.open_maintenance('upgrade', now() + interval '8 days');
SELECT sharing_guard.open_maintenance('upgrade of the vendor''s program', now() + interval '1 hour') AS request \gset
-- Not by oneself, whatever way.
SELECT sharing_guard.approve_maintenance(:'request');
UPDATE sharing_guard.maintenance SET approved_by = 'regress_second', approved_at = now();
INSERT INTO sharing_guard.maintenance (reason, until, asked_by, asked_at, approved_by, approved_at) VALUES ('x', now() + interval '1 hour', 'a', now(), 'b', now());
SELECT sharing_guard.close_maintenance(:'request');
\c - :superuser
-- Nor by oneself under another name, or by somebody who has become the one who asked.
ALTER ROLE regress_first RENAME TO regress_third;
\c - regress_third
SELECT sharing_guard.approve_maintenance(:'request');
\c - :superuser
ALTER ROLE regress_second RENAME TO regress_first;
\c - regress_first
SELECT sharing_guard.approve_maintenance(:'request');
\c - :superuser
ALTER ROLE regress_first RENAME TO regress_second;
ALTER ROLE regress_third RENAME TO regress_first;
-- Not yet.
SET ROLE regress_vendor;
\set VERBOSITY terse
ALTER TABLE v.feed DISABLE TRIGGER USER;
RESET ROLE;
\c - regress_second
SELECT regexp_replace(sharing_guard.approve_maintenance(:'request'), 'until [^;]*', 'until ...');
SELECT sharing_guard.approve_maintenance(:'request');
\c - :superuser

-- While it is open: the owner may, and exports are refused.
SET ROLE regress_vendor;
ALTER TABLE v.feed DISABLE TRIGGER USER;
ALTER TABLE v.feed ENABLE ALWAYS TRIGGER sharing_guard_export;
INSERT INTO v.feed VALUES (1, 'oakdale-pd');
ALTER TABLE v.feed DISABLE TRIGGER USER;
RESET ROLE;
-- The attempt is on record, with its reason.
SELECT outcome, would_be_outcome, rows_blocked, regexp_replace(array_to_string(flag_reasons, '; '), 'until [^,]+', 'until ...') AS reasons
FROM sharing_guard.audit WHERE relation = 'v.feed' ORDER BY occurred_at DESC LIMIT 1;
SELECT kind, severity, held_by FROM sharing_guard.exposure WHERE kind = 'maintenance';
SELECT operation, relation, changed_key, acting_role FROM sharing_guard.policy_changes WHERE operation LIKE '%TRIGGER%' ORDER BY event_id;

-- Closed: what is wrong is on record.
\c - regress_first
SELECT sharing_guard.close_maintenance(:'request');
SELECT relation, defect FROM sharing_guard.maintenance_defect;
SELECT asked_by, approved_by, closed_by, defects FROM sharing_guard.maintenance;
\c - :superuser
SELECT relation FROM sharing_guard.policy_changes WHERE relation LIKE '%maintenance%' ORDER BY event_id;
SELECT sharing_guard.protect_export('v.feed', destination => 'dest', data_class => 'alpr', mode => 'enforce');
SET ROLE regress_vendor;
ALTER TABLE v.feed DISABLE TRIGGER USER;
INSERT INTO v.feed VALUES (1, 'oakdale-pd');
RESET ROLE;

-- Over by itself: the first export looks the guards over.
\c - regress_second
SELECT sharing_guard.open_maintenance('a short one', clock_timestamp() + interval '2 seconds') AS request \gset
\c - regress_first
SELECT length(sharing_guard.approve_maintenance(:'request')) > 0 AS approved;
\c - :superuser
INSERT INTO v.feed VALUES (2, 'oakdale-pd');
SELECT pg_sleep(2.1);
SET ROLE regress_vendor;
ALTER TABLE v.feed DISABLE TRIGGER USER;
RESET ROLE;
SELECT kind, severity FROM sharing_guard.exposure WHERE kind = 'maintenance';
INSERT INTO v.feed VALUES (2, 'oakdale-pd');
SELECT reason, closed_at IS NOT NULL AS closed, defects FROM sharing_guard.maintenance ORDER BY asked_at;
SELECT count(*) FROM sharing_guard.exposure WHERE kind = 'maintenance';
-- What nobody approved in time is nothing.
\c - regress_second
SELECT sharing_guard.open_maintenance('too late', clock_timestamp() + interval '1 second') AS request \gset
\c - regress_first
SELECT pg_sleep(1.1);
SELECT sharing_guard.approve_maintenance(:'request');
SELECT sharing_guard.approve_maintenance(gen_random_uuid()) IS NULL;
\c - :superuser
SET client_min_messages = warning;
DROP SCHEMA v CASCADE;
RESET client_min_messages;
SELECT sharing_guard.revoke_policy_admin('regress_first');
SELECT sharing_guard.revoke_policy_admin('regress_second');
DROP OWNED BY regress_vendor, regress_first, regress_second;
DROP ROLE regress_vendor, regress_first, regress_second;
