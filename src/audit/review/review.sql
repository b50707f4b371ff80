
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
    event_ids uuid[] NOT NULL,
    about text
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
COMMENT ON COLUMN sharing_guard.review.about IS
'The rule or the tag of the events that was judged; NULL: all of them';

-- The same by event.  Ids of reviews sort by time, so the last one counts.
CREATE TABLE sharing_guard.disposition (
    event_id uuid NOT NULL,
    review_id uuid NOT NULL,
    disposition text NOT NULL,
    about text,
    PRIMARY KEY (event_id, review_id)
);
SELECT sharing_guard.protect_table('sharing_guard.disposition');
COMMENT ON TABLE sharing_guard.disposition IS
'The dispositions by event; where there are several the last review counts';
COMMENT ON COLUMN sharing_guard.disposition.event_id IS 'The event';
COMMENT ON COLUMN sharing_guard.disposition.review_id IS 'The review that found so';
COMMENT ON COLUMN sharing_guard.disposition.disposition IS 'What it found';
COMMENT ON COLUMN sharing_guard.disposition.about IS
'The rule or the tag of the event that was judged; NULL: all of them';

CREATE FUNCTION sharing_guard.last_disposition(event uuid) RETURNS text
    AS 'MODULE_PATHNAME', 'sg_sql_last_disposition'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.last_disposition(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.last_disposition(uuid) IS
'Internal: what the last review of an event found; empty where that was about one of its reasons, NULL where it has not been reviewed';

-- The reasons of an event are its rules that do not allow; two of the program's
-- own defaults allow (decide.c).  A tag stands for the rules that look for it;
-- where no rule is left, the tags are the reasons.
CREATE FUNCTION sharing_guard.event_reasons(event uuid)
    RETURNS TABLE (reason text, covered_by text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH of_rules AS (
        SELECT u.rule_id, u.rule_id || coalesce(
                   ARRAY(SELECT t FROM unnest(r.purpose_tags) AS t WHERE t = ANY (e.tags)), '{}') AS covered_by
          FROM sharing_guard.legible_event AS e, unnest(e.rule_ids) AS u (rule_id)
          LEFT JOIN sharing_guard.rule AS r ON r.rule_id = u.rule_id
         WHERE e.event_id = event AND r.outcome IS DISTINCT FROM 'allow'
           AND u.rule_id NOT IN ('default:self', 'default:in_state_public_agency'))
    SELECT o.rule_id, o.covered_by FROM of_rules AS o
    UNION ALL
    SELECT t, ARRAY[t] FROM sharing_guard.legible_event AS e, unnest(e.tags) AS t
     WHERE e.event_id = event AND NOT EXISTS (SELECT FROM of_rules)
$$;
REVOKE ALL ON FUNCTION sharing_guard.event_reasons(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.event_reasons(uuid) IS
'Internal: the reasons for which an event is shown to the auditor, and the rules and tags whose review judges each';

CREATE FUNCTION sharing_guard.judged_disposition(event uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH judged AS (
        SELECT (SELECT d.disposition FROM sharing_guard.disposition AS d
                 WHERE d.event_id = event AND (d.about IS NULL OR d.about = ANY (r.covered_by))
                 ORDER BY d.review_id DESC LIMIT 1) AS word
          FROM sharing_guard.event_reasons(event) AS r)
    SELECT CASE WHEN bool_and(j.word IS NOT NULL)
                THEN (array_agg(j.word ORDER BY array_position(
                          '{violation,follow_up,NULL,lawful,false_positive}'::text[],
                          CASE WHEN j.word IN ('violation', 'follow_up', 'lawful', 'false_positive') THEN j.word END),
                          j.word COLLATE "C"))[1] END
      FROM judged AS j
$$;
REVOKE ALL ON FUNCTION sharing_guard.judged_disposition(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.judged_disposition(uuid) IS
'Internal: the gravest of what was found of an event''s reasons; NULL until each of them is judged';

CREATE FUNCTION sharing_guard.event_disposition(event uuid) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT COALESCE(NULLIF(sharing_guard.last_disposition(event), ''),
        CASE WHEN sharing_guard.last_disposition(event) = ''
            THEN sharing_guard.judged_disposition(event) END);
END;
REVOKE ALL ON FUNCTION sharing_guard.event_disposition(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.event_disposition(uuid) IS
'What was found on review of an event, the gravest word of all its reasons; NULL until each reason is judged';

CREATE FUNCTION sharing_guard.each_finding(event uuid) RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT array_agg(concat(f.about, CASE WHEN f.about IS NOT NULL THEN ': ' END, f.disposition)
                     ORDER BY f.about COLLATE "C" NULLS FIRST)
      FROM (SELECT DISTINCT ON (d.about) d.about, d.disposition FROM sharing_guard.disposition AS d
             WHERE d.event_id = event
             ORDER BY d.about, d.review_id DESC) AS f
$$;
REVOKE ALL ON FUNCTION sharing_guard.each_finding(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.each_finding(uuid) IS
'Internal: the last word on each rule or tag of an event, as event_findings() shows it';

-- A review of the whole event has the last word on all of its reasons.
CREATE FUNCTION sharing_guard.event_findings(event uuid) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE NULLIF(sharing_guard.last_disposition(event), '') IS NULL
        WHEN true THEN CASE WHEN sharing_guard.last_disposition(event) = ''
            THEN sharing_guard.each_finding(event) END
        ELSE ARRAY[sharing_guard.last_disposition(event)] END;
END;
REVOKE ALL ON FUNCTION sharing_guard.event_findings(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.event_findings(uuid) IS
'The last word on each rule or tag of an event that was reviewed, as "rule or tag: word"; a word alone is about all of them. NULL where it has not been reviewed';

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
    event_ids uuid[], disposition text, note text, chosen_by text, about text DEFAULT NULL
) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
BEGIN
    PERFORM sharing_guard.require_login('review events');
    INSERT INTO sharing_guard.review (disposition, note, chosen_by, event_ids, about)
    VALUES (write_review.disposition, nullif(btrim(write_review.note), ''),
            write_review.chosen_by, write_review.event_ids, write_review.about)
    RETURNING review_id INTO id;
    INSERT INTO sharing_guard.disposition (event_id, review_id, disposition, about)
    SELECT u.event_id, id, write_review.disposition, write_review.about
      FROM unnest(write_review.event_ids) AS u (event_id);
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.write_review(uuid[], text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.write_review(uuid[], text, text, text, text) IS
'Internal: records one act of review';

CREATE FUNCTION sharing_guard.review_event(
    event uuid, disposition text, note text DEFAULT NULL, about text DEFAULT NULL
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
    IF about IS NOT NULL AND NOT EXISTS (
        SELECT FROM sharing_guard.event_reasons(event) AS r
         WHERE review_event.about = ANY (r.covered_by)) THEN
        RAISE EXCEPTION 'the event has no reason "%"', about
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Event %s is shown because of other rules or tags.', event),
                  HINT = 'Give one of its rules that flag or block, or one of its tags: columns rule_ids and tags of the view audit. Without "about" all of them are judged.';
    END IF;
    RETURN sharing_guard.write_review(ARRAY[event], word, review_event.note, NULL, about);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.review_event(uuid, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.review_event(uuid, text, text, text) IS
'Says what an auditor found on looking at an event: lawful, false_positive (with its reason), violation (likewise), follow_up, or a word of your own. about: the rule or tag that is judged; without it all are. Said again, the last word counts and all are kept. Returns the id of the review';

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
