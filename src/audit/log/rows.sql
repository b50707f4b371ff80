-- One event, many rows: the parallel columns taken apart again.

-- Not STRICT: a column that is NULL is a field that was not given, and the
-- rows are there all the same.
CREATE FUNCTION sharing_guard.event_rows(
    row_count bigint,
    record_keys text[], record_key_index int2[],
    purposes text[], purpose_index int2[],
    query_elements text[], query_element_index int2[],
    case_numbers text[], case_number_index int2[],
    requesting_persons text[], requesting_person_index int2[],
    recipient_persons text[], recipient_person_index int2[],
    OUT row_number integer,
    OUT record_key text,
    OUT purpose text,
    OUT query_elements text,
    OUT case_number text,
    OUT requesting_person text,
    OUT recipient_person text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'sg_sql_event_rows'
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 ROWS 20;
REVOKE ALL ON FUNCTION sharing_guard.event_rows(bigint, text[], int2[], text[], int2[], text[], int2[], text[], int2[], text[], int2[], text[], int2[]) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.event_rows(bigint, text[], int2[], text[], int2[], text[], int2[], text[], int2[], text[], int2[], text[], int2[]) IS
'Internal: the rows of one event, from the parallel columns of sharing_guard.event; the view audit_rows is made with it';

-- A purpose of several columns (event.purpose_parts), apart and as one text.
CREATE FUNCTION sharing_guard.purpose_parts(purpose text, parts int2) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN parts OPERATOR(pg_catalog.>) 1
        THEN pg_catalog.string_to_array(purpose, pg_catalog.chr(31)) END;
REVOKE ALL ON FUNCTION sharing_guard.purpose_parts(text, int2) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.purpose_parts(text, int2) IS
'Internal: the parts of a purpose that several columns made; NULL where it was one';

CREATE FUNCTION sharing_guard.purpose_shown(purpose text, parts int2) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN parts OPERATOR(pg_catalog.>) 1
        THEN pg_catalog.array_to_string(
            pg_catalog.array_remove(pg_catalog.string_to_array(purpose, pg_catalog.chr(31)), ''), '; ')
        ELSE purpose END;
REVOKE ALL ON FUNCTION sharing_guard.purpose_shown(text, int2) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.purpose_shown(text, int2) IS
'Internal: a purpose as it is shown: the parts that are not empty, with a semicolon between them';
