-- The steps that make demo shows; test/demo/show plays them.  A file of SQL like
-- any other, for the database that database.sql makes.  All steps together stay
-- within 150 lines of 96 columns, which test/t/270_demo.pl checks.

-- # 1. Refused: plate reads for another state
\c - records_app
INSERT INTO partner_export (agency, record_type, record_id, plate, reason, case_no, officer)
VALUES ('granite-pass-pd', 'alpr', 5002, '6QZX883', 'stolen vehicle', '26-0118', 'Ofc. Marl');

-- # 2. Refused: a search for immigration enforcement, in the same state
INSERT INTO partner_export (agency, record_type, record_id, plate, reason, case_no, officer)
VALUES ('alder-creek-pd', 'alpr', 5003, '5FAK350', 'civil detainer for ERO', NULL, 'Ofc. Tarn');

-- # 3. Not stopped: lawful work
\set VERBOSITY terse
-- The first goes out without a mark; the others are shown to the auditor.
INSERT INTO partner_export (agency, record_type, record_id, plate, reason, case_no, officer)
VALUES ('alder-creek-pd',  'alpr', 5004, '7RVB201', 'missing person',  '26-0131', 'Det. Quill'),
       ('granite-pass-pd', 'rms',   901, NULL,      'burglary series', '26-0113', 'Det. Quill'),
       ('alder-creek-pd',  'alpr', 5008, '7RVB201', 'investigation',   NULL,      'Ofc. Tarn');

-- # 4. A judicial warrant opens what the law lets it open, and no more
-- A person's record for immigration enforcement, under the warrant: it goes out.
INSERT INTO partner_export (agency, record_type, record_id, reason, case_no, legal_basis)
VALUES ('HSI', 'rms', 902, 'immigration warrant', '26-0115', 'warrant-0417');
-- Plate reads under the same warrant: no warrant lifts that rule.
INSERT INTO partner_export (agency, record_type, record_id, plate, reason, case_no, legal_basis)
VALUES ('HSI', 'alpr', 5003, '5FAK350', 'immigration warrant', '26-0115', 'warrant-0417');

-- # 5. A feed that must not stop: only the refused rows are left out
INSERT INTO share_list (agency, reason, added_by) VALUES
    ('alder-creek-pd',     'regional auto theft', 'Lt. Brandt'),
    ('granite-pass-pd',    'regional auto theft', 'Lt. Brandt'),
    ('U.S. Border Patrol', 'regional auto theft', 'Lt. Brandt');

-- # 6. The side door: an own officer searches for somebody else
-- The application declares for whom it is done, and that decides.
\pset tuples_only on
BEGIN; SELECT sharing_guard.begin_disclosure(on_behalf_of_agency => 'CBP');
INSERT INTO access_request ("ID", "Name", "Org Name", "License Plate", "Reason", "Case #")
VALUES (70002, 'Ofc. Tarn', 'Riverbend Police', '5FAK350', 'vehicle of interest', '26-0120');
ROLLBACK;
\pset tuples_only off

-- # 7. The auditor sees all of it, the refused statements too
\c - privacy_officer
SELECT username, destination, purpose, outcome, rows_disclosed AS "rows out"
FROM sharing_guard.audit_90d ORDER BY event_id;

-- # 8. One event in plain sentences
-- The record under the warrant of step 4.
\pset tuples_only on
\pset format unaligned
SELECT sharing_guard.explain_event(event_id)
FROM sharing_guard.audit WHERE outcome = 'flag' AND lifted_by IS NOT NULL;
\pset format aligned
\pset tuples_only off

-- # 9. Nobody edits the record
\c - postgres
DELETE FROM sharing_guard.event WHERE outcome = 'block';
