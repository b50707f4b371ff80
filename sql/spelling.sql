-- What the spelling of a destination's name gives away, home by home.
\set SHOW_CONTEXT never
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
CREATE TABLE pg_temp.heard (n int GENERATED ALWAYS AS IDENTITY, name text, state text);
CREATE VIEW pg_temp.heard_as AS
    SELECT h.n, h.name, h.state, p.destination_class, p.agency_status
      FROM pg_temp.heard AS h,
           sharing_guard.preview_decision(h.name, 'burglary', 'rms', destination_state => h.state) AS p;
CREATE FUNCTION pg_temp.hear(VARIADIC names text[])
RETURNS TABLE (name text, destination_class text, agency_status text) LANGUAGE sql AS $$
    SELECT x.name, p.destination_class, p.agency_status
      FROM unnest(names) WITH ORDINALITY AS x (name, n),
           sharing_guard.preview_decision(x.name, 'burglary', 'rms') AS p ORDER BY x.n
$$;
RESET client_min_messages;

-- At home in California
SELECT sharing_guard.configure('US-CA', 'Anytown Police Department', 'America/Los_Angeles');
-- The forms in which vendors write a state
SELECT * FROM pg_temp.hear('Houston TX PD', 'AR - Alma PD', 'Arlington PD (WA)', 'Sparks Police Department - NV',
    'IN- Noble County SO', 'Windsor- IL- PD', 'Antrim County SO MI', 'Florence Co. WI SO', 'houston tx pd', 'HOUSTON TX PD',
    'Houston, Texas Police Department', 'Houston P.D. (Texas)', 'Lincoln NB PD', 'Harris County Const TX Pct 4');
SELECT * FROM pg_temp.hear('Oakley CA PD', 'Redding PD - CA', 'Mendocino County SO-CA', 'CA - Lodi PD', 'Lodi PD (CA)',
    'Gustine PD CA', 'LODI CA PD', 'lodi ca pd', 'Lodi, California Police Department', 'Orange County SO CA',
    'Los Angeles County CA SD', 'Amador County CA Sheriff''s Office', 'San Joaquin CA DA', 'Placer County CA DA Office',
    'Napa County (CA) Probation Department', 'Lindsay Public Safety Department CA', 'Burbank Airport CA PD',
    'North Kern Cemetery District CA PD', 'City of Vallejo (CA)', 'San Juan Bautista CA', 'Nevada County CA');
-- Words that are also states, and states that are also towns and counties
SELECT * FROM pg_temp.hear('Lake In The Hills IL PD', 'La Crosse WI PD', 'De Pere WI PD', 'Le Mars IA PD', 'Mt. Zion IL PD',
    'Gasconade Co MO SO', 'Garfield County CO SO', 'Brookings SD PD', 'Union County SD SO', 'LA PORTE IN PD', 'LAKE IN THE HILLS IL PD',
    'Indiana PA PD', 'California MD PD', 'Virginia MN PD', 'Kansas City MO PD', 'Kansas City KS PD', 'Washington County WI SO',
    'Iowa County WI SO', 'Delaware OH PD', 'Wyoming MI PD', 'Missouri City TX PD', 'Texas City TX PD', 'Michigan City IN PD',
    'Louisiana MO PD', 'Mexico MO PD', 'Oregon OH PD', 'Nevada City CA PD', 'Nevada County CA SO', 'California City PD CA',
    'La Mesa CA PD', 'El Monte CA PD', 'EL MONTE CA PD', 'Yolo Co CA SO', 'Ontario CA PD');
-- Bodies of states
SELECT * FROM pg_temp.hear('California Department of Corrections', 'California Department of Fish & Wildlife (CA)', 'Cal Fire', 'CHP',
    'California State Parks', 'Texas Department of Criminal Justice', 'Missouri State Highway Patrol', 'Florida Highway Patrol',
    'Illinois Attorney General', 'Louisiana State Police (LA)', 'Nevada Highway Patrol', 'West Virginia State Police', 'New Mexico State Police');
