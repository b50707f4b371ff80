-- What make demo shows; test/demo/show plays it.  A file of SQL like any
-- other, for the database that database.sql makes.

-- # 1. Before anything is switched on
-- The server has loaded the library and lists this database.
CREATE EXTENSION sharing_guard;

-- What is missing, and what is to be done about it?
SELECT status, subject, finding, what_to_do
FROM sharing_guard.preflight('partner_export') WHERE status <> 'ok' \gx

-- The DBA may set up the policy, without being a superuser. Somebody else may
-- read the record.
SELECT sharing_guard.grant_policy_admin('dba'),
       sharing_guard.grant_auditor('privacy_officer');

-- # 2. Whose database it is, and which law holds
\c - dba
-- The state, the agency, its clock, and whom a refused user is told to ask.
SELECT sharing_guard.configure('US-CA', 'Riverbend Police',
    'America/Los_Angeles', 'the privacy officer, ext. 134',
    attestations => true);

-- A dry run first: what would the California policy bring?
SELECT change, object, count(*), min(key) AS "for example"
FROM sharing_guard.adopt_policy('us-ca', dry_run => true)
GROUP BY change, object ORDER BY object;

-- Then for good.
SELECT count(*) AS "rows adopted" FROM sharing_guard.adopt_policy('us-ca');

-- The neighbours go into the registry. It alone says what a destination is;
-- the spelling of a name says nothing.
INSERT INTO sharing_guard.agency
    (agency_id, name, jurisdiction, level, status, attested_on)
VALUES
    ('alder-creek-pd', 'Alder Creek Police Department',
     'US-CA', 'local', 'active', '2026-01-15'),
    ('juniper-so', 'Juniper County Sheriff',
     'US-CA', 'local', 'active', NULL),
    ('old-quarry-pd', 'Old Quarry Police Department',
     'US-CA', 'local', 'inactive', '2025-02-01'),
    ('granite-pass-pd', 'Granite Pass Police Department',
     'US-NV', 'local', 'active', NULL);

-- # 3. Watch first: observe mode
-- One call protects the queue that feeds the partners. In observe mode
-- nothing is stopped.
SELECT sharing_guard.protect_export('partner_export',
    destination => 'agency', purpose => 'reason',
    legal_basis => 'legal_basis', case_number => 'case_no',
    requesting_person => 'officer', query_elements => 'plate',
    data_class_column => 'record_type',
    bookkeeping => 'sent_at, status', mode => 'observe');

\c - records_app
-- As the application: an ordinary night's traffic goes out as it always did.
INSERT INTO partner_export
    (agency, record_type, record_id, plate, reason, case_no, officer)
SELECT agency, 'alpr', read_id, plate, reason, case_no, officer
FROM alpr_read JOIN (VALUES
    ('7RVB201', 'alder-creek-pd', 'stolen vehicle', '26-0113', 'Ofc. Marl'),
    ('8DMO417', 'granite-pass-pd', 'stolen vehicle', '26-0118', 'Ofc. Marl'),
    ('6QZX883', 'juniper-so', 'hit and run', '26-0120', 'Det. Quill'),
    ('5FAK350', 'alder-creek-pd', 'locate for ICE', NULL, 'Ofc. Tarn'))
    AS ask (plate, agency, reason, case_no, officer) USING (plate)
ORDER BY read_id;

-- The feed marks them as sent: bookkeeping, no new disclosure.
UPDATE partner_export SET sent_at = now(), status = 'sent';

\c - privacy_officer
-- As the auditor: where would_be_outcome is block, enforcing stops the rows.
SELECT destination, purpose, rows_disclosed AS rows, outcome, would_be_outcome
FROM sharing_guard.audit ORDER BY would_be_outcome, destination;

-- # 4. Switch on: enforce mode
\c - dba
-- After two weeks of watching the table is promoted, and two more are
-- protected: requests, in the columns of a vendor's audit file, and the share
-- list.
SELECT sharing_guard.set_mode('enforce', 'partner_export');
SELECT sharing_guard.protect_export('access_request',
    destination => '"Org Name"', purpose => '"Reason"',
    case_number => '"Case #"', requesting_person => '"Name"',
    query_elements => '"License Plate"', bookkeeping => '"Moderation"',
    data_class => 'alpr', mode => 'enforce');
