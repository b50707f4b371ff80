
-- Shows how a change of purpose terms would have tagged the purposes in the
-- log.

CREATE FUNCTION sharing_guard.preview_terms(
    changes jsonb,
    OUT purpose text,
    OUT rows bigint,
    OUT events bigint,
    OUT last_at timestamptz,
    OUT old_tags text[],
    OUT new_tags text[],
    OUT matched_terms text[]
) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    given sharing_guard.purpose_term;
BEGIN
    IF jsonb_typeof(changes) <> 'array' THEN
        RAISE EXCEPTION 'the changes are not an array'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'For example: [{"term": "raid", "tag": "immigration_possible", "match": "word"}, {"term": "visa", "tag": "immigration_possible", "match": "word", "enabled": false}].';
    END IF;
    FOR given IN
        SELECT * FROM jsonb_populate_recordset(NULL::sharing_guard.purpose_term, changes)
    LOOP
        IF given.term IS NULL OR given.tag IS NULL OR given.match IS NULL THEN
            RAISE EXCEPTION 'a change needs a term, a tag and a match'
                USING ERRCODE = 'null_value_not_allowed';
        END IF;
        PERFORM sharing_guard.check_purpose_term(given.term, given.tag, given.match);
        IF NOT given.enabled AND NOT EXISTS (
            SELECT FROM sharing_guard.purpose_term AS t
            WHERE t.term = given.term AND t.tag = given.tag AND t.match = given.match)
        THEN
            RAISE EXCEPTION 'there is no purpose term "%" of the tag % that matches as %',
                    given.term, given.tag, given.match
                USING ERRCODE = 'no_data_found',
                      HINT = 'Look it up in sharing_guard.purpose_term.';
        END IF;
    END LOOP;

    RETURN QUERY
    WITH given AS (
        SELECT g.term, g.tag, g.match, coalesce(g.enabled, true) AS enabled
        FROM jsonb_populate_recordset(NULL::sharing_guard.purpose_term, changes) AS g
    ), now AS (
        SELECT coalesce(array_agg(t.term), '{}') AS terms, coalesce(array_agg(t.tag), '{}') AS tags,
               coalesce(array_agg(t.match), '{}') AS matches
        FROM sharing_guard.purpose_term AS t
        WHERE t.enabled
    ), changed AS (
        SELECT coalesce(array_agg(c.term), '{}') AS terms, coalesce(array_agg(c.tag), '{}') AS tags,
               coalesce(array_agg(c.match), '{}') AS matches
        FROM (SELECT t.term, t.tag, t.match
              FROM sharing_guard.purpose_term AS t
              WHERE t.enabled AND NOT EXISTS (
                  SELECT FROM given AS g
                  WHERE g.term = t.term AND g.tag = t.tag AND g.match = t.match)
              UNION ALL
              SELECT g.term, g.tag, g.match FROM given AS g WHERE g.enabled) AS c
    ), said AS (
        SELECT a.purpose, count(*) AS rows, count(DISTINCT a.event_id) AS events,
               max(a.occurred_at) AS last_at,
               row_number() OVER (ORDER BY a.purpose)::integer AS n
        FROM sharing_guard.audit_rows_90d AS a
        GROUP BY a.purpose
    ), purposes AS (
        SELECT coalesce(array_agg(s.purpose ORDER BY s.n), '{}') AS list FROM said AS s
    )
    SELECT s.purpose, s.rows, s.events, s.last_at, o.new_tags, c.new_tags, c.matched_terms
    FROM said AS s
    JOIN (SELECT r.* FROM now AS t, purposes AS p,
                 sharing_guard.tag_purposes(t.terms, t.tags, t.matches, p.list) AS r) AS o USING (n)
    JOIN (SELECT r.* FROM changed AS t, purposes AS p,
                 sharing_guard.tag_purposes(t.terms, t.tags, t.matches, p.list) AS r) AS c USING (n)
    WHERE o.new_tags <> c.new_tags
    ORDER BY s.rows DESC, s.n;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.preview_terms(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.preview_terms(jsonb) IS
'Shows the purposes of the last 90 days whose tags a change of purpose terms would change, and how many rows and events they concern; changes nothing. The changes are rows of purpose_term, as a JSON array of {"term", "tag", "match"}; "enabled": false removes the term. old_tags are the tags that the current terms give, new_tags the tags after the change, and matched_terms the terms that give the new tags. Tags that applications declared are ignored';
