
-- A review that is overdue: said once a day, or everything beyond the agency
-- stops until it is signed.

CREATE VIEW sharing_guard.review_overdue AS
SELECT p.period_id, p.begins_at, p.ends_at, p.due_at,
    pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.statement_timestamp() - p.due_at) / 86400)::integer AS days_overdue
FROM sharing_guard.period_span p
WHERE p.tree_id = sharing_guard.own_tree()
    AND p.due_at < pg_catalog.statement_timestamp()
    AND NOT EXISTS (SELECT FROM sharing_guard.signature g
        WHERE g.tree_id = p.tree_id AND g.period_id = p.period_id);
REVOKE ALL ON TABLE sharing_guard.review_overdue FROM PUBLIC;
COMMENT ON VIEW sharing_guard.review_overdue IS
'The review periods of this log that should have been signed by now';
COMMENT ON COLUMN sharing_guard.review_overdue.period_id IS 'The period';
COMMENT ON COLUMN sharing_guard.review_overdue.begins_at IS 'When it began';
COMMENT ON COLUMN sharing_guard.review_overdue.ends_at IS 'When it ended';
COMMENT ON COLUMN sharing_guard.review_overdue.due_at IS 'When it should have been signed';
COMMENT ON COLUMN sharing_guard.review_overdue.days_overdue IS 'How many whole days ago that was';

-- One row a day at most: what the server log was told.
CREATE TABLE sharing_guard.review_alert (
    alert_id uuid NOT NULL DEFAULT sharing_guard.new_event_id(),
    tree_id uuid NOT NULL,
    day date NOT NULL,
    periods bigint[] NOT NULL,
    alerted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tree_id, day)
);
SELECT sharing_guard.protect_table('sharing_guard.review_alert');
CREATE TRIGGER record_act AFTER INSERT ON sharing_guard.review_alert
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.record_act('alert_id', 'day');
COMMENT ON TABLE sharing_guard.review_alert IS
'The days on which the server log was told of overdue reviews';
COMMENT ON COLUMN sharing_guard.review_alert.alert_id IS 'Identifies it; the event that says so has the same id';
COMMENT ON COLUMN sharing_guard.review_alert.tree_id IS 'The log whose review is overdue';
COMMENT ON COLUMN sharing_guard.review_alert.day IS 'The day, in the configured time zone';
COMMENT ON COLUMN sharing_guard.review_alert.periods IS 'The periods that were overdue';
COMMENT ON COLUMN sharing_guard.review_alert.alerted_at IS 'When';

-- What is to be said today and was not yet; NULL where nothing.
CREATE FUNCTION sharing_guard.raise_alert() RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    today date := (statement_timestamp() AT TIME ZONE sharing_guard.time_zone())::date;
    overdue bigint[];
    since timestamptz;
BEGIN
    SELECT array_agg(o.period_id ORDER BY o.period_id), min(o.due_at) INTO overdue, since
      FROM sharing_guard.review_overdue AS o;
    IF overdue IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO sharing_guard.review_alert (tree_id, day, periods)
    VALUES (sharing_guard.own_tree(), today, overdue)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN format('review period%s %s of the sharing log must be signed since %s; an auditor signs with sharing_guard.sign_off()',
                  CASE WHEN cardinality(overdue) > 1 THEN 's' ELSE '' END,
                  array_to_string(overdue, ', '),
                  to_char(since AT TIME ZONE sharing_guard.time_zone(), 'YYYY-MM-DD'));
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.raise_alert() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.raise_alert() IS
'Internal: the alert of the day, the first time it is asked for on a day on which a review is overdue';

-- What a session keeps in mind: since when, or from when, disclosures beyond
-- the agency are refused; NULL: never, as things are.  An open period counts
-- as well, for it may be past its due date before the worker has closed it.
CREATE FUNCTION sharing_guard.refused_since(OUT at timestamptz, OUT period bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p.due_at, p.period_id
      FROM sharing_guard.setting AS s
      JOIN sharing_guard.period_span AS p ON p.tree_id = sharing_guard.own_tree()
     WHERE s.overdue_refuses
       AND NOT EXISTS (SELECT FROM sharing_guard.signature AS g
                        WHERE g.tree_id = p.tree_id AND g.period_id = p.period_id)
     ORDER BY p.due_at, p.period_id LIMIT 1
$$;
REVOKE ALL ON FUNCTION sharing_guard.refused_since() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.refused_since() IS
'Internal: from when on a review that is not signed stops what leaves the agency';

CREATE FUNCTION sharing_guard.review_tick() RETURNS void
    AS 'MODULE_PATHNAME', 'sg_sql_review_tick'
    LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.review_tick() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.review_tick() IS
'Opens the review periods that should be open and, once a day, has the server log told of overdue ones; the background worker does so by itself';
