-- The figures of a run.

SELECT format('%s: %s', name, about) FROM bench_case ORDER BY position \g (format=unaligned tuples_only)

\pset title ''
SELECT * FROM bench_table;

SELECT count(*) > 0 AS more FROM bench_figure \gset
\if :more
\pset title 'More figures'
SELECT f."case", f.variant, f.name AS "figure",
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY f.value))::numeric, 1) AS "value"
FROM bench_figure AS f JOIN bench_case AS c ON c.name = f."case"
GROUP BY c.position, f."case", f.name, f.variant, c.variants
ORDER BY c.position, f.name, array_position(c.variants, f.variant);
\endif
