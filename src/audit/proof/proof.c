/*-------------------------------------------------------------------------
 *
 * proof.c
 *		Proofs from the stored tree, for SQL.
 *
 * What is asked for and cannot be given is an error here: these functions are
 * asked for a proof, while merkle.c's verifiers are given one that may be
 * forged.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "audit/proof/canonical.h"
#include "audit/log/event_id.h"
#include "audit/proof/sealed.h"
#include "audit/log/store.h"
#include "audit/proof/tree.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(sg_sql_tree_id);
PG_FUNCTION_INFO_V1(sg_sql_tree_root);
PG_FUNCTION_INFO_V1(sg_sql_tile_hashes);
PG_FUNCTION_INFO_V1(sg_sql_inclusion_proof);
PG_FUNCTION_INFO_V1(sg_sql_consistency_proof);
PG_FUNCTION_INFO_V1(sg_sql_canonical_entry);

static Datum
proof_datum(const Sha256Hash *proof, int count)
{
	Datum		elements[TREE_PROOF_MAX];

	for (int i = 0; i < count; i++)
		elements[i] = PointerGetDatum(sg_sha256_bytea(&proof[i]));
	return PointerGetDatum(construct_array(elements, count, BYTEAOID, -1, false,
										   TYPALIGN_INT));
}

/* The size of a tree at its latest seal, or 0. */
static int64
sealed_size(const pg_uuid_t *tree_id)
{
	Checkpoint	checkpoint;

	return sg_last_checkpoint(tree_id, &checkpoint) ? checkpoint.tree_size : 0;
}

/* Only what is sealed has roots and proofs. */
static void
check_size(int64 size, int64 least, int64 most)
{
	if (size < least || size > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the tree has no such size here: " INT64_FORMAT, size),
				 errdetail("Sizes from " INT64_FORMAT " to " INT64_FORMAT " can be asked for.",
						   least, most),
				 errhint("The sizes of all seals are in sharing_guard.checkpoint.")));
}

/*
 * The event's row in a slot of its own, or NULL: it may have been purged.
 */
static TupleTableSlot *
fetch_event(Relation events, const pg_uuid_t *event_id)
{
	Relation	index = sg_store_open_index(events, "event_pkey");
	TupleTableSlot *slot = NULL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(event_id));
	scan = systable_beginscan_ordered(events, index, GetActiveSnapshot(), 1, &key);
	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	if (HeapTupleIsValid(tuple))
	{
		slot = MakeSingleTupleTableSlot(RelationGetDescr(events), &TTSOpsHeapTuple);
		ExecStoreHeapTuple(heap_copytuple(tuple), slot, true);
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	return slot;
}

static void
find_leaf_or_error(const pg_uuid_t *event_id, EventLeaf *leaf)
{
	if (!sg_find_leaf(event_id, leaf))
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("event %s is not sealed", sg_event_id_text(event_id)),
				 errdetail("No seal that is kept here has it."),
				 errhint("A new event is sealed at the next seal; sharing_guard.seal() makes one now.")));
}

static CanonicalEncoder *
begin_encoding(Relation events, int version)
{
	CanonicalEncoder *encoder = sg_canonical_begin(RelationGetDescr(events), version);

	if (encoder == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the event was sealed with version %d of the encoding, which is not known here",
						version),
				 errhint("Update the extension sharing_guard to the version that sealed it.")));
	return encoder;
}

/* Could the event not be read when it was sealed? */
static bool
sealed_as_tombstone(Relation events, const pg_uuid_t *event_id,
					const EventLeaf *leaf, TreeReader *tree, Sha256Hasher *hasher)
{
	Sha256Hash	sealed;
	Sha256Hash	tombstone;

	sg_tree_range(tree, leaf->leaf_index, leaf->leaf_index + 1, &sealed);
	sg_canonical_tombstone_hash(begin_encoding(events, leaf->encoding), event_id,
								&leaf->tree_id, &leaf->nonce, hasher, &tombstone);
	return sha256_hash_equal(&sealed, &tombstone);
}