SELECT sharing_guard.protect_export('share_list',
    destination => 'agency', purpose => 'reason',
    requesting_person => 'added_by', data_class => 'alpr',
    on_block => 'skip_row', mode => 'enforce');

-- # 5. Refused
\c - records_app
-- Licence plate data for another state. The error names the rule, its
-- authority, the way forward and whom to ask.
INSERT INTO partner_export
    (agency, record_type, record_id, plate, reason, case_no, officer)
VALUES ('granite-pass-pd', 'alpr', 5002, '6QZX883',
        'stolen vehicle', '26-0118', 'Ofc. Marl');

-- A neighbour in the same state, and a purpose that the policy blocks.
INSERT INTO partner_export
    (agency, record_type, record_id, plate, reason, case_no, officer)
VALUES ('alder-creek-pd', 'alpr', 5003, '5FAK350',
        'civil detainer for ERO', '26-0120', 'Ofc. Tarn');

-- A name that nobody has entered, whatever it sounds like.
INSERT INTO partner_export
    (agency, record_type, record_id, plate, reason, case_no, officer)
VALUES ('Bay City Parking Patrol Inc.', 'alpr', 5001, '8DMO417',
        'stolen vehicle', '26-0118', 'Ofc. Tarn');

-- # 6. Allowed, and flagged
-- All go out: the first without a mark, the others shown to the auditor.
INSERT INTO partner_export
    (agency, record_type, record_id, plate, reason, case_no, officer)
VALUES ('alder-creek-pd', 'alpr', 5004, '7RVB201',
        'missing person', '26-0131', 'Det. Quill'),
       ('granite-pass-pd', 'rms', 901, NULL,
        'burglary series', '26-0113', 'Det. Quill'),
       ('alder-creek-pd', 'alpr', 5008, '7RVB201',
        'investigation', NULL, 'Ofc. Tarn');

\c - privacy_officer
-- As the auditor: which, and why.
SELECT record_key AS key, data_class, destination_class, outcome, flag_reasons
FROM sharing_guard.audit_rows ORDER BY record_key::int DESC LIMIT 3;

-- # 7. One judicial warrant, two kinds of records
\c - dba
-- A federal magistrate's warrant is entered with its scope: one agency, two
-- kinds of records, one case.
INSERT INTO sharing_guard.legal_basis
    (legal_basis_id, kind, issuer, issuer_title, court, number,
     valid_from, valid_until, destination, data_classes, case_number)
VALUES
    ('warrant-0417', 'judicial_warrant', 'Hon. P. Sterling',
     'United States Magistrate Judge', 'U.S. District Court', 'demo-mj-0417',
     now() - interval '1 day', now() + interval '14 days',
     'us-ice-hsi', '{rms,alpr}', '26-0115');

\c - records_app
-- A person's record for immigration enforcement: refused without a warrant.
INSERT INTO partner_export
    (agency, record_type, record_id, reason, case_no, officer)
VALUES ('HSI', 'rms', 902, 'immigration warrant', '26-0115', 'Det. Quill');

-- With it the record goes out, flagged.
INSERT INTO partner_export
    (agency, record_type, record_id, reason, case_no, officer, legal_basis)
VALUES ('HSI', 'rms', 902, 'immigration warrant', '26-0115', 'Det. Quill',
        'warrant-0417');

-- Licence plate data to the same agency under the same warrant: refused, for
-- these rules name nothing that lifts them.
INSERT INTO partner_export
    (agency, record_type, record_id, plate, reason, case_no, officer,
     legal_basis)
VALUES ('HSI', 'alpr', 5003, '5FAK350', 'immigration warrant', '26-0115',
        'Det. Quill', 'warrant-0417');

