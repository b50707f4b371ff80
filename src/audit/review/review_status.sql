
-- What an auditor reads of the review cycle.  Functions rather than plain
-- views where a period's bounds must reach the seal's index.

-- The leaves of a period, all sealed so far while it is open.
CREATE FUNCTION sharing_guard.period_leaves(period bigint, tree uuid DEFAULT NULL)
    RETURNS TABLE (leaf_index bigint, late boolean, event_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT b.first_leaf + u.n - 1, b.late, u.event_id
      FROM sharing_guard.period_span AS p
      JOIN sharing_guard.bundle AS b
        ON b.tree_id = p.tree_id
       -- A bundle has 256 leaves at most.
       AND b.first_leaf > p.first_index - 256
       AND b.first_leaf < coalesce(p.end_index, 9223372036854775807)
     CROSS JOIN LATERAL unnest(b.event_ids) WITH ORDINALITY AS u (event_id, n)
     WHERE p.period_id = period_leaves.period
       AND p.tree_id = coalesce(period_leaves.tree, sharing_guard.own_tree())
       AND b.first_leaf + u.n - 1 >= p.first_index
       AND b.first_leaf + u.n - 1 < coalesce(p.end_index, 9223372036854775807)
$$;
REVOKE ALL ON FUNCTION sharing_guard.period_leaves(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.period_leaves(bigint, uuid) IS
'Internal: which leaves of the tree a review period has';

CREATE FUNCTION sharing_guard.review_period(period bigint, tree uuid DEFAULT NULL)
    RETURNS TABLE (
        leaf_index bigint, event_id uuid, kind text, late boolean,
        occurred_at timestamptz, username text, username_source text,
        organization text, requesting_person text, session_role text,
        acting_role text, client_address text, application text, channel text,
        operation text, relation text, data_class text, query_elements text,
        purpose text, tags text[], case_number text, destination text,
        agency_id text, destination_class text, on_behalf_of_agency text,
        outcome text, would_be_outcome text, rule_ids text[], authority text,
        legal_basis_id text, rows_disclosed bigint, rows_blocked bigint,
        flag_reasons text[], disposition text, policy_revision bigint,
        completes uuid, ending text, changed_key text, old_row json, new_row json,
        authenticated_login text, authenticated_identity text,
        recipient_person text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT l.leaf_index, l.event_id, coalesce(e.kind, 'purged'), l.late,
           e.occurred_at, e.username, e.username_source, e.organization,
           CASE WHEN e.requesting_person_index IS NULL AND cardinality(e.requesting_persons) = 1
               THEN e.requesting_persons[1] END,
           e.session_role, e.acting_role, e.client_address, e.application,
           e.channel, e.operation, e.relation, e.data_class,
           CASE WHEN e.query_element_index IS NULL AND cardinality(e.query_elements) = 1
               THEN e.query_elements[1] END,
           CASE WHEN e.purpose_index IS NULL AND cardinality(e.purposes) = 1
               THEN sharing_guard.purpose_shown(e.purposes[1], e.purpose_parts) END,
           e.tags,
           CASE WHEN e.case_number_index IS NULL AND cardinality(e.case_numbers) = 1
               THEN e.case_numbers[1] END,
           e.destination, e.agency_id, e.destination_class,
           e.on_behalf_of_agency, e.outcome, e.would_be_outcome, e.rule_ids,
           e.authority, e.legal_basis_id, e.rows_disclosed, e.rows_blocked,
           e.flag_reasons,
           sharing_guard.event_disposition(l.event_id),
           e.policy_revision, e.completes, e.ending, e.changed_key, e.old_row,
           e.new_row, e.authenticated_login, e.authenticated_identity,
           CASE WHEN e.recipient_person_index IS NULL AND cardinality(e.recipient_persons) = 1
               THEN e.recipient_persons[1] END
      FROM sharing_guard.period_leaves(period, tree) AS l
      LEFT JOIN sharing_guard.legible_event AS e ON e.event_id = l.event_id
     ORDER BY l.leaf_index
$$;
REVOKE ALL ON FUNCTION sharing_guard.review_period(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.review_period(bigint, uuid) IS
'Exactly what a signature under this review period covers: every event that was sealed into it, of every kind, in the order of the leaves; purged ones as what they are. Columns as in audit and policy_changes; rows of a disclosure that ended later are counted by its completion, an event of its own';

-- Grouped twice, so that the arrays are taken apart once for each combination
-- and not for each event.
CREATE FUNCTION sharing_guard.period_totals(tree uuid, period bigint) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH g AS MATERIALIZED (
        SELECT coalesce(e.kind, 'purged') AS kind, e.outcome,
               e.destination_class, e.tags, e.rule_ids,
               sharing_guard.event_disposition(l.event_id) AS disposition, l.late,
               count(*) AS events,
               coalesce(sum(coalesce(e.rows_disclosed, c.rows_disclosed)), 0) AS disclosed,
               coalesce(sum(coalesce(e.rows_blocked, c.rows_blocked)), 0) AS blocked
          FROM sharing_guard.period_leaves(period, tree) AS l
          LEFT JOIN sharing_guard.legible_event AS e ON e.event_id = l.event_id
          LEFT JOIN sharing_guard.event AS c
            ON c.completes = e.event_id AND e.rows_disclosed IS NULL
         GROUP BY 1, 2, 3, 4, 5, 6, 7
    ), dimension (name, value, events, disclosed, blocked) AS (
        SELECT 'kind', kind, events, disclosed, blocked FROM g
        UNION ALL
        SELECT 'outcome', outcome, events, disclosed, blocked FROM g WHERE kind = 'disclosure'
        UNION ALL
        SELECT 'class', destination_class, events, disclosed, blocked FROM g WHERE kind = 'disclosure'
        UNION ALL
        SELECT 'tag', u, events, disclosed, blocked FROM g, unnest(tags) AS u WHERE kind = 'disclosure'
        UNION ALL
        SELECT 'rule', u, events, disclosed, blocked FROM g, unnest(rule_ids) AS u WHERE kind = 'disclosure'
        UNION ALL
        SELECT 'disposition', coalesce(disposition, 'not reviewed'), events, disclosed, blocked
          FROM g WHERE outcome = 'flag' OR disposition IS NOT NULL
    ), by_value AS (
        SELECT name, coalesce(value, 'unknown') AS value,
               jsonb_build_object('events', sum(events), 'rows_disclosed', sum(disclosed),
                                  'rows_blocked', sum(blocked)) AS figures
          FROM dimension GROUP BY name, coalesce(value, 'unknown')
    )
    SELECT jsonb_build_object('events', (SELECT coalesce(sum(events), 0) FROM g),
                              'late', (SELECT coalesce(sum(events), 0) FROM g WHERE late),
                              'disclosures', (SELECT coalesce(sum(events), 0) FROM g WHERE kind = 'disclosure'),
                              'rows_disclosed', (SELECT coalesce(sum(disclosed), 0) FROM g WHERE kind = 'disclosure'),
                              'rows_blocked', (SELECT coalesce(sum(blocked), 0) FROM g WHERE kind = 'disclosure'),
                              'flagged', (SELECT coalesce(sum(events), 0) FROM g WHERE outcome = 'flag'),
                              'flagged_not_reviewed', (SELECT coalesce(sum(events), 0) FROM g
                                   WHERE outcome = 'flag' AND disposition IS NULL),
                              'policy_changes', (SELECT coalesce(sum(events), 0) FROM g WHERE kind = 'policy_change'))
        || coalesce((SELECT jsonb_object_agg('by_' || x.name, x.object)
                       FROM (SELECT n.name, coalesce(jsonb_object_agg(v.value, v.figures)
                                    FILTER (WHERE v.value IS NOT NULL), '{}') AS object
                               FROM unnest(ARRAY['kind', 'outcome', 'class', 'tag', 'rule', 'disposition']) AS n (name)
                               LEFT JOIN by_value AS v ON v.name = n.name
                              GROUP BY n.name) AS x), '{}')
$$;
REVOKE ALL ON FUNCTION sharing_guard.period_totals(uuid, bigint) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.period_totals(uuid, bigint) IS
'Internal: what review_status shows of a period''s events, as JSON';

-- The signature that stands is the last one.
CREATE VIEW sharing_guard.review_status AS
SELECT
    p.period_id,
    CASE WHEN s.signature_id IS NOT NULL THEN 'signed'
        WHEN p.due_at < pg_catalog.statement_timestamp() THEN 'overdue'
        WHEN p.closed_at IS NULL THEN 'open'
        ELSE 'to be signed' END AS state,
    p.begins_at,
    p.ends_at,
    p.due_at,
    p.closed_at,
    (t.totals ->> 'events')::bigint AS events,
    (t.totals ->> 'late')::bigint AS late_events,
    (t.totals ->> 'disclosures')::bigint AS disclosures,
    (t.totals ->> 'rows_disclosed')::bigint AS rows_disclosed,
    (t.totals ->> 'rows_blocked')::bigint AS rows_blocked,
    (t.totals ->> 'flagged')::bigint AS flagged,
    (t.totals ->> 'flagged_not_reviewed')::bigint AS flagged_not_reviewed,
    (t.totals ->> 'policy_changes')::bigint AS policy_changes,
    t.totals -> 'by_outcome' AS by_outcome,
    t.totals -> 'by_class' AS by_class,
    t.totals -> 'by_tag' AS by_tag,
    t.totals -> 'by_rule' AS by_rule,
    t.totals -> 'by_disposition' AS by_disposition,
    k.checks,
    k.last_check_at,
    p.first_index,
    p.end_index,
    p.root_at_close,
    s.signed_at,
    s.signer,
    s.statement,
    s.findings,
    s.signature_id,
    p.tree_id
FROM sharing_guard.period_span p
LEFT JOIN LATERAL (
    SELECT g.*
    FROM sharing_guard.signature g
    WHERE g.tree_id = p.tree_id AND g.period_id = p.period_id
    ORDER BY g.signature_id DESC LIMIT 1) s ON true
CROSS JOIN LATERAL (
    SELECT COALESCE(s.totals, sharing_guard.period_totals(p.tree_id, p.period_id)) AS totals
    OFFSET 0) t
CROSS JOIN LATERAL (
    SELECT pg_catalog.count(*) AS checks, pg_catalog.max(c.checked_at) AS last_check_at
    FROM sharing_guard.review_check c
    WHERE c.tree_id = p.tree_id AND c.period_id = p.period_id) k;
REVOKE ALL ON TABLE sharing_guard.review_status FROM PUBLIC;
COMMENT ON VIEW sharing_guard.review_status IS
'The review periods: what must be signed by when, what is in them, and what was signed. Figures of a signed period are those that were signed';
COMMENT ON COLUMN sharing_guard.review_status.period_id IS 'The period';
COMMENT ON COLUMN sharing_guard.review_status.state IS
'open (it has not ended), to be signed, overdue (not signed by due_at), signed';
COMMENT ON COLUMN sharing_guard.review_status.begins_at IS 'When it begins: at local midnight, or where the one before was ended by hand';
COMMENT ON COLUMN sharing_guard.review_status.ends_at IS 'When it ends: at most 90 days later';
COMMENT ON COLUMN sharing_guard.review_status.due_at IS 'When it must be signed';
COMMENT ON COLUMN sharing_guard.review_status.closed_at IS 'When its last events were sealed and the next period was opened; NULL while open';
COMMENT ON COLUMN sharing_guard.review_status.events IS 'Events of every kind that were sealed into it';
COMMENT ON COLUMN sharing_guard.review_status.late_events IS
'Of these, events that came late: their transaction ended after a seal that was later than they were';
COMMENT ON COLUMN sharing_guard.review_status.disclosures IS 'Of these, disclosures, refused ones included';
COMMENT ON COLUMN sharing_guard.review_status.rows_disclosed IS 'Rows that went out';
COMMENT ON COLUMN sharing_guard.review_status.rows_blocked IS 'Rows that were held back';
COMMENT ON COLUMN sharing_guard.review_status.flagged IS 'Disclosures that went out flagged';
COMMENT ON COLUMN sharing_guard.review_status.flagged_not_reviewed IS 'Of these, those without a disposition yet; see review_event()';
COMMENT ON COLUMN sharing_guard.review_status.policy_changes IS 'Changes of the policy';
COMMENT ON COLUMN sharing_guard.review_status.by_outcome IS 'Events, rows disclosed and rows blocked by outcome; review_totals has it as rows';
COMMENT ON COLUMN sharing_guard.review_status.by_class IS 'The same by class of the destination';
COMMENT ON COLUMN sharing_guard.review_status.by_tag IS 'The same by tag of the purpose; an event with two tags counts for both';
COMMENT ON COLUMN sharing_guard.review_status.by_rule IS 'The same by rule that matched; an event with two rules counts for both';
COMMENT ON COLUMN sharing_guard.review_status.by_disposition IS 'What was flagged or reviewed, by what was found';
COMMENT ON COLUMN sharing_guard.review_status.checks IS 'How many checks within the period were recorded; see record_check()';
COMMENT ON COLUMN sharing_guard.review_status.last_check_at IS 'When the last of them was';
COMMENT ON COLUMN sharing_guard.review_status.first_index IS 'Its first leaf in the sealed tree';
COMMENT ON COLUMN sharing_guard.review_status.end_index IS 'The leaf after its last; NULL while open. Where both are the same the period is empty, and is signed as such';
COMMENT ON COLUMN sharing_guard.review_status.root_at_close IS 'The root of the tree at that size: what is signed';
COMMENT ON COLUMN sharing_guard.review_status.signed_at IS 'When it was signed, by the signature that stands';
COMMENT ON COLUMN sharing_guard.review_status.signer IS 'Who signed';
COMMENT ON COLUMN sharing_guard.review_status.statement IS 'What was stated';
COMMENT ON COLUMN sharing_guard.review_status.findings IS 'What was found';
COMMENT ON COLUMN sharing_guard.review_status.signature_id IS 'The signature, and the event that says so';
COMMENT ON COLUMN sharing_guard.review_status.tree_id IS
'The sealed tree: this log''s own, or, in an auditor''s database, that of a log copied there';

CREATE VIEW sharing_guard.review_totals AS
SELECT r.period_id, d.dimension, v.key AS value,
    (v.value ->> 'events')::bigint AS events,
    (v.value ->> 'rows_disclosed')::bigint AS rows_disclosed,
    (v.value ->> 'rows_blocked')::bigint AS rows_blocked,
    r.tree_id
FROM sharing_guard.review_status r
CROSS JOIN LATERAL (VALUES ('outcome', r.by_outcome), ('class', r.by_class),
    ('tag', r.by_tag), ('rule', r.by_rule), ('disposition', r.by_disposition)) d (dimension, figures)
CROSS JOIN LATERAL pg_catalog.jsonb_each(d.figures) v;
REVOKE ALL ON TABLE sharing_guard.review_totals FROM PUBLIC;
COMMENT ON VIEW sharing_guard.review_totals IS
'The totals of each review period as rows: by outcome, class of the destination, tag, rule and disposition';
COMMENT ON COLUMN sharing_guard.review_totals.period_id IS 'The period';
COMMENT ON COLUMN sharing_guard.review_totals.dimension IS 'outcome, class, tag, rule or disposition';
COMMENT ON COLUMN sharing_guard.review_totals.value IS 'Which outcome, class, tag, rule or disposition';
COMMENT ON COLUMN sharing_guard.review_totals.events IS 'Number of events';
COMMENT ON COLUMN sharing_guard.review_totals.rows_disclosed IS 'Rows that went out';
COMMENT ON COLUMN sharing_guard.review_totals.rows_blocked IS 'Rows that were held back';
COMMENT ON COLUMN sharing_guard.review_totals.tree_id IS 'The sealed tree';

CREATE VIEW sharing_guard.signatures AS
SELECT g.period_id, g.signed_at, g.signer, g.stands_in_for, g.statement, g.findings,
    g.signature_id, g.supersedes,
    g.signature_id = (SELECT x.signature_id FROM sharing_guard.signature x
        WHERE x.tree_id = g.tree_id AND x.period_id = g.period_id
        ORDER BY x.signature_id DESC LIMIT 1) AS stands,
    g.first_index, g.end_index, g.root, g.totals, g.signed_elsewhere, g.detached_signature,
    g.recorded_at, g.recorded_by, g.recorded_in, g.tree_id
FROM sharing_guard.signature g;
REVOKE ALL ON TABLE sharing_guard.signatures FROM PUBLIC;
COMMENT ON VIEW sharing_guard.signatures IS
'Every signature under a review period, superseded ones included';
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT pg_catalog.format('COMMENT ON COLUMN sharing_guard.signatures.%I IS %L', att.attname,
            COALESCE(pg_catalog.col_description(att.attrelid, att.attnum)))
        FROM pg_catalog.pg_attribute att
        WHERE att.attrelid OPERATOR(pg_catalog.=) 'sharing_guard.signature'::regclass
            AND att.attnum OPERATOR(pg_catalog.>) 0
    LOOP
        EXECUTE statement;
    END LOOP;
END
$$;
COMMENT ON COLUMN sharing_guard.signatures.stands IS 'Whether it is the last one of its period, which stands';

-- To keep the list short: those who give no reason, or none to speak of, each
-- with a sample.  The sample is chosen by a digest of the event's id, which is
-- random: what will be looked at cannot be arranged.
CREATE VIEW sharing_guard.vague_purposes_90d AS
SELECT
    COALESCE(a.username, a.session_role) AS username,
    a.organization,
    t.tag,
    pg_catalog.count(*) AS events,
    pg_catalog.count(*) FILTER (WHERE a.disposition IS NULL) AS events_not_reviewed,
    COALESCE(pg_catalog.sum(COALESCE(a.rows_disclosed, 0) + COALESCE(a.rows_blocked, 0)), 0) AS rows,
    pg_catalog.min(a.occurred_at) AS first_at,
    pg_catalog.max(a.occurred_at) AS last_at,
    (pg_catalog.array_agg(a.purpose ORDER BY pg_catalog.md5(a.event_id::text))
        FILTER (WHERE a.purpose IS NOT NULL))[1:5] AS sample_purposes,
    (pg_catalog.array_agg(a.event_id ORDER BY pg_catalog.md5(a.event_id::text)))[1:5] AS sample_events
FROM sharing_guard.audit_90d a
CROSS JOIN LATERAL pg_catalog.unnest(a.tags) t (tag)
WHERE t.tag IN ('no_purpose', 'vague_purpose')
GROUP BY COALESCE(a.username, a.session_role), a.organization, t.tag;
REVOKE ALL ON TABLE sharing_guard.vague_purposes_90d FROM PUBLIC;
COMMENT ON VIEW sharing_guard.vague_purposes_90d IS
'Who gave no purpose, or a vague one, in the last 90 days: one line for each user, with a sample to look at. review_events(username => ..., tag => ...) works them off together';
COMMENT ON COLUMN sharing_guard.vague_purposes_90d.username IS 'Who did it; the login where the rows name different persons';
COMMENT ON COLUMN sharing_guard.vague_purposes_90d.organization IS 'The agency that the user belongs to';
COMMENT ON COLUMN sharing_guard.vague_purposes_90d.tag IS 'no_purpose or vague_purpose';
COMMENT ON COLUMN sharing_guard.vague_purposes_90d.events IS 'How many events';
COMMENT ON COLUMN sharing_guard.vague_purposes_90d.events_not_reviewed IS 'Of these, those without a disposition';
COMMENT ON COLUMN sharing_guard.vague_purposes_90d.rows IS 'How many rows, refused ones included';
COMMENT ON COLUMN sharing_guard.vague_purposes_90d.first_at IS 'The first of them';
COMMENT ON COLUMN sharing_guard.vague_purposes_90d.last_at IS 'The last of them';
COMMENT ON COLUMN sharing_guard.vague_purposes_90d.sample_purposes IS 'The purposes of up to five of them, as given';
COMMENT ON COLUMN sharing_guard.vague_purposes_90d.sample_events IS 'Up to five of them, chosen at random and always the same';

-- What is not as it was recorded: rows of the review's own tables against the
-- events that tell of them.
CREATE FUNCTION sharing_guard.act_defects()
    RETURNS TABLE (relation text, event_id uuid, detail text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    t record;
BEGIN
    FOR t IN
        SELECT sharing_guard.relation_name(c.oid) AS relation, a.attname AS id
          FROM pg_trigger AS g
          JOIN pg_class AS c ON c.oid = g.tgrelid
          JOIN pg_attribute AS a ON a.attrelid = c.oid
           AND a.attname = convert_from(substring(g.tgargs FROM 1 FOR position('\x00'::bytea IN g.tgargs) - 1), 'UTF8')
         WHERE g.tgfoid = 'sharing_guard.record_act'::regproc
         ORDER BY 1
    LOOP
        RETURN QUERY EXECUTE format($q$
            SELECT %1$L, coalesce(r.%2$I, e.event_id),
                   CASE WHEN e.event_id IS NULL THEN 'a row that no event tells of'
                        WHEN r.%2$I IS NULL THEN 'an event whose row is gone'
                        ELSE 'a row that is not what its event says' END
              FROM %1$s AS r
              FULL JOIN (SELECT x.event_id, x.new_row
                           FROM sharing_guard.logged_changes('review') AS x
                          WHERE x.relation = %1$L) AS e
                ON e.event_id = r.%2$I
             WHERE e.event_id IS NULL OR r.%2$I IS NULL
                OR e.new_row::jsonb <> sharing_guard.row_as_recorded(r)::jsonb
             ORDER BY 2 $q$, t.relation, t.id);
    END LOOP;
    RETURN QUERY
        SELECT 'sharing_guard.disposition', coalesce(d.event_id, r.event_id),
               CASE WHEN d.event_id IS NULL THEN 'a disposition that is gone'
                    ELSE 'a disposition that no review gave' END
          FROM sharing_guard.disposition AS d
          FULL JOIN (SELECT v.review_id, v.disposition, u.event_id
                       FROM sharing_guard.review AS v, unnest(v.event_ids) AS u (event_id)) AS r
            ON r.event_id = d.event_id AND r.review_id = d.review_id
           AND r.disposition = d.disposition
         WHERE d.event_id IS NULL OR r.event_id IS NULL;
    -- A leaf is purged only by the record of a purge, which is sealed itself.
    RETURN QUERY
        SELECT 'sharing_guard.purged_leaf', p.purged_by, 'leaves that its purge does not name'
          FROM sharing_guard.purged_leaf AS p
          LEFT JOIN sharing_guard.purge_record AS r
            ON r.purge_id = p.purged_by AND r.tree_id = p.tree_id
         WHERE (r.leaves @> int8range(p.first_leaf, p.last_leaf + 1)) IS NOT TRUE;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.act_defects() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.act_defects() IS
'Periods, reviews, signatures, holds and purges that are not what the sealed log says of them; nothing where all is well';

-- What speaks against signing a period: the seal of its leaves, and the rows of
-- the review itself.
CREATE FUNCTION sharing_guard.period_defects(tree uuid, period bigint)
    RETURNS TABLE (detail text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
        SELECT concat_ws(' ', v.problem || coalesce(', event ' || v.event_id, '') || ':', v.detail)
          FROM sharing_guard.verify_audit() AS v
         WHERE v.severity = 'error' AND v.problem <> 'act_missing'
           AND (v.tree_id IS NULL OR v.tree_id = period_defects.tree)
           -- What lies behind the period is none of its business.
           AND (v.leaf_index < (
                SELECT p.end_index FROM sharing_guard.period_span AS p
                 WHERE p.tree_id = period_defects.tree AND p.period_id = period_defects.period)
               ) IS NOT FALSE;
    RETURN QUERY SELECT format('%s, %s: %s.', a.relation, a.event_id, a.detail)
                   FROM sharing_guard.act_defects() AS a;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.period_defects(uuid, bigint) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.period_defects(uuid, bigint) IS
'Internal: every inconsistency of the sealed log up to the end of a period, and of the records of reviews';
