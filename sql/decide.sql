-- Decisions under the us-ca pack, case by case.
\set SHOW_CONTEXT never
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
RESET client_min_messages;
SELECT sharing_guard.configure('US-CA', 'Anytown Police Department',
                               'America/Los_Angeles', 'the records unit',
                               attestations => true);
SELECT count(*) > 100 AS adopted FROM sharing_guard.adopt_policy('us-ca');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, status,
    immigration_authority, attested_on, attestation_expires, contract_reference, contract_expires) VALUES
('attested', 'Attested', 'US-CA', 'local', 'active', false, '2026-01-01', '2026-06-30', NULL, NULL),
('in-state', 'In State', 'US-CA', 'local', 'active', false, NULL, NULL, NULL, NULL),
('closed', 'Closed', 'US-CA', 'local', 'inactive', false, '2026-01-01', NULL, NULL, NULL),
('nevada', 'Nevada', 'US-NV', 'local', 'active', false, NULL, NULL, NULL, NULL),
('texas-287g', 'Texas', 'US-TX', 'local', 'active', true, NULL, NULL, NULL, NULL),
('closed-ice', 'Closed Ice', 'US', 'federal', 'inactive', true, NULL, NULL, NULL, NULL),
('tribe', 'Tribe', 'US-CA', 'tribal', 'active', false, NULL, NULL, NULL, NULL),
('mall', 'Mall', 'US-CA', 'private', 'active', false, NULL, NULL, NULL, NULL),
('mexico', 'Mexico', 'MX', 'foreign', 'active', false, NULL, NULL, NULL, NULL),
('tow', 'Tow', 'US-CA', 'service_provider', 'active', false, NULL, NULL, 'C-1', '2026-06-30'),
('no-paper', 'No Paper', 'US-CA', 'service_provider', 'active', false, NULL, NULL, NULL, NULL);
CREATE FUNCTION pg_temp.outcome(destination text, purpose text, data_class text, case_number text)
RETURNS text LANGUAGE sql AS $$
    SELECT p.outcome FROM sharing_guard.preview_decision(destination, purpose, data_class,
        case_number => case_number, at => '2026-06-30 23:59:59 America/Los_Angeles') AS p
$$;
-- Who: the rows of the table of the us-ca pack
SELECT destination,
       pg_temp.outcome(destination, 'burglary', 'alpr', NULL) AS alpr,
       pg_temp.outcome(destination, 'burglary', 'rms', NULL) AS rms,
       pg_temp.outcome(destination, 'burglary', 'immigration_status', NULL) AS status,
       pg_temp.outcome(destination, 'burglary', 'criminal_history', '26-1') AS history,
       pg_temp.outcome(destination, 'burglary', 'criminal_history', NULL) AS history_in_bulk,
       pg_temp.outcome(destination, 'burglary', NULL, NULL) AS any_class
  FROM unnest('{anytown-police-department,attested,in-state,closed,nevada,us-fbi,us-ice,texas-287g,
                closed-ice,tribe,mall,mexico,tow,no-paper,nobody}'::text[]) WITH ORDINALITY AS d (destination, n)
 ORDER BY n;
-- For what
SELECT purpose,
       pg_temp.outcome('attested', purpose, 'alpr', NULL) AS alpr,
       pg_temp.outcome('attested', purpose, 'rms', NULL) AS rms,
       pg_temp.outcome('attested', purpose, 'immigration_status', NULL) AS status,
       pg_temp.outcome('attested', purpose, 'criminal_history', '26-1') AS history,
       pg_temp.outcome('attested', purpose, 'criminal_history', ' ') AS history_in_bulk
  FROM unnest('{burglary,immigration,HSI,FBI assist,NULL,inv,traffic infraction,personal use}'::text[])
       WITH ORDINALITY AS p (purpose, n)
 ORDER BY n;
