
-- Working off what was flagged: dispositions, one event or many at a time.
-- Nothing is ever taken back: the last word counts, and all are kept.

CREATE TABLE sharing_guard.review (
    review_id uuid NOT NULL DEFAULT sharing_guard.new_event_id() PRIMARY KEY,
    reviewed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reviewer text NOT NULL DEFAULT session_user,
    acting_role text NOT NULL DEFAULT sharing_guard.acting_role(),
    disposition text NOT NULL,
    note text,
    chosen_by text,
    event_ids uuid[] NOT NULL
);
SELECT sharing_guard.protect_table('sharing_guard.review');
CREATE TRIGGER record_act AFTER INSERT ON sharing_guard.review
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.record_act('review_id', 'review_id');
COMMENT ON TABLE sharing_guard.review IS
'Each act of reviewing events; written by review_event() and review_events()';
COMMENT ON COLUMN sharing_guard.review.review_id IS 'Identifies it; the event that says so has the same id';
COMMENT ON COLUMN sharing_guard.review.reviewed_at IS 'When';
COMMENT ON COLUMN sharing_guard.review.reviewer IS 'The login of who reviewed';
COMMENT ON COLUMN sharing_guard.review.acting_role IS 'The role that this login had taken on';
COMMENT ON COLUMN sharing_guard.review.disposition IS
'What was found: lawful, false_positive, violation, follow_up, or a word of your own';
COMMENT ON COLUMN sharing_guard.review.note IS 'Why; a false_positive or a violation always has a reason';
COMMENT ON COLUMN sharing_guard.review.chosen_by IS
'The filter that chose the events; NULL for an event named by its id';
COMMENT ON COLUMN sharing_guard.review.event_ids IS 'The events';

-- The same by event.  Ids of reviews sort by time, so the last one counts.
CREATE TABLE sharing_guard.disposition (
    event_id uuid NOT NULL,
    review_id uuid NOT NULL,
    disposition text NOT NULL,
    PRIMARY KEY (event_id, review_id)
);
SELECT sharing_guard.protect_table('sharing_guard.disposition');
COMMENT ON TABLE sharing_guard.disposition IS
'The dispositions by event; where there are several the last review counts';
COMMENT ON COLUMN sharing_guard.disposition.event_id IS 'The event';
COMMENT ON COLUMN sharing_guard.disposition.review_id IS 'The review that found so';
COMMENT ON COLUMN sharing_guard.disposition.disposition IS 'What it found';

