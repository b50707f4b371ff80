/*-------------------------------------------------------------------------
 *
 * period.c
 *		Which review period has an event.
 *
 * The seal says which leaf of which tree an event is, and a period is a
 * stretch of leaves.  The audit views ask for every line they show, and a
 * bundle has the events that lie close together in time: so the events of the
 * bundles that were looked at are kept for the statement, as many as work_mem
 * allows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"

#include "audit/log/store.h"
#include "base/errcodes.h"

PG_FUNCTION_INFO_V1(sg_sql_event_period);
PG_FUNCTION_INFO_V1(sg_sql_event_leaf);
PG_FUNCTION_INFO_V1(sg_sql_event_tree);

/* Where a period begins, of the table sharing_guard.period. */
typedef struct PeriodStart
{
	pg_uuid_t	tree_id;
	int64		first_index;
	int64		period_id;
} PeriodStart;

/* A sealed event. */
typedef struct SealedEvent
{
	pg_uuid_t	event_id;
	char		status;
	int64		leaf_index;
	pg_uuid_t	tree_id;
} SealedEvent;

#define SH_PREFIX sealed
#define SH_ELEMENT_TYPE SealedEvent
#define SH_KEY_TYPE pg_uuid_t
#define SH_KEY event_id
#define SH_HASH_KEY(tb, key) hash_bytes((key).data, UUID_LEN)
#define SH_EQUAL(tb, a, b) (memcmp((a).data, (b).data, UUID_LEN) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* What a statement's calls of one of these functions keep. */
typedef struct PeriodCache
{
	MemoryContext context;

	/* The events of the bundles that were looked at. */
	MemoryContext sealed_context;
	sealed_hash *sealed;
	MemoryContext bundle_context;	/* for one bundle at a time */

	/* The last event of all that are sealed; looked up once in a statement. */
	bool		newest_known;
	bool		has_newest;
	pg_uuid_t	newest;

	/* All periods, by tree and first leaf; read once in a statement. */
	PeriodStart *periods;
	int			nperiods;
	TimestampTz periods_read;
} PeriodCache;

static int
compare_uuids(const void *a, const void *b)
{
	return memcmp(a, b, UUID_LEN);
}

/*
 * The column's number; errors out where the table is not the one we know, for
 * values of another type, taken for ours, would crash us.
 */
static AttrNumber
column_number(Relation rel, const char *name, Oid type)
{
	AttrNumber	number = get_attnum(RelationGetRelid(rel), name);

	if (number == InvalidAttrNumber ||
		get_atttype(RelationGetRelid(rel), number) != type)
		ereport(ERROR,
				(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
				 errmsg("table sharing_guard.%s is not what it should be",
						RelationGetRelationName(rel)),
				 errhint("Ask the administrator of this database to restore the extension sharing_guard: its library and its SQL objects must be of one version and unaltered.")));
	return number;
}

static PeriodCache *
get_cache(FunctionCallInfo fcinfo)
{
	PeriodCache *cache = (PeriodCache *) fcinfo->flinfo->fn_extra;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									   sizeof(PeriodCache));
		cache->context = fcinfo->flinfo->fn_mcxt;
		cache->bundle_context =
			AllocSetContextCreate(cache->context,
								  "sharing_guard bundle",
								  ALLOCSET_SMALL_SIZES);
		cache->sealed_context =
			AllocSetContextCreate(cache->context,
								  "sharing_guard sealed events",
								  ALLOCSET_DEFAULT_SIZES);
		fcinfo->flinfo->fn_extra = cache;
	}
	return cache;
}

/*
 * Keeps the events of a bundle.  Starts over when there are too many of them:
 * an order in which every line is in another bundle is not a usual one to read
 * a log in.
 */
