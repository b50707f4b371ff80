-- Destinations: who a name stands for.
\set SHOW_CONTEXT never
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
RESET client_min_messages;
SELECT sharing_guard.configure('US-CA', 'Anytown Police Department',
                               'America/Los_Angeles', 'the records unit');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, status, ori) VALUES
('davis-pd', 'Davis Police Department', 'US-CA', 'local', 'active', 'CA0000001'),
('ca-doj', 'California Department of Justice', 'US-CA', 'state', 'active', NULL),
('reno-pd', 'Reno Police Department', 'US-NV', 'local', 'active', NULL),
('old-pd', 'Oldtown Sheriff''s Office [Inactive]', 'US-CA', 'local', 'inactive', NULL),
('fbi', 'Federal Bureau of Investigation', 'US', 'federal', 'active', NULL),
('tribe-pd', 'Tribal Police', 'US-CA', 'tribal', 'active', NULL),
('campus', 'Private University Police', 'US-CA', 'private', 'active', NULL),
('tijuana', 'Policia de Tijuana', 'MX', 'foreign', 'active', NULL),
('tijuana-mall', 'Tijuana Mall Guards', 'MX', 'private', 'active', NULL),
('host', 'Data Host Inc.', 'US-TX', 'service_provider', 'active', NULL),
('ncric', 'Regional Intelligence Center', 'US-CA', 'fusion', 'active', NULL),
('odd', 'Somebody', 'US-CA', 'unknown', 'active', NULL);
SELECT sharing_guard.accept_alias('Davis CA PD', 'davis-pd');
CREATE FUNCTION pg_temp.who(name text, state text DEFAULT NULL)
RETURNS TABLE (name text, state text, agency_id text, destination_class text, agency_status text)
LANGUAGE sql AS $$
    SELECT name, state, p.agency_id, p.destination_class, p.agency_status
      FROM sharing_guard.preview_decision(name, 'burglary', 'rms', destination_state => state) AS p
$$;
-- Every class
SELECT w.* FROM sharing_guard.agency AS a, LATERAL pg_temp.who(a.agency_id) AS w
 ORDER BY a.agency_id COLLATE "C";
-- By ORI, name and alias, whatever the case, spacing, punctuation and brackets
SELECT w.* FROM unnest('{CA0000001,davis police department,DAVIS  CA P.D.,"[Davis] CA-PD",
    OLDTOWN SHERIFFS OFFICE (INACTIVE),POLICIA DE TIJUANA}'::text[])
       WITH ORDINALITY AS x (name, n), LATERAL pg_temp.who(x.name) AS w ORDER BY x.n;
-- Spellings that are nobody's
SELECT w.* FROM unnest(ARRAY['Davis', 'Davis PD [Inactive]', 'ca0000001x', '', ' ', '---', NULL])
       WITH ORDINALITY AS x (name, n), LATERAL pg_temp.who(x.name) AS w ORDER BY x.n;
-- A known name in another state is another agency
SELECT w.* FROM (VALUES (1, 'CA'), (2, 'US-CA'), (3, 'california'), (4, 'TX'), (5, 'US-NV'),
                        (6, 'MX'), (7, '')) AS x (n, state),
       LATERAL pg_temp.who('Davis CA PD', x.state) AS w ORDER BY x.n;
SELECT w.* FROM (VALUES (1, 'fbi', 'CA'), (2, 'fbi', 'MX'), (3, 'tijuana', 'TX'), (4, 'tijuana', 'MX'),
                        (5, 'Unheard-of PD', 'NV')) AS x (n, name, state),
       LATERAL pg_temp.who(x.name, x.state) AS w ORDER BY x.n;
-- Two agencies of one name: nobody's, until the id says which
SET client_min_messages = error;
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('reno-pd-tx', 'Reno Police Department', 'US-TX', 'local');
RESET client_min_messages;
SELECT w.* FROM unnest('{Reno Police Department,reno-pd,reno-pd-tx}'::text[])
       WITH ORDINALITY AS x (name, n), LATERAL pg_temp.who(x.name) AS w ORDER BY x.n;
