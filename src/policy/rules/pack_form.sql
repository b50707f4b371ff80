
-- Checks the form of a policy pack.

-- Is this a date in the form that packs use?  A cast would raise an error
-- instead, which would hide all other faults of the pack.
CREATE FUNCTION sharing_guard.pack_is_date(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE
        WHEN value !~ '^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' THEN false
        ELSE right(value, 2)::integer <= extract(day FROM
                 make_date(left(value, 4)::integer, substr(value, 6, 2)::integer, 1)
                 + interval '1 month' - interval '1 day')
    END
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_is_date(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_is_date(text) IS
'Internal: whether this is a day in the form YYYY-MM-DD';

-- Returns the parts of a pack.  They have the columns of the tables
-- themselves, so that a pack can contain everything that can be entered by
-- hand.  Rows of a higher rank may refer to rows of a lower one.
CREATE FUNCTION sharing_guard.pack_layout()
RETURNS TABLE (rank integer, list text, object text, column_name text,
               column_type text, required boolean, is_key boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT o.rank, o.list, o.object, a.attname, format_type(a.atttypid, NULL),
           a.attname = ANY (o.required), a.attname = ANY (o.key)
      FROM (VALUES
               (1, 'agencies', 'agency', '{agency_id,name,jurisdiction,level}'::text[], '{agency_id}'::text[]),
               (2, 'agency_aliases', 'agency_alias', '{alias,agency_id}', '{alias}'),
               (3, 'purpose_terms', 'purpose_term', '{term,tag,match}', '{match,tag,term}'),
               (4, 'rules', 'rule',
                '{rule_id,description,outcome,citation,authority_kind,checked_on}', '{rule_id}'))
           AS o (rank, list, object, required, key)
           JOIN pg_attribute AS a
             ON a.attrelid = format('sharing_guard.%I', o.object)::regclass
            AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'pack'
     UNION ALL
    SELECT 0, 'sources', 'source', s.name, s.type, s.required, s.name = 'source'
      FROM (VALUES ('source', 'text', true), ('title', 'text', true), ('url', 'text', false),
                   ('dated', 'date', false), ('checked_on', 'date', true), ('note', 'text', false))
           AS s (name, type, required)
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_layout() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_layout() IS
'Internal: the lists of a policy pack and the keys of their entries';

-- Returns the place of an entry in a pack, for messages.
CREATE FUNCTION sharing_guard.pack_place(list text, entry bigint, key text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('%s, entry %s', list, entry) || coalesce(' (' || key || ')', '')
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_place(text, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_place(text, bigint, text) IS
'Internal: the place of an entry in a policy pack, in words';

-- Returns all faults in the form of a pack, and their places.  The argument is
-- json and not jsonb, which would silently drop all but the last of several
-- keys with the same name.  Faults that the tables' own checks find are left
-- to them.
CREATE FUNCTION sharing_guard.pack_faults(pack text, content json)
RETURNS TABLE (rank integer, entry bigint, place text, fault text)
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    WITH layout AS MATERIALIZED (
        SELECT * FROM sharing_guard.pack_layout()
    ), header (name, type, required) AS (
        VALUES ('pack', 'text', true), ('version', 'text', true), ('jurisdiction', 'text', true),
               ('checked_on', 'date', true), ('note', 'text', false), ('settings', 'object', false),
               ('declared_tags', 'array', false)
         UNION
        SELECT l.list, 'array', false FROM layout AS l
    ), top AS MATERIALIZED (
        SELECT e.key AS name, e.value, json_typeof(e.value) AS type,
               count(*) OVER (PARTITION BY e.key) AS times
          FROM json_each($2) AS e
    ), setting (name, type) AS (
        VALUES ('retention_floor', 'string'), ('record_self_access', 'array')
    ), entry AS MATERIALIZED (
        SELECT l.rank, l.list, l.object, e.n, e.value, json_typeof(e.value) AS type
          FROM (SELECT DISTINCT o.rank, o.list, o.object FROM layout AS o) AS l
               JOIN top AS t ON t.name = l.list AND t.type = 'array',
               LATERAL json_array_elements(t.value) WITH ORDINALITY AS e (value, n)
    ), cell AS MATERIALIZED (
        SELECT e.rank, e.list, e.object, e.n, c.key AS name, c.value,
               json_typeof(c.value) AS type,
               CASE WHEN json_typeof(c.value) = 'string' THEN c.value #>> '{}' END AS word,
               count(*) OVER (PARTITION BY e.list, e.n, c.key) AS times
          FROM entry AS e, LATERAL json_each(CASE WHEN e.type = 'object' THEN e.value END) AS c
    ), named AS MATERIALIZED (
        -- Name an entry by its key, where it has one.
        SELECT c.rank, c.list, c.n, string_agg(c.word, '/' ORDER BY c.name) AS key,
               bool_and(c.word IS NOT NULL) AND count(DISTINCT c.name)
                   = (SELECT count(*) FROM layout AS k WHERE k.list = c.list AND k.is_key) AS whole
          FROM cell AS c JOIN layout AS l ON l.list = c.list AND l.column_name = c.name
         WHERE l.is_key
         GROUP BY c.rank, c.list, c.n
    ), known_agency AS MATERIALIZED (
        SELECT c.word AS agency_id FROM cell AS c
         WHERE c.list = 'agencies' AND c.name = 'agency_id'
         UNION
        SELECT a.agency_id FROM sharing_guard.agency AS a
    ), known_tag AS MATERIALIZED (
        SELECT c.word AS tag FROM cell AS c
         WHERE c.list = 'purpose_terms' AND c.name = 'tag'
         UNION
        SELECT p.tag FROM sharing_guard.purpose_term AS p
         UNION
        SELECT unnest('{no_purpose,vague_purpose}'::text[])
         UNION
        SELECT i #>> '{}'
          FROM top AS t,
               LATERAL json_array_elements(CASE WHEN t.type = 'array' THEN t.value END) AS i
         WHERE t.name = 'declared_tags' AND json_typeof(i) = 'string'
    ), fault (rank, n, list, fault) AS (
        -- Faults of the header
        SELECT -1, 0, NULL, format('"%s" is missing', h.name)
          FROM header AS h
         WHERE h.required AND h.name NOT IN (SELECT t.name FROM top AS t)
         UNION ALL
        SELECT DISTINCT -1, 0, NULL, format('"%s" is no key of a pack', t.name)
          FROM top AS t WHERE t.name NOT IN (SELECT h.name FROM header AS h)
         UNION ALL
        SELECT DISTINCT -1, 0, NULL, format('"%s" is there %s times', t.name, t.times)
          FROM top AS t WHERE t.times > 1
         UNION ALL
        SELECT -1, 0, NULL, CASE h.type
                   WHEN 'array' THEN format('"%s" is not a list', h.name)
                   WHEN 'object' THEN format('"%s" is not an object', h.name)
                   WHEN 'date' THEN format('"%s" is not a day in the form "2026-01-31"', h.name)
                   ELSE format('"%s" is not a text, or an empty one', h.name) END
          FROM top AS t JOIN header AS h USING (name)
         WHERE CASE h.type
                   WHEN 'date' THEN t.type <> 'string' OR NOT sharing_guard.pack_is_date(t.value #>> '{}')
                   WHEN 'text' THEN t.type <> 'string' OR btrim(t.value #>> '{}') = ''
                   ELSE t.type <> h.type END
         UNION ALL
        SELECT -1, 0, NULL, format('"pack" is not "%s", the name under which it is installed', $1)
          FROM top AS t WHERE t.name = 'pack' AND t.type = 'string' AND t.value #>> '{}' <> $1
         UNION ALL
        SELECT -1, 0, NULL, '"jurisdiction" is not the ISO 3166-2 code of a state, such as "US-CA"'
          FROM top AS t
         WHERE t.name = 'jurisdiction' AND t.type = 'string'
           AND (t.value #>> '{}' !~ '^US-' OR NOT sharing_guard.is_jurisdiction(t.value #>> '{}'))

         UNION ALL
        SELECT -1, 0, NULL, '"declared_tags" has something in it that is no tag, such as "protected_health_care"'
          FROM top AS t
         WHERE t.name = 'declared_tags' AND t.type = 'array' AND EXISTS (
               SELECT FROM json_array_elements(CASE WHEN t.type = 'array' THEN t.value END) AS i
                WHERE json_typeof(i) <> 'string' OR i #>> '{}' !~ '^[a-z][a-z0-9_]*$')

         UNION ALL
        -- Faults of the settings
        SELECT -1, 1, 'settings', CASE
                   WHEN s.name IS NULL THEN format('"%s" is no setting of a pack', e.key)
                   WHEN json_typeof(e.value) <> s.type THEN
                       format('"%s" is not a %s', e.key, CASE s.type WHEN 'array' THEN 'list' ELSE 'text' END)
                   WHEN s.name = 'retention_floor' THEN
                       format('"%s" is not a time such as "2 years"', e.key)
                   ELSE format('"%s" lists something that is no data class', e.key) END
          FROM top AS t,
               LATERAL json_each(CASE WHEN t.type = 'object' THEN t.value END) AS e
               LEFT JOIN setting AS s ON s.name = e.key
         WHERE t.name = 'settings'
           AND CASE
               WHEN s.name IS NULL OR json_typeof(e.value) <> s.type THEN true
               WHEN s.name = 'retention_floor' THEN
                   e.value #>> '{}' !~ '^[1-9][0-9]{0,3} (day|month|year)s?$'
               ELSE json_array_length(e.value) = 0 OR EXISTS (
                   SELECT FROM json_array_elements(e.value) AS d
                    WHERE json_typeof(d) <> 'string'
                       OR d #>> '{}' NOT IN (SELECT k.data_class FROM sharing_guard.data_class AS k))
               END
         UNION ALL
        SELECT DISTINCT -1, 1, 'settings', format('"%s" is there more than once', d.key)
          FROM (SELECT e.key, count(*) OVER (PARTITION BY e.key) AS times
                  FROM top AS t,
                       LATERAL json_each(CASE WHEN t.type = 'object' THEN t.value END) AS e
                 WHERE t.name = 'settings') AS d
         WHERE d.times > 1

         UNION ALL
        -- Faults of single entries
        SELECT e.rank, e.n, e.list, 'this is not an object'
          FROM entry AS e WHERE e.type <> 'object'
         UNION ALL
        SELECT e.rank, e.n, e.list, format('"%s" is missing', l.column_name)
          FROM entry AS e JOIN layout AS l USING (list)
         WHERE e.type = 'object' AND l.required
           AND NOT EXISTS (SELECT FROM cell AS c
                            WHERE c.list = e.list AND c.n = e.n AND c.name = l.column_name)
         UNION ALL
        SELECT DISTINCT c.rank, c.n, c.list,
               format('"%s" is no key of an entry in "%s"', c.name, c.list)
          FROM cell AS c
         WHERE NOT EXISTS (SELECT FROM layout AS l
                            WHERE l.list = c.list AND l.column_name = c.name)
         UNION ALL
        SELECT DISTINCT c.rank, c.n, c.list, format('"%s" is there %s times', c.name, c.times)
          FROM cell AS c WHERE c.times > 1
         UNION ALL
        SELECT c.rank, c.n, c.list, format('"%s" is not %s', c.name, CASE l.column_type
                   WHEN 'boolean' THEN 'true or false'
                   WHEN 'date' THEN 'a day in the form "2026-01-31"'
                   WHEN 'text[]' THEN 'a list of texts'
                   ELSE 'a text, or an empty one' END)
          FROM cell AS c JOIN layout AS l ON l.list = c.list AND l.column_name = c.name
         WHERE CASE l.column_type
                   WHEN 'boolean' THEN c.type <> 'boolean'
                   WHEN 'date' THEN c.word IS NULL OR NOT sharing_guard.pack_is_date(c.word)
                   WHEN 'text[]' THEN c.type <> 'array' OR EXISTS (
                       SELECT FROM json_array_elements(CASE WHEN c.type = 'array' THEN c.value END) AS i
                        WHERE json_typeof(i) <> 'string' OR btrim(i #>> '{}') = '')
                   ELSE c.word IS NULL OR btrim(c.word) = '' END

         UNION ALL
        -- Faults between entries
        SELECT d.rank, d.n, d.list, format('entry %s has the same key', d.first)
          FROM (SELECT k.*, min(k.n) OVER (PARTITION BY k.list, k.key) AS first
                  FROM named AS k WHERE k.whole) AS d
         WHERE d.n <> d.first
         UNION ALL
        SELECT d.rank, d.n, d.list, format('entry %s has the same ori', d.first)
          FROM (SELECT c.*, min(c.n) OVER (PARTITION BY c.word) AS first
                  FROM cell AS c
                 WHERE c.list = 'agencies' AND c.name = 'ori' AND c.word IS NOT NULL) AS d
         WHERE d.n <> d.first
         UNION ALL
        SELECT c.rank, c.n, c.list, format('"rule_id" does not begin with "%s."', $1)
          FROM cell AS c
         WHERE c.list = 'rules' AND c.name = 'rule_id' AND NOT starts_with(c.word, $1 || '.')
         UNION ALL
        SELECT r.rank, r.n, r.list, format('there is no agency "%s"', r.agency_id)
          FROM (SELECT c.rank, c.n, c.list, c.word AS agency_id FROM cell AS c
                 WHERE c.list = 'agency_aliases' AND c.name = 'agency_id'
                 UNION ALL
                SELECT c.rank, c.n, c.list, i #>> '{}'
                  FROM cell AS c,
                       LATERAL json_array_elements(CASE WHEN c.type = 'array' THEN c.value END) AS i
                 WHERE c.list = 'rules' AND c.name = 'agencies' AND json_typeof(i) = 'string') AS r
         WHERE NOT EXISTS (SELECT FROM known_agency AS k WHERE k.agency_id = r.agency_id)
         UNION ALL
        SELECT c.rank, c.n, c.list,
               format('no purpose term gives the tag "%s", nor is it among "declared_tags"', i #>> '{}')
          FROM cell AS c,
               LATERAL json_array_elements(CASE WHEN c.type = 'array' THEN c.value END) AS i
         WHERE c.list = 'rules' AND c.name = 'purpose_tags' AND json_typeof(i) = 'string'
           AND NOT EXISTS (SELECT FROM known_tag AS k WHERE k.tag = i #>> '{}')
    )
    SELECT f.rank, f.n,
           CASE WHEN f.n = 0 THEN 'head'
                WHEN f.list = 'settings' THEN 'settings'
                ELSE sharing_guard.pack_place(f.list, f.n, k.key) END,
           f.fault
      FROM fault AS f LEFT JOIN named AS k ON k.list = f.list AND k.n = f.n
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_faults(text, json) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_faults(text, json) IS
'Internal: all faults in the form of a policy pack, and their places';
