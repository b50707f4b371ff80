-- What the auditor sees.
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\pset null -

-- Columns of a view, in order; their comments are all there.
\pset format unaligned
\pset tuples_only on
SELECT c.relname || E':\n  ' || string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), E'\n  ' ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'sharing_guard'::regnamespace
    AND c.relname IN ('audit', 'audit_rows', 'policy_changes', 'audit_90d_summary')
GROUP BY c.relname ORDER BY c.relname;
\pset format aligned
\pset tuples_only off
SELECT v.rolling, array_agg(a.attname ORDER BY a.attnum) =
    (SELECT array_agg(b.attname ORDER BY b.attnum) FROM pg_attribute b
     WHERE b.attrelid = ('sharing_guard.' || v.base)::regclass AND b.attnum > 0) AS same_columns
FROM (VALUES ('audit_90d', 'audit'), ('flagged_90d', 'audit'), ('audit_rows_90d', 'audit_rows'),
    ('policy_changes_90d', 'policy_changes')) v (rolling, base)
JOIN pg_attribute a ON a.attrelid = ('sharing_guard.' || v.rolling)::regclass AND a.attnum > 0
GROUP BY v.rolling, v.base ORDER BY v.rolling;
SELECT c.relname, a.attname AS without_comment
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'sharing_guard'::regnamespace
    AND c.relname IN ('event', 'audit', 'audit_rows', 'policy_changes', 'audit_90d', 'audit_rows_90d',
        'flagged_90d', 'policy_changes_90d', 'audit_90d_summary')
    AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL);

-- Events as the channels write them.
-- 1: three rows, everything shared but the keys.
INSERT INTO sharing_guard.event (event_id, occurred_at, kind, policy_revision, rows_disclosed, rows_blocked,
    username, username_source, organization, session_role, acting_role, client_address, application,
    operation, relation, channel, data_class, destination, agency_id, destination_class, agency_status,
    outcome, would_be_outcome, authority, tags, rule_ids, flag_reasons,
    record_keys, purposes, query_elements, case_numbers, requesting_persons)
VALUES ('01900000-0000-7000-8000-000000000001', '2026-01-05 18:30:00+00', 'disclosure', 3, 3, 0,
    'M. Ortiz', 'person', 'West Sacramento Police Department', 'rms_app', 'rms_app', '10.0.0.7', 'rms',
    'INSERT', 'public.outbox', 'export_row', 'alpr', 'Davis CA PD', 'davis-pd', 'in_state_public_agency', 'active',
    'allow', 'allow', NULL, '{}', '{us-ca.alpr.in-state}', '{}',
    '{k1,k2,k3}', '{stolen vehicle}', '{8ABC123}', '{26-0042}', '{M. Ortiz}');
-- 2: rows that differ in all; one names no person; out and observed.
INSERT INTO sharing_guard.event (event_id, occurred_at, kind, policy_revision, rows_disclosed, rows_blocked,
    username, username_source, organization, session_role, acting_role, operation, relation, channel, data_class,
    destination, destination_class, on_behalf_of_agency, on_behalf_of_class, outcome, would_be_outcome,
    authority, legal_basis_id, tags, rule_ids, flag_reasons,
    record_keys, record_key_index, purposes, purpose_index, query_elements, query_element_index,
    case_numbers, case_number_index, requesting_persons, requesting_person_index)
VALUES ('01900000-0000-7000-8000-000000000002', '2026-01-05 19:00:00+00', 'disclosure', 3, 4, 0,
    NULL, 'shared_login', 'West Sacramento Police Department', 'dispatch', 'export_owner', 'UPDATE', 'public.outbox', 'export_row', 'cad',
    'US Border Patrol', 'unregistered', 'ICE', 'unregistered', 'flag', 'block',
    'Cal. Gov. Code 7284.6(a)(1); Cal. Civ. Code 1798.90.55(b)', 'W-17', '{immigration,no_purpose}', '{us-ca.a,us-ca.b}',
    '{"The agency is not in the registry.","The purpose is immigration enforcement."}',
    '{k1,k9}', '{1,2,2,1}', '{for ICE,NULL,other}', '{1,2,2,3}', '{8ABC123,7XYZ999}', '{1,1,2,2}',
    '{26-0042,NULL}', '{1,1,2,2}', '{J. Lee,NULL,M. Ortiz}', '{1,2,2,3}');
-- 3: held back, one row.
INSERT INTO sharing_guard.event (event_id, occurred_at, kind, policy_revision, rows_disclosed, rows_blocked,
    username, username_source, session_role, acting_role, operation, relation, channel, data_class,
    destination, agency_id, destination_class, agency_status, outcome, would_be_outcome, authority, tags, rule_ids, flag_reasons, record_keys, purposes)
VALUES ('01900000-0000-7000-8000-000000000003', '2026-01-05 20:00:00+00', 'disclosure', 3, 0, 1,
    'feed', 'login', 'feed', 'feed', 'INSERT', 'public.outbox', 'export_row', 'alpr',
    'Reno NV PD', 'reno-pd', 'out_of_state', 'inactive', 'block', 'block', 'Cal. Civ. Code 1798.90.55(b)', '{}', '{us-ca.c}', '{"The agency is of another state."}', '{k7}', E'{"stolen vehicle\nWhat happened: it was allowed."}');
-- 4: a search by the agency's own people that found nothing.
INSERT INTO sharing_guard.event (event_id, occurred_at, kind, policy_revision, rows_disclosed, rows_blocked,
    username, username_source, organization, session_role, acting_role, operation, relation, channel, data_class,
    destination, agency_id, destination_class, agency_status, outcome, would_be_outcome, legal_basis_id, lifted_by, tags, rule_ids, flag_reasons, purposes, query_elements)
