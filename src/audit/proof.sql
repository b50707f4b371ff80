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
