-- Queries that read protected tables: by a partner's login, inside a declared
-- disclosure, by the agency's own people.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set VERBOSITY terse
SET client_min_messages = warning;

CREATE SCHEMA alpr;
CREATE TABLE alpr.read (id int PRIMARY KEY, plate text, state text, seen date, camera int);
INSERT INTO alpr.read SELECT i, 'PLATE' || i, 'CA', '2026-01-01', i % 3 FROM generate_series(1, 20) i;
SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', query_elements => 'plate, state');
SELECT kind, data_class, mode, record_self_access, filter_reads FROM sharing_guard.guard;

CREATE ROLE sg_oakdale LOGIN;
CREATE ROLE sg_springs LOGIN;
CREATE ROLE sg_officer LOGIN;
CREATE ROLE sg_officer_of_oakdale LOGIN IN ROLE sg_oakdale;
GRANT USAGE ON SCHEMA alpr TO sg_oakdale, sg_springs, sg_officer;
GRANT SELECT ON alpr.read TO sg_oakdale, sg_springs, sg_officer;
SELECT sharing_guard.bind_role('sg_oakdale', 'oakdale-pd');
SELECT sharing_guard.bind_role('sg_springs', 'reno-test-pd');

-- What was recorded since this was asked last.
CREATE TABLE seen AS SELECT event_id FROM sharing_guard.audit;
CREATE FUNCTION news() RETURNS TABLE (role text, "to" text, channel text, op text, relation text,
                                      elements text, purpose text, outcome text, rows bigint, ending text)
LANGUAGE sql AS $$
    WITH fresh AS (
        INSERT INTO seen SELECT a.event_id FROM sharing_guard.audit a
        WHERE NOT EXISTS (SELECT FROM seen s WHERE s.event_id = a.event_id)
        RETURNING event_id)
    SELECT a.acting_role, a.destination, a.channel, a.operation, a.relation, a.query_elements,
           a.purpose, a.outcome, a.rows_disclosed, a.ending
    FROM sharing_guard.audit a JOIN fresh f USING (event_id) ORDER BY a.event_id
$$;

SET SESSION AUTHORIZATION sg_oakdale;
SELECT count(*) FROM alpr.read;
SELECT id FROM alpr.read WHERE plate = 'PLATE7';
BEGIN;
SELECT sharing_guard.begin_disclosure(purpose => 'stolen vehicle 26-001', case_number => '26-001');
SELECT id FROM alpr.read WHERE plate IN ('PLATE7', 'PLATE8') AND state = 'CA';
COMMIT;
RESET SESSION AUTHORIZATION;
SELECT * FROM news();