-- Our own people are asked for what, too
SELECT purpose, pg_temp.outcome('anytown-police-department', purpose, 'alpr', NULL)
  FROM unnest('{burglary,ICE,NULL}'::text[]) WITH ORDINALITY AS p (purpose, n) ORDER BY n;
-- A purpose that is only flagged opens nothing
SELECT outcome, rule_ids FROM sharing_guard.preview_decision('nobody', 'HSI', 'rms');
-- Both parties count
SELECT destination, on_behalf, p.outcome, p.rule_ids
  FROM (VALUES (1, 'attested', 'us-ice'), (2, 'attested', 'nobody'), (3, 'us-ice', 'attested'),
               (4, 'attested', 'in-state'), (5, 'anytown-police-department', 'us-fbi')) AS x (n, destination, on_behalf),
       LATERAL sharing_guard.preview_decision(destination, 'burglary', 'alpr',
           on_behalf_of_agency => on_behalf, at => '2026-06-01') AS p
 ORDER BY n;
-- The last day of an attestation or contract is a whole day of the configured zone
SELECT at, p.outcome, p.rule_ids
  FROM (VALUES (1, '2026-06-30 23:59:59 America/Los_Angeles'),
               (2, '2026-07-01 00:00:00 America/Los_Angeles')) AS x (n, at),
       LATERAL sharing_guard.preview_decision('attested', 'burglary', 'rms', at => at::timestamptz) AS p
 ORDER BY n;
SELECT at, p.outcome, p.rule_ids
  FROM (VALUES (1, '2026-06-30 23:59:59 America/Los_Angeles'),
               (2, '2026-07-01 00:00:00 America/Los_Angeles')) AS x (n, at),
       LATERAL sharing_guard.preview_decision('tow', 'burglary', 'alpr', at => at::timestamptz) AS p
 ORDER BY n;
-- So are the days on which a rule counts
INSERT INTO sharing_guard.rule (rule_id, description, outcome, agencies, effective_from, effective_until)
VALUES ('local.pause', 'Sharing with this agency is paused', 'block', '{attested}', '2026-02-01', '2026-02-28');
SELECT at, p.outcome
  FROM (VALUES (1, '2026-01-31 23:59:59 America/Los_Angeles'), (2, '2026-02-01 00:00:00 America/Los_Angeles'),
               (3, '2026-02-28 23:59:59 America/Los_Angeles'), (4, '2026-03-01 00:00:00 America/Los_Angeles')) AS x (n, at),
       LATERAL sharing_guard.preview_decision('attested', 'burglary', 'rms', at => at::timestamptz) AS p
 ORDER BY n;
-- Data that nobody has heard of
SELECT outcome, rule_ids, reasons FROM sharing_guard.preview_decision('attested', 'burglary', 'ALPR', at => '2026-06-01');
-- Channels
INSERT INTO sharing_guard.rule (rule_id, description, outcome, channels)
VALUES ('local.no-copy', 'Nothing leaves by COPY', 'block', '{copy}');
SELECT channel, p.outcome FROM unnest('{export_row,copy}'::text[]) AS channel,
       LATERAL sharing_guard.preview_decision('attested', 'burglary', 'rms', channel => channel, at => '2026-06-01') AS p
 ORDER BY channel DESC;
SELECT * FROM sharing_guard.preview_decision('attested', 'burglary', channel => 'fax');
-- Everything that a decision says
\x on
\a
SELECT * FROM sharing_guard.preview_decision('Nevada', 'I.C.E. hold', 'alpr', at => '2026-06-01');
-- What a caller wrote never comes back in a reason
SELECT count(*) FILTER (WHERE r ~* 'zq9|secret' OR p.authority ~* 'zq9|secret') AS leaks
  FROM sharing_guard.preview_decision('zq9 destination', 'ICE zq9 secret', 'rms', 'zq9 basis',
           on_behalf_of_agency => 'zq9 behalf', case_number => 'zq9 case', record_key => 'zq9 key') AS p,
       unnest(p.reasons) AS r;
