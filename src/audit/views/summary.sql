-- The record on one page, and the lines behind the page.

CREATE FUNCTION sharing_guard.rows_by_tag(combinations jsonb)
    RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT COALESCE(pg_catalog.jsonb_object_agg(x.tag, x.rows), '{}')
    FROM (SELECT t.tag, pg_catalog.sum((c.value ->> 'rows')::bigint) AS rows
        FROM pg_catalog.jsonb_array_elements(combinations) c
        CROSS JOIN LATERAL pg_catalog.jsonb_array_elements_text(
            c.value -> 'tags') t (tag)
        GROUP BY t.tag) x;
END;
REVOKE ALL ON FUNCTION sharing_guard.rows_by_tag(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.rows_by_tag(jsonb) IS
'Internal: how many rows have each tag, from how many have each combination of tags';

-- Grouped by combinations of tags first, so that tags are taken apart once for
-- each combination and not for each event.
CREATE FUNCTION sharing_guard.audit_recipients(period bigint DEFAULT NULL, tree uuid DEFAULT NULL)
    RETURNS TABLE (
        outcome text, would_be_outcome text, destination_class text,
        agency_id text, agency_name text, destination text,
        on_behalf_of_agency text, data_class text, channel text,
        events bigint, rows_disclosed bigint, rows_blocked bigint,
        rows_by_tag jsonb, first_at timestamptz, last_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH alike AS (
        SELECT a.outcome, a.would_be_outcome, a.destination_class, a.agency_id,
            a.destination, a.on_behalf_of_agency, a.data_class, a.channel,
            COALESCE(a.tags, '{}') AS tags, pg_catalog.count(*) AS events,
            COALESCE(pg_catalog.sum(a.rows_disclosed), 0) AS rows_disclosed,
            COALESCE(pg_catalog.sum(a.rows_blocked), 0) AS rows_blocked,
            pg_catalog.min(a.occurred_at) AS first_at,
            pg_catalog.max(a.occurred_at) AS last_at
        FROM sharing_guard.audit_of(period, tree) a
        GROUP BY a.outcome, a.would_be_outcome, a.destination_class, a.agency_id,
            a.destination, a.on_behalf_of_agency, a.data_class, a.channel, a.tags)
    SELECT a.outcome, a.would_be_outcome, a.destination_class, a.agency_id, g.name,
        a.destination, a.on_behalf_of_agency, a.data_class, a.channel,
        pg_catalog.sum(a.events)::bigint, pg_catalog.sum(a.rows_disclosed)::bigint,
        pg_catalog.sum(a.rows_blocked)::bigint,
        sharing_guard.rows_by_tag(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'tags', a.tags, 'rows', a.rows_disclosed + a.rows_blocked))),
        pg_catalog.min(a.first_at), pg_catalog.max(a.last_at)
    FROM alike a
    LEFT JOIN sharing_guard.agency g ON g.agency_id = a.agency_id
    GROUP BY a.outcome, a.would_be_outcome, a.destination_class, a.agency_id, g.name,
        a.destination, a.on_behalf_of_agency, a.data_class, a.channel;
