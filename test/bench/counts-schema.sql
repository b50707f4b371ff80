-- What test/bench/counts.sql works with, besides schema.sql.
-- :region_module is the path of region.so.
SELECT bench_target('counts', 'ours');
CREATE TABLE unprotected (n integer);
SELECT bench_target('counts_noop', 'noop');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, agencies, enabled)
SELECT 'bench-' || n, 'Bench rule ' || n, 'flag', ARRAY['bench-pd-' || n], false
FROM generate_series(1, 1000) AS n;
CREATE FUNCTION bench_start() RETURNS void AS :'region_module' LANGUAGE C;
CREATE FUNCTION bench_stop(text) RETURNS void AS :'region_module' LANGUAGE C STRICT;
