-- The order in which rules were entered never matters.
\set SHOW_CONTEXT never
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
RESET client_min_messages;
SELECT sharing_guard.configure('US-CA', 'Anytown Police Department',
                               'America/Los_Angeles', 'the records unit');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level) VALUES
('fbi', 'FBI', 'US', 'federal'), ('davis-pd', 'Davis PD', 'US-CA', 'local'), ('reno-pd', 'Reno PD', 'US-NV', 'local');
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES
('ice', 'immigration', 'word'), ('hsi', 'immigration_possible', 'word');
INSERT INTO sharing_guard.legal_basis (legal_basis_id, kind, valid_from) VALUES ('law', 'statute', '2026-01-01');
CREATE TEMP TABLE rules AS
SELECT * FROM jsonb_populate_recordset(NULL::sharing_guard.rule, '[
 {"rule_id": "a", "outcome": "allow", "destination_classes": ["federal"], "citation": "one"},
 {"rule_id": "b", "outcome": "block", "destination_classes": ["federal"], "data_classes": ["alpr"], "citation": "two"},
 {"rule_id": "c", "outcome": "flag", "purpose_tags": ["immigration_possible"], "citation": "one"},
 {"rule_id": "d", "outcome": "block", "purpose_tags": ["immigration"], "lifted_by": ["statute"], "citation": "three"},
 {"rule_id": "e", "outcome": "flag", "agencies": ["fbi"]},
 {"rule_id": "f", "outcome": "allow", "destination_classes": ["out_of_state"], "except_data_classes": ["alpr"]},
 {"rule_id": "g", "outcome": "block", "agency_status": "active", "purpose_tags": ["vague_purpose"]}]');
UPDATE rules SET description = 'Rule ' || rule_id, authority_kind = 'agency', contested = false, enabled = true;
CREATE TEMP TABLE seen (round integer, destination text, purpose text, data_class text, basis text, answer text);
SET client_min_messages = error;
DO $$
BEGIN
    FOR round IN 1 .. 40 LOOP
        DELETE FROM sharing_guard.rule;
        -- A different order each time, the same in every run.
        INSERT INTO sharing_guard.rule
        SELECT r.* FROM rules AS r ORDER BY md5(r.rule_id || round);
        INSERT INTO seen
        SELECT round, d, p, c, b, x::text
          FROM unnest('{fbi,davis-pd,reno-pd,nobody}'::text[]) AS d,
               unnest('{burglary,ICE,HSI,ICE and HSI,123}'::text[]) AS p,
               unnest('{alpr,rms,NULL}'::text[]) AS c,
               unnest('{law,NULL}'::text[]) AS b,
               LATERAL sharing_guard.preview_decision(d, p, c, b) AS x;
    END LOOP;
END
$$;
RESET client_min_messages;
SELECT count(*) AS decisions, count(DISTINCT (destination, purpose, data_class, basis)) AS questions,
       count(DISTINCT (destination, purpose, data_class, basis, answer)) AS answers
  FROM seen;
