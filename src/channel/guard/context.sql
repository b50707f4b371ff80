-- What a session declares, and what its role is bound to.

CREATE FUNCTION sharing_guard.begin_disclosure(
    destination text DEFAULT NULL,
    purpose text DEFAULT NULL,
    legal_basis text DEFAULT NULL,
    case_number text DEFAULT NULL,
    requesting_person text DEFAULT NULL,
    on_behalf_of_agency text DEFAULT NULL,
    recipient_person text DEFAULT NULL)
    RETURNS void
    AS 'MODULE_PATHNAME', 'sg_sql_begin_disclosure'
    LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.begin_disclosure(text, text, text, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.begin_disclosure(text, text, text, text, text, text, text) IS
'Declares, for the rest of this transaction, what the rows it exports do not say themselves: to whom, for what, under which legal basis, for whom; requesting_person is the person at the keyboard on our side, recipient_person the one at the receiving agency';

-- An application declares for itself; a declaration only adds to the record.
GRANT USAGE ON SCHEMA sharing_guard TO PUBLIC;
GRANT EXECUTE ON FUNCTION sharing_guard.begin_disclosure(text, text, text, text, text, text, text) TO PUBLIC;

-- The server drops no role that has a right somewhere, in any database.
CREATE FUNCTION sharing_guard.role_is_bound() RETURNS void
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$ $$;
REVOKE ALL ON FUNCTION sharing_guard.role_is_bound() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.role_is_bound() IS
'Does nothing. The right to call it marks a role that is bound to an agency or has a duty, so that the server does not drop the role before unbind_role() or revoke_auditor() or revoke_policy_admin()';

-- Plpgsql, because role_duty comes later in this script.
CREATE FUNCTION sharing_guard.role_ties()
    RETURNS TABLE (role oid, tie text, way_out text, marked boolean)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH mark AS (
        SELECT p.proowner AS grantee FROM pg_proc p
        WHERE p.oid = 'sharing_guard.role_is_bound()'::regprocedure
        UNION
        SELECT x.grantee FROM pg_proc p, aclexplode(p.proacl) x
        WHERE p.oid = 'sharing_guard.role_is_bound()'::regprocedure),
    kept AS (
        SELECT b.role::oid AS role, 'is bound to agency ' || b.agency_id AS tie,
               format('SELECT sharing_guard.unbind_role(%L);', coalesce(r.rolname::text, b.role::oid::text)) AS way_out
        FROM sharing_guard.role_binding b LEFT JOIN pg_roles r ON r.oid = b.role::oid
        UNION ALL
        SELECT d.role::oid, 'has the duty ' || d.duty,
               CASE WHEN r.rolname IS NULL
                    THEN format('DELETE FROM sharing_guard.role_duty WHERE duty = %L AND role::oid = %s;', d.duty, d.role::oid)
                    ELSE format('SELECT sharing_guard.revoke_%s(%L);', d.duty, r.rolname) END
        FROM sharing_guard.role_duty d LEFT JOIN pg_roles r ON r.oid = d.role::oid)
    SELECT k.role, k.tie, k.way_out, EXISTS (SELECT FROM mark m WHERE m.grantee = k.role)
    FROM kept k;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.role_ties() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.role_ties() IS
'Internal: the roles that are bound or have a duty, what unties each, and whether the server is kept from dropping it';

CREATE FUNCTION sharing_guard.mark_roles() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mark record;
    different boolean;
    differences constant text := $query$
        SELECT r.rolname, t.role IS NOT NULL AS wanted
        FROM (SELECT DISTINCT role FROM sharing_guard.role_ties()) t
             FULL JOIN (
                 SELECT x.grantee FROM pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) x
                 WHERE p.oid = 'sharing_guard.role_is_bound()'::regprocedure) m ON m.grantee = t.role
             JOIN pg_catalog.pg_roles r ON r.oid = coalesce(t.role, m.grantee)
             JOIN pg_catalog.pg_proc f ON f.oid = 'sharing_guard.role_is_bound()'::regprocedure
        WHERE (t.role IS NULL OR m.grantee IS NULL) AND r.oid <> f.proowner$query$;
