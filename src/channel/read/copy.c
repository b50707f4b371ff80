/*-------------------------------------------------------------------------
 *
 * copy.c
 *		COPY ... TO.
 *
 * COPY of a plain table does not pass the executor, so it is looked at in the
 * utility hook: on record before it begins, counted when it is over.  The
 * server makes a query of it where row-level security applies, and COPY of a
 * query is one; those are query.c's.
 *
 * COPY (INSERT ... RETURNING) TO sends each row as it is made.  The guard of
 * an export table decides in AFTER triggers, when the statement has run: its
 * refusal would come after the rows had gone.  (Everywhere else the server
 * keeps what a data-modifying statement returns until its triggers have run.)
 * So such a COPY is refused.
 *
 * In ExecutorStart rather than in the utility hook: by then views, rules and
 * WITH queries are resolved, and what will be written to stands in one list.
 * Every other statement pays for one comparison.
 *
 * COPY FROM into a guarded table tells what is in it by its errors, and by how
 * many rows it takes: for another agency it is decided on like a query, for our
 * own people it is recorded where it fails.  (An export table's own guard
 * decides on each row.)
 *
 * COPY FROM into a table with guarded partitions fires none of their statement
 * triggers, so it is here that what it has skipped, or sent to another server,
 * is recorded when it is over.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/partition.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "channel/guard/bypass.h"
#include "channel/read/copy.h"
#include "channel/export/pending_events.h"
#include "channel/read/query.h"
#include "channel/read/reads.h"
#include "channel/guard/read_guard.h"
#include "channel/read/relation_leaks.h"
#include "channel/guard/triggers.h"
#include "base/compat.h"
#include "commands/progress.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/backend_status.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"

/* The next in the order of hooks.c, which sets it once. */
static ExecutorStart_hook_type next_ExecutorStart;
static ProcessUtility_hook_type next_ProcessUtility;



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
 * the partition that it belongs in, and an UPDATE may move it to any other of
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

/*
 * The table that the statement names where it writes to this entry of the range
 * table, which may be a partition that the planner found.
 */
static Oid
named_relation(const PlannedStmt *plan, int rti)
{
	const ModifyTable *modify = (const ModifyTable *) plan->planTree;

	if (IsA(modify, ModifyTable) && modify->nominalRelation > 0)
		rti = modify->nominalRelation;
	return rt_fetch(rti, plan->rtable)->relid;
}

static pg_noinline void
refuse_unsent(const PlannedStmt *plan)
{
	int			at = -1;
	int			rti;

	while ((rti = sg_next_written_relation(plan, &at)) > 0)
	{
		Oid			relid = rt_fetch(rti, plan->rtable)->relid;

		if (leads_to_guard(relid))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("COPY of a query that writes to \"%s\" is not allowed",
							get_rel_name(named_relation(plan, rti))),
					 errdetail("That is an export table, or its rows may get into one, and they would be sent before they are decided on."),
					 errhint("Write to the table first, then COPY from it.")));
	}
}

static void
copy_ExecutorStart(QueryDesc *queryDesc, int eflags)
{
	if (unlikely(queryDesc->dest != NULL &&
				 queryDesc->dest->mydest == DestCopyOut &&
				 sg_plan_writes(queryDesc->plannedstmt)))
		refuse_unsent(queryDesc->plannedstmt);

	next_ExecutorStart(queryDesc, eflags);
}

ExecutorStart_hook_type
sg_copy_wrap_ExecutorStart(ExecutorStart_hook_type next)
{
	next_ExecutorStart = next;
	return copy_ExecutorStart;
}

/*
 * The guarded relation that a COPY takes rows from without a query, or
 * InvalidOid.  It is left locked, so that the name goes on meaning it.
 *
 * What the server will refuse, for want of a privilege or because it is no
 * plain table, is left to the server and makes no event.
 */