-- No state: only a place that no other state has
SELECT * FROM pg_temp.hear('Yuba County Sheriffs Office', 'Shasta County SO', 'City of Moreno Valley', 'City of Half Moon Bay (SMCSO)',
    'Orange County SO', 'Lake County Sheriff', 'Windsor Police Department', 'Hillsborough Police Department', 'Springfield PD',
    'Tompkins County Sheriff''s Office', 'Flagstaff Police Department', 'Washington County Sheriff', 'Nevada County Sheriff',
    'California City PD', 'County of Nevada (CA)', 'County of Yuba', 'CITY OF LA HABRA CA', 'Police Department', 'Sheriff', 'CA', 'CA PD', 'California Police Department');
-- Who is no public agency, wherever he is
SELECT * FROM pg_temp.hear('[Federal] US Border Patrol [Inactive]', '[Federal] FBI', 'FBI Los Angeles CA', 'US Marshals Service CA', 'VA Medical Center CA Police',
    'Naval Base San Diego CA PD', 'Travis AFB CA', 'NPS - Yosemite CA', 'ICE ERO Los Angeles CA', 'Amtrak Police CA', 'Federal Way WA PD',
    'Colville WA Tribal Police', 'Blue Lake Rancheria CA Tribal PD', 'CA Iipay Nation of Santa Ysabel', 'Round Valley Indian Tribes CA', 'Yurok CA PD', 'Morongo CA PD',
    'Hoopa Valley CA PD', 'Indian Wells CA PD', 'El Macero HOA (CA)', 'Newport Beach Country Club CA PD', 'Home Depot CA PD', 'Union Pacific Railroad CA PD',
    'BNSF Railway Police (CA)', 'Disneyland CA PD', 'Stanford University CA PD', 'University of San Francisco CA PD', 'University of the Pacific (CA) PD',
    'University of Southern California DPS', 'Santa Clara University Campus Safety CA', 'Chapman University CA PD', 'Pepperdine University CA DPS',
    'NCRIC', 'Western States Information Network (CA)', 'JRIC CA PD', 'Orange County CA Task Force', 'Valley Glen Neighborhood Watch (CA)',
    'Cornerstone Community School (CA)', 'Kaiser Permanente CA Security', 'Cedars Sinai Medical Center CA PD', 'Ontario Provincial Police', 'Policia de Tijuana CA');
-- Campuses: public ones by their system
SELECT * FROM pg_temp.hear('University of CA - Santa Barbara CA PD', 'UC Davis CA PD', 'CSU Long Beach PD (CA)', 'Cal State San Bernadino CA PD', 'San Jose State University CA',
    'Sequoias Community College District CA PD', 'Some College CA PD', 'Rio Hondo College PD CA', 'CSU Maritime Academy CA PD', 'Harper Community College IL PD', 'Denison University Campus OH PD');
-- What any body may be called is no name; what one alone is called needs no more
SELECT * FROM pg_temp.hear('County', 'County CA', 'Park District CA', 'City Schools CA', 'Unified School District CA PD', 'Union City CA PD',
    'Central Unified School District CA PD', 'East Bay Regional Park District PD (CA)', 'Cal Expo PD', 'BART PD', 'CHP Oakland', 'LAPD Harbor Division');
-- Posts and laboratories that are no towns, and towns that are
SELECT * FROM pg_temp.hear('Fort Irwin CA PD', 'Ft. Irwin CA PD', 'Fort Bragg CA PD', 'Fort Hood TX PD', 'Fort Worth TX PD', 'Lawrence Livermore CA PD',
    'Livermore CA PD', 'Ames Research Center CA PD', 'UPRR Police Roseville CA', 'Fresno Police Activities League CA');
-- Accounts that are dead
SELECT * FROM pg_temp.hear('ZZZ Oakley CA PD', 'zzInactive - Oakley CA PD', 'Oakley CA PD (Churned)', 'Oakley CA PD - Contract ended', 'Oakley CA PD (duplicate)');
-- Nobody, or more than one
SELECT * FROM pg_temp.hear('Reno NV CA PD', 'AZ CA Task Force PD', 'Texas Department of Public Safety CA', 'DNU', 'Delete', '[DEACTIVATED] - demo', 'Jaime LE Training', 'Whispering Palms',
    'Bel Air Hills (CA)', 'CA0010000', 'CA0190000', 'TX1010000', '   ', '()', '[]', '!!!', 'x');
-- Inactive, and DNU ("do not use")
SELECT * FROM pg_temp.hear('Sacramento CA PD [Inactive]', 'Santa Cruz CA PD (deactivated)', 'Iberia MO PD (deactivated)', '[DEACTIVATED] Oakley CA PD', 'Oakley CA PD - Inactive',
    'DNU - Glendale PD CA (Condor)');
