-- What test/bench/counts.sql works with, besides schema.sql.
SELECT bench_target('counts', 'ours');
CREATE TABLE unprotected (n integer);
SELECT bench_target('counts_noop', 'noop');
