-- What test/bench/counts.sql works with, besides schema.sql.
-- :region_module is the path of region.so.
SELECT bench_target('counts', 'ours');
CREATE TABLE unprotected (n integer);
SELECT bench_target('counts_noop', 'noop');
CREATE FUNCTION bench_start() RETURNS void AS :'region_module' LANGUAGE C;
CREATE FUNCTION bench_stop(text) RETURNS void AS :'region_module' LANGUAGE C STRICT;
