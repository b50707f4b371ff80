-- What an application finds in the fields of a refusal (doc/applications.md):
-- table, key column, event; which row of the statement it was, and its key.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set superuser :USER
SET client_min_messages = error;
CREATE ROLE regress_sg_app LOGIN;
CREATE ROLE regress_sg_other LOGIN;
CREATE SCHEMA "Out";
CREATE TABLE "Out"."Box" (id int PRIMARY KEY, dest text, why text);
CREATE TABLE "Out".parts (yard text, n int, dest text, why text, PRIMARY KEY (yard, n)) PARTITION BY LIST (yard);
CREATE TABLE "Out".east PARTITION OF "Out".parts FOR VALUES IN ('east');
CREATE TABLE "Out".west PARTITION OF "Out".parts FOR VALUES IN ('west');
CREATE TABLE "Out".reads (plate text);
GRANT USAGE ON SCHEMA "Out" TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA "Out" TO regress_sg_app, regress_sg_other;
SELECT sharing_guard.protect_export(t::regclass, destination => 'dest', purpose => 'why', data_class => 'alpr', mode => 'enforce') IS NOT NULL
FROM unnest(ARRAY['"Out"."Box"', '"Out".parts']) t;
SELECT sharing_guard.protect_records('"Out".reads', data_class => 'alpr', mode => 'enforce') IS NOT NULL;
SELECT sharing_guard.bind_role('regress_sg_other', 'reno-test-pd') IS NULL AS bound;
CREATE TABLE told (n serial, event uuid);
GRANT ALL ON told, told_n_seq TO regress_sg_app, regress_sg_other;
CREATE FUNCTION fields(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text; s text; t text; c text; e text; d text;
BEGIN
    EXECUTE statement;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, s = SCHEMA_NAME, t = TABLE_NAME, c = COLUMN_NAME,
        e = CONSTRAINT_NAME, d = PG_EXCEPTION_DETAIL;
    INSERT INTO told (event) VALUES (nullif(e, '')::uuid);
    RETURN concat_ws(' | ', code, s, t, c, (regexp_match(d, '[^\n]*$'))[1]);
END
$$;
RESET client_min_messages;

\c - regress_sg_app
\pset tuples_only
SELECT fields($$INSERT INTO "Out"."Box" VALUES (1, 'oakdale-pd', 'theft'), (2, 'oakdale-pd', 'theft'), (3, 'reno-test-pd', 'theft'), (4, 'reno-test-pd', 'theft')$$);
-- Each statement counts its own rows; in one transaction, too.
INSERT INTO "Out"."Box" VALUES (1, 'oakdale-pd', 'theft'), (2, 'oakdale-pd', 'theft');
BEGIN;
INSERT INTO "Out"."Box" VALUES (5, 'oakdale-pd', 'theft');
SELECT fields($$INSERT INTO "Out"."Box" VALUES (6, 'reno-test-pd', 'theft')$$);
SELECT fields($$UPDATE "Out"."Box" SET dest = 'reno-test-pd' WHERE id = 2$$);
COMMIT;
-- Partitions: the table that is protected, and rows of all of them.
SELECT fields($$INSERT INTO "Out".parts VALUES ('east', 1, 'oakdale-pd', 'theft'), ('west', 1, 'oakdale-pd', 'theft'), ('east', 2, 'reno-test-pd', 'theft')$$);
-- A COPY, and a key of two columns.
\set VERBOSITY sqlstate
COPY "Out"."Box" FROM stdin;
7	oakdale-pd	theft
8	reno-test-pd	theft
\.
\set VERBOSITY default
SELECT fields($$INSERT INTO "Out".parts VALUES ('east', 1, 'reno-test-pd', 'theft')$$);

-- A login is told of its own refusals, and of nothing else.
SELECT count(*), count(event), count(CASE WHEN sharing_guard.explain_event(event) LIKE '%tried to disclose 1 row%it was blocked%' THEN 1 END) FROM told;
\c - regress_sg_other
SELECT fields('SELECT * FROM "Out".reads');
\set VERBOSITY terse
SELECT sharing_guard.explain_event(event) IS NOT NULL AS told FROM told ORDER BY n DESC LIMIT 1;
DO $$
BEGIN
    PERFORM sharing_guard.explain_event(event) FROM told ORDER BY n LIMIT 1;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'another''s refusal is not told';
END
$$;
SELECT sharing_guard.explain_event('00000000-0000-0000-0000-000000000000');
\c - :superuser
DO $$
BEGIN
    SET SESSION AUTHORIZATION regress_sg_app;
    PERFORM sharing_guard.explain_event(event) FROM told ORDER BY n LIMIT 1;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'nor to one who acts in that name';
END
$$;
SELECT bool_and(e.event_id IS NOT NULL) AS all_on_record FROM told t LEFT JOIN sharing_guard.audit e ON e.event_id = t.event;

\pset tuples_only off
SET client_min_messages = error;
DROP SCHEMA "Out" CASCADE;
DROP TABLE told;
DROP FUNCTION fields;
DELETE FROM sharing_guard.role_binding;
DROP ROLE regress_sg_app, regress_sg_other;
