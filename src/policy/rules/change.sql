
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
-- No dump has it: see dumped_log.

CREATE FUNCTION sharing_guard.policy_changed() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sg_sql_policy_changed'
    LANGUAGE C;
REVOKE ALL ON FUNCTION sharing_guard.policy_changed() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.policy_changed() IS
'Trigger of every policy table: makes each session reload the policy, makes a new revision and has the change recorded; arguments are the names of the key columns';
