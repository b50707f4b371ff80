-- Brings a vendor's audit file in: :file, made even by csv-even, with :columns
-- columns and :separator between them.  No name in the file becomes SQL:
-- columns are numbered, and the names in its first line are only looked up.

SELECT format('CREATE TABLE raw (line integer, fields integer, %s)',
              string_agg(format('f%s text', n), ', ' ORDER BY n))
FROM generate_series(1, :columns) AS n \gexec
COPY raw FROM :'file' WITH (FORMAT csv, DELIMITER :'separator');
SELECT format('CREATE VIEW record AS SELECT line, ARRAY[%s] AS f FROM raw',
              string_agg(format('nullif(btrim(f%s), '''')', n), ', ' ORDER BY n))
FROM generate_series(1, :columns) AS n \gexec

-- How vendors spell what we look for; case, blanks and punctuation do not
-- matter.  Where two columns of a file mean the same, the first spelling here
-- is taken.
CREATE TABLE spelling (
    rank integer GENERATED ALWAYS AS IDENTITY,
    meaning text,
    name text PRIMARY KEY
);
INSERT INTO spelling (meaning, name)
SELECT meaning, name FROM (VALUES
    ('organization', 'org name, organization name, organisation name, organization, organisation, org, agency name, agency, searching agency, requesting agency, searching organization, requesting organization, department, department name'),
    ('reason', 'reason, search reason, reason for search, purpose, search purpose, justification'),
    ('offense', 'offense type, offence type, offense, offence, crime type'),
    ('case number', 'case #, case number, case no, case, case id, incident number, incident #'),
    ('plate', 'license plate, licence plate, plate, plate number, license plate number, plates, license plates, lp'),
    ('person', 'name, user name, user, officer, officer name, full name, searched by, user id, user email, email'),
    ('search time', 'search time, search date, search date time, searched at, date time, timestamp, date, time, created at'),
    ('search type', 'search type, type'),
    ('id', 'id, search id, audit id, record id, uuid'),
    ('(nothing here)', 'total networks searched, total devices searched, network count, networks searched, camera count, cameras searched, device count, time frame, time frame start, time frame end, filters, moderation, text prompt')
    ) AS known (meaning, names),
    regexp_split_to_table(names, ', ') AS name;
CREATE FUNCTION folded(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT lower(regexp_replace(name, '[^[:alnum:]]+', '', 'g'))
$$;

-- The names in the first line, and what each is taken for.
CREATE TABLE heading AS
WITH heading AS (
    SELECT n AS position, r.name,
           (SELECT min(s.rank) FROM spelling s WHERE folded(s.name) = folded(r.name)) AS rank
    FROM (SELECT * FROM record ORDER BY line LIMIT 1) AS first,
         unnest(first.f) WITH ORDINALITY AS r (name, n)
), candidate AS (
    SELECT h.*, s.meaning,
           row_number() OVER (PARTITION BY s.meaning ORDER BY h.rank, h.position) AS choice
    FROM heading h LEFT JOIN spelling s USING (rank)
)
SELECT position, name, meaning, rank,
       coalesce(choice = 1 AND meaning <> '(nothing here)', false) AS used
FROM candidate;
