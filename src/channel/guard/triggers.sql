-- The triggers of a guard, and what keeps them on a growing table.

CREATE FUNCTION sharing_guard.install_triggers(guard_id uuid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sg_sql_install_triggers'
    LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.install_triggers(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.install_triggers(uuid) IS
'Internal: gives a guard''s table and all below it the triggers they must have; true if anything was to be done';

CREATE FUNCTION sharing_guard.complete_triggers(guard_id uuid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sg_sql_complete_triggers'
    LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.complete_triggers(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.complete_triggers(uuid) IS
'Internal: the same as install_triggers() for tables that have just come below a guard''s table, without keeping anybody from writing to the others';

CREATE FUNCTION sharing_guard.remove_triggers(guard_id uuid) RETURNS void
    AS 'MODULE_PATHNAME', 'sg_sql_remove_triggers'
    LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.remove_triggers(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.remove_triggers(uuid) IS
'Internal: takes the triggers of a guard that is there no more off all tables';

-- Granted to PUBLIC, because the server clones a partitioned table's triggers to a
-- new partition with the rights of the role that makes the partition.  Called by any
-- trigger but a guard's own, they refuse.
CREATE FUNCTION sharing_guard.export_row_before() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sg_sql_export_row_before' LANGUAGE C;
REVOKE ALL ON FUNCTION sharing_guard.export_row_before() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sharing_guard.export_row_before() TO PUBLIC;
COMMENT ON FUNCTION sharing_guard.export_row_before() IS
'Trigger of protected tables: leaves out the rows that are refused (on_block => ''skip_row'')';

CREATE FUNCTION sharing_guard.export_row_after() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sg_sql_export_row_after' LANGUAGE C;
REVOKE ALL ON FUNCTION sharing_guard.export_row_after() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sharing_guard.export_row_after() TO PUBLIC;
COMMENT ON FUNCTION sharing_guard.export_row_after() IS
'Trigger of protected tables: decides on each row, refuses the statement or records the row';

CREATE FUNCTION sharing_guard.export_statement_after() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sg_sql_export_statement_after' LANGUAGE C;
REVOKE ALL ON FUNCTION sharing_guard.export_statement_after() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sharing_guard.export_statement_after() TO PUBLIC;
COMMENT ON FUNCTION sharing_guard.export_statement_after() IS
'Trigger of protected tables: tells the client how many rows were left out';

CREATE FUNCTION sharing_guard.follow_ddl() RETURNS event_trigger
    AS 'MODULE_PATHNAME', 'sg_sql_follow_ddl' LANGUAGE C;
REVOKE ALL ON FUNCTION sharing_guard.follow_ddl() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.follow_ddl() IS
'Event trigger: follows renamed columns of protected tables and completes the triggers of new children';

CREATE FUNCTION sharing_guard.follow_drop() RETURNS event_trigger
    AS 'MODULE_PATHNAME', 'sg_sql_follow_drop' LANGUAGE C;
REVOKE ALL ON FUNCTION sharing_guard.follow_drop() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.follow_drop() IS
'Event trigger: records that the guard of a dropped table is gone';

CREATE EVENT TRIGGER sharing_guard_follow_ddl ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'ALTER FOREIGN TABLE',
                 'CREATE FOREIGN TABLE', 'CREATE SCHEMA', 'ALTER SCHEMA',
                 'ALTER VIEW',
                 'ALTER MATERIALIZED VIEW', 'ALTER INDEX', 'ALTER SEQUENCE',
                 'ALTER TYPE')
    EXECUTE FUNCTION sharing_guard.follow_ddl();
ALTER EVENT TRIGGER sharing_guard_follow_ddl ENABLE ALWAYS;
-- For every drop: a table may go with its type, its schema, its owner.
CREATE EVENT TRIGGER sharing_guard_follow_drop ON sql_drop
    EXECUTE FUNCTION sharing_guard.follow_drop();
ALTER EVENT TRIGGER sharing_guard_follow_drop ENABLE ALWAYS;

