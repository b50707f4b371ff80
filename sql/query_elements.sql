-- What a query searches by, in its many places: beside a column in a call, from
-- a subquery, from a table that is joined; and what cannot be known.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
\set reads :srcdir '/test/reads.sql'
\i :reads
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION fuzzystrmatch;
CREATE TABLE watchlist (plate text, since date DEFAULT '2026-01-01');
INSERT INTO watchlist VALUES ('PLATE3'), ('PLATE4'), (NULL);
GRANT SELECT ON watchlist TO PUBLIC;
SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', query_elements => 'plate, seen', mode => 'enforce');
SELECT count(*) FROM news();

-- A call: what stands beside the column counts, a number that it is compared with does not.
SET ROLE sg_officer;
PREPARE like_it(text) AS SELECT count(*) FROM alpr.read WHERE similarity(plate, $1) > 0.5;
EXECUTE like_it('PLATE7');
SELECT count(*) FROM alpr.read WHERE levenshtein(plate, upper('plate8')) <= 1;
SELECT count(*) FROM alpr.read WHERE levenshtein_less_equal('PLATE9', plate, 1, 1, 2, 3) < 2;
SELECT count(*) FROM alpr.read WHERE starts_with(plate, 'PLATE1');
SELECT count(*) FROM alpr.read WHERE strpos(plate, 'TE15') > 0;
SELECT count(*) FROM alpr.read WHERE position('TE16' IN plate) > 0;
SELECT count(*) FROM alpr.read WHERE plate <-> 'PLATE12' < 0.3;
SELECT id FROM alpr.read ORDER BY plate <-> 'PLATE12', id LIMIT 1;
SELECT id FROM alpr.read ORDER BY similarity(plate, 'PLATE13') DESC, id LIMIT 1;
SELECT count(*) FROM alpr.read WHERE regexp_match(plate, '^PLATE1.$') IS NOT NULL;
SELECT count(*) FROM alpr.read WHERE substr(plate, 1, 6) = 'PLATE1';
SELECT count(*) FROM alpr.read WHERE replace(plate, 'T', '7') = 'PLA7E1';
SELECT count(*) FROM alpr.read WHERE length(plate) = 7;
SELECT count(*) FROM alpr.read WHERE (plate, seen) = ('PLATE5', '2026-01-01');
SELECT count(*) FROM alpr.read WHERE (plate, seen) < ('PLATE10', '2026-01-01');
SELECT count(*) FROM alpr.read WHERE extract(year FROM seen) = 2026;
SELECT count(*) FROM alpr.read WHERE seen > current_date - (current_date - date '1753-02-14');
SELECT count(*) FROM alpr.read r WHERE row_to_json(r)->>'plate' = 'PLATE6';
SELECT count(*) FROM alpr.read WHERE plate ~~ ANY (ARRAY['%20', '%19']);
-- How something is shown is no search.
SELECT plate || ' ' || state AS shown, left(plate, 2), to_char(seen, 'YYYY') FROM alpr.read WHERE id = 1;
RESET ROLE;
SELECT elements, rows FROM news();

-- From subqueries: known when the query has run.
SET ROLE sg_officer;
SELECT count(*) FROM alpr.read WHERE plate = (SELECT max(plate) FROM watchlist);
SELECT count(*) FROM alpr.read WHERE plate = lower((SELECT max(plate) FROM watchlist));
SELECT count(*) FROM alpr.read WHERE plate = ANY (ARRAY(SELECT plate FROM watchlist));
SELECT count(*) FROM alpr.read WHERE plate IN (SELECT plate FROM watchlist);
SELECT count(*) FROM alpr.read WHERE plate NOT IN (SELECT plate FROM watchlist WHERE plate > 'PLATE3');
SELECT count(*) FROM alpr.read WHERE plate IN (SELECT plate FROM watchlist) OR id = 9;
SELECT count(*) FROM alpr.read WHERE (plate, seen) IN (SELECT plate, since FROM watchlist);
SELECT count(*) FROM alpr.read WHERE starts_with(plate, (SELECT min(plate) FROM watchlist));
PREPARE unnested(text[]) AS SELECT count(*) FROM alpr.read WHERE plate IN (SELECT unnest($1));
EXECUTE unnested('{PLATE6,PLATE7}');
SELECT count(*) FROM alpr.read WHERE plate IN (SELECT upper(unnest('{plate6}'::text[])));
SELECT count(*) FROM alpr.read WHERE plate > ALL (SELECT plate FROM watchlist WHERE plate IS NOT NULL);
SELECT count(*) FROM alpr.read WHERE EXISTS (SELECT FROM watchlist w WHERE w.plate = alpr.read.plate);
SELECT count(*) FROM alpr.read WHERE EXISTS (SELECT FROM watchlist w WHERE w.plate = alpr.read.plate) OR id = 9;
WITH w AS MATERIALIZED (SELECT plate FROM watchlist) SELECT count(*) FROM alpr.read WHERE plate = (SELECT min(plate) FROM w);
SELECT 'PLATE9' IN (SELECT plate FROM alpr.read);
SELECT (SELECT max(plate) FROM alpr.read) = 'PLATE9';
RESET ROLE;
SELECT elements, rows FROM news();

