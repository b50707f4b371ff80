-- Tables of every shape: partitions, inheritance, odd names, odd types.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture

-- Partitioned, with partitions whose columns stand in another order.
CREATE TABLE outbox (id int NOT NULL, dest text, why text, region text NOT NULL,
                     PRIMARY KEY (region, id)) PARTITION BY LIST (region);
CREATE TABLE outbox_north PARTITION OF outbox FOR VALUES IN ('north');
CREATE TABLE outbox_south (why text, gone int, region text NOT NULL, id int NOT NULL, dest text);
ALTER TABLE outbox_south DROP COLUMN gone;
ALTER TABLE outbox ATTACH PARTITION outbox_south FOR VALUES IN ('south');
SELECT sharing_guard.protect_export('outbox', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce');
-- Made, and attached, afterwards.
CREATE TABLE outbox_east PARTITION OF outbox FOR VALUES IN ('east');
CREATE TABLE outbox_west (dest text, id int NOT NULL, why text, region text NOT NULL);
ALTER TABLE outbox ATTACH PARTITION outbox_west FOR VALUES IN ('west');
INSERT INTO outbox VALUES (1, 'oakdale-pd', 'arson', 'north'), (2, 'oakdale-pd', 'arson', 'south'),
                          (3, 'oakdale-pd', 'arson', 'east'), (4, 'oakdale-pd', 'arson', 'west');
-- Straight into a partition.
INSERT INTO outbox_south (id, dest, why, region) VALUES (5, 'oakdale-pd', 'arson', 'south');
INSERT INTO outbox_west (id, dest, why, region) VALUES (6, 'oakdale-pd', 'arson', 'west');
\set VERBOSITY sqlstate
INSERT INTO outbox_south (id, dest, why, region) VALUES (7, 'campus-guard', 'arson', 'south');
INSERT INTO outbox_west (id, dest, why, region) VALUES (8, 'campus-guard', 'arson', 'west');
\set VERBOSITY default
-- A row that moves to another partition is written there anew.
UPDATE outbox SET region = 'east' WHERE id = 1;
SELECT record_key, relation, destination, purpose, operation
FROM sharing_guard.audit_rows ORDER BY event_id, record_key;
SELECT sharing_guard.unprotect('outbox');
SELECT count(*) FROM pg_trigger WHERE tgname LIKE '%sharing_guard%';
DROP TABLE outbox;

-- Inheritance: children have triggers of their own, later ones too.
CREATE TABLE feed (id int NOT NULL, dest text, why text);
CREATE TABLE feed_child (extra text) INHERITS (feed);
SELECT sharing_guard.protect_export('feed', destination => 'dest', purpose => 'why',
                                    record_key => 'id', data_class => 'cad', mode => 'enforce');
CREATE TABLE feed_late (why text, id int NOT NULL, dest text);
ALTER TABLE feed_late INHERIT feed;
CREATE TABLE feed_grandchild () INHERITS (feed_child);
INSERT INTO feed VALUES (1, 'oakdale-pd', 'theft');
INSERT INTO feed_child VALUES (2, 'oakdale-pd', 'theft', 'x');
INSERT INTO feed_late (id, dest, why) VALUES (3, 'oakdale-pd', 'theft');
INSERT INTO feed_grandchild VALUES (4, 'oakdale-pd', 'theft', 'y');
SELECT record_key, relation FROM sharing_guard.audit_rows WHERE purpose = 'theft' ORDER BY 1;
DROP TABLE feed CASCADE;
-- Dropping the table is recorded.
SELECT operation, relation FROM sharing_guard.policy_changes WHERE relation LIKE 'sharing_guard.%' ORDER BY event_id DESC LIMIT 1;
SELECT count(*) FROM sharing_guard.guard;

-- Types: enum, domain, integer through an alias, a state column, char(n),
-- tags as text[].
CREATE TYPE partner_enum AS ENUM ('oakdale-pd', 'reno-test-pd');
CREATE DOMAIN reason_code AS varchar(40) CHECK (VALUE <> '');
CREATE TABLE t_enum (id uuid PRIMARY KEY, dest partner_enum, why reason_code);
SELECT sharing_guard.protect_export('t_enum', destination => 'dest', purpose => 'why', data_class => 'alpr', mode => 'enforce');
INSERT INTO t_enum VALUES ('00000000-0000-4000-8000-000000000001', 'oakdale-pd', 'theft of boat');
\set VERBOSITY sqlstate
INSERT INTO t_enum VALUES ('00000000-0000-4000-8000-000000000002', 'reno-test-pd', 'theft of boat');
\set VERBOSITY default
INSERT INTO sharing_guard.agency_alias (alias, agency_id) VALUES ('4711', 'oakdale-pd');
CREATE TABLE t_int (id bigint, part smallint, dest integer, st char(6), why text[],
                    PRIMARY KEY (part, id));
SELECT sharing_guard.protect_export('t_int', destination => 'dest', destination_state => 'st',
                                    purpose => 'why', data_class => 'alpr', mode => 'enforce');
INSERT INTO t_int VALUES (1, 2, 4711, 'CA', '{witness interview,robbery}');
\set VERBOSITY sqlstate
INSERT INTO t_int VALUES (2, 2, 4711, 'NV', '{case work}');
INSERT INTO t_int VALUES (3, 2, 4711, 'CA', '{case work,immigration}');
INSERT INTO t_int VALUES (4, 2, 4712, 'CA', '{case work}');
\set VERBOSITY default
SELECT record_key, destination, purpose, tags, outcome FROM sharing_guard.audit_rows
WHERE relation IN ('public.t_enum', 'public.t_int') ORDER BY event_id;

-- 63-byte names of several bytes a character; toasted values.
CREATE TABLE "таблица_для_обмена_данными_слово" ("идентификатор_записи_в_таблице_а" int PRIMARY KEY,
    "получатель" text, "Why, exactly" text);
SELECT sharing_guard.protect_export('"таблица_для_обмена_данными_слово"', destination => 'получатель',
    purpose => 'Why, exactly', data_class => 'rms', mode => 'enforce');
INSERT INTO "таблица_для_обмена_данными_слово"
SELECT 1, 'oakdale-pd', string_agg(md5(i::text), ' ') FROM generate_series(1, 2000) i;
SELECT relation, record_key, length(purpose) FROM sharing_guard.audit_rows
WHERE relation LIKE '%обмена%';

-- Record keys read the same whatever the session has set.
CREATE TABLE t_key (at timestamptz, day date, raw bytea, name text, dest text,
                    PRIMARY KEY (at, day, raw, name));
SELECT sharing_guard.protect_export('t_key', destination => 'dest', data_class => 'rms', mode => 'enforce');
SET datestyle = 'German'; SET timezone = 'Asia/Tokyo'; SET bytea_output = 'escape';
INSERT INTO t_key VALUES ('2026-01-02 03:04:05+00', '2026-01-02', '\x00ff', 'a "b", c', 'oakdale-pd');
RESET datestyle; RESET timezone; RESET bytea_output;
SELECT record_key FROM sharing_guard.audit_rows WHERE relation = 'public.t_key';

-- What cannot be protected, and why.
CREATE TABLE t_bad (id int, f float8, dest text, dest2 int[], why json, gen text GENERATED ALWAYS AS (dest || 'x') STORED);
CREATE VIEW v_bad AS SELECT * FROM t_bad;
CREATE TEMP TABLE t_temp (id int PRIMARY KEY, dest text);
SELECT sharing_guard.protect_export('v_bad', destination => 'dest', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_export('t_temp', destination => 'dest', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_export('pg_class', destination => 'relname', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_export('t_bad', destination => 'dest', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_export('t_bad', destination => 'dest', record_key => 'id', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_export('t_bad', destination => 'dest', record_key => 'f', data_class => 'rms', mode => 'enforce');
ALTER TABLE t_bad ALTER id SET NOT NULL;
SELECT sharing_guard.protect_export('t_bad', destination => 'nope', record_key => 'id', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_export('t_bad', destination => 'dest2', record_key => 'id', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_export('t_bad', destination => 'dest', purpose => 'why', record_key => 'id', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_export('t_bad', destination => 'dest, id', record_key => 'id', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_export('t_bad', destination => 'a b c', record_key => 'id', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_export('t_bad', destination => 'gen', record_key => 'id', data_class => 'rms', on_block => 'skip_row', mode => 'enforce');
SELECT sharing_guard.protect_export('t_bad', destination => 'dest', record_key => 'id', data_class => 'rmss', mode => 'enforce');
SELECT sharing_guard.protect_export('t_bad', destination => 'dest', record_key => 'id', mode => 'enforce');
SELECT sharing_guard.protect_export('t_bad', destination => 'dest', record_key => 'id', data_class => 'rms', on_block => 'maybe', mode => 'enforce');
SELECT sharing_guard.protect_export('t_bad', destination => 'dest', record_key => 'id', data_class => 'rms', mode => 'off');
SELECT sharing_guard.protect_export('t_bad', record_key => 'id', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_export(NULL, destination => 'dest', data_class => 'rms', mode => 'enforce');
-- None of these left anything behind.
SELECT relation FROM sharing_guard.guard WHERE relation = 't_bad'::regclass;
-- A stored generated column can be the destination, when nothing is skipped.
SELECT sharing_guard.protect_export('t_bad', destination => 'gen', record_key => 'id', data_class => 'rms', mode => 'enforce');
\set VERBOSITY terse
INSERT INTO t_bad (id, dest) VALUES (1, 'oakdale-pd');
\set VERBOSITY default
-- Other arguments: says what it changed.
SELECT sharing_guard.protect_export('t_bad', destination => 'dest', record_key => 'id', data_class => 'rms',
                                    bookkeeping => 'f, dest2', on_block => 'skip_row', mode => 'observe');
INSERT INTO t_bad (id, dest) VALUES (1, 'oakdale-pd');
-- A foreign table can be an export table, and part of one: it gets what it
-- needs, and so does the tree it is in (test/t/120_foreign_table.pl sends rows).
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE t_foreign (id int NOT NULL, dest text) SERVER nowhere;
SELECT sharing_guard.protect_export('t_foreign', destination => 'dest', record_key => 'id', data_class => 'rms', mode => 'enforce');
CREATE TABLE t_part (id int NOT NULL, dest text) PARTITION BY RANGE (id);
SELECT sharing_guard.protect_export('t_part', destination => 'dest', record_key => 'id', data_class => 'rms', mode => 'enforce');
CREATE FOREIGN TABLE t_part_foreign (id int NOT NULL, dest text) SERVER nowhere;
ALTER TABLE t_part ATTACH PARTITION t_part_foreign FOR VALUES FROM (1) TO (9);
SELECT tgrelid::regclass AS relation, tgname FROM pg_trigger
WHERE tgrelid IN ('t_foreign'::regclass, 't_part'::regclass, 't_part_foreign'::regclass) ORDER BY 1, 2;
SELECT count(*) AS defects FROM sharing_guard.guard g, sharing_guard.guard_defects(g.guard_id);
DROP FOREIGN TABLE t_part_foreign;
CREATE FOREIGN TABLE t_part_foreign PARTITION OF t_part FOR VALUES FROM (1) TO (9) SERVER nowhere;
SELECT status, subject, finding FROM sharing_guard.preflight('t_foreign') WHERE subject LIKE '%t_foreign';
DROP FOREIGN DATA WRAPPER nothing CASCADE;
DROP TABLE t_enum, t_int, "таблица_для_обмена_данными_слово", t_key, t_part;
DROP VIEW v_bad; DROP TABLE t_bad; DROP TYPE partner_enum; DROP DOMAIN reason_code;
