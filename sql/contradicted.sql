-- An agency that is entered with a jurisdiction that its own name contradicts.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
-- No agency of the pack, and none of the fixture.
SELECT count(*) FROM sharing_guard.contradicted_agencies;
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level) VALUES ('so-fl', 'Pasco County FL SO', 'US-CA', 'local');
-- CO is a county's, not Colorado, where a county of that name is meant.
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level) VALUES
    ('cc-so', 'Contra Costa CO SO', 'US-CA', 'local'),
    ('la-co', 'Los Angeles CO Sheriff', 'US-CA', 'local'),
    ('denver', 'Denver CO PD', 'US-CO', 'local'),
    ('reno', 'Reno NV Police', 'US-NV', 'local'),
    ('plain', 'Springfield Police Department', 'US-CA', 'local'),
    ('fed', 'FBI Nevada', 'US', 'federal');
SELECT agency_id, jurisdiction, name_says FROM sharing_guard.contradicted_agencies;
UPDATE sharing_guard.agency SET jurisdiction = 'US-AZ' WHERE agency_id = 'reno';
SELECT finding, what_to_do FROM sharing_guard.preflight() WHERE subject = 'registry';
UPDATE sharing_guard.agency SET jurisdiction = 'US-FL' WHERE agency_id = 'so-fl';
UPDATE sharing_guard.agency SET jurisdiction = 'US-NV' WHERE agency_id = 'reno';
SELECT count(*) FROM sharing_guard.contradicted_agencies;
