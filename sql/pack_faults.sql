-- (This one takes long: only in check-world.)
-- A pack that is no pack: errors of ours, which say what is wrong where.
\set SHOW_CONTEXT never
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
RESET client_min_messages;
SELECT sharing_guard.configure('US-IL', 'Anytown Police Department', 'America/Chicago', 'the records unit');
-- No JSON, and no object
SELECT * FROM sharing_guard.pack_adopt('us-x', '', true);
SELECT * FROM sharing_guard.pack_adopt('us-x', E'{\n"pack": "us-x",\n"version": "1",\n"rules": [}', true);
SELECT * FROM sharing_guard.pack_adopt('us-x', '[{}]', true);
SELECT * FROM sharing_guard.pack_adopt('us-x', '{"note": "\u0000"}', true);
SELECT * FROM sharing_guard.pack_adopt('us-x', '{"note": "\ud800"}', true);
SELECT * FROM sharing_guard.pack_adopt('us-x', '{"version": 1e999999}', true);
SELECT * FROM sharing_guard.pack_adopt('us-x', repeat('[', 200000), true);
-- The head
SELECT * FROM sharing_guard.pack_adopt('us-x', '{}', true);
SELECT * FROM sharing_guard.pack_adopt('us-x', '{"pack": "us-y", "version": 1, "jurisdiction": "IL",
    "checked_on": "2026-02-29", "note": null, "rule": [], "agencies": {}, "settings": [], "version": "2",
    "declared_tags": ["A", 1]}', true);
SELECT * FROM sharing_guard.pack_adopt('us-x', '{"pack": "us-x", "version": "1", "jurisdiction": "US",
    "checked_on": "2026-02-28", "settings": {"retention_floor": "two years", "record_self_access": ["alpr", "plates"],
    "retention_floor": "2 years", "mode": "observe"}}', true);
CREATE FUNCTION pg_temp.adopt(rest text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', a.change, a.object, a.key) FROM sharing_guard.pack_adopt('us-x',
        '{"pack": "us-x", "version": "1", "jurisdiction": "US-IL", "checked_on": "2026-11-23", ' || rest || '}', true) AS a
$$;
-- The entries
SELECT pg_temp.adopt('"agencies": [1, null, {}, {"agency_id": "a", "name": "A", "jurisdiction": "US-IL", "level": "local", "pack": "us-x"}]');
SELECT pg_temp.adopt('"agencies": [
    {"agency_id": "a", "name": "A", "jurisdiction": "US-IL", "level": "local", "ori": "IL0000000"},
    {"agency_id": "b", "name": "B", "jurisdiction": "US-IL", "level": "local", "ori": "IL0000000", "immigration_authority": "no"},
    {"agency_id": "a", "name": ["A"], "jurisdiction": "US-IL", "level": "local", "attested_on": "yesterday", "name": "A"}]');
SELECT pg_temp.adopt('"agency_aliases": [{"alias": "B", "agency_id": "nobody"}, {"alias": " ", "agency_id": "nobody"}]');
SELECT pg_temp.adopt('"purpose_terms": [{"term": "x", "tag": "t", "match": "word"}, {"match": "word", "term": "x", "tag": "t"}]');
SELECT pg_temp.adopt('"rules": [
    {"rule_id": "r", "description": "R", "outcome": "flag", "citation": "C", "authority_kind": "statute", "checked_on": "2026-11-23"},
    {"rule_id": "us-x.r", "description": "R", "outcome": "flag", "authority_kind": "statute",
     "agencies": ["nobody"], "purpose_tags": ["nothing"], "data_classes": "alpr", "channels": ["copy", 1]}]');
SELECT pg_temp.adopt('"sources": [{"source": "s", "titel": "S", "checked_on": "2026-11-23"}]');
-- Twenty are shown
SELECT pg_temp.adopt('"rules": [' || string_agg('{}', ', ') || ']') FROM generate_series(1, 10);
-- What the tables refuse
SELECT pg_temp.adopt('"agencies": [
    {"agency_id": "a", "name": "A", "jurisdiction": "US-IL", "level": "local"},
    {"agency_id": "b", "name": "B", "jurisdiction": "US-IL", "level": "city"}]');
SELECT pg_temp.adopt('"agencies": [{"agency_id": "a", "name": "A", "jurisdiction": "US-IL", "level": "local", "ori": "ABC"}]');
SELECT pg_temp.adopt('"agencies": [{"agency_id": "a", "name": "Ay", "jurisdiction": "US-IL", "level": "local"},
                                   {"agency_id": "b", "name": "Bee", "jurisdiction": "US-IL", "level": "local"}],
    "agency_aliases": [{"alias": "Cee", "agency_id": "a"}, {"alias": "C.E.E.", "agency_id": "b"}]');
