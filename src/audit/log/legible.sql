-- The log as it is read.  One event that is damaged, or has bytes that no
-- client can be sent, must not keep a view from showing all others.

CREATE FUNCTION sharing_guard.legible(value text) RETURNS text
    AS 'MODULE_PATHNAME', 'sg_sql_legible_text'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
CREATE FUNCTION sharing_guard.legible(value json) RETURNS json
    AS 'MODULE_PATHNAME', 'sg_sql_legible_json'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
CREATE FUNCTION sharing_guard.legible(value text[]) RETURNS text[]
    AS 'MODULE_PATHNAME', 'sg_sql_legible_array'
    LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.legible(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION sharing_guard.legible(json) FROM PUBLIC;
REVOKE ALL ON FUNCTION sharing_guard.legible(text[]) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.legible(text) IS
'Internal: a value of the log as it can be shown: bytes that have no form in UTF-8 as \x and two hexadecimal digits, a damaged value as "(damaged, cannot be read)"';
COMMENT ON FUNCTION sharing_guard.legible(json) IS
'Internal: legible(text) for a row as JSON';
COMMENT ON FUNCTION sharing_guard.legible(text[]) IS
'Internal: legible(text) for each element';

-- What the rest of an event implies and the table does not keep (event_narrow.c),
-- filled in.  What an event that is written out in full has is taken as it is.
CREATE FUNCTION sharing_guard.event_filled_in(column_name text, legible text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE
        -- One value for all rows.
        WHEN column_name IN ('record_keys', 'purposes', 'query_elements', 'case_numbers', 'requesting_persons', 'recipient_persons')
            THEN format('CASE WHEN e.%1$I IS NOT NULL THEN ARRAY[sharing_guard.legible(e.%1$I)] ELSE %2$s END',
                left(column_name, -1), legible)
        -- The login itself, or the one person that is named.
        WHEN column_name = 'username'
            THEN format('CASE WHEN %s THEN COALESCE(sharing_guard.legible(e.requesting_person), sharing_guard.legible(e.session_role)) ELSE %s END',
                plain_actor, legible)
        WHEN column_name = 'username_source'
            THEN format('CASE WHEN %s THEN CASE WHEN e.requesting_person IS NULL THEN ''login'' ELSE ''person'' END ELSE %s END',
                plain_actor, legible)
        WHEN column_name IN ('acting_role', 'authenticated_login')
            THEN format('CASE WHEN %s THEN sharing_guard.legible(e.session_role) ELSE %s END', plain_actor, legible)
        -- What happened is what was decided.
        WHEN column_name = 'outcome'
            THEN format('CASE WHEN %s AND e.outcome IS NULL THEN ''allow'' ELSE %s END', plain_decision, legible)
        WHEN column_name = 'would_be_outcome'
            THEN format('CASE WHEN %s THEN COALESCE(e.outcome, ''allow'') ELSE %s END', plain_decision, legible)
        WHEN column_name IN ('tags', 'flag_reasons')
            THEN format('CASE WHEN %s AND e.%I IS NULL THEN ''{}''::text[] ELSE %s END', plain_decision, column_name, legible)
        WHEN column_name = 'rule_ids'
            THEN format('CASE WHEN %s AND e.rule_ids IS NULL THEN ARRAY[''default:'' || CASE WHEN %s THEN ''self'' ELSE e.destination_class END] ELSE %s END',
                plain_decision, plain_self_access, legible)
        WHEN column_name = 'rows_blocked'
            THEN format('CASE WHEN %s AND e.rows_blocked IS NULL AND e.rows_disclosed IS NOT NULL THEN 0::bigint ELSE %s END', plain_decision, legible)
        WHEN column_name = 'ending'
            THEN format('CASE WHEN %s AND e.ending IS NULL AND e.outcome IS NULL AND e.rows_disclosed IS NOT NULL AND (e.channel = ''query'' OR e.channel = ''self_access'' OR %s) THEN ''completed'' ELSE %s END',
                plain_decision, plain_self_access, legible)
        -- The agency's own people.
        WHEN column_name = 'channel'
            THEN format('CASE WHEN %s THEN ''self_access'' ELSE %s END', plain_self_access, legible)
        WHEN column_name = 'operation'
            THEN format('CASE WHEN %s THEN ''SELECT'' ELSE %s END', plain_self_access, legible)
        WHEN column_name = 'destination_class'
            THEN format('CASE WHEN %s THEN ''self'' ELSE %s END', plain_self_access, legible)
        WHEN column_name = 'agency_status'
            THEN format('CASE WHEN %s THEN ''active'' ELSE %s END', plain_self_access, legible)
        WHEN column_name IN ('agency_id', 'destination')
            THEN format('CASE WHEN %s THEN COALESCE(sharing_guard.legible(e.agency_id), pg_catalog.btrim(pg_catalog.regexp_replace(pg_catalog.lower(e.organization COLLATE "C"), ''[^a-z0-9]+'', ''-'', ''g''), ''-'') COLLATE "default") ELSE %s END',
                plain_self_access, legible)
        ELSE legible
    END
    FROM (VALUES (
        '(e.username_source IS NULL AND e.username IS NULL AND e.session_role IS NOT NULL)',
        '(e.kind = ''disclosure'' AND e.would_be_outcome IS NULL AND e.session_role IS NOT NULL)',
        '(e.kind = ''disclosure'' AND e.channel IS NULL AND e.session_role IS NOT NULL)'))
        AS x (plain_actor, plain_decision, plain_self_access)
$$;

-- All other columns of the table.  Columns in which only this
-- extension's own words stand are taken as they are: indexes need them so.
DO $$
BEGIN
    EXECUTE (
        SELECT pg_catalog.format('CREATE VIEW sharing_guard.legible_event AS SELECT %s FROM sharing_guard.event e',
            pg_catalog.string_agg(pg_catalog.format('%s AS %I',
                sharing_guard.event_filled_in(a.attname,
                    CASE WHEN a.atttypid IN ('text'::regtype, 'text[]'::regtype, 'json'::regtype)
                          AND a.attname NOT IN ('kind', 'username_source', 'operation', 'channel', 'outcome', 'would_be_outcome',
                                'destination_class', 'agency_status', 'on_behalf_of_class', 'ending')
                        THEN pg_catalog.format('sharing_guard.legible(e.%I)', a.attname)
                        ELSE pg_catalog.format('e.%I', a.attname) END), a.attname), ', ' ORDER BY a.attnum))
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = 'sharing_guard.event'::regclass AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attname NOT IN ('record_key', 'purpose', 'query_element', 'case_number', 'requesting_person', 'recipient_person'));
    EXECUTE (
        SELECT pg_catalog.string_agg(pg_catalog.format('COMMENT ON COLUMN sharing_guard.legible_event.%I IS %L',
                a.attname, pg_catalog.col_description('sharing_guard.event'::regclass, o.attnum)), ';')
        FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_attribute o ON o.attrelid = 'sharing_guard.event'::regclass AND o.attname = a.attname
        WHERE a.attrelid = 'sharing_guard.legible_event'::regclass AND a.attnum > 0 AND NOT a.attisdropped);
END
$$;
DROP FUNCTION sharing_guard.event_filled_in(text, text);
REVOKE ALL ON TABLE sharing_guard.legible_event FROM PUBLIC;
COMMENT ON VIEW sharing_guard.legible_event IS
'Internal: the table event in a form that can always be read and shown (see legible()), with what the table does not keep filled in. The views for auditors are made of it';

CREATE TYPE sharing_guard.logged_change AS (
    event_id uuid,
    log_id uuid,
    operation text,
    relation text,
    changed_key text,
    old_row text,
    new_row text
);
COMMENT ON TYPE sharing_guard.logged_change IS
'Internal: an event that tells of a changed row; see logged_changes()';

CREATE FUNCTION sharing_guard.logged_changes(kind text) RETURNS SETOF sharing_guard.logged_change
    AS 'MODULE_PATHNAME', 'sg_sql_logged_changes'
    LANGUAGE C STRICT STABLE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.logged_changes(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.logged_changes(text) IS
'Internal: the events of this kind that tell of changed rows; damaged ones are passed over';
