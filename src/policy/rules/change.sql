
-- The number of the policy in force.  Every statement that changes a policy
-- table makes a new number when it commits.  Each decision names the policy it
-- was made under.

CREATE TABLE sharing_guard.policy_revision (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL CHECK (revision >= 0)
);
COMMENT ON TABLE sharing_guard.policy_revision IS
'One row: the number of the policy in force';
COMMENT ON COLUMN sharing_guard.policy_revision.only_row IS
'Always true, so that there is only one row';
COMMENT ON COLUMN sharing_guard.policy_revision.revision IS
'Increases, at the commit, by one for every statement that has changed a policy table';

INSERT INTO sharing_guard.policy_revision (revision) VALUES (0);
-- Dumps do not contain the table's content: see dumped_log.

CREATE FUNCTION sharing_guard.policy_changed() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sg_sql_policy_changed'
    LANGUAGE C;
REVOKE ALL ON FUNCTION sharing_guard.policy_changed() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.policy_changed() IS
'Trigger of every policy table: makes each session reload the policy, makes a new revision and has the change recorded; arguments are the names of the key columns';

-- Makes a table a policy table: each statement that changes it makes a
-- revision, and each changed row makes an event with these key columns.  The
-- triggers are ENABLE ALWAYS, so that session_replication_role does not
-- disable them.  Only this script uses the function, and drops it at its end.
CREATE FUNCTION sharing_guard.is_policy_table(relation name, VARIADIC keys name[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER policy_changed AFTER INSERT OR UPDATE OR DELETE ON sharing_guard.%I'
                   ' FOR EACH ROW EXECUTE FUNCTION sharing_guard.policy_changed(%s)',
                   relation, (SELECT string_agg(quote_literal(k), ', ') FROM unnest(keys) k));
    EXECUTE format('CREATE TRIGGER policy_truncated AFTER TRUNCATE ON sharing_guard.%I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.policy_changed()', relation);
    EXECUTE format('ALTER TABLE sharing_guard.%I ENABLE ALWAYS TRIGGER policy_changed', relation);
    EXECUTE format('ALTER TABLE sharing_guard.%I ENABLE ALWAYS TRIGGER policy_truncated', relation);
END
$$;
