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