VALUES ('01900000-0000-7000-8000-000000000004', '2026-01-05 21:00:00+00', 'disclosure', 4, 0, 0,
    'asmith', 'login', 'West Sacramento Police Department', 'asmith', 'asmith', 'SELECT', 'public.plate_read', 'self_access', 'alpr',
    'West Sacramento Police Department', 'west-sac-pd', 'self', 'active', 'allow', 'allow', 'W-18', 'W-18', '{}', '{}', '{}', '{hit and run}', '{6DEF456}');
-- 5: a change of policy.
INSERT INTO sharing_guard.event (event_id, occurred_at, kind, policy_revision, username, username_source, session_role, acting_role,
    operation, relation, changed_key, old_row, new_row)
VALUES ('01900000-0000-7000-8000-000000000005', '2026-01-05 20:30:00+00', 'policy_change', 4, 'chief', 'login', 'chief', 'chief',
    'UPDATE', 'sharing_guard.agency', 'reno-pd', '{"status": "active"}', '{"status": "inactive"}');

-- One line for each event: a value only where all rows share it.
SELECT right(event_id::text, 1) AS event, username, username_source, requesting_person, query_elements,
    replace(purpose, E'\n', ' ') AS purpose, case_number,
    rows_disclosed, rows_blocked, outcome, would_be_outcome
FROM sharing_guard.audit ORDER BY event_id;
\x on
SELECT * FROM sharing_guard.audit WHERE event_id = '01900000-0000-7000-8000-000000000002';
\x off

-- One line for each row.
SELECT right(event_id::text, 1) AS event, row_number AS row, username, username_source, requesting_person,
    query_elements, replace(purpose, E'\n', ' ') AS purpose, case_number, record_key, rows_disclosed AS out, rows_blocked AS held
FROM sharing_guard.audit_rows ORDER BY event_id, row_number;
SELECT sum(rows_disclosed) AS disclosed, sum(rows_blocked) AS blocked FROM sharing_guard.audit_rows;
SELECT sum(rows_disclosed) AS disclosed, sum(rows_blocked) AS blocked FROM sharing_guard.audit;
\x on
SELECT * FROM sharing_guard.audit_rows WHERE record_key = 'k7';
SELECT * FROM sharing_guard.policy_changes;
\x off

-- In plain sentences; what an application said adds no sentence of its own.
\pset format unaligned
\pset tuples_only on
SELECT regexp_replace(sharing_guard.explain_event(event_id), '^On \S+ \S+ \([^)]*\)', 'On ...')
FROM sharing_guard.event WHERE kind <> 'health' ORDER BY event_id;
SELECT sharing_guard.explain_event(NULL) IS NULL;
\pset format aligned
\pset tuples_only off
\set SHOW_CONTEXT never
SELECT sharing_guard.explain_event('01900000-0000-7000-8000-00000000000f');

-- The rolling views: inside the window both edges, outside it nothing.
BEGIN;
INSERT INTO sharing_guard.event (event_id, occurred_at, kind, destination, destination_class, outcome, would_be_outcome,
    data_class, channel, rows_disclosed, rows_blocked, tags)
SELECT lpad(n::text, 32, '0')::uuid, at, kind, 'Agency', 'federal', outcome, 'flag', 'cad', 'copy', 5, 0, tags::text[]
FROM sharing_guard.audit_window_start(statement_timestamp(), sharing_guard.time_zone()) w,
    (VALUES (11, -interval '1 microsecond', 'disclosure', 'flag', '{}'),
        (12, interval '0', 'disclosure', 'flag', '{federal_assist,no_purpose}'),
        (13, interval '1 day', 'disclosure', 'allow', '{federal_assist}'),
        (14, interval '2 days', 'disclosure', 'flag', NULL),
        (15, interval '200 days', 'disclosure', 'flag', '{}'),
        (16, -interval '1 microsecond', 'policy_change', NULL, NULL),
        (17, interval '0', 'policy_change', NULL, NULL),
        (18, interval '200 days', 'policy_change', NULL, NULL)) v (n, after, kind, outcome, tags),
    LATERAL (SELECT w + after) t (at);
SELECT right(event_id::text, 2) AS event, outcome FROM sharing_guard.audit_90d ORDER BY 1;
SELECT right(event_id::text, 2) AS event, count(*) FROM sharing_guard.audit_rows_90d GROUP BY 1 ORDER BY 1;
SELECT right(event_id::text, 2) AS event FROM sharing_guard.flagged_90d ORDER BY 1;
SELECT right(event_id::text, 2) AS event FROM sharing_guard.policy_changes_90d ORDER BY 1;
SELECT outcome, destination_class, destination, data_class, channel, rows_by_tag, events, rows_disclosed, rows_blocked,
    last_at - first_at < interval '3 days' AS span
FROM sharing_guard.audit_90d_recipients ORDER BY outcome;
SELECT outcome, destination_class, recipient, recipients, rows_by_tag, events, rows_disclosed, rows_blocked
FROM sharing_guard.audit_90d_summary ORDER BY outcome;
ROLLBACK;

-- An event that we did not write is shown with what cannot be read left out;
-- it does not take the others from view.
BEGIN;
INSERT INTO sharing_guard.event (event_id, occurred_at, kind, rows_disclosed, rows_blocked, record_keys, record_key_index, purposes)
VALUES ('01900000-0000-7000-8000-000000000021', now(), 'disclosure', 2, 0, '{k1}', '{1,5}', '{p}'),
    ('01900000-0000-7000-8000-000000000022', now(), 'disclosure', -2, 0, '{k1}', NULL, '{p}');
SELECT right(event_id::text, 2) AS event, row_number AS row, record_key, purpose
FROM sharing_guard.audit_rows_90d ORDER BY event_id, row_number;
ROLLBACK;
