-- Services: what a policy administrator has declared for them is recorded in
-- summary, everything else one by one.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set reads :srcdir '/test/reads.sql'
\i :reads
\set VERBOSITY terse
SET client_min_messages = warning;
\set super :USER
CREATE ROLE sg_ingest LOGIN;
GRANT USAGE ON SCHEMA alpr TO sg_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON alpr.read TO sg_ingest;
SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
SELECT sharing_guard.declare_service_statement('sg_ingest', 'SELECT id FROM alpr.read');
SELECT sharing_guard.bind_service('sg_ingest', 'oakdale-pd');
CREATE FUNCTION alpr.always(text, text) RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT true';
CREATE OPERATOR alpr.= (LEFTARG = text, RIGHTARG = text, FUNCTION = alpr.always);
SELECT sharing_guard.bind_service('sg_ingest');
SELECT sharing_guard.declare_service_statement('sg_ingest', 'SELECT id FROM alpr.read WHERE plate = $1 AND camera = $2');
SELECT sharing_guard.declare_service_statement('sg_ingest', 'SELECT id FROM alpr.read WHERE plate = ANY ($1) AND camera = $2');
SELECT sharing_guard.declare_service_statement('sg_ingest', 'INSERT INTO alpr.read (id, plate) VALUES ($1, $2) RETURNING id');
SELECT sharing_guard.declare_service_statement('sg_ingest', 'DELETE FROM alpr.read WHERE seen < $1 RETURNING id');
SELECT sharing_guard.declare_service_statement('sg_ingest', 'SELECT id FROM alpr.read WHERE id IN (SELECT max(id) FROM alpr.read GROUP BY plate OFFSET 1) OR random() > (SELECT 1)');
SELECT sharing_guard.declare_service_statement('sg_ingest', 'DROP TABLE alpr.read');
SELECT sharing_guard.declare_service_statement('sg_ingest', NULL);
SELECT operation, relation FROM sharing_guard.policy_changes WHERE relation LIKE '%service%' ORDER BY event_id;

-- Three of the same shape are one event, whose number the session's end adds.
GRANT pg_read_all_stats TO sg_ingest;
\c - sg_ingest
SET client_min_messages = warning;
SELECT id FROM alpr.read WHERE plate = 'PLATE3' AND camera = 0;
SELECT id FROM alpr.read WHERE 1 = camera AND 'PLATE4' = plate;
SELECT id FROM alpr.read WHERE plate = 'PLATE99' AND camera = 1;
INSERT INTO alpr.read (id, plate) VALUES (100, 'PLATE100') RETURNING id;
INSERT INTO alpr.read (id, plate) VALUES (101, 'PLATE101') RETURNING id;
DELETE FROM alpr.read WHERE seen < '2020-01-01' RETURNING id;
-- A cursor that is fetched from again and again takes no more memory for it.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM alpr.read WHERE plate = 'PLATE3' AND camera = 0;
SELECT 'FETCH FIRST FROM c' FROM generate_series(1, 1000)
\set ECHO none
\o /dev/null
\gexec
\o
\set ECHO all
SELECT max(total_bytes) < 100000 AS little FROM pg_backend_memory_contexts WHERE name = 'ExecutorState';
COMMIT;
\c - :super
SET client_min_messages = warning;
SELECT channel, op, relation, elements, purpose, outcome, rows, ending FROM news();
SELECT rule_ids, flag_reasons, username_source FROM sharing_guard.audit WHERE purpose LIKE 'service%' GROUP BY 1, 2, 3;

-- Other columns, other conditions, more of them or fewer, another command.
\c - sg_ingest
SET client_min_messages = warning;
SELECT plate FROM alpr.read WHERE plate = 'PLATE3' AND camera = 0;
SELECT id FROM alpr.read WHERE plate = 'PLATE3';
SELECT id FROM alpr.read WHERE plate = 'PLATE3' OR camera = 0;
SELECT id FROM alpr.read WHERE plate > 'PLATE3' AND camera = 0;
SELECT count(*) FROM alpr.read WHERE plate = 'PLATE3' AND camera = 0 AND seen < '2027-01-01';
SELECT id FROM alpr.read WHERE (plate = 'PLATE3' AND camera = 0) OR true LIMIT 1;
-- What looks like the sample and compares with what is no value, or by another
-- operator or cast of the name; many searches in one; and COPY of one.
SELECT count(id) FROM alpr.read WHERE plate = ANY (ARRAY[plate, 'x']) AND camera = 0;
SELECT count(r.id) FROM alpr.read r, LATERAL (SELECT r.plate AS p OFFSET 0) s WHERE r.plate = s.p AND camera = 0;
SELECT count(r.id) FROM alpr.read r, (VALUES ('PLATE3'), ('PLATE6')) v (p) WHERE r.plate = v.p AND camera = 0;
SELECT count(id) FROM alpr.read WHERE plate OPERATOR(alpr.=) 'PLATE3' AND camera = 0;
COPY (SELECT id FROM alpr.read WHERE plate = 'PLATE3' AND camera = 0) TO STDOUT;
CREATE TEMP TABLE taken AS SELECT id FROM alpr.read WHERE plate = 'PLATE3' AND camera = 0;
DELETE FROM alpr.read WHERE seen < '2020-01-01' RETURNING plate;
-- A person behind it.
BEGIN;
SELECT sharing_guard.begin_disclosure(purpose => 'stolen vehicle 26-001', requesting_person => 'Officer Reyes');
SELECT id FROM alpr.read WHERE plate = 'PLATE3' AND camera = 0;
COMMIT;
\c - :super
SET client_min_messages = warning;
SELECT op, elements, purpose, outcome, rows, ending FROM news();

-- Neither as somebody else nor by somebody else; nor when it is withdrawn.
GRANT sg_ingest TO sg_officer;
SET SESSION AUTHORIZATION sg_officer;
SELECT id FROM alpr.read WHERE plate = 'PLATE3' AND camera = 0;
SET ROLE sg_ingest;
SELECT id FROM alpr.read WHERE plate = 'PLATE3' AND camera = 0;
SET SESSION AUTHORIZATION sg_ingest;
SELECT id FROM alpr.read WHERE plate = 'PLATE3' AND camera = 0;
RESET SESSION AUTHORIZATION;
SELECT acting, elements, rows FROM news();
SELECT sharing_guard.unbind_service('sg_ingest');
SELECT sharing_guard.unbind_service('sg_ingest');
SELECT count(*) FROM sharing_guard.service_statement;
SET SESSION AUTHORIZATION sg_ingest;
SELECT id FROM alpr.read WHERE plate = 'PLATE3' AND camera = 0;
RESET SESSION AUTHORIZATION;
SELECT acting, elements, rows FROM news();

DROP SCHEMA alpr CASCADE;
DROP TABLE seen;
DROP FUNCTION news;
SELECT sharing_guard.unbind_role('sg_oakdale'), sharing_guard.unbind_role('sg_springs');
DROP ROLE sg_oakdale, sg_springs, sg_officer, sg_ingest;
