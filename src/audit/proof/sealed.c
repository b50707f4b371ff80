/*-------------------------------------------------------------------------
 *
 * sealed.c
 *		Reads what is sealed: checkpoints, and which event is which leaf.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/pg_lsn.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "audit/log/store.h"
#include "audit/proof/sealed.h"
#include "base/compat.h"

void
sg_read_checkpoint(Relation rel, HeapTuple tuple, Checkpoint *checkpoint)
{
	Datum		values[CHECKPOINT_COLUMNS];
	bytea	   *root;
	struct varlena *snapshot;

	for (int i = 0; i < CHECKPOINT_COLUMNS; i++)
		values[i] = sg_store_value(rel, tuple, i + 1);

	checkpoint->tree_id = *DatumGetUUIDP(values[CHECKPOINT_TREE_ID - 1]);
	checkpoint->log_id = *DatumGetUUIDP(values[CHECKPOINT_LOG_ID - 1]);
	checkpoint->tree_size = DatumGetInt64(values[CHECKPOINT_TREE_SIZE - 1]);
	checkpoint->sealed_at = DatumGetTimestampTz(values[CHECKPOINT_SEALED_AT - 1]);
	checkpoint->lsn = DatumGetLSN(values[CHECKPOINT_LSN - 1]);
	checkpoint->timeline = DatumGetInt32(values[CHECKPOINT_TIMELINE - 1]);
	root = DatumGetByteaPP(values[CHECKPOINT_ROOT - 1]);
	memset(&checkpoint->root, 0, sizeof(Sha256Hash));
	memcpy(&checkpoint->root, VARDATA_ANY(root),
		   Min(VARSIZE_ANY_EXHDR(root), sizeof(Sha256Hash)));

	snapshot = PG_DETOAST_DATUM(values[CHECKPOINT_SNAPSHOT - 1]);
	checkpoint->snapshot = sg_transaction_set(PointerGetDatum(snapshot));
	if (PointerGetDatum(snapshot) != values[CHECKPOINT_SNAPSHOT - 1])
		pfree(snapshot);
}

/*
 * The last row of a tree in one of its tables, by the primary key; NULL
 * without one.  Palloc'd.
 */
HeapTuple
sg_last_row_of_tree(Relation rel, const char *primary_key, const pg_uuid_t *tree_id)
{
	Relation	index = sg_store_open_index(rel, primary_key);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(tree_id));
	scan = systable_beginscan_ordered(rel, index, GetActiveSnapshot(), 1, &key);
	tuple = systable_getnext_ordered(scan, BackwardScanDirection);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	return tuple;
}

bool
sg_last_checkpoint(const pg_uuid_t *tree_id, Checkpoint *checkpoint)
{
	Relation	rel = sg_store_open("checkpoint", AccessShareLock);
	HeapTuple	tuple = sg_last_row_of_tree(rel, "checkpoint_pkey", tree_id);

	if (HeapTupleIsValid(tuple))
		sg_read_checkpoint(rel, tuple, checkpoint);
	table_close(rel, AccessShareLock);
	return HeapTupleIsValid(tuple);
}

/* A scan of one of the tables by its primary key, within one tree. */
typedef struct TreeScan
{
	MemoryContext context;
	Relation	rel;
	Relation	index;
	SysScanDesc scan;
} TreeScan;

struct CheckpointScan
{
	TreeScan	checkpoints;
};

struct BundleScan
{
	TreeScan	bundles;
	TreeScan	nonces;
	HeapTuple	nonce;			/* not of an earlier bundle; NULL at the end */
	int64		from_leaf;
};

static void
begin_tree_scan(TreeScan *scan, const char *table, const char *primary_key,
				int nkeys, ScanKey keys)
{
	scan->context = CurrentMemoryContext;
	scan->rel = sg_store_open(table, AccessShareLock);
	scan->index = sg_store_open_index(scan->rel, primary_key);
	scan->scan = systable_beginscan_ordered(scan->rel, scan->index,
											GetActiveSnapshot(), nkeys, keys);
}

/* An index scan may allocate at any time what it needs until its end. */
static HeapTuple
next_of_tree(TreeScan *scan)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(scan->context);
	HeapTuple	tuple = systable_getnext_ordered(scan->scan, ForwardScanDirection);

	MemoryContextSwitchTo(oldcontext);
	return tuple;
}

static void
end_tree_scan(TreeScan *scan)
{
	systable_endscan_ordered(scan->scan);
	index_close(scan->index, AccessShareLock);
	table_close(scan->rel, AccessShareLock);
}

