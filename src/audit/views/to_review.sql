-- What an auditor reads first: the flagged disclosures, the gravest kind first.

CREATE TABLE sharing_guard.severity_order (
    kind text PRIMARY KEY
        CONSTRAINT severity_order_kind CHECK (kind IN ('observed', 'immigration', 'federal',
            'out_of_state', 'unregistered', 'attestation_missing', 'vague', 'no_reason', 'other')),
    rank integer NOT NULL
);
SELECT sharing_guard.is_policy_table('severity_order', 'kind');
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.severity_order', '');
COMMENT ON TABLE sharing_guard.severity_order IS
'Ranks that an agency has given kinds of flagged disclosures instead of those in the view severity';
COMMENT ON COLUMN sharing_guard.severity_order.kind IS 'A kind of the view severity';
COMMENT ON COLUMN sharing_guard.severity_order.rank IS 'Its place: the smallest is read first';
REVOKE ALL ON TABLE sharing_guard.severity_order FROM PUBLIC;

CREATE VIEW sharing_guard.severity AS
SELECT v.kind, COALESCE(o.rank, v.rank) AS rank, v.meaning
FROM (VALUES
    ('observed', 10, 'went out, although the policy says block (observe mode)'),
    ('immigration', 20, 'words of immigration enforcement in the reason'),
    ('federal', 30, 'to a federal agency, for one, or words of help to one in the reason'),
    ('out_of_state', 40, 'to another state or country, or for one'),
    ('unregistered', 60, 'to a recipient that is not in the registry'),
    ('attestation_missing', 70, 'to an agency without a written attestation on file'),
    ('vague', 80, 'a vague reason'),
    ('no_reason', 90, 'no reason given'),
    ('other', 100, 'flagged for another reason')) v (kind, rank, meaning)
LEFT JOIN sharing_guard.severity_order o ON o.kind = v.kind;
REVOKE ALL ON TABLE sharing_guard.severity FROM PUBLIC;
COMMENT ON VIEW sharing_guard.severity IS
'The order in which to_review() lists what was flagged; a policy administrator changes it in table severity_order';
COMMENT ON COLUMN sharing_guard.severity.kind IS
'The kind: an event has the first one that fits it';
COMMENT ON COLUMN sharing_guard.severity.rank IS 'Its place: the smallest is read first';
COMMENT ON COLUMN sharing_guard.severity.meaning IS 'What it stands for, in words';

