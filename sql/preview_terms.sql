-- What a change of purpose terms would have done to the last 90 days.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
CREATE TABLE outbox (id int PRIMARY KEY, agency text, purpose text);
SELECT sharing_guard.protect_export('outbox', destination => 'agency', purpose => 'purpose',
    record_key => 'id', data_class => 'alpr', mode => 'observe') \g /dev/null
INSERT INTO outbox
SELECT n, 'oakdale-pd', p.purpose
  FROM (VALUES (1, 'ICE hold'), (2, 'deported felon'), (3, 'Operation Rosebud'), (4, 'operation rosebud'),
               (5, 'Operation Rosebud'), (6, NULL), (7, 'visa fraud'), (8, 'stolen vehicle'),
               (9, 'sidewalk sale'), (10, 'ICE sidewalk sale')) AS p (n, purpose);

-- The event says which terms there were.
SELECT purpose, tags, matched_terms FROM sharing_guard.audit_rows_90d WHERE tags <> '{}' ORDER BY record_key::int;
SELECT regexp_replace(line, '^.*(It was tagged.*)\. A tag.*$', '\1') AS explained
  FROM sharing_guard.audit AS a,
       regexp_split_to_table(sharing_guard.explain_event(a.event_id), '\n') AS line
 WHERE line ~ 'It was tagged' AND a.tags <> '{no_purpose}' ORDER BY 1;
SELECT * FROM sharing_guard.tag_purpose('I.C.E. and deportations, FBI');
SELECT * FROM sharing_guard.tag_purpose(NULL);
SELECT * FROM sharing_guard.tag_purpose('case 26-1234');

-- New terms, a term taken away, and an exception.
SELECT purpose, rows, events, last_at <= now() AS recent, old_tags, new_tags, matched_terms
  FROM sharing_guard.preview_terms('[{"term": "operation rosebud", "tag": "immigration", "match": "phrase"}]');
SELECT purpose, rows, old_tags, new_tags, matched_terms
  FROM sharing_guard.preview_terms('[{"term": "visa", "tag": "immigration_possible", "match": "word", "enabled": false},
                                     {"term": "ice sidewalk", "tag": "immigration", "match": "exception"},
                                     {"term": "sidewalk", "tag": "vague_purpose", "match": "word"},
                                     {"term": "sale", "tag": "vague_purpose", "match": "word", "note": "says nothing"}]');
SELECT * FROM sharing_guard.preview_terms('[]');

-- Nothing was changed by that, and what it said comes true.
SELECT count(*) FROM sharing_guard.purpose_term WHERE pack IS NULL;
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('operation rosebud', 'immigration', 'phrase');
SELECT * FROM sharing_guard.tag_purpose('Operation Rosebud');
SELECT purpose, rows, old_tags, new_tags
  FROM sharing_guard.preview_terms('[{"term": "operation rosebud", "tag": "immigration", "match": "phrase", "enabled": false}]');

-- What makes no sense is refused, as the table would.
SELECT * FROM sharing_guard.preview_terms('{"term": "x"}');
SELECT * FROM sharing_guard.preview_terms('[{"term": "x", "match": "word"}]');
SELECT * FROM sharing_guard.preview_terms('[{"term": "x", "tag": "immigration", "match": "sound"}]');
SELECT * FROM sharing_guard.preview_terms('[{"term": "two words", "tag": "immigration", "match": "word"}]');
SELECT * FROM sharing_guard.preview_terms('[{"term": "x", "tag": "immigration", "match": "word", "enabled": false}]');

-- Both duties may ask; nobody else.
CREATE ROLE preview_auditor;
CREATE ROLE preview_admin;
CREATE ROLE preview_nobody;
SELECT sharing_guard.grant_auditor('preview_auditor') \g /dev/null
SELECT sharing_guard.grant_policy_admin('preview_admin') \g /dev/null
SET ROLE preview_auditor;
SELECT count(*) FROM sharing_guard.preview_terms('[{"term": "stolen", "tag": "x", "match": "word"}]');
SET ROLE preview_admin;
SELECT count(*) FROM sharing_guard.preview_terms('[{"term": "stolen", "tag": "x", "match": "word"}]');
SELECT * FROM sharing_guard.tag_purpose('ICE');
SET ROLE preview_nobody;
SELECT count(*) FROM sharing_guard.preview_terms('[]');
RESET ROLE;
SELECT sharing_guard.unprotect('outbox') \g /dev/null
DROP TABLE outbox;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
DROP OWNED BY preview_auditor, preview_admin;
DROP ROLE preview_auditor, preview_admin, preview_nobody;
