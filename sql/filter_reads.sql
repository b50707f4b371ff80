-- filter_reads: rows of an export table that the policy now blocks do not come
-- out for those who read for another agency.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set VERBOSITY terse
SET client_min_messages = warning;

CREATE ROLE sg_owner IN ROLE pg_read_server_files;
CREATE ROLE sg_oakdale;
CREATE ROLE sg_springs;
CREATE ROLE sg_clerk;
CREATE ROLE sg_bypass BYPASSRLS;
SELECT sharing_guard.bind_role('sg_oakdale', 'oakdale-pd'), sharing_guard.bind_role('sg_springs', 'reno-test-pd'),
       sharing_guard.bind_role('sg_bypass', 'oakdale-pd');
GRANT CREATE ON SCHEMA public TO sg_owner;
SET ROLE sg_owner;
CREATE TABLE outbox (id int PRIMARY KEY, dest text, why text, plate text);
GRANT SELECT ON outbox TO sg_oakdale, sg_springs, sg_clerk, sg_bypass;
GRANT UPDATE ON outbox TO sg_oakdale;
RESET ROLE;
-- Rows of before, when nothing was protected.
INSERT INTO outbox VALUES
    (1, 'oakdale-pd', 'stolen vehicle', 'A1'), (2, 'reno-test-pd', 'stolen vehicle', 'A2'),
    (3, 'oakdale-pd', 'immigration enforcement', 'A3'), (4, 'old-mill-pd', 'stolen vehicle', 'A4');
SELECT sharing_guard.protect_export('outbox', destination => 'dest', purpose => 'why',
    query_elements => 'plate', data_class => 'alpr', mode => 'enforce');
-- Without it nothing is held back, but a partner's reading is on record.
SET ROLE sg_clerk;
SELECT count(*) FROM outbox;
SET ROLE sg_springs;
SELECT count(*) FROM outbox;
RESET ROLE;
SELECT acting_role, destination, channel, relation, outcome, would_be_outcome FROM sharing_guard.audit;
SELECT sharing_guard.protect_export('outbox', destination => 'dest', purpose => 'why',
    query_elements => 'plate', data_class => 'alpr', filter_reads => true, mode => 'enforce');
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'outbox'::regclass;
SELECT polname, polpermissive, polcmd FROM pg_policy WHERE polrelid = 'outbox'::regclass ORDER BY 1;

-- Our own people, and the table's owner, see all.
SET ROLE sg_owner;
SELECT id FROM outbox ORDER BY id;
INSERT INTO outbox VALUES (5, 'oakdale-pd', 'stolen vehicle', 'A5');
RESET ROLE;
SET ROLE sg_clerk;
SELECT id FROM outbox ORDER BY id;
RESET ROLE;
-- A partner sees what the policy lets go, and to him.
SET ROLE sg_oakdale;
SELECT id FROM outbox ORDER BY id;
COPY outbox TO STDOUT;
UPDATE outbox SET plate = plate WHERE id = 3 RETURNING id;
RESET ROLE;
SET ROLE sg_springs;
SELECT id FROM outbox ORDER BY id;
RESET ROLE;
-- Through a view of the owner's, and by a prepared statement that another role
-- executes.
SET ROLE sg_owner;
CREATE VIEW outbox_view AS SELECT * FROM outbox;
GRANT SELECT ON outbox_view TO sg_oakdale;
RESET ROLE;
PREPARE all_rows AS SELECT id FROM outbox ORDER BY id;
EXECUTE all_rows;
SET ROLE sg_oakdale;
SELECT id FROM outbox_view ORDER BY id;
EXECUTE all_rows;
RESET ROLE;
-- Where row-level security does not apply, nothing comes out.
CREATE VIEW superuser_view AS SELECT * FROM outbox;
GRANT SELECT ON superuser_view TO sg_oakdale;
SET ROLE sg_oakdale;
SELECT id FROM superuser_view;
RESET ROLE;
SET ROLE sg_bypass;
SELECT id FROM outbox;
RESET ROLE;
-- The policy changes: at once.
SET ROLE sg_oakdale;
BEGIN;
SELECT id FROM outbox ORDER BY id;
RESET ROLE;
UPDATE sharing_guard.agency SET status = 'inactive' WHERE agency_id = 'oakdale-pd';
SET ROLE sg_oakdale;
SELECT id FROM outbox ORDER BY id;
ROLLBACK;
RESET ROLE;
-- Observed only: nothing is held back.
SELECT sharing_guard.set_mode('observe', 'outbox');
SET ROLE sg_oakdale;
SELECT id FROM outbox ORDER BY id;
RESET ROLE;
SELECT sharing_guard.set_mode('enforce', 'outbox');

-- What stops working, and what preflight() says of it.
SET ROLE sg_owner;
COPY outbox FROM '/dev/null';
RESET ROLE;
CREATE ROLE sg_backup;
SELECT sharing_guard.bind_backup('sg_backup');
SELECT status, subject, finding, what_to_do FROM sharing_guard.preflight()
WHERE subject LIKE 'backup%' OR subject LIKE '%outbox' ORDER BY 1, 2, 3;
ALTER ROLE sg_backup BYPASSRLS;
GRANT pg_read_all_data TO sg_backup;
SELECT status, subject FROM sharing_guard.preflight() WHERE subject LIKE 'backup%' ORDER BY 1, 2;

