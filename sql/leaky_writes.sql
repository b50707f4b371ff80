-- Writes that let somebody know what is in a protected table without returning
-- it: by a function, by an error, by what an INSERT meets.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set reads :srcdir '/test/reads.sql'
\i :reads
\set VERBOSITY terse
SET client_min_messages = warning;

ALTER TABLE alpr.read ADD COLUMN note text DEFAULT 'x';
CREATE UNIQUE INDEX ON alpr.read (plate);
CREATE TABLE alpr.bare (LIKE alpr.read);
INSERT INTO alpr.bare SELECT * FROM alpr.read;
CREATE SEQUENCE s;
CREATE FUNCTION say(text) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RAISE NOTICE 'said'; RETURN $1; END $$;
CREATE FUNCTION whose() RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN 1; END $$;
SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
SELECT sharing_guard.protect_records('alpr.bare', data_class => 'alpr', mode => 'enforce');
GRANT ALL ON alpr.read, alpr.bare TO sg_officer;
GRANT SELECT, INSERT ON alpr.read TO sg_oakdale;
GRANT USAGE ON SEQUENCE s TO sg_officer;
SELECT count(*) > 0 FROM news();
CREATE FUNCTION tried(sql text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE sql;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN sqlstate;
END
$$;
-- How many events each leaves, and what it ends with.
CREATE FUNCTION events_of(VARIADIC statements text[]) RETURNS TABLE (ends text, events bigint, what text)
    LANGUAGE plpgsql AS $$
BEGIN
    FOREACH what IN ARRAY statements LOOP
        ends := public.tried(what);
        SELECT count(*) INTO events FROM public.news();
        RETURN NEXT;
    END LOOP;
END
$$;

SET SESSION AUTHORIZATION sg_officer;
-- Functions that are handed a column, in each place of a statement.
SELECT * FROM events_of(
    $$UPDATE alpr.bare SET note = note WHERE say(plate) IS NULL$$,
    $$UPDATE alpr.bare SET note = say(plate) WHERE id = 1$$,
    $$UPDATE alpr.bare SET note = note WHERE ('"' || plate || '"')::regclass IS NULL$$,
    $$UPDATE alpr.bare SET note = note WHERE to_regclass(plate) IS NOT NULL$$,
    $$UPDATE alpr.bare SET note = note WHERE has_database_privilege(plate, 'connect')$$,
    $$UPDATE alpr.bare SET note = note WHERE has_table_privilege(plate, 'select')$$,
    $$UPDATE alpr.bare SET note = set_config('x.y', plate, false) WHERE id = 1$$,
    $$UPDATE alpr.bare SET note = note WHERE pg_sleep(camera * 0) IS NULL$$,
    $$UPDATE alpr.bare SET note = concat(plate, note)$$,
    $$UPDATE alpr.bare SET note = note WHERE plainto_tsquery('english', plate) IS NULL$$,
    $$DELETE FROM alpr.bare WHERE current_setting('a.' || plate, true) = 'x'$$,
    $$UPDATE alpr.bare b SET note = note WHERE (SELECT say(b.plate)) IS NULL$$,
    $$UPDATE alpr.bare b SET note = note FROM (VALUES (1)) AS v (i) WHERE v.i = b.id AND say(b.plate) IS NULL$$,
    $$MERGE INTO alpr.bare b USING (VALUES (1)) AS v (i) ON v.i = b.id WHEN MATCHED AND say(plate) IS NULL THEN DELETE WHEN NOT MATCHED THEN DO NOTHING$$,
    $$INSERT INTO alpr.read (id, plate) VALUES (1, 'PLATE1') ON CONFLICT (id) DO UPDATE SET note = say(read.note)$$);

-- Functions that are handed none, but called for some rows only.
SELECT * FROM events_of(
    $$UPDATE alpr.bare b SET note = note WHERE (SELECT count(nextval('s')) FROM generate_series(1, ascii(b.plate))) IS NULL$$,
    $$UPDATE alpr.bare SET note = CASE WHEN plate LIKE 'P%' THEN nextval('s')::text END$$,
    $$UPDATE alpr.bare SET note = note WHERE plate = 'PLATE7' AND whose() = 1$$,
    $$UPDATE alpr.bare SET note = coalesce(nullif(plate, 'PLATE7'), say('x'))$$,
    $$UPDATE alpr.bare SET camera = CASE WHEN plate > 'PLATE5' THEN random() END$$,
    $$UPDATE alpr.bare SET note = note WHERE note = current_setting('x.nobody', true)$$,
    $$UPDATE alpr.bare SET camera = whose() WHERE id = 1$$,
    $$UPDATE alpr.bare SET note = CASE WHEN camera = 1 THEN clock_timestamp()::text END$$);

-- The plan's counts, rows returned, comparisons of a query element.
SELECT * FROM events_of(
    $$EXPLAIN (ANALYZE) UPDATE alpr.bare SET note = note WHERE plate = 'PLATE1'$$,
    $$EXPLAIN (ANALYZE) DELETE FROM alpr.bare WHERE false$$,
    $$EXPLAIN UPDATE alpr.bare SET note = note WHERE plate = 'PLATE1'$$,
    $$UPDATE alpr.bare SET note = note WHERE id = 1 RETURNING plate$$,
    $$UPDATE alpr.read SET note = note WHERE plate LIKE 'P%'$$,
    $$UPDATE alpr.read SET note = note WHERE id = 1 AND upper(plate) <> 'x'$$,
    $$UPDATE alpr.read SET note = (plate = 'PLATE1')::text WHERE id = 1$$,
    $$UPDATE alpr.read SET note = (ARRAY['a', 'b'])[CASE strpos(plate, 'P') WHEN 1 THEN 1 ELSE 2 END] WHERE id = 1$$,
    $$UPDATE alpr.read r SET note = 'hot' WHERE EXISTS (SELECT FROM (VALUES ('PLATE1')) AS v (p) WHERE v.p = r.plate)$$,
    $$UPDATE alpr.read SET plate = upper(plate) WHERE id = 1$$);

-- Errors, of whatever class.
SELECT * FROM events_of(
    $$UPDATE alpr.bare SET note = note WHERE plate::int = 1$$,
    $$UPDATE alpr.bare SET note = note WHERE 1 / (CASE WHEN plate LIKE 'PLATE1%' THEN 0 ELSE 1 END) = 0$$,
    $$UPDATE alpr.bare SET note = note WHERE convert_to('x', plate::name) IS NULL$$,
    $$UPDATE alpr.bare SET id = NULL$$,
    $$UPDATE alpr.bare SET note = note WHERE (jsonb '{}' || to_jsonb(plate)) #>> '{a}' = 'b'$$,
    $$UPDATE alpr.bare SET note = note WHERE plate::varchar::bytea = '\x00'$$,
    $$UPDATE alpr.read SET plate = repeat(note, 3000000) || 'x' WHERE id = 1$$,
    $$INSERT INTO alpr.read (id, plate) VALUES (1, 'new')$$,
    $$INSERT INTO alpr.read (id, plate) VALUES (100, 'PLATE9')$$,
    $$INSERT INTO alpr.read (id, plate) VALUES (100, 'PLATE9') ON CONFLICT (id) DO NOTHING$$,
    $$INSERT INTO alpr.read (id, plate) VALUES (100, 'PLATE9') ON CONFLICT DO NOTHING$$,
    $$WITH i AS (INSERT INTO alpr.read (id, plate) VALUES (1, 'x') RETURNING id) SELECT * FROM i$$);
SELECT id, plate FROM alpr.read WHERE id > 20;
-- One of somebody who cancels is none.
SET statement_timeout = '300ms';
SELECT * FROM events_of($$UPDATE alpr.bare SET note = note FROM generate_series(1, 1000000000) g WHERE g + camera < 0$$);
RESET statement_timeout;
SELECT op, elements, ending FROM news();
COPY alpr.read (id, plate) FROM stdin;
100	PLATE3
\.
COPY alpr.read (id, plate) FROM stdin;
101	NEW101
\.
SELECT channel, op, relation, outcome, rows, ending FROM news();
RESET SESSION AUTHORIZATION;

-- What belongs to the table: triggers, checks, indexes, generated columns.
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'touched'; RETURN NEW; END $$;
CREATE FUNCTION quiet(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1; END $$;
SELECT count(*) FROM news();
CREATE TRIGGER touch BEFORE UPDATE ON alpr.bare FOR EACH ROW EXECUTE FUNCTION touch();
SELECT count(*) >= 0 FROM news();
SET SESSION AUTHORIZATION sg_officer;
SELECT * FROM events_of($$UPDATE alpr.bare SET camera = 1 WHERE id = 1$$, $$DELETE FROM alpr.bare WHERE id = 1$$);
RESET SESSION AUTHORIZATION;
-- A superuser has read the function, and says so.
ALTER FUNCTION touch() LEAKPROOF;
SELECT count(*) >= 0 FROM news();
SET SESSION AUTHORIZATION sg_officer;
SELECT * FROM events_of($$UPDATE alpr.bare SET camera = 1 WHERE id = 2$$);
RESET SESSION AUTHORIZATION;
CREATE INDEX bare_quiet ON alpr.bare (quiet(plate));
SELECT count(*) >= 0 FROM news();
SET SESSION AUTHORIZATION sg_officer;
SELECT * FROM events_of($$UPDATE alpr.bare SET camera = 1 WHERE id = 3$$, $$DELETE FROM alpr.bare WHERE id = 3$$);
RESET SESSION AUTHORIZATION;
DROP INDEX alpr.bare_quiet;
ALTER TABLE alpr.bare ADD CHECK (quiet(plate) IS NOT NULL);
SELECT count(*) >= 0 FROM news();
SET SESSION AUTHORIZATION sg_officer;
SELECT * FROM events_of($$UPDATE alpr.bare SET camera = 1 WHERE id = 4$$, $$INSERT INTO alpr.bare (id, plate) VALUES (50, 'x')$$);
RESET SESSION AUTHORIZATION;

-- Foreign keys: the server's own queries are no access, what looks like them is.
CREATE TABLE owner (plate text PRIMARY KEY);
INSERT INTO owner VALUES ('PLATE8'), ('PLATE9');
CREATE TABLE fine (id int PRIMARY KEY, plate text REFERENCES alpr.read (plate));
CREATE TABLE alpr.seizure (id int PRIMARY KEY, plate text REFERENCES owner ON DELETE CASCADE ON UPDATE SET NULL);
INSERT INTO alpr.seizure VALUES (1, 'PLATE8'), (2, 'PLATE9');
SELECT sharing_guard.protect_records('alpr.seizure', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
GRANT ALL ON owner, fine, alpr.seizure TO sg_officer;
CREATE FUNCTION asks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 FROM ONLY alpr.read x WHERE plate = 'PLATE7' FOR KEY SHARE OF x; RETURN OLD; END $$;
SELECT count(*) >= 0 FROM news();
SET SESSION AUTHORIZATION sg_officer;
SELECT * FROM events_of(
    $$INSERT INTO fine VALUES (1, 'PLATE7')$$,
    $$INSERT INTO fine VALUES (2, 'none')$$,
    $$DELETE FROM owner WHERE plate = 'PLATE8'$$,
    $$UPDATE owner SET plate = 'PLATE10' WHERE plate = 'PLATE9'$$,
    $$DELETE FROM alpr.read WHERE id = 7$$,
    $$SELECT 1 FROM ONLY alpr.read x WHERE plate = 'PLATE7' FOR KEY SHARE OF x$$);
RESET SESSION AUTHORIZATION;
INSERT INTO owner VALUES ('PLATE8');
INSERT INTO alpr.seizure VALUES (3, 'PLATE8');
CREATE TRIGGER asks BEFORE DELETE ON alpr.seizure FOR EACH ROW EXECUTE FUNCTION asks();
SELECT count(*) >= 0 FROM news();
SET SESSION AUTHORIZATION sg_officer;
DELETE FROM owner WHERE plate = 'PLATE8';
SELECT op, relation, elements FROM news();

-- Rows put in by others: decided on like a query.
SET SESSION AUTHORIZATION sg_oakdale;
INSERT INTO alpr.read (id, plate) VALUES (60, 'PLATE2') ON CONFLICT DO NOTHING;
INSERT INTO alpr.read (id, plate) VALUES (60, 'PLATE2');
COPY alpr.read (id, plate) FROM stdin;
61	NEW61
\.
RESET SESSION AUTHORIZATION;
SELECT acting, "to", channel, op, outcome, rows, ending FROM news();
SELECT sharing_guard.unbind_role('sg_springs');
GRANT INSERT ON alpr.read TO sg_springs;
SELECT sharing_guard.bind_role('sg_springs', 'reno-test-pd');
SELECT count(*) >= 0 FROM news();
SET SESSION AUTHORIZATION sg_springs;
INSERT INTO alpr.read (id, plate) VALUES (70, 'PLATE2') ON CONFLICT DO NOTHING;
-- (Refused before it asks for data; what psql does with data then depends on its minor release.)
\copy alpr.read (id, plate) FROM '/dev/null'
RESET SESSION AUTHORIZATION;
SELECT acting, "to", channel, op, outcome, rows FROM news();

-- A notice leaves before the rows do, so its query's event is not held back for their number.
SELECT count(*) AS earlier FROM sharing_guard.event WHERE kind = 'completion' \gset
SET SESSION AUTHORIZATION sg_officer;
SET client_min_messages = error;
SELECT numnode((repeat(' ', ascii(plate)))::tsquery) FROM alpr.read WHERE id = 1;
SET client_min_messages = warning;
RESET SESSION AUTHORIZATION;
SELECT op, rows, ending FROM news();
SELECT count(*) - :earlier AS completions FROM sharing_guard.event WHERE kind = 'completion';

SELECT sharing_guard.unbind_role('sg_oakdale');
SELECT sharing_guard.unbind_role('sg_springs');
DROP SCHEMA alpr CASCADE;
DROP TABLE seen, owner, fine;
DROP SEQUENCE s;
DROP FUNCTION news, tried, events_of, say, whose, touch, quiet, asks;
DELETE FROM sharing_guard.role_binding;
DROP ROLE sg_oakdale, sg_springs, sg_officer;
