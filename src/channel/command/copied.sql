-- Copies of protected tables.

CREATE FUNCTION sharing_guard.protect_copy(copy regclass, source uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    guard uuid;
BEGIN
    IF EXISTS (SELECT FROM sharing_guard.guard g WHERE g.relation = protect_copy.copy) THEN
        RETURN;
    END IF;
    INSERT INTO sharing_guard.guard (relation, table_name, kind, data_class, mode, record_self_access)
    SELECT protect_copy.copy, '', 'records', g.data_class, g.mode, g.record_self_access
    FROM sharing_guard.guard g WHERE g.guard_id = protect_copy.source
    RETURNING guard_id INTO guard;
    -- Those of the source's columns that the copy has.
    INSERT INTO sharing_guard.guard_column (guard_id, role, position, attnum, column_name)
    SELECT guard, c.role, c.position, 0, c.column_name
    FROM sharing_guard.guard_column c
         JOIN pg_attribute a ON a.attrelid = protect_copy.copy AND a.attname = c.column_name
    WHERE c.guard_id = protect_copy.source AND a.attnum > 0 AND NOT a.attisdropped;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.protect_copy(regclass, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.protect_copy(regclass, uuid) IS
'Internal: protects a table like the one that its rows were copied from (setting.copied_tables = protect)';

