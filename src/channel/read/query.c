/*-------------------------------------------------------------------------
 *
 * query.c
 *		Queries that read guarded tables.
 *
 * Looked at in ExecutorRun, each time a statement is run or goes on: a cursor
 * that is fetched in pieces, or a portal that the client has suspended, may go
 * on under another role, another declaration, another policy, and may have
 * been opened before the table was protected.  What was decided is in no plan.
 *
 * Each statement of a function passes here for itself.  So neither SECURITY
 * DEFINER nor dynamic SQL makes a difference.
 *
 * What is known of a running query hangs on its executor state.  Portals are
 * ended in any order, or not at all after an error, and only the memory
 * they have is sure to go; so its going is what ends the disclosures.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "base/errcodes.h"
#include "channel/guard/binding.h"
#include "channel/read/after_error.h"
#include "channel/guard/context.h"
#include "channel/read/foreign_key.h"
#include "channel/read/holdable_cursor.h"
#include "channel/read/plan_expressions.h"
#include "channel/read/query.h"
#include "channel/read/query_reads.h"
#include "channel/read/query_run.h"
#include "channel/read/reads.h"
#include "channel/guard/read_guard.h"
#include "channel/read/search_values.h"
#include "channel/read/service.h"
#include "base/compat.h"
#include "executor/executor.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "base/run_as_owner.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* The next in the order of hooks.c, which sets it once. */
static ExecutorRun_hook_type next_ExecutorRun;
static ExecutorFinish_hook_type next_ExecutorFinish;
static ExecutorEnd_hook_type next_ExecutorEnd;

/* A query that reads guarded tables; in its own executor memory. */
typedef struct GuardedQuery
{
	dlist_node	node;
	EState	   *estate;
	int64		earlier_rows;	/* of runs before this one */
	uint64		run_rows;		/* of this run, that have left */
	bool		has_run;
	char	   *service;		/* its shape, where it is recorded in summary */
	char	   *counted_as;		/* likewise, while it runs */
	bool		holding;		/* its rows are held back, and on no record
								 * yet */
	ReadStatement *reads;		/* NULL: nothing is recorded, or all of it */
	List	   *requests;		/* ReadRequest: some are not recorded, for
								 * rows are only changed; see record_error() */
	MemoryContextCallback callback;
} GuardedQuery;

static dlist_head guarded_queries = DLIST_STATIC_INIT(guarded_queries);



static GuardedQuery *
find_guarded(const EState *estate)
{
	dlist_iter	iter;

	dlist_foreach(iter, &guarded_queries)
	{
		GuardedQuery *query = dlist_container(GuardedQuery, node, iter.cur);

		if (query->estate == estate)
			return query;
	}
	return NULL;
}

static void
query_gone(void *arg)
{
	dlist_delete(&((GuardedQuery *) arg)->node);
}

static GuardedQuery *
new_guarded(EState *estate)
{
	GuardedQuery *query = MemoryContextAllocZero(estate->es_query_cxt,
												 sizeof(GuardedQuery));

	query->estate = estate;
	query->callback.func = query_gone;
	query->callback.arg = query;
	MemoryContextRegisterResetCallback(estate->es_query_cxt, &query->callback);
	dlist_push_head(&guarded_queries, &query->node);
	return query;
}

/*
 * A parallel worker runs its part of a statement that its leader was let to
 * run.  Everything else that it runs belongs to a function, which knows
 * neither what the transaction has declared nor how to record anything.  What
 * would not be recorded anyway, our own people's reading of export tables, is
 * let through.
 */
static void
refuse_in_worker(List *requests)
{
	const Oid	roles[] = {GetSessionUserId(), GetOuterUserId(), GetUserId()};
	ListCell   *lc;

	foreach(lc, requests)
	{
		ReadRequest *request = lfirst(lc);

		if (request->guard.is_export &&
			sg_binding_agencies(roles, lengthof(roles)) == NIL)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("protected table \"%s\" cannot be read by a function in a parallel worker",
						get_rel_name(request->relid)),
				 errhint("Mark the function PARALLEL RESTRICTED, or set max_parallel_workers_per_gather = 0.")));
	}
}

