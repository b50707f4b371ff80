-- Figures for a monitoring system: no plates, names or reasons.
--
-- As its owner, because a monitoring role has no rights on what is counted.  It is
-- read every few seconds, so it reads shared memory, catalogs, small tables, and
-- the last hour of the log.

CREATE FUNCTION sharing_guard.current_metrics()
    RETURNS TABLE (name text, labels jsonb, value double precision, help text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    h sharing_guard.health;
    now timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO h FROM sharing_guard.health;
    RETURN QUERY
    SELECT m.name, m.labels::jsonb, m.value, m.help FROM (VALUES
        ('sharing_guard_writer_up', '{}', (h.writer_state = 'running')::int::float8,
         '1 if the writer of the audit log is running. A standby has none'),
        ('sharing_guard_writer_starts_total', '{}', h.writer_starts::float8,
         'How often the writer has started since the server did'),
        ('sharing_guard_events_written_total', '{}', h.events_written::float8,
         'Events that the writer has written since the server started'),
        ('sharing_guard_events_failed_total', '{}', h.events_failed::float8,
         'Events that could not be written; nothing went out for them'),
        ('sharing_guard_events_put_aside', '{}', h.events_put_aside::float8,
         'Events that the audit log would not take and that are in the server log alone'),
        ('sharing_guard_refusals_total', '{}', h.refusals::float8,
         'Refused disclosures since the server started'),
        ('sharing_guard_queue_slots', '{}', h.queue_slots::float8,
         'Places in the queue of the writer'),
        ('sharing_guard_queue_depth', '{}', h.queue_depth::float8,
         'Events that wait for the writer'),
        ('sharing_guard_oldest_waiting_seconds', '{}',
         coalesce(extract(epoch FROM h.oldest_waiting_age), 0)::float8,
         'How long the oldest of them has waited'),
        ('sharing_guard_open_disclosures', '{}', h.open_disclosures::float8,
         'Statements that are reading protected rows now'),
        ('sharing_guard_last_write_age_seconds', '{}', extract(epoch FROM h.last_write_age)::float8,
         'How long ago the writer last wrote; no value before the first time'),
        ('sharing_guard_oldest_transaction_seconds', '{}',
         coalesce(extract(epoch FROM h.oldest_transaction_age), 0)::float8,
         'Age of the oldest open transaction of this database: what it disclosed is not in the log yet'),
        ('sharing_guard_problems', '{}', cardinality(h.problems)::float8,
         'How many sentences the column problems of the view health has')
    ) AS m (name, labels, value, help)
    WHERE m.value IS NOT NULL;

    RETURN QUERY
    SELECT 'sharing_guard_rows_last_hour'::text, jsonb_build_object('outcome', o.outcome),
           coalesce(sum(coalesce(e.rows_disclosed, 0) + coalesce(e.rows_blocked, 0)), 0)::float8,
           'Rows decided on in the last hour: allow, flag, or block, which did not go out'::text
      FROM unnest(ARRAY['allow', 'flag', 'block']) AS o (outcome)
      LEFT JOIN sharing_guard.legible_event AS e
        ON e.outcome = o.outcome AND e.kind = 'disclosure' AND e.occurred_at > now - interval '1 hour'
     GROUP BY o.outcome;

    RETURN QUERY
    SELECT 'sharing_guard_log_bytes'::text, jsonb_build_object('part', p.part), p.bytes::float8,
           'Bytes on disk: log, the audit log with its indexes; seal, its checkpoints, tiles and bundles'::text
      FROM (VALUES ('log', pg_total_relation_size('sharing_guard.event')),
                   ('seal', pg_total_relation_size('sharing_guard.checkpoint')
                            + pg_total_relation_size('sharing_guard.tile')
                            + pg_total_relation_size('sharing_guard.bundle')
                            + pg_total_relation_size('sharing_guard.nonce'))) AS p (part, bytes);
    RETURN QUERY
    SELECT 'sharing_guard_log_capacity_bytes'::text, '{}'::jsonb, s.log_capacity::float8,
           'What the log may take, as configured; no value where that was not set'::text
      FROM sharing_guard.setting AS s WHERE s.log_capacity IS NOT NULL;

    RETURN QUERY
    SELECT x.name, '{}'::jsonb, x.value, x.help
      FROM (SELECT c.tree_size, c.sealed_at FROM sharing_guard.checkpoint AS c
             WHERE c.tree_id = sharing_guard.own_tree() ORDER BY c.tree_size DESC LIMIT 1) AS c
     CROSS JOIN LATERAL (VALUES
        ('sharing_guard_sealed_events'::text, c.tree_size::float8, 'Events in the sealed tree'::text),
        ('sharing_guard_seal_age_seconds', extract(epoch FROM now - c.sealed_at)::float8,
         'How long ago the log was last sealed; it is sealed only when there is something new')) AS x (name, value, help);

    RETURN QUERY
    SELECT 'sharing_guard_reviews_overdue'::text, '{}'::jsonb, count(*)::float8,
           'Review periods that were not signed in time'::text FROM sharing_guard.review_overdue;
    RETURN QUERY
    SELECT 'sharing_guard_exposures'::text, jsonb_build_object('severity', v.severity), count(e.kind)::float8,
           'Entries of the view exposure'::text
      FROM unnest(ARRAY['high', 'medium', 'low']) AS v (severity)
      LEFT JOIN sharing_guard.exposures() AS e ON e.severity = v.severity
     GROUP BY v.severity;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.current_metrics() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.current_metrics() IS
'Internal: what the view metrics shows';

CREATE VIEW sharing_guard.metrics AS
SELECT m.* FROM sharing_guard.current_metrics() m;
REVOKE ALL ON TABLE sharing_guard.metrics FROM PUBLIC;
COMMENT ON VIEW sharing_guard.metrics IS
'Figures for a monitoring system, one a line; grant_monitor() lets a role read them. They hold no plates, names or reasons';
COMMENT ON COLUMN sharing_guard.metrics.name IS 'The name of the figure, as Prometheus writes names; those that only grow end in _total';
COMMENT ON COLUMN sharing_guard.metrics.labels IS 'What part of it, as {"label": "value"}';
COMMENT ON COLUMN sharing_guard.metrics.value IS 'The figure';
COMMENT ON COLUMN sharing_guard.metrics.help IS 'What it means';
