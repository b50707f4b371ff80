
-- Review periods: at most 90 days each, without a gap.
--
-- A period is a stretch of the sealed log: from its first leaf to the first
-- leaf of the period after it.  So it is the seal, and not a clock, that says
-- which events it has: one that comes late belongs to the period that seals
-- it.  A row here opens a period and, with that, closes the one before; no row
-- is ever changed.
CREATE TABLE sharing_guard.period (
    event_id uuid NOT NULL DEFAULT sharing_guard.new_event_id(),
    tree_id uuid NOT NULL,
    period_id bigint NOT NULL,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_by text,
    first_index bigint NOT NULL,
    root bytea NOT NULL,
    PRIMARY KEY (tree_id, period_id),
    CONSTRAINT period_span CHECK (begins_at < ends_at AND ends_at <= due_at)
);
CREATE INDEX period_first_index ON sharing_guard.period (tree_id, first_index, period_id);
SELECT sharing_guard.protect_table('sharing_guard.period');
CREATE TRIGGER record_act AFTER INSERT ON sharing_guard.period
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.record_act('event_id', 'period_id');
COMMENT ON TABLE sharing_guard.period IS
'The review periods, one row for each as it was opened; read review_status';
COMMENT ON COLUMN sharing_guard.period.event_id IS 'The event that says so';
COMMENT ON COLUMN sharing_guard.period.tree_id IS 'The sealed tree that it is a stretch of: this log''s own, or that of a log copied here';
COMMENT ON COLUMN sharing_guard.period.period_id IS 'Its number, from 1';
COMMENT ON COLUMN sharing_guard.period.begins_at IS 'When it begins: where the one before ends';
COMMENT ON COLUMN sharing_guard.period.ends_at IS
'When it is to end: at local midnight. An auditor can end it before';
COMMENT ON COLUMN sharing_guard.period.due_at IS
'When it must be signed, if it ends as planned';
COMMENT ON COLUMN sharing_guard.period.opened_at IS 'When it was opened';
COMMENT ON COLUMN sharing_guard.period.opened_by IS
'Who ended the period before by hand; NULL where it had run out';
COMMENT ON COLUMN sharing_guard.period.first_index IS
'The first leaf of the sealed log that belongs to it: what the log held when it was opened';
COMMENT ON COLUMN sharing_guard.period.root IS
'The root of the sealed log as it was then: what the period before is signed with';

-- Which leaf of which tree an event is, and so in which period.
CREATE FUNCTION sharing_guard.event_period(event uuid) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sg_sql_event_period'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.event_period(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.event_period(uuid) IS
'The review period that an event belongs to; NULL until it is sealed';

CREATE FUNCTION sharing_guard.event_leaf(event uuid) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sg_sql_event_leaf'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.event_leaf(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.event_leaf(uuid) IS
'Which leaf of its tree an event is; NULL until it is sealed';

