/*-------------------------------------------------------------------------
 *
 * service.c
 *		Statements of a service that are recorded in summary.
 *
 * A program that takes records in looks whether it has them already, and
 * clears up after itself, thousands of times a day.  No person sees what it
 * reads. So what a policy administrator has declared for it is summed up: one
 * event when the first of a shape is run in an hour, on disk before its first
 * row is read, and a completion with their number at the hour's end, or the
 * session's. The counts are in shared memory meanwhile, and the writer ends
 * the hour of a session that does nothing; of one that is in the midst of such
 * a statement the session does, behind it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/writer/client.h"
#include "base/inval.h"
#include "channel/guard/binding.h"
#include "channel/guard/context.h"
#include "channel/read/reads.h"
#include "channel/read/service.h"
#include "channel/read/statement_shape.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "base/run_as_owner.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* A shape that was declared for a role. */
typedef struct DeclaredShape
{
	Oid			role;
	const char *shape;
} DeclaredShape;

/* A summary under way: of a shape, a guard and an hour. */
typedef struct Summary
{
	dlist_node	node;
	char	   *shape;
	char		guard_id[37];
	int64		hour;
	int64		statements;
	int64		rows;
	int			running;		/* statements, each within the other */
	OpenDisclosure open;
} Summary;

typedef struct DeclaredShapes
{
	int			count;
	DeclaredShape *shapes;
	MemoryContext context;
} DeclaredShapes;

static void *load_shapes(TableCache *cache, MemoryContext context);

static TableCache shape_cache = {
	.name = "service statements",
	.generation = 1,
	.tables = {"service_statement", "role_binding"},
	.load = load_shapes
};

static dlist_head summaries = DLIST_STATIC_INIT(summaries);

/* How long an hour is: shorter in tests. */
static int	debug_summary_hour = 3600;

void
sg_service_init(void)
{
	sg_table_cache_register(&shape_cache);
	DefineCustomIntVariable("sharing_guard.debug_summary_hour",
							"For tests: how long the hour of a service's summary is.",
							NULL,
							&debug_summary_hour,
							3600, 1, 3600,
							PGC_SIGHUP,
							GUC_UNIT_S | GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE,
							NULL, NULL, NULL);
}

/* Takes the shapes over from SPI; see sg_query_as_owner(). */
static void
take_shapes(void *arg)
{
	DeclaredShapes *loaded = arg;
	MemoryContext spi_context = MemoryContextSwitchTo(loaded->context);

	loaded->shapes = palloc0(sizeof(DeclaredShape) * Max(SPI_processed, 1));
	loaded->count = (int) SPI_processed;
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;

		loaded->shapes[i].role =
			DatumGetObjectId(SPI_getbinval(row, desc, 1, &isnull));
		loaded->shapes[i].shape = SPI_getvalue(row, desc, 2);
	}
	MemoryContextSwitchTo(spi_context);
}

static void *
load_shapes(TableCache *cache, MemoryContext context)
{
	DeclaredShapes *loaded =
	MemoryContextAllocZero(context, sizeof(DeclaredShapes));

	loaded->context = context;
	if (!cache->unresolved && OidIsValid(cache->relids[0]))
		sg_query_as_owner(cache->relids[0],
						  "SELECT s.role::pg_catalog.oid, s.shape"
						  " FROM sharing_guard.service_statement s"
						  " JOIN sharing_guard.role_binding b"
						  " ON b.role::pg_catalog.oid OPERATOR(pg_catalog.=) s.role::pg_catalog.oid"
						  " WHERE b.kind OPERATOR(pg_catalog.=) 'service'",
						  0, NULL, NULL, take_shapes, loaded);
	return loaded;
}

