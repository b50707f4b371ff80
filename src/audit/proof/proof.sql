-- Proofs from the tree of this database, and the files an outsider checks.
-- They are about the log's own tree unless another is named.

CREATE FUNCTION sharing_guard.tree_id() RETURNS uuid
    AS 'MODULE_PATHNAME', 'sg_sql_tree_id'
    LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION sharing_guard.tree_id() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.tree_id() IS
'The tree that this database seals its events in; NULL before the first seal';

CREATE FUNCTION sharing_guard.tree_root(size bigint, tree uuid DEFAULT sharing_guard.tree_id()) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sg_sql_tree_root'
    LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION sharing_guard.tree_root(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.tree_root(bigint, uuid) IS
'The root of the tree''s first leaves, computed from its tiles';

CREATE FUNCTION sharing_guard.inclusion_proof(
    event uuid, tree_size bigint DEFAULT NULL,
    OUT leaf_hash bytea, OUT index bigint, OUT size bigint,
    OUT proof bytea[], OUT root bytea, OUT tree uuid)
    AS 'MODULE_PATHNAME', 'sg_sql_inclusion_proof'
    LANGUAGE C STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION sharing_guard.inclusion_proof(uuid, bigint) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.inclusion_proof(uuid, bigint) IS
'Proves that the event is sealed, in the tree of this size or, without one, of the latest seal: the arguments of verify_inclusion(). The leaf''s hash is computed from the event as it is now';

CREATE FUNCTION sharing_guard.consistency_proof(
    size1 bigint, size2 bigint, tree uuid DEFAULT sharing_guard.tree_id()) RETURNS bytea[]
    AS 'MODULE_PATHNAME', 'sg_sql_consistency_proof'
    LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION sharing_guard.consistency_proof(bigint, bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.consistency_proof(bigint, bigint, uuid) IS
'Proves that the tree of size2 is that of size1 with leaves appended: the proof of verify_consistency()';

CREATE FUNCTION sharing_guard.canonical_entry(event uuid) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sg_sql_canonical_entry'
    LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION sharing_guard.canonical_entry(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.canonical_entry(uuid) IS
'The sealed event''s canonical encoding, tree and nonce included: what leaf_hash() gives its leaf for';

CREATE FUNCTION sharing_guard.tile_hashes(
    level integer, tile bigint, tree uuid DEFAULT sharing_guard.tree_id()) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sg_sql_tile_hashes'
    LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION sharing_guard.tile_hashes(integer, bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.tile_hashes(integer, bigint, uuid) IS
'A tile as C2SP tlog-tiles serves it: up to 256 hashes of a level, one behind the other; its beginning is the partial tile of a smaller tree. NULL where there is none';

-- A log's name in checkpoints (C2SP tlog-checkpoint).
CREATE FUNCTION sharing_guard.log_origin(log uuid DEFAULT sharing_guard.log_id()) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT 'sharing_guard/' || $1 $$;
REVOKE ALL ON FUNCTION sharing_guard.log_origin(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.log_origin(uuid) IS
'The name of a log, as the first line of its checkpoints has it';

CREATE FUNCTION sharing_guard.checkpoint(
    tree_size bigint DEFAULT NULL, tree uuid DEFAULT sharing_guard.tree_id()) RETURNS text
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT concat(sharing_guard.log_origin(c.log_id), E'\n', c.tree_size, E'\n',
                  encode(c.root, 'base64'), E'\n')
    FROM ((SELECT k.log_id, k.tree_size, k.root
           FROM sharing_guard.checkpoint k
           WHERE k.tree_id = $2
             AND ($1 IS NULL OR k.tree_size = $1)
           ORDER BY k.tree_size DESC
           LIMIT 1)
          UNION ALL
          SELECT sharing_guard.log_id(), 0, sha256(''::bytea)
          WHERE coalesce($1, 0) = 0) c
    LIMIT 1
$$;
REVOKE ALL ON FUNCTION sharing_guard.checkpoint(bigint, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.checkpoint(bigint, uuid) IS
'The latest checkpoint, or that of a certain size, as the text of a note (C2SP tlog-checkpoint): origin, size and root. An auditor signs it with a key that is kept elsewhere, and keeps it: a person who has it can tell later whether anything before it was changed. NULL where no seal has that size';

CREATE FUNCTION sharing_guard.note_key_id(key_name text, public_key bytea) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF key_name = '' OR key_name ~ '[\s+[:cntrl:]]' THEN
        RAISE EXCEPTION 'this cannot be the name of a key'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = 'A name is not empty and has neither spaces nor plus signs.';
    END IF;
    IF length(public_key) <> 32 THEN
        RAISE EXCEPTION 'this is not an Ed25519 public key'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = 'Such a key has 32 bytes.',
                  HINT = 'It is the end of what openssl pkey -pubout -outform DER writes.';
    END IF;
    RETURN substring(sha256(convert_to(key_name, 'UTF8') || '\x0a01'::bytea || public_key) FOR 4);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.note_key_id(text, bytea) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.note_key_id(text, bytea) IS
'The id of an Ed25519 key in signed notes (C2SP signed-note): four bytes';

CREATE FUNCTION sharing_guard.verifier_key(key_name text, public_key bytea) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT concat($1, '+', encode(sharing_guard.note_key_id($1, $2), 'hex'), '+',
                  encode('\x01'::bytea || $2, 'base64'))
$$;
REVOKE ALL ON FUNCTION sharing_guard.verifier_key(text, bytea) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.verifier_key(text, bytea) IS
'An Ed25519 public key as checkers of signed notes want it (C2SP signed-note, vkey)';

CREATE FUNCTION sharing_guard.signed_note(
    note text, key_name text, public_key bytea, signature bytea) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF length(signature) <> 64 THEN
        RAISE EXCEPTION 'this is not an Ed25519 signature'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = 'Such a signature has 64 bytes.';
    END IF;
    IF right(note, 1) <> E'\n' THEN
        RAISE EXCEPTION 'the text of a note ends with a line feed'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give it as checkpoint() returned it, and as it was signed.';
    END IF;
    RETURN concat(note,
                  -- A note that is signed already gets one more signature.
                  CASE WHEN strpos(note, E'\n\n') = 0 THEN E'\n' END,
                  U&'\2014 ', key_name, ' ',
                  replace(encode(sharing_guard.note_key_id(key_name, public_key) || signature,
                                 'base64'), E'\n', ''),
                  E'\n');
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.signed_note(text, text, bytea, bytea) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.signed_note(text, text, bytea, bytea) IS
'Puts note and Ed25519 signature together (C2SP signed-note). Does not check the signature';

CREATE FUNCTION sharing_guard.tlog_proof(
    event uuid, checkpoint text DEFAULT sharing_guard.checkpoint()) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    lines text[] := string_to_array(checkpoint, E'\n');
    p record;
BEGIN
    IF lines[2] !~ '^(0|[1-9][0-9]{0,17})$' THEN
        RAISE EXCEPTION 'this is not a checkpoint'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give what checkpoint() returned, signed or not.';
    END IF;
    SELECT i.* INTO p FROM sharing_guard.inclusion_proof(event, lines[2]::bigint) i;
    IF encode(p.root, 'base64') IS DISTINCT FROM lines[3] THEN
        RAISE EXCEPTION 'this checkpoint is not one of the tree that the event is sealed in'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('At size %s that tree has another root.', lines[2]);
    END IF;
    RETURN concat(
        E'c2sp.org/tlog-proof@v1\n',
        'extra ', replace(encode(sharing_guard.canonical_entry(event), 'base64'), E'\n', ''), E'\n',
        'index ', p.index, E'\n',
        (SELECT string_agg(encode(h.hash, 'base64') || E'\n', '' ORDER BY h.n)
         FROM unnest(p.proof) WITH ORDINALITY h (hash, n)),
        E'\n', checkpoint);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.tlog_proof(uuid, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.tlog_proof(uuid, text) IS
'The event''s .tlog-proof file (C2SP tlog-proof) under a checkpoint, signed or not: with it anybody can check that the event was sealed, and learns nothing of any other. Its extra line is the canonical entry';