CREATE FUNCTION sharing_guard.event_tree(event uuid) RETURNS uuid
    AS 'MODULE_PATHNAME', 'sg_sql_event_tree'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.event_tree(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.event_tree(uuid) IS
'The tree that an event is sealed in; NULL until it is sealed';

-- The tree that is sealed here.  Before the first seal there is none; it will
-- have the id of the log.
CREATE FUNCTION sharing_guard.own_tree() RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT coalesce(sharing_guard.tree_id(), sharing_guard.log_id()) $$;
REVOKE ALL ON FUNCTION sharing_guard.own_tree() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.own_tree() IS
'The tree that the review periods of this database are stretches of';

-- How it was, and how it is: each period with its end.
CREATE VIEW sharing_guard.period_span AS
SELECT
    p.tree_id,
    p.period_id,
    p.begins_at,
    COALESCE(n.begins_at, p.ends_at) AS ends_at,
    CASE WHEN n.begins_at < p.ends_at
        THEN (n.begins_at AT TIME ZONE z.zone + (p.due_at AT TIME ZONE z.zone - p.ends_at AT TIME ZONE z.zone))
            AT TIME ZONE z.zone
        ELSE p.due_at END AS due_at,
    p.opened_at,
    n.opened_at AS closed_at,
    n.opened_by AS closed_by,
    p.first_index,
    n.first_index AS end_index,
    p.root AS root_before,
    n.root AS root_at_close
FROM sharing_guard.period p
LEFT JOIN sharing_guard.period n
    ON n.tree_id = p.tree_id AND n.period_id = p.period_id + 1
-- Local days: what the session has as its time zone must not move them.
CROSS JOIN LATERAL (SELECT sharing_guard.time_zone() AS zone OFFSET 0) z;
REVOKE ALL ON TABLE sharing_guard.period_span FROM PUBLIC;
COMMENT ON VIEW sharing_guard.period_span IS
'Internal: the review periods with both their ends; closed_at is NULL while a period is open';
COMMENT ON COLUMN sharing_guard.period_span.tree_id IS 'The sealed tree that it is a stretch of';
COMMENT ON COLUMN sharing_guard.period_span.period_id IS 'Its number, from 1';
COMMENT ON COLUMN sharing_guard.period_span.begins_at IS 'When it begins';
COMMENT ON COLUMN sharing_guard.period_span.ends_at IS 'When it ended, or is to end';
COMMENT ON COLUMN sharing_guard.period_span.due_at IS 'When it must be signed';
COMMENT ON COLUMN sharing_guard.period_span.opened_at IS 'When it was opened';
COMMENT ON COLUMN sharing_guard.period_span.closed_at IS 'When the next one was opened; NULL while open';
COMMENT ON COLUMN sharing_guard.period_span.closed_by IS 'Who ended it by hand; NULL where it had run out';
COMMENT ON COLUMN sharing_guard.period_span.first_index IS 'Its first leaf';
COMMENT ON COLUMN sharing_guard.period_span.end_index IS 'The leaf after its last; NULL while open';
COMMENT ON COLUMN sharing_guard.period_span.root_before IS 'The root of the tree before its first leaf';
COMMENT ON COLUMN sharing_guard.period_span.root_at_close IS 'The root of the tree with its last leaf';

-- Opens what is due to be opened.  "at" is an argument for the tests' sake.
-- A server that was down for a year gets the periods of that year: each is
-- empty and must be signed as such.
CREATE FUNCTION sharing_guard.open_periods(at timestamptz, close_by text)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    me uuid := sharing_guard.own_tree();
    zone text := sharing_guard.time_zone();
    days integer;
    due_days integer;
    last sharing_guard.period;
    head record;
    edge timestamptz;
    next_end timestamptz;
    closing text := close_by;
    opened integer := 0;
BEGIN
    -- Periods up to the end of time would never end.
    IF at IS NULL OR NOT isfinite(at) THEN
        RAISE EXCEPTION 'review periods are opened up to a time that comes'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT s.review_period_days, s.review_due_days INTO days, due_days
      FROM sharing_guard.setting AS s;
    -- Nothing can be protected before that, and the time zone is not known.
    IF NOT FOUND THEN
        RETURN 0;
    END IF;

    -- Looked at without a lock first: this is called every minute or so.
    SELECT * INTO last FROM sharing_guard.period AS p
     WHERE p.tree_id = me ORDER BY p.period_id DESC LIMIT 1;
    IF last.period_id IS NOT NULL AND at < last.ends_at AND closing IS NULL THEN
        RETURN 0;
    END IF;
    LOCK TABLE sharing_guard.period IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO last FROM sharing_guard.period AS p
     WHERE p.tree_id = me ORDER BY p.period_id DESC LIMIT 1;

    IF last.period_id IS NULL THEN
        edge := date_trunc('day', at AT TIME ZONE zone) AT TIME ZONE zone;
        next_end := ((edge AT TIME ZONE zone)::date + days)::timestamp AT TIME ZONE zone;
        INSERT INTO sharing_guard.period (tree_id, period_id, begins_at, ends_at,
               due_at, opened_at, first_index, root)
        VALUES (me, 1, edge, next_end,
                (next_end AT TIME ZONE zone + make_interval(days => due_days)) AT TIME ZONE zone,
                at, 0, sha256(''));
        RETURN 1;
    END IF;
    IF at < last.ends_at AND closing IS NULL THEN
        RETURN 0;
    END IF;

    -- What is visible now belongs to the period that ends.
    PERFORM sharing_guard.seal();
    SELECT k.tree_size, k.root INTO head FROM sharing_guard.checkpoint AS k
     WHERE k.tree_id = me ORDER BY k.tree_size DESC LIMIT 1;
    IF NOT FOUND THEN
        head := (0::bigint, sha256(''));
    END IF;
    WHILE at >= last.ends_at OR closing IS NOT NULL LOOP
        edge := CASE WHEN at >= last.ends_at THEN last.ends_at ELSE at END;
        -- Two ends within one instant would make a period of no length.
        IF edge <= last.begins_at THEN
            EXIT;
        END IF;
        next_end := ((edge AT TIME ZONE zone)::date + days)::timestamp AT TIME ZONE zone;
        INSERT INTO sharing_guard.period (tree_id, period_id, begins_at, ends_at,
               due_at, opened_at, opened_by, first_index, root)
        VALUES (me, last.period_id + 1, edge, next_end,
                (next_end AT TIME ZONE zone + make_interval(days => due_days)) AT TIME ZONE zone, at,
                CASE WHEN at >= last.ends_at THEN NULL ELSE closing END,
                head.tree_size, head.root)
        RETURNING * INTO last;
        opened := opened + 1;
        IF at < last.ends_at THEN
            EXIT;
        END IF;
    END LOOP;
    RETURN opened;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.open_periods(timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.open_periods(timestamptz, text) IS
'Internal: opens the review periods that should be open at this time, or ends the open one for this person; returns how many were opened';

-- For configure(), whose caller has no rights on periods.
CREATE FUNCTION sharing_guard.begin_review() RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM sharing_guard.period AS p
                    WHERE p.tree_id = sharing_guard.own_tree()) THEN
        PERFORM sharing_guard.open_periods(clock_timestamp(), NULL);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.begin_review() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.begin_review() IS
'Internal: opens the first review period';

CREATE FUNCTION sharing_guard.close_period() RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    closed bigint;
BEGIN
    PERFORM sharing_guard.require_login('end a review period');
    IF sharing_guard.open_periods(clock_timestamp(), session_user::text) = 0 THEN
        RAISE EXCEPTION 'there is no review period to end'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'The first one is opened when configure() has been called; one that was opened this very moment has to last a little.';
    END IF;
    SELECT max(p.period_id) - 1 INTO closed FROM sharing_guard.period AS p
     WHERE p.tree_id = sharing_guard.own_tree();
    RETURN nullif(closed, 0);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.close_period() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.close_period() IS
'Ends the open review period now, before its 90 days are over, so that it can be signed; seals first. Returns its number. For auditors; recorded with who did it';

-- What another server needs to have this log beside its own.  INSERTs alone:
-- nothing here is ever changed, and what a purge removes an auditor's database
-- removes by itself.
CREATE FUNCTION sharing_guard.publish_audit(publication text DEFAULT 'sharing_guard_audit')
    RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tables text;
BEGIN
    SELECT string_agg(format('sharing_guard.%I', c.relname), ', ' ORDER BY c.relname) INTO tables
      FROM pg_trigger AS t
      JOIN pg_class AS c ON c.oid = t.tgrelid
     WHERE t.tgfoid = 'sharing_guard.protect_record'::regproc
       AND t.tgname = 'protect_rows'
       AND c.relnamespace = 'sharing_guard'::regnamespace;
    EXECUTE format('CREATE PUBLICATION %I FOR TABLE %s WITH (publish = ''insert'')',
                   publication, tables);
    RETURN format('publication %I of %s', publication, tables);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.publish_audit(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.publish_audit(text) IS
'Makes the publication by which an auditor''s own server copies this log, its seals and its reviews; for the DBA';
