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
 * The executor's range table names every relation, whatever views, functions
 * and WITH queries it was reached by; and each statement of a function passes
 * here for itself.  So neither SECURITY DEFINER nor dynamic SQL makes a
 * difference.
 *
 * What is known of a running query hangs on its executor state.  Portals are
 * ended in any order, or by an error and then by nobody, and only the memory
 * they have is sure to go; so its going is what ends the disclosures.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "channel/context.h"
#include "channel/elements.h"
#include "channel/query.h"
#include "channel/reads.h"
#include "channel/records.h"
#include "compat.h"
#include "executor/executor.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "own_rights.h"
#include "parser/parsetree.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* A query that reads guarded tables; in its own executor memory. */
typedef struct GuardedQuery
{
	dlist_node	node;
	EState	   *estate;
	ReadStatement *reads;		/* NULL: nothing is recorded */
	MemoryContextCallback callback;
} GuardedQuery;

static dlist_head guarded_queries = DLIST_STATIC_INIT(guarded_queries);

static ExecutorRun_hook_type prev_ExecutorRun = NULL;
static ExecutorEnd_hook_type prev_ExecutorEnd = NULL;

static void query_ExecutorRun(EXECUTOR_RUN_PARAMS);
static void query_ExecutorEnd(QueryDesc *queryDesc);

void
sg_query_init(void)
{
	prev_ExecutorRun = ExecutorRun_hook;
	ExecutorRun_hook = query_ExecutorRun;
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
 * Is this the query of a foreign key's check?  It tells nobody anything but
 * whether the constraint holds.
 *
 * Known by the mark that the server puts on such queries and by their shape,
 * for the mark is also on what a function does that is called from one: a cast
 * of the user's own, for example.
 */
static bool
is_foreign_key_check(const PlannedStmt *plan)
{
	return InNoForceRLSOperation() &&
		plan->commandType == CMD_SELECT &&
		plan->rowMarks != NIL &&
		!plan->hasModifyingCTE &&
		list_length(plan->planTree->targetlist) >= 1 &&
		IsA(linitial_node(TargetEntry, plan->planTree->targetlist)->expr, Const) &&
		(list_length(plan->planTree->targetlist) == 1 ||
		 lsecond_node(TargetEntry, plan->planTree->targetlist)->resjunk);
}

static TextSlice
query_elements(const Guard *guard, void *arg)
{
	return sg_query_elements(guard, arg);
}

static const char *
operation_name(const QueryDesc *queryDesc)
{
	if (queryDesc->dest != NULL)
	{
		switch (queryDesc->dest->mydest)
		{
			case DestCopyOut:
				return "COPY";
			case DestIntoRel:
				return "CREATE TABLE AS";
			case DestTransientRel:
				return "REFRESH MATERIALIZED VIEW";
			default:
				break;
		}
	}
	switch (queryDesc->operation)
	{
		case CMD_INSERT:
			return "INSERT";
		case CMD_UPDATE:
			return "UPDATE";
		case CMD_DELETE:
			return "DELETE";
		case CMD_MERGE:
			return "MERGE";
		default:
			return "SELECT";
	}
}

/*
 * The guarded relations that a query reads, as a list of ReadRequest; NIL for
 * most queries.
 *
 * What is only written to has no SELECT among its permissions.  Entries without
 * any permissions are partitions and children.  The table above them stands for
 * them, unless it is not guarded as they are: a guarded table may have been made
 * a child of another.
 */
static List *
guarded_relations(QueryDesc *queryDesc)
{
	PlannedStmt *plan = queryDesc->plannedstmt;
	List	   *requests = NIL;
	ListCell   *lc;
	int			rti = 0;

	foreach(lc, plan->rtable)
	{
		RangeTblEntry *rte = lfirst(lc);
		const ReadGuard *guard;
		ReadRequest *request;
		AclMode		permissions;
		Oid			check_as_user;
		ListCell   *other;
		bool		written_only;
		bool		known = false;

		rti++;
		/* A view has become a subquery, which still says whose. */
		if (!OidIsValid(rte->relid) ||
			(rte->rtekind != RTE_RELATION && rte->rtekind != RTE_SUBQUERY))
			continue;
		permissions = sg_rte_permissions(plan, rte, &check_as_user);
		if (permissions != 0 && (permissions & ACL_SELECT) == 0)
			continue;
		guard = sg_records_find(rte->relid);
		if (guard == NULL)
			continue;
		if (is_foreign_key_check(plan))
			return NIL;

		written_only = plan->commandType != CMD_SELECT &&
			!plan->hasReturning && !plan->hasModifyingCTE &&
			list_member_int(plan->resultRelations, rti);
		foreach(other, requests)
		{
			ReadRequest *earlier = lfirst(other);

			if ((earlier->relid == rte->relid &&
				 earlier->check_as_user == check_as_user) ||
				(permissions == 0 &&
				 strcmp(earlier->guard.guard_id, guard->guard_id) == 0))
			{
				earlier->written_only &= written_only;
				known = true;
			}
		}
		if (known)
			continue;

		request = palloc0(sizeof(ReadRequest));
		request->guard = *guard;
		request->relid = rte->relid;
		request->check_as_user = check_as_user;
		request->written_only = written_only;
		request->operation = operation_name(queryDesc);
		request->channel = queryDesc->dest != NULL &&
			queryDesc->dest->mydest == DestCopyOut ?
			CHANNEL_COPY : CHANNEL_QUERY;
		request->query_elements = query_elements;
		request->arg = queryDesc;
		requests = lappend(requests, request);
	}
	return requests;
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

/* Where there are guards, or there may be. */
static pg_noinline void
guarded_ExecutorRun(EXECUTOR_RUN_PARAMS)
{
	GuardedQuery *query = NULL;

	if (!sg_own_query_running() &&
		!(IsParallelWorker() && queryDesc->dest->mydest == DestTupleQueue) &&
		sg_records_any() && !ScanDirectionIsNoMovement(direction))
	{
		List	   *requests = guarded_relations(queryDesc);

		if (requests != NIL)
		{
			if (IsParallelWorker())
				refuse_in_worker(requests);
			else
			{
				EState	   *estate = queryDesc->estate;

				query = find_guarded(estate);
				if (query == NULL)
					query = new_guarded(estate);
				sg_reads_begin(&query->reads, requests, estate->es_query_cxt);
			}
			list_free_deep(requests);
		}
	}

	/* The executor counts; should an error come, its count still stands. */
	if (query != NULL && query->reads != NULL)
	{
		queryDesc->estate->es_processed = 0;
		query->reads->more_rows = &queryDesc->estate->es_processed;
	}
	next_ExecutorRun(EXECUTOR_RUN_ARGS);
	if (query != NULL && query->reads != NULL)
	{
		query->reads->rows += (int64) queryDesc->estate->es_processed;
		query->reads->more_rows = NULL;
	}
}

static void
query_ExecutorRun(EXECUTOR_RUN_PARAMS)
{
	/*
	 * A FETCH takes no lock, and so hears of nothing that has changed unless
	 * we listen.
	 */
	AcceptInvalidationMessages();
	if (unlikely(sg_records_possible))
		guarded_ExecutorRun(EXECUTOR_RUN_ARGS);
	else
		next_ExecutorRun(EXECUTOR_RUN_ARGS);
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