END;
REVOKE ALL ON FUNCTION sharing_guard.audit_recipients(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.audit_recipients(bigint, uuid) IS
'Who received what and what was refused, in a review period or the last 90 days: one line for each outcome, recipient, data class and channel. Columns as in audit_90d_recipients';

CREATE VIEW sharing_guard.audit_90d_recipients AS
SELECT r.* FROM sharing_guard.audit_recipients() r;
REVOKE ALL ON TABLE sharing_guard.audit_90d_recipients FROM PUBLIC;
COMMENT ON VIEW sharing_guard.audit_90d_recipients IS
'Who received what and what was refused in the last 90 days: one line for each outcome, recipient, data class and channel. The lines behind audit_90d_summary';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.outcome IS
'What happened: allow, flag (went out and is shown to the auditor), block';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.would_be_outcome IS
'What the policy decided. Differs from outcome where only observed (mode observe): block here and flag there is a disclosure that enforcing would have stopped';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.destination_class IS
'What the receiving agency was to the home jurisdiction: self, in_state_public_agency, in_state_inferred, out_of_state, federal, tribal, non_us, private, service_provider, unregistered';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.agency_id IS
'The receiving agency in the registry (agency.agency_id); NULL where the spelling is not registered';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.agency_name IS
'The name that the registry has for it now; NULL where it is not registered';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.destination IS
'The receiving agency, as the application spelled it';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.on_behalf_of_agency IS
'The agency it was done for, as the application spelled it; NULL where none was named';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.data_class IS
'The kind of record: alpr, cad, rms, criminal_history, ...';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.channel IS
'The way out: export_row, copy, query, foreign_table, replication, grant, copied_table, self_access';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.events IS
'Number of events: groups of rows decided alike';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.rows_disclosed IS
'Rows that went out';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.rows_blocked IS
'Rows that were held back';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.rows_by_tag IS
'How many of these rows have each tag, as {"tag": rows}. A row may have several tags or none, so the figures do not add up to the rows. A tag says that terms matched, never that there was a violation';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.first_at IS
'When the first of these events occurred';
COMMENT ON COLUMN sharing_guard.audit_90d_recipients.last_at IS
'When the last of these events occurred';

CREATE FUNCTION sharing_guard.add_figures(parts jsonb)
    RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT COALESCE(pg_catalog.jsonb_object_agg(x.key, x.value), '{}')
    FROM (SELECT f.key, pg_catalog.sum(f.value::bigint) AS value
        FROM pg_catalog.jsonb_array_elements(parts) p
        CROSS JOIN LATERAL pg_catalog.jsonb_each_text(p.value) f (key, value)
        GROUP BY f.key) x;
END;
REVOKE ALL ON FUNCTION sharing_guard.add_figures(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.add_figures(jsonb) IS
'Internal: adds up objects of figures, key by key';

-- A recipient has a line of its own where it is among the five with the most
-- rows of its class; the others are counted in one line.
CREATE FUNCTION sharing_guard.audit_summary(period bigint DEFAULT NULL, tree uuid DEFAULT NULL)
    RETURNS TABLE (
        outcome text, would_be_outcome text, destination_class text,
        recipient text, recipients bigint, events bigint,
        rows_disclosed bigint, rows_blocked bigint, rows_by_tag jsonb,
        first_at timestamptz, last_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH line AS MATERIALIZED (
        SELECT r.*, COALESCE(r.agency_name, r.destination) AS called
        FROM sharing_guard.audit_recipients(period, tree) r
    ), place AS (
        SELECT l.outcome, l.would_be_outcome, l.destination_class, l.called,
            pg_catalog.row_number() OVER (
                PARTITION BY l.outcome, l.would_be_outcome, l.destination_class
                ORDER BY pg_catalog.sum(l.rows_disclosed + l.rows_blocked) DESC,
                    l.called COLLATE pg_catalog."C") AS n,
            pg_catalog.count(*) OVER (
                PARTITION BY l.outcome, l.would_be_outcome, l.destination_class) AS of
        FROM line l
        GROUP BY l.outcome, l.would_be_outcome, l.destination_class, l.called
    ), placed AS (
        SELECT l.*, p.n <= 5 OR p.of = 6 AS named,
            CASE WHEN p.n <= 5 OR p.of = 6 THEN l.called END AS shown
        FROM line l
        JOIN place p ON p.outcome = l.outcome
            AND p.would_be_outcome = l.would_be_outcome
            AND p.destination_class IS NOT DISTINCT FROM l.destination_class
            AND p.called IS NOT DISTINCT FROM l.called)
    SELECT p.outcome, p.would_be_outcome, p.destination_class,
        CASE WHEN p.named THEN p.shown
            ELSE pg_catalog.format('%s others', pg_catalog.count(DISTINCT p.called)) END,
        pg_catalog.count(DISTINCT p.called), pg_catalog.sum(p.events)::bigint,
        pg_catalog.sum(p.rows_disclosed)::bigint, pg_catalog.sum(p.rows_blocked)::bigint,
        sharing_guard.add_figures(pg_catalog.jsonb_agg(p.rows_by_tag)),
        pg_catalog.min(p.first_at), pg_catalog.max(p.last_at)
    FROM placed p
    GROUP BY p.outcome, p.would_be_outcome, p.destination_class, p.named, p.shown
    ORDER BY p.outcome, p.would_be_outcome, p.destination_class, p.named DESC,
        pg_catalog.sum(p.rows_disclosed + p.rows_blocked) DESC,
        p.shown COLLATE pg_catalog."C";
END;
REVOKE ALL ON FUNCTION sharing_guard.audit_summary(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.audit_summary(bigint, uuid) IS
'A review period or the last 90 days on one page. Columns as in audit_90d_summary';

CREATE VIEW sharing_guard.audit_90d_summary AS
SELECT s.* FROM sharing_guard.audit_summary() s;
REVOKE ALL ON TABLE sharing_guard.audit_90d_summary FROM PUBLIC;
COMMENT ON VIEW sharing_guard.audit_90d_summary IS
'The last 90 days on one page: for each outcome and class of recipient the five recipients with the most rows, and all others counted in one line. audit_90d_recipients has every recipient';
COMMENT ON COLUMN sharing_guard.audit_90d_summary.outcome IS
'What happened: allow, flag (went out and is shown to the auditor), block';
COMMENT ON COLUMN sharing_guard.audit_90d_summary.would_be_outcome IS
'What the policy decided. Differs from outcome where only observed (mode observe): block here and flag there is a disclosure that enforcing would have stopped';
COMMENT ON COLUMN sharing_guard.audit_90d_summary.destination_class IS
'What the receiving agency was to the home jurisdiction: self, in_state_public_agency, in_state_inferred, out_of_state, federal, tribal, non_us, private, service_provider, unregistered';
COMMENT ON COLUMN sharing_guard.audit_90d_summary.recipient IS
'The receiving agency by the registry''s name, or as the application spelled it where it is not registered; "N others" for those that are counted together';
COMMENT ON COLUMN sharing_guard.audit_90d_summary.recipients IS
'How many recipients the line counts';
COMMENT ON COLUMN sharing_guard.audit_90d_summary.events IS
'Number of events: groups of rows decided alike';
COMMENT ON COLUMN sharing_guard.audit_90d_summary.rows_disclosed IS
'Rows that went out';
COMMENT ON COLUMN sharing_guard.audit_90d_summary.rows_blocked IS
'Rows that were held back';
COMMENT ON COLUMN sharing_guard.audit_90d_summary.rows_by_tag IS
'How many of these rows have each tag, as {"tag": rows}. A row may have several tags or none, so the figures do not add up to the rows. A tag says that terms matched, never that there was a violation';
COMMENT ON COLUMN sharing_guard.audit_90d_summary.first_at IS
'When the first of these events occurred';
COMMENT ON COLUMN sharing_guard.audit_90d_summary.last_at IS
'When the last of these events occurred';
