-- The last lines of make demo, from the record.
SELECT format('%s rows decided on: %s allowed, %s flagged, %s refused or left out.',
              sum(rows_disclosed + rows_blocked),
              coalesce(sum(rows_disclosed) FILTER (WHERE outcome = 'allow'), 0),
              coalesce(sum(rows_disclosed) FILTER (WHERE outcome = 'flag'), 0),
              sum(rows_blocked))
FROM sharing_guard.audit_90d
UNION ALL
SELECT format('%s statements were refused; each is on record, although each was rolled back.',
              count(*) FILTER (WHERE outcome = 'block' AND relation <> 'public.share_list'))
FROM sharing_guard.audit_90d
UNION ALL
SELECT format('%s changes of policy, registry and guards are on record, each with its author.',
              count(*))
FROM sharing_guard.policy_changes_90d;
