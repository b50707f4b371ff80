-- Export tables: every row written to one is decided on and recorded.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
CREATE TABLE partner_export (
    export_id bigint PRIMARY KEY,
    partner text,
    reason text,
    basis text,
    case_no text,
    officer text,
    for_agency text,
    plate text,
    sent_at timestamptz,
    status text
);
-- One call protects the table.
SELECT sharing_guard.protect_export('partner_export',
    destination => 'partner', purpose => 'reason', legal_basis => 'basis',
    case_number => 'case_no', requesting_person => 'officer',
    on_behalf_of_agency => 'for_agency', query_elements => 'plate',
    bookkeeping => 'sent_at, status', data_class => 'alpr', mode => 'enforce');
-- The same call again changes nothing.
SELECT sharing_guard.protect_export('partner_export',
    destination => 'partner', purpose => 'reason', legal_basis => 'basis',
    case_number => 'case_no', requesting_person => 'officer',
    on_behalf_of_agency => 'for_agency', query_elements => 'plate',
    bookkeeping => 'sent_at, status', data_class => 'alpr', mode => 'enforce');

-- An agency of this state, attested: goes out.
INSERT INTO partner_export (export_id, partner, reason, case_no, officer, plate)
VALUES (1, 'oakdale-pd', 'stolen vehicle', '26-100', 'Ofc. Lee', '7ABC123'),
       (2, 'Oakdale Police Department', 'hit and run', '26-101', 'Ofc. Diaz', '8XYZ999');
-- Not attested: goes out and is flagged.
INSERT INTO partner_export (export_id, partner, reason, case_no, officer, plate)
VALUES (3, 'cedar-so', 'missing person', '26-102', 'Ofc. Lee', '6DEF456');
-- No purpose: flagged.
INSERT INTO partner_export (export_id, partner, officer, plate)
VALUES (4, 'oakdale-pd', 'Ofc. Lee', '6DEF456');
SELECT operation, relation, data_class, username, username_source, organization,
       purpose, tags, case_number, destination, agency_id, destination_class,
       outcome, would_be_outcome, rows_disclosed
FROM sharing_guard.audit ORDER BY event_id;
SELECT record_key, username, purpose, case_number, query_elements, destination, outcome
FROM sharing_guard.audit_rows ORDER BY record_key;

-- A refusal names the rule, its authority and the way forward, and no data.
\set VERBOSITY terse
INSERT INTO partner_export (export_id, partner, reason) VALUES (10, 'reno-test-pd', 'stolen vehicle');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO partner_export (export_id, partner, reason) VALUES (11, 'marshal-office', 'fugitive');
INSERT INTO partner_export (export_id, partner, reason) VALUES (12, 'removal-office', 'fugitive');
INSERT INTO partner_export (export_id, partner, reason) VALUES (13, 'oakdale-pd', 'ICE detainer');
INSERT INTO partner_export (export_id, partner, reason) VALUES (14, 'old-mill-pd', 'stolen vehicle');
INSERT INTO partner_export (export_id, partner, reason) VALUES (15, 'campus-guard', 'stolen vehicle');
INSERT INTO partner_export (export_id, partner, reason) VALUES (16, 'nobody has heard of them', 'stolen vehicle');
INSERT INTO partner_export (export_id, partner, reason) VALUES (17, NULL, 'stolen vehicle');
-- An in-house search made for somebody else is decided as a disclosure to them.
INSERT INTO partner_export (export_id, partner, reason, for_agency)
VALUES (18, 'riverbend-police-department', 'stolen vehicle', 'removal-office');
\set VERBOSITY default
-- The first refused row ends the statement, and nothing of it is stored.
SELECT export_id FROM partner_export ORDER BY 1;

