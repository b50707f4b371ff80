-- Retention: what may be purged, what is held, and that the rest stays whole.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set superuser :USER
SET client_min_messages = error;
CREATE ROLE regress_sg_alice LOGIN;
SELECT sharing_guard.grant_auditor('regress_sg_alice');
RESET client_min_messages;
\set VERBOSITY terse

-- Ten disclosures of four years ago, two of which ended later; one of today.
INSERT INTO sharing_guard.event (event_id, occurred_at, transaction_id, log_id, kind, relation, channel, outcome,
    rows_disclosed, rows_blocked, record_keys, case_numbers, purposes)
SELECT ('01800000-0000-7000-8000-00000000000' || i)::uuid, now() - interval '4 years' + i * interval '1 day',
    pg_current_xact_id(), sharing_guard.log_id(), 'disclosure', 'public.queue', 'copy', 'allow',
    CASE WHEN i NOT IN (1, 2) THEN 1 END, CASE WHEN i NOT IN (1, 2) THEN 0 END, ARRAY['key ' || i], ARRAY['case ' || i / 5], '{theft}'
FROM generate_series(0, 9) i;
INSERT INTO sharing_guard.event (event_id, occurred_at, transaction_id, log_id, kind, completes, ending, rows_disclosed, rows_blocked)
SELECT ('01800000-0000-7000-8000-0000000000f' || i)::uuid, now() - CASE i WHEN 1 THEN interval '4 years' ELSE interval '1 year' END,
    pg_current_xact_id(), sharing_guard.log_id(), 'completion', ('01800000-0000-7000-8000-00000000000' || i)::uuid, 'completed', 1, 0
FROM generate_series(1, 2) i;
INSERT INTO sharing_guard.event (event_id, occurred_at, transaction_id, log_id, kind, relation, channel, outcome, rows_disclosed, rows_blocked)
VALUES ('01800000-0000-7000-8000-0000000000aa', now(), pg_current_xact_id(), sharing_guard.log_id(), 'disclosure', 'public.queue', 'copy', 'allow', 1, 0);

-- The floor: three years, never under 90 days, and a pack may insist on more.
SELECT retention_floor FROM sharing_guard.setting;
SELECT sharing_guard.retention_horizon() = statement_timestamp() - interval '3 years' AS floor;
\c - regress_sg_alice
SELECT sharing_guard.purge(now() - interval '2 years', 'Resolution 2026-11');
SELECT sharing_guard.purge(NULL, 'Resolution 2026-11');
SELECT sharing_guard.purge(now() - interval '3 years 1 day', ' ');
-- Nothing of a period that is not signed.
SELECT events, held FROM sharing_guard.purge(now() - interval '3 years 1 day', 'Resolution 2026-11', dry_run => true);
SELECT sharing_guard.close_period();
SELECT events, held FROM sharing_guard.purge(now() - interval '3 years 1 day', 'Resolution 2026-11', dry_run => true);
SELECT sharing_guard.sign_off(1, 'I have reviewed this period.') IS NOT NULL;

-- Holds: a record, a case, a span.
SELECT sharing_guard.legal_hold('', record_key => 'key 3');
SELECT sharing_guard.legal_hold('Doe v. Riverbend');
SELECT sharing_guard.legal_hold('Doe v. Riverbend', record_key => 'key 3') IS NOT NULL;
SELECT sharing_guard.legal_hold('a request of the grand jury', case_number => 'case 1') IS NOT NULL;
SELECT sharing_guard.legal_hold('an inspection', since => now() - interval '4 years 1 day', until => now() - interval '4 years' + interval '12 hours') IS NOT NULL;
SELECT sharing_guard.legal_hold('backwards', since => now(), until => now() - interval '1 day');
SELECT reason, record_key, case_number, since IS NOT NULL AS span, placed_by, released_at FROM sharing_guard.legal_holds ORDER BY hold_id;
SELECT events, held FROM sharing_guard.purge(now() - interval '3 years 1 day', 'Resolution 2026-11', dry_run => true);
SELECT sharing_guard.release_hold(hold_id, 'answered') IS NOT NULL FROM sharing_guard.legal_holds WHERE case_number IS NOT NULL;
SELECT sharing_guard.release_hold(hold_id, 'answered') FROM sharing_guard.legal_holds WHERE case_number IS NOT NULL;
SELECT events, held FROM sharing_guard.purge(now() - interval '3 years 1 day', 'Resolution 2026-11', dry_run => true);
\c - :superuser

-- Not the superuser, and nobody around the function.
SELECT sharing_guard.purge(now() - interval '3 years 1 day', 'Resolution 2026-11');
DELETE FROM sharing_guard.event WHERE occurred_at < now() - interval '3 years';
UPDATE sharing_guard.nonce SET nonces = '';

\c - regress_sg_alice
SELECT events, held, purge_id IS NOT NULL AS recorded
FROM sharing_guard.purge(now() - interval '3 years 1 day', 'Resolution 2026-11, adopted 3 November 2026');
-- Kept: the one whose end is younger (2), the held ones (0; 1 with its end, which is
-- of the span; 3), today's.
SELECT event_id FROM sharing_guard.audit ORDER BY event_id;
SELECT purged_by, resolution, events, held FROM sharing_guard.purge_record;
-- The purge is an event, the leaves are still counted, and what is left verifies.
SELECT kind, count(*) FROM sharing_guard.review_period(1) WHERE kind IN ('disclosure', 'completion', 'purged') GROUP BY 1 ORDER BY 1;
\c - :superuser
SELECT e.new_row ->> 'resolution' AS resolution, e.session_role FROM sharing_guard.event e WHERE e.relation = 'sharing_guard.purge_record';
SELECT count(*) AS nonces_left FROM sharing_guard.bundle b JOIN sharing_guard.nonce n USING (tree_id, first_leaf),
    unnest(b.event_ids) WITH ORDINALITY u (id, i)
WHERE u.id < '01800000-0000-7000-8000-0000000000ff'
    AND substring(n.nonces FROM (16 * (i - 1) + 1)::int FOR 16) <> '\x00000000000000000000000000000000';
SELECT count(*) AS defects FROM sharing_guard.period_defects(sharing_guard.own_tree(), 1);
SELECT events, held FROM sharing_guard.purge(now() - interval '3 years 1 day', 'Again');
\c - regress_sg_alice
SELECT events, held, purge_id FROM sharing_guard.purge(now() - interval '3 years 1 day', 'Again');
\c - :superuser

-- A purge that nobody recorded is seen.
BEGIN;
ALTER TABLE sharing_guard.event DISABLE TRIGGER protect_rows;
DELETE FROM sharing_guard.event WHERE event_id = '01800000-0000-7000-8000-000000000003';
ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER protect_rows;
SELECT count(*) > 0 AS seen FROM sharing_guard.period_defects(sharing_guard.own_tree(), 1);
ROLLBACK;

\set VERBOSITY default
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
DROP ROLE regress_sg_alice;
