-- Adopting a policy pack keeps what was done here.
\set SHOW_CONTEXT never
SET client_min_messages = error;
DROP EXTENSION IF EXISTS sharing_guard CASCADE;
CREATE EXTENSION sharing_guard;
RESET client_min_messages;
SELECT * FROM sharing_guard.adopt_policy('us-ca');
SELECT sharing_guard.configure('US-NV', 'Anytown Police Department', 'America/Los_Angeles');
SELECT * FROM sharing_guard.adopt_policy('us-ca');
SELECT sharing_guard.configure('US-CA', NULL, NULL);
SELECT * FROM sharing_guard.adopt_policy('../../etc/passwd');
SELECT * FROM sharing_guard.adopt_policy(NULL);

-- What was here before the pack: a rule of the same key, an agency of the
-- same name, a spelling that stands for somebody else, a term.
INSERT INTO sharing_guard.rule (rule_id, description, outcome, destination_classes)
VALUES ('us-ca.tribal', 'Our council says no', 'block', '{tribal}');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
VALUES ('our-davis', 'Davis Police Department', 'US-CA', 'local'),
       ('HSI', 'Home Street Institute', 'US-CA', 'local');
INSERT INTO sharing_guard.agency_alias (alias, agency_id) VALUES ('L.A.P.D.', 'our-davis');
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('cbp', 'immigration', 'word');

-- A dry run shows the same as the real one, and does nothing.
CREATE TEMP TABLE dry AS SELECT * FROM sharing_guard.adopt_policy('us-ca', dry_run => true);
SELECT count(*) FROM sharing_guard.rule;
SELECT count(*) FROM sharing_guard.adopted_pack;
CREATE TEMP TABLE wet AS SELECT * FROM sharing_guard.adopt_policy('us-ca');
SELECT count(*) FROM (TABLE dry EXCEPT TABLE wet UNION ALL TABLE wet EXCEPT TABLE dry) AS differences;
SELECT change, object, count(*) > 0 AS some FROM wet WHERE change <> 'kept local' GROUP BY 1, 2 ORDER BY 2, 1;
SELECT change, object, key, detail FROM wet WHERE change = 'kept local' ORDER BY object, key COLLATE "C";
SELECT outcome, description, pack FROM sharing_guard.rule WHERE rule_id = 'us-ca.tribal';
SELECT pack, version FROM sharing_guard.adopted_pack;

-- Every rule of the pack says where it comes from and when that was checked.
SELECT count(*) FROM sharing_guard.rule
 WHERE pack = 'us-ca' AND (citation IS NULL OR checked_on IS NULL);

-- Changed and deleted here: stays so.
UPDATE sharing_guard.rule SET outcome = 'block' WHERE rule_id = 'us-ca.other.federal';
DELETE FROM sharing_guard.rule WHERE rule_id = 'us-ca.city.personal-use.alpr';
DELETE FROM sharing_guard.purpose_term WHERE term = 'federal';
SELECT change, object, key, detail FROM sharing_guard.adopt_policy('us-ca')
 WHERE object IN ('rule', 'purpose_term') ORDER BY object, key COLLATE "C";
SELECT rule_id, outcome FROM sharing_guard.rule
 WHERE rule_id IN ('us-ca.other.federal', 'us-ca.city.personal-use.alpr');

-- A newer version of the pack: as if the older one had brought other things.
-- Untouched rows follow the pack, touched ones do not.
UPDATE sharing_guard.pack_row SET content = content || '{"outcome": "allow"}'
 WHERE key IN ('us-ca.other.out-of-state', 'us-ca.other.federal');
UPDATE sharing_guard.rule SET outcome = 'allow' WHERE rule_id = 'us-ca.other.out-of-state';
INSERT INTO sharing_guard.rule (rule_id, description, outcome, purpose_tags, citation, pack)
VALUES ('us-ca.withdrawn', 'Withdrawn', 'flag', '{immigration}', 'x', 'us-ca'),
       ('us-ca.withdrawn-too', 'Withdrawn', 'flag', '{immigration}', 'x', 'us-ca');
INSERT INTO sharing_guard.pack_row
SELECT 'us-ca', 'rule', rule_id, '0', to_jsonb(r) FROM sharing_guard.rule AS r
 WHERE rule_id LIKE 'us-ca.withdrawn%';
UPDATE sharing_guard.rule SET enabled = false WHERE rule_id = 'us-ca.withdrawn-too';
SELECT change, object, key, detail FROM sharing_guard.adopt_policy('us-ca')
 WHERE object = 'rule' ORDER BY object, key COLLATE "C";
SELECT rule_id, outcome, enabled FROM sharing_guard.rule
 WHERE rule_id IN ('us-ca.other.out-of-state', 'us-ca.other.federal')
    OR rule_id LIKE 'us-ca.withdrawn%' ORDER BY rule_id COLLATE "C";
