-- The records of the Riverbend Police, an agency that does not
-- exist.  Every person, plate and case in here is invented.

CREATE ROLE dba LOGIN;              -- owns the tables, administers the policy
CREATE ROLE records_app LOGIN;      -- the vendor's application: one login for all
CREATE ROLE privacy_officer LOGIN;  -- reads the record

GRANT CREATE ON SCHEMA public TO dba;
SET ROLE dba;

-- What the cameras saw.
CREATE TABLE alpr_read (
    read_id bigint PRIMARY KEY,
    plate text NOT NULL,
    camera text NOT NULL,
    seen_at timestamptz NOT NULL
);
INSERT INTO alpr_read
SELECT 5000 + n, (ARRAY['7RVB201', '8DMO417', '6QZX883', '5FAK350'])[1 + n % 4],
       (ARRAY['Main St & 3rd', 'Harbor Bridge', 'Route 9 North'])[1 + n % 3],
       date_trunc('hour', now()) - n * interval '37 minutes'
FROM generate_series(1, 40) AS n;

-- People in reports.
CREATE TABLE rms_person (
    person_id bigint PRIMARY KEY,
    full_name text NOT NULL,
    report_no text NOT NULL
);
INSERT INTO rms_person VALUES
    (901, 'Dana Example', '26-0113'), (902, 'Sam Sample', '26-0115'),
    (903, 'Alex Placeholder', '26-0120'), (904, 'Robin Fictional', '26-0131');

-- What partner agencies are sent: a feed empties this queue every minute.
CREATE TABLE partner_export (
    export_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agency text,
    record_type text NOT NULL,      -- alpr or rms
    record_id bigint NOT NULL,
    plate text,
    reason text,
    legal_basis text,
    case_no text,
    officer text,
    sent_at timestamptz,
    status text NOT NULL DEFAULT 'queued'
);

-- Searches that were asked for, as the camera vendor's network audit has them.
CREATE TABLE access_request (
    "ID" bigint PRIMARY KEY,
    "Name" text,
    "Org Name" text,
    "Total Networks Searched" integer,
    "Time Frame" text,
    "License Plate" text,
    "Reason" text,
    "Case #" text,
    "Filters" text,
    "Search Time" timestamptz DEFAULT now(),
    "Search Type" text,
    "Moderation" text
);

-- Agencies that see the camera network all the time.
CREATE TABLE share_list (
    agency text PRIMARY KEY,
    network text NOT NULL DEFAULT 'all cameras',
    reason text,
    added_by text
);

GRANT SELECT ON alpr_read, rms_person TO records_app;
GRANT SELECT, INSERT, UPDATE ON partner_export, access_request, share_list TO records_app;
RESET ROLE;

-- The policy, by people who are not superusers.
SET client_min_messages = warning;
CREATE EXTENSION sharing_guard;
SELECT sharing_guard.grant_policy_admin('dba'), sharing_guard.grant_auditor('privacy_officer');
SET SESSION AUTHORIZATION dba;
SELECT sharing_guard.configure('US-CA', 'Riverbend Police', 'America/Los_Angeles',
    'the privacy officer, ext. 134', attestations => true);
SELECT count(*) FROM sharing_guard.adopt_policy('us-ca');
INSERT INTO sharing_guard.agency
    (agency_id, name, jurisdiction, level, status, attested_on)
VALUES
    ('alder-creek-pd', 'Alder Creek Police Department', 'US-CA', 'local', 'active', '2026-01-15'),
    ('old-quarry-pd', 'Old Quarry Police Department', 'US-CA', 'local', 'inactive', '2025-02-01'),
    ('granite-pass-pd', 'Granite Pass Police Department', 'US-NV', 'local', 'active', NULL);

-- A federal magistrate's warrant, with its scope: one agency, two kinds of
-- records, one case.
INSERT INTO sharing_guard.legal_basis
    (legal_basis_id, kind, issuer, issuer_title, court, number,
     valid_from, valid_until, destination, data_classes, case_number)
VALUES
    ('warrant-0417', 'judicial_warrant', 'Hon. P. Sterling',
     'United States Magistrate Judge', 'U.S. District Court', 'demo-mj-0417',
     now() - interval '1 day', now() + interval '14 days',
     'us-ice-hsi', '{rms,alpr}', '26-0115');

-- The guarded tables: what partners are sent, the searches that were asked for,
-- in the columns of a vendor's audit file, and the share list.
SELECT sharing_guard.protect_export('partner_export',
    destination => 'agency', purpose => 'reason',
    legal_basis => 'legal_basis', case_number => 'case_no',
    requesting_person => 'officer', query_elements => 'plate',
    data_class_column => 'record_type',
    bookkeeping => 'sent_at, status', mode => 'enforce');
SELECT sharing_guard.protect_export('access_request',
    destination => '"Org Name"', purpose => '"Reason"',
    case_number => '"Case #"', requesting_person => '"Name"',
    query_elements => '"License Plate"', bookkeeping => '"Moderation"',
    data_class => 'alpr', mode => 'enforce');
SELECT sharing_guard.protect_export('share_list',
    destination => 'agency', purpose => 'reason',
    requesting_person => 'added_by', data_class => 'alpr',
    on_block => 'skip_row', mode => 'enforce');
RESET SESSION AUTHORIZATION;
