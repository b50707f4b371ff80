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

-- All columns of the table, by whatever name.  Columns in which only this
-- extension's own words stand are taken as they are: indexes need them so.
DO $$
BEGIN
    EXECUTE (
        SELECT pg_catalog.format('CREATE VIEW sharing_guard.legible_event AS SELECT %s FROM sharing_guard.event e',
            pg_catalog.string_agg(
                CASE WHEN a.atttypid IN ('text'::regtype, 'text[]'::regtype, 'json'::regtype)
                      AND a.attname NOT IN ('kind', 'username_source', 'operation', 'channel', 'outcome', 'would_be_outcome',
                            'destination_class', 'agency_status', 'on_behalf_of_class', 'ending')
                    THEN pg_catalog.format('sharing_guard.legible(e.%1$I) AS %1$I', a.attname)
                    ELSE pg_catalog.format('e.%I', a.attname) END, ', ' ORDER BY a.attnum))
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = 'sharing_guard.event'::regclass AND a.attnum > 0 AND NOT a.attisdropped);
    EXECUTE (
        SELECT pg_catalog.string_agg(pg_catalog.format('COMMENT ON COLUMN sharing_guard.legible_event.%I IS %L',
                a.attname, pg_catalog.col_description(a.attrelid, a.attnum)), ';')
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = 'sharing_guard.event'::regclass AND a.attnum > 0 AND NOT a.attisdropped);
END
$$;
REVOKE ALL ON TABLE sharing_guard.legible_event FROM PUBLIC;
COMMENT ON VIEW sharing_guard.legible_event IS
'Internal: the table event as it can be read and shown whatever it holds; see legible(). The views for auditors are made of it';

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
