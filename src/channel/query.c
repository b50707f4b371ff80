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
 * ended in any order, or by an error and then by nobody, and only the memory
 * they have is sure to go; so its going is what ends the disclosures.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "channel/context.h"
#include "channel/foreign_key.h"
#include "channel/held.h"
#include "channel/query.h"
#include "channel/query_reads.h"
#include "channel/query_run.h"
#include "channel/reads.h"
#include "channel/records.h"
#include "compat.h"
#include "executor/executor.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "operational.h"
#include "own_rights.h"
#include "storage/lwlock.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* A query that reads guarded tables; in its own executor memory. */
typedef struct GuardedQuery
{
	dlist_node	node;
	EState	   *estate;
	int64		earlier_rows;	/* of runs before this one */
	ReadStatement *reads;		/* NULL: nothing is recorded */
	List	   *requests;		/* ReadRequest: some are not recorded, for
								 * rows are only changed; see record_error() */
	MemoryContextCallback callback;
} GuardedQuery;

static dlist_head guarded_queries = DLIST_STATIC_INIT(guarded_queries);

static ExecutorRun_hook_type prev_ExecutorRun = NULL;
static ExecutorFinish_hook_type prev_ExecutorFinish = NULL;
static ExecutorEnd_hook_type prev_ExecutorEnd = NULL;

static void query_ExecutorRun(EXECUTOR_RUN_PARAMS);
static void query_ExecutorFinish(QueryDesc *queryDesc);
static void query_ExecutorEnd(QueryDesc *queryDesc);

void
sg_query_init(void)
{
	prev_ExecutorRun = ExecutorRun_hook;
	ExecutorRun_hook = query_ExecutorRun;
	prev_ExecutorFinish = ExecutorFinish_hook;
	ExecutorFinish_hook = query_ExecutorFinish;
	prev_ExecutorEnd = ExecutorEnd_hook;
	ExecutorEnd_hook = query_ExecutorEnd;
}

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
 * run.  Whatever else it runs is a function's, which knows neither what the
 * transaction has declared nor how to record anything.  What would not be
 * recorded anyway, our own people's reading of export tables, is let through.
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
			sg_context_bindings(roles, lengthof(roles)) == NIL)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("protected table \"%s\" cannot be read by a function in a parallel worker",
						get_rel_name(request->relid)),
				 errhint("Mark the function PARALLEL RESTRICTED, or set max_parallel_workers_per_gather = 0.")));
	}
}

static inline void
next_ExecutorRun(EXECUTOR_RUN_PARAMS)
{
	if (prev_ExecutorRun)
		prev_ExecutorRun(EXECUTOR_RUN_ARGS);
	else
		standard_ExecutorRun(EXECUTOR_RUN_ARGS);
}

static void
note_lock_held(LWLock *lock, LWLockMode mode, void *context)
{
	*(bool *) context = true;
}

/*
 * An error may quote a row, and says how far a statement came; so every class
 * of errors tells but those that come of other sessions, of the server's
 * resources or of somebody who cancels, and our own refusals.
 *
 * An error may come while a page is locked (a comparison that fails within an
 * index).  Its locks are released here as the abort of the transaction, which
 * is to follow in any case, would do first: catalogs are read next.
 */
bool
sg_query_error_tells(void)
{
	int			sqlerrcode = geterrcode();
	bool		holds_locks = false;

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

	ForEachLWLockHeldByMe(note_lock_held, &holds_locks);
	if (holds_locks)
		LWLockReleaseAll();
	return true;
}

/*
 * A statement that was not to be recorded, for it was only to change rows, has
 * failed.
 */
static void
record_error(GuardedQuery *query)
{
	bool		begun = query->reads != NULL;
	ListCell   *lc;

	MemoryContextSwitchTo(query->estate->es_query_cxt);
	foreach(lc, query->requests)
	{
		ReadRequest *request = lfirst(lc);

		/* What it was searched by may be what has failed. */
		request->use = WRITE_LEAKS;
		request->query_elements = NULL;
	}
	(void) sg_reads_begin(&query->reads, query->requests,
						  query->estate->es_query_cxt, 0);
	query->requests = NIL;
	if (!begun && query->reads != NULL)
		query->reads->rows = 1;
}

/*
 * Decides on what a statement reads, as of now, and puts it on record.  Errors
 * out where it is refused; NULL where it reads nothing that is guarded (any
 * more).
 */
static GuardedQuery *
decide_on_query(QueryDesc *queryDesc, TimestampTz *holds_until)
{
	EState	   *estate = queryDesc->estate;
	GuardedQuery *query = find_guarded(estate);
	MemoryContext oldcontext;
	List	   *requests;
	ListCell   *lc;

	if (!sg_records_any())
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
	*holds_until = sg_reads_begin(&query->reads, requests,
								  estate->es_query_cxt,
								  query->earlier_rows +
								  (int64) estate->es_processed);
	if (query->reads != NULL)
	{
		query->reads->rows = query->earlier_rows;
		query->reads->more_rows = &estate->es_processed;
	}
	query->requests = NIL;
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

static void
guarded_ExecutorRun(EXECUTOR_RUN_PARAMS)
{
	GuardedRun	run;
	GuardedQuery *query;
	bool		entered;

	if (sg_own_query_running() ||
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
	entered = query->reads != NULL || query->requests == NIL;
	if (entered)
		sg_query_run_enter(&run, queryDesc, decide_again);
	PG_TRY();
	{
		next_ExecutorRun(EXECUTOR_RUN_ARGS);
	}
	PG_CATCH();
	{
		if (entered)
			sg_query_run_leave(&run);
		if (query->requests != NIL && sg_query_error_tells())
			record_error(query);
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (entered)
		sg_query_run_leave(&run);

	sg_held_note(queryDesc);
	query->earlier_rows += (int64) queryDesc->estate->es_processed;
	if (query->reads != NULL)
	{
		query->reads->rows = query->earlier_rows;
		query->reads->more_rows = NULL;
	}
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
	if (unlikely(sg_records_possible) || !is_first_statement(queryDesc))
		AcceptInvalidationMessages();
	if (unlikely(sg_records_possible))
		watched_ExecutorRun(EXECUTOR_RUN_ARGS);
	else
		next_ExecutorRun(EXECUTOR_RUN_ARGS);
}

static inline void
next_ExecutorFinish(QueryDesc *queryDesc)
{
	if (prev_ExecutorFinish)
		prev_ExecutorFinish(queryDesc);
	else
		standard_ExecutorFinish(queryDesc);
}

static void
write_ExecutorFinish(GuardedQuery *query, QueryDesc *queryDesc)
{
	PG_TRY();
	{
		next_ExecutorFinish(queryDesc);
	}
	PG_CATCH();
	{
		if (sg_query_error_tells())
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

static void
query_ExecutorEnd(QueryDesc *queryDesc)
{
	if (unlikely(!dlist_is_empty(&guarded_queries)))
	{
		GuardedQuery *query = find_guarded(queryDesc->estate);

		if (query != NULL && query->reads != NULL)
			query->reads->ended = true;
	}

	if (prev_ExecutorEnd)
		prev_ExecutorEnd(queryDesc);
	else
		standard_ExecutorEnd(queryDesc);
}