static Oid
guarded_source(const CopyStmt *copy, ReadRequest *request)
{
	Oid			relid;
	const ReadGuard *guard;
	char		relkind;

	relid = RangeVarGetRelid(copy->relation, AccessShareLock, true);
	if (!OidIsValid(relid) || !sg_read_guard_any() ||
		(guard = sg_read_guard_find(relid)) == NULL)
		return InvalidOid;
	relkind = get_rel_relkind(relid);
	if (relkind != RELKIND_RELATION && relkind != RELKIND_MATVIEW)
		return InvalidOid;
	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(relid, GetUserId(), ACL_SELECT,
								  ACLMASK_ANY) != ACLCHECK_OK)
		return InvalidOid;
	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		return InvalidOid;

	memset(request, 0, sizeof(*request));
	request->guard = *guard;
	request->relid = relid;
	request->channel = CHANNEL_COPY;
	request->operation = "COPY";
	return relid;
}

/*
 * How many rows a COPY that fails has sent, by what it reports of its
 * progress.
 */
static int64
rows_before_failure(void)
{
	if (!pgstat_track_activities || MyBEEntry == NULL)
		return ROWS_UNKNOWN;
	if (MyBEEntry->st_progress_command != PROGRESS_COMMAND_COPY)
		return 0;				/* it had not begun */
	return MyBEEntry->st_progress_param[PROGRESS_COPY_TUPLES_PROCESSED];
}

static ReadRequest *
target_request(const ReadGuard *guard, Oid relid)
{
	ReadRequest *request = palloc0(sizeof(ReadRequest));

	request->guard = *guard;
	request->relid = relid;
	request->use = sg_insert_tells(relid) ? WRITE_LEAKS : WRITE_SILENT;
	request->channel = CHANNEL_QUERY;
	request->operation = "COPY FROM";
	return request;
}

/*
 * What a COPY FROM puts rows into, as guarded_source(): a guarded relation, or
 * one whose partitions are.
 */
static List *
guarded_targets(const CopyStmt *copy, Oid *relid)
{
	const ReadGuard *guard;
	List	   *requests = NIL;
	ListCell   *lc;

	*relid = RangeVarGetRelid(copy->relation, AccessShareLock, true);
	if (!OidIsValid(*relid) || !sg_read_guard_any())
		return NIL;
	guard = sg_read_guard_find(*relid);
	if (guard != NULL ? guard->is_export :
		get_rel_relkind(*relid) != RELKIND_PARTITIONED_TABLE)
		return NIL;
	if (pg_class_aclcheck(*relid, GetUserId(), ACL_INSERT) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(*relid, GetUserId(), ACL_INSERT,
								  ACLMASK_ANY) != ACLCHECK_OK)
		return NIL;

	if (guard != NULL)
		return list_make1(target_request(guard, *relid));
	foreach(lc, sg_read_guard_below(*relid))
	{
		guard = lfirst(lc);
		requests = lappend(requests, target_request(guard, guard->relid));
	}
	return requests;
}

/*
 * A table of the same name that comes first by now is another table, so the
 * command is made to name the one that was looked at.  Returns a copy.
 */
static PlannedStmt *
name_relation(PlannedStmt *pstmt, Oid relid)
{
	PlannedStmt *named = copyObject(pstmt);
	RangeVar   *relation = ((CopyStmt *) named->utilityStmt)->relation;

	relation->schemaname = get_namespace_name(get_rel_namespace(relid));
	relation->relname = get_rel_name(relid);
	return named;
}

/* A COPY that is on record; its disclosure ends with "reads". */
static void
recorded_copy(PROCESS_UTILITY_PARAMS, ReadStatement *reads)
{
	PG_TRY();
	{
		next_ProcessUtility(PROCESS_UTILITY_ARGS);
		reads->rows = (int64) qc->nprocessed;
		reads->ended = true;
	}
	PG_FINALLY();
	{
		if (!reads->ended)
			reads->rows = rows_before_failure();
	}
	PG_END_TRY();
}

