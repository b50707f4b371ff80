
-- What terms make of purposes.

CREATE FUNCTION sharing_guard.tag_purpose(
    purpose text,
    OUT tags text[],
    OUT matched_terms text[]
) RETURNS record
    AS 'MODULE_PATHNAME', 'sg_sql_tag_purpose'
    LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.tag_purpose(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.tag_purpose(text) IS
'The tags that a purpose gets, and the terms that give them, each as "tag: term" (a prefix ends in an asterisk); records nothing';

CREATE FUNCTION sharing_guard.tag_purposes(
    terms text[],
    tags text[],
    matches text[],
    purposes text[],
    OUT n integer,
    OUT new_tags text[],
    OUT matched_terms text[]
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'sg_sql_tag_purposes'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.tag_purposes(text[], text[], text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.tag_purposes(text[], text[], text[], text[]) IS
'Internal: the tags that these terms alone would give the purposes, by their place in the array';