static void
keep_bundle(PeriodCache *cache, HeapTuple tuple, Relation bundles)
{
	TupleDesc	desc = RelationGetDescr(bundles);
	MemoryContext oldcontext;
	ArrayType  *array;
	pg_uuid_t  *event_ids;
	pg_uuid_t	tree_id;
	int64		first_leaf;
	bool		isnull;

	if (cache->sealed == NULL ||
		cache->sealed->members >= work_mem * (1024 / 2 / sizeof(SealedEvent)))
	{
		cache->sealed = NULL;
		MemoryContextReset(cache->sealed_context);
		cache->sealed = sealed_create(cache->sealed_context, 1024, NULL);
	}

	MemoryContextReset(cache->bundle_context);
	oldcontext = MemoryContextSwitchTo(cache->bundle_context);
	array = DatumGetArrayTypeP(heap_getattr(tuple,
											column_number(bundles, "event_ids", UUIDARRAYOID),
											desc, &isnull));
	tree_id = *DatumGetUUIDP(heap_getattr(tuple,
										  column_number(bundles, "tree_id", UUIDOID),
										  desc, &isnull));
	first_leaf = DatumGetInt64(heap_getattr(tuple,
											column_number(bundles, "first_leaf", INT8OID),
											desc, &isnull));
	MemoryContextSwitchTo(oldcontext);

	/* Values of a fixed length that need no alignment: one block of bytes. */
	if (ARR_NDIM(array) != 1 || ARR_HASNULL(array))
		return;
	event_ids = (pg_uuid_t *) ARR_DATA_PTR(array);
	for (int i = 0; i < ARR_DIMS(array)[0]; i++)
	{
		bool		found;
		SealedEvent *event = sealed_insert(cache->sealed, event_ids[i], &found);

		event->leaf_index = first_leaf + i;
		event->tree_id = tree_id;
	}
}

/*
 * Remembers the greatest id of all that are sealed.  A window of the log that
 * is not sealed yet then needs no look at the seal for each of its lines.
 */
static void
find_newest(PeriodCache *cache, Relation bundles, Relation index,
			AttrNumber last_event)
{
	SysScanDesc scan = systable_beginscan_ordered(bundles, index,
												  GetActiveSnapshot(), 0, NULL);
	HeapTuple	tuple = systable_getnext_ordered(scan, BackwardScanDirection);

	cache->has_newest = tuple != NULL;
	if (tuple != NULL)
	{
		bool		isnull;

		cache->newest = *DatumGetUUIDP(heap_getattr(tuple, last_event,
													RelationGetDescr(bundles),
													&isnull));
	}
	systable_endscan_ordered(scan);
	cache->newest_known = true;
}

/*
 * Finds the event's bundle, by the bundles' last events, and keeps it; returns
 * the event, or NULL where it is not sealed.
 *
 * Bundles overlap where something came late, so the first whose last event is
 * not before ours need not be the one; few come before it.
 */
