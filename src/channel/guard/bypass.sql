-- Tables whose rows no guard would see, which cannot be protected.

CREATE FUNCTION sharing_guard.bypass_reason(relation regclass, written boolean) RETURNS text
    AS 'MODULE_PATHNAME', 'sg_sql_bypass_reason'
    LANGUAGE C STRICT STABLE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.bypass_reason(regclass, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.bypass_reason(regclass, boolean) IS
'Internal: why a guard would not see the rows of a table (it is distributed, or a shard; written: or its access method may not pass rows to triggers); NULL where it would';

CREATE FUNCTION sharing_guard.check_within_reach(relation regclass, written boolean) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    defect record;
BEGIN
    -- The table, its partitions and its children.
    WITH RECURSIVE tree AS (
        SELECT check_within_reach.relation::oid AS relid
        UNION
        SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
    SELECT t.relid::regclass AS relation, r.reason INTO defect
    FROM tree t,
         sharing_guard.bypass_reason(t.relid::regclass, check_within_reach.written) AS r (reason)
    WHERE r.reason IS NOT NULL
    ORDER BY t.relid LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'table % cannot be protected', defect.relation
            USING ERRCODE = 'feature_not_supported',
                  DETAIL = format('Rows could leave unseen: %s.', defect.reason),
                  HINT = 'Protect a plain table, to which the server itself writes and from which it reads.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.check_within_reach(regclass, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.check_within_reach(regclass, boolean) IS
'Internal: raises an error for a table whose rows no guard would see';

CREATE FUNCTION sharing_guard.worker_nodes() RETURNS TABLE (node text, port integer)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regclass('pg_catalog.pg_dist_node') IS NULL THEN
        RETURN;
    END IF;
    -- Group 0 is the node that other nodes are told of by.
    RETURN QUERY EXECUTE
        'SELECT DISTINCT n.nodename::text, n.nodeport::integer FROM pg_catalog.pg_dist_node n WHERE n.groupid <> 0';
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.worker_nodes() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.worker_nodes() IS
'Internal: the nodes that keep the shards of this database''s distributed tables';