-- UPDATE: bookkeeping is no disclosure, anything else is one.
UPDATE partner_export SET sent_at = now(), status = 'sent' WHERE export_id = 1;
UPDATE partner_export SET plate = plate WHERE export_id = 1;
UPDATE partner_export SET plate = '1NEW111' WHERE export_id = 1;
SELECT operation, record_key, query_elements, outcome
FROM sharing_guard.audit_rows WHERE record_key = '1' ORDER BY event_id;
\set VERBOSITY sqlstate
UPDATE partner_export SET partner = 'reno-test-pd' WHERE export_id = 1;
\set VERBOSITY default

-- ON CONFLICT, both ways: a row that is not stored is not recorded.
INSERT INTO partner_export (export_id, partner, reason) VALUES (1, 'oakdale-pd', 'theft')
    ON CONFLICT DO NOTHING;
INSERT INTO partner_export (export_id, partner, reason) VALUES (1, 'oakdale-pd', 'burglary')
    ON CONFLICT (export_id) DO UPDATE SET reason = excluded.reason;
SELECT operation, record_key, purpose FROM sharing_guard.audit_rows
WHERE record_key = '1' ORDER BY event_id;
-- MERGE
MERGE INTO partner_export e
USING (VALUES (1, 'robbery'), (20, 'arson')) AS v (id, why) ON e.export_id = v.id
WHEN MATCHED THEN UPDATE SET reason = v.why
WHEN NOT MATCHED THEN INSERT (export_id, partner, reason) VALUES (v.id, 'oakdale-pd', v.why);
SELECT operation, record_key, purpose FROM sharing_guard.audit_rows
WHERE purpose IN ('robbery', 'arson') ORDER BY record_key;
-- COPY
COPY partner_export (export_id, partner, reason) FROM stdin;
30	oakdale-pd	burglary
31	cedar-so	burglary
\.
\set VERBOSITY sqlstate
COPY partner_export (export_id, partner, reason) FROM stdin;
32	oakdale-pd	burglary
33	reno-test-pd	burglary
\.
\set VERBOSITY default
SELECT record_key, destination, outcome FROM sharing_guard.audit_rows
WHERE purpose = 'burglary' AND record_key::int >= 30 ORDER BY record_key;

-- A rolled-back export leaves no event; a rolled-back savepoint drops exactly
-- its own.
BEGIN;
INSERT INTO partner_export (export_id, partner, reason) VALUES (40, 'oakdale-pd', 'fraud');
ROLLBACK;
BEGIN;
INSERT INTO partner_export (export_id, partner, reason) VALUES (41, 'oakdale-pd', 'fraud');
SAVEPOINT a;
INSERT INTO partner_export (export_id, partner, reason) VALUES (42, 'oakdale-pd', 'fraud');
SAVEPOINT b;
INSERT INTO partner_export (export_id, partner, reason) VALUES (43, 'oakdale-pd', 'fraud');
RELEASE b;
ROLLBACK TO a;
INSERT INTO partner_export (export_id, partner, reason) VALUES (44, 'oakdale-pd', 'fraud');
SAVEPOINT c;
INSERT INTO partner_export (export_id, partner, reason) VALUES (45, 'oakdale-pd', 'fraud');
RELEASE c;
COMMIT;
SELECT record_key FROM sharing_guard.audit_rows WHERE purpose = 'fraud' ORDER BY 1;
SELECT export_id FROM partner_export WHERE reason = 'fraud' ORDER BY 1;

-- session_replication_role does not switch the guard off.
SET session_replication_role = replica;
\set VERBOSITY sqlstate
INSERT INTO partner_export (export_id, partner, reason) VALUES (50, 'reno-test-pd', 'theft');
\set VERBOSITY default
INSERT INTO partner_export (export_id, partner, reason) VALUES (51, 'oakdale-pd', 'larceny');
RESET session_replication_role;
SELECT record_key, outcome FROM sharing_guard.audit_rows WHERE purpose = 'larceny';

