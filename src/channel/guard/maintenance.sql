-- Maintenance: the lawful way to do what takes guards away for a while, such
-- as a vendor's upgrade.  Asked by one person, approved by another.

CREATE TABLE sharing_guard.maintenance (
    request uuid PRIMARY KEY DEFAULT pg_catalog.gen_random_uuid(),
    reason text NOT NULL,
    until timestamptz NOT NULL,
    asked_by text NOT NULL,
    asked_by_role regrole,
    asked_at timestamptz NOT NULL,
    approved_by text,
    approved_at timestamptz,
    closed_by text,
    closed_at timestamptz,
    defects integer,
    CONSTRAINT maintenance_two_people CHECK (approved_by <> asked_by)
);
COMMENT ON TABLE sharing_guard.maintenance IS
'Requests for maintenance: who asked, who approved, until when, and how many defects of guards were found at its end';
COMMENT ON COLUMN sharing_guard.maintenance.request IS 'Identifies the request';
COMMENT ON COLUMN sharing_guard.maintenance.reason IS 'What it is for';
COMMENT ON COLUMN sharing_guard.maintenance.until IS 'When it ends by itself';
COMMENT ON COLUMN sharing_guard.maintenance.asked_by IS 'The login that asked for it';
COMMENT ON COLUMN sharing_guard.maintenance.asked_by_role IS
'The same login under the name that it has now: a renamed login is still recognized';
COMMENT ON COLUMN sharing_guard.maintenance.asked_at IS 'When it was asked for';
COMMENT ON COLUMN sharing_guard.maintenance.approved_by IS
'The login that approved it, another one; NULL: not approved';
COMMENT ON COLUMN sharing_guard.maintenance.approved_at IS 'When it was approved, and so began';
COMMENT ON COLUMN sharing_guard.maintenance.closed_by IS
'The login that closed it, or whose export was the first after its end';
COMMENT ON COLUMN sharing_guard.maintenance.closed_at IS
'When the guards were looked over; NULL: not yet';
COMMENT ON COLUMN sharing_guard.maintenance.defects IS
'How many defects the guards had then: see maintenance_defect';
REVOKE ALL ON TABLE sharing_guard.maintenance FROM PUBLIC;

CREATE TABLE sharing_guard.maintenance_defect (
    request uuid NOT NULL REFERENCES sharing_guard.maintenance,
    relation text NOT NULL,
    defect text NOT NULL
);
COMMENT ON TABLE sharing_guard.maintenance_defect IS
'What was wrong with the guards when a maintenance was closed';
COMMENT ON COLUMN sharing_guard.maintenance_defect.request IS
'The maintenance (maintenance.request)';
COMMENT ON COLUMN sharing_guard.maintenance_defect.relation IS 'The table';
COMMENT ON COLUMN sharing_guard.maintenance_defect.defect IS 'What is wrong with its guard';
REVOKE ALL ON TABLE sharing_guard.maintenance_defect FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('sharing_guard.maintenance', '');
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.maintenance_defect', '');

SELECT sharing_guard.is_policy_table('maintenance', 'request');
SELECT sharing_guard.is_policy_table('maintenance_defect', 'request', 'relation');

