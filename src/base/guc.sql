\echo Use "CREATE EXTENSION sharing_guard" to load this file. \quit

-- This script creates the schema, and not the control file.  So an existing
-- schema of this name, which another role may own, stops the installation
-- instead of being used.
CREATE SCHEMA sharing_guard;
REVOKE ALL ON SCHEMA sharing_guard FROM PUBLIC;
COMMENT ON SCHEMA sharing_guard IS
'Decides on, records and audits every row that leaves this database; see the manual of the extension sharing_guard';

-- Roles get rights on these objects only through grant_auditor() and
-- grant_policy_admin().  Every function below is revoked from PUBLIC where it
-- is created, and no other right is granted by default.

CREATE FUNCTION sharing_guard.require_operational() RETURNS void
    AS 'MODULE_PATHNAME', 'sg_sql_require_operational'
    LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.require_operational() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.require_operational() IS
'Raises an error (SG006) unless the library was preloaded and this database is listed in sharing_guard.databases';

-- Stops CREATE EXTENSION where the extension could not work.
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

-- Names and rows in their recorded form: see fixed_form.h.
CREATE FUNCTION sharing_guard.relation_name(relation oid) RETURNS text
    AS 'MODULE_PATHNAME', 'sg_sql_relation_name'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.relation_name(oid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.relation_name(oid) IS
'Internal: a table''s name with its schema, quoted where necessary, independent of the session''s settings';

CREATE FUNCTION sharing_guard.row_as_recorded("row" record) RETURNS json
    AS 'MODULE_PATHNAME', 'sg_sql_row_as_recorded'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.row_as_recorded(record) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.row_as_recorded(record) IS
'Internal: a row in the form that events have, independent of the session''s settings';

CREATE FUNCTION sharing_guard.guarded_databases() RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'sg_sql_guarded_databases'
    LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION sharing_guard.guarded_databases() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.guarded_databases() IS
'The names in sharing_guard.databases, one for each row';

-- The writer of such a database waits until the database exists.  A database
-- whose name is misspelt in the setting is not guarded at all.
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
'The names in sharing_guard.databases that are not the name of a database, or whose database allows no connections';
