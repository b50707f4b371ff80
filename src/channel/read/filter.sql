-- filter_reads => true: rows that the policy now blocks do not come out, by
-- PostgreSQL's own row-level security.

-- Granted to PUBLIC, since a policy's condition runs with the rights of the
-- reader.  It tells no more than reading the table does.
CREATE FUNCTION sharing_guard.row_may_leave(guard_id uuid, "row" record) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sg_sql_row_may_leave'
    LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.row_may_leave(uuid, record) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sharing_guard.row_may_leave(uuid, record) TO PUBLIC;
COMMENT ON FUNCTION sharing_guard.row_may_leave(uuid, record) IS
'Internal: condition of the row-level security of protected tables (filter_reads): false where the row is read for another agency and the policy blocks it';

-- What is wrong with the row-level security of a guard, anywhere on its table
-- or below it.
CREATE FUNCTION sharing_guard.filter_defects(relation regclass)
    RETURNS TABLE (relation regclass, defect text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE tree (relid) AS (
        SELECT $1::oid
        UNION
        SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
    SELECT c.oid::regclass,
           CASE WHEN p.oid IS NULL THEN 'its policy sharing_guard_filter is missing'
                WHEN p.polpermissive OR p.polcmd <> 'r' OR p.polroles <> '{0}'
                     OR position(format('row_may_leave(''%s''::uuid', g.guard_id)
                                 IN pg_get_expr(p.polqual, p.polrelid)) = 0
                THEN 'its policy sharing_guard_filter has been altered'
                WHEN NOT c.relrowsecurity THEN 'row-level security is disabled'
                ELSE 'row-level security is not forced upon its owner' END
    FROM tree t
         JOIN pg_class c ON c.oid = t.relid
         JOIN sharing_guard.guard g ON g.relation = $1
         LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'sharing_guard_filter'
    WHERE c.relkind IN ('r', 'p')
      AND (p.oid IS NULL OR p.polpermissive OR p.polcmd <> 'r' OR p.polroles <> '{0}'
           OR position(format('row_may_leave(''%s''::uuid', g.guard_id)
                       IN pg_get_expr(p.polqual, p.polrelid)) = 0
           OR NOT c.relrowsecurity OR NOT c.relforcerowsecurity)
    ORDER BY 1
$$;
REVOKE ALL ON FUNCTION sharing_guard.filter_defects(regclass) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.filter_defects(regclass) IS
'Internal: what is wrong with the row-level security that filter_reads gives a table';

-- Takes what set_filter() has made off one relation, and nothing else.
CREATE FUNCTION sharing_guard.remove_filter(relation regclass) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    was_forced boolean;
BEGIN
    SELECT coalesce(obj_description(p.oid, 'pg_policy') LIKE '%; was forced', false)
    INTO was_forced
    FROM pg_policy p
    WHERE p.polrelid = remove_filter.relation AND p.polname = 'sharing_guard_filter';
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP POLICY sharing_guard_filter ON %s', relation);
    IF NOT was_forced THEN
        EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', relation);
    END IF;
    -- Without a policy of its own row-level security was off before.
    IF EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = remove_filter.relation
               AND p.polname = 'sharing_guard_open') THEN
        EXECUTE format('DROP POLICY sharing_guard_open ON %s', relation);
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', relation);
    END IF;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.remove_filter(regclass) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.remove_filter(regclass) IS
'Internal: takes the row-level security of filter_reads off one table';

-- Runs as its owner: a policy administrator need not own the table.  What it
-- does is what the table of guards says, so that it can only repair.
CREATE FUNCTION sharing_guard.set_filter(relation regclass) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    guard sharing_guard.guard;
    rel record;
    was_forced boolean;
    done boolean := false;
BEGIN
    SELECT * INTO guard FROM sharing_guard.guard g WHERE g.relation = set_filter.relation;

    IF guard.filter_reads THEN
        IF (SELECT c.relkind FROM pg_class c WHERE c.oid = set_filter.relation) NOT IN ('r', 'p') THEN
            RAISE EXCEPTION '% cannot have its rows filtered', set_filter.relation
                USING ERRCODE = 'wrong_object_type',
                      DETAIL = 'filter_reads works by row-level security, which only tables have.',
                      HINT = 'Protect the table that its rows come from with filter_reads => true.';
        END IF;
        FOR rel IN
            SELECT c.oid::regclass AS name, c.relrowsecurity, c.relforcerowsecurity, c.relname
            FROM sharing_guard.filter_defects(set_filter.relation) d
                 JOIN pg_class c ON c.oid = d.relation
        LOOP
            was_forced := rel.relforcerowsecurity AND NOT EXISTS (
                SELECT FROM pg_policy p
                WHERE p.polrelid = rel.name AND p.polname = 'sharing_guard_filter'
                  AND obj_description(p.oid, 'pg_policy') NOT LIKE '%; was forced');
            EXECUTE format('DROP POLICY IF EXISTS sharing_guard_filter ON %s', rel.name);
            EXECUTE format('CREATE POLICY sharing_guard_filter ON %s AS RESTRICTIVE FOR SELECT USING (sharing_guard.row_may_leave(%L, %I.*))',
                           rel.name, guard.guard_id, rel.relname);
            EXECUTE format('COMMENT ON POLICY sharing_guard_filter ON %s IS %L', rel.name,
                'filter_reads of sharing_guard' || CASE WHEN was_forced THEN '; was forced' ELSE '' END);
            -- Where no policy stood in anybody's way, none shall but ours.
            IF NOT rel.relrowsecurity THEN
                EXECUTE format('DROP POLICY IF EXISTS sharing_guard_open ON %s', rel.name);
                EXECUTE format('CREATE POLICY sharing_guard_open ON %s USING (true) WITH CHECK (true)', rel.name);
            END IF;
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', rel.name);
            EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', rel.name);
            done := true;
        END LOOP;
        RETURN done;
    END IF;

    FOR rel IN
        WITH RECURSIVE tree (relid) AS (
            SELECT set_filter.relation::oid
            UNION
            SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
        SELECT t.relid::regclass AS name FROM tree t
    LOOP
        done := sharing_guard.remove_filter(rel.name) OR done;
    END LOOP;
    RETURN done;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.set_filter(regclass) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.set_filter(regclass) IS
'Internal: gives a table and all below it the row-level security that its guard asks for (filter_reads), or takes it off; true if anything was to be done';

-- After partitions have come or gone.
CREATE FUNCTION sharing_guard.mend_filters() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rel regclass;
BEGIN
    PERFORM sharing_guard.set_filter(g.relation) FROM sharing_guard.guard g WHERE g.filter_reads;
    FOR rel IN
        WITH RECURSIVE tree (relid) AS (
            SELECT g.relation::oid FROM sharing_guard.guard g WHERE g.filter_reads
            UNION
            SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
        SELECT p.polrelid FROM pg_policy p
        WHERE p.polname = 'sharing_guard_filter' AND p.polrelid NOT IN (SELECT relid FROM tree)
    LOOP
        PERFORM sharing_guard.remove_filter(rel);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.mend_filters() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.mend_filters() IS
'Internal: gives new partitions and children the row-level security of filter_reads, and takes it off what has left';
