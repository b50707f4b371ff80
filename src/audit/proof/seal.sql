-- The seal: an RFC 6962 Merkle tree over the events.
--
-- A leaf of the tree is the hash of an event's canonical entry (canonical.c),
-- which holds the tree's id, a nonce and every column of the event.  The tree
-- is kept as the hashes of C2SP tiles, and who is which leaf in bundles.  A
-- seal appends rows and changes none: what is here can be replicated by its
-- INSERTs alone, and is protected as the log is.
--
-- Several trees may lie side by side: in an auditor's database, those of
-- several agencies.  A tree has the id of the log that began it, and grows on
-- when the database is restored, copied or upgraded: then its checkpoints name
-- another log than before.

CREATE TABLE sharing_guard.checkpoint (
    tree_id uuid NOT NULL,
    log_id uuid NOT NULL,
    tree_size bigint NOT NULL,
    sealed_at timestamptz NOT NULL,
    lsn pg_lsn NOT NULL,
    late_events bigint NOT NULL,
    timeline integer NOT NULL,
    root bytea NOT NULL,
    snapshot pg_snapshot NOT NULL,
    PRIMARY KEY (tree_id, tree_size)
);
REVOKE ALL ON TABLE sharing_guard.checkpoint FROM PUBLIC;
COMMENT ON TABLE sharing_guard.checkpoint IS
'One row for each seal: the size and the root of the tree when it was made';
COMMENT ON COLUMN sharing_guard.checkpoint.tree_id IS
'The tree: the id of the log that began it';
COMMENT ON COLUMN sharing_guard.checkpoint.log_id IS
'The log that made this seal';
COMMENT ON COLUMN sharing_guard.checkpoint.tree_size IS
'How many events are sealed by this seal and those before it: the leaves 0 to tree_size - 1';
COMMENT ON COLUMN sharing_guard.checkpoint.sealed_at IS
'When the seal was made';
COMMENT ON COLUMN sharing_guard.checkpoint.lsn IS
'Where the write-ahead log was then';
COMMENT ON COLUMN sharing_guard.checkpoint.late_events IS
'How many of its events are late: older than the seal before, but not visible to it yet';
COMMENT ON COLUMN sharing_guard.checkpoint.timeline IS
'The timeline of the write-ahead log: another one after a failover or a recovery to a point in time';
COMMENT ON COLUMN sharing_guard.checkpoint.root IS
'The root of the tree: SHA-256, as in RFC 6962';
COMMENT ON COLUMN sharing_guard.checkpoint.snapshot IS
'Which transactions had ended: their events are sealed by this seal or one before it, those of others by a later one';

-- The hashes of the tree that are kept: at level 0 the leaves, at level n the
-- roots of 256^n leaves.  256 consecutive hashes, starting at a multiple of
-- 256, are a tile of C2SP's tlog-tiles.  A row has what one seal has added to
-- one tile, so a tile that was filled by one seal is one row.
CREATE TABLE sharing_guard.tile (
    tree_id uuid NOT NULL,
    first_hash bigint NOT NULL,
    level smallint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (tree_id, level, first_hash)
);
ALTER TABLE sharing_guard.tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
REVOKE ALL ON TABLE sharing_guard.tile FROM PUBLIC;
COMMENT ON TABLE sharing_guard.tile IS
'The hashes of the tree, as tiles of at most 256 hashes (C2SP tlog-tiles); a tile that several seals have added to is several rows';
COMMENT ON COLUMN sharing_guard.tile.tree_id IS 'The tree';
COMMENT ON COLUMN sharing_guard.tile.first_hash IS
'The index of the first hash among those of its level';
COMMENT ON COLUMN sharing_guard.tile.level IS
'0: hashes of leaves; above: each the root of a full tile of the level below';
COMMENT ON COLUMN sharing_guard.tile.hashes IS
'The hashes, 32 bytes each';