BEGIN
    EXECUTE 'SELECT EXISTS (' || differences || ')' INTO different;
    IF NOT different THEN
        RETURN;
    END IF;
    -- One after the other: of two that change one object's rights at once the
    -- server fails one.
    PERFORM pg_advisory_xact_lock((21319::bigint << 48) | 'sharing_guard.role_is_bound()'::regprocedure::oid::bigint);
    FOR mark IN EXECUTE differences LOOP
        EXECUTE format(CASE WHEN mark.wanted THEN 'GRANT EXECUTE ON FUNCTION sharing_guard.role_is_bound() TO %I'
                            ELSE 'REVOKE ALL ON FUNCTION sharing_guard.role_is_bound() FROM %I' END,
                       mark.rolname);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.mark_roles() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.mark_roles() IS
'Internal: marks the roles that are bound or have a duty, and no others';

CREATE FUNCTION sharing_guard.role_kept() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM sharing_guard.mark_roles();
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.role_kept() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.role_kept() IS
'Trigger: keeps the server from dropping roles that are bound or have a duty';

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
'Whether several people use it, so that its name stands for no person: events then say shared_login';
COMMENT ON COLUMN sharing_guard.role_binding.kind IS
'agency: people who act for the role read for that agency; backup: the role makes backups, which that agency keeps; service: a program of our own that takes records in and clears up, see bind_service()';
REVOKE ALL ON TABLE sharing_guard.role_binding FROM PUBLIC;
-- By name alone: the number of a role that is gone may be another's elsewhere.
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.role_binding',
    'WHERE role::pg_catalog.oid IN (SELECT r.oid FROM pg_catalog.pg_roles r)');
CREATE TRIGGER role_kept AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON sharing_guard.role_binding
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.role_kept();
ALTER TABLE sharing_guard.role_binding ENABLE ALWAYS TRIGGER role_kept;

SELECT sharing_guard.is_policy_table('role_binding', 'role');

CREATE FUNCTION sharing_guard.bind(role text, agency text, shared boolean, kind text)
    RETURNS text
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
    RETURN CASE
        WHEN bind.kind = 'backup'
        THEN format('what role %s copies is recorded as a backup kept by %s', bound, bind.agency)
        WHEN bind.agency = (SELECT s.agency FROM sharing_guard.setting s)
        THEN format('role %s belongs to the agency itself, %s', bound, bind.agency)
        ELSE format('role %s acts for %s: what it reads of protected tables is decided on as a disclosure',
                    bound, bind.agency) END
        || CASE WHEN bind.shared THEN '; several people log in as it, so its events name a person only where begin_disclosure() does' ELSE '' END;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.bind(text, text, boolean, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.bind(text, text, boolean, text) IS
'Internal: what bind_role() and bind_backup() have in common';

CREATE FUNCTION sharing_guard.bind_role(role text, agency text,
                                        shared boolean DEFAULT false)
    RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT sharing_guard.bind($1, $2, $3, 'agency') $$;
REVOKE ALL ON FUNCTION sharing_guard.bind_role(text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.bind_role(text, text, boolean) IS
'Says which agency the people behind a login belong to and whether several people share it: people who act for the role read protected tables for that agency';

CREATE FUNCTION sharing_guard.bind_backup(role text, agency text DEFAULT NULL)
    RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT sharing_guard.bind($1, coalesce($2, (SELECT s.agency FROM sharing_guard.setting s)), false, 'backup') $$;
REVOKE ALL ON FUNCTION sharing_guard.bind_backup(text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.bind_backup(text, text) IS
'Says which login makes the backups (pg_dump) and which agency keeps them: our own, unless another is named';

CREATE FUNCTION sharing_guard.unbind_role(role text) RETURNS text
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
    RETURN format('role %s is bound to no agency: what it reads counts as the agency''s own access', quote_ident(unbind_role.role));
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.unbind_role(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.unbind_role(text) IS
'Takes back bind_role() or bind_backup()';

