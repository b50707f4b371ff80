-- Figures: by user, agency, case, plate, hour of the week and month, and against
-- the period before.
--
-- A search is a row that went out, or was searched for; refused ones are counted
-- apart.  Rates make a short first period comparable with a long one.

CREATE FUNCTION sharing_guard.audit_rows_of(period bigint, tree uuid)
    RETURNS SETOF sharing_guard.audit_rows LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT r.* FROM sharing_guard.audit_rows_90d r WHERE period IS NULL
    UNION ALL
    SELECT r.* FROM sharing_guard.audit_rows(period, tree) r WHERE period IS NOT NULL;
END;
REVOKE ALL ON FUNCTION sharing_guard.audit_rows_of(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.audit_rows_of(bigint, uuid) IS
'Internal: the view audit_rows of one review period, or of the last 90 days where no period is given';

CREATE FUNCTION sharing_guard.days_of(period bigint, tree uuid)
    RETURNS numeric LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT greatest(round(extract(epoch FROM
               CASE WHEN period IS NULL
                    THEN statement_timestamp() - greatest(
                         sharing_guard.audit_window_start(statement_timestamp(), sharing_guard.time_zone()),
                         (SELECT min(p.begins_at) FROM sharing_guard.period_span AS p
                           WHERE p.tree_id = sharing_guard.own_tree()))
                    ELSE (SELECT least(p.ends_at, statement_timestamp()) - p.begins_at
                            FROM sharing_guard.period_span AS p
                           WHERE p.period_id = days_of.period
                             AND p.tree_id = coalesce(days_of.tree, sharing_guard.own_tree()))
               END) / 86400, 2), 0.01)
$$;
REVOKE ALL ON FUNCTION sharing_guard.days_of(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.days_of(bigint, uuid) IS
'How many days a review period has had so far, or the last 90 days have since the first period began: what rates per 30 days are taken of';

CREATE FUNCTION sharing_guard.by_user(period bigint DEFAULT NULL, tree uuid DEFAULT NULL)
    RETURNS TABLE (
        period_id bigint, username text, organization text, own boolean, searches bigint,
        refused bigint, searches_per_30_days numeric, no_reason_per_100 numeric,
        vague_reason_per_100 numeric, no_case_per_100 numeric, different_plates bigint,
        first_local timestamp, last_local timestamp)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH line AS (
        SELECT COALESCE(r.recipient_person, r.username, r.session_role) AS who,
            CASE WHEN r.recipient_person IS NOT NULL THEN COALESCE(g.name, r.destination)
                ELSE r.organization END AS organization,
            r.recipient_person IS NULL AND (r.organization IS NULL OR r.organization = h.name) AS own,
            r.outcome, r.tags, r.case_number, r.query_elements, r.occurred_at
        FROM sharing_guard.audit_rows_of(period, tree) r
        LEFT JOIN sharing_guard.agency g ON g.agency_id = r.agency_id
        LEFT JOIN (sharing_guard.setting s JOIN sharing_guard.agency h ON h.agency_id = s.agency) ON true)
    SELECT period, l.who, l.organization, l.own,
        pg_catalog.count(*) FILTER (WHERE l.outcome <> 'block'),
        pg_catalog.count(*) FILTER (WHERE l.outcome = 'block'),
        pg_catalog.round(30.0 * pg_catalog.count(*) FILTER (WHERE l.outcome <> 'block')
            / sharing_guard.days_of(period, tree), 1),
        pg_catalog.round(100.0 * pg_catalog.count(*) FILTER (WHERE 'no_purpose' = ANY (l.tags)) / pg_catalog.count(*), 1),
        pg_catalog.round(100.0 * pg_catalog.count(*) FILTER (WHERE 'vague_purpose' = ANY (l.tags)) / pg_catalog.count(*), 1),
        pg_catalog.round(100.0 * pg_catalog.count(*) FILTER (WHERE COALESCE(pg_catalog.btrim(l.case_number), '') = '')
            / pg_catalog.count(*), 1),
        pg_catalog.count(DISTINCT sharing_guard.plate_folded(l.query_elements)),
        pg_catalog.min(l.occurred_at) AT TIME ZONE sharing_guard.time_zone(),
        pg_catalog.max(l.occurred_at) AT TIME ZONE sharing_guard.time_zone()
    FROM line l
    GROUP BY l.who, l.organization, l.own
    ORDER BY 5 DESC, l.who COLLATE pg_catalog."C";
END;
REVOKE ALL ON FUNCTION sharing_guard.by_user(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.by_user(bigint, uuid) IS
'One line for each person of a review period, or of the last 90 days: searches, refusals, searches per 30 days, and of 100 searches how many had no reason, a vague one, no case number. own: one of the agency''s own people. Times are local';

CREATE FUNCTION sharing_guard.by_agency(period bigint DEFAULT NULL, tree uuid DEFAULT NULL)
    RETURNS TABLE (
        period_id bigint, agency_id text, recipient text, class_then text, class_now text,
        rows_out bigint, flagged bigint, refused bigint, rows_per_30_days numeric,
        first_local timestamp, last_local timestamp)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT period, a.agency_id, COALESCE(g.name, a.destination), a.destination_class,
        (SELECT d.destination_class FROM sharing_guard.resolve_destination(a.destination) d),
        COALESCE(pg_catalog.sum(a.rows_disclosed), 0)::bigint,
        COALESCE(pg_catalog.sum(a.rows_disclosed) FILTER (WHERE a.outcome = 'flag'), 0)::bigint,
        COALESCE(pg_catalog.sum(a.rows_blocked), 0)::bigint,
        pg_catalog.round(30.0 * COALESCE(pg_catalog.sum(a.rows_disclosed), 0) / sharing_guard.days_of(period, tree), 1),
        pg_catalog.min(a.occurred_at) AT TIME ZONE sharing_guard.time_zone(),
        pg_catalog.max(a.occurred_at) AT TIME ZONE sharing_guard.time_zone()
    FROM sharing_guard.audit_of(period, tree) a
    LEFT JOIN sharing_guard.agency g ON g.agency_id = a.agency_id
    GROUP BY a.agency_id, g.name, a.destination, a.destination_class
    ORDER BY 6 DESC, 3;
END;
REVOKE ALL ON FUNCTION sharing_guard.by_agency(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.by_agency(bigint, uuid) IS
'One line for each recipient of a review period, or of the last 90 days: its class when the rows went out and its class now, rows that went out, of these flagged, rows refused. Times are local';

CREATE FUNCTION sharing_guard.by_case(period bigint DEFAULT NULL, tree uuid DEFAULT NULL)
    RETURNS TABLE (
        period_id bigint, case_number text, searches bigint, refused bigint, users bigint,
        different_plates bigint, first_local timestamp, last_local timestamp)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT period, NULLIF(pg_catalog.btrim(r.case_number), ''),
        pg_catalog.count(*) FILTER (WHERE r.outcome <> 'block'),
        pg_catalog.count(*) FILTER (WHERE r.outcome = 'block'),
        pg_catalog.count(DISTINCT COALESCE(r.recipient_person, r.username, r.session_role)),
        pg_catalog.count(DISTINCT sharing_guard.plate_folded(r.query_elements)),
        pg_catalog.min(r.occurred_at) AT TIME ZONE sharing_guard.time_zone(),
        pg_catalog.max(r.occurred_at) AT TIME ZONE sharing_guard.time_zone()
    FROM sharing_guard.audit_rows_of(period, tree) r
    GROUP BY NULLIF(pg_catalog.btrim(r.case_number), '')
    ORDER BY 3 DESC, 2;
END;
REVOKE ALL ON FUNCTION sharing_guard.by_case(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.by_case(bigint, uuid) IS
'One line for each case number of a review period, or of the last 90 days; NULL: searches without one. Times are local';

CREATE FUNCTION sharing_guard.by_plate(period bigint DEFAULT NULL, tree uuid DEFAULT NULL)
    RETURNS TABLE (
        period_id bigint, plate text, searches bigint, refused bigint, users bigint,
        by_one_user bigint, first_local timestamp, last_local timestamp)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH each AS (
        SELECT sharing_guard.plate_folded(r.query_elements) AS plate,
            COALESCE(r.recipient_person, r.username, r.session_role) AS who,
            pg_catalog.count(*) FILTER (WHERE r.outcome <> 'block') AS searches,
            pg_catalog.count(*) FILTER (WHERE r.outcome = 'block') AS refused,
            pg_catalog.min(r.occurred_at) AS first_at, pg_catalog.max(r.occurred_at) AS last_at
        FROM sharing_guard.audit_rows_of(period, tree) r
        WHERE r.query_elements IS NOT NULL
        GROUP BY 1, 2)
    SELECT period, e.plate, pg_catalog.sum(e.searches)::bigint, pg_catalog.sum(e.refused)::bigint,
        pg_catalog.count(*), pg_catalog.max(e.searches),
        pg_catalog.min(e.first_at) AT TIME ZONE sharing_guard.time_zone(),
        pg_catalog.max(e.last_at) AT TIME ZONE sharing_guard.time_zone()
    FROM each e
    GROUP BY e.plate
    ORDER BY 6 DESC, 3 DESC, e.plate COLLATE pg_catalog."C";
END;
REVOKE ALL ON FUNCTION sharing_guard.by_plate(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.by_plate(bigint, uuid) IS
'One line for each plate, or other searched value, of a review period or of the last 90 days, those that one user searched most often first. plate: capitals and digits only. by_one_user: the most searches by one person. Times are local';

CREATE FUNCTION sharing_guard.by_hour(period bigint DEFAULT NULL, tree uuid DEFAULT NULL)
    RETURNS TABLE (period_id bigint, weekday integer, hour integer, searches bigint, refused bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT period, d.weekday, h.hour,
        COALESCE(pg_catalog.sum(c.searches), 0)::bigint, COALESCE(pg_catalog.sum(c.refused), 0)::bigint
    FROM pg_catalog.generate_series(1, 7) d (weekday)
    CROSS JOIN pg_catalog.generate_series(0, 23) h (hour)
    LEFT JOIN (
        SELECT EXTRACT(isodow FROM a.occurred_at AT TIME ZONE sharing_guard.time_zone())::integer AS weekday,
            EXTRACT(hour FROM a.occurred_at AT TIME ZONE sharing_guard.time_zone())::integer AS hour,
            COALESCE(a.rows_disclosed, 0) AS searches, COALESCE(a.rows_blocked, 0) AS refused
        FROM sharing_guard.audit_of(period, tree) a) c ON c.weekday = d.weekday AND c.hour = h.hour
    GROUP BY d.weekday, h.hour
    ORDER BY d.weekday, h.hour;
END;
REVOKE ALL ON FUNCTION sharing_guard.by_hour(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.by_hour(bigint, uuid) IS
'The hours of the week of a review period, or of the last 90 days, on the agency''s clocks: weekday 1 is Monday and 7 Sunday; hours from 0 to 23, all of them';

CREATE FUNCTION sharing_guard.by_month(period bigint DEFAULT NULL, tree uuid DEFAULT NULL)
    RETURNS TABLE (period_id bigint, month date, searches bigint, flagged bigint, refused bigint, users bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT period, pg_catalog.date_trunc('month', r.occurred_at AT TIME ZONE sharing_guard.time_zone())::date,
        pg_catalog.count(*) FILTER (WHERE r.outcome <> 'block'),
        pg_catalog.count(*) FILTER (WHERE r.outcome = 'flag'),
        pg_catalog.count(*) FILTER (WHERE r.outcome = 'block'),
        pg_catalog.count(DISTINCT COALESCE(r.recipient_person, r.username, r.session_role))
    FROM sharing_guard.audit_rows_of(period, tree) r
    GROUP BY 2
    ORDER BY 2;
END;
REVOKE ALL ON FUNCTION sharing_guard.by_month(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.by_month(bigint, uuid) IS
'The calendar months of a review period, or of the last 90 days, on the agency''s clocks; the first and the last may be in part only';

CREATE FUNCTION sharing_guard.period_change(period bigint, tree uuid DEFAULT NULL)
    RETURNS TABLE (figure text, this_period numeric, before numeric, per_30_days numeric,
        per_30_days_before numeric, change_percent numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH each AS (
        SELECT p.n, f.figure, f.place, f.value
        FROM (VALUES (period, 0), (period - 1, 1)) p (id, n)
        CROSS JOIN LATERAL (
            SELECT pg_catalog.sum(a.rows_disclosed) AS out, pg_catalog.sum(a.rows_blocked) AS refused,
                pg_catalog.sum(a.rows_disclosed) FILTER (WHERE a.outcome = 'flag') AS flagged,
                pg_catalog.sum(a.rows_disclosed) FILTER (WHERE a.destination_class IN
                    ('out_of_state', 'federal', 'non_us', 'tribal')) AS beyond,
                pg_catalog.sum(a.rows_disclosed) FILTER (WHERE a.tags && '{no_purpose,vague_purpose}') AS unclear,
                (SELECT pg_catalog.count(DISTINCT COALESCE(r.recipient_person, r.username, r.session_role))
                FROM sharing_guard.audit_rows(p.id, tree) r WHERE r.outcome <> 'block') AS users
            FROM sharing_guard.audit(p.id, tree) a) x
        CROSS JOIN LATERAL (VALUES ('rows that went out', 1, x.out), ('of these flagged', 2, x.flagged),
            ('of these to other states, federal agencies, tribes and other countries', 3, x.beyond),
            ('of these without a reason or with a vague one', 4, x.unclear),
            ('rows refused', 5, x.refused), ('people or logins whose rows went out', 6, x.users)) f (figure, place, value))
    SELECT t.figure, COALESCE(t.value, 0), CASE WHEN period > 1 THEN COALESCE(b.value, 0) END,
        pg_catalog.round(30 * COALESCE(t.value, 0) / sharing_guard.days_of(period, tree), 1),
        CASE WHEN period > 1 THEN pg_catalog.round(30 * COALESCE(b.value, 0) / sharing_guard.days_of(period - 1, tree), 1) END,
        CASE WHEN period > 1 AND b.value > 0 THEN pg_catalog.round(100 *
            (COALESCE(t.value, 0) / sharing_guard.days_of(period, tree)
                / (b.value / sharing_guard.days_of(period - 1, tree)) - 1)) END
    FROM each t
    JOIN each b ON b.figure = t.figure AND b.n = 1
    WHERE t.n = 0
    ORDER BY t.place;
END;
REVOKE ALL ON FUNCTION sharing_guard.period_change(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.period_change(bigint, uuid) IS
'A review period against the one before: each figure, its rate per 30 days, and the change of the rate in percent; NULL where there is no period before, or nothing in it';