-- A column that stands elsewhere: in a CASE, on the right, in a list, in a set operation,
-- in an aggregate of where a value would stand.  No value is made up.
SET ROLE sg_officer;
SELECT count(*) FROM alpr.read WHERE CASE plate WHEN 'PLATE3' THEN true ELSE false END;
SELECT count(CASE lower(plate) WHEN 'plate3' THEN CASE state WHEN 'CA' THEN 'x' END WHEN 'plate4' THEN 'y' END) FROM alpr.read;
SELECT count(*) FROM alpr.read WHERE CASE WHEN plate = 'PLATE3' THEN 1 ELSE 0 END = 1;
SELECT count(*) FROM alpr.read WHERE (plate = 'PLATE3')::int = 1;
SELECT count(*) FROM alpr.read WHERE 'XPLATE3Y' LIKE '%' || plate || '%';
SELECT count(*) FROM alpr.read WHERE 'PLATE3' ~ plate;
SELECT count(*) FROM alpr.read WHERE '{"PLATE3": 1}'::jsonb ? plate;
SELECT count(*) FROM alpr.read WHERE 'PLATE3' = ANY (ARRAY[plate, state]);
SELECT 'PLATE3' <> ALL (array_agg(plate)) FROM alpr.read;
SELECT plate FROM alpr.read INTERSECT SELECT 'PLATE3';
SELECT 'PLATE3' EXCEPT ALL SELECT plate FROM alpr.read;
SELECT count(*) FROM (SELECT plate, seen FROM alpr.read EXCEPT SELECT plate, DATE '2026-01-01' FROM watchlist) x;
SELECT plate FROM alpr.read WHERE id = 1 INTERSECT SELECT plate FROM alpr.read;
SELECT rank('PLATE3') WITHIN GROUP (ORDER BY plate) FROM alpr.read;
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY seen) FROM alpr.read;
SELECT count(*) FROM alpr.read WHERE plate IN (SELECT 'PLATE3' UNION ALL SELECT 'PLATE4');
WITH RECURSIVE x (p) AS (SELECT 'PLATE3' UNION ALL SELECT 'PLATE4' FROM x WHERE p = 'PLATE3')
SELECT count(*) FROM alpr.read JOIN x ON plate = p;
RESET ROLE;
SELECT elements, rows FROM news();

-- Another row of the same table: whose value that is, nobody has said.  The same row's is no search.
SET ROLE sg_officer;
SELECT count(*) FROM alpr.read WHERE plate IN (SELECT plate FROM alpr.read WHERE id = 3);
SELECT count(*) FROM alpr.read WHERE plate = (SELECT plate FROM alpr.read WHERE id = 3);
SELECT count(*) FROM alpr.read a JOIN alpr.read b USING (plate) WHERE b.id = 3;
SELECT count(*) FROM alpr.read WHERE plate <> upper(plate);
SELECT count(*) FROM alpr.read WHERE plate = CASE WHEN id > 0 THEN 'PLATE3' END;
SELECT count(*) FROM alpr.read WHERE plate = 'PLATE' || id;
SELECT count(*) FROM alpr.read WHERE (ARRAY['PLATE1', 'PLATE2'])[camera] = plate;
SELECT count(*) FROM (SELECT max(plate) FROM alpr.read HAVING max(plate) = min(plate)) x;
RESET ROLE;
SELECT elements, rows FROM news();

