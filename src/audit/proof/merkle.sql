-- RFC 6962, section 2.1, over plain bytea: nothing here reads a table, so
-- anybody's tree can be checked with it.

CREATE FUNCTION sharing_guard.leaf_hash(entry bytea) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sg_sql_leaf_hash'
    LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.leaf_hash(bytea) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.leaf_hash(bytea) IS
'The hash of a leaf of a Merkle tree: SHA-256 of a zero byte and the entry (RFC 6962)';

CREATE FUNCTION sharing_guard.node_hash(left_hash bytea, right_hash bytea) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sg_sql_node_hash'
    LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.node_hash(bytea, bytea) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.node_hash(bytea, bytea) IS
'The hash of an inner node of a Merkle tree: SHA-256 of a byte of 1 and the hashes of its two children (RFC 6962)';

-- Not STRICT: what is missing proves nothing, and that is false.
CREATE FUNCTION sharing_guard.verify_inclusion(
    leaf_hash bytea, index bigint, size bigint, proof bytea[], root bytea)
    RETURNS boolean
    AS 'MODULE_PATHNAME', 'sg_sql_verify_inclusion'
    LANGUAGE C IMMUTABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.verify_inclusion(bytea, bigint, bigint, bytea[], bytea) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.verify_inclusion(bytea, bigint, bigint, bytea[], bytea) IS
'Whether the proof shows that the leaf has this index in the tree of this size and root (RFC 6962, section 2.1.1). False for anything else, never an error';

CREATE FUNCTION sharing_guard.verify_consistency(
    size1 bigint, size2 bigint, proof bytea[], root1 bytea, root2 bytea)
    RETURNS boolean
    AS 'MODULE_PATHNAME', 'sg_sql_verify_consistency'
    LANGUAGE C IMMUTABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.verify_consistency(bigint, bigint, bytea[], bytea, bytea) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.verify_consistency(bigint, bigint, bytea[], bytea, bytea) IS
'Whether the proof shows that the tree of size2 and root2 is the tree of size1 and root1 with leaves appended (RFC 6962, section 2.1.2). False for anything else, never an error';
