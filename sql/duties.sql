-- Separation of duties: every forbidden edit of the record, tried by the owner
-- of a protected table, the policy administrator, the auditor and the
-- superuser.  None succeeds.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set superuser :USER
SET client_min_messages = error;
CREATE ROLE regress_sg_owner LOGIN;
CREATE ROLE regress_sg_admin LOGIN;
CREATE ROLE regress_sg_auditor LOGIN;
GRANT CREATE ON SCHEMA public TO regress_sg_owner;
SELECT sharing_guard.grant_policy_admin('regress_sg_admin');
SELECT sharing_guard.grant_auditor('regress_sg_auditor');
\c - regress_sg_owner
CREATE TABLE public.queue (id int PRIMARY KEY, dest text, why text);
\c - :superuser
SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce') IS NOT NULL;
\c - regress_sg_owner
INSERT INTO queue VALUES (1, 'oakdale-pd', 'theft'), (2, 'oakdale-pd', 'inv');
\c - :superuser
-- One row at least in every table of the record.
SELECT sharing_guard.close_period() AS closed \gset
\c - regress_sg_auditor
SELECT sharing_guard.review_event(event_id, 'lawful') IS NOT NULL FROM sharing_guard.audit_rows WHERE record_key = '2';
SELECT sharing_guard.record_check('looked') IS NOT NULL;
SELECT sharing_guard.legal_hold('test', record_key => '1') IS NOT NULL;
SELECT sharing_guard.name_stand_in(1, 'regress_sg_auditor', 'test') IS NOT NULL;
SELECT sharing_guard.sign_off(1, 'I have reviewed this period.') IS NOT NULL;
\c - :superuser
INSERT INTO sharing_guard.review_alert (tree_id, day, periods) VALUES (sharing_guard.own_tree(), '2020-01-01', '{1}');
RESET client_min_messages;

