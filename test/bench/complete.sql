-- Is every row of the last guarded statement in the record, and nothing else?
-- :table holds what that statement has written.
SELECT extract(epoch FROM clock_timestamp()) AS start \gset
SELECT transaction_id AS last FROM sharing_guard.audit
ORDER BY event_id DESC LIMIT 1 \gset
SELECT count(*) AS missing FROM (
    SELECT export_id::text, agency, reason, plate FROM :table
    EXCEPT ALL
    SELECT record_key, destination, purpose, query_elements
    FROM sharing_guard.audit_rows WHERE transaction_id = :'last') d \gset
SELECT count(*) AS surplus FROM (
    SELECT record_key, destination, purpose, query_elements
    FROM sharing_guard.audit_rows WHERE transaction_id = :'last' AND outcome <> 'block'
    EXCEPT ALL
    SELECT export_id::text, agency, reason, plate FROM :table) d \gset
SELECT count(*) AS rows FROM :table \gset
SELECT format('the record against the table, row by row: %s missing, %s surplus of %s rows: %s (%s s)',
              :missing, :surplus, :rows,
              CASE WHEN :missing + :surplus = 0 THEN 'as they should be' ELSE 'WRONG' END,
              round((extract(epoch FROM clock_timestamp()) - :start)::numeric, 1));
