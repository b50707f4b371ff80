-- The us-ca pack, cell by cell: who gets what, and for which purpose.
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
SELECT count(*) > 1000 AS adopted FROM sharing_guard.adopt_policy('us-ca');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, status,
    immigration_authority, attested_on, attestation_expires, contract_reference, contract_expires) VALUES
('t-attested', 'T Attested', 'US-CA', 'local', 'active', false, '2026-01-01', '2026-06-30', NULL, NULL),
('t-state', 'T State Attested', 'US-CA', 'state', 'active', false, '2026-01-01', NULL, NULL, NULL),
('t-never', 'T Never Attested', 'US-CA', 'local', 'active', false, NULL, NULL, NULL, NULL),
('t-lapsed', 'T Lapsed', 'US-CA', 'local', 'active', false, '2025-01-01', '2026-06-29', NULL, NULL),
('t-nevada', 'T Nevada', 'US-NV', 'local', 'active', false, '2026-01-01', NULL, NULL, NULL),
('t-texas-287g', 'T Texas', 'US-TX', 'local', 'active', true, NULL, NULL, NULL, NULL),
('t-own-287g', 'T Own', 'US-CA', 'local', 'active', true, '2026-01-01', NULL, NULL, NULL),
('t-tribe', 'T Tribe', 'US-CA', 'tribal', 'active', false, NULL, NULL, NULL, NULL),
('t-tribe-287g', 'T Tribe Two', 'US-AZ', 'tribal', 'active', true, NULL, NULL, NULL, NULL),
('t-mexico', 'T Mexico', 'MX', 'foreign', 'active', false, NULL, NULL, NULL, NULL),
('t-mall', 'T Mall', 'US-CA', 'private', 'active', false, NULL, NULL, NULL, NULL),
('t-fusion', 'T Fusion', 'US-CA', 'fusion', 'active', false, NULL, NULL, NULL, NULL),
('t-unknown', 'T Unknown', 'US-CA', 'unknown', 'active', false, NULL, NULL, NULL, NULL),
('t-host', 'T Host', 'US-CA', 'service_provider', 'active', false, NULL, NULL, 'C-1', '2026-06-30'),
('t-tow', 'T Tow', 'US-CA', 'service_provider', 'active', false, NULL, NULL, NULL, NULL),
('t-old-tow', 'T Old Tow', 'US-CA', 'service_provider', 'active', false, NULL, NULL, 'C-2', '2026-06-29'),
('t-closed', 'T Closed', 'US-CA', 'local', 'inactive', false, '2026-01-01', NULL, NULL, NULL),
('t-closed-nv', 'T Closed Nevada', 'US-NV', 'local', 'inactive', false, NULL, NULL, NULL, NULL),
('t-closed-fed', 'T Closed Federal', 'US', 'federal', 'inactive', false, NULL, NULL, NULL, NULL),
('t-closed-ice', 'T Closed Ice', 'US', 'federal', 'inactive', true, NULL, NULL, NULL, NULL),
('t-closed-tribe', 'T Closed Tribe', 'US-CA', 'tribal', 'inactive', false, NULL, NULL, NULL, NULL),
('t-closed-host', 'T Closed Host', 'US-CA', 'service_provider', 'inactive', false, NULL, NULL, 'C-3', NULL);

