
-- One order of locks: a table, then its guard, then other tables of ours.

CREATE FUNCTION sharing_guard.lock_tree(relation regclass, guard_id uuid, mode text) RETURNS void
    AS 'MODULE_PATHNAME', 'sg_sql_lock_tree'
    LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.lock_tree(regclass, uuid, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.lock_tree(regclass, uuid, text) IS
'Internal: locks a table, all below it and all tables with triggers of the guard, before the guard itself is changed';

-- What is NULL of the guard to come stays as it is; kind NULL: the guard goes.
CREATE FUNCTION sharing_guard.needs_exclusive_lock(
    relation regclass, kind text, on_block text, filter_reads boolean) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    old sharing_guard.guard;
BEGIN
    SELECT * INTO old FROM sharing_guard.guard g WHERE g.relation = needs_exclusive_lock.relation;
    -- Triggers and row-level security can be taken off in this mode alone.
    IF kind IS NULL THEN
        RETURN coalesce(old.kind, 'export') = 'export' OR old.filter_reads;
    ELSIF old.guard_id IS NULL THEN
        RETURN coalesce(filter_reads, false)
            OR EXISTS (SELECT FROM sharing_guard.orphaned_guards(relation));
    END IF;
    RETURN coalesce(filter_reads <> old.filter_reads, false)
        OR coalesce(on_block <> old.on_block, false)
        OR EXISTS (SELECT FROM sharing_guard.guard_defects(old.guard_id))
        OR old.filter_reads AND EXISTS (SELECT FROM sharing_guard.filter_defects(relation));
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.needs_exclusive_lock(regclass, text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.needs_exclusive_lock(regclass, text, text, boolean) IS
'Internal: whether a table must be kept from its readers while its guard is made, changed or (kind NULL) removed';

-- At once in the mode that will be needed: to take a stronger lock later on
-- would deadlock with those who read the table and then write to it.  Where the
-- guard was changed while we waited, so that a stronger one is needed now, the
-- weaker one is given back first, with its subtransaction.
CREATE FUNCTION sharing_guard.lock_guarded(
    relation regclass, kind text, on_block text, filter_reads boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    guard uuid;
BEGIN
    SELECT g.guard_id INTO guard FROM sharing_guard.guard g WHERE g.relation = lock_guarded.relation;
    IF NOT sharing_guard.needs_exclusive_lock(relation, kind, on_block, filter_reads) THEN
        BEGIN
            PERFORM sharing_guard.lock_tree(relation, guard,
                CASE WHEN kind = 'export' THEN 'share row exclusive' ELSE 'access share' END);
            IF sharing_guard.needs_exclusive_lock(relation, kind, on_block, filter_reads) THEN
                RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = 'a stronger lock is needed';
            END IF;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            IF SQLERRM <> 'a stronger lock is needed' THEN
                RAISE;
            END IF;
        END;
    END IF;
    SELECT g.guard_id INTO guard FROM sharing_guard.guard g WHERE g.relation = lock_guarded.relation;
    PERFORM sharing_guard.lock_tree(relation, guard, 'access exclusive');
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.lock_guarded(regclass, text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.lock_guarded(regclass, text, text, boolean) IS
'Internal: locks a table whose guard is about to be made, changed or (kind NULL) removed, as strongly as that needs';