/* A COPY FROM that is recorded if it fails. */
static void
unrecorded_copy(PROCESS_UTILITY_PARAMS, List *requests,
				MemoryContext read_context)
{
	StatementRole role;

	sg_statement_role_note(&role);
	PG_TRY();
	{
		next_ProcessUtility(PROCESS_UTILITY_ARGS);
	}
	PG_CATCH();
	{
		if (sg_query_error_tells(&role))
		{
			ReadStatement *reads = NULL;
			ListCell   *lc;

			MemoryContextSwitchTo(read_context);
			foreach(lc, requests)
				((ReadRequest *) lfirst(lc))->use = WRITE_LEAKS;
			(void) sg_reads_begin(&reads, requests, read_context, 0);
			if (reads != NULL)
				reads->rows = 1;
		}
		PG_RE_THROW();
	}
	PG_END_TRY();
}

static void
look_at_copy_from(PROCESS_UTILITY_PARAMS)
{
	List	   *requests;
	Oid			relid;
	ReadStatement *reads = NULL;
	MemoryContext read_context;
	QueryCompletion own_qc;

	AcceptInvalidationMessages();
	requests = !sg_read_guard_any() ? NIL :
		guarded_targets((CopyStmt *) pstmt->utilityStmt, &relid);
	if (requests == NIL)
	{
		next_ProcessUtility(PROCESS_UTILITY_ARGS);
		return;
	}
	pstmt = name_relation(pstmt, relid);
	readOnlyTree = false;
	read_context = AllocSetContextCreate(CurrentMemoryContext,
										 "sharing_guard COPY FROM",
										 ALLOCSET_SMALL_SIZES);
	(void) sg_reads_begin(&reads, requests, read_context, 0);
	if (qc == NULL)
	{
		InitializeQueryCompletion(&own_qc);
		qc = &own_qc;
	}
	if (reads != NULL)
		recorded_copy(PROCESS_UTILITY_ARGS, reads);
	else
		unrecorded_copy(PROCESS_UTILITY_ARGS, requests, read_context);
	MemoryContextDelete(read_context);
}

/*
 * A function by itself, so that other commands need no room for it on the
 * stack.
 */
static pg_noinline void
look_at_copy(PROCESS_UTILITY_PARAMS)
{
	const CopyStmt *copy = (CopyStmt *) pstmt->utilityStmt;
	ReadRequest request;
	ReadStatement *reads = NULL;
	MemoryContext read_context;
	QueryCompletion own_qc;

	AcceptInvalidationMessages();
	if (unlikely(sg_guard_possible))
		sg_bypass_check_copy(copy);
	if (copy->is_from)
	{
		look_at_copy_from(PROCESS_UTILITY_ARGS);
		sg_pending_record_autonomous();
		return;
	}
	if (copy->relation == NULL)
	{
		next_ProcessUtility(PROCESS_UTILITY_ARGS);
		return;
	}

	AcceptInvalidationMessages();
	if (!sg_read_guard_any() ||
		!OidIsValid(guarded_source(copy, &request)))
	{
		next_ProcessUtility(PROCESS_UTILITY_ARGS);
		return;
	}

	pstmt = name_relation(pstmt, request.relid);
	readOnlyTree = false;

	/* The disclosure ends with the COPY, also after an error. */
	read_context = AllocSetContextCreate(CurrentMemoryContext,
										 "sharing_guard COPY",
										 ALLOCSET_SMALL_SIZES);
	(void) sg_reads_begin(&reads, list_make1(&request), read_context, 0);
	if (qc == NULL)
	{
		InitializeQueryCompletion(&own_qc);
		qc = &own_qc;
	}
	if (reads == NULL)
		next_ProcessUtility(PROCESS_UTILITY_ARGS);
	else
		recorded_copy(PROCESS_UTILITY_ARGS, reads);
	MemoryContextDelete(read_context);
}

static void
copy_ProcessUtility(PROCESS_UTILITY_PARAMS)
{
	if (unlikely(IsA(pstmt->utilityStmt, CopyStmt)))
		look_at_copy(PROCESS_UTILITY_ARGS);
	else
		next_ProcessUtility(PROCESS_UTILITY_ARGS);
}

ProcessUtility_hook_type
sg_copy_wrap_ProcessUtility(ProcessUtility_hook_type next)
{
	next_ProcessUtility = next;
	return copy_ProcessUtility;
}
