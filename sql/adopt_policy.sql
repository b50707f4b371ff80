-- Adopting a policy pack keeps what was done here.
\set SHOW_CONTEXT never
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
RESET client_min_messages;
SELECT * FROM sharing_guard.adopt_policy('us-ca');
SELECT sharing_guard.configure('US-NV', 'Anytown Police Department', 'America/Los_Angeles');
SELECT * FROM sharing_guard.adopt_policy('us-ca');
SELECT sharing_guard.configure('US-CA', NULL, NULL);
SELECT * FROM sharing_guard.adopt_policy('../../etc/passwd');
SELECT * FROM sharing_guard.adopt_policy(repeat('a', 64));
SELECT * FROM sharing_guard.adopt_policy(NULL);

-- What was here before the pack: a rule of the same key, an agency of the
-- same name, a spelling that stands for somebody else, a term.
INSERT INTO sharing_guard.rule (rule_id, description, outcome, destination_classes)
VALUES ('us-ca.tribal.other', 'Our council says no', 'block', '{tribal}');
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
SELECT outcome, description, pack FROM sharing_guard.rule WHERE rule_id = 'us-ca.tribal.other';
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

-- What a dry run did is gone, also what it did not show: revision, events, locks
CREATE TEMP TABLE before AS
SELECT (SELECT revision FROM sharing_guard.policy_revision) AS revision,
       (SELECT count(*) FROM sharing_guard.event WHERE kind <> 'health') AS events;
BEGIN;
SELECT count(*) > 0 AS shown FROM sharing_guard.adopt_policy('us-ca', dry_run => true);
SELECT r.revision = b.revision AS same_revision, b.events = (SELECT count(*) FROM sharing_guard.event WHERE kind <> 'health') AS same_events
  FROM sharing_guard.policy_revision AS r, before AS b;
SELECT count(*) FROM pg_locks
 WHERE relation = 'sharing_guard.pack_row'::regclass AND mode = 'ShareRowExclusiveLock' AND pid = pg_backend_pid();
COMMIT;
-- Where nothing can be written, a dry run shows the plan; the real one says why it cannot
BEGIN READ ONLY;
SELECT count(*) > 0 AS shown FROM sharing_guard.adopt_policy('us-ca', dry_run => true);
SELECT * FROM sharing_guard.adopt_policy('us-ca');
COMMIT;

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

-- Two versions of an invented pack.  What was here before the first, what was
-- changed, deleted and added since, and what is used by others, stays as it is.
CREATE FUNCTION pg_temp.version(version text, rest text) RETURNS text LANGUAGE sql AS $$
    SELECT '{"pack": "us-x", "version": "' || version || '", "jurisdiction": "US-CA", "checked_on": "2026-11-23", ' || rest || '}'
