-- An application's ordinary day on a protected table: the statements that
-- Django and SQLAlchemy send, and what a DBA runs at night.  Reads are on
-- record; of writes only those are that search by a query element.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set reads :srcdir '/test/reads.sql'
\i :reads
\set VERBOSITY terse
SET client_min_messages = warning;

CREATE TABLE alpr.camera (id int PRIMARY KEY, name varchar(20));
INSERT INTO alpr.camera SELECT i, 'camera ' || i FROM generate_series(1, 9) i;
CREATE DOMAIN alpr.positive AS int CHECK (VALUE > 0);
CREATE TABLE alpr.hit (
    id bigserial PRIMARY KEY,
    plate varchar(10) NOT NULL CHECK (length(plate) > 1),
    camera_id int REFERENCES alpr.camera ON DELETE CASCADE ON UPDATE CASCADE,
    seen timestamptz NOT NULL DEFAULT now(),
    speed numeric(5, 1),
    status text NOT NULL DEFAULT 'new',
    version alpr.positive NOT NULL DEFAULT 1,
    seen_day date GENERATED ALWAYS AS ((seen AT TIME ZONE 'UTC')::date) STORED,
    detail jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz,
    place_id int REFERENCES alpr.camera DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (plate, seen),
    CHECK (speed IS NULL OR speed >= 0));
CREATE INDEX ON alpr.hit (lower(plate)) WHERE status <> 'done';
CREATE INDEX ON alpr.hit USING gin (to_tsvector('english', status));
CREATE TABLE alpr.note (id bigserial PRIMARY KEY, hit_id bigint NOT NULL REFERENCES alpr.hit ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, body text);
INSERT INTO alpr.hit (plate, camera_id, seen) SELECT 'P' || i, i % 9 + 1, '2026-01-01 10:00+00'::timestamptz + i * interval '1 hour' FROM generate_series(1, 30) i;
INSERT INTO alpr.note (hit_id, body) VALUES (3, 'a note');
SELECT sharing_guard.protect_records('alpr.hit', data_class => 'alpr', query_elements => 'plate', mode => 'enforce');
GRANT ALL ON ALL TABLES IN SCHEMA alpr TO sg_officer;
GRANT ALL ON ALL SEQUENCES IN SCHEMA alpr TO sg_officer;
SELECT * FROM news();

SET SESSION AUTHORIZATION sg_officer;
-- Django: get_or_create(), which searches first.
BEGIN;
PREPARE get (text) AS SELECT "hit"."id", "hit"."plate" FROM alpr.hit WHERE "hit"."plate" = $1 LIMIT 21;
EXECUTE get('NEW1');
SAVEPOINT s1;
PREPARE make (text, int, timestamptz) AS INSERT INTO alpr.hit ("plate", "camera_id", "seen", "speed", "status", "version", "updated_at") VALUES ($1, $2, $3, NULL, 'new', 1, NULL) RETURNING "hit"."id";
EXECUTE make('NEW1', 1, '2026-02-01 00:00+00');
RELEASE SAVEPOINT s1;
COMMIT;
SELECT op, elements, rows FROM news();
-- save(), F(), update(), Now(), Coalesce(), a date's parts.
PREPARE save AS UPDATE alpr.hit SET "plate" = $1, "camera_id" = $2, "seen" = $3, "speed" = $4, "status" = $5, "version" = $6, "updated_at" = $7 WHERE "hit"."id" = $8;
EXECUTE save('P2X', 2, '2026-01-01 12:30+00', 41.26, 'seen', 2, NULL, 2);
PREPARE increment (bigint) AS UPDATE alpr.hit SET "version" = ("hit"."version" + 1) WHERE "hit"."id" = $1;
EXECUTE increment(2);
UPDATE alpr.hit SET "status" = 'old', "updated_at" = (STATEMENT_TIMESTAMP()) WHERE ("hit"."camera_id" = 4 AND "hit"."status" = 'new');
UPDATE alpr.hit SET "speed" = COALESCE("hit"."speed", 0) WHERE (EXTRACT(YEAR FROM "hit"."seen" AT TIME ZONE 'UTC') = 2026 AND DATE_TRUNC('month', "hit"."seen" AT TIME ZONE 'UTC')::date = '2026-01-01');
UPDATE alpr.hit SET "speed" = GREATEST("hit"."speed", 1.5), "status" = UPPER("hit"."status"), "detail" = "hit"."detail" || '{"a": 1}' WHERE "hit"."seen"::date BETWEEN '2026-01-01' AND '2026-01-02';
-- A foreign key as Django makes it, checked at the commit.
PREPARE save_place AS UPDATE alpr.hit SET "plate" = $1, "place_id" = $2 WHERE "hit"."id" = $3;
EXECUTE save_place('P2X', 1, 2);
UPDATE alpr.hit SET "place_id" = CASE WHEN ("hit"."id" = 5) THEN 1 WHEN ("hit"."id" = 6) THEN 2 ELSE NULL END::integer WHERE "hit"."id" IN (5, 6);
UPDATE alpr.hit SET "place_id" = NULL WHERE "hit"."id" IN (5, 6);
-- bulk_update(), bulk_create() with conflicts ignored or updated.
UPDATE alpr.hit SET "camera_id" = CASE WHEN ("hit"."id" = 5) THEN 1 WHEN ("hit"."id" = 6) THEN 2 ELSE NULL END::integer WHERE "hit"."id" IN (5, 6);
INSERT INTO alpr.hit ("plate", "seen") VALUES ('P7', '2026-01-01 17:00+00'), ('P8', '2026-03-01') ON CONFLICT DO NOTHING;
INSERT INTO alpr.hit ("plate", "seen", "speed") VALUES ('P7', '2026-01-01 17:00+00', 3) ON CONFLICT ("plate", "seen") DO UPDATE SET "speed" = EXCLUDED."speed", "version" = "hit"."version" + 1;
-- delete() of a few, by key.
DELETE FROM alpr.note WHERE "note"."hit_id" IN (11, 12);
DELETE FROM alpr.hit WHERE "hit"."id" IN (11, 12);
SELECT op, elements, rows FROM news();

