\set ECHO none
-- Drops the extension with all that an earlier test has left in it.  Brought in with
--   \getenv srcdir PG_ABS_SRCDIR
--   \set fresh :srcdir '/test/fresh.sql'
--   \i :fresh
SELECT current_setting('client_min_messages') AS fresh_messages \gset
SET client_min_messages = error;
DO $$
BEGIN
    IF to_regclass('sharing_guard.guard') IS NOT NULL THEN
        DELETE FROM sharing_guard.guard;
        PERFORM sharing_guard.prepare_drop('nowhere: a test');
    END IF;
END $$;
DROP EXTENSION IF EXISTS sharing_guard CASCADE;
SET client_min_messages = :'fresh_messages';
\set ECHO all
