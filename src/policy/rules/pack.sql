
-- Policy packs: rules, purpose terms and agencies that come with the
-- extension.  Adopting one merges three versions: the rows of the pack's last
-- version, the current rows, and the rows of the new version.  Local changes
-- and deletions are kept.

CREATE TABLE sharing_guard.adopted_pack (
    pack text PRIMARY KEY,
    version text NOT NULL,
    adopted_at timestamptz NOT NULL,
    checked_on date,
    note text,
    sources jsonb,
    settings jsonb,
    declared_tags text[]
);
COMMENT ON TABLE sharing_guard.adopted_pack IS
'The policy packs in use; see adopt_policy()';
COMMENT ON COLUMN sharing_guard.adopted_pack.pack IS
'Its name, such as us-ca';
COMMENT ON COLUMN sharing_guard.adopted_pack.version IS
'The version that was adopted last';
COMMENT ON COLUMN sharing_guard.adopted_pack.adopted_at IS
'The time of that adoption';
COMMENT ON COLUMN sharing_guard.adopted_pack.checked_on IS
'Day on which the pack as a whole was last checked against the law';
COMMENT ON COLUMN sharing_guard.adopted_pack.note IS
'A note of its authors';
COMMENT ON COLUMN sharing_guard.adopted_pack.sources IS
'Its sources: a list of source, title, url, dated, checked_on, note';
COMMENT ON COLUMN sharing_guard.adopted_pack.settings IS
'The settings that it makes for the whole installation, by name';
COMMENT ON COLUMN sharing_guard.adopted_pack.declared_tags IS
'Purpose tags that its rules use but no term gives: applications declare them';
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.adopted_pack', '');

SELECT sharing_guard.is_policy_table('adopted_pack', 'pack');

-- These rows are not policy themselves, so their changes make no events.
CREATE TABLE sharing_guard.pack_row (
    pack text NOT NULL,
    object text NOT NULL,
    key text NOT NULL,
    version text NOT NULL,
    content jsonb NOT NULL,
    PRIMARY KEY (pack, object, key)
);
COMMENT ON TABLE sharing_guard.pack_row IS
'The rows that a policy pack last brought, to recognize local changes';
COMMENT ON COLUMN sharing_guard.pack_row.pack IS
'The pack';
COMMENT ON COLUMN sharing_guard.pack_row.object IS
'The table';
COMMENT ON COLUMN sharing_guard.pack_row.key IS
'The row''s key';
COMMENT ON COLUMN sharing_guard.pack_row.version IS
'The version of the pack that brought it';
COMMENT ON COLUMN sharing_guard.pack_row.content IS
'The row as the pack brought it';
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.pack_row', '');

