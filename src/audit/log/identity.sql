-- Which log is this?  One row for each database that has written to, or
-- sealed, what is kept here.
--
-- A row is bound to the cluster (system identifier) and the database (oid) it
-- was made in.  Where no row is bound to the present database, it is a copy
-- (CREATE DATABASE ... TEMPLATE) or has been upgraded; it then writes under an
-- id derived from the last one, so that no two databases ever write, or sign,
-- as the same log.  identity.c decides; here it is only kept.
CREATE TABLE sharing_guard.log (
    log_id uuid NOT NULL,
    parent uuid,
    created_at timestamptz NOT NULL,
    system_identifier bigint NOT NULL,
    database_oid oid NOT NULL,
    received boolean NOT NULL DEFAULT false,
    cause text NOT NULL,
    database_name text NOT NULL,
    PRIMARY KEY (log_id),
    CONSTRAINT log_cause CHECK (cause IN ('created', 'copied', 'upgraded'))
);
REVOKE ALL ON TABLE sharing_guard.log FROM PUBLIC;
COMMENT ON TABLE sharing_guard.log IS
'The identities of this log and of logs kept beside it: one row for each database that has written or sealed events found here. Never changed';
COMMENT ON COLUMN sharing_guard.log.log_id IS
'Identifies the log; every event has it, and every checkpoint names it in its origin';
COMMENT ON COLUMN sharing_guard.log.parent IS
'Copied or upgraded: the log that this one was made from; NULL for a log of its own';
COMMENT ON COLUMN sharing_guard.log.created_at IS
'When the log got this identity';
COMMENT ON COLUMN sharing_guard.log.system_identifier IS
'The cluster, as pg_control_system() tells it';
COMMENT ON COLUMN sharing_guard.log.database_oid IS
'The database in that cluster';
COMMENT ON COLUMN sharing_guard.log.received IS
'Whether the row came by logical replication: the log of another database, of which this one keeps a copy';
COMMENT ON COLUMN sharing_guard.log.cause IS
'How the identity came about: created (CREATE EXTENSION), copied (the database is a copy of another, made without CREATE EXTENSION), upgraded (the database was moved whole into another cluster and kept its oid, as pg_upgrade does)';
COMMENT ON COLUMN sharing_guard.log.database_name IS
'The name of the database at that time';

CREATE FUNCTION sharing_guard.mark_received_log() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sg_sql_mark_received_log'
    LANGUAGE C;
REVOKE ALL ON FUNCTION sharing_guard.mark_received_log() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.mark_received_log() IS
'Internal: sets log.received where logical replication inserts the row';

CREATE TRIGGER mark_received BEFORE INSERT ON sharing_guard.log
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.mark_received_log();
ALTER TABLE sharing_guard.log ENABLE ALWAYS TRIGGER mark_received;
COMMENT ON TRIGGER mark_received ON sharing_guard.log IS
'Tells the logs of other databases from our own';

CREATE TRIGGER protect_rows BEFORE UPDATE OR DELETE ON sharing_guard.log
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.protect_record();
CREATE TRIGGER protect_table BEFORE TRUNCATE ON sharing_guard.log
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.protect_record();
ALTER TABLE sharing_guard.log ENABLE ALWAYS TRIGGER protect_rows;
ALTER TABLE sharing_guard.log ENABLE ALWAYS TRIGGER protect_table;
COMMENT ON TRIGGER protect_rows ON sharing_guard.log IS
'Refuses every UPDATE and DELETE';
COMMENT ON TRIGGER protect_table ON sharing_guard.log IS
'Refuses TRUNCATE';

INSERT INTO sharing_guard.log (log_id, created_at, system_identifier,
                               database_oid, cause, database_name)
SELECT pg_catalog.gen_random_uuid(), pg_catalog.clock_timestamp(),
       c.system_identifier, d.oid, 'created', d.datname
FROM pg_catalog.pg_database d, pg_catalog.pg_control_system() c
WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database();

-- A restored database has the old log's row as well as its own.
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.log', '');

CREATE FUNCTION sharing_guard.log_id() RETURNS uuid
    AS 'MODULE_PATHNAME', 'sg_sql_log_id'
    LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION sharing_guard.log_id() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.log_id() IS
'The id of the log that this database writes';
