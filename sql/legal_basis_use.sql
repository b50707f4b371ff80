-- Legal bases that are limited: so many rows, or a single use; and agreements
-- of task forces.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
SET client_min_messages = error;
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('shut', 'shut', 'word');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, purpose_tags, lifted_by) VALUES
('t.shut', 'Not for this purpose', 'block', '{shut}', '{court_order,task_force_agreement}');
INSERT INTO sharing_guard.legal_basis
       (legal_basis_id, kind, issuer, valid_from, destination, data_classes, case_number, row_limit, single_use) VALUES
('two', 'court_order', 'A judge', '2020-01-01', 'oakdale-pd', '{rms}', '26-1', 2, false),
('once', 'court_order', 'A judge', '2020-01-01', 'oakdale-pd', '{rms}', '26-1', NULL, true),
('both', 'court_order', 'A judge', '2020-01-01', 'oakdale-pd', '{rms}', '26-1', 5, true),
('free', 'court_order', 'A judge', '2020-01-01', 'oakdale-pd', '{rms}', '26-1', NULL, false);
CREATE TABLE outbox (id int PRIMARY KEY, agency text DEFAULT 'oakdale-pd', why text DEFAULT 'shut', basis text, case_no text DEFAULT '26-1', sent boolean);
SELECT sharing_guard.protect_export('outbox', destination => 'agency', purpose => 'why', legal_basis => 'basis',
           case_number => 'case_no', record_key => 'id', bookkeeping => 'sent', data_class => 'rms', mode => 'enforce') AS protected \gset
RESET client_min_messages;
CREATE VIEW pg_temp.status AS
    SELECT legal_basis_id, status, row_limit, rows_used, rows_left, single_use, uses
      FROM sharing_guard.legal_basis_status;
\set VERBOSITY terse
-- Two rows, and no third; what was refused used nothing
INSERT INTO outbox (id, basis) VALUES (1, 'two');
INSERT INTO outbox (id, basis) VALUES (2, 'two'), (3, 'two');
SELECT * FROM pg_temp.status ORDER BY 1;
INSERT INTO outbox (id, basis) VALUES (2, 'two');
SELECT * FROM pg_temp.status WHERE legal_basis_id = 'two';
\set VERBOSITY default
SELECT array_to_string(reasons, E'\n') FROM sharing_guard.preview_decision('oakdale-pd', 'shut', 'rms', 'two', case_number => '26-1');
\set VERBOSITY terse
INSERT INTO outbox (id, basis) VALUES (3, 'two');
-- Writing down that it was sent is no use; another change is
UPDATE outbox SET sent = true;
UPDATE outbox SET case_no = '26-1 ' WHERE id = 1;
SELECT * FROM pg_temp.status WHERE legal_basis_id = 'two';
-- Deleting the basis and entering it again gives nothing back; a greater limit does
DELETE FROM sharing_guard.legal_basis WHERE legal_basis_id = 'two';
INSERT INTO sharing_guard.legal_basis
       (legal_basis_id, kind, issuer, valid_from, destination, data_classes, case_number, row_limit)
VALUES ('two', 'court_order', 'A judge', '2020-01-01', 'oakdale-pd', '{rms}', '26-1', 2);
INSERT INTO outbox (id, basis) VALUES (3, 'two');
UPDATE sharing_guard.legal_basis SET row_limit = 3 WHERE legal_basis_id = 'two';
INSERT INTO outbox (id, basis) VALUES (3, 'two');
SELECT * FROM pg_temp.status WHERE legal_basis_id = 'two';
-- A single use is a transaction, whatever it consists of
BEGIN;
INSERT INTO outbox (id, basis) VALUES (10, 'once');
SAVEPOINT a;
INSERT INTO outbox (id, basis) VALUES (11, 'once');
ROLLBACK TO a;
INSERT INTO outbox (id, basis) VALUES (12, 'once');
COMMIT;
INSERT INTO outbox (id, basis) VALUES (13, 'once');
BEGIN;
INSERT INTO outbox (id, basis) VALUES (20, 'both');
ROLLBACK;
BEGIN;
INSERT INTO outbox (id, basis) SELECT g, 'both' FROM generate_series(20, 24) g;
INSERT INTO outbox (id, basis) VALUES (25, 'both');
ROLLBACK;
INSERT INTO outbox (id, basis) SELECT g, 'both' FROM generate_series(20, 23) g;
INSERT INTO outbox (id, basis) VALUES (24, 'both');
-- Not for another case, and that uses nothing; without limit nothing is counted
INSERT INTO outbox (id, basis, case_no) VALUES (30, 'free', '26-2');
INSERT INTO outbox (id, basis) VALUES (30, 'free');
-- Where the rule is not met, the basis is not used
INSERT INTO outbox (id, basis, why) VALUES (31, 'two', 'burglary');
SELECT * FROM pg_temp.status ORDER BY 1;
-- Its use is in every event that it lifted
SELECT record_key, outcome, legal_basis_id FROM sharing_guard.audit_rows
 WHERE relation = 'public.outbox' AND outcome <> 'block' ORDER BY record_key::int, outcome;

-- Rows that are skipped: each row that passes is counted once
SELECT sharing_guard.unprotect('outbox') AS unprotected \gset
DELETE FROM outbox;
SELECT sharing_guard.protect_export('outbox', destination => 'agency', purpose => 'why', legal_basis => 'basis',
           case_number => 'case_no', record_key => 'id', data_class => 'rms', on_block => 'skip_row', mode => 'enforce') AS protected \gset