-- A state beside the name
INSERT INTO pg_temp.heard (name, state) VALUES ('Springfield PD', 'CA'), ('Springfield PD', 'US-IL'), ('Springfield PD', 'Illinois'), ('Oakley CA PD', 'CA'), ('Oakley CA PD', 'TX'),
    ('Springfield PD', 'XX'), ('Stanford University PD', 'CA'), ('Whispering Palms', 'CA'), ('[Federal] FBI', 'CA');
SELECT * FROM pg_temp.heard_as ORDER BY n;
-- Nothing that is long is looked into
SELECT destination_class FROM sharing_guard.preview_decision(repeat('Oakley ', 200) || 'CA PD', 'burglary', 'rms');

-- At home elsewhere
SELECT sharing_guard.configure('US-IL', 'Anytown Police Department', 'America/Chicago');
SELECT * FROM pg_temp.hear('Addison IL PD', 'Lake In The Hills IL PD', 'Boone County IL SO', 'LaSalle Co. IL SO - New', 'O''Fallon IL PD', 'Illinois State Police', 'Illinois Attorney General',
    'Cook County Sheriff''s Office', 'DuPage County SO', 'Oakley CA PD', 'CHP', 'Northwestern University IL PD', 'University of Chicago IL PD', 'Harper Community College IL PD',
    'Lake County Forest Preserves IL PD', 'Metra IL PD', 'California MD PD', 'Ulta (IL)', 'Metro East Auto Theft (IL)');
SELECT sharing_guard.configure('US-WA', NULL, NULL);
SELECT * FROM pg_temp.hear('Arlington PD (WA)', 'Federal Way WA PD', 'Washington State Patrol', 'Washington County WI SO', 'Washington County Sheriff', 'Spokane County Sheriff', 'Colville WA PD', 'Colville WA Tribal Police',
    'Washington DC Metropolitan Police', 'Vancouver WA PD', 'Vancouver Police', 'Fort Vancouver', 'Joint Base Lewis McChord WA PD', 'Port of Seattle WA PD');
SELECT sharing_guard.configure('US-VA', NULL, NULL);
SELECT * FROM pg_temp.hear('Richmond VA PD', 'Fairfax County VA PD', 'Virginia State Police', 'Virginia Beach VA PD', 'Virginia Beach Police Department', 'Virginia MN PD', 'Virginia PD', 'West Virginia State Police', 'VA - Staunton PD', 'Staunton Police Department',
    'Fairfax County VA Police Department', 'Pentagon Force Protection VA', 'Henrico County Division of Police');
SELECT sharing_guard.configure('US-MD', NULL, NULL);
SELECT * FROM pg_temp.hear('California MD PD', 'California Highway Patrol', 'Prince George''s County MD PD', 'Prince Georges County Police Department', 'MD - Baltimore PD', 'Maryland State Police');
SELECT sharing_guard.configure('US-IN', NULL, NULL);
SELECT * FROM pg_temp.hear('Gary IN PD', 'Lake In The Hills IL PD', 'LA PORTE IN PD', 'Indiana PA PD', 'Indiana State Police', 'Indiana University PD (IN)', 'IN- Noble County SO', 'Plymouth PD IN', 'Whitley County IN Prosector');
SELECT sharing_guard.configure('US-SD', NULL, NULL);
SELECT * FROM pg_temp.hear('Brookings SD PD', 'Union County SD SO', 'Summerset SD PD', 'Los Angeles County CA SD', 'South Dakota Division of Criminal Investigation SD', 'Minnehaha County Sheriff', 'SD - Rapid City PD');

