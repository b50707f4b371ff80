-- The log for a SIEM: one JSON line for each event, in the classes of OCSF
-- (Datastore Activity, 6005), in the order of the seal.
--
-- The cursor is a place in the seal and no time: an event that commits late is
-- sealed late, so none is missed, and none comes twice.

CREATE FUNCTION sharing_guard.siem_event(e sharing_guard.legible_event, leaf bigint, with_records boolean)
    RETURNS json
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    activity integer := CASE
        WHEN e.kind = 'disclosure' AND e.channel IN ('query', 'copy', 'self_access') THEN 4
        WHEN e.kind = 'disclosure' AND e.operation IN ('INSERT', 'UPDATE') THEN 5
        WHEN e.kind IN ('policy_change', 'attempt') THEN 2
        ELSE 99 END;
    refused boolean := e.kind = 'attempt' OR coalesce(e.outcome = 'block', false);
    severity integer := CASE
        WHEN e.kind = 'attempt' OR e.outcome = 'flag' AND e.would_be_outcome = 'block' THEN 4
        WHEN e.outcome = 'block' THEN 3
        WHEN e.outcome = 'flag' OR e.kind = 'policy_change' THEN 2
        ELSE 1 END;
BEGIN
    RETURN json_strip_nulls(json_build_object(
        'metadata', json_build_object(
            'version', '1.1.0', 'uid', e.event_id, 'sequence', leaf, 'log_name', e.log_id,
            'product', json_build_object('name', 'sharing_guard', 'vendor_name', 'sharing_guard')),
        'category_uid', 6, 'category_name', 'Application Activity',
        'class_uid', 6005, 'class_name', 'Datastore Activity',
        'activity_id', activity,
        'activity_name', CASE activity WHEN 4 THEN 'Query' WHEN 5 THEN 'Write' WHEN 2 THEN 'Update' ELSE e.kind END,
        'type_uid', 600500 + activity,
        'time', floor(extract(epoch FROM e.occurred_at) * 1000)::bigint,
        'severity_id', severity,
        'severity', (ARRAY['Informational', 'Low', 'Medium', 'High'])[severity],
        'status_id', CASE WHEN refused THEN 2 ELSE 1 END,
        'status', CASE WHEN refused THEN 'Failure' ELSE 'Success' END,
        'message', e.flag_reasons[1],
        'database', json_build_object('name', current_database(), 'type_id', 1),
        'table', CASE WHEN e.relation IS NOT NULL THEN json_build_object('name', e.relation) END,
        'actor', json_build_object('user', json_build_object(
            'name', coalesce(e.username, e.session_role),
            'org', CASE WHEN e.organization IS NOT NULL THEN json_build_object('name', e.organization) END)),
        'src_endpoint', CASE WHEN e.client_address IS NOT NULL THEN json_build_object('ip', e.client_address) END,
        'dst_endpoint', CASE WHEN e.destination IS NOT NULL
                             THEN json_build_object('name', e.destination, 'uid', e.agency_id) END,
        'unmapped', json_build_object(
            'kind', e.kind, 'outcome', e.outcome, 'would_be_outcome', e.would_be_outcome,
            'channel', e.channel, 'operation', e.operation, 'data_class', e.data_class,
            'destination_class', e.destination_class, 'tags', e.tags, 'rule_ids', e.rule_ids,
            'rows_disclosed', e.rows_disclosed, 'rows_blocked', e.rows_blocked,
            'policy_revision', e.policy_revision, 'completes', e.completes, 'ending', e.ending,
            'changed_key', e.changed_key, 'authenticated_login', e.authenticated_login,
            'purposes', CASE WHEN with_records THEN e.purposes END,
            'query_elements', CASE WHEN with_records THEN e.query_elements END,
            'case_numbers', CASE WHEN with_records THEN e.case_numbers END)));
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.siem_event(sharing_guard.legible_event, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.siem_event(sharing_guard.legible_event, bigint, boolean) IS
'Internal: one event as an OCSF Datastore Activity';

CREATE FUNCTION sharing_guard.siem_events(
    after bigint DEFAULT -1, at_most integer DEFAULT 1000, with_records boolean DEFAULT false
) RETURNS TABLE (cursor bigint, event json)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT b.first_leaf + u.n - 1, sharing_guard.siem_event(e, b.first_leaf + u.n - 1, with_records)
      FROM (SELECT x.first_leaf, x.event_ids FROM sharing_guard.bundle AS x
             WHERE x.tree_id = sharing_guard.own_tree()
               -- A bundle has 256 leaves at most.
               AND x.first_leaf > siem_events.after - 256
             ORDER BY x.first_leaf
             LIMIT siem_events.at_most + 2) AS b
     CROSS JOIN LATERAL unnest(b.event_ids) WITH ORDINALITY AS u (event_id, n)
      JOIN sharing_guard.legible_event AS e ON e.event_id = u.event_id
     WHERE b.first_leaf + u.n - 1 > siem_events.after
     ORDER BY 1
     LIMIT siem_events.at_most
$$;
REVOKE ALL ON FUNCTION sharing_guard.siem_events(bigint, integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.siem_events(bigint, integer, boolean) IS
'Events behind a cursor, at most so many, as OCSF Datastore Activity (class 6005): what a SIEM asks for next with the last cursor it has. Purposes, plates and case numbers only with_records. Purged events are left out';

CREATE TABLE sharing_guard.siem_consumer (
    consumer text PRIMARY KEY CHECK (btrim(consumer) <> ''),
    cursor bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
REVOKE ALL ON TABLE sharing_guard.siem_consumer FROM PUBLIC;
COMMENT ON TABLE sharing_guard.siem_consumer IS
'How far each consumer of siem_events() has come; written by siem_checkpoint(), and not part of the record';
COMMENT ON COLUMN sharing_guard.siem_consumer.consumer IS 'The name that the consumer gave itself';
COMMENT ON COLUMN sharing_guard.siem_consumer.cursor IS 'The last event that it has';
COMMENT ON COLUMN sharing_guard.siem_consumer.updated_at IS 'When it said so';

CREATE FUNCTION sharing_guard.siem_checkpoint(consumer text, cursor bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO sharing_guard.siem_consumer AS c (consumer, cursor)
    SELECT siem_checkpoint.consumer, siem_checkpoint.cursor WHERE siem_checkpoint.cursor IS NOT NULL
    ON CONFLICT ON CONSTRAINT siem_consumer_pkey
    DO UPDATE SET cursor = greatest(c.cursor, excluded.cursor), updated_at = clock_timestamp();
    SELECT coalesce((SELECT c.cursor FROM sharing_guard.siem_consumer AS c
                      WHERE c.consumer = siem_checkpoint.consumer), siem_checkpoint.cursor, -1)
$$;
REVOKE ALL ON FUNCTION sharing_guard.siem_checkpoint(text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.siem_checkpoint(text, bigint) IS
'Keeps how far a consumer has come, and returns it: -1 at first. Without a cursor it only returns it. It never goes back';
