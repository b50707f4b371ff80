
-- Policy packs: rules, purpose terms and agencies that come with the
-- extension.  Adopting one merges three things: what the pack brought last
-- time, what is there now, and what the pack brings now.  What was changed
-- or deleted here stays changed or deleted.

CREATE TABLE sharing_guard.adopted_pack (
    pack text PRIMARY KEY,
    version text NOT NULL,
    adopted_at timestamptz NOT NULL
);
COMMENT ON TABLE sharing_guard.adopted_pack IS
'The policy packs in use; see adopt_policy()';
COMMENT ON COLUMN sharing_guard.adopted_pack.pack IS
'Its name, such as us-ca';
COMMENT ON COLUMN sharing_guard.adopted_pack.version IS
'The version adopted last';
COMMENT ON COLUMN sharing_guard.adopted_pack.adopted_at IS
'When that was';
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.adopted_pack', '');

CREATE TRIGGER policy_changed
    AFTER INSERT OR UPDATE OR DELETE ON sharing_guard.adopted_pack
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.policy_changed('pack');
CREATE TRIGGER policy_truncated AFTER TRUNCATE ON sharing_guard.adopted_pack
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.policy_changed('pack');
ALTER TABLE sharing_guard.adopted_pack ENABLE ALWAYS TRIGGER policy_changed;
ALTER TABLE sharing_guard.adopted_pack ENABLE ALWAYS TRIGGER policy_truncated;

-- No policy of itself, so changes here are no events.
CREATE TABLE sharing_guard.pack_row (
    pack text NOT NULL,
    object text NOT NULL,
    key text NOT NULL,
    version text NOT NULL,
    content jsonb NOT NULL,
    PRIMARY KEY (pack, object, key)
);
COMMENT ON TABLE sharing_guard.pack_row IS
'What a policy pack brought last time, so that local changes can be told from it';
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

