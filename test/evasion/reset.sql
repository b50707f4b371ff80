-- Run by a superuser before each attempt, in either database.
SET client_min_messages = error;
-- What attempts leave behind.
SELECT format('ALTER SUBSCRIPTION %1$I DISABLE; ALTER SUBSCRIPTION %1$I SET (slot_name = NONE); DROP SUBSCRIPTION %1$I', subname) FROM pg_subscription \gexec
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active AND database = current_database();
DO $$ DECLARE x record; BEGIN
    FOR x IN SELECT pubname FROM pg_publication LOOP EXECUTE format('DROP PUBLICATION %I', x.pubname); END LOOP;
    -- Extensions first: what belongs to one cannot be dropped by itself.
    FOR x IN SELECT extname FROM pg_extension WHERE extname NOT IN ('plpgsql', 'sharing_guard') LOOP EXECUTE format('DROP EXTENSION %I CASCADE', x.extname); END LOOP;
    FOR x IN SELECT fdwname FROM pg_foreign_data_wrapper LOOP EXECUTE format('DROP FOREIGN DATA WRAPPER %I CASCADE', x.fdwname); END LOOP;
    FOR x IN SELECT m.roleid::regrole r, m.member::regrole g FROM pg_auth_members m
             WHERE m.member::regrole::text IN ('owner', 'clerk', 'guest', 'partner', 'partners', 'readers', 'feed', 'admin')
               AND (m.roleid::regrole::text, m.member::regrole::text) <> ('partners', 'partner') LOOP
        EXECUTE format('REVOKE %s FROM %s CASCADE', x.r, x.g); END LOOP;
    FOR x IN SELECT n.nspname FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('public', 'information_schema', 'sharing_guard') LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', x.nspname); END LOOP;
END $$;
CREATE SCHEMA IF NOT EXISTS public;
SELECT lo_unlink(oid) FROM pg_largeobject_metadata;
DO $$ DECLARE x record; BEGIN
    FOR x IN SELECT format('DROP %s %s CASCADE',
                 CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
                 oid::regclass) command
             FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition LOOP
        BEGIN EXECUTE x.command; EXCEPTION WHEN undefined_table THEN NULL; END; END LOOP;
    -- Those of columns went with their tables.
    FOR x IN SELECT format('DROP SEQUENCE %s CASCADE', oid::regclass) command
             FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' LOOP EXECUTE x.command; END LOOP;
    FOR x IN SELECT format('DROP ROUTINE %s CASCADE', oid::regprocedure) command
             FROM pg_proc WHERE pronamespace = 'public'::regnamespace LOOP EXECUTE x.command; END LOOP;
    FOR x IN SELECT format('DROP TYPE %s CASCADE', oid::regtype) command
             FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e') LOOP EXECUTE x.command; END LOOP;
END $$;
DROP OWNED BY owner, clerk, guest, partner, partners, readers, feed;
ALTER ROLE partner NOSUPERUSER NOBYPASSRLS NOREPLICATION NOCREATEROLE;
ALTER ROLE owner NOSUPERUSER NOCREATEROLE;
ALTER ROLE guest NOSUPERUSER NOCREATEROLE INHERIT;
ALTER DEFAULT PRIVILEGES FOR ROLE owner REVOKE ALL ON TABLES FROM PUBLIC, partner, partners;
REVOKE SET ON PARAMETER session_replication_role FROM owner;
ALTER ROLE owner RESET session_replication_role;
ALTER ROLE owner NOCREATEDB;
SELECT format('ALTER DATABASE %I OWNER TO postgres', current_database()) \gexec
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT format('GRANT CREATE, TEMP ON DATABASE %I TO owner, clerk, guest, partner', current_database()) \gexec
\! rm -f @DIR@/out.*
-- The tables: reads, an export table, a partitioned one, a parent with a child.
SET SESSION AUTHORIZATION owner;
CREATE SCHEMA alpr;
GRANT USAGE ON SCHEMA alpr TO PUBLIC;
CREATE TABLE alpr.read (id int PRIMARY KEY, plate text, seen timestamptz DEFAULT now());
INSERT INTO alpr.read VALUES (1, '7SECRET9'), (2, '8OTHER00');
CREATE TABLE alpr.part (id int PRIMARY KEY, plate text) PARTITION BY RANGE (id);
CREATE TABLE alpr.part1 PARTITION OF alpr.part FOR VALUES FROM (0) TO (100);
INSERT INTO alpr.part VALUES (1, '7SECRET9');
CREATE TABLE alpr.parent (id int, plate text);
CREATE TABLE alpr.child () INHERITS (alpr.parent);
INSERT INTO alpr.child VALUES (1, '7SECRET9');
CREATE TABLE alpr.export (id int PRIMARY KEY, dest text, plate text);
CREATE TABLE alpr.exports (id int PRIMARY KEY, dest text, plate text) PARTITION BY RANGE (id);
CREATE TABLE alpr.exports1 PARTITION OF alpr.exports FOR VALUES FROM (0) TO (100);
CREATE TABLE public.plain (id int, plate text);
GRANT ALL ON public.plain TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA alpr TO clerk, readers;
GRANT SELECT, INSERT, UPDATE ON alpr.export TO clerk;
RESET SESSION AUTHORIZATION;