-- Which event is which leaf.  The events of a row are consecutive leaves, in
-- the order of their ids, none far in time from the next; so one index entry
-- for a row, its last event, finds any of them.
CREATE TABLE sharing_guard.bundle (
    tree_id uuid NOT NULL,
    last_event uuid NOT NULL,
    first_leaf bigint NOT NULL,
    encoding smallint NOT NULL,
    late boolean NOT NULL,
    event_ids uuid[] NOT NULL,
    PRIMARY KEY (tree_id, first_leaf)
);
ALTER TABLE sharing_guard.bundle ALTER COLUMN event_ids SET STORAGE EXTERNAL;
CREATE INDEX bundle_last_event ON sharing_guard.bundle (last_event);
REVOKE ALL ON TABLE sharing_guard.bundle FROM PUBLIC;
COMMENT ON TABLE sharing_guard.bundle IS
'Which event is which leaf of the tree: up to 256 consecutive leaves';
COMMENT ON COLUMN sharing_guard.bundle.tree_id IS 'The tree';
COMMENT ON COLUMN sharing_guard.bundle.last_event IS
'The greatest of event_ids';
COMMENT ON COLUMN sharing_guard.bundle.first_leaf IS
'The leaf of the first of event_ids; the others follow';
COMMENT ON COLUMN sharing_guard.bundle.encoding IS
'The version of the canonical encoding that was hashed';
COMMENT ON COLUMN sharing_guard.bundle.late IS
'Whether these events are late: older than the seal before the one that sealed them';
COMMENT ON COLUMN sharing_guard.bundle.event_ids IS
'The events, in ascending order';

-- Apart from the bundles, because a purge removes nonces, and only they make
-- it impossible to find a purged event by guessing.
CREATE TABLE sharing_guard.nonce (
    tree_id uuid NOT NULL,
    first_leaf bigint NOT NULL,
    nonces bytea NOT NULL,
    PRIMARY KEY (tree_id, first_leaf)
);
ALTER TABLE sharing_guard.nonce ALTER COLUMN nonces SET STORAGE EXTERNAL;
REVOKE ALL ON TABLE sharing_guard.nonce FROM PUBLIC;
COMMENT ON TABLE sharing_guard.nonce IS
'Random bytes that are hashed with each event, so that an event cannot be guessed and found by its hash; one row for each bundle';
COMMENT ON COLUMN sharing_guard.nonce.tree_id IS 'The tree';
COMMENT ON COLUMN sharing_guard.nonce.first_leaf IS
'The leaf of the first nonce, as in bundle';
COMMENT ON COLUMN sharing_guard.nonce.nonces IS
'The nonces, 16 bytes each; 16 zero bytes where the event was purged';

