-- Where the rolling 90 days begin: exact, also where clocks are changed.
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- "starts" in UTC, and as clocks in the zone show it.
CREATE FUNCTION pg_temp.window_of(at timestamptz, zone text)
    RETURNS TABLE (starts timestamptz, local timestamp)
    LANGUAGE sql AS $$
    SELECT s, s AT TIME ZONE zone
    FROM sharing_guard.audit_window_start(at, zone) s
$$;

-- The plain case; local midnights on both sides of an equal date in UTC.
SELECT * FROM pg_temp.window_of('2026-06-30 12:00+00', 'UTC');
SELECT * FROM pg_temp.window_of('2026-06-30 00:00+00', 'UTC');
SELECT * FROM pg_temp.window_of('2026-06-29 23:59:59.999999+00', 'UTC');
SELECT * FROM pg_temp.window_of('2026-06-30 06:59:59.999999+00', 'America/Los_Angeles');
SELECT * FROM pg_temp.window_of('2026-06-30 07:00+00', 'America/Los_Angeles');

-- Across both changes of a year: the day is what counts, not 90 times 24 h.
SELECT * FROM pg_temp.window_of('2026-04-01 12:00+00', 'America/Los_Angeles');
SELECT * FROM pg_temp.window_of('2026-12-01 12:00+00', 'America/Los_Angeles');

-- The window begins on the day of a change (8 March, 1 November 2026).
SELECT * FROM pg_temp.window_of('2026-06-06 12:00-07', 'America/Los_Angeles');
SELECT * FROM pg_temp.window_of('2027-01-30 12:00-08', 'America/Los_Angeles');

-- Midnight that does not exist: 0:00 became 1:00 (Havana 9 March 2025,
-- Beirut 30 March 2025).
SELECT * FROM pg_temp.window_of('2025-06-07 12:00-04', 'America/Havana');
SELECT * FROM pg_temp.window_of('2025-06-28 12:00+03', 'Asia/Beirut');

-- Midnight that occurs twice: 1:00 became 0:00 (Havana 2 November 2025).  The
-- first one, where AT TIME ZONE would take the second.
SELECT *, timestamp '2025-11-02 00:00' AT TIME ZONE 'America/Havana' AS second_one
FROM pg_temp.window_of('2026-01-31 12:00-05', 'America/Havana');

-- An hour before midnight that occurs twice: 0:00 became 23:00 of the day
-- before (Beirut 26 October 2025).
SELECT * FROM pg_temp.window_of('2026-01-24 12:00+02', 'Asia/Beirut');

-- A change across midnight: 23:30 became 0:30, and 0:30 became 23:30.
SELECT * FROM pg_temp.window_of('2025-06-28 12:00+00',
    'AAA0BBB,M3.5.6/23:30,M10.5.0/0:30');
SELECT * FROM pg_temp.window_of('2026-01-24 12:00+00',
    'AAA0BBB,M3.5.6/23:30,M10.5.0/0:30');

-- A day that does not exist at all (Samoa, 30 December 2011).
SELECT * FROM pg_temp.window_of('2012-03-29 12:00+14', 'Pacific/Apia');

-- Half hours, three quarters; names in any case.
SELECT * FROM pg_temp.window_of('2026-06-30 12:00+00', 'Australia/Lord_Howe');
SELECT * FROM pg_temp.window_of('2026-06-30 12:00+00', 'asia/kathmandu');

-- Every hour of two years in zones of every kind: the window begins on the
-- right day, and a moment earlier is not of that day.
SELECT zone, count(*) AS hours,
    count(*) FILTER (WHERE (s AT TIME ZONE zone)::date <> (at AT TIME ZONE zone)::date - 90) AS wrong_day,
    count(*) FILTER (WHERE ((s - interval '1 microsecond') AT TIME ZONE zone)::date >= (at AT TIME ZONE zone)::date - 90) AS not_first
FROM unnest(ARRAY['UTC', 'America/Los_Angeles', 'America/Havana', 'Asia/Beirut',
        'Australia/Lord_Howe', 'Pacific/Apia', 'America/Phoenix']) zone,
    generate_series(timestamptz '2025-01-01 00:30+00', '2026-12-31 23:30+00', '1 hour') at,
    sharing_guard.audit_window_start(at, zone) s
GROUP BY zone ORDER BY zone;

-- Not a time zone; no time; times without end.
SELECT sharing_guard.audit_window_start(now(), 'America/West_Sacramento');
SELECT sharing_guard.audit_window_start(now(), '');
SELECT sharing_guard.audit_window_start(NULL, 'UTC'), sharing_guard.audit_window_start(now(), NULL);
SELECT sharing_guard.audit_window_start('infinity', 'UTC'), sharing_guard.audit_window_start('-infinity', 'UTC');
SELECT sharing_guard.audit_window_start('4713-01-10 00:00+00 BC', 'UTC');
SELECT sharing_guard.audit_window_start('294276-12-31 00:00+00', 'America/Los_Angeles');