SELECT pg_temp.adopt('"purpose_terms": [{"term": "ok then", "tag": "t", "match": "phrase"}, {"term": "ice", "tag": "t", "match": "prefix"}]');
SELECT pg_temp.adopt('"rules": [{"rule_id": "us-x.r", "description": "R", "outcome": "flag", "lifted_by": ["subpoena"],
    "citation": "C", "authority_kind": "statute", "checked_on": "2026-11-23"}]');
SELECT pg_temp.adopt('"rules": [{"rule_id": "us-x.r", "description": "R", "outcome": "flag", "data_classes": ["plates"],
    "citation": "C", "authority_kind": "statute", "checked_on": "2026-11-23"}]');
-- Nothing of all this stayed
SELECT count(*) FROM sharing_guard.pack_row;
SELECT count(*) FROM sharing_guard.rule;
-- A sound one
SELECT pg_temp.adopt('"agencies": [{"agency_id": "a", "name": "Ay", "jurisdiction": "US-IL", "level": "local"}],
    "agency_aliases": [{"alias": "Cee", "agency_id": "a"}],
    "declared_tags": ["said_so"],
    "rules": [{"rule_id": "us-x.r", "description": "R", "outcome": "flag", "agencies": ["a"], "purpose_tags": ["said_so"],
               "citation": "C", "authority_kind": "statute", "checked_on": "2026-11-23"}]');

-- Fuzz: whatever is done to a pack, the answer is a plan or an error of ours.
CREATE TEMP TABLE answer (kind text, state text, message text);
CREATE FUNCTION pg_temp.try(kind text, content text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count(*) FROM sharing_guard.pack_adopt('us-il', content, true);
    INSERT INTO answer VALUES (kind, 'adopted');
EXCEPTION WHEN OTHERS THEN
    INSERT INTO answer VALUES (kind, SQLSTATE, SQLERRM);
END
$$;
SET client_min_messages = error;
-- Each key of the head, and of one entry of each list, with what it must not be.
DO $$
DECLARE
    whole jsonb := sharing_guard.pack_content('us-il');
    path text[];
    value text;
BEGIN
    FOR path IN
        SELECT ARRAY[k] FROM jsonb_object_keys(whole) AS k
         UNION ALL
        SELECT ARRAY[l, '0', k]
          FROM unnest('{sources,agencies,agency_aliases,purpose_terms,rules}'::text[]) AS l,
               jsonb_object_keys(whole->l->0) AS k
    LOOP
        PERFORM pg_temp.try('removed', (whole #- path)::text);
        FOREACH value IN ARRAY ARRAY['null', '-1', '""', '"\u0001"', '[]', '[[]]', '{"x": {}}']
        LOOP
            PERFORM pg_temp.try('replaced', jsonb_set(whole, path, value::jsonb)::text);
        END LOOP;
    END LOOP;
END
$$;
-- Characters lost, doubled, exchanged
DO $$
DECLARE
    whole text := sharing_guard.pack_content('us-il');
    place integer;
    size integer;
BEGIN
    PERFORM setseed(0.25);
    FOR i IN 1 .. 100 LOOP
        place := 1 + floor(random() * length(whole));
        size := 1 + floor(random() * random() * 400);
        PERFORM pg_temp.try('lost', overlay(whole PLACING '' FROM place FOR size));
        PERFORM pg_temp.try('doubled', overlay(whole PLACING repeat(substr(whole, place, size), 2) FROM place FOR size));
        PERFORM pg_temp.try('exchanged', overlay(whole PLACING
            substr('{}[]",:\0u1et' || chr(1) || chr(127), 1 + floor(random() * 15)::integer, 1) FROM place FOR 1));
    END LOOP;
END
$$;
RESET client_min_messages;
-- Only codes of classes 22 and 23, which say what was wrong, and SG codes
SELECT kind, state, count(*) > 0 AS seen FROM answer
 WHERE state NOT IN ('adopted', '22023', '23514', '23505', '22008', '55000') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT message, count(*) FROM answer
 WHERE state <> 'adopted' AND message !~ '^(policy pack|rule|agency|alias|purpose term|tag|no words|a term|unknown|the (name|ORI|attestation|contract_reference)|data class) ?'
 GROUP BY 1 ORDER BY 1 LIMIT 20;
SELECT kind, count(*) > 50 AS many, count(*) FILTER (WHERE state = 'adopted') > 0 AS some_adopted FROM answer GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM sharing_guard.pack_row;