/*
 * An error may quote a row, and says how far a statement came; so every class
 * of errors tells but those that come of other sessions, of the server's
 * resources or of a cancelled statement, and our own refusals.
 */
bool
sg_query_error_tells(const StatementRole *role)
{
	int			sqlerrcode = geterrcode();

	switch (ERRCODE_TO_CATEGORY(sqlerrcode))
	{
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OPERATOR_INTERVENTION:
			return false;
		default:
			break;
	}
	if (sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		ERRCODE_TO_CATEGORY(sqlerrcode) ==
		ERRCODE_TO_CATEGORY(ERRCODE_SG_BLOCKED_BY_POLICY))
		return false;

	sg_after_error(role);
	return true;
}

/*
 * A statement that was not to be recorded, for it was only to change rows, has
 * failed.
 */
static void
record_error(GuardedQuery *query)
{
	List	   *requests = query->requests;
	ListCell   *lc;

	MemoryContextSwitchTo(query->estate->es_query_cxt);
	foreach(lc, requests)
	{
		ReadRequest *request = lfirst(lc);

		/* What it was searched by may be what has failed. */
		request->use = WRITE_LEAKS;
		request->query_elements = NULL;
		request->elements_lost = true;
	}
	query->requests = NIL;
	if (query->reads == NULL)
		sg_reads_record(requests, 1, ENDING_FAILED);
	else
		(void) sg_reads_begin(&query->reads, requests,
							  query->estate->es_query_cxt, 0);
}

/*
 * May the rows of a query be held back until they can be counted?  Nothing of
 * them may get out before that in any other way; and a query that writes may do
 * so by triggers.
 */
static bool
can_hold_rows(const QueryDesc *queryDesc)
{
	const PlannedStmt *plan = queryDesc->plannedstmt;

	return plan->commandType == CMD_SELECT && !plan->hasModifyingCTE &&
		!sg_plan_has_effects(plan);
}

static inline bool
plan_is_select(const EState *estate)
{
	return estate->es_plannedstmt->commandType == CMD_SELECT;
}

/*
 * How many rows of a query have left by now.  Those of one that writes are
 * those it has written.
 */
static int64
rows_left(const GuardedQuery *query)
{
	return query->earlier_rows +
		(int64) (plan_is_select(query->estate) ? query->run_rows :
				 query->estate->es_processed);
}

/* What a run of a service's statement has read until now, or to its end. */
static void
count_in_summary(GuardedQuery *query, int64 rows)
{
	if (query->counted_as != NULL)
		sg_service_count(query->counted_as, rows);
	query->counted_as = NULL;
}

/*
 * Do a query's rows go somewhere by a command of its own?  What was declared
 * for a service is the query, not that it is copied.
 */
static bool
is_copied(const QueryDesc *queryDesc)
{
	CommandDest dest = queryDesc->dest != NULL ? queryDesc->dest->mydest :
	DestNone;

	return dest == DestCopyOut || dest == DestIntoRel || dest == DestTransientRel;
}

/*
 * The shape of a service's statement, or NULL.  In the query's memory, which a
 * cursor that is fetched from row by row would fill if it were made each time
 * there.
 */
static char *
service_shape(const GuardedQuery *query, const QueryDesc *queryDesc)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "sharing_guard shape",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(scratch);
	char	   *shape = is_copied(queryDesc) ? NULL : sg_service_shape(queryDesc);

	if (shape != NULL)
		shape = query->service != NULL ? query->service :
			MemoryContextStrdup(queryDesc->estate->es_query_cxt, shape);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(scratch);
	return shape;
}

