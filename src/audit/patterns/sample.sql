-- A sample that no person chose: which searches are looked at is fixed by the root of
-- the sealed log and a value that is public only later, a lottery draw for example.

CREATE TABLE sharing_guard.sample_announcement (
    announcement_id uuid NOT NULL DEFAULT sharing_guard.new_event_id() PRIMARY KEY,
    announced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    announced_by text NOT NULL DEFAULT session_user,
    tree_id uuid NOT NULL,
    period_id bigint NOT NULL,
    tree_size bigint NOT NULL,
    root bytea NOT NULL,
    size integer NOT NULL CHECK (size > 0),
    source text NOT NULL CHECK (btrim(source) <> '')
);
SELECT sharing_guard.protect_table('sharing_guard.sample_announcement');
CREATE TRIGGER record_act AFTER INSERT ON sharing_guard.sample_announcement
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.record_act('announcement_id', 'period_id');
COMMENT ON TABLE sharing_guard.sample_announcement IS
'Samples that were announced before the value that they are drawn with was known; written by announce_sample()';
COMMENT ON COLUMN sharing_guard.sample_announcement.announcement_id IS 'Identifies it; the event that says so has the same id';
COMMENT ON COLUMN sharing_guard.sample_announcement.announced_at IS 'When';
COMMENT ON COLUMN sharing_guard.sample_announcement.announced_by IS 'The login that announced it';
COMMENT ON COLUMN sharing_guard.sample_announcement.tree_id IS 'The sealed log';
COMMENT ON COLUMN sharing_guard.sample_announcement.period_id IS 'The review period whose searches are drawn from';
COMMENT ON COLUMN sharing_guard.sample_announcement.tree_size IS 'How many events were sealed when it was announced';
COMMENT ON COLUMN sharing_guard.sample_announcement.root IS 'The root of the tree at that size';
COMMENT ON COLUMN sharing_guard.sample_announcement.size IS 'How many are drawn';
COMMENT ON COLUMN sharing_guard.sample_announcement.source IS 'Where the value comes from, and when it will be public';

CREATE TABLE sharing_guard.sample_draw (
    draw_id uuid NOT NULL DEFAULT sharing_guard.new_event_id() PRIMARY KEY,
    drawn_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    drawn_by text NOT NULL DEFAULT session_user,
    announcement_id uuid NOT NULL,
    value text NOT NULL CHECK (btrim(value) <> ''),
    frame bigint NOT NULL,
    event_ids uuid[] NOT NULL
);
SELECT sharing_guard.protect_table('sharing_guard.sample_draw');
CREATE TRIGGER record_act AFTER INSERT ON sharing_guard.sample_draw
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.record_act('draw_id', 'announcement_id');
COMMENT ON TABLE sharing_guard.sample_draw IS
'Each draw of an announced sample, so that a second one shows; written by review_sample()';
COMMENT ON COLUMN sharing_guard.sample_draw.draw_id IS 'Identifies it; the event that says so has the same id';
COMMENT ON COLUMN sharing_guard.sample_draw.drawn_at IS 'When';
COMMENT ON COLUMN sharing_guard.sample_draw.drawn_by IS 'The login that drew it';
COMMENT ON COLUMN sharing_guard.sample_draw.announcement_id IS 'The announcement';
COMMENT ON COLUMN sharing_guard.sample_draw.value IS 'The value, as it became public';
COMMENT ON COLUMN sharing_guard.sample_draw.frame IS 'How many disclosures it was drawn from';
COMMENT ON COLUMN sharing_guard.sample_draw.event_ids IS 'The events drawn, in the order of the draw';

