-- The rolling 90 days cost what 90 days cost, however long the log is.
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;

-- Ten years, forty events a day, one in forty a change of policy.
INSERT INTO sharing_guard.event (event_id, occurred_at, transaction_id, log_id, kind, rows_disclosed, rows_blocked,
    username, username_source, session_role, acting_role, operation, relation, channel,
    data_class, destination, destination_class, outcome, would_be_outcome,
    tags, rule_ids, flag_reasons, record_keys, purposes)
SELECT lpad(to_hex(i), 32, '0')::uuid,
    statement_timestamp() - (146000 - i) * interval '36 minutes',
    pg_current_xact_id(), sharing_guard.log_id(),
    CASE WHEN i % 40 = 0 THEN 'policy_change' ELSE 'disclosure' END,
    2, 0, 'officer', 'login', 'rms', 'rms', 'INSERT', 'public.outbox', 'export_row',
    'alpr', 'Agency ' || i % 50, 'in_state_public_agency',
    CASE WHEN i % 10 = 0 THEN 'flag' ELSE 'allow' END,
    CASE WHEN i % 10 = 0 THEN 'flag' ELSE 'allow' END,
    '{}', '{}', '{}', ARRAY['key ' || i, 'key ' || i + 1], '{stolen vehicle}'
FROM generate_series(1, 146000) i;
-- As autovacuum leaves it: since PostgreSQL 19 the first scan of a page that was not vacuumed
-- writes the visibility map, and those blocks would count.
VACUUM (ANALYZE) sharing_guard.event;

-- What a query on a view does to the log: which bounds the index is given,
-- whether anything scans the log from end to end, and whether it reads no more
-- than a twentieth of it (90 days are a fortieth).
CREATE FUNCTION pg_temp.plan_of(query text, fraction int DEFAULT 20,
    OUT bounded boolean, OUT whole_log boolean, OUT small boolean)
    LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan json;
    blocks bigint;
BEGIN
    bounded := false;
    whole_log := false;
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'Seq Scan on (sharing_guard\.)?event' THEN
            whole_log := true;
        END IF;
        IF line ~ 'Index Cond: .*occurred_at >= .*audit_window_start.*occurred_at <= statement_timestamp' THEN
            bounded := true;
        END IF;
    END LOOP;
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, FORMAT JSON) ' || query INTO plan;
    blocks := (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint
        + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
    small := blocks < pg_relation_size('sharing_guard.event') / current_setting('block_size')::int / fraction;
END
$$;

SELECT v, p.*
FROM unnest(ARRAY['audit_90d', 'audit_rows_90d', 'flagged_90d', 'policy_changes_90d',
    'audit_90d_summary']) WITH ORDINALITY u (v, n),
    pg_temp.plan_of('SELECT * FROM sharing_guard.' || v) p
ORDER BY n;

-- The same inside a larger query, and prepared.
SELECT * FROM pg_temp.plan_of('SELECT destination, count(*) FROM sharing_guard.audit_rows_90d
    WHERE record_key LIKE ''key 14%'' GROUP BY destination');
SET plan_cache_mode = force_generic_plan;
PREPARE flagged AS SELECT * FROM sharing_guard.flagged_90d WHERE destination = $1;
SELECT * FROM pg_temp.plan_of('EXECUTE flagged (''Agency 1'')');
RESET plan_cache_mode;

-- The planner knows how much the window holds: within a factor of two.
CREATE FUNCTION pg_temp.estimated(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
END
$$;
SELECT count(*) / 2 <= e AND e <= count(*) * 2 AS estimate_good
FROM sharing_guard.audit_90d, pg_temp.estimated('SELECT * FROM sharing_guard.audit_90d') e
GROUP BY e;

-- Sealed and partly reviewed, with their period and what was found: still what
-- the window costs, a bundle of the seal for 256 events and a row for each that
-- was reviewed.
SELECT sharing_guard.seal() >= 146000 AS sealed;
INSERT INTO sharing_guard.period (tree_id, period_id, begins_at, ends_at, due_at, opened_at, first_index, root)
SELECT sharing_guard.own_tree(), i, now() + i * interval '90 days', now() + (i + 1) * interval '90 days', now() + (i + 2) * interval '90 days',
    now(), (i - 1) * 3600, ''
FROM generate_series(1, 40) i;
SELECT sharing_guard.write_review((SELECT array_agg(e.event_id) FROM sharing_guard.event e WHERE e.outcome = 'flag'),
    'lawful', NULL, NULL) IS NOT NULL AS reviewed;
SELECT v, p.*
FROM unnest(ARRAY['audit_90d', 'audit_rows_90d', 'flagged_90d', 'policy_changes_90d']) WITH ORDINALITY u (v, n),
    pg_temp.plan_of('SELECT * FROM sharing_guard.' || v, 10) p
ORDER BY n;
SELECT count(*) > 3000 AS many, count(period_id) = count(*) AS all_have_periods, min(period_id) >= 39 AS last_ones, count(disposition) = count(*) FILTER (WHERE outcome = 'flag') AS found
FROM sharing_guard.audit_90d;

-- One event is found by its id.
DO $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE $q$EXPLAIN (FORMAT JSON) SELECT outcome FROM sharing_guard.audit
        WHERE event_id = '00000000-0000-0000-0000-000000000007'$q$ INTO plan;
    RAISE INFO 'indexes: %; tables read whole: %',
        jsonb_path_query_array(plan, 'strict $.** ? (exists(@."Index Name"))."Index Name"'),
        jsonb_path_query_array(plan, 'strict $.** ? (@."Node Type" == "Seq Scan")."Relation Name"');
END $$;

\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