/*
 * Is it a service's, and recorded in summary?  Then that is done, and decided
 * on.  To be asked each time: the session may have declared something since.
 */
static bool
is_in_summary(GuardedQuery *query, QueryDesc *queryDesc, List *requests,
			  TimestampTz *holds_until)
{
	bool		begun = query->service != NULL;
	bool		recorded = false;

	query->service = service_shape(query, queryDesc);
	if (query->service != NULL)
		*holds_until = sg_reads_check(requests, rows_left(query), &recorded);
	if (!recorded)
	{
		count_in_summary(query, rows_left(query) - query->earlier_rows);
		query->service = NULL;
	}
	else if (query->counted_as == NULL)
	{
		sg_service_begin(query->service, requests, begun);
		query->counted_as = query->service;
	}
	return recorded;
}

/*
 * Decides on what a statement reads, as of now, and puts it on record, unless
 * its rows are held back until they can be counted.  Errors out where it is
 * refused; NULL where it reads nothing that is guarded (any more).
 */
static GuardedQuery *
decide_on_query(QueryDesc *queryDesc, TimestampTz *holds_until)
{
	EState	   *estate = queryDesc->estate;
	GuardedQuery *query = find_guarded(estate);
	MemoryContext oldcontext;
	List	   *requests;
	ListCell   *lc;

	if (!sg_read_guard_any())
		return NULL;
	oldcontext = MemoryContextSwitchTo(estate->es_query_cxt);
	requests = sg_query_reads(queryDesc);
	MemoryContextSwitchTo(oldcontext);
	if (requests == NIL)
		return NULL;
	if (IsParallelWorker())
	{
		refuse_in_worker(requests);
		list_free_deep(requests);
		return NULL;
	}

	if (query == NULL)
		query = new_guarded(estate);
	query->requests = NIL;
	if ((!query->has_run || query->service != NULL) &&
		is_in_summary(query, queryDesc, requests, holds_until))
	{
		query->has_run = true;
		list_free_deep(requests);
		return query;
	}
	if (!query->has_run)
		query->holding = can_hold_rows(queryDesc);
	query->has_run = true;
	if (query->holding)
	{
		*holds_until = sg_reads_check(requests, 0, &query->holding);
		if (query->holding)
		{
			list_free_deep(requests);
			return query;
		}
	}
	*holds_until = sg_reads_begin(&query->reads, requests,
								  estate->es_query_cxt, rows_left(query));
	if (query->reads != NULL)
	{
		query->reads->rows = query->earlier_rows;
		query->reads->more_rows = plan_is_select(estate) ?
			&query->run_rows : &estate->es_processed;
	}
	foreach(lc, requests)
	{
		if (((ReadRequest *) lfirst(lc))->use != WRITE_LEAKS)
			query->requests = requests;
	}
	if (query->requests == NIL)
		list_free_deep(requests);
	return query;
}

/* What a run is given for the time in its midst; see sg_query_run_enter(). */
static TimestampTz
decide_again(QueryDesc *queryDesc)
{
	TimestampTz holds_until = DT_NOEND;

	(void) decide_on_query(queryDesc, &holds_until);
	return holds_until;
}

/*
 * Puts a query whose rows are held back on record: with their number, or as
 * one whose rows begin to leave.
 */