-- Leaves whose event was purged under a resolution.  Written by purge alone.
CREATE TABLE sharing_guard.purged_leaf (
    tree_id uuid NOT NULL,
    first_leaf bigint NOT NULL,
    last_leaf bigint NOT NULL,
    purged_by uuid NOT NULL,
    PRIMARY KEY (tree_id, first_leaf)
);
REVOKE ALL ON TABLE sharing_guard.purged_leaf FROM PUBLIC;
COMMENT ON TABLE sharing_guard.purged_leaf IS
'Leaves whose events were purged: verify_audit() does not miss them, as long as the event that records the purge is there';
COMMENT ON COLUMN sharing_guard.purged_leaf.tree_id IS 'The tree';
COMMENT ON COLUMN sharing_guard.purged_leaf.first_leaf IS 'The first leaf';
COMMENT ON COLUMN sharing_guard.purged_leaf.last_leaf IS 'The last leaf';
COMMENT ON COLUMN sharing_guard.purged_leaf.purged_by IS
'The event that records the purge';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['checkpoint', 'tile', 'bundle', 'nonce', 'purged_leaf']
    LOOP
        EXECUTE pg_catalog.format('CREATE TRIGGER protect_rows BEFORE UPDATE OR DELETE ON sharing_guard.%I
            FOR EACH ROW EXECUTE FUNCTION sharing_guard.protect_record()', name);
        EXECUTE pg_catalog.format('CREATE TRIGGER protect_table BEFORE TRUNCATE ON sharing_guard.%I
            FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.protect_record()', name);
        EXECUTE pg_catalog.format('ALTER TABLE sharing_guard.%I ENABLE ALWAYS TRIGGER protect_rows', name);
        EXECUTE pg_catalog.format('ALTER TABLE sharing_guard.%I ENABLE ALWAYS TRIGGER protect_table', name);
        EXECUTE pg_catalog.format('COMMENT ON TRIGGER protect_rows ON sharing_guard.%I IS %L', name,
            'Refuses every UPDATE and DELETE');
        EXECUTE pg_catalog.format('COMMENT ON TRIGGER protect_table ON sharing_guard.%I IS %L', name,
            'Refuses TRUNCATE');
        PERFORM pg_catalog.pg_extension_config_dump(
            pg_catalog.format('sharing_guard.%I', name)::pg_catalog.regclass, '');
    END LOOP;
END
$$;

CREATE FUNCTION sharing_guard.seal() RETURNS bigint
    AS 'MODULE_PATHNAME', 'sg_sql_seal'
    LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION sharing_guard.seal() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.seal() IS
'Seals what no seal has yet: every event that is committed now. Returns how many that were. The background worker does so by itself, every sharing_guard.seal_interval';

CREATE FUNCTION sharing_guard.canonical_columns(encoding smallint DEFAULT NULL)
    RETURNS TABLE (ordinal integer, column_name text, data_type regtype)
    AS 'MODULE_PATHNAME', 'sg_sql_canonical_columns'
    LANGUAGE C STABLE PARALLEL SAFE ROWS 50;
REVOKE ALL ON FUNCTION sharing_guard.canonical_columns(smallint) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.canonical_columns(smallint) IS
'The columns of sharing_guard.event that a version of the canonical encoding covers, in its order; without a version, the one that is sealed with now';

-- What an auditor reads of it.
CREATE VIEW sharing_guard.sealed_event AS
SELECT b.tree_id,
       b.first_leaf + e.ordinality - 1 AS leaf_index,
       e.event_id,
       b.late,
       c.tree_size,
       c.sealed_at,
       c.log_id AS sealed_by
FROM sharing_guard.bundle b
CROSS JOIN LATERAL pg_catalog.unnest(b.event_ids) WITH ORDINALITY e (event_id, ordinality)
CROSS JOIN LATERAL (
    SELECT k.tree_size, k.sealed_at, k.log_id
    FROM sharing_guard.checkpoint k
    WHERE k.tree_id OPERATOR(pg_catalog.=) b.tree_id
      AND k.tree_size OPERATOR(pg_catalog.>) b.first_leaf
    ORDER BY k.tree_size
    LIMIT 1) c;
REVOKE ALL ON TABLE sharing_guard.sealed_event FROM PUBLIC;
COMMENT ON VIEW sharing_guard.sealed_event IS
'Every sealed event: which leaf of the tree it is, and which seal sealed it';
COMMENT ON COLUMN sharing_guard.sealed_event.tree_id IS 'The tree';
COMMENT ON COLUMN sharing_guard.sealed_event.leaf_index IS 'The leaf, from 0';
COMMENT ON COLUMN sharing_guard.sealed_event.event_id IS 'The event';
COMMENT ON COLUMN sharing_guard.sealed_event.late IS
'Whether the event is late: older than the seal before the one that sealed it, because its transaction ended later';
COMMENT ON COLUMN sharing_guard.sealed_event.tree_size IS
'The size of the tree at the seal that sealed it; see checkpoint';
COMMENT ON COLUMN sharing_guard.sealed_event.sealed_at IS 'When it was sealed';
COMMENT ON COLUMN sharing_guard.sealed_event.sealed_by IS
'The log that sealed it; not the event''s own where a database was restored, copied or upgraded in between';
