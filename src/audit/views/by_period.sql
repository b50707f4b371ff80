-- The views of the last 90 days by review period: exactly the events that a
-- signature under the period covers, whatever their time.
--
-- Bodies are parsed when they are created, so that no search_path matters, and
-- can be inlined into the caller's query.

CREATE FUNCTION sharing_guard.audit(period bigint, tree uuid DEFAULT NULL)
    RETURNS SETOF sharing_guard.audit LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.* FROM sharing_guard.period_leaves(period, tree) l
    JOIN sharing_guard.audit a ON a.event_id = l.event_id;
END;
REVOKE ALL ON FUNCTION sharing_guard.audit(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.audit(bigint, uuid) IS
'The view audit of one review period: the disclosures that a signature under it covers, allowed, flagged and refused. tree: the sealed log; NULL means this database''s own';

CREATE FUNCTION sharing_guard.audit_rows(period bigint, tree uuid DEFAULT NULL)
    RETURNS SETOF sharing_guard.audit_rows LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.* FROM sharing_guard.period_leaves(period, tree) l
    JOIN sharing_guard.audit_rows a ON a.event_id = l.event_id;
END;
REVOKE ALL ON FUNCTION sharing_guard.audit_rows(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.audit_rows(bigint, uuid) IS
'The view audit_rows of one review period, row by row: the disclosures that a signature under it covers';

CREATE FUNCTION sharing_guard.flagged(period bigint, tree uuid DEFAULT NULL)
    RETURNS SETOF sharing_guard.audit LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.* FROM sharing_guard.audit(period, tree) a
    WHERE a.outcome = 'flag';
END;
REVOKE ALL ON FUNCTION sharing_guard.flagged(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.flagged(bigint, uuid) IS
'The disclosures of one review period that went out flagged, as flagged_90d shows those of the last 90 days. Refused ones are in refused(period)';

CREATE FUNCTION sharing_guard.refused(period bigint, tree uuid DEFAULT NULL)
    RETURNS SETOF sharing_guard.audit LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.* FROM sharing_guard.audit(period, tree) a
    WHERE a.outcome = 'block';
END;
REVOKE ALL ON FUNCTION sharing_guard.refused(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.refused(bigint, uuid) IS
'The disclosures of one review period that were refused: nothing went out. Flagged ones are in flagged(period)';

CREATE FUNCTION sharing_guard.policy_changes(period bigint, tree uuid DEFAULT NULL)
    RETURNS SETOF sharing_guard.policy_changes LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.* FROM sharing_guard.period_leaves(period, tree) l
    JOIN sharing_guard.policy_changes c ON c.event_id = l.event_id;
END;
REVOKE ALL ON FUNCTION sharing_guard.policy_changes(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.policy_changes(bigint, uuid) IS
'The view policy_changes of one review period: the changed rows that a signature under it covers';

CREATE FUNCTION sharing_guard.attempts(period bigint, tree uuid DEFAULT NULL)
    RETURNS SETOF sharing_guard.attempts LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT t.* FROM sharing_guard.period_leaves(period, tree) l
    JOIN sharing_guard.attempts t ON t.event_id = l.event_id;
END;
REVOKE ALL ON FUNCTION sharing_guard.attempts(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.attempts(bigint, uuid) IS
'The view attempts of one review period: refused attempts to take a guard away or to change the record';

-- What the figures below are made of: the last 90 days, or a period.
CREATE FUNCTION sharing_guard.audit_of(period bigint, tree uuid)
    RETURNS SETOF sharing_guard.audit LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.* FROM sharing_guard.audit_90d a WHERE period IS NULL
    UNION ALL
    SELECT a.* FROM sharing_guard.audit(period, tree) a WHERE period IS NOT NULL;
END;
REVOKE ALL ON FUNCTION sharing_guard.audit_of(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.audit_of(bigint, uuid) IS
'Internal: the view audit of one review period, or of the last 90 days where no period is given';
