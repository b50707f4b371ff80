-- Patterns: what a person should look at that no single search shows.  None of
-- them says that there was a violation.

CREATE FUNCTION sharing_guard.patterns(period bigint DEFAULT NULL, tree uuid DEFAULT NULL)
    RETURNS TABLE (
        pattern text, person text, to_look_at text, score bigint, events uuid[],
        first_local timestamp, last_local timestamp, not_reviewed bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH search AS MATERIALIZED (
        SELECT r.event_id, r.occurred_at, r.occurred_at AT TIME ZONE sharing_guard.time_zone() AS local_at,
            COALESCE(r.recipient_person, r.username, r.session_role) AS who,
            r.recipient_person IS NULL AND (r.organization IS NULL OR r.organization = h.name) AS own,
            NULLIF(sharing_guard.plate_folded(r.query_elements), '') AS plate,
            COALESCE(pg_catalog.btrim(r.case_number), '') = '' AS no_case,
            r.outcome, r.destination
        FROM sharing_guard.audit_rows_of(period, tree) r
        LEFT JOIN (sharing_guard.setting s JOIN sharing_guard.agency h ON h.agency_id = s.agency) ON true
        WHERE r.username_source <> 'shared_login' OR r.recipient_person IS NOT NULL
    ), done AS (
        SELECT s.* FROM search s WHERE s.outcome <> 'block'
    ), in_days AS (
        SELECT d.who, d.day, d.day - (pg_catalog.row_number() OVER (PARTITION BY d.who ORDER BY d.day))::integer AS island
        FROM (SELECT DISTINCT s.who, s.local_at::date AS day FROM done s WHERE s.own) d
    ), islands AS (
        SELECT d.who, pg_catalog.count(*) AS days, pg_catalog.min(d.day) AS first_day, pg_catalog.max(d.day) AS last_day
        FROM in_days d GROUP BY d.who, d.island
    ), hours AS (
        SELECT s.*, pg_catalog.count(*) OVER (PARTITION BY s.who ORDER BY s.occurred_at
            RANGE BETWEEN CURRENT ROW AND interval '1 hour' FOLLOWING) AS within_hour
        FROM done s WHERE s.own
    ), peak AS (
        SELECT DISTINCT ON (h.who) h.who, h.within_hour, h.occurred_at FROM hours h
        ORDER BY h.who, h.within_hour DESC, h.occurred_at
    ), rota AS (
        SELECT f.person, pg_catalog.min(f.starts_local)::date AS first_day, pg_catalog.max(f.ends_local)::date AS last_day
        FROM sharing_guard.shift f GROUP BY f.person
    ), found AS (
        SELECT 'same_plate' AS pattern, s.who, s.plate AS what, s.event_id, s.local_at
        FROM done s
        JOIN (SELECT x.who, x.plate, pg_catalog.count(*) AS n FROM done x WHERE x.plate IS NOT NULL
            GROUP BY x.who, x.plate
            HAVING pg_catalog.count(DISTINCT x.local_at::date) >= 3) p ON p.who = s.who AND p.plate = s.plate
        WHERE p.n >= (SELECT k.at_least FROM sharing_guard.pattern_kinds k WHERE k.pattern = 'same_plate')
        UNION ALL
        SELECT 'outside_shift', s.who, '', s.event_id, s.local_at
        FROM done s JOIN rota r ON r.person = s.who AND s.local_at::date BETWEEN r.first_day AND r.last_day
        WHERE s.own AND NOT EXISTS (SELECT FROM sharing_guard.shift f WHERE f.person = s.who
            AND s.local_at BETWEEN f.starts_local - interval '1 hour' AND f.ends_local + interval '1 hour')
        UNION ALL
        SELECT 'consecutive_days', s.who, pg_catalog.to_char(i.first_day, 'YYYY-MM-DD') || ' to ' || pg_catalog.to_char(i.last_day, 'YYYY-MM-DD'), s.event_id, s.local_at
        FROM islands i JOIN done s ON s.who = i.who AND s.local_at::date BETWEEN i.first_day AND i.last_day
        WHERE i.days >= (SELECT k.at_least FROM sharing_guard.pattern_kinds k WHERE k.pattern = 'consecutive_days')
        UNION ALL
        SELECT 'burst', s.who, '', s.event_id, s.local_at
        FROM peak p JOIN done s ON s.who = p.who AND s.occurred_at BETWEEN p.occurred_at AND p.occurred_at + interval '1 hour'
        WHERE p.within_hour >= (SELECT k.at_least FROM sharing_guard.pattern_kinds k WHERE k.pattern = 'burst')
        UNION ALL
        SELECT 'no_case', s.who, '', s.event_id, s.local_at
        FROM done s
        JOIN (SELECT x.who FROM done x WHERE x.own GROUP BY x.who
            HAVING pg_catalog.count(*) >= (SELECT k.at_least FROM sharing_guard.pattern_kinds k WHERE k.pattern = 'no_case')
                AND pg_catalog.count(*) FILTER (WHERE x.no_case) * 10 >= pg_catalog.count(*) * 9) c ON c.who = s.who
        WHERE s.no_case
        UNION ALL
        SELECT 'after_leaving', s.who, '', s.event_id, s.local_at
        FROM search s JOIN sharing_guard.staff t ON t.person = s.who
        WHERE s.own AND (s.local_at::date < t.active_from OR s.local_at::date > t.active_until)
        UNION ALL
        SELECT 'not_in_staff', s.who, '', s.event_id, s.local_at
        FROM search s
        WHERE s.own AND EXISTS (SELECT FROM sharing_guard.staff)
            AND NOT EXISTS (SELECT FROM sharing_guard.staff t WHERE t.person = s.who)
        UNION ALL
        SELECT DISTINCT 'relay', s.who, s.plate, s.event_id, s.local_at
        FROM done s
        JOIN search b ON b.plate = s.plate AND b.outcome = 'block'
            AND s.occurred_at BETWEEN b.occurred_at AND b.occurred_at + interval '7 days'
        WHERE s.own AND NOT b.own
    )
    SELECT f.pattern, f.who,
        CASE pg_catalog.count(*) WHEN 1 THEN 'one search' ELSE pg_catalog.count(*) || ' searches' END
        || CASE f.pattern
            WHEN 'same_plate' THEN pg_catalog.format(' of plate %s on %s days', f.what, pg_catalog.count(DISTINCT f.local_at::date))
            WHEN 'outside_shift' THEN ' outside the shifts in table shift'
            WHEN 'consecutive_days' THEN pg_catalog.format(' on %s days in a row, %s', pg_catalog.count(DISTINCT f.local_at::date), f.what)
            WHEN 'burst' THEN ' within one hour'
            WHEN 'no_case' THEN ' without a case number, at least nine of ten'
            WHEN 'after_leaving' THEN ' on a day when this person was not active by table staff'
            WHEN 'not_in_staff' THEN ' by a person who is not in table staff'
            WHEN 'relay' THEN pg_catalog.format(' of plate %s within seven days after another agency was refused it', f.what)
        END,
        CASE WHEN f.pattern = 'consecutive_days' THEN pg_catalog.count(DISTINCT f.local_at::date) ELSE pg_catalog.count(*) END,
        (pg_catalog.array_agg(DISTINCT f.event_id ORDER BY f.event_id))[1:1000],
        pg_catalog.min(f.local_at), pg_catalog.max(f.local_at),
        pg_catalog.count(DISTINCT f.event_id) FILTER (WHERE sharing_guard.last_disposition(f.event_id) IS NULL)
    FROM found f
    JOIN sharing_guard.pattern_kinds k ON k.pattern = f.pattern
    GROUP BY f.pattern, f.who, f.what, k.at_least
    HAVING CASE WHEN f.pattern = 'consecutive_days' THEN pg_catalog.count(DISTINCT f.local_at::date)
        ELSE pg_catalog.count(*) END >= k.at_least
    ORDER BY f.pattern, 4 DESC, f.who COLLATE pg_catalog."C", f.what COLLATE pg_catalog."C";
END;
REVOKE ALL ON FUNCTION sharing_guard.patterns(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.patterns(bigint, uuid) IS
'Patterns of a review period, or of the last 90 days, for a person to look at: the pattern, who, a sentence, how many, the events (1000 at most) and how many of them were not reviewed. A pattern says what was counted, never that there was a violation. Events of a login that several people share are left out, because they are no one person''s';