-- What the law and the pack's defaults want, written down apart from the rules:
-- for each destination and for each purpose, by kind of record.
-- Kinds: alpr; other (cad, rms); status; history (of one person); bulk
CREATE TEMP TABLE who (n serial, destination text, alpr text, other text, status text, history text, bulk text);
INSERT INTO who (destination, alpr, other, status, history, bulk) VALUES
('anytown-police-department', 'allow', 'allow', 'allow', 'allow', 'allow'),
('t-attested',     'allow', 'allow', 'allow', 'allow', 'allow'),
('t-state',        'allow', 'allow', 'allow', 'allow', 'allow'),
('t-never',        'flag',  'flag',  'flag',  'flag',  'flag'),
('t-lapsed',       'flag',  'flag',  'flag',  'flag',  'flag'),
('ca-davis-pd',    'flag',  'flag',  'flag',  'flag',  'flag'),
-- Known by its spelling only: of an agency in the registry, attested or not, of one
-- that is in none, and of one that says it is inactive
('T Attested (CA)', 'flag', 'flag',  'flag',  'flag',  'flag'),
('Davis PD - CA',  'flag',  'flag',  'flag',  'flag',  'flag'),
('Arvin Cemetery District CA PD', 'flag', 'flag', 'flag', 'flag', 'flag'),
('Arvin Cemetery District CA PD [Inactive]', 'block', 'block', 'block', 'block', 'block'),
-- A spelling may say who it is, and gets no more for that than one that says nothing
('Reno NV PD', 'block', 'block', 'block', 'block', 'block'),
('FBI Fresno CA', 'block', 'block', 'block', 'block', 'block'),
('Yosemite Tribal PD CA', 'block', 'block', 'block', 'block', 'block'),
('Arvin HOA CA', 'block', 'block', 'block', 'block', 'block'),
('Policia de Tijuana', 'block', 'block', 'block', 'block', 'block'),
('ICE ERO Fresno CA', 'block', 'block', 'block', 'block', 'block'),
('CHP',            'flag',  'flag',  'flag',  'flag',  'flag'),
('t-nevada',       'block', 'flag',  'flag',  'flag',  'flag'),
('us-fbi',         'block', 'flag',  'flag',  'flag',  'flag'),
('US Marshals',    'block', 'flag',  'flag',  'flag',  'flag'),
('us-ice',         'block', 'block', 'flag',  'flag',  'block'),
('ERO',            'block', 'block', 'flag',  'flag',  'block'),
('HSI',            'block', 'block', 'flag',  'flag',  'block'),
('us-cbp',         'block', 'block', 'flag',  'flag',  'block'),
('Border Patrol',  'block', 'block', 'flag',  'flag',  'block'),
('us-uscis',       'block', 'block', 'flag',  'flag',  'block'),
('us-dhs',         'block', 'block', 'flag',  'flag',  'block'),
('t-texas-287g',   'block', 'block', 'flag',  'flag',  'block'),
('t-own-287g',     'block', 'block', 'flag',  'flag',  'block'),
('t-tribe-287g',   'block', 'block', 'flag',  'flag',  'block'),
('t-tribe',        'block', 'flag',  'flag',  'flag',  'flag'),
('ca-yurok-pd',    'block', 'flag',  'flag',  'flag',  'flag'),
('t-mexico',       'block', 'block', 'block', 'block', 'block'),
('t-mall',         'block', 'block', 'block', 'block', 'block'),
('ca-stanford',    'block', 'block', 'block', 'block', 'block'),
('t-fusion',       'block', 'block', 'block', 'block', 'block'),
('NCRIC',          'block', 'block', 'block', 'block', 'block'),
('t-unknown',      'block', 'block', 'block', 'block', 'block'),
('nobody at all',  'block', 'block', 'block', 'block', 'block'),
('t-host',         'allow', 'allow', 'allow', 'allow', 'allow'),
('t-tow',          'flag',  'flag',  'flag',  'flag',  'flag'),
('t-old-tow',      'flag',  'flag',  'flag',  'flag',  'flag'),
('t-closed',       'block', 'block', 'block', 'block', 'block'),
('t-closed-nv',    'block', 'block', 'block', 'block', 'block'),
('t-closed-fed',   'block', 'block', 'block', 'block', 'block'),
('t-closed-ice',   'block', 'block', 'block', 'block', 'block'),
('t-closed-tribe', 'block', 'block', 'block', 'block', 'block'),
('t-closed-host',  'block', 'block', 'block', 'block', 'block');
CREATE TEMP TABLE what_for (n serial, purpose text, tag text, alpr text, other text, status text, history text, bulk text);
INSERT INTO what_for (purpose, tag, alpr, other, status, history, bulk) VALUES
('residential burglary',   NULL,                   'allow', 'allow', 'allow', 'allow', 'allow'),
('immigration raid',       'immigration',          'block', 'block', 'flag',  'flag',  'block'),
('HSI case',               'immigration_possible', 'flag',  'flag',  'flag',  'flag',  'flag'),
('FBI assist',             'federal_assist',       'flag',  'flag',  'flag',  'flag',  'flag'),
(NULL,                     'no_purpose',           'flag',  'flag',  'flag',  'flag',  'flag'),
('  -- ',                  'no_purpose',           'flag',  'flag',  'flag',  'flag',  'flag'),
('inv',                    'vague_purpose',        'flag',  'flag',  'flag',  'flag',  'flag'),
('traffic infraction',     'traffic_enforcement',  'block', 'flag',  'flag',  'flag',  'flag'),
('personal use',           'personal_use',         'block', 'flag',  'flag',  'flag',  'flag');
CREATE TEMP TABLE record (kind text, data_class text, case_number text);
INSERT INTO record VALUES
('alpr', 'alpr', NULL), ('alpr', 'alpr', '26-1'),
('other', 'cad', NULL), ('other', 'cad', '26-1'), ('other', 'rms', NULL), ('other', 'rms', '26-1'),
('status', 'immigration_status', NULL), ('status', 'immigration_status', '26-1'),
('history', 'criminal_history', '26-1'),
('bulk', 'criminal_history', NULL), ('bulk', 'criminal_history', ' ');
-- Every destination, every purpose, every kind of record, and each way out:
-- the stricter of the two must come out.
CREATE TEMP TABLE cell AS
SELECT w.n, w.destination, f.purpose, f.tag, r.kind, r.data_class, r.case_number, c.channel,
       to_jsonb(w)->>r.kind AS by_destination, to_jsonb(f)->>r.kind AS by_purpose,
       p.outcome, p.tags, p.destination_class
  FROM who AS w, what_for AS f, record AS r, unnest('{export_row,copy,query}'::text[]) AS c (channel),
       LATERAL sharing_guard.preview_decision(w.destination, f.purpose, r.data_class,
           channel => c.channel, case_number => r.case_number,
           at => '2026-06-30 23:59:59 America/Los_Angeles') AS p;
