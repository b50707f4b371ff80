-- What test/bench/check counts, in single-user mode: a statement ends with a
-- semicolon and an empty line.  Each region is warm when it begins.

-- Rows whose decision is in the cache, to ten destinations.  Few rows, for under
-- callgrind everything is fifty times slower, and a group is written after a
-- second.
INSERT INTO counts SELECT * FROM bench_source;

SELECT bench_start();

INSERT INTO counts SELECT export_id + 2000, 'bench-pd-' || 1 + export_id % 10, reason, plate FROM bench_source;

SELECT bench_stop('insert');

-- The same rows where a trigger does nothing.
INSERT INTO counts_noop SELECT * FROM bench_source;

SELECT bench_start();

INSERT INTO counts_noop SELECT export_id + 2000, 'bench-pd-' || 1 + export_id % 10, reason, plate FROM bench_source;

SELECT bench_stop('noop');

-- The same, each the first to its destination.
SELECT bench_start();

INSERT INTO counts SELECT export_id + 4000, agency, reason, plate FROM bench_source WHERE export_id <= 1000;

SELECT bench_stop('groups');

-- Each row with a purpose of its own, and so with a decision of its own.
INSERT INTO counts SELECT export_id + 20000, agency, reason || ', case number 2025-' || export_id, plate FROM bench_source WHERE export_id <= 1000;

SELECT bench_start();

INSERT INTO counts SELECT export_id + 30000, agency, reason || ', case number 2026-' || export_id, plate FROM bench_source WHERE export_id <= 1000;

SELECT bench_stop('purposes');

-- Transactions of one row, twenty of them, and the library's own share.
INSERT INTO counts VALUES (9000, 'bench-pd-7', 'stolen vehicle', 'T00009000');

SELECT bench_start();

INSERT INTO counts VALUES (10000, 'bench-pd-7', 'stolen vehicle', 'T00010000');

INSERT INTO counts VALUES (10001, 'bench-pd-7', 'stolen vehicle', 'T00010001');

INSERT INTO counts VALUES (10002, 'bench-pd-7', 'stolen vehicle', 'T00010002');

INSERT INTO counts VALUES (10003, 'bench-pd-7', 'stolen vehicle', 'T00010003');

INSERT INTO counts VALUES (10004, 'bench-pd-7', 'stolen vehicle', 'T00010004');

INSERT INTO counts VALUES (10005, 'bench-pd-7', 'stolen vehicle', 'T00010005');

INSERT INTO counts VALUES (10006, 'bench-pd-7', 'stolen vehicle', 'T00010006');

INSERT INTO counts VALUES (10007, 'bench-pd-7', 'stolen vehicle', 'T00010007');

INSERT INTO counts VALUES (10008, 'bench-pd-7', 'stolen vehicle', 'T00010008');

INSERT INTO counts VALUES (10009, 'bench-pd-7', 'stolen vehicle', 'T00010009');

INSERT INTO counts VALUES (10010, 'bench-pd-7', 'stolen vehicle', 'T00010010');

INSERT INTO counts VALUES (10011, 'bench-pd-7', 'stolen vehicle', 'T00010011');

INSERT INTO counts VALUES (10012, 'bench-pd-7', 'stolen vehicle', 'T00010012');

INSERT INTO counts VALUES (10013, 'bench-pd-7', 'stolen vehicle', 'T00010013');

INSERT INTO counts VALUES (10014, 'bench-pd-7', 'stolen vehicle', 'T00010014');

INSERT INTO counts VALUES (10015, 'bench-pd-7', 'stolen vehicle', 'T00010015');

INSERT INTO counts VALUES (10016, 'bench-pd-7', 'stolen vehicle', 'T00010016');

INSERT INTO counts VALUES (10017, 'bench-pd-7', 'stolen vehicle', 'T00010017');

INSERT INTO counts VALUES (10018, 'bench-pd-7', 'stolen vehicle', 'T00010018');

INSERT INTO counts VALUES (10019, 'bench-pd-7', 'stolen vehicle', 'T00010019');

SELECT bench_stop('one_row');

-- A decision that is in no cache, to a destination that was seen before; a
-- purpose of forty bytes.
SELECT bench_first('bench-pd-500', 'patrol request for a stolen white Toyota', 1);

SELECT bench_start();

SELECT bench_first('bench-pd-500', 'patrol request for a stolen white Toyota', 100);

SELECT bench_stop('first');

-- Names of agencies, by a spelling that was not seen before.
SELECT count(sharing_guard.preview_decision('bench town ' || n || ' POLICE', 'stolen vehicle', 'alpr')) FROM generate_series(1, 1000) AS n;

SELECT bench_start();

SELECT count(sharing_guard.preview_decision('BENCH TOWN ' || n || ' police', 'stolen vehicle', 'alpr')) FROM generate_series(1, 1000) AS n;

SELECT bench_stop('resolve');

-- The policy read anew, with 1,000 agencies: any change of it does that.
UPDATE sharing_guard.agency SET attested_on = '2026-01-02' WHERE agency_id = 'bench-pd-1';

SELECT bench_start();

SELECT bench_load();

SELECT bench_stop('load');

-- A decision that is in no cache again, under a thousand rules more.
UPDATE sharing_guard.rule SET enabled = true WHERE rule_id LIKE 'bench-%';

SELECT bench_first('bench-pd-500', 'patrol request for a stolen white Toyota', 1);

SELECT bench_start();

SELECT bench_first('bench-pd-500', 'patrol request for a stolen white Toyota', 100);

SELECT bench_stop('first_rules');

-- Statements that have nothing to do with us, twenty of them, and what our hooks
-- add to them.
SELECT count(*) FROM unprotected;

INSERT INTO unprotected VALUES (1);

UPDATE unprotected SET n = 2;

DELETE FROM unprotected;

SELECT count(*) FROM unprotected;

INSERT INTO unprotected VALUES (1);

UPDATE unprotected SET n = 2;

DELETE FROM unprotected;

SELECT count(*) FROM unprotected;

INSERT INTO unprotected VALUES (1);

UPDATE unprotected SET n = 2;

DELETE FROM unprotected;

SELECT count(*) FROM unprotected;

INSERT INTO unprotected VALUES (1);

UPDATE unprotected SET n = 2;

DELETE FROM unprotected;

SELECT count(*) FROM unprotected;

INSERT INTO unprotected VALUES (1);

UPDATE unprotected SET n = 2;

DELETE FROM unprotected;

SELECT bench_start();

SELECT count(*) FROM unprotected;

INSERT INTO unprotected VALUES (1);

UPDATE unprotected SET n = 2;

DELETE FROM unprotected;

SELECT count(*) FROM unprotected;

INSERT INTO unprotected VALUES (1);

UPDATE unprotected SET n = 2;

DELETE FROM unprotected;

SELECT count(*) FROM unprotected;

INSERT INTO unprotected VALUES (1);

UPDATE unprotected SET n = 2;

DELETE FROM unprotected;

SELECT count(*) FROM unprotected;

INSERT INTO unprotected VALUES (1);

UPDATE unprotected SET n = 2;

DELETE FROM unprotected;

SELECT count(*) FROM unprotected;

INSERT INTO unprotected VALUES (1);

UPDATE unprotected SET n = 2;

DELETE FROM unprotected;

SELECT bench_stop('unprotected');

