/*-------------------------------------------------------------------------
 *
 * copy.c
 *		COPY ... TO, as far as it can carry rows past a guard.
 *
 * COPY (INSERT ... RETURNING) TO sends each row as it is made.  The guard of
 * an export table decides in AFTER triggers, when the statement has run: its
 * refusal would come after the rows had gone.  (Everywhere else the server
 * keeps what a data-modifying statement returns until its triggers have run.)
 * So such a COPY is refused.
 *
 * COPY FROM into a table with guarded partitions fires none of their statement
 * triggers, so it is here that what it has skipped, or sent to another server,
 * is recorded when it is over.
 *
 * In ExecutorStart rather than in the utility hook: by then views, rules and
 * WITH queries are resolved, and what will be written to stands in one list.
 * Every other statement pays for one comparison.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "channel/copy.h"
#include "channel/gather.h"
#include "channel/triggers.h"
#include "executor/executor.h"
#include "parser/parsetree.h"
#include "tcop/utility.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

static ExecutorStart_hook_type prev_ExecutorStart = NULL;
static ProcessUtility_hook_type prev_ProcessUtility = NULL;

static void copy_ExecutorStart(QueryDesc *queryDesc, int eflags);
static void copy_ProcessUtility(PlannedStmt *pstmt, const char *queryString,
								bool readOnlyTree,
								ProcessUtilityContext context,
								ParamListInfo params,
								QueryEnvironment *queryEnv,
								DestReceiver *dest, QueryCompletion *qc);

void
sg_copy_init(void)
{
	prev_ExecutorStart = ExecutorStart_hook;
	ExecutorStart_hook = copy_ExecutorStart;
	prev_ProcessUtility = ProcessUtility_hook;
	ProcessUtility_hook = copy_ProcessUtility;
}

/* Has this relation the trigger of a guard? */
static bool
has_guard(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	bool		found = false;

	if (rel->trigdesc != NULL)
	{
		for (int i = 0; i < rel->trigdesc->numtriggers && !found; i++)
			found = strcmp(rel->trigdesc->triggers[i].tgname,
						   EXPORT_TRIGGER_NAME) == 0;
	}
	table_close(rel, NoLock);
	return found;
}

/*
 * May what is written to this relation end up in a guarded one?  A row goes to
 * whatever partition it belongs in, and an UPDATE may move it to any other of
 * the whole tree.
 */
static bool
leads_to_guard(Oid relid)
{
	List	   *ancestors = get_rel_relispartition(relid) ?
	get_partition_ancestors(relid) : NIL;
	Oid			root = ancestors != NIL ? llast_oid(ancestors) : relid;
	ListCell   *lc;

	foreach(lc, find_all_inheritors(root, AccessShareLock, NULL))
	{
		if (has_guard(lfirst_oid(lc)))
			return true;
	}
	return false;
}

static void
copy_ExecutorStart(QueryDesc *queryDesc, int eflags)
{
	if (unlikely(queryDesc->dest != NULL &&
				 queryDesc->dest->mydest == DestCopyOut &&
				 queryDesc->plannedstmt->resultRelations != NIL))
	{
		ListCell   *lc;

		foreach(lc, queryDesc->plannedstmt->resultRelations)
		{
			RangeTblEntry *target = rt_fetch(lfirst_int(lc),
											 queryDesc->plannedstmt->rtable);
			Oid			relid = target->relid;

			if (leads_to_guard(relid))
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("COPY of a query that writes to \"%s\" is not allowed",
								get_rel_name(relid)),
						 errdetail("That is an export table, or its rows may get into one, and they would be sent before they are decided on."),
						 errhint("Write to the table first, then COPY from it.")));
		}
	}

	if (prev_ExecutorStart)
		prev_ExecutorStart(queryDesc, eflags);
	else
		standard_ExecutorStart(queryDesc, eflags);
}

static void
copy_ProcessUtility(PlannedStmt *pstmt, const char *queryString,
					bool readOnlyTree, ProcessUtilityContext context,
					ParamListInfo params, QueryEnvironment *queryEnv,
					DestReceiver *dest, QueryCompletion *qc)
{
	/* The statement may be gone when it is over. */
	bool		is_copy = IsA(pstmt->utilityStmt, CopyStmt);

	if (prev_ProcessUtility)
		prev_ProcessUtility(pstmt, queryString, readOnlyTree, context, params,
							queryEnv, dest, qc);
	else
		standard_ProcessUtility(pstmt, queryString, readOnlyTree, context,
								params, queryEnv, dest, qc);
	if (is_copy)
		sg_gather_record_apart();
}
