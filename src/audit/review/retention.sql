
-- How long events are kept, what is held longer, and how they are purged.

CREATE FUNCTION sharing_guard.retention_minimum() RETURNS interval
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN greatest('90 days'::interval,
                    (SELECT max((to_jsonb(p) -> 'settings' ->> 'retention_floor')::interval)
                       FROM sharing_guard.adopted_pack AS p));
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.retention_minimum() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.retention_minimum() IS
'The least that configure() takes as the floor of retention: 90 days, or what an adopted policy pack insists on';

-- Three months may be 89 days, and nothing is less than 90.
CREATE FUNCTION sharing_guard.retention_horizon() RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT least(statement_timestamp() - interval '90 days',
                 statement_timestamp() - sharing_guard.retention_minimum(),
                 statement_timestamp() - coalesce((SELECT s.retention_floor FROM sharing_guard.setting AS s),
                                                  interval '3 years'))
$$;
REVOKE ALL ON FUNCTION sharing_guard.retention_horizon() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.retention_horizon() IS
'Events at or after this time cannot be purged: the floor of retention, counted from now';

CREATE TABLE sharing_guard.hold (
    hold_id uuid NOT NULL DEFAULT sharing_guard.new_event_id() PRIMARY KEY,
    releases uuid,
    acted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    acted_by text NOT NULL DEFAULT session_user,
    reason text NOT NULL,
    relation text,
    record_key text,
    case_number text,
    since timestamptz,
    until timestamptz
);
CREATE UNIQUE INDEX hold_releases ON sharing_guard.hold (releases) WHERE releases IS NOT NULL;
SELECT sharing_guard.protect_table('sharing_guard.hold');
CREATE TRIGGER record_act AFTER INSERT ON sharing_guard.hold
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.record_act('hold_id', 'hold_id');
COMMENT ON TABLE sharing_guard.hold IS
'Legal holds as they were placed and released; read legal_holds';
COMMENT ON COLUMN sharing_guard.hold.hold_id IS 'Identifies it; the event that says so has the same id';
COMMENT ON COLUMN sharing_guard.hold.releases IS 'The hold that this row releases; NULL where it places one';
COMMENT ON COLUMN sharing_guard.hold.acted_at IS 'When it was placed or released';
COMMENT ON COLUMN sharing_guard.hold.acted_by IS 'The login that did so';
COMMENT ON COLUMN sharing_guard.hold.reason IS 'Why: the matter, the request, the order';
COMMENT ON COLUMN sharing_guard.hold.relation IS 'Holds events of this table; NULL: of any';
COMMENT ON COLUMN sharing_guard.hold.record_key IS 'Holds events that have this record; NULL: any';
COMMENT ON COLUMN sharing_guard.hold.case_number IS 'Holds events that name this case; NULL: any';
COMMENT ON COLUMN sharing_guard.hold.since IS 'Holds events from this time on; NULL: from the beginning';
COMMENT ON COLUMN sharing_guard.hold.until IS 'Holds events before this time; NULL: without end';

