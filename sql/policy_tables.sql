-- The policy tables refuse what makes no sense, and say what to do.
\set SHOW_CONTEXT never
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
RESET client_min_messages;

-- Before configure() nothing can be decided.
SELECT * FROM sharing_guard.preview_decision('anybody', 'anything');

-- configure()
SELECT sharing_guard.configure('CA', 'Anytown PD', 'America/Los_Angeles');
SELECT sharing_guard.configure('US-CA', 'Anytown PD', 'Pacific');
SELECT sharing_guard.configure('US-CA', NULL, 'America/Los_Angeles');
SELECT sharing_guard.configure('US-CA', 'Anytown Police Department',
                               'america/los_angeles', 'the records unit');
SELECT sharing_guard.configure('US-CA', 'Anytown Police Department',
                               'America/Los_Angeles', 'the records unit');
SELECT sharing_guard.configure(NULL, NULL, NULL, 'the privacy officer');
SELECT home_jurisdiction, agency, time_zone, contact, mode
  FROM sharing_guard.setting;
SELECT agency_id, name, jurisdiction, level, status FROM sharing_guard.agency;
SELECT sharing_guard.time_zone();

-- set_mode()
SELECT sharing_guard.set_mode('off');
SELECT sharing_guard.set_mode('observe');
SELECT mode FROM sharing_guard.setting;
SELECT sharing_guard.set_mode('enforce');

-- agency
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('x', 'X', 'California', 'local');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('x', 'X', 'US-ZZ', 'local');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('x', 'X', 'MX', 'local');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('x', 'X', 'MX', 'federal');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('x', 'X', 'US-CA', 'city');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('x', '---', 'US-CA', 'local');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, ori)
VALUES ('x', 'X', 'US-CA', 'local', 'CA123');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, attestation_expires)
VALUES ('x', 'X', 'US-CA', 'local', '2030-01-01');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, attested_on, attestation_expires)
VALUES ('x', 'X', 'US-CA', 'local', '2030-01-01', '2029-01-01');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, contract_expires)
VALUES ('x', 'X', 'US-CA', 'service_provider', '2030-01-01');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level) VALUES
('reno-pd', 'Reno Police Department', 'US-NV', 'local'),
('davis-pd', 'Davis Police Department', 'US-CA', 'local');
-- A name that two agencies share is nobody's.
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('reno-pd-2', 'RENO police-department', 'US-NV', 'local');
DELETE FROM sharing_guard.agency WHERE agency_id = 'reno-pd-2';

-- agency_alias
SELECT sharing_guard.accept_alias('Reno PD', 'renopd');
SELECT sharing_guard.accept_alias('Reno PD', 'reno-pd');
SELECT sharing_guard.accept_alias('Reno PD', 'reno-pd');
SELECT sharing_guard.accept_alias('[RENO] p.d.', 'davis-pd');
SELECT sharing_guard.accept_alias('reno police department', 'davis-pd');
SELECT sharing_guard.accept_alias('***', 'davis-pd');

-- data_class
INSERT INTO sharing_guard.data_class (data_class, description) VALUES ('Body Camera', 'x');
INSERT INTO sharing_guard.data_class (data_class, description) VALUES ('body_camera', 'Recordings');
DELETE FROM sharing_guard.data_class WHERE data_class = 'alpr';
UPDATE sharing_guard.data_class SET description = 'x' WHERE data_class = 'alpr';

-- rule
INSERT INTO sharing_guard.rule (rule_id, description, outcome)
VALUES ('r', 'R', 'deny');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, destination_classes)
VALUES ('r', 'R', 'block', '{foreign}');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, destination_classes)
VALUES ('r', 'R', 'block', '{}');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, data_classes)
VALUES ('r', 'R', 'block', '{plates}');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, data_classes)
VALUES ('r', 'R', 'block', '{NULL}');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, agencies)
VALUES ('r', 'R', 'block', '{fresno-pd}');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, channels)
VALUES ('r', 'R', 'block', '{fax}');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, lifted_by)
VALUES ('r', 'R', 'block', '{administrative_form}');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, destination_classes, lifted_by)
VALUES ('r', 'R', 'flag', '{federal}', '{judicial_warrant}');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, effective_from, effective_until)
VALUES ('r', 'R', 'block', '2026-02-01', '2026-01-31');
-- Rules that could never match
INSERT INTO sharing_guard.rule (rule_id, description, outcome, data_classes, except_data_classes)
VALUES ('r', 'R', 'block', '{alpr}', '{alpr,rms}');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, destination_classes, agency_status)
VALUES ('r', 'R', 'block', '{unregistered}', 'inactive');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, destination_classes, attestation)
VALUES ('r', 'R', 'block', '{unregistered,in_state_inferred}', 'missing');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, destination_classes, agencies)
VALUES ('r', 'R', 'block', '{federal}', '{reno-pd,davis-pd}');
-- Rules that do nothing are taken, with a warning
INSERT INTO sharing_guard.rule (rule_id, description, outcome, purpose_tags)
VALUES ('r1', 'R', 'block', '{imigration}');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, data_classes)
VALUES ('r2', 'R', 'allow', '{alpr}');
-- What a rule names stays
INSERT INTO sharing_guard.rule (rule_id, description, outcome, agencies, data_classes)
VALUES ('r3', 'R', 'flag', '{reno-pd}', '{body_camera}');
DELETE FROM sharing_guard.agency_alias;
DELETE FROM sharing_guard.agency WHERE agency_id = 'reno-pd';
DELETE FROM sharing_guard.data_class WHERE data_class = 'body_camera';

-- task_force
INSERT INTO sharing_guard.task_force (task_force_id, name, primary_purpose, agencies, starts_on)
VALUES ('t', 'T', 'Narcotics', '{dea}', '2026-01-01');
INSERT INTO sharing_guard.task_force (task_force_id, name, primary_purpose, agencies, starts_on, ends_on)
VALUES ('t', 'T', 'Narcotics', '{reno-pd}', '2026-01-01', '2025-01-01');

-- purpose_term
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('ice', 'Immigration', 'word');
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('ice raid', 'immigration', 'word');
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('ice', 'immigration', 'phrase');
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('ice', 'immigration', 'prefix');
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('ice', 'immigration', 'code');
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('...', 'immigration', 'word');
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('none (so far)', 'no_purpose', 'code');
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('law enforcement', 'vague_purpose', 'exception');
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('ice', 'immigration', 'fuzzy');
-- A rule that excepts every data class there is could never match either.
INSERT INTO sharing_guard.rule (rule_id, description, outcome, except_data_classes, authority_kind)
SELECT 'nothing-left', 'x', 'block', array_agg(data_class), 'agency' FROM sharing_guard.data_class;
