\set ECHO none
-- What topics about reading start from, after fixture.sql: a table of plate
-- reads, a few logins, and news(): what was recorded since it was asked last.
\o /dev/null
SET client_min_messages = error;
CREATE SCHEMA alpr;
CREATE TABLE alpr.read (id int PRIMARY KEY, plate text, state char(2), seen date, camera int);
INSERT INTO alpr.read SELECT i, 'PLATE' || i, 'CA', '2026-01-01', i % 3 FROM generate_series(1, 20) i;
CREATE ROLE sg_oakdale LOGIN;
CREATE ROLE sg_springs LOGIN;
CREATE ROLE sg_officer LOGIN;
GRANT USAGE ON SCHEMA alpr TO PUBLIC;
GRANT SELECT ON alpr.read TO sg_oakdale, sg_springs, sg_officer;
SELECT sharing_guard.bind_role('sg_oakdale', 'oakdale-pd');
SELECT sharing_guard.bind_role('sg_springs', 'reno-test-pd');
CREATE TABLE seen (event_id uuid PRIMARY KEY);
GRANT SELECT, INSERT ON seen TO PUBLIC;
-- How a disclosure ended is written soon after, so it may have to be waited
-- for; those that are still open are ours, and known.
CREATE FUNCTION news(still_open int DEFAULT 0)
    RETURNS TABLE (acting text, "to" text, channel text, op text, relation text,
                   elements text, purpose text, outcome text, rows bigint, ending text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    FOR i IN 1 .. 500 LOOP
        EXIT WHEN (SELECT count(*) FROM sharing_guard.audit a WHERE a.ending = 'open') <= still_open;
        PERFORM pg_sleep(0.02);
    END LOOP;
    RETURN QUERY
    WITH fresh AS (
        INSERT INTO seen SELECT a.event_id FROM sharing_guard.audit a
        WHERE NOT EXISTS (SELECT FROM seen s WHERE s.event_id = a.event_id)
        RETURNING event_id)
    SELECT a.acting_role, a.destination, a.channel, a.operation, a.relation, a.query_elements,
           a.purpose, a.outcome, a.rows_disclosed, a.ending
    FROM sharing_guard.audit a JOIN fresh f ON f.event_id = a.event_id ORDER BY a.event_id;
END
$$;
RESET client_min_messages;
\o
\set ECHO all