/* sharing_guard.tree_id() returns uuid */
Datum
sg_sql_tree_id(PG_FUNCTION_ARGS)
{
	List	   *identities = sg_log_identities();
	LogIdentity own;
	Checkpoint	last;
	pg_uuid_t  *tree_id = palloc(sizeof(pg_uuid_t));

	(void) sg_log_own(identities, &own);
	if (!sg_own_tree(identities, &own, &last))
		PG_RETURN_NULL();
	*tree_id = last.tree_id;
	PG_RETURN_UUID_P(tree_id);
}

/* sharing_guard.tree_root(size bigint, tree uuid) returns bytea */
Datum
sg_sql_tree_root(PG_FUNCTION_ARGS)
{
	int64		size = PG_GETARG_INT64(0);
	pg_uuid_t  *tree_id = PG_GETARG_UUID_P(1);
	Sha256Hasher *hasher;
	TreeReader *tree;
	Sha256Hash	root;

	check_size(size, 0, sealed_size(tree_id));
	hasher = sg_sha256_begin();
	tree = sg_tree_begin(tree_id, hasher);
	sg_tree_root(tree, size, &root);
	sg_tree_end(tree);
	sg_sha256_end(hasher);
	PG_RETURN_DATUM(PointerGetDatum(sg_sha256_bytea(&root)));
}

/*
 * sharing_guard.tile_hashes(level integer, tile bigint, tree uuid) returns
 * bytea
 */
Datum
sg_sql_tile_hashes(PG_FUNCTION_ARGS)
{
	int32		level = PG_GETARG_INT32(0);
	int64		tile = PG_GETARG_INT64(1);
	pg_uuid_t  *tree_id = PG_GETARG_UUID_P(2);
	Sha256Hasher *hasher;
	TreeReader *tree;
	const Sha256Hash *hashes;
	int			count;
	bytea	   *result;

	if (level < 0 || level >= TILE_LEVELS ||
		tile < 0 || tile > PG_INT64_MAX / TILE_WIDTH - 1)
		PG_RETURN_NULL();

	hasher = sg_sha256_begin();
	tree = sg_tree_begin(tree_id, hasher);
	count = sg_tree_tile(tree, level, tile, &hashes);
	result = palloc(VARHDRSZ + count * sizeof(Sha256Hash));
	SET_VARSIZE(result, VARHDRSZ + count * sizeof(Sha256Hash));
	memcpy(VARDATA(result), hashes, count * sizeof(Sha256Hash));
	sg_tree_end(tree);
	sg_sha256_end(hasher);
	if (count == 0)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(result);
}

/*
 * sharing_guard.inclusion_proof(event uuid, tree_size bigint,
 *		OUT leaf_hash bytea, OUT index bigint, OUT size bigint,
 *		OUT proof bytea[], OUT root bytea, OUT tree uuid)
 *
 * The leaf's hash is that of the event as it is now.  Of an event that was
 * purged, or cannot be read, it is the one that is stored: that there was one
 * can be proved, and nothing else.
 */