-- SQLAlchemy: many rows at once, optimistic locking, a column of the server's.
INSERT INTO alpr.hit (plate, camera_id, seen) SELECT p0::VARCHAR, p1::INTEGER, p2::TIMESTAMP WITH TIME ZONE FROM (VALUES ('Q1', 1, '2026-04-01', 0), ('Q2', 2, '2026-04-02', 1)) AS imp_sen(p0, p1, p2, sen_counter) ORDER BY sen_counter RETURNING hit.plate AS p;
PREPARE optimistic (text, int, bigint, int) AS UPDATE alpr.hit SET status = $1, version = $2, updated_at = now() WHERE hit.id = $3 AND hit.version = $4;
EXECUTE optimistic('done', 4, 2, 3);
EXECUTE optimistic('done', 4, 2, 3);
PREPARE touch (bigint) AS UPDATE alpr.hit SET updated_at = CURRENT_TIMESTAMP WHERE hit.id = $1;
EXECUTE touch(9);
SET plan_cache_mode = force_generic_plan;
EXECUTE touch(9);
EXECUTE save('P2Y', 2, '2026-01-01 12:30+00', 41.26, 'seen', 2, NULL, 2);
EXECUTE optimistic('done', 4, 2, 2);
RESET plan_cache_mode;
DELETE FROM alpr.hit WHERE hit.id = 9;
UPDATE alpr.hit SET camera_id = c.id FROM alpr.camera c WHERE c.name = 'camera 9' AND hit.camera_id = 8;
UPDATE alpr.hit SET status = v.s FROM (VALUES (13, 'a'), (14, 'b')) AS v (id, s) WHERE hit.id = v.id;
MERGE INTO alpr.hit h USING (VALUES (15::bigint, 2.0)) AS v (id, s) ON h.id = v.id WHEN MATCHED THEN UPDATE SET speed = v.s, version = h.version + 1 WHEN NOT MATCHED THEN INSERT (plate, seen) VALUES ('none', now());
SELECT op, elements, rows FROM news();

-- Cascades, from and to the table.
DELETE FROM alpr.camera WHERE id = 7;
UPDATE alpr.camera SET id = 70 WHERE id = 6;
DELETE FROM alpr.hit WHERE id = 3;
SELECT count(*) FROM alpr.note WHERE hit_id = 3;
-- At night.
DELETE FROM alpr.hit WHERE seen < '2026-01-02'::date;
DELETE FROM alpr.hit WHERE seen < now() - interval '20 years';
DELETE FROM alpr.hit WHERE seen + interval '20 years' < current_timestamp;
DELETE FROM alpr.hit WHERE seen_day < current_date - 7000 AND date_trunc('day', seen) < now();
DELETE FROM alpr.hit WHERE ctid = ANY (ARRAY(SELECT '(0,1)'::tid));
DELETE FROM alpr.hit WHERE plate IS NULL;
UPDATE alpr.hit SET status = 'archived' WHERE age(seen) > interval '20 years' OR to_char(seen, 'YYYY') = '1999';
DELETE FROM alpr.hit h USING alpr.camera c WHERE c.id = h.camera_id AND c.name = 'gone';
DELETE FROM alpr.hit h WHERE NOT EXISTS (SELECT FROM alpr.camera c WHERE c.id = h.camera_id) AND h.camera_id IS NOT NULL;
COPY alpr.hit (plate, seen) FROM stdin;
C1	2026-05-01
\.
SELECT op, elements, rows FROM news();

-- What searches by the plate is a search.
UPDATE alpr.hit SET status = 'x' WHERE plate = 'P29';
PREPARE by_plate (text) AS DELETE FROM alpr.hit WHERE plate = $1;
EXECUTE by_plate('P28');
UPDATE alpr.hit SET status = 'x' WHERE plate LIKE 'P2%';
UPDATE alpr.hit SET status = CASE WHEN plate = 'P27' THEN 'it' ELSE 'not' END WHERE id = 27;
UPDATE alpr.hit SET version = 2 WHERE substr(plate, 1, 1) = 'Z';
UPDATE alpr.hit h SET version = 3 FROM alpr.hit o WHERE o.plate = h.plate AND o.id > h.id;
UPDATE alpr.hit SET status = 'hot' FROM (VALUES ('P26'), ('P25')) AS v (p) WHERE plate = v.p;
INSERT INTO alpr.hit (plate, seen) VALUES ('C1', '2026-05-01') ON CONFLICT (plate, seen) DO UPDATE SET version = 2 WHERE hit.plate <> 'C2';
SELECT op, elements, rows FROM news();

-- A unique index that a row meets, a check that fails.
INSERT INTO alpr.hit (plate, seen) VALUES ('C1', '2026-05-01');
UPDATE alpr.hit SET version = 0 WHERE id = 27;
SELECT op, elements, rows, ending FROM news();
RESET SESSION AUTHORIZATION;

SELECT sharing_guard.unbind_role('sg_oakdale');
SELECT sharing_guard.unbind_role('sg_springs');
DROP SCHEMA alpr CASCADE;
DROP TABLE seen;
DROP FUNCTION news;
DELETE FROM sharing_guard.role_binding;
DROP ROLE sg_oakdale, sg_springs, sg_officer;