-- From joins, by each kind.
CREATE FUNCTION joins() RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT count(*) FROM alpr.read r JOIN watchlist w ON w.plate = r.plate;
    RETURN QUERY SELECT count(*) FROM watchlist w LEFT JOIN alpr.read r ON r.plate = w.plate;
    RETURN QUERY SELECT count(*) FROM alpr.read r LEFT JOIN watchlist w ON r.plate = w.plate;
    RETURN QUERY SELECT count(*) FROM alpr.read r RIGHT JOIN (VALUES ('PLATE1'), ('PLATE99')) v (plate) USING (plate);
    RETURN QUERY SELECT count(*) FROM alpr.read r FULL JOIN watchlist w USING (plate);
    RETURN QUERY SELECT count(*) FROM (alpr.read r JOIN watchlist w USING (plate)) AS j WHERE j.plate = 'PLATE3';
    RETURN QUERY SELECT count(*) FROM watchlist w, LATERAL (SELECT * FROM alpr.read r WHERE r.plate = upper(w.plate) OFFSET 0) x;
    RETURN QUERY SELECT count(*) FROM watchlist w JOIN alpr.read r ON starts_with(r.plate, w.plate);
    RETURN QUERY SELECT count(*) FROM alpr.read a JOIN alpr.read b USING (plate) WHERE a.id = 1;
END $$;
GRANT EXECUTE ON FUNCTION joins TO PUBLIC;
SET ROLE sg_officer;
SELECT * FROM joins();
RESET ROLE;
SELECT elements, rows FROM news();
SET ROLE sg_officer;
SET enable_hashjoin = off;
SELECT count(*) FROM joins();
SET enable_mergejoin = off;
SELECT count(*) FROM joins();
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET ROLE;
SELECT elements, rows, count(*) FROM news() GROUP BY 1, 2 ORDER BY 1, 2;

-- More than is kept, and what nobody can know.
CREATE FUNCTION volatile_plate() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT 'PLATE1' WHERE random() >= 0 $$;
GRANT EXECUTE ON FUNCTION volatile_plate TO PUBLIC;
CREATE TABLE many_plates AS SELECT 'M' || i AS plate FROM generate_series(1, 5000) i;
GRANT SELECT ON many_plates TO PUBLIC;
SET ROLE sg_officer;
SELECT count(*) FROM alpr.read WHERE plate = volatile_plate();
SELECT count(*) FROM alpr.read JOIN many_plates USING (plate);
SELECT count(*) FROM alpr.read WHERE id = 1 AND (id = 1 OR plate = (1 / (id - id))::text);
SELECT count(*) FROM alpr.read WHERE plate = NULL;
RESET ROLE;
SELECT left(elements, 30) AS elements, right(elements, 14), rows FROM news();

-- A cursor's, which are added when it is over; an error in its midst.
BEGIN;
SET LOCAL ROLE sg_officer;
DECLARE c CURSOR FOR SELECT id FROM alpr.read JOIN watchlist USING (plate) ORDER BY id;
FETCH 1 FROM c;
RESET ROLE;
SELECT elements, rows, ending FROM news(1);
FETCH ALL FROM c;
COMMIT;
SELECT elements, rows, ending FROM news();
SELECT query_elements, rows_disclosed, ending FROM sharing_guard.audit_rows ORDER BY event_id DESC LIMIT 1;
SET ROLE sg_officer;
SELECT count(*) FROM alpr.read WHERE plate IN (SELECT plate FROM watchlist) AND 1 / (id - 3) > 0;
RESET ROLE;
SELECT elements, rows, ending FROM news();

DROP SCHEMA alpr CASCADE;
DROP TABLE seen, watchlist, many_plates;
DROP FUNCTION news, joins, volatile_plate;
DROP EXTENSION pg_trgm, fuzzystrmatch;
SELECT sharing_guard.unbind_role('sg_oakdale'), sharing_guard.unbind_role('sg_springs');
DROP ROLE sg_oakdale, sg_springs, sg_officer;
