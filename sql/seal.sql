-- Sealing, and proofs from the seals.
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
-- The writer may announce itself in the new log.
SELECT pg_sleep(0.3);
INSERT INTO sharing_guard.data_class (data_class, description) VALUES ('class_1', 'x'), ('class_2', 'y'), ('class_3', '');

-- The seals cover every column of the log.
SELECT a.attname, format_type(a.atttypid, NULL), c.column_name
FROM sharing_guard.canonical_columns() c
FULL JOIN (SELECT * FROM pg_attribute WHERE attrelid = 'sharing_guard.event'::regclass AND attnum > 0 AND NOT attisdropped) a
    ON a.attname = c.column_name AND a.atttypid = c.data_type
WHERE a.attname IS NULL OR c.column_name IS NULL;

-- Nothing is sealed yet.
SELECT sharing_guard.tree_id(), sharing_guard.checkpoint()
    = format(E'sharing_guard/%s\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n', sharing_guard.log_id()) AS empty_tree;
SELECT event_id FROM sharing_guard.event ORDER BY event_id LIMIT 1 \gset
\set VERBOSITY terse
SELECT sharing_guard.inclusion_proof('01900000-0000-7000-8000-000000000001');
SELECT sharing_guard.consistency_proof(1, 1, sharing_guard.log_id());
\set VERBOSITY default

SELECT count(*) AS events FROM sharing_guard.event \gset
SELECT sharing_guard.seal() = :events AS all_of_them;
SELECT sharing_guard.seal() AS no_more;
SELECT tree_id = sharing_guard.log_id() AS own_tree, log_id = tree_id AS own_log, tree_size = :events AS size,
    late_events, timeline, length(root), sealed_at <= clock_timestamp() AS sealed FROM sharing_guard.checkpoint;

-- More, so that there are several tiles, a level above, and several seals.
INSERT INTO sharing_guard.event (event_id, log_id, occurred_at, transaction_id, kind, username, tags, purposes, rows_disclosed)
SELECT gen_random_uuid(), sharing_guard.log_id(), clock_timestamp(), pg_current_xact_id(), 'disclosure', NULL, ARRAY['a', NULL, ''],
    ARRAY['purpose ' || i], CASE WHEN i % 3 = 0 THEN i END
FROM generate_series(1, 700) i;
SELECT sharing_guard.seal();
INSERT INTO sharing_guard.event (event_id, log_id, occurred_at, transaction_id, kind) VALUES
    (gen_random_uuid(), sharing_guard.log_id(), 'infinity', pg_current_xact_id(), ''),
    (gen_random_uuid(), sharing_guard.log_id(), clock_timestamp(), pg_current_xact_id(), 'Grüße, 你好');
SELECT sharing_guard.seal();
SELECT max(tree_size) AS size FROM sharing_guard.checkpoint \gset
SELECT :size = count(*) AS all_events FROM sharing_guard.event;

-- Every event proves itself, under every seal behind it.
SELECT count(*) = :size AS all_events,
    bool_and(sharing_guard.verify_inclusion(p.leaf_hash, p.index, p.size, p.proof, p.root)) AS included,
    bool_and(p.leaf_hash = sharing_guard.leaf_hash(sharing_guard.canonical_entry(e.event_id))) AS of_its_entry,
    count(DISTINCT p.index) = :size AS each_its_leaf, count(DISTINCT p.root) AS roots
FROM sharing_guard.event e, sharing_guard.inclusion_proof(e.event_id) p;
SELECT bool_and(p.root = c.root AND sharing_guard.verify_inclusion(p.leaf_hash, p.index, c.tree_size, p.proof, c.root)) AS included
FROM sharing_guard.checkpoint c JOIN sharing_guard.sealed_event s ON s.leaf_index < c.tree_size AND s.leaf_index % 41 = 0,
    sharing_guard.inclusion_proof(s.event_id, c.tree_size) p;
SELECT bool_and(sharing_guard.verify_consistency(a.tree_size, b.tree_size,
    sharing_guard.consistency_proof(a.tree_size, b.tree_size), a.root, b.root)) AS consistent, count(*)
FROM sharing_guard.checkpoint a JOIN sharing_guard.checkpoint b ON a.tree_size <= b.tree_size;
SELECT bool_and(sharing_guard.verify_consistency(a, b, sharing_guard.consistency_proof(a, b),
    sharing_guard.tree_root(a), sharing_guard.tree_root(b))) AS consistent
FROM generate_series(1, :size, 97) a, generate_series(1, :size, 89) b WHERE a <= b;
SELECT bool_and(sharing_guard.tree_root(tree_size) = root) AS roots FROM sharing_guard.checkpoint;

-- Two events that differ in anything, and be it NULL for empty, are different entries.
SELECT count(*) - count(DISTINCT sharing_guard.canonical_entry(event_id)) AS same FROM sharing_guard.event;