Datum
sg_sql_inclusion_proof(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *event_id;
	EventLeaf	leaf;
	Relation	events;
	TupleTableSlot *slot;
	Sha256Hasher *hasher;
	TreeReader *tree;
	int64		sealed;
	int64		size;
	Sha256Hash	proof[TREE_PROOF_MAX];
	Sha256Hash	leaf_hash;
	Sha256Hash	root;
	int			count;
	TupleDesc	desc;
	Datum		values[6];
	bool		nulls[6] = {0};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");	/* by our own SQL */

	event_id = PG_GETARG_UUID_P(0);
	find_leaf_or_error(event_id, &leaf);
	sealed = sealed_size(&leaf.tree_id);
	size = PG_ARGISNULL(1) ? sealed : PG_GETARG_INT64(1);
	check_size(size, leaf.leaf_index + 1, sealed);

	hasher = sg_sha256_begin();
	tree = sg_tree_begin(&leaf.tree_id, hasher);
	events = sg_store_open("event", AccessShareLock);
	slot = fetch_event(events, event_id);
	if (slot == NULL || !leaf.has_nonce ||
		sealed_as_tombstone(events, event_id, &leaf, tree, hasher) ||
		!sg_canonical_hash(begin_encoding(events, leaf.encoding), slot,
						   &leaf.tree_id, &leaf.nonce, hasher, &leaf_hash))
		sg_tree_range(tree, leaf.leaf_index, leaf.leaf_index + 1, &leaf_hash);
	if (slot != NULL)
		ExecDropSingleTupleTableSlot(slot);
	table_close(events, AccessShareLock);

	count = sg_tree_inclusion(tree, leaf.leaf_index, size, proof);
	sg_tree_root(tree, size, &root);
	sg_tree_end(tree);
	sg_sha256_end(hasher);

	values[0] = PointerGetDatum(sg_sha256_bytea(&leaf_hash));
	values[1] = Int64GetDatum(leaf.leaf_index);
	values[2] = Int64GetDatum(size);
	values[3] = proof_datum(proof, count);
	values[4] = PointerGetDatum(sg_sha256_bytea(&root));
	values[5] = UUIDPGetDatum(&leaf.tree_id);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}

/*
 * sharing_guard.consistency_proof(size1 bigint, size2 bigint, tree uuid)
 *		returns bytea[]
 */
Datum
sg_sql_consistency_proof(PG_FUNCTION_ARGS)
{
	int64		size1 = PG_GETARG_INT64(0);
	int64		size2 = PG_GETARG_INT64(1);
	pg_uuid_t  *tree_id = PG_GETARG_UUID_P(2);
	Sha256Hasher *hasher;
	TreeReader *tree;
	Sha256Hash	proof[TREE_PROOF_MAX];
	int			count;

	check_size(size2, 1, sealed_size(tree_id));
	check_size(size1, 1, size2);
	hasher = sg_sha256_begin();
	tree = sg_tree_begin(tree_id, hasher);
	count = sg_tree_consistency(tree, size1, size2, proof);
	sg_tree_end(tree);
	sg_sha256_end(hasher);
	PG_RETURN_DATUM(proof_datum(proof, count));
}

/* sharing_guard.canonical_entry(event uuid) returns bytea */
Datum
sg_sql_canonical_entry(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *event_id = PG_GETARG_UUID_P(0);
	EventLeaf	leaf;
	Relation	events;
	TupleTableSlot *slot;
	StringInfoData entry;
	CanonicalEncoder *encoder;
	Sha256Hasher *hasher;
	TreeReader *tree;

	find_leaf_or_error(event_id, &leaf);
	events = sg_store_open("event", AccessShareLock);
	slot = fetch_event(events, event_id);
	if (slot == NULL || !leaf.has_nonce)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("event %s is sealed, and is not there any more",
						sg_event_id_text(event_id)),
				 errhint("If it was not purged, sharing_guard.verify_audit() reports it.")));

	initStringInfo(&entry);
	appendStringInfoSpaces(&entry, VARHDRSZ);
	encoder = begin_encoding(events, leaf.encoding);
	hasher = sg_sha256_begin();
	tree = sg_tree_begin(&leaf.tree_id, hasher);
	if (sealed_as_tombstone(events, event_id, &leaf, tree, hasher))
		sg_canonical_tombstone(encoder, event_id, &leaf.tree_id, &leaf.nonce,
							   &entry);
	else if (!sg_canonical_entry(encoder, slot, &leaf.tree_id, &leaf.nonce, &entry))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("event %s is sealed, and cannot be read any more",
						sg_event_id_text(event_id)),
				 errdetail("Its row, or a long value of it, is damaged."),
				 errhint("sharing_guard.verify_audit() reports all such events.")));
	sg_tree_end(tree);
	sg_sha256_end(hasher);
	SET_VARSIZE(entry.data, entry.len);
	ExecDropSingleTupleTableSlot(slot);
	table_close(events, AccessShareLock);
	PG_RETURN_BYTEA_P((bytea *) entry.data);
}
