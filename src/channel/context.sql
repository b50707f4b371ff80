-- What a session declares, and what its role is bound to.

CREATE FUNCTION sharing_guard.begin_disclosure(
    destination text DEFAULT NULL,
    purpose text DEFAULT NULL,
    legal_basis text DEFAULT NULL,
    case_number text DEFAULT NULL,
    requesting_person text DEFAULT NULL,
    on_behalf_of_agency text DEFAULT NULL)
    RETURNS void
    AS 'MODULE_PATHNAME', 'sg_sql_begin_disclosure'
    LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.begin_disclosure(text, text, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.begin_disclosure(text, text, text, text, text, text) IS
'Declares, for the rest of this transaction, what the rows it exports do not say themselves: to whom, for what, under which legal basis, for whom; requesting_person is the person at the keyboard on our side';

-- An application declares for itself; a declaration only adds to the record.
GRANT USAGE ON SCHEMA sharing_guard TO PUBLIC;
GRANT EXECUTE ON FUNCTION sharing_guard.begin_disclosure(text, text, text, text, text, text) TO PUBLIC;

CREATE TABLE sharing_guard.role_binding (
    role regrole PRIMARY KEY,
    agency_id text NOT NULL REFERENCES sharing_guard.agency,
    shared boolean NOT NULL DEFAULT false,
    kind text NOT NULL DEFAULT 'agency',
    CONSTRAINT role_binding_kind CHECK (kind IN ('agency', 'backup', 'service'))
);
COMMENT ON TABLE sharing_guard.role_binding IS
'Which agency the people behind a login belong to, and whether several people share it';
COMMENT ON COLUMN sharing_guard.role_binding.role IS 'The login';
COMMENT ON COLUMN sharing_guard.role_binding.agency_id IS
'The agency whose people use it (agency.agency_id)';
COMMENT ON COLUMN sharing_guard.role_binding.shared IS
'Whether several people use it, so that its name stands for nobody: events then say shared_login';
COMMENT ON COLUMN sharing_guard.role_binding.kind IS
'agency: whoever acts for the role discloses to that agency; backup: the role makes backups, which that agency keeps; service: a program of our own that takes records in and clears up, see bind_service()';
REVOKE ALL ON TABLE sharing_guard.role_binding FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.role_binding', '');

CREATE TRIGGER policy_changed AFTER INSERT OR UPDATE OR DELETE
    ON sharing_guard.role_binding
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.policy_changed('role');
CREATE TRIGGER policy_truncated AFTER TRUNCATE
    ON sharing_guard.role_binding
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.policy_changed();
ALTER TABLE sharing_guard.role_binding ENABLE ALWAYS TRIGGER policy_changed;
ALTER TABLE sharing_guard.role_binding ENABLE ALWAYS TRIGGER policy_truncated;

CREATE FUNCTION sharing_guard.bind(role text, agency text, shared boolean, kind text)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    bound regrole;
BEGIN
    IF bind.role IS NULL OR bind.agency IS NULL OR bind.shared IS NULL THEN
        RAISE EXCEPTION '%', CASE bind.kind
                WHEN 'backup' THEN 'bind_backup() needs a role and the agency that keeps its backups'
                ELSE 'bind_role() needs a role, an agency and whether the role is shared' END
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    bound := to_regrole(quote_ident(bind.role));
    IF bound IS NULL THEN
        RAISE EXCEPTION 'role "%" does not exist', bind.role
            USING ERRCODE = 'undefined_object',
                  HINT = 'Give the name as it stands in pg_roles.rolname.';
    END IF;
    IF NOT EXISTS (SELECT FROM sharing_guard.agency a
                   WHERE a.agency_id = bind.agency) THEN
        RAISE EXCEPTION 'agency "%" is not in the agency registry', bind.agency
            USING ERRCODE = 'undefined_object',
                  HINT = 'Add it to sharing_guard.agency first, or give its agency_id.';
    END IF;
    INSERT INTO sharing_guard.role_binding AS b (role, agency_id, shared, kind)
    VALUES (bound, bind.agency, bind.shared, bind.kind)
    ON CONFLICT (role) DO UPDATE
        SET agency_id = excluded.agency_id, shared = excluded.shared, kind = excluded.kind
        WHERE b.agency_id <> excluded.agency_id OR b.shared <> excluded.shared
              OR b.kind <> excluded.kind;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.bind(text, text, boolean, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.bind(text, text, boolean, text) IS
'Internal: what bind_role() and bind_backup() have in common';

CREATE FUNCTION sharing_guard.bind_role(role text, agency text,
                                        shared boolean DEFAULT false)
    RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT sharing_guard.bind($1, $2, $3, 'agency') $$;
REVOKE ALL ON FUNCTION sharing_guard.bind_role(text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.bind_role(text, text, boolean) IS
'Says which agency the people behind a login belong to and whether several people share it: whoever acts for the role reads protected tables for that agency';

CREATE FUNCTION sharing_guard.bind_backup(role text, agency text DEFAULT NULL)
    RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT sharing_guard.bind($1, coalesce($2, (SELECT s.agency FROM sharing_guard.setting s)), false, 'backup') $$;
REVOKE ALL ON FUNCTION sharing_guard.bind_backup(text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.bind_backup(text, text) IS
'Says which login makes the backups (pg_dump) and which agency keeps them: our own, unless another is named';

CREATE FUNCTION sharing_guard.unbind_role(role text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM sharing_guard.role_binding b
    WHERE b.role::text = quote_ident(unbind_role.role)
       OR b.role::text = unbind_role.role;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'role "%" is not bound to an agency', unbind_role.role
            USING ERRCODE = 'undefined_object',
                  HINT = 'The bound roles are in sharing_guard.role_binding.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.unbind_role(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.unbind_role(text) IS
'Takes back bind_role() or bind_backup()';

