-- preflight(): what is missing, what will change, what needs a hand.
\getenv srcdir PG_ABS_SRCDIR
\set fixture :srcdir '/test/fixture.sql'
\i :fixture
SET client_min_messages = error;
\set without 'subject NOT IN (''fsync'', ''database'', ''library'')'
-- All is well so far, but for the auditor.
SELECT status, subject, finding FROM sharing_guard.preflight() WHERE :without;
SELECT sharing_guard.set_mode('observe');
SELECT status, subject, finding FROM sharing_guard.preflight() WHERE subject = 'mode';
-- A table that is about to be protected.
CREATE TABLE queue (id int, dest text);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER zzzz_touch BEFORE INSERT ON queue FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TABLE elsewhere (LIKE queue);
CREATE RULE away AS ON INSERT TO queue WHERE new.id < 0 DO INSTEAD INSERT INTO elsewhere VALUES (new.*);
CREATE FUNCTION touched(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN t; END $$;
CREATE INDEX queue_touched ON queue (touched(dest));
CREATE STATISTICS queue_dest ON (touched(dest)) FROM queue;
INSERT INTO queue VALUES (1, 'x');
ANALYZE queue;
SELECT status, subject, finding, what_to_do FROM sharing_guard.preflight('queue') WHERE subject LIKE '%queue%';
SELECT status, finding FROM sharing_guard.preflight('pg_class') WHERE subject = 'pg_class';
SELECT status, finding FROM sharing_guard.preflight('sharing_guard.audit') WHERE subject LIKE '%audit';
-- A guard whose trigger the owner has switched off, and a log whose has been.
DROP RULE away ON queue;
SELECT sharing_guard.protect_export('queue', destination => 'dest', record_key => 'id', data_class => 'rms', mode => 'enforce');
ALTER TABLE queue ALTER id SET NOT NULL;
SELECT sharing_guard.protect_export('queue', destination => 'dest', record_key => 'id', data_class => 'rms', mode => 'enforce');
ALTER TABLE queue DISABLE TRIGGER sharing_guard_export;
ALTER TABLE sharing_guard.event ENABLE TRIGGER protect_rows;
SELECT status, subject, finding, what_to_do FROM sharing_guard.preflight() WHERE status = 'problem' AND :without;
-- Calling protect_export() again mends it.
SELECT sharing_guard.protect_export('queue', destination => 'dest', record_key => 'id', data_class => 'rms', mode => 'enforce');
ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER protect_rows;
SELECT status, subject, finding FROM sharing_guard.preflight() WHERE subject = 'public.queue' OR status = 'problem' AND :without;
DROP TABLE queue, elsewhere; DROP FUNCTION touch(), touched(text);
