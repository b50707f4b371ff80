-- Services: programs that take records in and clear up, recorded in summary.

CREATE TABLE sharing_guard.service_statement (
    role regrole NOT NULL,
    shape text NOT NULL,
    sample text NOT NULL,
    PRIMARY KEY (role, shape)
);
COMMENT ON TABLE sharing_guard.service_statement IS
'The statements of services that are recorded in summary: one event for each of them, protected table, session and hour, with their number. All others of a service are recorded one by one';
COMMENT ON COLUMN sharing_guard.service_statement.role IS
'The login of the service; it counts only while bind_service() names it';
COMMENT ON COLUMN sharing_guard.service_statement.shape IS
'What all statements that differ only in their values have in common: the command, each table with its columns that are read and those that are changed, the conditions';
COMMENT ON COLUMN sharing_guard.service_statement.sample IS
'The statement that was given to declare_service_statement()';
REVOKE ALL ON TABLE sharing_guard.service_statement FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.service_statement', '');

SELECT sharing_guard.is_policy_table('service_statement', 'role', 'shape');

CREATE FUNCTION sharing_guard.statement_shape(sample text) RETURNS text
    AS 'MODULE_PATHNAME', 'sg_sql_statement_shape'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.statement_shape(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.statement_shape(text) IS
'Returns what statements that differ from this one only in their values have in common; the statement is not run';

CREATE FUNCTION sharing_guard.bind_service(role text, agency text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    own text := (SELECT s.agency FROM sharing_guard.setting s);
BEGIN
    IF COALESCE(bind_service.agency, own) <> own THEN
        RAISE EXCEPTION 'a service of agency "%" cannot be recorded in summary', bind_service.agency
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = 'What it reads goes to another agency, and each such disclosure is recorded.',
                  HINT = 'Bind its login with sharing_guard.bind_role().';
    END IF;
    PERFORM sharing_guard.bind(bind_service.role, own, true, 'service');
    RETURN format('The statements of %s that declare_service_statement() names are recorded in summary from now on; %s named yet.',
        bind_service.role,
        (SELECT CASE count(*) WHEN 0 THEN 'none is' WHEN 1 THEN '1 is' ELSE count(*) || ' are' END
         FROM sharing_guard.service_statement s WHERE s.role = to_regrole(quote_ident(bind_service.role))));
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.bind_service(text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.bind_service(text, text) IS
'Says which login is a program of our own agency that takes records in and clears up: the statements that declare_service_statement() names for it are recorded in summary and not flagged. People behind it are named with begin_disclosure(), and what they read is recorded one by one';

CREATE FUNCTION sharing_guard.unbind_service(role text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bound regrole := to_regrole(quote_ident(unbind_service.role));
BEGIN
    DELETE FROM sharing_guard.role_binding b
    WHERE b.role = bound AND b.kind = 'service';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'role "%" is not bound as a service', unbind_service.role
            USING ERRCODE = 'undefined_object',
                  HINT = 'The bound roles are in sharing_guard.role_binding.';
    END IF;
    DELETE FROM sharing_guard.service_statement s WHERE s.role = bound;
    RETURN format('What %s reads is recorded one by one from now on.', unbind_service.role);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.unbind_service(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.unbind_service(text) IS
'Takes back bind_service(), and the statements declared for that login';

CREATE FUNCTION sharing_guard.declare_service_statement(role text, sample text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made text := sharing_guard.statement_shape(declare_service_statement.sample);
    bound regrole := to_regrole(quote_ident(declare_service_statement.role));
BEGIN
    IF NOT EXISTS (SELECT FROM sharing_guard.role_binding b
                   WHERE b.role = bound AND b.kind = 'service') THEN
        RAISE EXCEPTION 'role "%" is not bound as a service', declare_service_statement.role
            USING ERRCODE = 'undefined_object',
                  HINT = 'Call sharing_guard.bind_service() first.';
    END IF;
    IF made IS NULL THEN
        RAISE EXCEPTION 'declare_service_statement() needs a role and a statement'
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    INSERT INTO sharing_guard.service_statement (role, shape, sample)
    VALUES (bound, made, declare_service_statement.sample)
    ON CONFLICT DO NOTHING;
    RETURN format('Recorded in summary: %s', made);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.declare_service_statement(text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.declare_service_statement(text, text) IS
'Declares a statement of a service that is recorded in summary from now on, by a sample with any values or with $1, $2, ...; the names in it are qualified with their schema. Returns the form that all such statements have in common';
