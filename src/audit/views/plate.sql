-- Who looked for a plate: the whole plate, and apart from it what could be one.

-- In capitals, without spaces, hyphens and the like; alike: 0 and O, 1 and I are
-- taken for each other.
CREATE FUNCTION sharing_guard.plate_folded(plate text, alike boolean DEFAULT false)
    RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.translate(
        pg_catalog.regexp_replace(pg_catalog.upper(plate COLLATE pg_catalog."C"), '[^A-Z0-9]', '', 'g'),
        CASE WHEN alike THEN 'OI' ELSE '' END, CASE WHEN alike THEN '01' ELSE '' END);
END;
REVOKE ALL ON FUNCTION sharing_guard.plate_folded(text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.plate_folded(text, boolean) IS
'A licence plate as plates are compared: capitals and digits only. alike: O counts as 0 and I as 1';

-- query_elements is a value, or several in {} or (), each perhaps behind an
-- operator or a function: see doc/reading.md.
CREATE FUNCTION sharing_guard.plate_match(query_elements text, purpose text, plate text, alike boolean DEFAULT false)
    RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted text := sharing_guard.plate_folded(plate, alike);
    piece text;
    found text;
    operator text;
    value text;
BEGIN
    IF coalesce(wanted, '') = '' THEN
        RETURN NULL;
    END IF;
    IF coalesce(btrim(query_elements), '') = '' THEN
        found := 'possible: no plate was recorded';
    ELSE
        FOR piece IN SELECT btrim(p) FROM regexp_split_to_table(query_elements, '[{}(),;"]+') AS p LOOP
            -- "name=value", as applications write several elements.
            value := regexp_replace(piece, '^[[:alpha:]_ ]+[=:]', '');
            operator := substring(piece FROM '^((?:right of )?(?:[^[:alnum:] ]+|[a-z_][a-z0-9_.]*)) ');
            IF sharing_guard.plate_folded(value, alike) = wanted
               AND (operator IS NULL OR operator ~ '^[a-z]') THEN
                RETURN 'this plate';
            END IF;
            value := regexp_replace(piece, '^((right of )?([^[:alnum:] ]+|[a-z_][a-z0-9_.]*)) ', '');
            IF piece LIKE '%not known%' THEN
                found := coalesce(found, 'possible: what was searched by is not known');
            ELSIF operator IN ('~~', '~~*') THEN
                IF sharing_guard.plate_folded(plate, alike) LIKE
                   translate(regexp_replace(upper(value COLLATE "C"), '[^A-Z0-9%_]', '', 'g'),
                             CASE WHEN alike THEN 'OI' ELSE '' END, CASE WHEN alike THEN '01' ELSE '' END) THEN
                    found := 'possible: a pattern that this plate fits';
                END IF;
            ELSIF operator IS NOT NULL THEN
                found := coalesce(found, 'possible: a comparison that this plate may fit');
            END IF;
        END LOOP;
    END IF;
    IF position(wanted IN sharing_guard.plate_folded(purpose, alike)) > 0 THEN
        found := 'possible: the plate stands in the reason';
    END IF;
    RETURN found;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.plate_match(text, text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.plate_match(text, text, text, boolean) IS
'Whether a search was for this plate: "this plate", "possible: ..." with the reason, or NULL. Whole plates are compared, so a longer one does not match';

CREATE FUNCTION sharing_guard.plate_searches(
    plate text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, alike boolean DEFAULT false
) RETURNS TABLE (
        match text, refused boolean, local_time timestamp, occurred_at timestamptz,
        query_elements text, username text, organization text, purpose text,
        case_number text, recipient text, relation text, event_id uuid, row_number bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT m.match, r.outcome = 'block', r.occurred_at AT TIME ZONE sharing_guard.time_zone(),
        r.occurred_at, r.query_elements, COALESCE(r.recipient_person, r.username),
        CASE WHEN r.recipient_person IS NOT NULL THEN COALESCE(g.name, r.destination)
            ELSE r.organization END,
        r.purpose, r.case_number, COALESCE(g.name, r.destination), r.relation,
        r.event_id, r.row_number
    FROM sharing_guard.audit_rows r
    CROSS JOIN LATERAL (SELECT sharing_guard.plate_match(r.query_elements, r.purpose, plate, alike) AS match) m
    LEFT JOIN sharing_guard.agency g ON g.agency_id = r.agency_id
    WHERE m.match IS NOT NULL
        AND (since IS NULL OR r.occurred_at >= since)
        AND (until IS NULL OR r.occurred_at < until)
    ORDER BY m.match LIKE 'possible%', r.outcome = 'block', r.occurred_at, r.event_id, r.row_number;
END;
REVOKE ALL ON FUNCTION sharing_guard.plate_searches(text, timestamptz, timestamptz, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.plate_searches(text, timestamptz, timestamptz, boolean) IS
'Every search that was for this plate, refused ones marked; then, as possible, patterns that it fits, searches without a recorded plate, and reasons that name it. organization is that of the person who searched. alike: O counts as 0 and I as 1';