static SealedEvent *
find_bundle(PeriodCache *cache, const pg_uuid_t *event)
{
	Relation	bundles = sg_store_open("bundle", AccessShareLock);
	Relation	index = index_open(sg_store_relid("bundle_last_event"),
								   AccessShareLock);
	AttrNumber	last_event = column_number(bundles, "last_event", UUIDOID);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	SealedEvent *found = NULL;

	if (!cache->newest_known)
		find_newest(cache, bundles, index, last_event);

	ScanKeyInit(&key, last_event, BTGreaterEqualStrategyNumber, F_UUID_GE,
				UUIDPGetDatum(event));
	scan = systable_beginscan_ordered(bundles, index, GetActiveSnapshot(),
									  1, &key);
	while (found == NULL &&
		   (tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		keep_bundle(cache, tuple, bundles);
		found = sealed_lookup(cache->sealed, *event);
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(bundles, AccessShareLock);
	return found;
}

/* Which leaf the event is; NULL where it is not sealed. */
static SealedEvent *
find_event(PeriodCache *cache, const pg_uuid_t *event)
{
	SealedEvent *found = NULL;

	if (cache->sealed != NULL)
		found = sealed_lookup(cache->sealed, *event);
	if (found != NULL)
		return found;
	if (cache->newest_known &&
		(!cache->has_newest || compare_uuids(event, &cache->newest) > 0))
		return NULL;
	return find_bundle(cache, event);
}

static int
compare_periods(const void *a, const void *b)
{
	const PeriodStart *x = a;
	const PeriodStart *y = b;
	int			cmp = memcmp(&x->tree_id, &y->tree_id, UUID_LEN);

	if (cmp != 0)
		return cmp;
	if (x->first_index != y->first_index)
		return x->first_index < y->first_index ? -1 : 1;
	return x->period_id < y->period_id ? -1 : x->period_id > y->period_id;
}

/* There are four in a year and tree. */
static void
read_periods(PeriodCache *cache)
{
	Relation	rel = sg_store_open("period", AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	AttrNumber	tree_id = column_number(rel, "tree_id", UUIDOID);
	AttrNumber	first_index = column_number(rel, "first_index", INT8OID);
	AttrNumber	period_id = column_number(rel, "period_id", INT8OID);
	SysScanDesc scan;
	HeapTuple	tuple;
	int			room = 64;

	if (cache->periods != NULL)
		pfree(cache->periods);
	cache->nperiods = 0;
	cache->periods = MemoryContextAlloc(cache->context,
										room * sizeof(PeriodStart));

	scan = systable_beginscan(rel, InvalidOid, false, GetActiveSnapshot(),
							  0, NULL);
	while ((tuple = systable_getnext(scan)) != NULL)
	{
		PeriodStart *period;
		bool		isnull;

		if (cache->nperiods == room)
		{
			room *= 2;
			cache->periods = repalloc(cache->periods,
									  room * sizeof(PeriodStart));
		}
		period = &cache->periods[cache->nperiods++];
		period->tree_id = *DatumGetUUIDP(heap_getattr(tuple, tree_id, desc, &isnull));
		period->first_index = DatumGetInt64(heap_getattr(tuple, first_index, desc, &isnull));
		period->period_id = DatumGetInt64(heap_getattr(tuple, period_id, desc, &isnull));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	qsort(cache->periods, cache->nperiods, sizeof(PeriodStart), compare_periods);
	cache->periods_read = GetCurrentStatementStartTimestamp();
}

/*
 * sharing_guard.event_period(event uuid) returns bigint
 *
 * NULL while the event is not sealed.  Periods without events begin at the
 * same leaf as the one after them, which has it.
 */
Datum
sg_sql_event_period(PG_FUNCTION_ARGS)
{
	PeriodCache *cache = get_cache(fcinfo);
	SealedEvent *event = find_event(cache, PG_GETARG_UUID_P(0));
	PeriodStart leaf;
	int			low = 0;
	int			high;

	if (event == NULL)
		PG_RETURN_NULL();
	if (cache->periods == NULL ||
		cache->periods_read != GetCurrentStatementStartTimestamp())
		read_periods(cache);

	/* The last that begins at this leaf or before. */
	leaf.tree_id = event->tree_id;
	leaf.first_index = event->leaf_index;
	leaf.period_id = PG_INT64_MAX;
	high = cache->nperiods;
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (compare_periods(&cache->periods[middle], &leaf) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 ||
		compare_uuids(&cache->periods[low - 1].tree_id, &leaf.tree_id) != 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(cache->periods[low - 1].period_id);
}

/* sharing_guard.event_leaf(event uuid) returns bigint; NULL: not sealed */
Datum
sg_sql_event_leaf(PG_FUNCTION_ARGS)
{
	PeriodCache *cache = get_cache(fcinfo);
	SealedEvent *event = find_event(cache, PG_GETARG_UUID_P(0));

	if (event == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT64(event->leaf_index);
}

/* sharing_guard.event_tree(event uuid) returns uuid; NULL: not sealed */
Datum
sg_sql_event_tree(PG_FUNCTION_ARGS)
{
	PeriodCache *cache = get_cache(fcinfo);
	SealedEvent *event = find_event(cache, PG_GETARG_UUID_P(0));
	pg_uuid_t  *tree_id;

	if (event == NULL)
		PG_RETURN_NULL();
	tree_id = palloc(sizeof(pg_uuid_t));
	*tree_id = event->tree_id;
	PG_RETURN_UUID_P(tree_id);
}
