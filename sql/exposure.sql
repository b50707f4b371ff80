-- exposure: each way out appears, and goes with the command that it names.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
SET client_min_messages = error;
CREATE TABLE read (id int PRIMARY KEY, plate text);
INSERT INTO read VALUES (1, 'A'), (2, 'B');
CREATE TABLE feed (id int PRIMARY KEY, dest text, note text);
SELECT sharing_guard.protect_records('read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
SELECT sharing_guard.protect_export('feed', destination => 'dest', data_class => 'alpr', mode => 'enforce');
-- Those that this server has whatever is done here: its superusers.
SELECT DISTINCT kind FROM sharing_guard.exposure;

-- Which kinds have been shown; at the end, which have not.
CREATE TABLE shown (way_out text);

-- Opens a way, shows what is said of it, runs the command that it names, and
-- sees that it has gone.
CREATE PROCEDURE way(opened text, OUT "row" text, OUT after text) LANGUAGE plpgsql AS $$
DECLARE
    found record;
BEGIN
    EXECUTE opened;
    SELECT e.* INTO found FROM sharing_guard.exposure e WHERE e.kind <> 'superuser' OR e.subject LIKE 'regress%';
    INSERT INTO shown VALUES (found.kind);
    "row" := concat_ws(' | ', found.kind, found.severity, found.subject, found.held_by,
                       regexp_replace(found.command, '[0-9a-f-]{36}', 'ID'));
    EXECUTE found.command;
    after := (SELECT count(*) FROM sharing_guard.exposure e WHERE e.kind <> 'superuser' OR e.subject LIKE 'regress%');
END $$;
\pset tuples_only
CREATE ROLE regress_x;
CREATE ROLE regress_partner LOGIN;
CALL way('ALTER ROLE regress_x SUPERUSER LOGIN', NULL, NULL);
CREATE ROLE regress_member LOGIN;
CALL way('GRANT regress_x TO regress_member', NULL, NULL);
DROP ROLE regress_member;
ALTER ROLE regress_x NOSUPERUSER;
CALL way('ALTER ROLE regress_x BYPASSRLS', NULL, NULL);
CALL way('ALTER ROLE regress_x REPLICATION', NULL, NULL);
CALL way('ALTER ROLE regress_x CREATEROLE', NULL, NULL);
CALL way('GRANT pg_read_all_data TO regress_x', NULL, NULL);
CALL way('GRANT pg_execute_server_program TO regress_x', NULL, NULL);
CALL way('GRANT pg_read_server_files TO regress_x', NULL, NULL);
CALL way('GRANT pg_write_server_files TO regress_x', NULL, NULL);
CALL way('GRANT SET ON PARAMETER session_replication_role TO regress_x', NULL, NULL);
CALL way('GRANT ALTER SYSTEM ON PARAMETER sharing_guard.databases TO regress_x', NULL, NULL);
CALL way('SELECT sharing_guard.bind_role(''regress_partner'', ''oakdale-pd'', shared => true)', NULL, NULL);
CALL way('ALTER TABLE feed DISABLE TRIGGER sharing_guard_export', NULL, NULL);
CALL way('DROP TRIGGER sharing_guard_export ON feed', NULL, NULL);
CALL way('ALTER TABLE sharing_guard.event DISABLE TRIGGER protect_rows', NULL, NULL);
CALL way('ALTER EVENT TRIGGER sharing_guard_follow_ddl DISABLE', NULL, NULL);
CALL way('SELECT sharing_guard.set_mode(''observe'')', NULL, NULL);
CALL way('SELECT sharing_guard.set_mode(''observe'', ''read'')', NULL, NULL);
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CALL way('CREATE TRIGGER look BEFORE INSERT ON feed FOR EACH ROW EXECUTE FUNCTION look()', NULL, NULL);
CALL way('CREATE RULE also AS ON INSERT TO feed DO ALSO NOTHING', NULL, NULL);
CALL way('CREATE TABLE twin (LIKE read)', NULL, NULL);
DROP TABLE twin;
CALL way('CREATE MATERIALIZED VIEW twin AS SELECT * FROM read', NULL, NULL);
DROP MATERIALIZED VIEW twin;
CREATE VIEW between AS SELECT plate, count(*) AS times FROM read GROUP BY plate;
CALL way('CREATE MATERIALIZED VIEW twin AS SELECT times FROM between', NULL, NULL);
DROP VIEW between CASCADE;
CALL way('ANALYZE read', NULL, NULL);
-- Maintenance: open, and over without anybody having looked.
CREATE ROLE regress_first LOGIN; CREATE ROLE regress_second LOGIN;
SELECT sharing_guard.grant_policy_admin('regress_first');
SELECT sharing_guard.grant_policy_admin('regress_second');
SET SESSION AUTHORIZATION regress_first;
SELECT sharing_guard.open_maintenance('upgrade', now() + interval '1 hour') AS request \gset
SET SESSION AUTHORIZATION regress_second;
SELECT length(sharing_guard.approve_maintenance(:'request')) > 0;
RESET SESSION AUTHORIZATION;
CALL way('SELECT 1', NULL, NULL);
DROP OWNED BY regress_first, regress_second;
SELECT sharing_guard.revoke_policy_admin('regress_first');
SELECT sharing_guard.revoke_policy_admin('regress_second');
DROP ROLE regress_first, regress_second;
-- In the server's own way, which the policy would have refused.
SELECT sharing_guard.set_mode('observe', 'read');
GRANT SELECT ON read TO PUBLIC;
SELECT sharing_guard.set_mode('enforce', 'read');
CALL way('SELECT 1', NULL, NULL);
SELECT sharing_guard.set_mode('observe', 'read');
CREATE PUBLICATION somebody FOR TABLE read;
SELECT sharing_guard.set_mode('enforce', 'read');
SELECT kind, severity, subject, command FROM sharing_guard.exposure WHERE kind = 'publication';
INSERT INTO shown VALUES ('publication');
SELECT sharing_guard.bind_publication('somebody', 'oakdale-pd');
SELECT count(*) FROM sharing_guard.exposure WHERE kind = 'publication';
DROP PUBLICATION somebody;
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
SELECT kind, severity, subject, command FROM sharing_guard.exposure WHERE kind = 'foreign_server';
INSERT INTO shown VALUES ('foreign_server');
SELECT sharing_guard.bind_server('nowhere', 'oakdale-pd');
SELECT count(*) FROM sharing_guard.exposure WHERE kind = 'foreign_server';
SELECT sharing_guard.unbind_server('nowhere');
SELECT count(*) FROM sharing_guard.exposure WHERE kind = 'foreign_server';
DROP FOREIGN DATA WRAPPER nowhere CASCADE;
SELECT slot_name FROM pg_create_logical_replication_slot('regress_slot', 'pgoutput');
SELECT kind, severity, subject, command AS close FROM sharing_guard.exposure WHERE kind = 'replication_slot' \gset
SELECT :'kind', :'severity', :'subject', :'close';
:close
SELECT count(*) FROM sharing_guard.exposure WHERE kind = 'replication_slot';
INSERT INTO shown VALUES ('replication_slot'), ('sending_function');
CREATE EXTENSION dblink;
SELECT kind, severity, held_by, count(*) FROM sharing_guard.exposure WHERE kind = 'sending_function' GROUP BY 1, 2, 3;
SELECT command FROM sharing_guard.exposure WHERE kind = 'sending_function' \gexec
SELECT count(*) FROM sharing_guard.exposure WHERE kind = 'sending_function';
DROP EXTENSION dblink;
-- A language that a superuser alone may use.
CREATE FUNCTION handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CALL way('CREATE LANGUAGE anything HANDLER handler', NULL, NULL);
SELECT sharing_guard.unbind_role('regress_partner');
-- Kinds that the comment names and nothing here has shown: they take another
-- server (250_exposure.pl, 240_standby_without.pl).
SELECT kind FROM regexp_split_to_table((
    SELECT split_part(col_description(a.attrelid, a.attnum), ': ', 2) FROM pg_attribute a
    WHERE a.attrelid = 'sharing_guard.exposure'::regclass AND a.attname = 'kind'), ', ') AS kind
WHERE kind NOT IN (SELECT way_out FROM shown) ORDER BY 1;
\pset tuples_only off
DROP PROCEDURE way;
DROP TABLE read, feed, shown;
GRANT SELECT ON pg_catalog.pg_stats, pg_catalog.pg_stats_ext, pg_catalog.pg_stats_ext_exprs TO PUBLIC;
DROP ROLE regress_x, regress_partner;
DROP FUNCTION look, handler;