-- Renamed columns and tables are followed; the table's name in the event is
-- the present one.
ALTER TABLE partner_export RENAME COLUMN partner TO recipient;
ALTER TABLE partner_export RENAME TO county_export;
ALTER TABLE county_export DROP COLUMN status;
INSERT INTO county_export (export_id, recipient, reason) VALUES (60, 'oakdale-pd', 'vandalism');
SELECT relation, record_key, destination FROM sharing_guard.audit_rows WHERE purpose = 'vandalism';
SELECT relation, operation, new_row->>'column_name' AS column_name
FROM sharing_guard.policy_changes WHERE operation = 'UPDATE' AND relation = 'sharing_guard.guard_column';

-- A column the guard needs is dropped: nothing goes out any more.
ALTER TABLE county_export DROP COLUMN recipient;
INSERT INTO county_export (export_id, reason) VALUES (61, 'vandalism');

-- And back out again.
SELECT sharing_guard.unprotect('county_export');
INSERT INTO county_export (export_id, reason) VALUES (61, 'vandalism');
SELECT sharing_guard.unprotect('county_export');
DROP TABLE county_export;

-- A decision is not remembered for a row that differs in what was decided on:
-- a blank case number is none.
CREATE TABLE history (id int PRIMARY KEY, dest text, why text, case_no text);
SELECT sharing_guard.protect_export('history', destination => 'dest', purpose => 'why',
    case_number => 'case_no', data_class => 'criminal_history', mode => 'enforce');
INSERT INTO history VALUES (1, 'removal-office', 'record check', '26-500');
\set VERBOSITY sqlstate
INSERT INTO history VALUES (2, 'removal-office', 'record check', '  ');
\set VERBOSITY default
SELECT record_key, outcome FROM sharing_guard.audit_rows WHERE relation = 'public.history' ORDER BY 1;
DROP TABLE history;

-- A trigger that somebody has put on the log may not export rows itself: the
-- events that are being written would change under our hands.
CREATE TABLE original (id int PRIMARY KEY, dest text);
CREATE TABLE echo (id text PRIMARY KEY, dest text);
SELECT sharing_guard.protect_export('original', destination => 'dest', data_class => 'rms', mode => 'enforce');
SELECT sharing_guard.protect_export('echo', destination => 'dest', data_class => 'rms', mode => 'enforce');
CREATE FUNCTION echo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.relation = 'public.original' THEN
        INSERT INTO public.echo SELECT 'echo of ' || k, 'oakdale-pd' FROM unnest(NEW.record_keys) k;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER echo AFTER INSERT ON sharing_guard.event FOR EACH ROW EXECUTE FUNCTION echo();
\set VERBOSITY terse
INSERT INTO original VALUES (1, 'oakdale-pd'), (2, 'oakdale-pd'), (3, 'cedar-so');
\set VERBOSITY default
SELECT id FROM echo ORDER BY 1;
SELECT relation, record_key FROM sharing_guard.audit_rows
WHERE relation IN ('public.original', 'public.echo') ORDER BY 1, 2;
DROP TRIGGER echo ON sharing_guard.event;
DROP FUNCTION echo();
DROP TABLE original, echo;

-- A group that outlives the savepoint it was made before, and the second that
-- an event may span.
CREATE TABLE slow (id int PRIMARY KEY, dest text);
SELECT sharing_guard.protect_export('slow', destination => 'dest', data_class => 'rms', mode => 'enforce');
BEGIN;
INSERT INTO slow VALUES (1, 'oakdale-pd');
SAVEPOINT s;
INSERT INTO slow VALUES (2, 'cedar-so');
RELEASE s;
SELECT pg_sleep(1.1);
INSERT INTO slow VALUES (3, 'oakdale-pd'), (4, 'cedar-so');
SAVEPOINT s;
INSERT INTO slow VALUES (5, 'oakdale-pd');
ROLLBACK TO s;
INSERT INTO slow VALUES (6, 'oakdale-pd');
COMMIT;
SELECT record_key, destination FROM sharing_guard.audit_rows WHERE relation = 'public.slow' ORDER BY 1;
DROP TABLE slow;
