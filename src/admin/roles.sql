-- Grants the duties of auditors, who read the record, and of policy
-- administrators, who change the policy; these should be different people.

CREATE TABLE sharing_guard.role_duty (
    role regrole NOT NULL,
    duty text NOT NULL,
    PRIMARY KEY (role, duty),
    CONSTRAINT role_duty_duty CHECK (duty IN ('auditor', 'policy_admin', 'monitor'))
);
COMMENT ON TABLE sharing_guard.role_duty IS
'The roles that are auditors, policy administrators or monitors';
COMMENT ON COLUMN sharing_guard.role_duty.role IS 'The role';
COMMENT ON COLUMN sharing_guard.role_duty.duty IS
'auditor: reads the record and the policy, reviews and signs; policy_admin: changes the policy; monitor: reads figures and health';
REVOKE ALL ON TABLE sharing_guard.role_duty FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.role_duty',
    'WHERE role::pg_catalog.oid IN (SELECT r.oid FROM pg_catalog.pg_roles r)');
CREATE TRIGGER role_kept AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON sharing_guard.role_duty
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.role_kept();
ALTER TABLE sharing_guard.role_duty ENABLE ALWAYS TRIGGER role_kept;
SELECT sharing_guard.is_policy_table('role_duty', 'role', 'duty');

CREATE FUNCTION sharing_guard.grant_duty(role text, duty text, is_grant boolean)
    RETURNS void
    AS 'MODULE_PATHNAME', 'sg_sql_grant_duty'
    LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.grant_duty(text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.grant_duty(text, text, boolean) IS
'Internal: grants or revokes the rights of a duty';

CREATE FUNCTION sharing_guard.change_duty(role text, duty text, is_grant boolean)
    RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF change_duty.role IS NULL THEN
        RAISE EXCEPTION 'whose duty? The role is NULL'
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM sharing_guard.grant_duty(change_duty.role, change_duty.duty, change_duty.is_grant);
    IF is_grant THEN
        INSERT INTO sharing_guard.role_duty (role, duty)
        VALUES (quote_ident(change_duty.role)::regrole, change_duty.duty)
        ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM sharing_guard.role_duty d
        WHERE d.role = quote_ident(change_duty.role)::regrole
          AND d.duty = change_duty.duty;
        -- The REVOKE may also have removed rights that the role's other duty
        -- needs.
        PERFORM sharing_guard.grant_duty(change_duty.role, d.duty, true)
        FROM sharing_guard.role_duty d
        WHERE d.role = quote_ident(change_duty.role)::regrole;
    END IF;
    RETURN format('role %I is %s', change_duty.role,
                  CASE WHEN is_grant THEN '' ELSE 'no longer ' END
                  || CASE change_duty.duty WHEN 'auditor' THEN 'an auditor' WHEN 'monitor' THEN 'a monitor'
                          ELSE 'a policy administrator' END
                  || CASE WHEN NOT is_grant THEN ''
                          WHEN change_duty.duty = 'auditor' THEN ': reads the record and the policy, reviews and signs'
                          WHEN change_duty.duty = 'monitor' THEN ': reads figures and health'
                          ELSE ': changes the policy' END);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.change_duty(text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.change_duty(text, text, boolean) IS
'Internal: grants or revokes a duty, and records it';

CREATE FUNCTION sharing_guard.grant_auditor(role text) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT sharing_guard.change_duty($1, 'auditor', true) $$;
REVOKE ALL ON FUNCTION sharing_guard.grant_auditor(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.grant_auditor(text) IS
'Lets a role read the audit views and the policy, review events and sign review periods; the role cannot change existing records';

CREATE FUNCTION sharing_guard.revoke_auditor(role text) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT sharing_guard.change_duty($1, 'auditor', false) $$;
REVOKE ALL ON FUNCTION sharing_guard.revoke_auditor(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.revoke_auditor(text) IS
'Revokes grant_auditor()';

CREATE FUNCTION sharing_guard.grant_policy_admin(role text) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT sharing_guard.change_duty($1, 'policy_admin', true) $$;
REVOKE ALL ON FUNCTION sharing_guard.grant_policy_admin(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.grant_policy_admin(text) IS
'Lets a role set up the policy and protect tables; the role need not own the tables and cannot change the record';

CREATE FUNCTION sharing_guard.revoke_policy_admin(role text) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT sharing_guard.change_duty($1, 'policy_admin', false) $$;
REVOKE ALL ON FUNCTION sharing_guard.revoke_policy_admin(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.revoke_policy_admin(text) IS
'Revokes grant_policy_admin()';


-- A role that monitors the server may see whether the record is being written,
-- but not its content.
GRANT SELECT ON sharing_guard.health TO pg_monitor;
GRANT EXECUTE ON FUNCTION sharing_guard.writer_health(),
    sharing_guard.oldest_transaction_start(), sharing_guard.own_tree(),
    sharing_guard.standing_problems() TO pg_monitor;

CREATE FUNCTION sharing_guard.grant_monitor(role text) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT sharing_guard.change_duty($1, 'monitor', true) $$;
REVOKE ALL ON FUNCTION sharing_guard.grant_monitor(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.grant_monitor(text) IS
'Lets a role read the views metrics and health: figures, and problems in words; no plates, names of people or reasons';

CREATE FUNCTION sharing_guard.revoke_monitor(role text) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT sharing_guard.change_duty($1, 'monitor', false) $$;
REVOKE ALL ON FUNCTION sharing_guard.revoke_monitor(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.revoke_monitor(text) IS
'Takes away what grant_monitor() gave';
