-- A rule to come changes nothing until its day, and then counts by itself: also
-- for decisions that are kept, in the middle of a session and of a statement.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
CREATE TABLE partner_export (id integer PRIMARY KEY, partner text, reason text);
SELECT sharing_guard.protect_export('partner_export', destination => 'partner', purpose => 'reason',
                                    data_class => 'rms', mode => 'enforce');
-- The day is the agency's own.  So that none need be waited for, its time zone
-- will be one in which a day begins in a few seconds; in the eastern half of
-- the world that is the day after Greenwich's.
CREATE TEMP TABLE day AS
SELECT (clock_timestamp() AT TIME ZONE 'UTC' + interval '12 hours')::date AS day;
SELECT a.* FROM day, sharing_guard.pack_adopt('us-x', '{"pack": "us-x", "version": "1", "jurisdiction": "US-CA",
    "checked_on": "2026-11-23", "rules": [{"rule_id": "us-x.to-come", "description": "Not any more", "outcome": "block",
    "destination_classes": ["in_state_public_agency"], "effective_from": "' || to_char(day, 'YYYY-MM-DD')
    || '", "citation": "C", "authority_kind": "statute", "checked_on": "2026-11-23"}]}', false) AS a ORDER BY object;
ALTER TABLE sharing_guard.setting DISABLE TRIGGER setting_check;
CREATE TEMP TABLE moment AS SELECT date_trunc('second', clock_timestamp()) + interval '4 seconds' AS midnight;
UPDATE sharing_guard.setting SET time_zone = (
    SELECT 'SOON' || CASE WHEN t > interval '12 hours' THEN '-' || to_char(interval '24 hours' - t, 'FMHH24:MI:SS')
                          ELSE to_char(t, 'FMHH24:MI:SS') END
      FROM (SELECT m.midnight AT TIME ZONE 'UTC' - date_trunc('day', m.midnight AT TIME ZONE 'UTC') AS t FROM moment AS m) AS x);
\set VERBOSITY sqlstate
-- The day before
INSERT INTO partner_export VALUES (1, 'oakdale-pd', 'burglary');
SELECT outcome, rule_ids FROM sharing_guard.preview_decision('oakdale-pd', 'burglary', 'rms');
-- One statement that lasts over midnight: its second row is refused, and so all of it
INSERT INTO partner_export
SELECT n, 'oakdale-pd', 'burglary' || CASE WHEN n = 3 THEN (
           SELECT left(pg_sleep(extract(epoch FROM midnight - clock_timestamp()) + 0.1)::text, 0) FROM moment) ELSE '' END
  FROM generate_series(2, 3) AS n;
SELECT count(*) FROM partner_export;
-- The day has come
SELECT outcome, rule_ids FROM sharing_guard.preview_decision('oakdale-pd', 'burglary', 'rms');
INSERT INTO partner_export VALUES (5, 'oakdale-pd', 'burglary');
-- In a preview, any moment
SELECT p.outcome FROM moment, LATERAL sharing_guard.preview_decision('oakdale-pd', 'burglary', 'rms',
    at => midnight - interval '1 microsecond') AS p;
SELECT p.outcome FROM moment, LATERAL sharing_guard.preview_decision('oakdale-pd', 'burglary', 'rms', at => midnight) AS p;