CREATE FUNCTION sharing_guard.legal_hold(
    reason text, record_key text DEFAULT NULL, case_number text DEFAULT NULL,
    relation text DEFAULT NULL, since timestamptz DEFAULT NULL,
    until timestamptz DEFAULT NULL
) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
BEGIN
    IF coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'what is the hold for?'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the reason: the matter, the request, the order.';
    END IF;
    IF num_nonnulls(record_key, case_number, relation, since, until) = 0 THEN
        RAISE EXCEPTION 'what is to be held?'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give a record_key, a case_number, a relation, or a span of time with since and until; all that is given must fit. To hold everything, give since => ''-infinity''.';
    END IF;
    IF since >= until THEN
        RAISE EXCEPTION 'a span that ends before it begins holds nothing'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM sharing_guard.require_login('place a legal hold');
    INSERT INTO sharing_guard.hold (reason, record_key, case_number, relation, since, until)
    VALUES (legal_hold.reason, legal_hold.record_key, legal_hold.case_number,
            legal_hold.relation, legal_hold.since, legal_hold.until)
    RETURNING hold_id INTO id;
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.legal_hold(text, text, text, text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.legal_hold(text, text, text, text, timestamptz, timestamptz) IS
'Keeps events from being purged: those of a record, a case, a table (schema-qualified, as the audit names it), a span of time, or of all that is given together. Returns the hold''s id';

CREATE FUNCTION sharing_guard.release_hold(hold uuid, reason text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
BEGIN
    IF coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'why is the hold released?'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the reason.';
    END IF;
    IF NOT EXISTS (SELECT FROM sharing_guard.hold AS h
                    WHERE h.hold_id = release_hold.hold AND h.releases IS NULL) THEN
        RAISE EXCEPTION 'there is no hold %', coalesce(hold::text, 'NULL')
            USING ERRCODE = 'no_data_found', HINT = 'The view legal_holds lists them.';
    END IF;
    PERFORM sharing_guard.require_login('release a legal hold');
    INSERT INTO sharing_guard.hold (releases, reason)
    VALUES (release_hold.hold, release_hold.reason)
    ON CONFLICT DO NOTHING
    RETURNING hold_id INTO id;
    IF id IS NULL THEN
        RAISE EXCEPTION 'this hold was released before'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'The view legal_holds lists those that stand.';
    END IF;
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.release_hold(uuid, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.release_hold(uuid, text) IS
'Ends a legal hold; the hold and its end stay on record';

CREATE VIEW sharing_guard.legal_holds AS
SELECT h.hold_id, h.reason, h.record_key, h.case_number, h.relation, h.since, h.until,
    h.acted_at AS placed_at, h.acted_by AS placed_by,
    r.acted_at AS released_at, r.acted_by AS released_by, r.reason AS release_reason
FROM sharing_guard.hold h
LEFT JOIN sharing_guard.hold r ON r.releases = h.hold_id
WHERE h.releases IS NULL;
REVOKE ALL ON TABLE sharing_guard.legal_holds FROM PUBLIC;
COMMENT ON VIEW sharing_guard.legal_holds IS
'The legal holds, released ones included: one stands while released_at is NULL';
COMMENT ON COLUMN sharing_guard.legal_holds.hold_id IS 'Identifies it; release_hold() takes it';
COMMENT ON COLUMN sharing_guard.legal_holds.reason IS 'Why it was placed';
COMMENT ON COLUMN sharing_guard.legal_holds.record_key IS 'The record it holds; NULL: any';
COMMENT ON COLUMN sharing_guard.legal_holds.case_number IS 'The case it holds; NULL: any';
COMMENT ON COLUMN sharing_guard.legal_holds.relation IS 'The table it holds; NULL: any';
COMMENT ON COLUMN sharing_guard.legal_holds.since IS 'From when on; NULL: from the beginning';
COMMENT ON COLUMN sharing_guard.legal_holds.until IS 'Before when; NULL: without end';
COMMENT ON COLUMN sharing_guard.legal_holds.placed_at IS 'When it was placed';
COMMENT ON COLUMN sharing_guard.legal_holds.placed_by IS 'The login that placed it';
COMMENT ON COLUMN sharing_guard.legal_holds.released_at IS 'When it was released; NULL while it stands';
COMMENT ON COLUMN sharing_guard.legal_holds.released_by IS 'The login that released it';
COMMENT ON COLUMN sharing_guard.legal_holds.release_reason IS 'Why it was released';

CREATE TABLE sharing_guard.purge_record (
    purge_id uuid NOT NULL DEFAULT sharing_guard.new_event_id() PRIMARY KEY,
    tree_id uuid NOT NULL,
    before timestamptz NOT NULL,
    resolution text NOT NULL,
    purged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    purged_by text NOT NULL DEFAULT session_user,
    events bigint NOT NULL,
    held bigint NOT NULL,
    leaves int8multirange NOT NULL
);
SELECT sharing_guard.protect_table('sharing_guard.purge_record');
CREATE TRIGGER record_act AFTER INSERT ON sharing_guard.purge_record
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.record_act('purge_id', 'purge_id');
COMMENT ON TABLE sharing_guard.purge_record IS
'Each purge: what went, and under which resolution';
COMMENT ON COLUMN sharing_guard.purge_record.purge_id IS 'Identifies it; the event that says so has the same id';
COMMENT ON COLUMN sharing_guard.purge_record.tree_id IS 'The sealed tree whose events went';
COMMENT ON COLUMN sharing_guard.purge_record.before IS 'Events before this time were to go';
COMMENT ON COLUMN sharing_guard.purge_record.resolution IS 'The resolution that allows it, in its own words';
COMMENT ON COLUMN sharing_guard.purge_record.purged_at IS 'When';
COMMENT ON COLUMN sharing_guard.purge_record.purged_by IS 'The login that did it';
COMMENT ON COLUMN sharing_guard.purge_record.events IS 'How many events went';
COMMENT ON COLUMN sharing_guard.purge_record.held IS 'How many stayed for a legal hold';
COMMENT ON COLUMN sharing_guard.purge_record.leaves IS 'Which leaves of the tree they were: their hashes stay';

-- What may go: disclosures and what goes with them, old enough, sealed, in a
-- signed period.  Changes of policy and acts of review stay for good: they are
-- few, and say why the rest was as it was.
--
-- A disclosure and its completion go together or not at all.
CREATE FUNCTION sharing_guard.purgeable(before timestamptz)
    RETURNS TABLE (leaf_index bigint, event_id uuid, held boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH candidate AS MATERIALIZED (
        SELECT l.leaf_index, e.event_id, e.completes,
               EXISTS (SELECT FROM sharing_guard.legal_holds AS h
                        -- A damaged event may be under a hold.
                        WHERE h.released_at IS NULL
                          AND (h.relation IS NULL OR h.relation = e.relation)
                          AND (h.record_key IS NULL OR h.record_key = ANY (e.record_keys)
                               OR '(damaged, cannot be read)' = ANY (e.record_keys))
                          AND (h.case_number IS NULL OR h.case_number = ANY (e.case_numbers)
                               OR '(damaged, cannot be read)' = ANY (e.case_numbers))
                          AND (h.since IS NULL OR e.occurred_at >= h.since)
                          AND (h.until IS NULL OR e.occurred_at < h.until)) AS held
          FROM sharing_guard.period_span AS p
         CROSS JOIN LATERAL sharing_guard.period_leaves(p.period_id, p.tree_id) AS l
          JOIN sharing_guard.legible_event AS e ON e.event_id = l.event_id
         WHERE p.tree_id = sharing_guard.own_tree()
           AND EXISTS (SELECT FROM sharing_guard.signature AS g
                        WHERE g.tree_id = p.tree_id AND g.period_id = p.period_id)
           AND e.kind IN ('disclosure', 'completion', 'attempt', 'health')
           AND e.occurred_at < purgeable.before
    ), pair AS MATERIALIZED (
        -- Of a disclosure that ended later: is its other half a candidate?
        SELECT c.leaf_index, c.event_id, c.held OR coalesce(o.held, false) AS held,
               CASE WHEN c.completes IS NOT NULL THEN o.event_id IS NOT NULL
                        OR NOT EXISTS (SELECT FROM sharing_guard.event AS e WHERE e.event_id = c.completes)
                    ELSE o.event_id IS NOT NULL
                        OR NOT EXISTS (SELECT FROM sharing_guard.event AS e WHERE e.completes = c.event_id)
               END AS whole
          FROM candidate AS c
          LEFT JOIN candidate AS o
            ON o.event_id = c.completes OR o.completes = c.event_id
    )
    SELECT leaf_index, event_id, held FROM pair WHERE whole
$$;
REVOKE ALL ON FUNCTION sharing_guard.purgeable(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.purgeable(timestamptz) IS
'Internal: which sealed and signed events before this time could be purged, and which of them a legal hold keeps';

CREATE FUNCTION sharing_guard.purge(
    before timestamptz, resolution text, dry_run boolean DEFAULT false,
    OUT events bigint, OUT held bigint, OUT purge_id uuid
)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    horizon timestamptz := sharing_guard.retention_horizon();
    me uuid := sharing_guard.own_tree();
    gone int8multirange;
    n_events bigint;
    n_held bigint;
    id uuid;
BEGIN
    PERFORM sharing_guard.require_login('purge events');
    IF NOT sharing_guard.holds_duty(session_user::text, 'auditor') THEN
        RAISE EXCEPTION 'only an auditor can purge'
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Log in as a role that was given grant_auditor().';
    END IF;
    IF coalesce(btrim(purge.resolution), '') = '' THEN
        RAISE EXCEPTION 'nothing is purged without a resolution that allows it'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give its text, number and date, as the council, or another body with the authority, adopted it.';
    END IF;
    IF purge.before IS NULL OR purge.before > horizon THEN
        RAISE EXCEPTION 'events are kept until they are older than the floor of retention'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Nothing since %s (%s) can be purged.',
                                  to_char(horizon AT TIME ZONE sharing_guard.time_zone(), 'YYYY-MM-DD HH24:MI:SS'),
                                  sharing_guard.time_zone()),
                  HINT = 'Give an earlier time. The floor is a setting of configure(), never under 90 days or what an adopted pack insists on.';
    END IF;

    -- A transaction that keeps to an older snapshot would not see a hold that
    -- was placed since, and purge what it holds.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a purge must see the holds as they are now'
            USING ERRCODE = 'invalid_transaction_state',
                  DETAIL = format('This transaction is %s and sees them as they were when it began.',
                                  current_setting('transaction_isolation')),
                  HINT = 'Purge in a transaction that is READ COMMITTED.';
    END IF;
    -- No hold may come between looking and purging, nor another purge.
    LOCK TABLE sharing_guard.hold, sharing_guard.purge_record IN SHARE ROW EXCLUSIVE MODE;
    SELECT count(*) FILTER (WHERE NOT p.held), count(*) FILTER (WHERE p.held),
           range_agg(int8range(p.leaf_index, p.leaf_index + 1)) FILTER (WHERE NOT p.held)
      INTO n_events, n_held, gone
      FROM sharing_guard.purgeable(purge.before) AS p;
    IF dry_run OR n_events = 0 THEN
        events := n_events; held := n_held;
        RETURN;
    END IF;
    INSERT INTO sharing_guard.purge_record (tree_id, before, resolution, events, held, leaves)
    VALUES (me, purge.before, purge.resolution, n_events, n_held, gone)
    RETURNING purge_id INTO id;
    PERFORM sharing_guard.purge_leaves(id);
    events := n_events; held := n_held; purge_id := id;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.purge(timestamptz, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.purge(timestamptz, text, boolean) IS
'Removes disclosures before this time, under the resolution that allows it: only what is older than the floor of retention, sealed, in a signed period and under no legal hold. The hashes of what goes stay and its nonces go, so that the rest still verifies and nothing can be guessed; the purge is an event. Returns how many went and how many were held; a dry run only counts. For auditors';

-- In an auditor''s database: what was purged at the source goes here, too.
CREATE FUNCTION sharing_guard.follow_purges() RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
    purged bigint := 0;
BEGIN
    FOR id IN
        SELECT r.purge_id FROM sharing_guard.purge_record AS r
          JOIN sharing_guard.event AS e ON e.event_id = r.purge_id
         WHERE r.tree_id <> sharing_guard.own_tree()
         ORDER BY r.purge_id
    LOOP
        purged := purged + sharing_guard.purge_leaves(id);
    END LOOP;
    RETURN purged;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.follow_purges() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.follow_purges() IS
'In an auditor''s database: removes from the copies what was purged at their sources, under the same records; returns how many events';

CREATE FUNCTION sharing_guard.purge_leaves(purge uuid) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sg_sql_purge_leaves'
    LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.purge_leaves(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.purge_leaves(uuid) IS
'Internal: removes the events and the nonces of the leaves that a purge record names; returns how many events that were';

-- Sizes are those of the tables with their indexes.  The last 30 days are what
-- growth is told by.
--
-- Each table is a constant of its own, for only so does PostgreSQL know that the
-- view needs it: pg_upgrade makes views and tables in the order of such needs.
CREATE VIEW sharing_guard.log_capacity AS
SELECT
    z.log_bytes,
    z.seal_bytes,
    g.events AS events_30d,
    z.event_estimate AS events_estimated,
    g.bytes_per_day,
    s.log_capacity AS capacity_bytes,
    CASE WHEN s.log_capacity IS NOT NULL
        THEN GREATEST(s.log_capacity - z.log_bytes - z.seal_bytes, 0) END AS bytes_left,
    CASE WHEN s.log_capacity <= z.log_bytes + z.seal_bytes THEN 0
        WHEN g.bytes_per_day > 0
        THEN pg_catalog.floor((s.log_capacity - z.log_bytes - z.seal_bytes) / g.bytes_per_day)::bigint
        END AS days_to_full
FROM (SELECT pg_catalog.pg_total_relation_size('sharing_guard.event'::regclass) AS log_bytes,
        pg_catalog.pg_total_relation_size('sharing_guard.checkpoint'::regclass)
            + pg_catalog.pg_total_relation_size('sharing_guard.tile'::regclass)
            + pg_catalog.pg_total_relation_size('sharing_guard.bundle'::regclass)
            + pg_catalog.pg_total_relation_size('sharing_guard.nonce'::regclass)
            + pg_catalog.pg_total_relation_size('sharing_guard.review'::regclass)
            + pg_catalog.pg_total_relation_size('sharing_guard.disposition'::regclass) AS seal_bytes,
        (SELECT c.reltuples::bigint FROM pg_catalog.pg_class c
            WHERE c.oid = 'sharing_guard.event'::regclass) AS event_estimate) z
CROSS JOIN LATERAL (
    SELECT w.events,
        CASE WHEN w.events > 0 AND GREATEST(z.event_estimate, w.events) > 0 THEN
            ((z.log_bytes + z.seal_bytes)::numeric * w.events
                / GREATEST(z.event_estimate, w.events)
                / GREATEST(EXTRACT(epoch FROM w.until - w.since) / 86400, 1))::bigint
            ELSE 0 END AS bytes_per_day
    FROM (SELECT pg_catalog.count(*) AS events, pg_catalog.min(e.occurred_at) AS since,
            pg_catalog.statement_timestamp() AS until
        FROM sharing_guard.event e
        WHERE e.occurred_at >= pg_catalog.statement_timestamp() - interval '30 days') w) g
LEFT JOIN (SELECT x.log_capacity FROM sharing_guard.setting x) s ON true;
REVOKE ALL ON TABLE sharing_guard.log_capacity FROM PUBLIC;
COMMENT ON VIEW sharing_guard.log_capacity IS
'How much the log takes, how fast it grows and when it is full. SQL cannot see how much of a disk is free: configure(log_capacity => ''200 GB'') says what the log may take';
COMMENT ON COLUMN sharing_guard.log_capacity.log_bytes IS 'What the log takes, indexes included';
COMMENT ON COLUMN sharing_guard.log_capacity.seal_bytes IS 'What seals and reviews take';
COMMENT ON COLUMN sharing_guard.log_capacity.events_30d IS 'Events of the last 30 days';
COMMENT ON COLUMN sharing_guard.log_capacity.events_estimated IS 'Events in all, as ANALYZE has estimated; -1 before it ever ran';
COMMENT ON COLUMN sharing_guard.log_capacity.bytes_per_day IS 'Growth a day: the share of the last 30 days'' events in all that is stored, by the days they span';
COMMENT ON COLUMN sharing_guard.log_capacity.capacity_bytes IS 'What configure() says the log may take; NULL where it says nothing';
COMMENT ON COLUMN sharing_guard.log_capacity.bytes_left IS 'What is left of it';
COMMENT ON COLUMN sharing_guard.log_capacity.days_to_full IS 'How many days that will last, growing so; NULL where no capacity is set or nothing grows';
