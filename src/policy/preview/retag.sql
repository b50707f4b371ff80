
-- Shows the tags that terms give to purposes.

CREATE FUNCTION sharing_guard.tag_purpose(
    purpose text,
    OUT tags text[],
    OUT matched_terms text[]
) RETURNS record
    AS 'MODULE_PATHNAME', 'sg_sql_tag_purpose'
    LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.tag_purpose(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.tag_purpose(text) IS
'The tags of a purpose, and the terms that give them, each as "tag: term" (a prefix ends in an asterisk); records nothing';

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
'Internal: the tags that exactly these terms give to the purposes, by position in the array';
