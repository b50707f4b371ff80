/*-------------------------------------------------------------------------
 *
 * period.c
 *		Which review period has an event.
 *
 * The seal says which leaf of which tree an event is, and a period is a
 * stretch of leaves.  The audit views ask for every line they show, and the
 * next line's event is nearly always in the same bundle: so the bundle found
 * last is kept for the statement.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
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

#include "audit/store.h"
#include "operational.h"

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

/* What a statement's calls of one of these functions keep. */
typedef struct PeriodCache
{
	MemoryContext context;

	/* The bundle found last: its events, ascending, are leaves in a row. */
	MemoryContext bundle_context;
	pg_uuid_t  *event_ids;
	int			nevents;
	pg_uuid_t	tree_id;
	int64		first_leaf;

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
		fcinfo->flinfo->fn_extra = cache;
	}
	return cache;
}

/* The event's place in the bundle that is kept; -1: not there. */
static int
place_in_bundle(const PeriodCache *cache, const pg_uuid_t *event)
{
	pg_uuid_t  *found;

	if (cache->nevents == 0)
		return -1;
	found = bsearch(event, cache->event_ids, cache->nevents,
					sizeof(pg_uuid_t), compare_uuids);
	return found == NULL ? -1 : (int) (found - cache->event_ids);
}

/* Keeps a bundle, with a copy of its events. */
static void
keep_bundle(PeriodCache *cache, HeapTuple tuple, Relation bundles)
{
	TupleDesc	desc = RelationGetDescr(bundles);
	MemoryContext oldcontext;
	ArrayType  *array;
	bool		isnull;

	cache->nevents = 0;
	MemoryContextReset(cache->bundle_context);
	oldcontext = MemoryContextSwitchTo(cache->bundle_context);

	array = DatumGetArrayTypePCopy(heap_getattr(tuple,
												column_number(bundles, "event_ids", UUIDARRAYOID),
												desc, &isnull));
	cache->tree_id = *DatumGetUUIDP(heap_getattr(tuple,
												 column_number(bundles, "tree_id", UUIDOID),
												 desc, &isnull));
	cache->first_leaf = DatumGetInt64(heap_getattr(tuple,
												   column_number(bundles, "first_leaf", INT8OID),
												   desc, &isnull));

	/* Values of a fixed length that need no alignment: one block of bytes. */
	if (ARR_NDIM(array) == 1 && !ARR_HASNULL(array))
	{
		cache->event_ids = (pg_uuid_t *) ARR_DATA_PTR(array);
		cache->nevents = ARR_DIMS(array)[0];
	}
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Finds the event's bundle, by the bundles' last events, and keeps it; returns
 * the event's place in it, or -1 where it is not sealed.
 *
 * Bundles overlap where something came late, so the first whose last event is
 * not before ours need not be the one; few come before it.
 */
static int
find_bundle(PeriodCache *cache, const pg_uuid_t *event)
{
	Relation	bundles = sg_store_open("bundle", AccessShareLock);
	Relation	index = index_open(sg_store_relid("bundle_last_event"),
								   AccessShareLock);
	AttrNumber	last_event = column_number(bundles, "last_event", UUIDOID);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	int			place = -1;

	ScanKeyInit(&key, last_event, BTGreaterEqualStrategyNumber, F_UUID_GE,
				UUIDPGetDatum(event));
	scan = systable_beginscan_ordered(bundles, index, GetActiveSnapshot(),
									  1, &key);
	while (place < 0 &&
		   (tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		keep_bundle(cache, tuple, bundles);
		place = place_in_bundle(cache, event);
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(bundles, AccessShareLock);
	return place;
}

/* Which leaf the event is: its place in the kept bundle, or -1. */
static int
find_event(PeriodCache *cache, const pg_uuid_t *event)
{
	int			place = place_in_bundle(cache, event);

	return place >= 0 ? place : find_bundle(cache, event);
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
	int			place = find_event(cache, PG_GETARG_UUID_P(0));
	PeriodStart leaf;
	int			low = 0;
	int			high;

	if (place < 0)
		PG_RETURN_NULL();
	if (cache->periods == NULL ||
		cache->periods_read != GetCurrentStatementStartTimestamp())
		read_periods(cache);

	/* The last that begins at this leaf or before. */
	leaf.tree_id = cache->tree_id;
	leaf.first_index = cache->first_leaf + place;
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
	int			place = find_event(cache, PG_GETARG_UUID_P(0));

	if (place < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(cache->first_leaf + place);
}

/* sharing_guard.event_tree(event uuid) returns uuid; NULL: not sealed */
Datum
sg_sql_event_tree(PG_FUNCTION_ARGS)
{
	PeriodCache *cache = get_cache(fcinfo);
	int			place = find_event(cache, PG_GETARG_UUID_P(0));
	pg_uuid_t  *tree_id;

	if (place < 0)
		PG_RETURN_NULL();
	tree_id = palloc(sizeof(pg_uuid_t));
	*tree_id = cache->tree_id;
	PG_RETURN_UUID_P(tree_id);
}