CREATE FUNCTION sharing_guard.event_severity(
    outcome text, would_be_outcome text, destination_class text,
    on_behalf_of_class text, tags text[], rule_ids text[]
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.kind FROM sharing_guard.severity s
    WHERE CASE s.kind
        WHEN 'observed' THEN outcome = 'flag' AND would_be_outcome = 'block'
        WHEN 'immigration' THEN tags && '{immigration,immigration_possible}'
        WHEN 'federal' THEN destination_class = 'federal' OR on_behalf_of_class = 'federal'
            OR 'federal_assist' = ANY (tags)
        WHEN 'out_of_state' THEN destination_class IN ('out_of_state', 'non_us')
            OR on_behalf_of_class IN ('out_of_state', 'non_us')
        WHEN 'unregistered' THEN destination_class = 'unregistered'
            OR on_behalf_of_class = 'unregistered'
        WHEN 'attestation_missing' THEN EXISTS (SELECT FROM sharing_guard.rule r
            WHERE r.rule_id = ANY (rule_ids) AND r.attestation = 'missing')
        WHEN 'vague' THEN 'vague_purpose' = ANY (tags)
        WHEN 'no_reason' THEN 'no_purpose' = ANY (tags)
        ELSE true END
    ORDER BY s.rank, s.kind LIMIT 1;
END;
REVOKE ALL ON FUNCTION sharing_guard.event_severity(text, text, text, text, text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.event_severity(text, text, text, text, text[], text[]) IS
'The gravest kind of the view severity that fits an event, by its columns in the view audit';

-- A missing attestation is recorded at each row and is one thing to do, so it
-- is one line for each agency.
CREATE FUNCTION sharing_guard.to_review(period bigint DEFAULT NULL, tree uuid DEFAULT NULL)
    RETURNS TABLE (
        severity text, events bigint, local_time timestamp, occurred_at timestamptz,
        username text, organization text, recipient text, reason text,
        case_number text, plate text, tags text, why text, findings text[],
        disposition text, event_id uuid)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH flagged AS (
        SELECT v.kind, v.rank, a.*, COALESCE(g.name, a.destination) AS recipient
        FROM sharing_guard.audit_of(period, tree) a
        JOIN sharing_guard.severity v ON v.kind = sharing_guard.event_severity(
            a.outcome, a.would_be_outcome, a.destination_class, a.on_behalf_of_class,
            a.tags, a.rule_ids)
        LEFT JOIN sharing_guard.agency g ON g.agency_id = a.agency_id
        WHERE a.outcome = 'flag'
    ), line AS (
        SELECT f.*, pg_catalog.count(*) OVER w AS together,
            pg_catalog.row_number() OVER (w ORDER BY f.event_id) AS n
        FROM flagged f
        WINDOW w AS (PARTITION BY CASE WHEN f.kind = 'attestation_missing' AND f.disposition IS NULL
            THEN f.recipient ELSE f.event_id::text END)
    )
    SELECT s.meaning, l.together, l.occurred_at AT TIME ZONE sharing_guard.time_zone(),
        l.occurred_at, COALESCE(l.username, l.session_role), l.organization, l.recipient,
        l.purpose, l.case_number, l.query_elements,
        pg_catalog.array_to_string(l.tags, ', '),
        COALESCE(l.flag_reasons[1], s.meaning), sharing_guard.event_findings(l.event_id),
        l.disposition, l.event_id
    FROM line l
    JOIN sharing_guard.severity s ON s.kind = l.kind
    WHERE l.n = 1 OR l.kind <> 'attestation_missing' OR l.disposition IS NOT NULL
    ORDER BY l.disposition IS NOT NULL, l.rank, l.event_id;
END;
REVOKE ALL ON FUNCTION sharing_guard.to_review(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.to_review(bigint, uuid) IS
'The disclosures of a review period that went out flagged, for a person to read: not reviewed ones first, then the gravest kind first, then the oldest. Without a period, those of the last 90 days. Columns as in to_review_90d';

CREATE VIEW sharing_guard.to_review_90d AS
SELECT r.* FROM sharing_guard.to_review() r;
REVOKE ALL ON TABLE sharing_guard.to_review_90d FROM PUBLIC;
COMMENT ON VIEW sharing_guard.to_review_90d IS
'The disclosures of the last 90 days that went out flagged, for a person to read: not reviewed ones first, then the gravest kind first, then the oldest. Refused ones did not go out and are in refused_90d';
COMMENT ON COLUMN sharing_guard.to_review_90d.severity IS
'Why it is listed here, the gravest kind that fits; the order is in the view severity';
COMMENT ON COLUMN sharing_guard.to_review_90d.events IS
'How many events the line stands for: 1, or all those to one agency whose only fault is the missing attestation';
COMMENT ON COLUMN sharing_guard.to_review_90d.local_time IS 'When, on the clocks of the agency';
COMMENT ON COLUMN sharing_guard.to_review_90d.occurred_at IS 'When, as the session''s time zone shows it';
COMMENT ON COLUMN sharing_guard.to_review_90d.username IS
'Who did it: the person named by the application, else the login';
COMMENT ON COLUMN sharing_guard.to_review_90d.organization IS 'The agency that the user belongs to';
COMMENT ON COLUMN sharing_guard.to_review_90d.recipient IS
'The receiving agency by the registry''s name, or as the application spelled it';
COMMENT ON COLUMN sharing_guard.to_review_90d.reason IS
'The purpose as it was given; NULL where none was, or where the rows differ (see audit_rows)';
COMMENT ON COLUMN sharing_guard.to_review_90d.case_number IS 'The case number given; NULL where none was, or where the rows differ';
COMMENT ON COLUMN sharing_guard.to_review_90d.plate IS
'The plate or other data elements searched by; NULL where the rows differ';
COMMENT ON COLUMN sharing_guard.to_review_90d.tags IS
'What the words of the reason matched. A tag says that terms matched, never that there was a violation';
COMMENT ON COLUMN sharing_guard.to_review_90d.why IS 'The policy''s reason in one sentence; flag_reasons in the view audit has all of them';
COMMENT ON COLUMN sharing_guard.to_review_90d.findings IS
'The last word on each rule or tag that was reviewed; NULL where none was';
COMMENT ON COLUMN sharing_guard.to_review_90d.disposition IS
'What was found, the gravest word; NULL until every reason is judged';
COMMENT ON COLUMN sharing_guard.to_review_90d.event_id IS 'The event, or the first of those that the line stands for';
