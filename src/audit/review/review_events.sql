-- Reviewing many events at a time.

-- Columns that are compared as patterns are so with LIKE: % stands for any text.
CREATE FUNCTION sharing_guard.chosen_events(
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
    again boolean DEFAULT false,
    about text DEFAULT NULL,
    case_number text DEFAULT NULL,
    plate text DEFAULT NULL,
    severity text DEFAULT NULL
) RETURNS TABLE (event_id uuid, occurred_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT e.event_id, e.occurred_at
      FROM sharing_guard.legible_event AS e
     WHERE e.kind = 'disclosure'
       AND (chosen_events.outcome IS NULL OR e.outcome = chosen_events.outcome)
       AND (chosen_events.username IS NULL OR e.username LIKE chosen_events.username
            OR EXISTS (SELECT FROM unnest(e.requesting_persons || e.recipient_persons) AS p
                        WHERE p LIKE chosen_events.username))
       AND (chosen_events.destination IS NULL OR e.destination LIKE chosen_events.destination
            OR e.agency_id = chosen_events.destination)
       AND (chosen_events.destination_class IS NULL
            OR e.destination_class = chosen_events.destination_class)
       AND (chosen_events.data_class IS NULL OR e.data_class = chosen_events.data_class)
       AND (chosen_events.relation IS NULL OR e.relation = chosen_events.relation)
       -- Of all rows of the event: what one row is, all must be.
       AND (chosen_events.purpose IS NULL OR NOT EXISTS (
            SELECT FROM unnest(coalesce(e.purposes, '{""}')) AS p
             WHERE sharing_guard.purpose_shown(p, e.purpose_parts) NOT LIKE chosen_events.purpose))
       AND (chosen_events.case_number IS NULL OR NOT EXISTS (
            SELECT FROM unnest(coalesce(e.case_numbers, '{""}')) AS p
             WHERE p NOT LIKE chosen_events.case_number))
       AND (chosen_events.plate IS NULL OR NOT EXISTS (
            SELECT FROM unnest(coalesce(e.query_elements, '{""}')) AS p
             WHERE p NOT LIKE chosen_events.plate))
       AND (chosen_events.tag IS NULL OR chosen_events.tag = ANY (e.tags))
       AND (chosen_events.rule_id IS NULL OR chosen_events.rule_id = ANY (e.rule_ids))
       AND (chosen_events.about IS NULL OR chosen_events.about = ANY (e.rule_ids)
            OR chosen_events.about = ANY (e.tags))
       AND (chosen_events.severity IS NULL OR chosen_events.severity = sharing_guard.event_severity(
            e.outcome, e.would_be_outcome, e.destination_class, e.on_behalf_of_class, e.tags, e.rule_ids))
       AND (chosen_events.since IS NULL OR e.occurred_at >= chosen_events.since)
       AND (chosen_events.until IS NULL OR e.occurred_at < chosen_events.until)
       AND (chosen_events.period IS NULL OR e.event_id IN (
            SELECT l.event_id FROM sharing_guard.period_leaves(chosen_events.period, NULL) AS l))
       AND (again OR NOT EXISTS (
            SELECT FROM sharing_guard.disposition AS d
             WHERE d.event_id = e.event_id
               AND (d.about IS NULL OR d.about = chosen_events.about)))
     ORDER BY e.event_id
$$;
REVOKE ALL ON FUNCTION sharing_guard.chosen_events(bigint, text, text, text, text, text, text, text, text, text, timestamptz, timestamptz, boolean, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.chosen_events(bigint, text, text, text, text, text, text, text, text, text, timestamptz, timestamptz, boolean, text, text, text, text) IS
'The disclosures that review_events() would review with the same arguments. In username, destination, purpose, case_number and plate, % stands for any text';

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
    again boolean DEFAULT false,
    about text DEFAULT NULL,
    case_number text DEFAULT NULL,
    plate text DEFAULT NULL,
    severity text DEFAULT NULL,
    dry_run boolean DEFAULT false
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
        'since', review_events.since, 'until', review_events.until,
        'case_number', review_events.case_number, 'plate', review_events.plate,
        'severity', review_events.severity));
    IF filter = '{}' THEN
        RAISE EXCEPTION 'which events? Nothing was given to choose them by'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give at least one of period, outcome, username, destination, destination_class, data_class, relation, purpose, tag, rule_id, case_number, plate, severity, since and until.';
    END IF;
    filter := filter || CASE WHEN again THEN '{"again": true}' ELSE '{}' END::jsonb;

    -- As one event holds: ten thousand ids are 160 kB.
    FOR batch IN
        SELECT array_agg(c.event_id ORDER BY c.event_id) AS event_ids
          FROM (SELECT e.event_id, (row_number() OVER (ORDER BY e.event_id) - 1) / 10000 AS n
                  FROM sharing_guard.chosen_events(
                       period, outcome, username, destination, destination_class,
                       data_class, relation, purpose, tag, rule_id, since, until,
                       again, about, case_number, plate, severity) AS e) AS c
         GROUP BY c.n
         ORDER BY c.n
    LOOP
        IF NOT dry_run THEN
            PERFORM sharing_guard.write_review(batch.event_ids, word, review_events.note,
                                               filter::text, review_events.about);
        END IF;
        reviewed := reviewed + cardinality(batch.event_ids);
    END LOOP;
    IF dry_run THEN
        RAISE NOTICE '% events would be reviewed; nothing was changed', reviewed
            USING HINT = 'sharing_guard.chosen_events() with the same arguments lists them.';
    END IF;
    RETURN reviewed;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.review_events(text, text, bigint, text, text, text, text, text, text, text, text, text, timestamptz, timestamptz, boolean, text, text, text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.review_events(text, text, bigint, text, text, text, text, text, text, text, text, text, timestamptz, timestamptz, boolean, text, text, text, text, boolean) IS
'The same for all disclosures that fit everything given: period, outcome, username (or a person named), destination (as spelled, or an agency_id), class, relation, purpose, case number and plate (of all rows), a tag, a rule, a severity, a time from since until before until. In texts % stands for any text. about: the rule or tag that is judged; without it all are. Leaves out what was reviewed before, unless "again". dry_run: counts only. Returns how many events';