CheckpointScan *
sg_begin_checkpoints(const pg_uuid_t *tree_id)
{
	CheckpointScan *scan = palloc0(sizeof(CheckpointScan));
	ScanKeyData key;

	ScanKeyInit(&key, CHECKPOINT_TREE_ID, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(tree_id));
	begin_tree_scan(&scan->checkpoints, "checkpoint", "checkpoint_pkey", 1, &key);
	return scan;
}

bool
sg_next_checkpoint(CheckpointScan *scan, Checkpoint *checkpoint)
{
	HeapTuple	tuple = next_of_tree(&scan->checkpoints);

	if (!HeapTupleIsValid(tuple))
		return false;
	sg_read_checkpoint(scan->checkpoints.rel, tuple, checkpoint);
	return true;
}

void
sg_end_checkpoints(CheckpointScan *scan)
{
	end_tree_scan(&scan->checkpoints);
	pfree(scan);
}

/* A bundle begins at most so many leaves before one of its own. */
BundleScan *
sg_begin_bundles(const pg_uuid_t *tree_id, int64 from_leaf)
{
	BundleScan *scan = palloc0(sizeof(BundleScan));
	ScanKeyData keys[2];
	int			nkeys = from_leaf > 0 ? 2 : 1;

	scan->from_leaf = from_leaf;
	ScanKeyInit(&keys[0], BUNDLE_TREE_ID, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(tree_id));
	ScanKeyInit(&keys[1], BUNDLE_FIRST_LEAF, BTGreaterStrategyNumber, F_INT8GT,
				Int64GetDatum(from_leaf - TILE_WIDTH));
	begin_tree_scan(&scan->bundles, "bundle", "bundle_pkey", nkeys, keys);
	keys[0].sk_attno = NONCE_TREE_ID;
	keys[1].sk_attno = NONCE_FIRST_LEAF;
	begin_tree_scan(&scan->nonces, "nonce", "nonce_pkey", nkeys, keys);
	scan->nonce = next_of_tree(&scan->nonces);
	return scan;
}

static void
read_bundle(Relation rel, HeapTuple tuple, Bundle *bundle)
{
	ArrayType  *array = DatumGetArrayTypeP(sg_store_value(rel, tuple, BUNDLE_EVENT_IDS));

	memset(bundle, 0, sizeof(Bundle));
	bundle->first_leaf = DatumGetInt64(sg_store_value(rel, tuple, BUNDLE_FIRST_LEAF));
	bundle->encoding = DatumGetInt16(sg_store_value(rel, tuple, BUNDLE_ENCODING));
	bundle->late = DatumGetBool(sg_store_value(rel, tuple, BUNDLE_LATE));
	bundle->last_event = *DatumGetUUIDP(sg_store_value(rel, tuple, BUNDLE_LAST_EVENT));

	/* An array that we did not store is not used at all. */
	if (ARR_NDIM(array) == 1 && !ARR_HASNULL(array) &&
		ARR_DIMS(array)[0] <= TILE_WIDTH)
	{
		bundle->count = ARR_DIMS(array)[0];
		bundle->event_ids = (const pg_uuid_t *) ARR_DATA_PTR(array);
		bundle->ascending = true;
		for (int i = 1; i < bundle->count; i++)
		{
			if (memcmp(bundle->event_ids[i - 1].data, bundle->event_ids[i].data, UUID_LEN) >= 0)
				bundle->ascending = false;
		}
	}
}

bool
sg_next_bundle(BundleScan *scan, Bundle *bundle)
{
	HeapTuple	tuple;

	do
	{
		tuple = next_of_tree(&scan->bundles);
		if (!HeapTupleIsValid(tuple))
			return false;
		read_bundle(scan->bundles.rel, tuple, bundle);
	} while (scan->from_leaf > 0 &&
			 bundle->first_leaf + bundle->count <= scan->from_leaf);

	while (HeapTupleIsValid(scan->nonce))
	{
		Relation	rel = scan->nonces.rel;
		int64		first_leaf = DatumGetInt64(sg_store_value(rel, scan->nonce,
															  NONCE_FIRST_LEAF));

		if (first_leaf > bundle->first_leaf)
			break;
		if (first_leaf == bundle->first_leaf)
		{
			bytea	   *nonces = DatumGetByteaPP(sg_store_value(rel, scan->nonce,
																NONCE_NONCES));

			bundle->nonces = (const Nonce *) VARDATA_ANY(nonces);
			bundle->has_nonces =
				VARSIZE_ANY_EXHDR(nonces) == bundle->count * sizeof(Nonce);
			break;				/* it is read before the next one is fetched */
		}
		scan->nonce = next_of_tree(&scan->nonces);
	}
	return true;
}

void
sg_end_bundles(BundleScan *scan)
{
	end_tree_scan(&scan->bundles);
	end_tree_scan(&scan->nonces);
	pfree(scan);
}

