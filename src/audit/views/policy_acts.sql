-- Changes of the policy as what a person did: one line for each transaction.

CREATE FUNCTION sharing_guard.policy_acts(period bigint DEFAULT NULL, tree uuid DEFAULT NULL)
    RETURNS TABLE (
        local_time timestamp, occurred_at timestamptz, username text, session_role text,
        what text, changes bigint, policy_revision bigint, transaction_id xid8,
        log_id uuid, first_event_id uuid)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH change AS (
        SELECT c.*, pg_catalog.regexp_replace(c.relation, '^sharing_guard\.', '') AS thing
        FROM sharing_guard.policy_changes_90d c WHERE period IS NULL
        UNION ALL
        SELECT c.*, pg_catalog.regexp_replace(c.relation, '^sharing_guard\.', '')
        FROM sharing_guard.policy_changes(period, tree) c WHERE period IS NOT NULL
    ), kind AS (
        SELECT c.log_id, c.transaction_id, c.username, c.session_role, c.thing, c.operation,
            pg_catalog.count(*) AS n, pg_catalog.min(c.changed_key) AS changed_key,
            pg_catalog.min(c.occurred_at) AS occurred_at,
            pg_catalog.max(c.policy_revision) AS policy_revision,
            pg_catalog.min(c.event_id::text)::uuid AS event_id
        FROM change c
        GROUP BY c.log_id, c.transaction_id, c.username, c.session_role, c.thing, c.operation)
    SELECT pg_catalog.min(k.occurred_at) AT TIME ZONE sharing_guard.time_zone(),
        pg_catalog.min(k.occurred_at), k.username, k.session_role,
        COALESCE(
            pg_catalog.max(pg_catalog.format('policy pack %s adopted: %s rows changed', k.changed_key,
                (SELECT pg_catalog.sum(x.n) FROM kind x
                WHERE x.log_id = k.log_id AND x.transaction_id = k.transaction_id)))
                FILTER (WHERE k.thing = 'adopted_pack' AND k.operation <> 'DELETE'),
            pg_catalog.string_agg(
                CASE k.operation WHEN 'INSERT' THEN 'added to ' WHEN 'UPDATE' THEN 'changed in '
                    WHEN 'DELETE' THEN 'removed from ' ELSE pg_catalog.lower(k.operation) || ' of ' END
                || k.thing || CASE WHEN k.n = 1 AND k.changed_key IS NOT NULL THEN ': ' || k.changed_key
                    WHEN k.n = 1 THEN '' ELSE pg_catalog.format(': %s rows', k.n) END,
                '; ' ORDER BY k.event_id)),
        pg_catalog.sum(k.n)::bigint, pg_catalog.max(k.policy_revision), k.transaction_id,
        k.log_id, pg_catalog.min(k.event_id::text)::uuid
    FROM kind k
    GROUP BY k.log_id, k.transaction_id, k.username, k.session_role
    ORDER BY pg_catalog.min(k.occurred_at), pg_catalog.min(k.event_id::text);
END;
REVOKE ALL ON FUNCTION sharing_guard.policy_acts(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.policy_acts(bigint, uuid) IS
'What was done to the policy, the registry, guards and settings in a review period or the last 90 days: one line for each transaction. policy_changes has each changed row. Columns as in policy_acts_90d';

CREATE VIEW sharing_guard.policy_acts_90d AS
SELECT a.* FROM sharing_guard.policy_acts() a;
REVOKE ALL ON TABLE sharing_guard.policy_acts_90d FROM PUBLIC;
COMMENT ON VIEW sharing_guard.policy_acts_90d IS
'What was done to the policy, the registry, guards and settings in the last 90 days: one line for each transaction, in a sentence. policy_changes_90d has each changed row';
COMMENT ON COLUMN sharing_guard.policy_acts_90d.local_time IS 'When, on the clocks of the agency';
COMMENT ON COLUMN sharing_guard.policy_acts_90d.occurred_at IS 'When, as the session''s time zone shows it';
COMMENT ON COLUMN sharing_guard.policy_acts_90d.username IS 'Who did it: the person named by the application, else the login';
COMMENT ON COLUMN sharing_guard.policy_acts_90d.session_role IS 'The role that the session acted as';
COMMENT ON COLUMN sharing_guard.policy_acts_90d.what IS 'What was done, in words';
COMMENT ON COLUMN sharing_guard.policy_acts_90d.changes IS 'How many rows were changed';
COMMENT ON COLUMN sharing_guard.policy_acts_90d.policy_revision IS 'The revision of the policy that it made';
COMMENT ON COLUMN sharing_guard.policy_acts_90d.transaction_id IS 'The transaction: WHERE transaction_id = ... in policy_changes has its rows';
COMMENT ON COLUMN sharing_guard.policy_acts_90d.log_id IS 'The log that it is recorded in';
COMMENT ON COLUMN sharing_guard.policy_acts_90d.first_event_id IS 'The event of its first row';