SELECT count(*) AS cells,
       count(*) FILTER (WHERE outcome IS DISTINCT FROM
           ('{allow,flag,block}'::text[])[greatest(
               array_position('{allow,flag,block}', by_destination),
               array_position('{allow,flag,block}', by_purpose))]) AS wrong,
       count(*) FILTER (WHERE tag IS NOT NULL AND tag <> ALL (tags)) AS untagged
  FROM cell;
SELECT destination, destination_class, purpose, data_class, case_number, outcome, by_destination, by_purpose
  FROM cell
 WHERE channel = 'export_row' AND outcome IS DISTINCT FROM
           ('{allow,flag,block}'::text[])[greatest(
               array_position('{allow,flag,block}', by_destination),
               array_position('{allow,flag,block}', by_purpose))]
 ORDER BY n, purpose, data_class, case_number LIMIT 20;
-- Every class of destination was there.
SELECT destination_class, count(DISTINCT destination) FROM cell GROUP BY 1 ORDER BY 1;
SELECT DISTINCT destination, destination_class FROM cell WHERE destination ~ ' CA|- CA|[(]CA|NV|Tijuana' ORDER BY 1;
-- Without a data class the strictest of all kinds
SELECT w.destination, p.outcome
  FROM who AS w, LATERAL sharing_guard.preview_decision(w.destination, 'residential burglary', case_number => '26-1',
           at => '2026-06-30 23:59:59 America/Los_Angeles') AS p
 WHERE p.outcome <> (SELECT CASE WHEN 'block' IN (w.alpr, w.other, w.status, w.history) THEN 'block'
                                 WHEN 'flag' IN (w.alpr, w.other, w.status, w.history) THEN 'flag' ELSE 'allow' END);

