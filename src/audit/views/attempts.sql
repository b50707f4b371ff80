-- What was tried and refused, and is no disclosure: commands that would have
-- taken a guard, or the record, away.

CREATE VIEW sharing_guard.attempts AS
SELECT
    e.event_id,
    e.occurred_at,
    e.username,
    e.username_source,
    e.organization,
    e.session_role,
    e.acting_role,
    e.client_address,
    e.application,
    e.operation,
    e.relation,
    e.changed_key,
    e.policy_revision,
    e.authenticated_login,
    e.authenticated_identity
FROM sharing_guard.legible_event e
WHERE e.kind = 'attempt';
REVOKE ALL ON TABLE sharing_guard.attempts FROM PUBLIC;
COMMENT ON VIEW sharing_guard.attempts IS
'Every refused attempt to take a guard away or to change the record: one line for each command. Refused disclosures are in the view audit, with outcome block';
COMMENT ON COLUMN sharing_guard.attempts.event_id IS
'Identifies the event: a version 7 UUID, so ids sort by the time they were made. Refusals quote it';
COMMENT ON COLUMN sharing_guard.attempts.occurred_at IS 'When it was tried';
COMMENT ON COLUMN sharing_guard.attempts.username IS
'Who tried: the person named by the application, else the login';
COMMENT ON COLUMN sharing_guard.attempts.username_source IS
'Where username comes from: person (named by the application), login (the login itself), shared_login (a login that several people use, and no person was named)';
COMMENT ON COLUMN sharing_guard.attempts.organization IS
'The agency that the login is bound to; NULL: it is not bound';
COMMENT ON COLUMN sharing_guard.attempts.session_role IS 
'The role that the session acts as: the login, or the role that a superuser has taken on with SET SESSION AUTHORIZATION';
COMMENT ON COLUMN sharing_guard.attempts.acting_role IS
'The role whose privileges were used (SET ROLE, SECURITY DEFINER)';
COMMENT ON COLUMN sharing_guard.attempts.client_address IS
'The network address of the client; NULL for a local socket or a background worker';
COMMENT ON COLUMN sharing_guard.attempts.application IS
'The application_name of the session';
COMMENT ON COLUMN sharing_guard.attempts.operation IS
'What was tried: DISABLE TRIGGER, DROP TABLE, ALTER SYSTEM, ...';
COMMENT ON COLUMN sharing_guard.attempts.relation IS
'On what: a table, or the object that was meant';
COMMENT ON COLUMN sharing_guard.attempts.changed_key IS
'Which part of it: a trigger, a column, a partition';
COMMENT ON COLUMN sharing_guard.attempts.policy_revision IS
'The revision of the policy at that time; 0: there was none yet';
COMMENT ON COLUMN sharing_guard.attempts.authenticated_login IS
'The role that logged in: SET SESSION AUTHORIZATION and SET ROLE do not change it. The name that it had at login; NULL for a background worker, which has no login';
COMMENT ON COLUMN sharing_guard.attempts.authenticated_identity IS
'Who logged in, as the authentication method knows them: the method, a colon, and the identity, such as cert:CN=..., ldap:..., gss:name@REALM, scram-sha-256:role. NULL where the method knows no identity (trust)';

CREATE VIEW sharing_guard.attempts_90d AS
SELECT a.*
FROM sharing_guard.attempts a
WHERE a.occurred_at >= sharing_guard.audit_window_start(
        pg_catalog.statement_timestamp(), sharing_guard.time_zone())
    AND a.occurred_at <= pg_catalog.statement_timestamp();
REVOKE ALL ON TABLE sharing_guard.attempts_90d FROM PUBLIC;
COMMENT ON VIEW sharing_guard.attempts_90d IS
'The refused attempts of the last 90 days: the view attempts from local midnight of the day 90 days ago, inclusive, until now';
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT pg_catalog.format('COMMENT ON COLUMN sharing_guard.attempts_90d.%I IS %L',
            att.attname, pg_catalog.col_description(att.attrelid, att.attnum))
        FROM pg_catalog.pg_attribute att
        WHERE att.attrelid OPERATOR(pg_catalog.=) 'sharing_guard.attempts'::pg_catalog.regclass
          AND att.attnum OPERATOR(pg_catalog.>) 0
    LOOP
        EXECUTE statement;
    END LOOP;
END
$$;

