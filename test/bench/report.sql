-- The figures of a run, one line for each case.

\pset title 'Rows written'
SELECT * FROM bench_table;

SELECT count(*) FILTER (WHERE name ~ '_(guarded|plpgsql)$') > 0 AS recorded FROM bench_result \gset
\if :recorded
\pset title 'What the record takes'
SELECT name AS "case",
       max(events) AS records,
       round(max(audit_bytes) / 1e6, 1) AS "MB",
       round((max(audit_bytes) / max(rows))::numeric, 1) AS "bytes a row"
FROM bench_result, bench_rows
WHERE name ~ '_(guarded|plpgsql)$'
GROUP BY name, position ORDER BY position;
\endif

SELECT count(*) > 0 AS measured FROM bench_memory \gset
\if :measured
\pset title 'Memory of the backend (a run of its own)'
SELECT name AS "case",
       round(peak_kb / 1e3, 1) AS "peak, MB",
       round(context_bytes / 1e6, 1) AS "of that ours before the commit, MB"
FROM bench_memory ORDER BY name DESC;
\endif