-- Tampered with, seen, mended.
ALTER TABLE outbox NO FORCE ROW LEVEL SECURITY;
SELECT status, finding FROM sharing_guard.preflight() WHERE subject = 'public.outbox' AND status <> 'ok';
SELECT sharing_guard.protect_export('outbox', destination => 'dest', purpose => 'why',
    query_elements => 'plate', data_class => 'alpr', filter_reads => true, mode => 'enforce');
SELECT count(*) FROM sharing_guard.filter_defects('outbox');

-- A policy administrator who owns nothing; partitions, present and to come.
CREATE ROLE sg_admin;
SELECT sharing_guard.grant_policy_admin('sg_admin');
CREATE TABLE feed (id int, dest text, PRIMARY KEY (id, dest)) PARTITION BY LIST (dest);
CREATE TABLE feed_oakdale PARTITION OF feed FOR VALUES IN ('oakdale-pd');
INSERT INTO feed VALUES (1, 'oakdale-pd');
SET ROLE sg_admin;
SELECT sharing_guard.protect_export('feed', destination => 'dest', data_class => 'rms', filter_reads => true, mode => 'enforce');
RESET ROLE;
CREATE TABLE feed_rest PARTITION OF feed DEFAULT;
SELECT d.* FROM sharing_guard.guard g, LATERAL sharing_guard.filter_defects(g.relation) d;
SELECT polrelid::regclass, polname FROM pg_policy WHERE polrelid::regclass::text LIKE 'feed%' ORDER BY 1, 2;
INSERT INTO feed VALUES (2, 'reno-test-pd'), (3, 'campus-guard');
GRANT SELECT ON feed, feed_rest TO sg_oakdale, sg_springs;
SET ROLE sg_oakdale;
SELECT * FROM feed ORDER BY id;
SELECT * FROM feed_rest ORDER BY id;
RESET ROLE;
ALTER TABLE feed DETACH PARTITION feed_rest;
SELECT polrelid::regclass, polname FROM pg_policy WHERE polrelid::regclass::text LIKE 'feed%' ORDER BY 1, 2;

-- And the way back; a table with row-level security of its own keeps it.
CREATE TABLE own_rls (id int PRIMARY KEY, dest text, mine boolean);
ALTER TABLE own_rls ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON own_rls USING (mine);
GRANT SELECT ON own_rls TO sg_oakdale;
INSERT INTO own_rls VALUES (1, 'oakdale-pd', true), (2, 'oakdale-pd', false), (3, 'campus-guard', true);
SELECT sharing_guard.protect_export('own_rls', destination => 'dest', data_class => 'rms', filter_reads => true, mode => 'enforce');
SET ROLE sg_oakdale;
SELECT id FROM own_rls;
RESET ROLE;
SELECT sharing_guard.unprotect('own_rls');
SELECT sharing_guard.unprotect('outbox');
SELECT relname, relrowsecurity, relforcerowsecurity,
       (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policies
FROM pg_class c WHERE relname IN ('own_rls', 'outbox') ORDER BY 1;

-- A table of records whose reads are filtered: no error, no rows, on record.
CREATE TABLE person (id int PRIMARY KEY, name text);
INSERT INTO person VALUES (1, 'A'), (2, 'B');
GRANT SELECT ON person TO sg_oakdale, sg_springs;
UPDATE sharing_guard.agency SET status = 'inactive' WHERE agency_id = 'reno-test-pd';
SELECT sharing_guard.protect_records('person', data_class => 'rms', filter_reads => true, mode => 'enforce');
SET ROLE sg_springs;
SELECT * FROM person;
RESET ROLE;
SET ROLE sg_oakdale;
SELECT count(*) FROM person;
RESET ROLE;
SELECT destination, outcome, flag_reasons IS NOT NULL AS reasons FROM sharing_guard.audit
WHERE relation = 'public.person' ORDER BY event_id;
CREATE VIEW person_view AS SELECT * FROM person;
SELECT sharing_guard.protect_records('person_view', data_class => 'rms', filter_reads => true, mode => 'enforce');
-- The condition is nobody's oracle.
SELECT sharing_guard.row_may_leave(guard_id, ROW(1, 2)) FROM sharing_guard.guard LIMIT 1;
SET ROLE sg_oakdale;
SELECT sharing_guard.row_may_leave('00000000-0000-0000-0000-000000000000', ROW(1, 2));
SELECT sharing_guard.set_filter('outbox');
RESET ROLE;

SELECT sharing_guard.unprotect('person');
DROP TABLE outbox, feed, feed_rest, own_rls, person CASCADE;
SELECT sharing_guard.revoke_policy_admin('sg_admin');
DELETE FROM sharing_guard.role_binding;
REVOKE CREATE ON SCHEMA public FROM sg_owner;
DROP OWNED BY sg_owner, sg_admin, sg_backup;
DROP ROLE sg_owner, sg_oakdale, sg_springs, sg_clerk, sg_bypass, sg_backup, sg_admin;
