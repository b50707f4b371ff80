-- Sends the rows of a vendor's audit file, brought in by data-load.sql, through
-- a protected table in observe mode, for the home agency :'agency'.
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';

CREATE EXTENSION sharing_guard;
SELECT sharing_guard.configure('US-CA', :'agency', 'America/Los_Angeles');
SELECT count(*) FROM sharing_guard.adopt_policy('us-ca');

CREATE TABLE search (
    line integer PRIMARY KEY,
    id text,
    organization text,
    person text,
    plate text,
    purpose text,
    case_number text,
    searched_at timestamptz,
    search_type text
);
-- Where there is no organization these are the home agency's own searches, and
-- the persons its own.
SELECT bool_or(used AND meaning = 'organization') AS others FROM heading \gset
SELECT sharing_guard.protect_export('search', destination => 'organization',
    purpose => 'purpose', case_number => 'case_number', query_elements => 'plate',
    requesting_person => CASE WHEN NOT :'others' THEN 'person' END,
    data_class => 'alpr', mode => 'observe');

-- A time as vendors write it; NULL where it cannot be read.  Days come first where
-- they are set off by dots (08.03.2026), and where a column of dates with slashes has
-- one that can only be read so (23/03/2026).
SELECT coalesce(bool_or(f[position] ~ '^(1[3-9]|2[0-9]|3[01])[/-]\d{1,2}[/-]\d{4}'), false) AS day_first
FROM record, heading WHERE used AND meaning = 'search time' \gset
CREATE TABLE reading AS SELECT :'day_first'::boolean AS day_first;
CREATE FUNCTION moment(written text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    part text[] := regexp_match(written, '^(\d{1,2})([./-])(\d{1,2})\2(\d{4})(.*)$');
    at timestamptz;
BEGIN
    IF part IS NOT NULL THEN
        at := CASE WHEN part[2] = '.' OR (SELECT day_first FROM reading)
                   THEN format('%s-%s-%s%s', part[4], part[3], part[1], part[5])
                   ELSE format('%s-%s-%s%s', part[4], part[1], part[3], part[5]) END;
    ELSIF written ~ '^\d' THEN
        at := written;
    END IF;
    RETURN CASE WHEN at BETWEEN '2000-01-01' AND '2100-01-01' THEN at END;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;

CREATE TABLE load_time AS SELECT clock_timestamp() AS start, NULL::timestamptz AS stop;
WITH place AS (
    SELECT jsonb_object_agg(meaning, position) AS of FROM heading WHERE used
)
INSERT INTO search
SELECT line, f[(of->>'id')::int],
       CASE WHEN of ? 'organization' THEN f[(of->>'organization')::int]
            ELSE (SELECT agency FROM sharing_guard.setting) END,
       f[(of->>'person')::int], f[(of->>'plate')::int],
       nullif(concat_ws('; ', f[(of->>'offense')::int], f[(of->>'reason')::int]), ''),
       f[(of->>'case number')::int], moment(f[(of->>'search time')::int]),
       f[(of->>'search type')::int]
FROM place, record
WHERE line > (SELECT min(line) FROM raw)
ORDER BY line;
UPDATE load_time SET stop = clock_timestamp();
