\echo Use "CREATE EXTENSION sharing_guard" to load this file. \quit

-- The schema is made here rather than by the control file, so that a schema
-- of this name that somebody else owns stops the installation instead of
-- being moved into.
CREATE SCHEMA sharing_guard;
REVOKE ALL ON SCHEMA sharing_guard FROM PUBLIC;
COMMENT ON SCHEMA sharing_guard IS
'Decides on, records and audits every row that leaves this database; see the manual of the extension sharing_guard';

-- Nobody gets at anything in here but through grant_auditor() and
-- grant_policy_admin(): every function below is revoked from PUBLIC where it
-- is made, and nothing else is granted to anybody by default.

CREATE FUNCTION sharing_guard.require_operational() RETURNS void
    AS 'MODULE_PATHNAME', 'sg_sql_require_operational'
    LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.require_operational() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.require_operational() IS
'Raises an error (SG006) unless the library was preloaded and this database is listed in sharing_guard.databases';

-- Stops CREATE EXTENSION where the extension could not do its work.
SELECT sharing_guard.require_operational();

CREATE FUNCTION sharing_guard.library_preloaded() RETURNS boolean
    AS 'MODULE_PATHNAME', 'sg_sql_library_preloaded'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.library_preloaded() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.library_preloaded() IS
'Whether sharing_guard was loaded by shared_preload_libraries';

CREATE FUNCTION sharing_guard.database_listed() RETURNS boolean
    AS 'MODULE_PATHNAME', 'sg_sql_database_listed'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.database_listed() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.database_listed() IS
'Whether this database is listed in sharing_guard.databases';

-- Names and rows as they are recorded: see fixed_form.h.
CREATE FUNCTION sharing_guard.relation_name(relation oid) RETURNS text
    AS 'MODULE_PATHNAME', 'sg_sql_relation_name'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.relation_name(oid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.relation_name(oid) IS
'Internal: a table''s name with its schema, quoted where it has to be, whatever the session has set';

CREATE FUNCTION sharing_guard.row_as_recorded("row" record) RETURNS json
    AS 'MODULE_PATHNAME', 'sg_sql_row_as_recorded'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.row_as_recorded(record) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.row_as_recorded(record) IS
'Internal: a row as events have it, whatever the session has set';

CREATE FUNCTION sharing_guard.guarded_databases() RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'sg_sql_guarded_databases'
    LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION sharing_guard.guarded_databases() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.guarded_databases() IS
'The names in sharing_guard.databases, one for each row';

-- The writer of such a name waits until the database appears.  A database of
-- whose name a letter is wrong in the setting is not guarded at all.
CREATE FUNCTION sharing_guard.missing_databases() RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT g.name FROM sharing_guard.guarded_databases() AS g (name)
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_database d
                      WHERE d.datname OPERATOR(pg_catalog.=) g.name AND d.datallowconn)
$$;
REVOKE ALL ON FUNCTION sharing_guard.missing_databases() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.missing_databases() IS
'The names in sharing_guard.databases of databases that do not exist or allow no connections';