CREATE FUNCTION sharing_guard.event_disposition(event uuid) RETURNS text
    AS 'MODULE_PATHNAME', 'sg_sql_event_disposition'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.event_disposition(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.event_disposition(uuid) IS
'What the last review of an event found; NULL where nobody has reviewed it';

-- The words.  An agency may have others, so an unknown one is said, not
-- refused.
CREATE FUNCTION sharing_guard.check_disposition(disposition text, note text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    word text := regexp_replace(lower(btrim(disposition)), '[[:space:]-]+', '_', 'g');
BEGIN
    IF coalesce(word, '') = '' OR word !~ '^[[:alnum:]_]{1,63}$' THEN
        RAISE EXCEPTION 'what was found must be said in a word'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'For example lawful, false_positive, violation or follow_up; the note is for more.';
    END IF;
    IF word IN ('false_positive', 'violation') AND coalesce(btrim(note), '') = '' THEN
        RAISE EXCEPTION 'the disposition % needs a reason', word
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'Give it as the note.';
    END IF;
    IF word NOT IN ('lawful', 'false_positive', 'violation', 'follow_up') THEN
        RAISE NOTICE '"%" is not one of the usual dispositions', word
            USING HINT = 'They are lawful, false_positive, violation and follow_up. It was taken as it is.';
    END IF;
    RETURN word;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.check_disposition(text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.check_disposition(text, text) IS
'Internal: the word for what a review found, spelled as it is kept';

-- One act is recorded with all its events in one row and one event of the log,
-- so there is a limit to how many; review_events() makes several.
CREATE FUNCTION sharing_guard.write_review(
    event_ids uuid[], disposition text, note text, chosen_by text
) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
BEGIN
    PERFORM sharing_guard.require_login('review events');
    INSERT INTO sharing_guard.review (disposition, note, chosen_by, event_ids)
    VALUES (write_review.disposition, nullif(btrim(write_review.note), ''),
            write_review.chosen_by, write_review.event_ids)
    RETURNING review_id INTO id;
    INSERT INTO sharing_guard.disposition (event_id, review_id, disposition)
    SELECT u.event_id, id, write_review.disposition
      FROM unnest(write_review.event_ids) AS u (event_id);
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.write_review(uuid[], text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.write_review(uuid[], text, text, text) IS
'Internal: records one act of review';

CREATE FUNCTION sharing_guard.review_event(
    event uuid, disposition text, note text DEFAULT NULL
) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    word text := sharing_guard.check_disposition(review_event.disposition, review_event.note);
BEGIN
    IF NOT EXISTS (SELECT FROM sharing_guard.event AS e
                    WHERE e.event_id = review_event.event AND e.kind <> 'review') THEN
        RAISE EXCEPTION 'there is no event % to review', coalesce(event::text, 'NULL')
            USING ERRCODE = 'no_data_found',
                  HINT = 'Take the event_id from the views audit, flagged_90d or policy_changes. Acts of review are not reviewed themselves.';
    END IF;
    RETURN sharing_guard.write_review(ARRAY[event], word, review_event.note, NULL);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.review_event(uuid, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.review_event(uuid, text, text) IS
'Says what an auditor found on looking at an event: lawful, false_positive (with its reason), violation (likewise), follow_up, or a word of your own. Said again, the last word counts and all are kept. Returns the id of the review';

CREATE FUNCTION sharing_guard.review_events(
    disposition text,
    note text DEFAULT NULL,
    period bigint DEFAULT NULL,
    outcome text DEFAULT NULL,
    username text DEFAULT NULL,
    destination text DEFAULT NULL,
    destination_class text DEFAULT NULL,
    data_class text DEFAULT NULL,
    relation text DEFAULT NULL,
    purpose text DEFAULT NULL,
    tag text DEFAULT NULL,
    rule_id text DEFAULT NULL,
    since timestamptz DEFAULT NULL,
    until timestamptz DEFAULT NULL,
    again boolean DEFAULT false
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    word text := sharing_guard.check_disposition(review_events.disposition, review_events.note);
    filter jsonb;
    batch record;
    reviewed bigint := 0;
BEGIN
    filter := jsonb_strip_nulls(jsonb_build_object(
        'period', review_events.period, 'outcome', review_events.outcome,
        'username', review_events.username,
        'destination', review_events.destination,
        'destination_class', review_events.destination_class,
        'data_class', review_events.data_class,
        'relation', review_events.relation, 'purpose', review_events.purpose,
        'tag', review_events.tag, 'rule_id', review_events.rule_id,
        'since', review_events.since, 'until', review_events.until));
    IF filter = '{}' THEN
        RAISE EXCEPTION 'which events? Nothing was given to choose them by'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give at least one of period, outcome, username, destination, destination_class, data_class, relation, purpose, tag, rule_id, since and until.';
    END IF;
    filter := filter || CASE WHEN again THEN '{"again": true}' ELSE '{}' END::jsonb;

    -- As one event holds: ten thousand ids are 160 kB.
    FOR batch IN
        SELECT array_agg(c.event_id) AS event_ids
          FROM (SELECT e.event_id, (row_number() OVER (ORDER BY e.event_id) - 1) / 10000 AS n
                  FROM sharing_guard.legible_event AS e
                 WHERE e.kind = 'disclosure'
                   AND (review_events.outcome IS NULL OR e.outcome = review_events.outcome)
                   AND (review_events.username IS NULL OR e.username = review_events.username
                        OR review_events.username = ANY (e.requesting_persons))
                   AND (review_events.destination IS NULL OR e.destination = review_events.destination
                        OR e.agency_id = review_events.destination)
                   AND (review_events.destination_class IS NULL
                        OR e.destination_class = review_events.destination_class)
                   AND (review_events.data_class IS NULL OR e.data_class = review_events.data_class)
                   AND (review_events.relation IS NULL OR e.relation = review_events.relation)
                   -- Every purpose of the event: what one row is, all must be.
                   AND (review_events.purpose IS NULL
                        OR review_events.purpose = ALL (coalesce(e.purposes, '{""}')))
                   AND (review_events.tag IS NULL OR review_events.tag = ANY (e.tags))
                   AND (review_events.rule_id IS NULL OR review_events.rule_id = ANY (e.rule_ids))
                   AND (review_events.since IS NULL OR e.occurred_at >= review_events.since)
                   AND (review_events.until IS NULL OR e.occurred_at < review_events.until)
                   AND (review_events.period IS NULL OR e.event_id IN (
                        SELECT l.event_id FROM sharing_guard.period_leaves(
                            review_events.period, NULL) AS l))
                   AND (again OR NOT EXISTS (
                        SELECT FROM sharing_guard.disposition AS d
                         WHERE d.event_id = e.event_id))) AS c
         GROUP BY c.n
         ORDER BY c.n
    LOOP
        PERFORM sharing_guard.write_review(batch.event_ids, word,
                                           review_events.note, filter::text);
        reviewed := reviewed + cardinality(batch.event_ids);
    END LOOP;
    RETURN reviewed;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.review_events(text, text, bigint, text, text, text, text, text, text, text, text, text, timestamptz, timestamptz, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.review_events(text, text, bigint, text, text, text, text, text, text, text, text, text, timestamptz, timestamptz, boolean) IS
'The same for all disclosures that fit everything given: period, outcome, username (or a person named), destination (as spelled, or an agency_id), class, relation, purpose (of all rows), a tag, a rule, a time from since until before until. Leaves out what was reviewed before, unless "again". Returns how many events';

-- A look in between: CJIS asks for a weekly one of its own records, and
-- nothing forbids it of all.
CREATE TABLE sharing_guard.review_check (
    check_id uuid NOT NULL DEFAULT sharing_guard.new_event_id() PRIMARY KEY,
    tree_id uuid NOT NULL,
    period_id bigint NOT NULL,
    checked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    checker text NOT NULL DEFAULT session_user,
    note text NOT NULL
);
SELECT sharing_guard.protect_table('sharing_guard.review_check');
CREATE TRIGGER record_act AFTER INSERT ON sharing_guard.review_check
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.record_act('check_id', 'period_id');
COMMENT ON TABLE sharing_guard.review_check IS
'Checks within a review period, weekly ones for example; see record_check()';
COMMENT ON COLUMN sharing_guard.review_check.check_id IS 'Identifies it; the event that says so has the same id';
COMMENT ON COLUMN sharing_guard.review_check.tree_id IS 'The log that was checked';
COMMENT ON COLUMN sharing_guard.review_check.period_id IS 'The period that was open';
COMMENT ON COLUMN sharing_guard.review_check.checked_at IS 'When';
COMMENT ON COLUMN sharing_guard.review_check.checker IS 'The login of who checked';
COMMENT ON COLUMN sharing_guard.review_check.note IS 'What was looked at and found';

CREATE FUNCTION sharing_guard.record_check(note text, tree uuid DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    of_tree uuid := coalesce(record_check.tree, sharing_guard.own_tree());
    id uuid;
BEGIN
    IF coalesce(btrim(note), '') = '' THEN
        RAISE EXCEPTION 'what was checked?'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Say in the note what was looked at and what was found.';
    END IF;
    PERFORM sharing_guard.require_login('record a check');
    INSERT INTO sharing_guard.review_check (tree_id, period_id, note)
    SELECT of_tree, max(p.period_id), record_check.note
      FROM sharing_guard.period AS p WHERE p.tree_id = of_tree
    HAVING max(p.period_id) IS NOT NULL
    RETURNING check_id INTO id;
    IF id IS NULL THEN
        RAISE EXCEPTION 'there is no review period yet'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'The first one is opened when configure() has been called.';
    END IF;
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.record_check(text, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.record_check(text, uuid) IS
'Records a check within the open review period, such as a weekly one; returns its id';
