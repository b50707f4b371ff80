-- What is a copy of a protected table, and what only writes to it beside another.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set VERBOSITY terse
SET client_min_messages = error;
CREATE SCHEMA v;
CREATE TABLE v.read (id int PRIMARY KEY, plate text, seen date DEFAULT '2026-01-01');
CREATE TABLE v.plain (id int PRIMARY KEY, note text);
CREATE TABLE v.other (id int, note text);
INSERT INTO v.read VALUES (1, 'PLATE1');
SELECT sharing_guard.protect_records('v.read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
SELECT sharing_guard.configure(NULL, NULL, NULL, copied_tables => 'refuse');
CREATE FUNCTION v.copies(OUT operation text, OUT relation text, OUT outcome text) RETURNS SETOF record LANGUAGE sql AS $$
    SELECT operation, relation, outcome FROM sharing_guard.audit WHERE channel = 'copied_table' ORDER BY event_id $$;

-- An application's inserts: none of these takes anything out of the table.
WITH a AS (INSERT INTO v.plain VALUES (10, 'x')) INSERT INTO v.read VALUES (10, 'PLATE10');
WITH a AS (INSERT INTO v.read VALUES (11, 'PLATE11')) INSERT INTO v.plain VALUES (11, 'x');
WITH a AS (INSERT INTO v.read VALUES (12, 'PLATE12') RETURNING id) INSERT INTO v.plain SELECT id, 'image' FROM a;
WITH a AS (INSERT INTO v.plain VALUES (13, 'PLATE13') RETURNING id, note) INSERT INTO v.read SELECT id, note FROM a;
WITH a AS (INSERT INTO v.plain VALUES (14, 'x')) INSERT INTO v.read VALUES (1, 'PLATE1') ON CONFLICT (id) DO UPDATE SET seen = excluded.seen WHERE v.read.seen < excluded.seen;
WITH a AS (INSERT INTO v.plain VALUES (15, 'x')) INSERT INTO v.read VALUES (1, 'PLATE1') ON CONFLICT DO NOTHING;
WITH a AS (INSERT INTO v.plain VALUES (16, 'x')) UPDATE v.read SET seen = '2026-02-01' WHERE plate = 'PLATE1';
WITH a AS (INSERT INTO v.plain VALUES (17, 'x')) DELETE FROM v.read WHERE plate = 'PLATE10';
WITH a AS (UPDATE v.read SET seen = '2026-02-01' WHERE id = 1) INSERT INTO v.plain VALUES (18, 'x');
WITH a AS (INSERT INTO v.plain VALUES (19, 'x')) SELECT count(*) FROM v.read;
WITH a AS (INSERT INTO v.plain VALUES (20, 'x'), (21, 'y') RETURNING id), b AS (INSERT INTO v.other SELECT id FROM a) INSERT INTO v.read SELECT id, 'PLATE' || id FROM a;
MERGE INTO v.read r USING (VALUES (22, 'PLATE22')) n (id, plate) ON r.id = n.id WHEN MATCHED THEN UPDATE SET plate = n.plate WHEN NOT MATCHED THEN INSERT VALUES (n.id, n.plate);
WITH a AS (INSERT INTO v.plain VALUES (22, 'x')) INSERT INTO v.read SELECT i, 'PLATE' || i FROM generate_series(23, 24) i;
INSERT INTO v.read SELECT id + 100, note FROM v.plain;
CREATE FUNCTION v.logged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO v.other VALUES (NEW.id, 'seen'); RETURN NULL; END $$;
CREATE TRIGGER logged AFTER INSERT ON v.read FOR EACH ROW EXECUTE FUNCTION v.logged();
INSERT INTO v.read VALUES (200, 'PLATE200');
CREATE RULE also AS ON INSERT TO v.read DO ALSO INSERT INTO v.other VALUES (0, 'by rule');
INSERT INTO v.read VALUES (201, 'PLATE201');
DROP RULE also ON v.read;
DROP TRIGGER logged ON v.read;
SELECT * FROM v.copies();

-- And these do.
INSERT INTO v.plain SELECT id + 1000, plate FROM v.read;
WITH r AS MATERIALIZED (SELECT plate FROM v.read) INSERT INTO v.plain SELECT 1000, plate FROM r;
INSERT INTO v.plain VALUES (1000, (SELECT max(plate) FROM v.read));
WITH m AS MATERIALIZED (SELECT max(plate) AS plate FROM v.read) INSERT INTO v.plain VALUES (1000, (SELECT plate FROM m));
WITH a AS (UPDATE v.read SET seen = '2026-03-01' WHERE id = 1 RETURNING plate) INSERT INTO v.plain SELECT 1000, plate FROM a;
WITH a AS (DELETE FROM v.read WHERE id = 1 RETURNING plate) INSERT INTO v.plain SELECT 1000, plate FROM a;
WITH a AS (INSERT INTO v.read VALUES (1, NULL) ON CONFLICT (id) DO UPDATE SET seen = '2026-03-01' RETURNING plate) INSERT INTO v.plain SELECT 1000, plate FROM a;
WITH a AS (INSERT INTO v.plain SELECT id + 1000, plate FROM v.read) INSERT INTO v.read VALUES (300, 'PLATE300');
WITH a AS (INSERT INTO v.other VALUES (1, 'x')), b AS (INSERT INTO v.plain SELECT 1000, plate FROM v.read WHERE id = 1) SELECT 1;
UPDATE v.plain SET note = r.plate FROM v.read r WHERE r.id = 1;
UPDATE v.plain SET note = (SELECT plate FROM v.read r WHERE r.id = plain.id);
INSERT INTO v.plain VALUES (10, 'x') ON CONFLICT (id) DO UPDATE SET note = (SELECT max(plate) FROM v.read);
MERGE INTO v.plain p USING v.read r ON p.id = r.id WHEN NOT MATCHED THEN INSERT VALUES (r.id, r.plate);
CREATE TABLE v.copy AS SELECT * FROM v.read;
SELECT * FROM v.copies();
-- A pure insert leaves what is beside it alone.
SELECT sharing_guard.configure(NULL, NULL, NULL, copied_tables => 'protect');
WITH a AS (INSERT INTO v.plain VALUES (30, 'x')) INSERT INTO v.read VALUES (30, 'PLATE30');
SELECT relation FROM sharing_guard.guard ORDER BY 1;
WITH a AS (INSERT INTO v.other SELECT id, plate FROM v.read), b AS (INSERT INTO v.plain VALUES (31, 'x')) SELECT 1;
SELECT relation FROM sharing_guard.guard ORDER BY 1;

SELECT sharing_guard.configure(NULL, NULL, NULL, copied_tables => 'flag');
DROP SCHEMA v CASCADE;
