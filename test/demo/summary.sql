-- The last lines of make demo, from the record.
SELECT format('%s rows decided on: %s allowed, %s flagged, %s left out; %s statements refused.',
              sum(rows_disclosed + rows_blocked),
              sum(rows_disclosed) FILTER (WHERE outcome = 'allow'),
              sum(rows_disclosed) FILTER (WHERE outcome = 'flag'),
              sum(rows_blocked), :refused)
FROM sharing_guard.audit_90d
UNION ALL
SELECT format('Each of the %s has its record: who, what, to whom, for what, under which rule.',
              count(*))
FROM sharing_guard.audit_rows_90d
UNION ALL
SELECT format('%s rows went out while watching that enforcing would have stopped.',
              sum(rows_disclosed) FILTER (WHERE outcome <> would_be_outcome))
FROM sharing_guard.audit_90d
UNION ALL
SELECT format('A warrant lifted the rules that name warrants (%s row), and no others.',
              sum(rows_disclosed) FILTER (WHERE lifted_by IS NOT NULL))
FROM sharing_guard.audit_90d
UNION ALL
SELECT format('%s changes of policy, registry and guards are recorded, each with its author.',
              count(*))
FROM sharing_guard.policy_changes_90d;