-- These run as their owner: the table is written by them alone, so that
-- no request is approved by an UPDATE.
CREATE FUNCTION sharing_guard.open_maintenance(reason text, until timestamptz) RETURNS uuid
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    made uuid;
BEGIN
    IF btrim(coalesce(open_maintenance.reason, '')) = '' OR open_maintenance.until IS NULL THEN
        RAISE EXCEPTION 'open_maintenance() needs a reason and a time at which it ends'
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF open_maintenance.until <= clock_timestamp() THEN
        RAISE EXCEPTION 'the maintenance would have ended before it is approved'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give a time to come.';
    END IF;
    IF open_maintenance.until > clock_timestamp() + interval '7 days' THEN
        RAISE EXCEPTION 'a maintenance lasts seven days at most'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Ask for another one then.';
    END IF;
    PERFORM sharing_guard.require_login('ask for maintenance');
    INSERT INTO sharing_guard.maintenance (reason, until, asked_by, asked_by_role, asked_at)
    VALUES (open_maintenance.reason, open_maintenance.until, session_user,
            to_regrole(quote_ident(session_user)), clock_timestamp())
    RETURNING request INTO made;
    RETURN made;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.open_maintenance(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.open_maintenance(text, timestamptz) IS
'Asks for maintenance, during which guards may be taken away by the tables'' owners and exports are refused (SG005); it begins when a second person calls approve_maintenance() with the request that this returns';

CREATE FUNCTION sharing_guard.approve_maintenance(request uuid) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    asked sharing_guard.maintenance;
BEGIN
    PERFORM sharing_guard.require_login('approve maintenance');
    SELECT * INTO asked FROM sharing_guard.maintenance m
    WHERE m.request = approve_maintenance.request FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such request for maintenance'
            USING ERRCODE = 'undefined_object',
                  HINT = 'The requests are in sharing_guard.maintenance.';
    ELSIF asked.approved_at IS NOT NULL THEN
        RAISE EXCEPTION 'this maintenance has been approved already'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF asked.asked_by IN (session_user, sharing_guard.authenticated_login())
          OR coalesce(asked.asked_by_role = to_regrole(quote_ident(session_user)), false) THEN
        RAISE EXCEPTION 'maintenance cannot be approved by the login that asked for it'
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = format('It was asked for by "%s".', asked.asked_by),
                  HINT = 'A second policy administrator approves it, with a login of their own.';
    ELSIF asked.until <= clock_timestamp() THEN
        RAISE EXCEPTION 'this maintenance has ended before it was approved'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Ask for another one.';
    END IF;
    UPDATE sharing_guard.maintenance m
    SET approved_by = session_user, approved_at = clock_timestamp()
    WHERE m.request = approve_maintenance.request;
    RETURN format('maintenance is open until %s; exports are refused meanwhile', asked.until);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.approve_maintenance(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.approve_maintenance(uuid) IS
'Approves the maintenance that another person has asked for: from now on, until it is closed or its time is over, guards may be taken away and exports are refused';

CREATE FUNCTION sharing_guard.attest_maintenance(request uuid) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    found_defects integer;
BEGIN
    INSERT INTO sharing_guard.maintenance_defect (request, relation, defect)
    SELECT attest_maintenance.request, d.relation::text, format('trigger %I is %s', d.trigger, d.defect)
    FROM sharing_guard.guard g, sharing_guard.guard_defects(g.guard_id) d
    UNION ALL
    SELECT attest_maintenance.request, g.table_name, format('column %I is not there', c.column_name)
    FROM sharing_guard.guard g JOIN sharing_guard.guard_column c ON c.guard_id = g.guard_id
    WHERE c.role <> 'bookkeeping'
      AND NOT EXISTS (SELECT FROM pg_attribute a
                      WHERE a.attrelid = g.relation AND a.attnum = c.attnum
                        AND a.attnum > 0 AND NOT a.attisdropped);
    GET DIAGNOSTICS found_defects = ROW_COUNT;
    UPDATE sharing_guard.maintenance m
    SET closed_by = session_user, closed_at = clock_timestamp(), defects = found_defects
    WHERE m.request = attest_maintenance.request;
    RETURN found_defects;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.attest_maintenance(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.attest_maintenance(uuid) IS
'Internal: closes a maintenance and puts on record what is wrong with the guards';

CREATE FUNCTION sharing_guard.close_maintenance(request uuid) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM sharing_guard.maintenance m
    WHERE m.request = close_maintenance.request
      AND m.approved_at IS NOT NULL AND m.closed_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this maintenance is not open'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'The requests are in sharing_guard.maintenance.';
    END IF;
    RETURN sharing_guard.attest_maintenance(close_maintenance.request);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.close_maintenance(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.close_maintenance(uuid) IS
'Ends a maintenance before its time and looks the guards over; returns how many defects they have, which are in maintenance_defect';

-- Its time is over, and it was not closed.  What another session is closing
-- just now is left to it.
CREATE FUNCTION sharing_guard.close_expired_maintenance() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    expired record;
BEGIN
    FOR expired IN
        SELECT m.request FROM sharing_guard.maintenance m
        WHERE m.approved_at IS NOT NULL AND m.closed_at IS NULL
          AND m.until <= clock_timestamp()
        FOR UPDATE SKIP LOCKED
    LOOP
        PERFORM sharing_guard.attest_maintenance(expired.request);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.close_expired_maintenance() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.close_expired_maintenance() IS
'Internal: closes what was not closed by anybody and has ended by itself';