$$;
CREATE FUNCTION pg_temp.rule(name text, outcome text, more text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT '{"rule_id": "us-x.' || name || '", "description": "' || name || '", "outcome": "' || outcome
        || '", "citation": "C", "authority_kind": "agency", "checked_on": "2026-11-23"' || more || '}'
$$;
CREATE FUNCTION pg_temp.agency(id text, name text, more text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT '{"agency_id": "' || id || '", "name": "' || name || '", "jurisdiction": "US-CA", "level": "local"' || more || '}'
$$;
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, ori)
VALUES ('mine', 'My Own Name', 'US-CA', 'local', 'CA0000001');
SELECT * FROM sharing_guard.pack_adopt('us-x', pg_temp.version('1', '
    "agencies": [' || pg_temp.agency('x-one', 'Ex One') || ',' || pg_temp.agency('x-two', 'Ex Two') || ','
        || pg_temp.agency('x-three', 'Ex Three') || ',' || pg_temp.agency('x-four', 'Ex Four') || ','
        || pg_temp.agency('x-five', 'My Own Name (CA)') || ',' || pg_temp.agency('x-six', 'Six', ', "ori": "CA0000001"') || '],
    "agency_aliases": [{"alias": "Ex One PD", "agency_id": "x-one"}, {"alias": "Mine PD", "agency_id": "x-five"}],
    "rules": [' || pg_temp.rule('same', 'flag', ', "agencies": ["x-one"]') || ',' || pg_temp.rule('new-outcome', 'flag') || ','
        || pg_temp.rule('changed-here', 'flag') || ',' || pg_temp.rule('deleted-here', 'flag') || ','
        || pg_temp.rule('disabled-here', 'flag') || ',' || pg_temp.rule('withdrawn', 'flag') || ','
        || pg_temp.rule('withdrawn-changed', 'flag') || ',' || pg_temp.rule('for-five', 'flag', ', "agencies": ["x-five", "x-one"]') || ']'), false);
SELECT alias, agency_id FROM sharing_guard.agency_alias WHERE pack = 'us-x' ORDER BY 1;
SELECT agencies FROM sharing_guard.rule WHERE rule_id = 'us-x.for-five';
UPDATE sharing_guard.rule SET outcome = 'block' WHERE rule_id IN ('us-x.changed-here', 'us-x.withdrawn-changed');
UPDATE sharing_guard.rule SET enabled = false WHERE rule_id = 'us-x.disabled-here';
DELETE FROM sharing_guard.rule WHERE rule_id = 'us-x.deleted-here';
UPDATE sharing_guard.agency SET attested_on = '2026-11-01' WHERE agency_id = 'x-two';
INSERT INTO sharing_guard.agency_alias (alias, agency_id) VALUES ('Our word for three', 'x-three');
INSERT INTO sharing_guard.rule (rule_id, description, outcome, agencies) VALUES ('local.four', 'Ours', 'flag', '{x-four}');
INSERT INTO sharing_guard.rule (rule_id, description, outcome) VALUES ('us-x.taken', 'Ours', 'block');
-- Version 2: two agencies are gone that are used here, and everything else is otherwise
CREATE TEMP TABLE two AS SELECT pg_temp.version('2', '
    "agencies": [' || pg_temp.agency('x-one', 'Ex One Renamed', ', "status": "inactive"') || ','
        || pg_temp.agency('x-two', 'Ex Two Renamed') || '],
    "rules": [' || pg_temp.rule('same', 'flag', ', "agencies": ["x-one"]') || ',' || pg_temp.rule('new-outcome', 'block') || ','
        || pg_temp.rule('changed-here', 'allow', ', "destination_classes": ["private"]') || ','
        || pg_temp.rule('deleted-here', 'block') || ',' || pg_temp.rule('disabled-here', 'block') || ','
        || pg_temp.rule('taken', 'flag') || ',' || pg_temp.rule('brand-new', 'flag', ', "effective_from": "2030-01-01"') || ']') AS pack;
CREATE TEMP TABLE dry2 AS SELECT a.* FROM two, sharing_guard.pack_adopt('us-x', pack, true) AS a;
CREATE TEMP TABLE wet2 AS SELECT a.* FROM two, sharing_guard.pack_adopt('us-x', pack, false) AS a;
SELECT count(*) FROM (TABLE dry2 EXCEPT TABLE wet2 UNION ALL TABLE wet2 EXCEPT TABLE dry2) AS differences;
TABLE wet2 ORDER BY object, key COLLATE "C";
SELECT rule_id, outcome, enabled, pack FROM sharing_guard.rule
 WHERE rule_id LIKE 'us-x.%' OR rule_id = 'local.four' ORDER BY rule_id COLLATE "C";
SELECT agency_id, name, status, attested_on FROM sharing_guard.agency WHERE agency_id LIKE 'x-%' ORDER BY 1;
-- Once more changes nothing more, and who kept what is still known
SELECT a.change, a.object, a.key, a.detail FROM two, sharing_guard.pack_adopt('us-x', pack, false) AS a
 ORDER BY object, key COLLATE "C";
-- When the last user is gone, so is what was withdrawn
DELETE FROM sharing_guard.rule WHERE rule_id = 'local.four';
SELECT a.change, a.object, a.key FROM two, sharing_guard.pack_adopt('us-x', pack, false) AS a WHERE a.change = 'removed';

-- Settings are set where the installation has such a column: a floor is raised
-- but never lowered, the rest is kept where it was set here.
SELECT count(*) FROM sharing_guard.pack_row WHERE object = 'setting' AND pack = 'us-x';
ALTER TABLE sharing_guard.setting ADD COLUMN IF NOT EXISTS record_self_access text[];
UPDATE sharing_guard.setting SET retention_floor = '24 months', record_self_access = NULL;
CREATE FUNCTION pg_temp.set(floor text, classes text) RETURNS TABLE (change text, key text, detail text) LANGUAGE sql AS $$
    SELECT a.change, a.key, a.detail FROM sharing_guard.pack_adopt('us-y', replace(pg_temp.version('1',
        '"settings": {"retention_floor": "' || floor || '", "record_self_access": ["' || classes || '"]}'),
        'us-x', 'us-y'), false) AS a WHERE a.object = 'setting' ORDER BY a.key
$$;
SELECT * FROM pg_temp.set('24 months', 'alpr');
SELECT retention_floor, record_self_access FROM sharing_guard.setting;
SELECT * FROM pg_temp.set('2 years', 'alpr');
UPDATE sharing_guard.setting SET record_self_access = '{alpr,rms}';
SELECT * FROM pg_temp.set('4 years', 'cad');
SELECT retention_floor, record_self_access FROM sharing_guard.setting;
-- What a pack in use insists on cannot be set lower, by nobody.
\set VERBOSITY terse
UPDATE sharing_guard.setting SET retention_floor = '1 year';
\set VERBOSITY default
UPDATE sharing_guard.setting SET retention_floor = '7 years';
SELECT * FROM pg_temp.set('3 years', 'cad');
SELECT retention_floor FROM sharing_guard.setting;
