-- Names that nothing matched, and the aliases that are taken from them.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
SET client_min_messages = error;
DELETE FROM sharing_guard.agency_alias; DELETE FROM sharing_guard.agency WHERE pack IS NOT NULL;
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level) VALUES
('elk-so', 'Elk Hollow County Sheriff''s Office', 'US-CA', 'local'), ('elk-pd', 'Elk Hollow Police Department', 'US-CA', 'local'),
('elk-nv', 'Elk Hollow Police Department (NV)', 'US-NV', 'local');
CREATE TABLE outbox (id int PRIMARY KEY, agency text, behalf text, why text DEFAULT 'burglary');
SELECT sharing_guard.protect_export('outbox', destination => 'agency', on_behalf_of_agency => 'behalf', purpose => 'why',
           record_key => 'id', data_class => 'rms', mode => 'observe') AS protected \gset
RESET client_min_messages;
INSERT INTO outbox (id, agency, behalf) VALUES (1, 'oakdale-pd', NULL), (2, 'Oakdal Police Departmnt', NULL), (3, 'Oakdal Police Departmnt', NULL),
 (4, 'Elk Holow CA SO', NULL), (5, 'Elk Hollow PD (NV)', NULL), (6, 'Whispering Palms', NULL), (7, 'oakdale-pd', 'Oakdale PD [Inactive]'), (8, NULL, NULL);
CREATE VIEW pg_temp.unresolved AS
    SELECT name, destination_class, agency_status, as_destination, on_behalf, rows_disclosed, suggested_agencies, last_seen >= first_seen AS seen
      FROM sharing_guard.unresolved_destinations;
SELECT * FROM pg_temp.unresolved ORDER BY name;
SELECT * FROM sharing_guard.resolve_destination('Elk Hollow CA PD');
SELECT * FROM sharing_guard.suggest_agencies('Elk Hollow');
-- Taking one is a change of policy like any other, and settles it
SET client_min_messages = error;
DROP ROLE IF EXISTS regress_sg_auditor, regress_sg_admin;
CREATE ROLE regress_sg_auditor; CREATE ROLE regress_sg_admin;
SELECT sharing_guard.grant_auditor('regress_sg_auditor') AS granted, sharing_guard.grant_policy_admin('regress_sg_admin') AS granted \gset
RESET client_min_messages;
SET ROLE regress_sg_auditor;
SELECT count(*) FROM sharing_guard.unresolved_destinations;
SELECT sharing_guard.accept_alias('Oakdal Police Departmnt', 'oakdale-pd');
SET ROLE regress_sg_admin;
SELECT sharing_guard.accept_alias(name, suggested_agency) FROM sharing_guard.unresolved_destinations WHERE name ~ '^Oakdal ';
SELECT name FROM sharing_guard.unresolved_destinations ORDER BY name;
RESET ROLE;
SELECT operation, relation, changed_key, acting_role, new_row->>'agency_id' AS agency_id
  FROM sharing_guard.policy_changes WHERE relation ~ 'alias' ORDER BY occurred_at DESC LIMIT 1;
SELECT agency_id, destination_class FROM sharing_guard.preview_decision('oakdal police departmnt', 'burglary', 'rms');
-- A name that fits another state's place is not suggested one of ours, and taken
-- for one only by who says that it is
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level) VALUES
('fresno-pd', 'Fresno Police Department', 'US-CA', 'local'), ('anderson-pd', 'Anderson Police Department', 'US-CA', 'local'),
('yuba-so', 'Yuba County Sheriff', 'US-CA', 'local'), ('yuma-pd', 'Yuma Police Department', 'US-AZ', 'local');
SELECT n AS name, (SELECT array_agg(s.agency_id) FROM sharing_guard.suggest_agencies(n) AS s) AS suggested
FROM unnest(ARRAY['Reno Police Department', 'Henderson PD', 'Yuma Police Dept', 'Yuma SO', 'Fresmo PD', 'Fresno AZ PD']) AS n;
SELECT sharing_guard.accept_alias('Reno Police Department', 'fresno-pd');
SELECT sharing_guard.accept_alias('Reno Police Department', 'fresno-pd', confirm => true);
SELECT sharing_guard.accept_alias('Henderson PD', 'anderson-pd');
SELECT sharing_guard.accept_alias('Oakdale CA PD', 'elk-nv');
SELECT sharing_guard.accept_alias('Henderson PD', 'elk-nv');
-- As vendors write it
SELECT n AS name, (sharing_guard.resolve_destination(n)).destination_class
FROM unnest(ARRAY['Sacramento PD', 'Sacramento Police Dept', 'San Diego PD', 'Glendale PD', 'Sacramento KY PD', 'Sacramento University PD']) AS n;
SELECT sharing_guard.accept_alias('Reno NV PD', 'oakdale-pd');
SELECT sharing_guard.accept_alias('Reno NV PD', 'oakdale-pd', confirm => true);
SELECT sharing_guard.accept_alias('FBI Fresno', 'oakdale-pd');
-- Why one city's police is let through and another's is not
SELECT sharing_guard.set_mode('enforce', 'outbox') IS NOT NULL AS enforced;
DO $$
DECLARE
    detail text;
BEGIN
    INSERT INTO outbox (id, agency) VALUES (90, 'Glendale PD');
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RAISE NOTICE '%', split_part(detail, E'\n', 2);
END $$;
SELECT sharing_guard.set_mode('observe', 'outbox') IS NOT NULL AS observed;
SELECT sharing_guard.accept_alias('Elk Hollow PD (NV)', 'elk-nv'), sharing_guard.accept_alias('Oakdale City PD CA', 'oakdale-pd');
-- ... and what says that it is inactive stays so
SELECT sharing_guard.accept_alias('Oakdale PD [Inactive]', 'oakdale-pd');
SELECT agency_id, agency_status FROM sharing_guard.preview_decision('Oakdale PD [Inactive]', 'burglary', 'rms');
\set ECHO none
SET client_min_messages = error;
DROP TABLE outbox;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
\set ECHO none
DROP ROLE regress_sg_auditor, regress_sg_admin;