-- The registry and a spelling of what is in it
SELECT sharing_guard.configure('US-CA', NULL, NULL);
SET client_min_messages = error;
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, status, immigration_authority) VALUES
('rio', 'Rio Hondo College Police Department', 'US-CA', 'local', 'active', false),
('alhambra', 'Alhambra Police Department', 'US-CA', 'local', 'inactive', false),
('guard', 'Oakridge Police', 'US-CA', 'private', 'active', false),
('inyo', 'Inyo County Sheriff''s Office', 'US-CA', 'local', 'active', false),
('collier', 'Collier County Sheriff''s Office', 'US-FL', 'local', 'active', true),
('bp', 'US Border Patrol', 'US', 'federal', 'active', true),
('davis', 'Davis Police Department', 'US-CA', 'local', 'active', false),
('sdsu', 'San Diego State University Police Department', 'US-CA', 'state', 'active', false);
RESET client_min_messages;
SELECT x.name, p.destination_class, p.agency_status, p.agency_id
  FROM unnest('{Rio Hondo College Police Department,Rio Hondo College PD CA,Rio Hondo College PD,Alhambra CA PD,Oakridge PD (CA),Inyo County SO,Inyo CA Sheriff,San Diego State University PD,
    Collier County FL SO,[Federal] US Border Patrol [Inactive],US Border Patrol [Inactive],Davis Police Department,Davis Police Department [Inactive],davis (deactivated),
    Davis Police Department (WA),[Federal] Davis Police Department,Anytown Police Department,Anytown CA PD,anytown-police-department}'::text[]) WITH ORDINALITY AS x (name, n),
       sharing_guard.preview_decision(x.name, 'burglary', 'rms') AS p ORDER BY x.n;
-- What a pack brings by a name that other states have too needs the state
SET client_min_messages = error;
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, pack) VALUES
('h', 'Hillsborough Police Department', 'US-CA', 'local', 'us-ca'), ('o', 'Oakland Police Department', 'US-CA', 'local', 'us-ca');
RESET client_min_messages;
SELECT h.name, h.state, p.destination_class, p.agency_id
  FROM (VALUES (1, 'Hillsborough Police Department', NULL), (2, 'Hillsborough Police Department', 'CA'), (3, 'Hillsborough CA PD', NULL),
               (4, 'Oakland Police Department', NULL), (5, 'h', NULL)) AS h (n, name, state),
       sharing_guard.preview_decision(h.name, 'burglary', 'rms', destination_state => h.state) AS p ORDER BY h.n;

-- A name makes its bearer worse than unregistered, or in_state_inferred, and nothing else
INSERT INTO sharing_guard.rule (rule_id, description, outcome, destination_classes) VALUES
('t.out', 'Other states are shown to the auditor', 'flag', '{out_of_state}'),
('t.fed', 'Federal agencies are shown to the auditor', 'allow', '{federal}'),
('t.inferred', 'What seems to be ours is shown to the auditor', 'flag', '{in_state_inferred}');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, immigration_authority) VALUES
('t.imm', 'Immigration authorities get nothing', 'block', true);
INSERT INTO sharing_guard.rule (rule_id, description, outcome, agency_status) VALUES
('t.inactive', 'Inactive agencies get nothing', 'block', 'inactive');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, agencies) VALUES
('t.davis', 'Davis is all right', 'allow', '{davis}'), ('t.rio', 'Not Rio Hondo', 'block', '{rio}');
SELECT x.name, p.outcome, p.destination_class, p.rule_ids
  FROM unnest('{Houston TX PD,FBI,bp,Collier County FL SO,Oakley CA PD,Oakley CA PD [Inactive],Davis CA PD,davis,Rio Hondo College PD CA}'::text[]) WITH ORDINALITY AS x (name, n),
       sharing_guard.preview_decision(x.name, 'burglary', 'rms') AS p ORDER BY x.n;

-- Terms are data
INSERT INTO sharing_guard.name_term (term, jurisdiction, meaning) VALUES ('Bel Air Hills', 'US-CA', 'private'), ('home depot', 'US-CA', 'police');
SELECT * FROM pg_temp.hear('Bel Air Hills (CA)', 'Home Depot Oakley (CA)');
SELECT operation, relation, changed_key FROM sharing_guard.policy_changes WHERE relation ~ 'name_term' ORDER BY changed_key;
UPDATE sharing_guard.name_term SET enabled = false WHERE term = 'fbi';
DELETE FROM sharing_guard.name_term WHERE term = 'fbi';
INSERT INTO sharing_guard.name_term (term, meaning) VALUES ('x', 'nonsense');
INSERT INTO sharing_guard.name_term (term, meaning) VALUES ('---', 'police');
INSERT INTO sharing_guard.name_term (term, meaning) VALUES ('x', 'in_state_agency');
INSERT INTO sharing_guard.name_term (term, jurisdiction, meaning) VALUES ('x', 'MX', 'police');
\set ECHO none
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