-- An agency_id and an ORI are spellings too, and no other agency's alias
SELECT w.* FROM unnest('{FBI,CA-Doj,ca 0000001}'::text[])
       WITH ORDINALITY AS x (name, n), LATERAL pg_temp.who(x.name) AS w ORDER BY x.n;
SELECT sharing_guard.accept_alias('Ca-Doj', 'davis-pd');
SELECT sharing_guard.accept_alias('ca 0000001', 'ca-doj');
SELECT sharing_guard.accept_alias('CA-DOJ', 'ca-doj');
UPDATE sharing_guard.agency_alias SET alias = 'F.B.I.' WHERE alias = 'Davis CA PD';
-- An agency that comes later gets a warning; its own id still finds it
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('DavisCaPd', 'Davis Capital Department', 'US-TX', 'local');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('FBI.', 'Bureau', 'US-TX', 'local');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('x', 'Reno-PD', 'US-TX', 'local');
UPDATE sharing_guard.agency SET ori = 'ORI000001' WHERE agency_id = 'fbi';
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('y', 'ORI 000 001', 'US-TX', 'local');
UPDATE sharing_guard.agency SET note = 'changed' WHERE agency_id IN ('x', 'FBI.');
SELECT w.* FROM unnest('{DavisCaPd,Davis CA PD,fbi,FBI.,F B I,reno-pd,Reno PD,ORI000001,ori000001}'::text[])
       WITH ORDINALITY AS x (name, n), LATERAL pg_temp.who(x.name) AS w ORDER BY x.n;
DELETE FROM sharing_guard.agency WHERE agency_id IN ('DavisCaPd', 'FBI.', 'x', 'y');
-- Home is where configure() says
SELECT sharing_guard.configure(NULL, 'Davis Police Department', NULL);
SELECT w.* FROM unnest('{Davis CA PD,anytown-police-department}'::text[])
       WITH ORDINALITY AS x (name, n), LATERAL pg_temp.who(x.name) AS w ORDER BY x.n;

-- Two towns of one name: the state tells them apart.
SET client_min_messages = error;
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, status)
VALUES ('springfield-ca', 'Springfield PD', 'US-CA', 'local', 'active'),
       ('springfield-mo', 'Springfield PD', 'US-MO', 'local', 'active');
RESET client_min_messages;
SELECT s, agency_id, destination_class
FROM unnest(ARRAY[NULL, 'CA', 'US-MO', 'Missouri', 'TX']) s,
     sharing_guard.preview_decision('Springfield PD', 'theft', 'rms', destination_state => s);

-- What became of a name is remembered with the state beside it, for thousands of names and no more.
CREATE TEMP TABLE answers AS
SELECT n, s, p.agency_id, p.destination_class
FROM generate_series(1, 2) AS pass (n), unnest(ARRAY[NULL, '', 'CA', 'US-MO', 'MissouriCA', 'TX']) AS s,
     LATERAL sharing_guard.resolve_destination('Springfield PD', s) AS p;
SELECT count(*) FROM generate_series(1, 6000) AS n,
       LATERAL sharing_guard.resolve_destination('Nowhere Town ' || n || ' Police') AS p
WHERE p.destination_class <> 'unregistered';
INSERT INTO answers
SELECT 3, s, p.agency_id, p.destination_class
FROM unnest(ARRAY[NULL, '', 'CA', 'US-MO', 'MissouriCA', 'TX']) AS s,
     LATERAL sharing_guard.resolve_destination('Springfield PD', s) AS p;
SELECT s, agency_id, destination_class, count(*) FROM answers GROUP BY s, agency_id, destination_class
ORDER BY s COLLATE "C" NULLS FIRST;
-- It is forgotten with the policy that it came from
UPDATE sharing_guard.agency SET jurisdiction = 'US-TX' WHERE agency_id = 'springfield-mo';
SELECT s, p.agency_id, p.destination_class
FROM unnest(ARRAY['US-MO', 'TX']) AS s, LATERAL sharing_guard.resolve_destination('Springfield PD', s) AS p;