INSERT INTO sharing_guard.legal_basis
       (legal_basis_id, kind, issuer, valid_from, destination, data_classes, case_number, row_limit)
VALUES ('three', 'court_order', 'A judge', '2020-01-01', 'oakdale-pd', '{rms}', '26-1', 3);
INSERT INTO outbox (id, basis) SELECT g, 'three' FROM generate_series(1, 2) g;
SELECT * FROM pg_temp.status WHERE legal_basis_id = 'three';
INSERT INTO outbox (id, basis) SELECT g, 'three' FROM generate_series(3, 6) g;
SELECT id FROM outbox ORDER BY id;
SELECT * FROM pg_temp.status WHERE legal_basis_id = 'three';

-- In observe mode the rows go out, and are counted as long as there is anything left
SELECT sharing_guard.set_mode('observe', 'outbox') AS mode \gset
UPDATE sharing_guard.legal_basis SET row_limit = 4 WHERE legal_basis_id = 'three';
INSERT INTO outbox (id, basis) SELECT g, 'three' FROM generate_series(7, 8) g;
SELECT * FROM pg_temp.status WHERE legal_basis_id = 'three';
SELECT record_key, outcome, would_be_outcome, legal_basis_id FROM sharing_guard.audit_rows
 WHERE record_key IN ('7', '8') AND relation = 'public.outbox' ORDER BY record_key, outcome;

-- Who may see and change it
SET client_min_messages = error;
DROP ROLE IF EXISTS regress_sg_auditor, regress_sg_admin;
CREATE ROLE regress_sg_auditor; CREATE ROLE regress_sg_admin;
SELECT sharing_guard.grant_auditor('regress_sg_auditor') AS granted, sharing_guard.grant_policy_admin('regress_sg_admin') AS granted \gset
RESET client_min_messages;
SET ROLE regress_sg_auditor;
SELECT count(*) FROM sharing_guard.legal_basis_status;
SET ROLE regress_sg_admin;
SELECT count(*) FROM sharing_guard.legal_basis_status;
UPDATE sharing_guard.legal_basis_use SET rows_used = 0;
RESET ROLE;

-- What makes no sense is refused
INSERT INTO sharing_guard.legal_basis (legal_basis_id, kind, valid_from, row_limit) VALUES ('x', 'statute', '2020-01-01', 0);
INSERT INTO sharing_guard.legal_basis (legal_basis_id, kind, issuer, issuer_title, valid_from, destination, data_classes, case_number)
VALUES ('x', 'judicial_warrant', 'An officer', 'Supervisory Deportation Officer', '2020-01-01', 'oakdale-pd', '{rms}', '1');
INSERT INTO sharing_guard.legal_basis (legal_basis_id, kind, issuer, issuer_title, valid_from, destination, data_classes, case_number)
VALUES ('x', 'judicial_warrant', 'A. Judge', 'Immigration Judge', '2020-01-01', 'oakdale-pd', '{rms}', '1');

-- A task force's agreement lifts for its members, while it is at work, and not for immigration
INSERT INTO sharing_guard.legal_basis (legal_basis_id, kind, valid_from) VALUES
('mou', 'task_force_agreement', '2020-01-01'), ('mou-2', 'task_force_agreement', '2020-01-01'), ('mou-3', 'task_force_agreement', '2020-01-01');
INSERT INTO sharing_guard.task_force (task_force_id, name, primary_purpose, agencies, starts_on, ends_on, agreement) VALUES
('vehicle', 'Vehicle Theft', 'stolen vehicles', '{oakdale-pd,marshal-office}', '2025-01-01', '2026-06-30', 'mou'),
('ero', 'Removal', 'immigration enforcement', '{oakdale-pd}', '2025-01-01', NULL, 'mou-2');
CREATE FUNCTION pg_temp.ask(destination text, basis text, at timestamptz, on_behalf text DEFAULT NULL)
RETURNS TABLE (outcome text, reason text) LANGUAGE sql AS $$
    SELECT p.outcome, (SELECT r FROM unnest(p.reasons) AS r WHERE r ~ 'Not for this purpose')
      FROM sharing_guard.preview_decision(destination, 'shut', 'rms', basis, at => at, on_behalf_of_agency => on_behalf) AS p
$$;
SELECT x.*, a.* FROM (VALUES
    (1, 'oakdale-pd', 'mou', '2026-01-01'::timestamptz, NULL), (2, 'oakdale-pd', 'mou', '2024-12-31 23:59 America/Los_Angeles', NULL),
    (3, 'oakdale-pd', 'mou', '2026-06-30 23:59 America/Los_Angeles', NULL), (4, 'oakdale-pd', 'mou', '2026-07-01 00:00 America/Los_Angeles', NULL),
    (5, 'cedar-so', 'mou', '2026-01-01', NULL), (6, 'oakdale-pd', 'mou', '2026-01-01', 'cedar-so'), (7, 'Oakdale CA PD', 'mou', '2026-01-01', NULL),
    (8, 'oakdale-pd', 'mou-2', '2026-01-01', NULL), (9, 'oakdale-pd', 'mou-3', '2026-01-01', NULL)) AS x (n, destination, basis, at, on_behalf),
    LATERAL pg_temp.ask(x.destination, x.basis, x.at, x.on_behalf) AS a ORDER BY x.n;
\set ECHO none
SET client_min_messages = error;
DROP TABLE outbox;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
\set ECHO none
DROP ROLE regress_sg_auditor, regress_sg_admin;
