/*-------------------------------------------------------------------------
 *
 * review.c
 *		What an auditor found of an event.
 *
 * The audit views ask for every line they show, and few events have ever been
 * reviewed.  So stretches of the dispositions, in the order of the events' ids,
 * are kept for the statement, as many as work_mem allows: within them the
 * answer, mostly "nothing", costs no look at the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"

#include "audit/log/store.h"
#include "base/errcodes.h"

PG_FUNCTION_INFO_V1(sg_sql_last_disposition);

/* The columns of sharing_guard.disposition, which review.sql makes. */
#define DISPOSITION_EVENT_ID	1
#define DISPOSITION_REVIEW_ID	2
#define DISPOSITION_WORD		3
#define DISPOSITION_ABOUT		4

/* How many dispositions one look at the table brings. */
#define STRETCH 256

/*
 * All dispositions of the events from "first" to "last", last ones only; to
 * the end of the table where "open_end".
 */
typedef struct Stretch
{
	bool		open_end;
	pg_uuid_t	first;
	pg_uuid_t	last;
	int			count;
	pg_uuid_t	events[STRETCH];
	text	   *words[STRETCH];
} Stretch;

/*
 * The stretches that a statement has read, by their first events.  They may
 * overlap; but all are of one length, so the one that begins last before an
 * event reaches furthest.
 */
typedef struct DispositionCache
{
	MemoryContext context;
	int			count;
	int			room;
	Stretch   **stretches;
} DispositionCache;

static int
compare_uuids(const void *a, const void *b)
{
	return memcmp(a, b, UUID_LEN);
}

/* How many of the stretches begin at this event or before it. */
static int
stretches_before(const DispositionCache *cache, const pg_uuid_t *event)
{
	int			low = 0;
	int			high = cache->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (compare_uuids(&cache->stretches[middle]->first, event) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The stretch with the answer for this event; NULL where none was read yet. */
static Stretch *
find_stretch(const DispositionCache *cache, const pg_uuid_t *event)
{
	int			before = stretches_before(cache, event);
	Stretch    *stretch;

	if (before == 0)
		return NULL;
	stretch = cache->stretches[before - 1];
	if (!stretch->open_end && compare_uuids(event, &stretch->last) > 0)
		return NULL;
	return stretch;
}

/* Takes a stretch in, at its place. */
static void
keep_stretch(DispositionCache *cache, Stretch *stretch)
{
	int			place = stretches_before(cache, &stretch->first);

	if (cache->count == cache->room)
	{
		cache->room = cache->room == 0 ? 64 : cache->room * 2;
		cache->stretches = cache->stretches == NULL ?
			MemoryContextAlloc(cache->context, cache->room * sizeof(Stretch *)) :
			repalloc(cache->stretches, cache->room * sizeof(Stretch *));
	}
	memmove(&cache->stretches[place + 1], &cache->stretches[place],
			(cache->count - place) * sizeof(Stretch *));
	cache->stretches[place] = stretch;
	cache->count++;
}

/*
 * Reads the dispositions from this event on.  Throws all others out when they
 * take too much memory.
 */
static Stretch *
read_stretch(DispositionCache *cache, const pg_uuid_t *event)
{
	Relation	rel = sg_store_open("disposition", AccessShareLock);
	Relation	index = index_open(sg_store_relid("disposition_pkey"),
								   AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Stretch    *stretch;

	if (desc->natts < DISPOSITION_ABOUT ||
		TupleDescAttr(desc, DISPOSITION_EVENT_ID - 1)->atttypid != UUIDOID ||
		TupleDescAttr(desc, DISPOSITION_WORD - 1)->atttypid != TEXTOID)
		ereport(ERROR,
				(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
				 errmsg("table sharing_guard.disposition is not what it should be"),
				 errhint("Ask the administrator of this database to restore the extension sharing_guard: its library and its SQL objects must be of one version and unaltered.")));

	if (MemoryContextMemAllocated(cache->context, true) > work_mem * (Size) 1024)
	{
		MemoryContextReset(cache->context);
		cache->stretches = NULL;
		cache->count = cache->room = 0;
	}
	stretch = MemoryContextAllocZero(cache->context, sizeof(Stretch));
	stretch->open_end = true;
	stretch->first = *event;

	ScanKeyInit(&key, DISPOSITION_EVENT_ID, BTGreaterEqualStrategyNumber,
				F_UUID_GE, UUIDPGetDatum(event));
	scan = systable_beginscan_ordered(rel, index, GetActiveSnapshot(), 1, &key);
	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		bool		isnull;
		pg_uuid_t  *id = DatumGetUUIDP(heap_getattr(tuple, DISPOSITION_EVENT_ID,
													desc, &isnull));
		MemoryContext oldcontext;
		Datum		word;
		bool		same;
		bool		of_all;

		CHECK_FOR_INTERRUPTS();

		/*
		 * Rows are sorted by event and then by review, so the last one of an
		 * event counts.
		 */
		same = stretch->count > 0 &&
			compare_uuids(&stretch->events[stretch->count - 1], id) == 0;
		if (!same && stretch->count == STRETCH)
		{
			stretch->open_end = false;
			stretch->last = stretch->events[STRETCH - 1];
			break;
		}
		if (!same)
			stretch->events[stretch->count++] = *id;

		/* A review of one reason does not tell what the event's word is. */
		(void) heap_getattr(tuple, DISPOSITION_ABOUT, desc, &of_all);
		word = heap_getattr(tuple, DISPOSITION_WORD, desc, &isnull);
		oldcontext = MemoryContextSwitchTo(cache->context);
		stretch->words[stretch->count - 1] =
			of_all ? DatumGetTextPCopy(word) : cstring_to_text("");
		MemoryContextSwitchTo(oldcontext);
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(rel, AccessShareLock);
	keep_stretch(cache, stretch);
	return stretch;
}

/*
 * sharing_guard.last_disposition(event uuid) returns text
 *
 * An empty text where the last review of the event was about one of its
 * reasons, NULL where there is none.
 */
Datum
sg_sql_last_disposition(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *event = PG_GETARG_UUID_P(0);
	DispositionCache *cache = (DispositionCache *) fcinfo->flinfo->fn_extra;
	Stretch    *stretch;
	pg_uuid_t  *found;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									   sizeof(DispositionCache));
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
											   "sharing_guard dispositions",
											   ALLOCSET_DEFAULT_SIZES);
		fcinfo->flinfo->fn_extra = cache;
	}
	stretch = find_stretch(cache, event);
	if (stretch == NULL)
		stretch = read_stretch(cache, event);

	found = bsearch(event, stretch->events, stretch->count, sizeof(pg_uuid_t),
					compare_uuids);
	if (found == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(stretch->words[found - stretch->events]);
}