-- A row of a pack as the table would show it: every column, defaults and all.
-- The same for what an older version of the pack brought, so that a column
-- added since does not look like a local change.
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
    END
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_key(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_key(text, jsonb) IS
'Internal: the key of a row of a policy pack, as text';

-- The rows of a pack, in the order in which they need one another.
CREATE FUNCTION sharing_guard.pack_new_rows(pack text, content jsonb)
RETURNS TABLE (rank integer, object text, key text, content jsonb)
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT o.rank, o.object, sharing_guard.pack_key(o.object, r.complete), r.complete
      FROM (VALUES (1, 'agency', $2->'agencies'),
                   (2, 'agency_alias', $2->'agency_aliases'),
                   (3, 'purpose_term', $2->'purpose_terms'),
                   (4, 'rule', $2->'rules')) AS o (rank, object, list),
           jsonb_array_elements(o.list) AS e (element),
           LATERAL (SELECT sharing_guard.pack_complete_row(
                        o.object,
                        e.element || jsonb_build_object('pack', $1))) AS r (complete)
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_new_rows(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_new_rows(text, jsonb) IS
'Internal: the rows of a policy pack, complete';

-- The rows that are there now.
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
            SELECT 'rule', to_jsonb(r) FROM sharing_guard.rule AS r) AS x (object, content)
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_local_rows() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_local_rows() IS
'Internal: the rows of the tables that policy packs fill';

-- What adopting a pack would do to each row.  "todo" is insert, update,
-- delete or nothing; "change" is NULL where there is nothing to report.
CREATE FUNCTION sharing_guard.pack_plan(pack text, content jsonb)
RETURNS TABLE (rank integer, object text, key text, todo text, change text,
               detail text, content jsonb)
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    WITH brings AS (
        SELECT * FROM sharing_guard.pack_new_rows($1, $2)
    ), brought AS (
        SELECT p.object, p.key,
               sharing_guard.pack_complete_row(p.object, p.content) AS content
          FROM sharing_guard.pack_row AS p WHERE p.pack = $1
    ), here AS (
        SELECT * FROM sharing_guard.pack_local_rows()
    ), merged AS (
        SELECT coalesce(n.rank, array_position('{agency,agency_alias,purpose_term,rule}'::text[], object)) AS rank,
               object, key, b.content AS old, l.content AS local, n.content AS new
          FROM brings AS n
               FULL JOIN brought AS b USING (object, key)
               LEFT JOIN here AS l USING (object, key)
    ), twins AS (
        -- Agencies of the pack that were entered here under another id.
        SELECT m.key, min(l.key) AS twin
          FROM merged AS m
               JOIN here AS l ON sharing_guard.fold_name(l.content->>'name')
                                 = sharing_guard.fold_name(m.new->>'name')
         WHERE m.object = 'agency' AND m.old IS NULL AND m.local IS NULL
           AND l.object = 'agency'
         GROUP BY m.key
    ), agencies AS (
        -- Those that will be there for an alias to stand for.
        SELECT l.key FROM here AS l WHERE l.object = 'agency'
         UNION ALL
        SELECT m.key FROM merged AS m
         WHERE m.object = 'agency' AND m.old IS NULL AND m.local IS NULL
           AND m.key NOT IN (SELECT t.key FROM twins AS t)
    ), spellings AS MATERIALIZED (
        -- Those that stand for an agency here.
        SELECT l.content->>'agency_id' AS agency_id,
               sharing_guard.fold_name(s.spelling) AS folded
          FROM here AS l,
               LATERAL (VALUES (l.content->>'alias'), (l.content->>'name'), (l.content->>'ori'),
                               (CASE WHEN l.object = 'agency' THEN l.content->>'agency_id' END)) AS s (spelling)
         WHERE l.object IN ('agency', 'agency_alias') AND s.spelling IS NOT NULL
    ), compared AS (
        SELECT m.*,
               (SELECT string_agg(x.key, ', ' ORDER BY x.key)
                  FROM jsonb_each(m.local) AS x
                 WHERE x.key <> 'pack'
                   AND x.value IS DISTINCT FROM coalesce(m.new, m.old)->x.key) AS differing,
               (SELECT t.twin FROM twins AS t
                 WHERE m.object = 'agency' AND t.key = m.key) AS twin,
               -- A spelling that stands for something else here.
               (SELECT min(s.agency_id) FROM spellings AS s
                 WHERE m.object = 'agency_alias' AND m.local IS NULL
                   AND s.agency_id <> m.new->>'agency_id'
                   AND s.folded = sharing_guard.fold_name(m.new->>'alias')) AS other
          FROM merged AS m
    ), decided AS (
        SELECT c.*,
               CASE
               WHEN c.new IS NULL AND c.local IS NULL THEN 'forget'
               WHEN c.new IS NULL AND c.local = c.old THEN 'delete'
               WHEN c.new IS NULL THEN 'keep withdrawn'
               WHEN c.old IS NULL AND c.local IS NOT NULL THEN 'keep own'
               WHEN c.old IS NULL AND c.twin IS NOT NULL THEN 'keep twin'
               WHEN c.old IS NOT NULL AND c.local IS NULL THEN 'keep deleted'
               WHEN c.other IS NOT NULL THEN 'keep other'
               WHEN c.object = 'agency_alias'
                    AND c.new->>'agency_id' NOT IN (SELECT g.key FROM agencies AS g)
               THEN 'keep orphan'
               WHEN c.old IS NULL THEN 'insert'
               WHEN c.local = c.new THEN 'same'
               WHEN c.local = c.old THEN 'update'
               ELSE 'keep changed'
               END AS case_of
          FROM compared AS c
    )
    SELECT d.rank, d.object, d.key,
           CASE WHEN d.case_of IN ('insert', 'update', 'delete') THEN d.case_of
                WHEN d.case_of IN ('same', 'keep changed', 'keep deleted') THEN 'remember'
                WHEN d.case_of = 'forget' THEN 'forget'
                ELSE 'nothing' END,
           CASE WHEN d.case_of = 'insert' THEN 'added'
                WHEN d.case_of = 'update' THEN 'updated'
                WHEN d.case_of = 'delete' THEN 'removed'
                WHEN d.case_of LIKE 'keep %' THEN 'kept local' END,
           CASE d.case_of
                WHEN 'update' THEN format('changed in the pack: %s', d.differing)
                WHEN 'delete' THEN 'no longer in the pack'
                WHEN 'keep withdrawn' THEN 'kept local: no longer in the pack, but changed here'
                WHEN 'keep own' THEN coalesce(
                    format('kept local: a row of this key was entered here; it differs in %s', d.differing),
                    'kept local: the same row was entered here')
                WHEN 'keep twin' THEN format('kept local: agency "%s", entered here, has this name', d.twin)
                WHEN 'keep deleted' THEN 'kept local: deleted here'
                WHEN 'keep other' THEN format('kept local: here this spelling stands for agency "%s"', d.other)
                WHEN 'keep orphan' THEN format('kept local: agency "%s" is not here',
                                               d.new->>'agency_id')
                WHEN 'keep changed' THEN format('kept local: changed here, differs from the pack in %s',
                                                d.differing)
                END,
           coalesce(d.new, d.old)
      FROM decided AS d
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_plan(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_plan(text, jsonb) IS
'Internal: what adopting a policy pack would do to each row';

-- With the caller's rights: the recorded author is the caller.
CREATE FUNCTION sharing_guard.adopt_policy(pack text, dry_run boolean DEFAULT false)
RETURNS TABLE (change text, object text, key text, detail text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    name text := adopt_policy.pack;
    brought jsonb;
    home text;
    step record;
BEGIN
    IF name IS NULL OR dry_run IS NULL THEN
        RAISE EXCEPTION 'adopt_policy() needs the name of a pack'
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'For example: SELECT * FROM sharing_guard.adopt_policy(''us-ca'', dry_run => true).';
    END IF;
    SELECT s.home_jurisdiction INTO home FROM sharing_guard.setting AS s;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'sharing_guard has not been configured yet'
            USING ERRCODE = 'SG007',
                  HINT = 'Call sharing_guard.configure() first: a policy pack is for one jurisdiction.';
    END IF;
    brought := sharing_guard.pack_content(name)::jsonb;
    IF brought->>'pack' IS DISTINCT FROM name
       OR brought->>'version' IS NULL OR brought->>'jurisdiction' IS NULL THEN
        RAISE EXCEPTION 'the file of policy pack "%" is damaged', name
            USING ERRCODE = 'data_corrupted',
                  HINT = 'Install the extension again.';
    END IF;
    IF brought->>'jurisdiction' <> home THEN
        RAISE EXCEPTION 'policy pack "%" is for %, but the home jurisdiction is %',
                name, brought->>'jurisdiction', home
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Adopt the pack of the home jurisdiction, or correct that with sharing_guard.configure().';
    END IF;

    -- One at a time: two merges at once would each miss the other's rows.
    IF NOT dry_run THEN
        LOCK TABLE sharing_guard.pack_row IN SHARE ROW EXCLUSIVE MODE;
    END IF;

    -- A plan is made whole before it is carried out.  Rows go in in the order
    -- in which they need one another, and out the other way round.
    FOR step IN
        SELECT p.* FROM sharing_guard.pack_plan(name, brought) AS p
         ORDER BY p.todo = 'delete',
                  CASE WHEN p.todo = 'delete' THEN -p.rank ELSE p.rank END,
                  p.key COLLATE "C"
    LOOP
        IF NOT dry_run THEN
            PERFORM sharing_guard.pack_apply(name, brought->>'version',
                                             step.object, step.key,
                                             step.todo, step.content);
        END IF;
        IF step.change IS NOT NULL THEN
            change := step.change;
            object := step.object;
            key := step.key;
            detail := step.detail;
            RETURN NEXT;
        END IF;
    END LOOP;

    IF NOT dry_run THEN
        INSERT INTO sharing_guard.adopted_pack AS p (pack, version, adopted_at)
        VALUES (name, brought->>'version', now())
        ON CONFLICT ON CONSTRAINT adopted_pack_pkey DO UPDATE
           SET version = excluded.version, adopted_at = excluded.adopted_at
         WHERE p.version <> excluded.version;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.adopt_policy(text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.adopt_policy(text, boolean) IS
'Adopts a policy pack, or a newer version of it, and shows what changed; what was entered, changed or deleted here is kept. dry_run only shows';

CREATE FUNCTION sharing_guard.pack_apply(
    pack text, version text, object text, key text, todo text, content jsonb
) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    a sharing_guard.agency;
    l sharing_guard.agency_alias;
    t sharing_guard.purpose_term;
    r sharing_guard.rule;
    new_content jsonb := pack_apply.content;
    what text := pack_apply.todo || ' ' || pack_apply.object;
BEGIN
    CASE pack_apply.object
        WHEN 'agency' THEN
            a := jsonb_populate_record(NULL::sharing_guard.agency, new_content);
        WHEN 'agency_alias' THEN
            l := jsonb_populate_record(NULL::sharing_guard.agency_alias, new_content);
        WHEN 'purpose_term' THEN
            t := jsonb_populate_record(NULL::sharing_guard.purpose_term, new_content);
        WHEN 'rule' THEN
            r := jsonb_populate_record(NULL::sharing_guard.rule, new_content);
    END CASE;

    CASE what
        WHEN 'insert agency' THEN
            INSERT INTO sharing_guard.agency VALUES (a.*);
        WHEN 'insert agency_alias' THEN
            INSERT INTO sharing_guard.agency_alias VALUES (l.*);
        WHEN 'insert purpose_term' THEN
            INSERT INTO sharing_guard.purpose_term VALUES (t.*);
        WHEN 'insert rule' THEN
            INSERT INTO sharing_guard.rule VALUES (r.*);
        WHEN 'update agency' THEN
            UPDATE sharing_guard.agency AS x
               SET name = a.name, jurisdiction = a.jurisdiction, level = a.level,
                   kind = a.kind, status = a.status, ori = a.ori,
                   immigration_authority = a.immigration_authority,
                   attested_on = a.attested_on,
                   attestation_expires = a.attestation_expires,
                   contract_reference = a.contract_reference,
                   contract_expires = a.contract_expires, note = a.note
             WHERE x.agency_id = a.agency_id;
        WHEN 'update agency_alias' THEN
            UPDATE sharing_guard.agency_alias AS x SET agency_id = l.agency_id
             WHERE x.alias = l.alias;
        WHEN 'update purpose_term' THEN
            UPDATE sharing_guard.purpose_term AS x
               SET language = t.language, note = t.note, enabled = t.enabled
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
             WHERE x.rule_id = r.rule_id;
        WHEN 'delete agency' THEN
            DELETE FROM sharing_guard.agency AS x WHERE x.agency_id = a.agency_id;
        WHEN 'delete agency_alias' THEN
            DELETE FROM sharing_guard.agency_alias AS x WHERE x.alias = l.alias;
        WHEN 'delete purpose_term' THEN
            DELETE FROM sharing_guard.purpose_term AS x
             WHERE x.term = t.term AND x.tag = t.tag AND x.match = t.match;
        WHEN 'delete rule' THEN
            DELETE FROM sharing_guard.rule AS x WHERE x.rule_id = r.rule_id;
        ELSE
            NULL;
    END CASE;

    -- What the pack brings now is what the next version is compared with.
    IF pack_apply.todo IN ('delete', 'forget') THEN
        DELETE FROM sharing_guard.pack_row AS p
         WHERE p.pack = pack_apply.pack AND p.object = pack_apply.object
           AND p.key = pack_apply.key;
    ELSIF pack_apply.todo <> 'nothing' THEN
        INSERT INTO sharing_guard.pack_row AS p (pack, object, key, version, content)
        VALUES (pack_apply.pack, pack_apply.object, pack_apply.key,
                pack_apply.version, new_content)
        ON CONFLICT ON CONSTRAINT pack_row_pkey DO UPDATE
           SET version = excluded.version, content = excluded.content;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.pack_apply(text, text, text, text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.pack_apply(text, text, text, text, text, jsonb) IS
'Internal: carries out one step of adopting a policy pack';