-- # 8. Feeds that must not stop: skip_row
-- Only the refused rows are left out. The statement succeeds, and warns once.
INSERT INTO share_list (agency, reason, added_by) VALUES
    ('alder-creek-pd', 'regional auto theft', 'Lt. Brandt'),
    ('granite-pass-pd', 'regional auto theft', 'Lt. Brandt'),
    ('old-quarry-pd', 'regional auto theft', 'Lt. Brandt'),
    ('U.S. Border Patrol', 'regional auto theft', 'Lt. Brandt');
SELECT agency, network, added_by FROM share_list;

-- # 9. Ask before you send: preview_decision
\c - dba
-- The same decision, recorded nowhere.
SELECT outcome, destination_class, agency_id, tags, rule_ids, reasons
FROM sharing_guard.preview_decision('FBI', 'bank robbery, FBI assist',
    data_class => 'alpr') \gx

-- And for each kind of record.
SELECT data_class, outcome, reasons[1] AS "first reason"
FROM sharing_guard.data_class, sharing_guard.preview_decision(
    'FBI', 'bank robbery, FBI assist', data_class) ORDER BY data_class;

-- # 10. The side door: an own officer searches for somebody else
\c - records_app
-- A search for ourselves is recorded as such.
INSERT INTO access_request
    ("ID", "Name", "Org Name", "License Plate", "Reason", "Case #")
VALUES (70001, 'Det. Quill', 'Riverbend Police', '7RVB201',
        'stolen vehicle', '26-0113');

-- The same, but the application declares for whom it is done; that decides.
BEGIN;
SELECT sharing_guard.begin_disclosure(on_behalf_of_agency => 'CBP');
INSERT INTO access_request
    ("ID", "Name", "Org Name", "License Plate", "Reason", "Case #")
VALUES (70002, 'Ofc. Tarn', 'Riverbend Police', '5FAK350',
        'vehicle of interest', '26-0120');
ROLLBACK;

-- # 11. The auditor's 90 days
\c - privacy_officer
-- One page: who got what, and what was held back.
SELECT agency_id, data_class AS class, outcome, would_be_outcome AS would_be,
       rows_disclosed AS out, rows_blocked AS held, tags
FROM sharing_guard.audit_90d_summary
ORDER BY would_be_outcome DESC, outcome DESC, agency_id, class;

-- What went out flagged, and waits to be looked at.
SELECT username, agency_id, purpose, rows_disclosed AS rows,
       would_be_outcome AS would_be
FROM sharing_guard.flagged_90d ORDER BY event_id;

-- One exported row by its key: the access record that California Civil Code
-- 1798.90.52 requires.
SELECT occurred_at, query_elements, username, organization, purpose,
       case_number, destination, outcome
FROM sharing_guard.audit_rows_90d
WHERE relation = 'public.partner_export' AND record_key = '3' \gx

-- Who changed the policy, the registry and the guards: each row is there,
-- with its old and its new values.
SELECT session_role AS who, relation, operation, count(*) AS rows
FROM sharing_guard.policy_changes_90d
GROUP BY 1, 2, 3 ORDER BY min(occurred_at);

-- The promotion of step 4 among them.
SELECT session_role AS who, new_row->>'relation' AS "table",
       old_row->>'mode' AS "mode before", new_row->>'mode' AS "mode after"
FROM sharing_guard.policy_changes_90d
WHERE operation = 'UPDATE' AND relation = 'sharing_guard.guard';

-- One event in plain sentences: the warrant of step 7.
\pset tuples_only on
\pset format unaligned
SELECT sharing_guard.explain_event(event_id)
FROM sharing_guard.audit WHERE lifted_by IS NOT NULL;
\pset format aligned
\pset tuples_only off

-- # 12. The record itself
\c - postgres
-- What is written stays as it is: nobody edits it, superusers included.
DELETE FROM sharing_guard.event WHERE outcome = 'flag';

-- A refused statement is rolled back, and so would be its record: that event
-- is one line of the server log.
SELECT e->>'username' AS username, e->>'destination' AS destination,
       e->>'data_class' AS class, e->'purposes'->>0 AS purpose
FROM regexp_matches(pg_read_file(pg_current_logfile()),
         'sharing_guard event: (.*)', 'gn') AS line,
     CAST(line[1] AS jsonb) AS e;
