-- Agencies and rules by the hundred in one statement: what is read to check a
-- row does not grow with how many there are.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
SET client_min_messages = warning;
-- Rows of policy tables that this session has read.  Counted within one
-- transaction, in which no statistics are handed on.
CREATE FUNCTION rows_read() RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint
      FROM pg_stat_xact_all_tables
     WHERE schemaname = 'sharing_guard'
       AND relname IN ('agency', 'agency_alias', 'rule', 'purpose_term', 'task_force')
$$;
-- few(before): are they fewer than thirty for each of five hundred?
CREATE FUNCTION few(before bigint) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN rows_read() - before < 30 * 500 THEN 'few'
                ELSE format('%s rows read', rows_read() - before) END
$$;
BEGIN;
SELECT rows_read() AS before \gset
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
SELECT 'bulk-' || n, 'Bulk Town ' || n || ' Police', 'US-CA', 'local' FROM generate_series(1, 500) AS n;
SELECT few(:before);
COMMIT;
ANALYZE sharing_guard.agency, sharing_guard.purpose_term;
BEGIN;
SELECT rows_read() AS before \gset
INSERT INTO sharing_guard.agency_alias (alias, agency_id)
SELECT 'The police of Bulk Town ' || n, 'bulk-' || n FROM generate_series(1, 500) AS n;
SELECT few(:before);
SELECT rows_read() AS before \gset
INSERT INTO sharing_guard.rule (rule_id, description, outcome, agencies)
SELECT 'bulk.' || n, 'Not to Bulk Town ' || n, 'block', ARRAY['bulk-' || n] FROM generate_series(1, 500) AS n;
SELECT few(:before);
SELECT rows_read() AS before \gset
UPDATE sharing_guard.rule SET outcome = 'flag' WHERE rule_id LIKE 'bulk.%';
SELECT few(:before);
SELECT rows_read() AS before \gset
UPDATE sharing_guard.agency SET attested_on = '2026-01-01' WHERE agency_id LIKE 'bulk-%';
SELECT few(:before);
-- One rule with a long list
SELECT rows_read() AS before \gset
INSERT INTO sharing_guard.rule (rule_id, description, outcome, agencies)
SELECT 'bulk', 'Not to any Bulk Town', 'block', array_agg('bulk-' || n) FROM generate_series(1, 500) AS n;
SELECT few(:before);
COMMIT;
DELETE FROM sharing_guard.agency_alias WHERE agency_id LIKE 'bulk-%';
-- What a list names stays, whichever it is of many
DELETE FROM sharing_guard.agency WHERE agency_id LIKE 'bulk-19_';
UPDATE sharing_guard.agency SET agency_id = agency_id || 'a' WHERE agency_id IN ('bulk-199', 'bulk-200');
DELETE FROM sharing_guard.rule WHERE rule_id = 'bulk' OR rule_id LIKE 'bulk.1%';
DELETE FROM sharing_guard.agency WHERE agency_id = 'bulk-199';
DELETE FROM sharing_guard.agency WHERE agency_id LIKE 'bulk-19_' OR agency_id LIKE 'bulk-2%';
BEGIN;
SELECT rows_read() AS before \gset
DELETE FROM sharing_guard.rule WHERE rule_id LIKE 'bulk.%';
DELETE FROM sharing_guard.agency WHERE agency_id LIKE 'bulk-%';
SELECT few(:before);
COMMIT;
SELECT count(*) FROM sharing_guard.agency WHERE agency_id LIKE 'bulk-%';
