
-- Shows the agency that a name stands for, and the agencies that it may mean.

CREATE FUNCTION sharing_guard.resolve_destination(
    destination text,
    destination_state text DEFAULT NULL,
    OUT agency_id text,
    OUT destination_class text,
    OUT agency_status text,
    OUT like_agency text
) RETURNS record
    AS 'MODULE_PATHNAME', 'sg_sql_resolve_destination'
    LANGUAGE C STABLE;
REVOKE ALL ON FUNCTION sharing_guard.resolve_destination(text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.resolve_destination(text, text) IS
'Shows how a destination with this spelling is classified: the registered agency that it stands for, or (agency_id NULL) the class that its spelling gives; like_agency is the agency whose name is similar';

CREATE FUNCTION sharing_guard.is_spelled_elsewhere(name text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sg_sql_is_spelled_elsewhere'
    LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION sharing_guard.is_spelled_elsewhere(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.is_spelled_elsewhere(text) IS
'Internal: whether this name names another state, or fits a place in another state and does not obviously mean the one in the home state';

CREATE FUNCTION sharing_guard.suggest_agencies(name text, at_most integer DEFAULT 3)
RETURNS TABLE (agency_id text, agency_name text, distance integer)
    AS 'MODULE_PATHNAME', 'sg_sql_suggest_agencies'
    LANGUAGE C STABLE STRICT ROWS 3 COST 1000;
REVOKE ALL ON FUNCTION sharing_guard.suggest_agencies(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.suggest_agencies(text, integer) IS
'Agencies of the registry with a spelling similar to this name, the most similar first; distance is the number of different letters (Levenshtein). A name that fits a place of another state gets no suggestion in the home state';