/*
 * The tree that our log has sealed in last.  Where it has sealed nothing yet,
 * the tree of the log that this database continues: the latest, if several
 * came with a restore.  Never a tree that was replicated to us.
 */
bool
sg_own_tree(List *identities, const LogIdentity *own, Checkpoint *last)
{
	bool		found = false;
	ListCell   *lc;

	foreach(lc, identities)
	{
		const LogIdentity *identity = lfirst(lc);
		Checkpoint	checkpoint;

		/* A tree has the id of the log that began it. */
		if (identity->received ||
			!sg_last_checkpoint(&identity->log_id, &checkpoint))
			continue;
		if (sg_uuid_equal(&checkpoint.log_id, &own->log_id))
		{
			*last = checkpoint;
			return true;
		}
		if (!found || checkpoint.sealed_at > last->sealed_at)
			*last = checkpoint;
		found = true;
	}
	return found;
}

/* The milliseconds that a version 7 UUID begins with. */
int64
sg_uuid_ms(const pg_uuid_t *id)
{
	int64		ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id->data[i];
	return ms;
}

/* Which element of a bundle an event is, or -1. */
static int
find_in_bundle(Datum event_ids, const pg_uuid_t *event_id)
{
	ArrayType  *array = DatumGetArrayTypeP(event_ids);
	const pg_uuid_t *ids = (const pg_uuid_t *) ARR_DATA_PTR(array);
	int			low = 0;
	int			high = ARR_NDIM(array) == 1 ? ARR_DIMS(array)[0] : 0;

	if (ARR_HASNULL(array))
		return -1;
	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			order = memcmp(ids[middle].data, event_id->data, UUID_LEN);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

static bool
find_nonce(const pg_uuid_t *tree_id, int64 first_leaf, int place, Nonce *nonce)
{
	Relation	rel = sg_store_open("nonce", AccessShareLock);
	Relation	index = sg_store_open_index(rel, "nonce_pkey");
	static const Nonce gone = {{0}};
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&keys[0], NONCE_TREE_ID, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(tree_id));
	ScanKeyInit(&keys[1], NONCE_FIRST_LEAF, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(first_leaf));
	scan = systable_beginscan_ordered(rel, index, GetActiveSnapshot(), 2, keys);
	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	if (HeapTupleIsValid(tuple))
	{
		bytea	   *nonces = DatumGetByteaPP(sg_store_value(rel, tuple, NONCE_NONCES));

		if (VARSIZE_ANY_EXHDR(nonces) >= (place + 1) * NONCE_LEN)
		{
			memcpy(nonce, VARDATA_ANY(nonces) + place * NONCE_LEN, NONCE_LEN);
			found = memcmp(nonce, &gone, NONCE_LEN) != 0;
		}
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * Bundles are found by their last event: the first that ends at or behind the
 * event has it, unless bundles of different seals overlap in time.  None that
 * ends further behind it than a bundle can span has it.
 */
bool
sg_find_leaf(const pg_uuid_t *event_id, EventLeaf *leaf)
{
	Relation	rel = sg_store_open("bundle", AccessShareLock);
	Relation	index = sg_store_open_index(rel, "bundle_last_event");
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	int			place = -1;
	int64		first_leaf = 0;

	ScanKeyInit(&key, BUNDLE_LAST_EVENT, BTGreaterEqualStrategyNumber, F_UUID_GE,
				UUIDPGetDatum(event_id));
	scan = systable_beginscan_ordered(rel, index, GetActiveSnapshot(), 1, &key);
	while (place < 0 &&
		   HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		pg_uuid_t  *last = DatumGetUUIDP(sg_store_value(rel, tuple, BUNDLE_LAST_EVENT));

		if (sg_uuid_ms(last) - sg_uuid_ms(event_id) > BUNDLE_SPAN_MS)
			break;

		place = find_in_bundle(sg_store_value(rel, tuple, BUNDLE_EVENT_IDS),
							   event_id);
		if (place >= 0)
		{
			first_leaf = DatumGetInt64(sg_store_value(rel, tuple, BUNDLE_FIRST_LEAF));
			leaf->tree_id = *DatumGetUUIDP(sg_store_value(rel, tuple, BUNDLE_TREE_ID));
			leaf->encoding = DatumGetInt16(sg_store_value(rel, tuple, BUNDLE_ENCODING));
			leaf->leaf_index = first_leaf + place;
		}
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(rel, AccessShareLock);

	if (place < 0)
		return false;
	leaf->has_nonce = find_nonce(&leaf->tree_id, first_leaf, place, &leaf->nonce);
	return true;
}