static void
release_query(QueryDesc *queryDesc, int64 rows, bool over)
{
	GuardedQuery *query = find_guarded(queryDesc->estate);
	TimestampTz holds_until;
	MemoryContext oldcontext;

	query->holding = false;
	AcceptInvalidationMessages();
	if (!over)
	{
		(void) decide_on_query(queryDesc, &holds_until);
		return;
	}
	if (!sg_read_guard_any())
		return;
	sg_search_values_over(queryDesc->estate);
	oldcontext = MemoryContextSwitchTo(queryDesc->estate->es_query_cxt);
	sg_reads_record(sg_query_reads(queryDesc), rows,
					ENDING_COMPLETED);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * An error has ended a query of which nothing has left, but what the error may
 * tell.  A refusal of ours is on record already.
 */
static void
record_failure(GuardedQuery *query, QueryDesc *queryDesc,
			   const StatementRole *role)
{
	MemoryContext oldcontext;

	query->holding = false;
	sg_after_error(role);
	if (ERRCODE_TO_CATEGORY(geterrcode()) == ERRCODE_TO_CATEGORY(ERRCODE_SG_BLOCKED_BY_POLICY) ||
		!sg_read_guard_any())
		return;
	oldcontext = MemoryContextSwitchTo(queryDesc->estate->es_query_cxt);
	sg_reads_record(sg_query_reads(queryDesc), 0,
					ENDING_FAILED);
	MemoryContextSwitchTo(oldcontext);
}

/* Is a cursor moved over rows that are not sent? */
static bool
is_moved(const QueryDesc *queryDesc)
{
	return queryDesc->dest->mydest == DestNone && ActivePortal != NULL &&
		ActivePortal->queryDesc == queryDesc;
}

/*
 * A run is over.  Where a cursor WITH HOLD that can scroll was run again from
 * its beginning to keep its rows, those that had left before are among them.
 */
static void
count_run(GuardedQuery *query, QueryDesc *queryDesc)
{
	int64		rows = rows_left(query);

	if (sg_holdable_cursor_note(queryDesc))
		rows = Max(query->earlier_rows, rows - query->earlier_rows);
	count_in_summary(query, rows - query->earlier_rows);
	query->earlier_rows = rows;
	query->run_rows = 0;
	if (query->reads != NULL)
	{
		query->reads->rows = query->earlier_rows;
		query->reads->more_rows = NULL;
	}
}

static void
guarded_ExecutorRun(EXECUTOR_RUN_PARAMS)
{
	GuardedRun	run;
	GuardedQuery *query;
	StatementRole role;
	bool		entered;

	if (sg_owner_query_running() ||
		(IsParallelWorker() && queryDesc->dest->mydest == DestTupleQueue) ||
		ScanDirectionIsNoMovement(direction))
	{
		next_ExecutorRun(EXECUTOR_RUN_ARGS);
		return;
	}

	/* The executor counts; should an error come, its count still stands. */
	queryDesc->estate->es_processed = 0;
	sg_query_run_note(&run);
	query = decide_on_query(queryDesc, &run.holds_until);
	if (query == NULL)
	{
		next_ExecutorRun(EXECUTOR_RUN_ARGS);
		return;
	}
	query->run_rows = 0;
	entered = query->holding || query->service != NULL ||
		query->reads != NULL || query->requests == NIL;
	if (entered)
	{
		sg_query_run_enter(&run, queryDesc, decide_again);
		if (!is_moved(queryDesc))
			sg_query_run_count(&run, &query->run_rows);
		if (query->holding)
			sg_query_run_hold(&run, release_query, count);
	}
	sg_statement_role_note(&role);
	PG_TRY();
	{
		next_ExecutorRun(EXECUTOR_RUN_ARGS);
	}
	PG_CATCH();
	{
		if (entered)
			sg_query_run_leave(&run);
		if (query->holding)
			record_failure(query, queryDesc, &role);
		else if (query->service != NULL)
			count_in_summary(query, (int64) query->run_rows);
		else if (query->requests != NIL && sg_query_error_tells(&role))
			record_error(query);
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (entered)
		sg_query_run_leave(&run);
	count_run(query, queryDesc);
}

/* Where there are guards, or there may be. */
static pg_noinline void
watched_ExecutorRun(EXECUTOR_RUN_PARAMS)
{
	if (likely(!InNoForceRLSOperation()))
	{
		guarded_ExecutorRun(EXECUTOR_RUN_ARGS);
		return;
	}
	sg_foreign_key_enter();
	PG_TRY();
	{
		guarded_ExecutorRun(EXECUTOR_RUN_ARGS);
	}
	PG_FINALLY();
	{
		sg_foreign_key_leave();
	}
	PG_END_TRY();
}

/*
 * Is this the first that a client does in its transaction, run for the first
 * time?  Then its locks were taken just now, and with them was heard what has
 * changed.
 */
static inline bool
is_first_statement(const QueryDesc *queryDesc)
{
	return !queryDesc->already_executed &&
		(queryDesc->dest->mydest == DestRemote ||
		 queryDesc->dest->mydest == DestRemoteExecute) &&
		GetCurrentTransactionStartTimestamp() == GetCurrentStatementStartTimestamp();
}

static void
query_ExecutorRun(EXECUTOR_RUN_PARAMS)
{
	/*
	 * A FETCH takes no lock, and a statement none that its transaction has
	 * already; so they hear of nothing that has changed unless we listen.
	 */
	if (unlikely(sg_guard_possible) || !is_first_statement(queryDesc))
		AcceptInvalidationMessages();
	if (unlikely(sg_guard_possible) &&
		(queryDesc->plannedstmt != sg_plain_plan ||
		 InNoForceRLSOperation()))
		watched_ExecutorRun(EXECUTOR_RUN_ARGS);
	else
		next_ExecutorRun(EXECUTOR_RUN_ARGS);
}

ExecutorRun_hook_type
sg_query_wrap_ExecutorRun(ExecutorRun_hook_type next)
{
	next_ExecutorRun = next;
	return query_ExecutorRun;
}

static void
write_ExecutorFinish(GuardedQuery *query, QueryDesc *queryDesc)
{
	StatementRole role;

	sg_statement_role_note(&role);
	PG_TRY();
	{
		next_ExecutorFinish(queryDesc);
	}
	PG_CATCH();
	{
		if (sg_query_error_tells(&role))
			record_error(query);
		PG_RE_THROW();
	}
	PG_END_TRY();
}

/* Foreign keys and some unique ones are checked now. */
static void
query_ExecutorFinish(QueryDesc *queryDesc)
{
	GuardedQuery *query = NULL;

	if (unlikely(!dlist_is_empty(&guarded_queries)))
		query = find_guarded(queryDesc->estate);
	if (query != NULL && query->requests != NIL)
		write_ExecutorFinish(query, queryDesc);
	else
		next_ExecutorFinish(queryDesc);
}

ExecutorFinish_hook_type
sg_query_wrap_ExecutorFinish(ExecutorFinish_hook_type next)
{
	next_ExecutorFinish = next;
	return query_ExecutorFinish;
}

/* What a query was searched by, when it is over. */
static TextSlice
elements_at_end(const char *guard_id, void *estate)
{
	TextSlice	none = {NULL, 0};
	pg_uuid_t  *id = DatumGetUUIDP(DirectFunctionCall1(uuid_in,
													   CStringGetDatum(guard_id)));
	SearchValues *values = sg_search_values_of(estate, id);

	return values == NULL ? none : sg_search_values_text(values);
}

static pg_noinline void
end_guarded(QueryDesc *queryDesc)
{
	GuardedQuery *query = find_guarded(queryDesc->estate);

	if (query != NULL && query->reads != NULL)
	{
		sg_search_values_over(queryDesc->estate);
		sg_reads_end(query->reads, elements_at_end, queryDesc->estate);
	}
}

static void
query_ExecutorEnd(QueryDesc *queryDesc)
{
	if (unlikely(!dlist_is_empty(&guarded_queries)))
		end_guarded(queryDesc);

	next_ExecutorEnd(queryDesc);
}

ExecutorEnd_hook_type
sg_query_wrap_ExecutorEnd(ExecutorEnd_hook_type next)
{
	next_ExecutorEnd = next;
	return query_ExecutorEnd;
}
