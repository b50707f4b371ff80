
-- The number of the policy in force.  Every statement that changes a policy
-- table makes a new one, when it is committed; each decision names the one it
-- was made under.

CREATE TABLE sharing_guard.policy_revision (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL CHECK (revision >= 0)
);
COMMENT ON TABLE sharing_guard.policy_revision IS
'One row: the number of the policy in force';
COMMENT ON COLUMN sharing_guard.policy_revision.only_row IS
'Always true, so that there is one row';
COMMENT ON COLUMN sharing_guard.policy_revision.revision IS
'Grows, at the commit, by one for every statement that has changed a policy table';

INSERT INTO sharing_guard.policy_revision (revision) VALUES (0);
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.policy_revision', '');

-- A restored dump brings a row beside the one that the install script made.
-- Keep the greater number: a revision is never used twice.
CREATE FUNCTION sharing_guard.policy_revision_merge() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE sharing_guard.policy_revision
       SET revision = greatest(revision, NEW.revision);
    IF FOUND THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.policy_revision_merge() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.policy_revision_merge() IS
'Internal: trigger: keeps the greater revision when a dump is restored';
CREATE TRIGGER policy_revision_merge
    BEFORE INSERT ON sharing_guard.policy_revision
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.policy_revision_merge();

CREATE FUNCTION sharing_guard.policy_changed() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sg_policy_changed'
    LANGUAGE C;
REVOKE ALL ON FUNCTION sharing_guard.policy_changed() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.policy_changed() IS
'Trigger of every policy table: makes each session reload the policy, makes a new revision and has the change recorded; arguments are the names of the key columns';
