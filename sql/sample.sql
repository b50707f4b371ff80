-- A sample that no person chose: announced, drawn with a public value, verified.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set superuser :USER
SET client_min_messages = warning;
CREATE ROLE regress_sg_reviewer LOGIN;
SELECT sharing_guard.grant_auditor('regress_sg_reviewer') IS NOT NULL;
CREATE TABLE feed (id int PRIMARY KEY, dest text, why text);
SELECT sharing_guard.protect_export('feed', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce') IS NOT NULL;
RESET client_min_messages;
-- Thirty events: each purpose is one, and a refusal.
DO $$ BEGIN FOR i IN 1 .. 30 LOOP INSERT INTO feed VALUES (i, 'oakdale-pd', 'theft'); PERFORM pg_sleep(0); COMMIT; END LOOP; END $$;
SELECT sharing_guard.seal() > 0 AS sealed;

\c - regress_sg_reviewer
-- What it is drawn from must be fixed first.
\set VERBOSITY terse
SELECT sharing_guard.announce_sample(1, 10, 'a lottery');
\set VERBOSITY default
SELECT sharing_guard.close_period() IS NOT NULL AS closed;
SELECT sharing_guard.announce_sample(1, 10, 'the draw of next Saturday, numbers in ascending order') AS announcement \gset
SELECT period_id, size, source FROM sharing_guard.sample_announcement;
-- With the same value the same events, with another others.
SELECT count(*) AS frame FROM sharing_guard.sample_order(sharing_guard.own_tree(), 1, (SELECT root FROM sharing_guard.sample_announcement), '1 2 3');
SELECT count(*), count(DISTINCT event_id), max(place) FROM sharing_guard.review_sample(:'announcement', ' 1 2 3 ');
SELECT v.source, v.value, v.draws, v.problem FROM sharing_guard.sample_draw d, sharing_guard.verify_sample(d.draw_id) v;
-- A second draw shows.
SELECT count(*) FROM sharing_guard.review_sample(:'announcement', '4 5 6');
SELECT v.value, v.draws, v.problem FROM sharing_guard.sample_draw d, sharing_guard.verify_sample(d.draw_id) v ORDER BY draw_id;
-- The draw can be made without this program: root, value and id, hashed.
SELECT bool_and(digest = sha256((SELECT root FROM sharing_guard.sample_announcement) || '1 2 3'::bytea || uuid_send(event_id))) AS as_said
FROM sharing_guard.sample_order(sharing_guard.own_tree(), 1, (SELECT root FROM sharing_guard.sample_announcement), '1 2 3');
SELECT sharing_guard.seal() > 0 AS sealed;
SELECT kind, relation FROM sharing_guard.review_period(2) WHERE relation LIKE '%sample%' ORDER BY event_id;
\set VERBOSITY terse
SELECT sharing_guard.review_sample('00000000-0000-0000-0000-000000000000', '1');
SELECT sharing_guard.review_sample(:'announcement', ' ');
SELECT sharing_guard.announce_sample(1, 0, 'x');
-- It bars the auditor from nothing.
SELECT sharing_guard.sign_off(1, 'I have reviewed this period.') IS NOT NULL AS signed;
SELECT count(*) AS defects FROM sharing_guard.act_defects();

\c - :superuser
-- What was tampered with is told.
SET session_replication_role = replica;
ALTER TABLE sharing_guard.sample_draw DISABLE TRIGGER ALL;
UPDATE sharing_guard.sample_draw SET event_ids = event_ids[2:] WHERE value = '1 2 3';
SELECT v.value, v.problem FROM sharing_guard.sample_draw d, sharing_guard.verify_sample(d.draw_id) v WHERE v.value = '1 2 3';
ALTER TABLE sharing_guard.sample_draw ENABLE TRIGGER ALL;
SELECT count(*) > 0 AS told FROM sharing_guard.act_defects();
RESET session_replication_role;
SET client_min_messages = warning;
DROP TABLE feed CASCADE;
SELECT sharing_guard.revoke_auditor('regress_sg_reviewer') IS NOT NULL;
DROP ROLE regress_sg_reviewer;