char *
sg_service_shape(const QueryDesc *queryDesc)
{
	Oid			role = GetSessionUserId();
	const DeclaredShapes *declared;
	bool		any = false;
	char	   *shape;

	/*
	 * A session that became the service by SET SESSION AUTHORIZATION is not
	 * the service.
	 */
	if (GetUserId() != role || GetOuterUserId() != role ||
		GetAuthenticatedUserId() != role ||
		sg_context_declared() != NULL || !sg_binding_is_service(role))
		return NULL;

	/*
	 * Rows that COPY sends, or that a table is made of, are no look-up of a
	 * program.
	 */
	if (queryDesc->dest->mydest == DestCopyOut ||
		queryDesc->dest->mydest == DestIntoRel)
		return NULL;
	declared = sg_table_cache_get(&shape_cache);
	for (int i = 0; i < declared->count; i++)
		any |= declared->shapes[i].role == role;
	if (!any)
		return NULL;
	shape = sg_statement_shape(queryDesc->plannedstmt);
	for (int i = 0; shape != NULL && i < declared->count; i++)
	{
		if (declared->shapes[i].role == role &&
			strcmp(declared->shapes[i].shape, shape) == 0)
			return shape;
	}
	return NULL;
}

static Summary *
find_summary(const char *shape, const char *guard_id)
{
	dlist_iter	iter;

	dlist_foreach(iter, &summaries)
	{
		Summary    *summary = dlist_container(Summary, node, iter.cur);

		if (strcmp(summary->shape, shape) == 0 &&
			strcmp(summary->guard_id, guard_id) == 0)
			return summary;
	}
	return NULL;
}

static void
forget(Summary *summary)
{
	dlist_delete(&summary->node);
	pfree(summary->shape);
	pfree(summary);
}

static int64
hour_of(TimestampTz at)
{
	return at / (debug_summary_hour * USECS_PER_SEC);
}

/* False where the writer has ended it, since its hour was over. */
static bool
note_count(const Summary *summary)
{
	SummaryCount count;

	count.rows = summary->rows;
	count.statements = summary->statements;
	count.running = summary->running > 0;
	count.until = (summary->hour + 1) * debug_summary_hour * USECS_PER_SEC;
	return sg_writer_count(&summary->open, &count);
}

/* Ends the summaries of hours that are over. */
static void
end_earlier(int64 hour)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &summaries)
	{
		Summary    *summary = dlist_container(Summary, node, iter.cur);

		if (summary->hour == hour || summary->running > 0)
			continue;
		sg_writer_end(&summary->open, summary->rows, 0, ENDING_COMPLETED);
		forget(summary);
	}
}

/* A new summary, on record; NULL where nothing of it is recorded. */
static Summary *
begin_summary(const char *shape, ReadRequest *request, int64 hour)
{
	OpenDisclosure open;
	Summary    *summary = MemoryContextAllocZero(TopMemoryContext,
												 sizeof(Summary));

	summary->shape = MemoryContextStrdup(TopMemoryContext, shape);
	if (!sg_reads_summarize(request, shape, &open))
	{
		pfree(summary->shape);
		pfree(summary);
		return NULL;
	}
	strlcpy(summary->guard_id, request->guard.guard_id,
			sizeof(summary->guard_id));
	summary->hour = hour;
	summary->open = open;
	dlist_push_head(&summaries, &summary->node);
	return summary;
}

void
sg_service_begin(const char *shape, List *requests, bool goes_on)
{
	int64		hour = hour_of(GetCurrentTimestamp());
	ListCell   *lc;

	end_earlier(hour);
	foreach(lc, requests)
	{
		ReadRequest *request = lfirst(lc);
		Summary    *summary = find_summary(shape, request->guard.guard_id);
		bool		counted = goes_on;

		/*
		 * The hour of the summary ended while a cursor waited, or by another
		 * clock.
		 */
		if (summary != NULL && !note_count(summary))
		{
			forget(summary);
			summary = NULL;
		}
		if (summary == NULL)
		{
			summary = begin_summary(shape, request, hour);
			counted = false;
		}
		if (summary == NULL)
			continue;
		if (!counted)
			summary->statements++;
		summary->running++;
		(void) note_count(summary);
	}
}

void
sg_service_count(const char *shape, int64 rows)
{
	dlist_iter	iter;

	dlist_foreach(iter, &summaries)
	{
		Summary    *summary = dlist_container(Summary, node, iter.cur);

		if (strcmp(summary->shape, shape) != 0)
			continue;
		summary->rows += rows;
		summary->running = Max(summary->running - 1, 0);
		(void) note_count(summary);
	}
	end_earlier(hour_of(GetCurrentTimestamp()));
}