-- What a statement ends with; what it has done is taken back.
CREATE FUNCTION public.attempt(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = 'done';
EXCEPTION
    WHEN SQLSTATE 'ZZ000' THEN RETURN 'DONE';
    WHEN insufficient_privilege THEN RETURN 'no privilege';
    WHEN SQLSTATE 'SG008' THEN RETURN 'protected';
    WHEN SQLSTATE 'SG009' THEN RETURN 'refused as tampering';
    WHEN dependent_objects_still_exist THEN RETURN 'part of the extension';
    WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;

-- Every table of the record, and every way to change what is in it.
CREATE TABLE public.attempts AS
SELECT c.relname AS relation, w.way,
    format(w.command, c.oid::regclass, a.attname,
        (SELECT string_agg(quote_ident(x.attname), ', ') FROM pg_attribute x
          WHERE x.attrelid = c.oid AND x.attnum > 0 AND NOT x.attisdropped)) AS command
FROM pg_class c
JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgfoid = 'sharing_guard.protect_record'::regproc AND t.tgname = 'protect_rows'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1,
(VALUES ('update', 'UPDATE %1$s SET %2$I = %2$I'),
    ('delete', 'DELETE FROM %1$s'),
    ('truncate', 'TRUNCATE %1$s CASCADE'),
    ('merge', 'MERGE INTO %1$s t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE'),
    ('as a replica', 'SET LOCAL session_replication_role = replica; DELETE FROM %1$s'),
    ('insert', 'INSERT INTO %1$s (%3$s) SELECT %3$s FROM %1$s'),
    ('drop', 'DROP TABLE %1$s'),
    ('rename', 'ALTER TABLE %1$s RENAME TO moved'),
    ('drop column', 'ALTER TABLE %1$s DROP COLUMN %2$I'),
    ('disable trigger', 'ALTER TABLE %1$s DISABLE TRIGGER ALL'),
    ('drop trigger', 'DROP TRIGGER protect_rows ON %1$s'),
    ('own it', 'ALTER TABLE %1$s OWNER TO CURRENT_USER'),
    ('rule', 'CREATE RULE forget AS ON INSERT TO %1$s DO INSTEAD NOTHING'),
    ('lock', 'LOCK TABLE %1$s IN ACCESS EXCLUSIVE MODE')) w (way, command)
WHERE c.relnamespace = 'sharing_guard'::regnamespace;
-- And what is no table.
INSERT INTO public.attempts VALUES
    ('functions', 'purge around', 'SELECT sharing_guard.purge_leaves(gen_random_uuid())'),
    ('functions', 'open periods', 'SELECT sharing_guard.open_periods(now() + interval ''1 year'', NULL)'),
    ('functions', 'forge a review', 'SELECT sharing_guard.write_review(''{}'', ''lawful'', NULL, NULL)'),
    ('functions', 'replace one', 'CREATE OR REPLACE FUNCTION sharing_guard.protect_record() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN OLD; END'''),
    ('functions', 'drop one', 'DROP FUNCTION sharing_guard.protect_record() CASCADE'),
    ('schema', 'put a table in front', 'CREATE TABLE sharing_guard.other (a int)'),
    ('schema', 'drop', 'DROP SCHEMA sharing_guard CASCADE'),
    ('extension', 'drop', 'DROP EXTENSION sharing_guard CASCADE'),
    ('extension', 'take apart', 'ALTER EXTENSION sharing_guard DROP TABLE sharing_guard.event'),
    ('policy', 'skip the past', 'TRUNCATE sharing_guard.policy_revision'),
    ('duties', 'make oneself an auditor', 'SELECT sharing_guard.grant_auditor(current_user::text)'),
    ('duties', 'make oneself an administrator', 'SELECT sharing_guard.grant_policy_admin(current_user::text)'),
    ('duties', 'write it', 'INSERT INTO sharing_guard.role_duty SELECT current_user::regrole, ''auditor''');
GRANT SELECT ON public.attempts TO PUBLIC;
SELECT count(*) > 200 AS many FROM public.attempts;

-- Owner, administrator and auditor: nothing is done.
CREATE TABLE public.result (role text, relation text, way text, result text);
GRANT INSERT, SELECT ON public.result TO PUBLIC;
\c - regress_sg_owner
INSERT INTO result SELECT session_user, relation, way, attempt(command) FROM attempts;
\c - regress_sg_admin
INSERT INTO result SELECT session_user, relation, way, attempt(command) FROM attempts;
\c - regress_sg_auditor
INSERT INTO result SELECT session_user, relation, way, attempt(command) FROM attempts;
\c - :superuser
SELECT role, result, count(*) > 10 AS many FROM result GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM result WHERE result NOT IN ('no privilege', 'protected', 'refused as tampering') ORDER BY 1, 2, 3;

-- The superuser, while the triggers are as they were: no row is changed.
INSERT INTO result SELECT 'superuser', relation, way, attempt(command) FROM attempts
WHERE way IN ('update', 'delete', 'truncate', 'merge', 'as a replica', 'drop')
    -- Empty here, so there is no row to protect; sql/retention.sql has some, and sql/patterns.sql and sql/sample.sql.
    AND relation NOT IN ('purge_record', 'purged_leaf', 'review_assignment', 'sample_announcement', 'sample_draw', 'schema', 'extension');
SELECT way, result, count(*) > 10 AS all_tables FROM result WHERE role = 'superuser'
GROUP BY 1, 2 ORDER BY 1, 2;

-- What each duty may do, and the other may not.
CREATE TABLE public.duties (way text, command text);
INSERT INTO duties VALUES
    ('read the record', 'SELECT count(*) FROM sharing_guard.audit'),
    ('read the status', 'SELECT count(*) FROM sharing_guard.review_status'),
    ('review', 'SELECT sharing_guard.review_event(event_id, ''lawful'') FROM sharing_guard.audit LIMIT 1'),
    ('end a period', 'SELECT sharing_guard.close_period()'),
    ('hold', 'SELECT sharing_guard.legal_hold(''test'', record_key => ''2'')'),
    ('change policy', 'UPDATE sharing_guard.agency SET note = ''x'''),
    ('configure', 'SELECT sharing_guard.configure(NULL, NULL, NULL, review_due_days => 5)'),
    ('change mode', 'SELECT sharing_guard.set_mode(''observe'')'),
    ('protect', 'SELECT sharing_guard.unprotect(''public.queue'')');
GRANT SELECT ON public.duties TO PUBLIC;
\c - regress_sg_owner
SELECT way, attempt(command) FROM duties;
\c - regress_sg_admin
SELECT way, attempt(command) FROM duties;
\c - regress_sg_auditor
SELECT way, attempt(command) FROM duties;
\c - :superuser

-- It is all as it was.
SELECT * FROM sharing_guard.act_defects();
SET client_min_messages = error;
DROP TABLE queue, attempts, result, duties;
DROP FUNCTION attempt(text);
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
REVOKE CREATE ON SCHEMA public FROM regress_sg_owner;
DROP ROLE regress_sg_owner, regress_sg_admin, regress_sg_auditor;
