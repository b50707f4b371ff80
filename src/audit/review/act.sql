
-- What auditors do is in the log, too: rows of tables of their own, each of
-- them an event as well.

CREATE FUNCTION sharing_guard.record_act() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sg_sql_record_act'
    LANGUAGE C;
REVOKE ALL ON FUNCTION sharing_guard.record_act() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.record_act() IS
'Trigger of every table of acts of review: writes the row into the log as an event of kind review, under the row''s own event id';

CREATE FUNCTION sharing_guard.new_event_id() RETURNS uuid
    AS 'MODULE_PATHNAME', 'sg_sql_new_event_id'
    LANGUAGE C VOLATILE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.new_event_id() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.new_event_id() IS
'Internal: a new event id, of now';

CREATE FUNCTION sharing_guard.acting_role() RETURNS text
    AS 'MODULE_PATHNAME', 'sg_sql_acting_role'
    LANGUAGE C STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION sharing_guard.acting_role() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.acting_role() IS
'Internal: the role that SET ROLE chose, or the login';

CREATE FUNCTION sharing_guard.authenticated_login() RETURNS text
    AS 'MODULE_PATHNAME', 'sg_sql_authenticated_login'
    LANGUAGE C STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION sharing_guard.authenticated_login() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.authenticated_login() IS
'Internal: the role that logged in, which SET SESSION AUTHORIZATION does not change; NULL in a background process';

CREATE FUNCTION sharing_guard.require_login(act text) RETURNS void
    AS 'MODULE_PATHNAME', 'sg_sql_require_login'
    LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION sharing_guard.require_login(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.require_login(text) IS
'Internal: errors out unless the session acts as the role that logged in';

CREATE FUNCTION sharing_guard.is_member(member text, role oid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sg_sql_is_member'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.is_member(text, oid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.is_member(text, oid) IS
'Internal: whether a role is, or is a member of, another; a superuser is a member of those alone that it was made one of';

-- plpgsql, because role_duty comes later in this script.
CREATE FUNCTION sharing_guard.holds_duty(member text, duty text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM sharing_guard.role_duty AS d
         WHERE d.duty = holds_duty.duty
           AND sharing_guard.is_member(holds_duty.member, d.role::oid));
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.holds_duty(text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.holds_duty(text, text) IS
'Internal: whether a role was given this duty, itself or by membership';

-- Rows of these tables are written once; also where replication brings them.
CREATE FUNCTION sharing_guard.protect_table(relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER protect_rows BEFORE UPDATE OR DELETE ON %s
        FOR EACH ROW EXECUTE FUNCTION sharing_guard.protect_record()', relation);
    EXECUTE format('CREATE TRIGGER protect_table BEFORE TRUNCATE ON %s
        FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.protect_record()', relation);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER protect_rows', relation);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER protect_table', relation);
    EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', relation);
    PERFORM pg_extension_config_dump(relation, '');
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.protect_table(regclass) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.protect_table(regclass) IS
'Internal: makes a table of the record unchangeable, and has dumps include it';
