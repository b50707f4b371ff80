-- The whole record, recomputed and compared with its seals.
CREATE FUNCTION sharing_guard.verify_audit(
    first_leaf bigint DEFAULT NULL, last_leaf bigint DEFAULT NULL,
    checkpoint text DEFAULT NULL)
    RETURNS TABLE (severity text, problem text, event_id uuid,
                   leaf_index bigint, tree_id uuid, detail text)
    AS 'MODULE_PATHNAME', 'sg_sql_verify_audit'
    LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 10;
REVOKE ALL ON FUNCTION sharing_guard.verify_audit(bigint, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.verify_audit(bigint, bigint, text) IS
'Recomputes every seal from the events and returns what does not agree, with the event concerned; no rows: everything that was sealed is there, unchanged, and nothing was put in between. With leaves: the events of that range of this database''s own tree alone, and the whole tree of hashes above them. With a checkpoint that was kept elsewhere (its signature checked): also whether this log continues it. Says by NOTICE how far it is';
