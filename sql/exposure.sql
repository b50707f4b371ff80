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
-- No command takes a right from the role that runs it, or the last login away.
ALTER ROLE regress_x SUPERUSER LOGIN;
GRANT regress_x, pg_read_all_data TO regress_member;
ALTER ROLE regress_member CREATEROLE;
SET SESSION AUTHORIZATION regress_member;
SET ROLE regress_x;
SELECT kind, subject = session_user, held_by = session_user, command FROM sharing_guard.exposure WHERE held_by = 'regress_member' ORDER BY 1;
SET SESSION AUTHORIZATION regress_x;
SELECT kind, command FROM sharing_guard.exposure WHERE held_by = 'regress_x';
SELECT command FROM sharing_guard.exposure WHERE kind = 'superuser' AND subject = (SELECT rolname FROM pg_roles WHERE oid = 10);
RESET SESSION AUTHORIZATION;
SELECT command AS "close" FROM sharing_guard.exposure WHERE held_by = 'regress_x' \gset
SET SESSION AUTHORIZATION regress_x;
:close
RESET SESSION AUTHORIZATION;
ALTER ROLE regress_member NOCREATEROLE;
REVOKE pg_read_all_data FROM regress_member;
DROP ROLE regress_member;
ALTER ROLE regress_x NOSUPERUSER NOLOGIN;
CALL way('ALTER ROLE regress_x BYPASSRLS', NULL, NULL);
CALL way('ALTER ROLE regress_x REPLICATION', NULL, NULL);
CALL way('ALTER ROLE regress_x CREATEROLE', NULL, NULL);
CALL way('GRANT pg_read_all_data TO regress_x', NULL, NULL);
CALL way('GRANT pg_execute_server_program TO regress_x', NULL, NULL);
CALL way('GRANT pg_read_server_files TO regress_x', NULL, NULL);
CALL way('GRANT pg_write_server_files TO regress_x', NULL, NULL);
CALL way('GRANT pg_write_all_data TO regress_x', NULL, NULL);
CALL way('GRANT pg_monitor TO regress_x', NULL, NULL);
CALL way('GRANT pg_read_all_settings TO regress_x', NULL, NULL);
CALL way('GRANT EXECUTE ON FUNCTION pg_read_binary_file(text) TO regress_x', NULL, NULL);
CALL way('GRANT EXECUTE ON FUNCTION pg_stat_file(text) TO PUBLIC', NULL, NULL);
CALL way('GRANT EXECUTE ON FUNCTION lo_import(text) TO regress_x', NULL, NULL);
CALL way('GRANT SET ON PARAMETER session_preload_libraries TO regress_x', NULL, NULL);
CALL way('GRANT ALTER SYSTEM ON PARAMETER archive_command TO regress_x', NULL, NULL);
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
-- Functions that the server itself calls with what is in the tables.
CREATE FUNCTION seen(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN t; END $$;
CREATE FUNCTION seen_ok(t text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION seen_how_far(a text, b text) RETURNS double precision LANGUAGE sql IMMUTABLE AS 'SELECT 1.0::double precision';
CREATE DOMAIN seen_domain AS text CHECK (seen_ok(VALUE));
CREATE TYPE seen_range AS RANGE (subtype = text, subtype_diff = seen_how_far);
CALL way('CREATE INDEX read_seen ON read (seen(plate))', NULL, NULL);
CALL way('CREATE UNIQUE INDEX read_seen ON read (id) WHERE seen(plate) > ''A''', NULL, NULL);
CALL way('ALTER TABLE read ADD EXCLUDE USING btree (id WITH =) WHERE (seen(plate) = ''A'')', NULL, NULL);
CALL way('ALTER TABLE read ADD CHECK (seen_ok(plate))', NULL, NULL);
CALL way('CREATE STATISTICS read_seen ON (seen(plate)) FROM read', NULL, NULL);
CALL way('ALTER TABLE read ADD COLUMN looked text GENERATED ALWAYS AS (seen(plate)) STORED', NULL, NULL);
ALTER TABLE read DROP COLUMN looked;
CALL way('ALTER TABLE feed ALTER note SET DEFAULT seen(''x'')', NULL, NULL);
CALL way('CREATE POLICY seen ON read USING (seen_ok(plate))', NULL, NULL);
ALTER TABLE feed ADD COLUMN more seen_domain, ADD COLUMN other seen_range;
SELECT kind, severity, subject, held_by = current_user, finding, command FROM sharing_guard.exposure WHERE kind = 'row_function' ORDER BY subject;
ALTER TABLE feed DROP COLUMN more, DROP COLUMN other;
DROP TYPE seen_range; DROP DOMAIN seen_domain; DROP FUNCTION seen_how_far, seen_ok, seen;
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
\set superuser :USER
\c - regress_first
SELECT sharing_guard.open_maintenance('upgrade', now() + interval '1 hour') AS request \gset
\c - regress_second
SELECT length(sharing_guard.approve_maintenance(:'request')) > 0;
\c - :superuser
SET client_min_messages = error;
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
-- Not connected anywhere: neither made with a connection nor left enabled.
CREATE SUBSCRIPTION regress_feed CONNECTION 'host=/nowhere dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = 'regress_feed');
CALL way('ALTER SUBSCRIPTION regress_feed ENABLE', NULL, NULL);
ALTER SUBSCRIPTION regress_feed SET (slot_name = NONE);
DROP SUBSCRIPTION regress_feed;
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
SELECT kind, severity, subject, command FROM sharing_guard.exposure WHERE kind = 'foreign_server';
INSERT INTO shown VALUES ('foreign_server');
SELECT sharing_guard.bind_server('nowhere', 'oakdale-pd');
SELECT count(*) FROM sharing_guard.exposure WHERE kind = 'foreign_server';
SELECT sharing_guard.unbind_server('nowhere');
SELECT count(*) FROM sharing_guard.exposure WHERE kind = 'foreign_server';
DROP FOREIGN DATA WRAPPER nowhere CASCADE;
INSERT INTO shown VALUES ('sending_function'), ('maintain');
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
-- server (250_exposure.pl, 240_standby_without.pl, 175_restore_shapes.pl; maintain:
-- PostgreSQL 17).
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