CREATE FUNCTION sharing_guard.announce_sample(period bigint, size integer, source text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    span record;
    id uuid;
BEGIN
    PERFORM sharing_guard.require_login('announce a sample');
    SELECT p.* INTO span FROM sharing_guard.period_span AS p
     WHERE p.tree_id = sharing_guard.own_tree() AND p.period_id = announce_sample.period;
    IF NOT FOUND OR span.end_index IS NULL THEN
        RAISE EXCEPTION 'period % has not ended', coalesce(announce_sample.period::text, 'NULL')
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'A sample is drawn from a period that has ended: what it holds must be fixed. close_period() ends the open one.';
    END IF;
    IF coalesce(announce_sample.size, 0) < 1 OR coalesce(btrim(source), '') = '' THEN
        RAISE EXCEPTION 'how many, and by which value?'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give a number, and a source that is not public yet: for example ''SuperLotto Plus draw of 2027-01-09, numbers in ascending order''.';
    END IF;
    INSERT INTO sharing_guard.sample_announcement (tree_id, period_id, tree_size, root, size, source)
    VALUES (span.tree_id, span.period_id, span.end_index, span.root_at_close,
            announce_sample.size, btrim(announce_sample.source))
    RETURNING announcement_id INTO id;
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.announce_sample(bigint, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.announce_sample(bigint, integer, text) IS
'Announces, before a value is public, that a sample of a period that has ended will be drawn with it; returns the id of the announcement, which is an event. source says which value: a lottery draw, a public beacon';

-- The order of the draw: each disclosure that went out, flagged or not, by the
-- SHA-256 of root, value and event id.
CREATE FUNCTION sharing_guard.sample_order(tree uuid, period bigint, root bytea, value text)
    RETURNS TABLE (place bigint, event_id uuid, digest bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT row_number() OVER (ORDER BY d.digest), d.event_id, d.digest
      FROM (SELECT e.event_id,
                   sha256(sample_order.root || convert_to(btrim(sample_order.value), 'UTF8') || uuid_send(e.event_id)) AS digest
              FROM sharing_guard.period_leaves(sample_order.period, sample_order.tree) AS l
              JOIN sharing_guard.legible_event AS e ON e.event_id = l.event_id
             WHERE e.kind = 'disclosure' AND e.outcome <> 'block') AS d
$$;
REVOKE ALL ON FUNCTION sharing_guard.sample_order(uuid, bigint, bytea, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.sample_order(uuid, bigint, bytea, text) IS
'The disclosures of a period that went out, in the order of a draw: by SHA-256(root || value as UTF-8, without blanks around it || the 16 bytes of the event id), ascending';

CREATE FUNCTION sharing_guard.review_sample(announcement uuid, value text)
    RETURNS TABLE (place bigint, event_id uuid)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    a sharing_guard.sample_announcement;
    drawn uuid[];
    frame bigint;
    odds numeric;
BEGIN
    PERFORM sharing_guard.require_login('draw a sample');
    SELECT * INTO a FROM sharing_guard.sample_announcement AS x WHERE x.announcement_id = review_sample.announcement;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no sample was announced as %', coalesce(announcement::text, 'NULL')
            USING ERRCODE = 'no_data_found', HINT = 'announce_sample() returns the id.';
    END IF;
    IF coalesce(btrim(review_sample.value), '') = '' THEN
        RAISE EXCEPTION 'with which value?'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the value that the announcement names, as it was published.';
    END IF;
    SELECT array_agg(o.event_id ORDER BY o.place) FILTER (WHERE o.place <= a.size), count(*)
      INTO drawn, frame
      FROM sharing_guard.sample_order(a.tree_id, a.period_id, a.root, review_sample.value) AS o;
    IF frame = 0 THEN
        RAISE EXCEPTION 'nothing went out in period %', a.period_id
            USING ERRCODE = 'no_data_found';
    END IF;
    IF EXISTS (SELECT FROM sharing_guard.sample_draw AS d WHERE d.announcement_id = a.announcement_id) THEN
        RAISE WARNING 'this sample was drawn before'
            USING HINT = 'Both draws are on record.';
    END IF;
    INSERT INTO sharing_guard.sample_draw (announcement_id, value, frame, event_ids)
    VALUES (a.announcement_id, btrim(review_sample.value), frame, drawn);
    odds := round(100 * (1 - (1 - 0.01) ^ cardinality(drawn)::numeric));
    RAISE NOTICE '% of % events drawn', cardinality(drawn), frame
        USING DETAIL = format('If one event in a hundred is at fault, a sample of this size finds one %s times in a hundred.', odds);
    RETURN QUERY SELECT u.n, u.id FROM unnest(drawn) WITH ORDINALITY AS u (id, n);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.review_sample(uuid, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.review_sample(uuid, text) IS
'Draws an announced sample with the value that has become public, records the draw and returns the events; says how likely it finds a fault';

CREATE FUNCTION sharing_guard.verify_sample(draw uuid)
    RETURNS TABLE (announced_at timestamptz, drawn_at timestamptz, source text, value text,
        draws bigint, problem text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT a.announced_at, d.drawn_at, a.source, d.value,
           (SELECT count(*) FROM sharing_guard.sample_draw AS x WHERE x.announcement_id = a.announcement_id),
           CASE WHEN d.event_ids IS DISTINCT FROM (
                    SELECT array_agg(o.event_id ORDER BY o.place)
                      FROM sharing_guard.sample_order(a.tree_id, a.period_id, a.root, d.value) AS o
                     WHERE o.place <= a.size)
                THEN 'the events are not those that root and value give; events may have been purged since'
                WHEN a.root IS DISTINCT FROM (SELECT p.root_at_close FROM sharing_guard.period_span AS p
                                               WHERE p.tree_id = a.tree_id AND p.period_id = a.period_id)
                THEN 'the root is not that of the period'
                WHEN d.draw_id <> (SELECT x.draw_id FROM sharing_guard.sample_draw AS x
                                    WHERE x.announcement_id = a.announcement_id ORDER BY x.draw_id LIMIT 1)
                THEN 'it is not the first draw'
                END
      FROM sharing_guard.sample_draw AS d
      JOIN sharing_guard.sample_announcement AS a ON a.announcement_id = d.announcement_id
     WHERE d.draw_id = verify_sample.draw
$$;
REVOKE ALL ON FUNCTION sharing_guard.verify_sample(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.verify_sample(uuid) IS
'Draws a recorded sample again and says what is wrong with it; problem is NULL where all agrees. Whether the value was public only after announced_at is for the reader to check at its source';