CREATE FUNCTION sharing_guard.pack_content(pack text) RETURNS text
    AS 'MODULE_PATHNAME', 'sg_sql_pack_content'
    LANGUAGE C STRICT VOLATILE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.pack_content(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_content(text) IS
'Internal: the text of an installed policy pack';

CREATE FUNCTION sharing_guard.pack_names() RETURNS text[]
    AS 'MODULE_PATHNAME', 'sg_sql_pack_names'
    LANGUAGE C STRICT VOLATILE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.pack_names() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_names() IS
'Internal: the names of the installed policy packs';

CREATE FUNCTION sharing_guard.available_packs()
    RETURNS TABLE (pack text, version text, adopted_version text, jurisdiction text,
        checked_on date, rules integer, agencies integer, purpose_terms integer, note text)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text;
    content jsonb;
BEGIN
    FOREACH name IN ARRAY sharing_guard.pack_names() LOOP
        pack := name;
        SELECT a.version INTO adopted_version FROM sharing_guard.adopted_pack AS a WHERE a.pack = name;
        -- A file that cannot be read must not hide the others.
        BEGIN
            content := sharing_guard.pack_content(name);
            version := content ->> 'version';
            jurisdiction := content ->> 'jurisdiction';
            checked_on := content ->> 'checked_on';
            rules := jsonb_array_length(coalesce(content -> 'rules', '[]'));
            agencies := jsonb_array_length(coalesce(content -> 'agencies', '[]'));
            purpose_terms := jsonb_array_length(coalesce(content -> 'purpose_terms', '[]'));
            note := content ->> 'note';
        EXCEPTION WHEN data_exception OR undefined_object OR program_limit_exceeded OR system_error OR object_not_in_prerequisite_state
                  OR insufficient_privilege OR wrong_object_type THEN
            version := NULL; jurisdiction := NULL; checked_on := NULL;
            rules := NULL; agencies := NULL; purpose_terms := NULL;
            note := 'cannot be read: ' || SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.available_packs() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.available_packs() IS
'The policy packs that are installed on this server: version, the version that is adopted here (NULL: none), state, the day on which its law was last checked, and how much is in it';

-- Returns a row of a pack as the table would have it: with every column and
-- all defaults.  Rows of the pack's last version are completed in the same
-- way, so that a column that was added since does not look like a local
-- change.
CREATE FUNCTION sharing_guard.pack_complete_row(object text, content jsonb) RETURNS jsonb
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE object
        WHEN 'agency' THEN to_jsonb(jsonb_populate_record(
            NULL::sharing_guard.agency,
            '{"status": "active", "immigration_authority": false}' || content))
        WHEN 'agency_alias' THEN to_jsonb(jsonb_populate_record(
            NULL::sharing_guard.agency_alias, content))
        WHEN 'purpose_term' THEN to_jsonb(jsonb_populate_record(
            NULL::sharing_guard.purpose_term,
            '{"language": "en", "enabled": true}' || content))
        WHEN 'rule' THEN to_jsonb(jsonb_populate_record(
            NULL::sharing_guard.rule,
            '{"authority_kind": "agency", "contested": false, "enabled": true}' || content))
        -- Written as the column shows it: 24 months are 2 years.
        WHEN 'setting' THEN (
            SELECT jsonb_object_agg(e.key, coalesce(
                       to_jsonb(jsonb_populate_record(NULL::sharing_guard.setting, content))->e.key,
                       e.value))
              FROM jsonb_each(content) AS e)
    END
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_complete_row(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_complete_row(text, jsonb) IS
'Internal: a row of a policy pack with every column of its table';

CREATE FUNCTION sharing_guard.pack_key(object text, content jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE object
        WHEN 'agency' THEN content->>'agency_id'
        WHEN 'agency_alias' THEN content->>'alias'
        WHEN 'purpose_term' THEN concat_ws('/', content->>'match',
                                           content->>'tag', content->>'term')
        WHEN 'rule' THEN content->>'rule_id'
        WHEN 'setting' THEN (SELECT min(k) FROM jsonb_object_keys(content) AS k)
    END
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_key(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_key(text, jsonb) IS
'Internal: the key of a row of a policy pack, as text';

-- Returns the rows of a pack, sorted so that each row follows the rows that it
-- needs, each with its place in the pack.
CREATE FUNCTION sharing_guard.pack_new_rows(pack text, content jsonb)
RETURNS TABLE (rank integer, object text, key text, place text, content jsonb)
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT x.rank, x.object, x.key, sharing_guard.pack_place(x.list, x.n, x.key), x.complete
      FROM (SELECT o.rank, o.object, o.list, e.n, r.complete,
                   sharing_guard.pack_key(o.object, r.complete) AS key
              FROM (SELECT DISTINCT l.rank, l.object, l.list
                      FROM sharing_guard.pack_layout() AS l WHERE l.rank > 0) AS o,
                   jsonb_array_elements($2->o.list) WITH ORDINALITY AS e (element, n),
                   LATERAL (SELECT sharing_guard.pack_complete_row(
                                o.object,
                                e.element || jsonb_build_object('pack', $1))) AS r (complete)) AS x
     UNION ALL
    SELECT 5, 'setting', s.key, format('settings (%s)', s.key),
           sharing_guard.pack_complete_row('setting', jsonb_build_object(s.key, s.value))
      FROM jsonb_each($2->'settings') AS s
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_new_rows(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_new_rows(text, jsonb) IS
'Internal: the rows of a policy pack, complete';

-- Returns the current rows.
CREATE FUNCTION sharing_guard.pack_local_rows()
RETURNS TABLE (object text, key text, content jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT x.object, sharing_guard.pack_key(x.object, x.content), x.content
      FROM (SELECT 'agency', to_jsonb(a) FROM sharing_guard.agency AS a
             UNION ALL
            SELECT 'agency_alias', to_jsonb(l) FROM sharing_guard.agency_alias AS l
             UNION ALL
            SELECT 'purpose_term', to_jsonb(t) FROM sharing_guard.purpose_term AS t
             UNION ALL
            SELECT 'rule', to_jsonb(r) FROM sharing_guard.rule AS r
             UNION ALL
            SELECT 'setting', jsonb_build_object(e.key, e.value)
              FROM sharing_guard.setting AS s, jsonb_each(to_jsonb(s)) AS e
             WHERE jsonb_typeof(e.value) <> 'null') AS x (object, content)
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_local_rows() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_local_rows() IS
'Internal: the rows of the tables that policy packs fill';

-- Returns the step that adopting a pack takes for each row.  "todo" is insert,
-- update, delete, remember, forget or nothing; "change" is NULL where there is
-- nothing to report.
CREATE FUNCTION sharing_guard.pack_plan(pack text, content jsonb)
RETURNS TABLE (rank integer, object text, key text, place text, todo text,
               change text, detail text, content jsonb)
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    WITH raw AS MATERIALIZED (
        SELECT * FROM sharing_guard.pack_new_rows($1, $2)
    ), brought AS MATERIALIZED (
        SELECT p.object, p.key,
               sharing_guard.pack_complete_row(p.object, p.content) AS content
          FROM sharing_guard.pack_row AS p WHERE p.pack = $1
    ), here AS MATERIALIZED (
        SELECT * FROM sharing_guard.pack_local_rows()
    ), called AS MATERIALIZED (
        -- The identifying data of agencies: an ORI, or a name in a
        -- jurisdiction.  A name may end with its state in brackets where other
        -- states have a place of that name, too.
        SELECT r.is_new, r.key, s.ori, s.name
          FROM (SELECT true AS is_new, w.key, w.content FROM raw AS w
                       LEFT JOIN brought AS b USING (object, key)
                       LEFT JOIN here AS l USING (object, key)
                 WHERE object = 'agency' AND b.key IS NULL AND l.key IS NULL
                 UNION ALL
                SELECT false, l.key, l.content FROM here AS l WHERE l.object = 'agency') AS r,
               LATERAL (VALUES (r.content->>'ori', NULL),
                               (NULL, concat_ws('/', r.content->>'jurisdiction', sharing_guard.fold_name(
                                    regexp_replace(r.content->>'name', ' \([A-Z]{2}\)$', '')))))
                   AS s (ori, name)
    ), twins AS MATERIALIZED (
        -- Agencies of the pack that were entered here under another id.
        SELECT n.key, min(l.key) AS twin
          FROM called AS n JOIN called AS l ON l.name = n.name OR l.ori = n.ori
         WHERE n.is_new AND NOT l.is_new
         GROUP BY n.key
    ), brings AS MATERIALIZED (
        -- Aliases and rules that name such an agency get the existing one
        -- instead.
        SELECT w.rank, w.object, w.key, w.place,
               CASE WHEN w.object = 'agency_alias' AND t.twin IS NOT NULL
                    THEN w.content || jsonb_build_object('agency_id', t.twin)
                    WHEN w.object = 'rule' AND jsonb_typeof(w.content->'agencies') = 'array'
                    THEN w.content || jsonb_build_object('agencies', (
                        SELECT jsonb_agg(coalesce(u.twin, i.agency_id) ORDER BY i.n)
                          FROM jsonb_array_elements_text(w.content->'agencies')
                                   WITH ORDINALITY AS i (agency_id, n)
                               LEFT JOIN twins AS u ON u.key = i.agency_id))
                    ELSE w.content END AS content
          FROM raw AS w
               LEFT JOIN twins AS t ON w.object = 'agency_alias' AND t.key = w.content->>'agency_id'
    ), merged AS MATERIALIZED (
        SELECT coalesce(n.rank, array_position('{agency,agency_alias,purpose_term,rule,setting}'::text[], object)) AS rank,
               object, key, n.place, b.content AS old, l.content AS local, n.content AS new
          FROM brings AS n
               FULL JOIN brought AS b USING (object, key)
               LEFT JOIN here AS l USING (object, key)
    ), agencies AS MATERIALIZED (
        -- The agencies that will exist, for an alias or a rule to name.
        SELECT l.key FROM here AS l WHERE l.object = 'agency'
         UNION
        SELECT m.key FROM merged AS m
         WHERE m.object = 'agency' AND m.old IS NULL AND m.local IS NULL
           AND NOT EXISTS (SELECT FROM twins AS t WHERE t.key = m.key)
    ), spellings AS MATERIALIZED (
        -- The spellings that stand for an existing agency.
        SELECT l.content->>'agency_id' AS agency_id,
               sharing_guard.fold_name(s.spelling) AS folded
          FROM here AS l,
               LATERAL (VALUES (l.content->>'alias'), (l.content->>'name'), (l.content->>'ori'),
                               (CASE WHEN l.object = 'agency' THEN l.content->>'agency_id' END)) AS s (spelling)
         WHERE l.object IN ('agency', 'agency_alias') AND s.spelling IS NOT NULL
    ), taken AS MATERIALIZED (
        -- Aliases of the pack that stand for another agency here.
        SELECT m.key, min(s.agency_id) AS agency_id
          FROM merged AS m
               JOIN spellings AS s ON s.folded = sharing_guard.fold_name(m.new->>'alias')
         WHERE m.object = 'agency_alias' AND m.local IS NULL
           AND s.agency_id <> m.new->>'agency_id'
         GROUP BY m.key
    ), compared AS (
        SELECT m.*, t.twin, k.agency_id AS other,
               (SELECT string_agg(x.key, ', ' ORDER BY x.key)
                  FROM jsonb_each(m.local) AS x
                 WHERE x.key <> 'pack'
                   AND x.value IS DISTINCT FROM coalesce(m.new, m.old)->x.key) AS differing,
               -- The first agency that it names and that will not exist.
               CASE WHEN m.object IN ('agency_alias', 'rule') THEN (
                   SELECT min(named.agency_id)
                     FROM (SELECT m.new->>'agency_id' WHERE m.object = 'agency_alias'
                            UNION ALL
                           SELECT a FROM jsonb_array_elements_text(
                               CASE WHEN jsonb_typeof(m.new->'agencies') = 'array'
                                    THEN m.new->'agencies' ELSE '[]' END) AS a) AS named (agency_id)
                    WHERE named.agency_id IS NOT NULL
                      AND NOT EXISTS (SELECT FROM agencies AS g WHERE g.key = named.agency_id))
               END AS missing
          FROM merged AS m
               LEFT JOIN twins AS t ON m.object = 'agency' AND t.key = m.key
               LEFT JOIN taken AS k ON m.object = 'agency_alias' AND k.key = m.key
    ), decided AS (
        SELECT c.*,
               CASE
               WHEN c.object = 'setting' AND NOT EXISTS (
                        SELECT FROM sharing_guard.setting AS s WHERE to_jsonb(s) ? c.key)
               THEN 'absent'
               WHEN c.object = 'setting' AND c.new IS NULL THEN 'forget'
               -- The setting is a minimum: a longer local value stays, a
               -- shorter one is raised.
               WHEN c.object = 'setting' AND c.key = 'retention_floor'
                    AND (c.local->>c.key)::interval < (c.new->>c.key)::interval
               THEN 'raise'
               WHEN c.object = 'setting' AND c.key = 'retention_floor'
                    AND (c.local->>c.key)::interval >= (c.new->>c.key)::interval
               THEN 'same'
               WHEN c.new IS NULL AND c.local IS NULL THEN 'forget'
               WHEN c.new IS NULL AND c.local = c.old THEN 'delete'
               WHEN c.new IS NULL THEN 'keep withdrawn'
               WHEN c.old IS NULL AND c.local IS NOT NULL THEN 'keep own'
               WHEN c.old IS NULL AND c.twin IS NOT NULL THEN 'keep twin'
               WHEN c.old IS NOT NULL AND c.local IS NULL THEN 'keep deleted'
               WHEN c.other IS NOT NULL THEN 'keep other'
               WHEN c.missing IS NOT NULL AND c.local IS DISTINCT FROM c.new THEN 'keep orphan'
               WHEN c.old IS NULL THEN 'insert'
               WHEN c.local = c.new THEN 'same'
               WHEN c.local = c.old THEN 'update'
               ELSE 'keep changed'
               END AS case_of
          FROM compared AS c
    )
    SELECT d.rank, d.object, d.key, d.place,
           CASE WHEN d.case_of IN ('insert', 'update', 'delete') THEN d.case_of
                WHEN d.case_of = 'raise' THEN 'update'
                WHEN d.case_of IN ('same', 'keep changed', 'keep deleted') THEN 'remember'
                WHEN d.case_of = 'forget' THEN 'forget'
                ELSE 'nothing' END,
           CASE WHEN d.case_of = 'insert' THEN 'added'
                WHEN d.case_of IN ('update', 'raise') THEN 'updated'
                WHEN d.case_of = 'delete' THEN 'removed'
                WHEN d.case_of LIKE 'keep %' THEN 'kept local' END,
           CASE d.case_of
                WHEN 'update' THEN format('changed in the pack: %s', d.differing)
                WHEN 'raise' THEN format('raised to %s, the least that the pack allows', d.new->>d.key)
                WHEN 'delete' THEN 'no longer in the pack'
                WHEN 'keep withdrawn' THEN 'kept local: no longer in the pack, but changed here'
                WHEN 'keep own' THEN coalesce(
                    format('kept local: a row of this key was entered here; it differs in %s', d.differing),
                    'kept local: the same row was entered here')
                WHEN 'keep twin' THEN format('kept local: agency "%s", entered here, has this name or ORI', d.twin)
                WHEN 'keep deleted' THEN 'kept local: deleted here'
                WHEN 'keep other' THEN format('kept local: here this spelling stands for agency "%s"', d.other)
                WHEN 'keep orphan' THEN format('kept local: agency "%s" is not here', d.missing)
                WHEN 'keep changed' THEN format('kept local: changed here, differs from the pack in %s',
                                                d.differing)
                END,
           coalesce(d.new, d.old)
      FROM decided AS d
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_plan(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_plan(text, jsonb) IS
'Internal: the step that adopting a policy pack takes for each row';

-- Returns a pack's text as JSON; raises an error that gives the place of a
-- fault.
CREATE FUNCTION sharing_guard.pack_parse(pack text, content text) RETURNS json
    LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    reason text;
    line text;
BEGIN
    -- jsonb checks more than json does, such as the characters of \u escapes.
    PERFORM content::jsonb;
    IF json_typeof(content::json) <> 'object' THEN
        RAISE EXCEPTION 'policy pack "%" is not an object', pack
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Its text begins with { and ends with }; see doc/packs.md.';
    END IF;
    RETURN content::json;
EXCEPTION
    WHEN invalid_text_representation OR untranslatable_character
         OR numeric_value_out_of_range OR statement_too_complex OR program_limit_exceeded THEN
        GET STACKED DIAGNOSTICS reason = PG_EXCEPTION_DETAIL, line = PG_EXCEPTION_CONTEXT;
        RAISE EXCEPTION 'policy pack "%" is not JSON', pack
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = concat_ws(' ', coalesce(nullif(reason, ''), SQLERRM),
                                     '(' || substring(line FROM '^JSON data, (line [0-9]+)') || ')'),
                  HINT = 'Correct the file, or install the extension again.';
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_parse(text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_parse(text, text) IS
'Internal: the text of a policy pack as JSON';

-- Adopts a pack given as text.  Runs with the caller's rights, so that the
-- caller is the recorded author.
CREATE FUNCTION sharing_guard.pack_adopt(pack text, content text, dry_run boolean)
RETURNS TABLE (change text, object text, key text, detail text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    name text := pack_adopt.pack;
    parsed json := sharing_guard.pack_parse(pack_adopt.pack, pack_adopt.content);
    brought jsonb;
    home text;
    faults text[];
    done boolean;
    old_version text;
    plan jsonb;
    step record;
BEGIN
    SELECT s.home_jurisdiction INTO home FROM sharing_guard.setting AS s;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'sharing_guard has not been configured yet'
            USING ERRCODE = 'SG007',
                  HINT = 'Call sharing_guard.configure() first: a policy pack is for one jurisdiction.';
    END IF;
    SELECT array_agg(format('%s: %s', f.place, f.fault)
                     ORDER BY f.rank, f.entry, f.fault COLLATE "C") INTO faults
      FROM sharing_guard.pack_faults(name, parsed) AS f;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'policy pack "%" has %', name,
                CASE cardinality(faults) WHEN 1 THEN 'a fault'
                     ELSE format('%s faults', cardinality(faults)) END
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = array_to_string(faults[1:20], E'\n')
                           || CASE WHEN cardinality(faults) > 20 THEN E'\n...' ELSE '' END,
                  HINT = 'The form of a pack is described in doc/packs.md.';
    END IF;
    brought := parsed::jsonb;
    IF brought->>'jurisdiction' <> home THEN
        RAISE EXCEPTION 'policy pack "%" is for %, but the home jurisdiction is %',
                name, brought->>'jurisdiction', home
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Adopt the pack of the home jurisdiction, or correct that with sharing_guard.configure().';
    END IF;

    -- A dry run makes all changes and rolls them back, so that it raises the
    -- same errors.  In a read-only transaction only the plan is shown.
    done := current_setting('transaction_read_only') = 'off' OR NOT dry_run;
    BEGIN
        -- One adoption runs at a time, because two merges at once would each
        -- miss the other's rows.  The lock also keeps rows from changing
        -- between the plan and its execution.  (Decisions only read, so they
        -- are not blocked.)
        IF done THEN
            LOCK TABLE sharing_guard.pack_row, sharing_guard.setting, sharing_guard.agency,
                sharing_guard.agency_alias, sharing_guard.purpose_term, sharing_guard.rule
                IN SHARE ROW EXCLUSIVE MODE;
        END IF;
        -- The plan is complete before its execution begins.
        SELECT jsonb_agg(to_jsonb(p) ORDER BY p.rank, p.key COLLATE "C") INTO plan
          FROM sharing_guard.pack_plan(name, brought) AS p;
        -- The pack's own row comes first, because the checks of rules look up
        -- its declared tags.
        SELECT p.version INTO old_version FROM sharing_guard.adopted_pack AS p WHERE p.pack = name;
        IF old_version IS DISTINCT FROM brought->>'version' THEN
            change := CASE WHEN old_version IS NULL THEN 'added' ELSE 'updated' END;
            object := 'adopted_pack';
            key := name;
            detail := format('version %s', brought->>'version')
                      || coalesce(', was ' || old_version, '');
            RETURN NEXT;
        END IF;
        IF done THEN
            INSERT INTO sharing_guard.adopted_pack AS p
                   (pack, version, adopted_at, checked_on, note, sources, settings, declared_tags)
            VALUES (name, brought->>'version', now(), (brought->>'checked_on')::date,
                    brought->>'note', brought->'sources', brought->'settings',
                    (jsonb_populate_record(NULL::sharing_guard.adopted_pack,
                        jsonb_build_object('declared_tags', brought->'declared_tags'))).declared_tags)
            ON CONFLICT ON CONSTRAINT adopted_pack_pkey DO UPDATE
               SET version = excluded.version, adopted_at = excluded.adopted_at,
                   checked_on = excluded.checked_on, note = excluded.note,
                   sources = excluded.sources, settings = excluded.settings,
                   declared_tags = excluded.declared_tags
             WHERE (p.version, p.checked_on, p.note, p.sources, p.settings, p.declared_tags)
                   IS DISTINCT FROM (excluded.version, excluded.checked_on, excluded.note,
                                     excluded.sources, excluded.settings, excluded.declared_tags);
            PERFORM sharing_guard.pack_carry_out(name, brought->>'version', plan);
        END IF;

        FOR step IN
            SELECT p.* FROM jsonb_to_recordset(plan) AS p (
                rank integer, object text, key text, todo text, change text,
                detail text, content jsonb)
             WHERE p.change IS NOT NULL OR p.todo = 'delete'
        LOOP
            change := step.change;
            object := step.object;
            key := step.key;
            detail := step.detail;
            -- Only a deletion can turn out different from the plan.
            IF done AND step.todo = 'delete' AND EXISTS (
                   SELECT FROM sharing_guard.pack_local_rows() AS l
                    WHERE l.object = step.object AND l.key = step.key) THEN
                change := 'kept local';
                detail := 'kept local: no longer in the pack, but in use here';
            END IF;
            RETURN NEXT;
        END LOOP;

        IF done AND dry_run THEN
            RAISE EXCEPTION USING ERRCODE = 'SG000';
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'SG000' THEN
            NULL;
    END;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_adopt(text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_adopt(text, text, boolean) IS
'Internal: adopts a policy pack given as text, or only shows what that would change';

CREATE FUNCTION sharing_guard.adopt_policy(pack text, dry_run boolean DEFAULT false)
RETURNS TABLE (change text, object text, key text, detail text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF adopt_policy.pack IS NULL OR dry_run IS NULL THEN
        RAISE EXCEPTION 'adopt_policy() needs the name of a pack'
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'For example: SELECT * FROM sharing_guard.adopt_policy(''us-ca'', dry_run => true).';
    END IF;
    RETURN QUERY SELECT a.* FROM sharing_guard.pack_adopt(
        adopt_policy.pack, sharing_guard.pack_content(adopt_policy.pack), dry_run) AS a;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.adopt_policy(text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.adopt_policy(text, boolean) IS
'Adopts a policy pack, or a newer version of it, and shows the changes; local additions, changes and deletions are kept. dry_run makes the same changes and rolls them back';

-- Executes a plan.  Inserts rows before the rows that need them, and deletes
-- in the opposite order.  Handles all rows of one kind at once, because they
-- are many.
CREATE FUNCTION sharing_guard.pack_carry_out(pack text, version text, plan jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    step record;
    what text;
    why text;
    way text;
BEGIN
    BEGIN
        FOR step IN
            SELECT p.object, p.todo, jsonb_agg(p.content ORDER BY p.key COLLATE "C") AS contents
              FROM jsonb_to_recordset(plan) AS p (
                   rank integer, object text, key text, todo text, content jsonb)
             WHERE p.todo NOT IN ('delete', 'nothing')
             GROUP BY p.rank, p.object, p.todo
             ORDER BY p.rank, p.todo
        LOOP
            PERFORM sharing_guard.pack_apply(pack, version, step.object, step.todo, step.contents);
        END LOOP;
    EXCEPTION WHEN OTHERS THEN
        -- One of the rows was refused.  Repeat them one by one to name it.
        FOR step IN
            SELECT p.place, p.object, p.todo, p.content
              FROM jsonb_to_recordset(plan) AS p (
                   rank integer, object text, key text, place text, todo text, content jsonb)
             WHERE p.todo NOT IN ('delete', 'nothing')
             ORDER BY p.rank, p.todo, p.key COLLATE "C"
        LOOP
            BEGIN
                PERFORM sharing_guard.pack_apply(pack, version, step.object, step.todo,
                                                 jsonb_build_array(step.content));
            EXCEPTION WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS what = MESSAGE_TEXT, why = PG_EXCEPTION_DETAIL,
                    way = PG_EXCEPTION_HINT;
                RAISE EXCEPTION '%', what
                    USING ERRCODE = SQLSTATE,
                          DETAIL = concat_ws(' ', nullif(why, ''),
                                             format('This is in %s of policy pack "%s".',
                                                    coalesce(step.place, 'a row'), pack)),
                          HINT = coalesce(nullif(way, ''), 'Nothing was adopted.');
            END;
        END LOOP;
        -- If each row is accepted alone, continue.
    END;

    FOR step IN
        SELECT p.object, p.content
          FROM jsonb_to_recordset(plan) AS p (
               rank integer, object text, key text, todo text, content jsonb)
         WHERE p.todo = 'delete'
         ORDER BY p.rank DESC, p.key COLLATE "C"
    LOOP
        BEGIN
            PERFORM sharing_guard.pack_apply(pack, version, step.object, 'delete',
                                             jsonb_build_array(step.content));
        EXCEPTION WHEN object_in_use OR foreign_key_violation THEN
            -- Something still uses the row, so it stays and becomes a local
            -- row.
            NULL;
        END;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_carry_out(text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_carry_out(text, text, jsonb) IS
'Internal: executes the plan for the rows of a policy pack';

CREATE FUNCTION sharing_guard.pack_apply(
    pack text, version text, object text, todo text, contents jsonb
) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    rows jsonb := pack_apply.contents;
    setting text;
BEGIN
    CASE pack_apply.todo || ' ' || pack_apply.object
        WHEN 'insert agency' THEN
            INSERT INTO sharing_guard.agency
            SELECT a.* FROM jsonb_populate_recordset(NULL::sharing_guard.agency, rows) AS a;
        WHEN 'insert agency_alias' THEN
            INSERT INTO sharing_guard.agency_alias
            SELECT l.* FROM jsonb_populate_recordset(NULL::sharing_guard.agency_alias, rows) AS l;
        WHEN 'insert purpose_term' THEN
            INSERT INTO sharing_guard.purpose_term
            SELECT t.* FROM jsonb_populate_recordset(NULL::sharing_guard.purpose_term, rows) AS t;
        WHEN 'insert rule' THEN
            INSERT INTO sharing_guard.rule
            SELECT r.* FROM jsonb_populate_recordset(NULL::sharing_guard.rule, rows) AS r;
        WHEN 'update agency' THEN
            UPDATE sharing_guard.agency AS x
               SET name = a.name, jurisdiction = a.jurisdiction, level = a.level,
                   kind = a.kind, place = a.place, county = a.county,
                   status = a.status, ori = a.ori,
                   immigration_authority = a.immigration_authority,
                   attested_on = a.attested_on,
                   attestation_expires = a.attestation_expires,
                   contract_reference = a.contract_reference,
                   contract_expires = a.contract_expires, note = a.note
              FROM jsonb_populate_recordset(NULL::sharing_guard.agency, rows) AS a
             WHERE x.agency_id = a.agency_id;
        WHEN 'update agency_alias' THEN
            UPDATE sharing_guard.agency_alias AS x SET agency_id = l.agency_id
              FROM jsonb_populate_recordset(NULL::sharing_guard.agency_alias, rows) AS l
             WHERE x.alias = l.alias;
        WHEN 'update purpose_term' THEN
            UPDATE sharing_guard.purpose_term AS x
               SET language = t.language, note = t.note, enabled = t.enabled
              FROM jsonb_populate_recordset(NULL::sharing_guard.purpose_term, rows) AS t
             WHERE x.term = t.term AND x.tag = t.tag AND x.match = t.match;
        WHEN 'update rule' THEN
            UPDATE sharing_guard.rule AS x
               SET description = r.description, outcome = r.outcome,
                   destination_classes = r.destination_classes,
                   agency_status = r.agency_status, agencies = r.agencies,
                   immigration_authority = r.immigration_authority,
                   attestation = r.attestation, contract = r.contract,
                   purpose_tags = r.purpose_tags, data_classes = r.data_classes,
                   except_data_classes = r.except_data_classes,
                   channels = r.channels, case_number = r.case_number,
                   lifted_by = r.lifted_by, effective_from = r.effective_from,
                   effective_until = r.effective_until, citation = r.citation,
                   authority_kind = r.authority_kind, contested = r.contested,
                   checked_on = r.checked_on, lawful_way = r.lawful_way,
                   enabled = r.enabled
              FROM jsonb_populate_recordset(NULL::sharing_guard.rule, rows) AS r
             WHERE x.rule_id = r.rule_id;
        WHEN 'delete agency' THEN
            DELETE FROM sharing_guard.agency AS x
             USING jsonb_populate_recordset(NULL::sharing_guard.agency, rows) AS a
             WHERE x.agency_id = a.agency_id;
        WHEN 'delete agency_alias' THEN
            DELETE FROM sharing_guard.agency_alias AS x
             USING jsonb_populate_recordset(NULL::sharing_guard.agency_alias, rows) AS l
             WHERE x.alias = l.alias;
        WHEN 'delete purpose_term' THEN
            DELETE FROM sharing_guard.purpose_term AS x
             USING jsonb_populate_recordset(NULL::sharing_guard.purpose_term, rows) AS t
             WHERE x.term = t.term AND x.tag = t.tag AND x.match = t.match;
        WHEN 'delete rule' THEN
            DELETE FROM sharing_guard.rule AS x
             USING jsonb_populate_recordset(NULL::sharing_guard.rule, rows) AS r
             WHERE x.rule_id = r.rule_id;
        WHEN 'insert setting', 'update setting' THEN
            -- The statement is dynamic, because a setting's key is the name of
            -- a column.
            FOR setting IN
                SELECT sharing_guard.pack_key('setting', c) FROM jsonb_array_elements(rows) AS c
            LOOP
                EXECUTE format('UPDATE sharing_guard.setting AS x SET %1$I ='
                               ' (SELECT (jsonb_populate_record(NULL::sharing_guard.setting, c)).%1$I'
                               '    FROM jsonb_array_elements($1) AS c WHERE c ? %1$L)', setting)
                  USING rows;
            END LOOP;
        ELSE
            -- The step is "remember" or "forget", which changes no policy
            -- table.
            NULL;
    END CASE;

    -- Keep the new content, to compare it with the next version.
    IF pack_apply.todo IN ('delete', 'forget') THEN
        DELETE FROM sharing_guard.pack_row AS p
         USING jsonb_array_elements(rows) AS c
         WHERE p.pack = pack_apply.pack AND p.object = pack_apply.object
           AND p.key = sharing_guard.pack_key(pack_apply.object, c);
    ELSE
        INSERT INTO sharing_guard.pack_row AS p (pack, object, key, version, content)
        SELECT pack_apply.pack, pack_apply.object,
               sharing_guard.pack_key(pack_apply.object, c), pack_apply.version, c
          FROM jsonb_array_elements(rows) AS c
        ON CONFLICT ON CONSTRAINT pack_row_pkey DO UPDATE
           SET version = excluded.version, content = excluded.content;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_apply(text, text, text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_apply(text, text, text, text, jsonb) IS
'Internal: executes one step of adopting a policy pack';