-- Purposes that applications declare
SELECT pack, declared_tags, settings FROM sharing_guard.adopted_pack;

-- A lawful abortion: nothing to other states and federal agencies
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('clinic visit', 'protected_health_care', 'phrase');
SELECT destination, data_class, p.outcome
  FROM unnest('{t-attested,t-nevada,us-fbi,us-ice}'::text[]) WITH ORDINALITY AS d (destination, n),
       unnest('{alpr,cad,rms,criminal_history,immigration_status}'::text[]) WITH ORDINALITY AS c (data_class, m),
       LATERAL sharing_guard.preview_decision(destination, 'clinic visit', data_class, case_number => '26-1', at => '2026-06-30') AS p
 ORDER BY n, m;
-- ... nor to a friendly agency on their behalf
SELECT outcome, rule_ids FROM sharing_guard.preview_decision('t-attested', 'clinic visit', 'rms',
    on_behalf_of_agency => 't-nevada', at => '2026-06-30');

-- A city takes or leaves each of its rules, and the statutes stay
SELECT rule_id, outcome, enabled, authority_kind FROM sharing_guard.rule
 WHERE authority_kind = 'city_policy' ORDER BY rule_id COLLATE "C";
SELECT outcome FROM sharing_guard.preview_decision('t-attested', 'traffic infraction', 'alpr', at => '2026-06-30');
UPDATE sharing_guard.rule SET enabled = false WHERE rule_id = 'us-ca.city.traffic-enforcement.alpr';
SELECT outcome FROM sharing_guard.preview_decision('t-attested', 'traffic infraction', 'alpr', at => '2026-06-30');
SELECT outcome FROM sharing_guard.preview_decision('t-attested', 'personal use', 'alpr', at => '2026-06-30');
UPDATE sharing_guard.rule SET enabled = false WHERE authority_kind = 'city_policy';
SELECT outcome, rule_ids FROM sharing_guard.preview_decision('t-attested', 'immigration raid', 'alpr', at => '2026-06-30');
SELECT outcome FROM sharing_guard.preview_decision('t-nevada', 'personal use', 'alpr', at => '2026-06-30');

-- What every rule of a pack must say
SELECT authority_kind, count(*), count(*) FILTER (WHERE contested) AS contested,
       count(*) FILTER (WHERE checked_on IS NULL OR citation IS NULL) AS unsourced
  FROM sharing_guard.rule WHERE pack = 'us-ca' GROUP BY 1 ORDER BY 1;

-- The registry: who is in it, and that no two agencies are spelled alike
SELECT level, kind, count(*) FROM sharing_guard.agency WHERE pack = 'us-ca' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) FROM (
    SELECT folded FROM sharing_guard.spellings() GROUP BY folded HAVING count(DISTINCT agency_id) > 1) AS x;
SELECT agency_id FROM sharing_guard.agency WHERE immigration_authority AND pack = 'us-ca' ORDER BY 1;
-- Every county has its sheriff, district attorney and probation department
SELECT kind, count(DISTINCT county) FROM sharing_guard.agency
 WHERE kind IN ('county', 'sheriff', 'district attorney', 'probation') GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM sharing_guard.agency
 WHERE pack = 'us-ca' AND jurisdiction = 'US-CA' AND level = 'local' AND (place IS NULL OR county IS NULL);
SELECT count(*) FROM sharing_guard.agency AS a
 WHERE pack = 'us-ca' AND coalesce(note, '') NOT LIKE ALL (ARRAY(
       SELECT 'source: ' || (s->>'source') || '%' FROM sharing_guard.adopted_pack AS p, jsonb_array_elements(p.sources) AS s));