-- The tiles are those of C2SP: 256 hashes wide, each above the root of one below.
SELECT level, tile, length(sharing_guard.tile_hashes(level, tile)) / 32 = least(256, (:size >> (8 * level)) - 256 * tile) AS complete
FROM generate_series(0, 1) level, generate_series(0, 3) tile
WHERE sharing_guard.tile_hashes(level, tile) IS NOT NULL ORDER BY 1, 2;
SELECT substring(sharing_guard.tile_hashes(1, 0) FROM 33 FOR 32) = sharing_guard.node_hash(
    sharing_guard.node_hash(a.root, b.root), sharing_guard.node_hash(c.root, d.root)) AS the_second_tiles_root
FROM (SELECT array_agg(substring(sharing_guard.tile_hashes(0, 1) FROM 1 + 32 * i FOR 32) ORDER BY i) h FROM generate_series(0, 255) i) t,
LATERAL (WITH RECURSIVE up (n, h) AS (SELECT 256, t.h UNION ALL SELECT n / 2,
    (SELECT array_agg(sharing_guard.node_hash(up.h[2 * i - 1], up.h[2 * i]) ORDER BY i) FROM generate_series(1, n / 2) i) FROM up WHERE n > 4)
    SELECT h FROM up WHERE n = 4) f,
LATERAL (SELECT f.h[1]) a (root), LATERAL (SELECT f.h[2]) b (root), LATERAL (SELECT f.h[3]) c (root), LATERAL (SELECT f.h[4]) d (root);
SELECT sharing_guard.tile_hashes(-1, 0), sharing_guard.tile_hashes(9, 0), sharing_guard.tile_hashes(0, 9223372036854775807);

-- The files for others.
SELECT string_to_array(sharing_guard.checkpoint(), E'\n') = ARRAY['sharing_guard/' || log_id, tree_size::text, encode(root, 'base64'), '']
FROM sharing_guard.checkpoint ORDER BY tree_size DESC LIMIT 1;
SELECT sharing_guard.checkpoint(:size + 1) IS NULL AS no_such_seal;
SELECT split_part(f, E'\n', 1), split_part(f, E'\n', 3) ~ '^index [0-9]+$' AS index,
    right(f, length(sharing_guard.checkpoint())) = sharing_guard.checkpoint() AS checkpoint,
    decode(substr(split_part(f, E'\n', 2), 7), 'base64') = sharing_guard.canonical_entry(:'event_id') AS entry
FROM sharing_guard.tlog_proof(:'event_id') f;
-- The signed note of C2SP's signed-note specification, whose key it names.
SELECT sharing_guard.verifier_key('example.com/foo', substring(decode('AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k', 'base64') FROM 2));
SELECT sharing_guard.signed_note(E'This is an example message.\n', 'example.com/foo',
    substring(decode('AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k', 'base64') FROM 2),
    substring(decode('Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=', 'base64') FROM 5));
\set VERBOSITY terse
SELECT sharing_guard.signed_note(E'x\n', 'has space', sha256(''), ''::bytea);
SELECT sharing_guard.verifier_key('has space', sha256(''));
SELECT sharing_guard.verifier_key('name', '\x00');
SELECT sharing_guard.tlog_proof(:'event_id', 'no checkpoint');
SELECT sharing_guard.tlog_proof(:'event_id', replace(sharing_guard.checkpoint(), '=', '+'));

-- Nobody changes a seal, and an auditor can neither.
CREATE FUNCTION pg_temp.attempt(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT t, pg_temp.attempt(format('DELETE FROM sharing_guard.%I', t)), pg_temp.attempt(format('TRUNCATE sharing_guard.%I', t))
FROM unnest(ARRAY['log', 'checkpoint', 'tile', 'bundle', 'nonce']) t;
SELECT t FROM unnest(ARRAY['log', 'checkpoint', 'tile', 'bundle', 'nonce', 'purged_leaf']) t
WHERE NOT format('sharing_guard.%I', t)::regclass = ANY (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'sharing_guard')
    OR 2 <> (SELECT count(*) FROM pg_trigger WHERE tgrelid = format('sharing_guard.%I', t)::regclass AND tgname LIKE 'protect%' AND tgenabled = 'A');
CREATE ROLE regress_sg_auditor;
SELECT sharing_guard.grant_auditor('regress_sg_auditor');
SET ROLE regress_sg_auditor;
SELECT sharing_guard.seal() > 0 AS the_grant_is_sealed;
SELECT count(*) FROM sharing_guard.verify_audit();
SELECT length(sharing_guard.checkpoint()) > 0 AS checkpoint, length(sharing_guard.tlog_proof(:'event_id')) > 0 AS proof;
SELECT t, pg_temp.attempt(format('DELETE FROM sharing_guard.%I', t)), pg_temp.attempt(format('INSERT INTO sharing_guard.%I DEFAULT VALUES', t))
FROM unnest(ARRAY['log', 'checkpoint', 'tile', 'bundle', 'nonce', 'event']) t;
SELECT count(*) FROM sharing_guard.nonce;
RESET ROLE;
SELECT sharing_guard.revoke_auditor('regress_sg_auditor');
DROP ROLE regress_sg_auditor;
