/*-------------------------------------------------------------------------
 *
 * copied.c
 *		Rows of protected tables that are written to other tables, here or on
 *		other servers, and functions that carry anything out.
 *
 * A copy in a table of one's own is protected by nothing.  The copying is what
 * can be seen: a plan that reads a protected table and writes to one that is
 * not (CREATE TABLE AS, SELECT INTO, INSERT ... SELECT, UPDATE ... FROM, a
 * materialised view).  The setting copied_tables says what becomes of it.
 * Where the table written to is another server's, that is no copy but a
 * disclosure, to the agency that the server is bound to.
 *
 * Recorded before the first row, through the writer: the copy can be read, and
 * its rows sent away, in a transaction that is rolled back.
 *
 * In ExecutorStart, when views, rules and functions in line are resolved: the
 * plan's range table has every relation that the statement will touch.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "base/compat.h"
#include "channel/guard/bypass.h"
#include "channel/read/data_flow.h"
#include "channel/command/copied.h"
#include "channel/command/command_record.h"
#include "channel/command/tamper.h"
#include "channel/guard/read_guard.h"
#include "commands/extension.h"
#include "executor/executor.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "base/enum_names.h"
#include "base/run_as_owner.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* The next in the order of hooks.c, which sets it once. */
static ExecutorStart_hook_type next_ExecutorStart;
static ExecutorFinish_hook_type next_ExecutorFinish;


/* Of the innermost command. */
static CopyAtWork copy_at_work = {NULL, InvalidOid, false};


/* ----------------------------------------------------------------
 *		What a plan touches
 * ----------------------------------------------------------------
 */

/* Does the statement make a table, or fill a materialised view? */
static bool
fills_new_relation(const QueryDesc *queryDesc)
{
	return queryDesc->dest != NULL &&
		(queryDesc->dest->mydest == DestIntoRel ||
		 queryDesc->dest->mydest == DestTransientRel);
}

/* The protected source tables among these relations, each once. */
static List *
protected_sources(const GuardCatalog *state, List *relations)
{
	List	   *sources = NIL;
	ListCell   *lc;

	foreach(lc, relations)
	{
		Oid			table = sg_table_of_toast(lfirst_oid(lc));
		const GuardedTable *guard =
		sg_ddl_guard_of(state, OidIsValid(table) ? table : lfirst_oid(lc));

		if (guard != NULL && !guard->read.is_export)
			sources = list_append_unique_ptr(sources, (void *) guard);
	}
	return sources;
}

/* Is any of the plan's relations, read or written, a protected source table? */
static bool
touches_source(const GuardCatalog *state, const PlannedStmt *plan)
{
	List	   *relations = NIL;
	ListCell   *lc;

	foreach(lc, plan->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		/* A view has become a subquery, which still says whose. */
		if (OidIsValid(rte->relid) &&
			(rte->rtekind == RTE_RELATION || rte->rtekind == RTE_SUBQUERY))
			relations = lappend_oid(relations, rte->relid);
	}
	return protected_sources(state, relations) != NIL;
}

/* The name of the server that a foreign table is on. */
static const char *
server_of(Oid relid)
{
	return GetForeignServer(GetForeignTable(relid)->serverid)->servername;
}

/* A foreign table that rows written to this relation may get into, or none. */
static Oid
foreign_target(Oid relid)
{
	char		relkind = get_rel_relkind(relid);
	ListCell   *lc;

	if (relkind == RELKIND_FOREIGN_TABLE)
		return relid;
	if (relkind == RELKIND_PARTITIONED_TABLE)
	{
		foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
		{
			if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_FOREIGN_TABLE)
				return lfirst_oid(lc);
		}
	}
	return InvalidOid;
}

/* A foreign table that the plan reads, or none. */
static Oid
foreign_source(const PlannedStmt *plan)
{
	ListCell   *lc;

	foreach(lc, plan->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_RELATION && rte->relkind == RELKIND_FOREIGN_TABLE)
			return rte->relid;
	}
	return InvalidOid;
}

/* A SELECT that writes does so in a data-modifying WITH. */
static const char *
operation_name(const PlannedStmt *plan)
{
	return plan->commandType == CMD_SELECT ? "WITH" :
		sg_command_type_name(plan->commandType);
}

/* ----------------------------------------------------------------
 *		Recording
 * ----------------------------------------------------------------
 */

/* A copy under way; lives with the query. */
typedef struct CopyUnderWay
{
	MemoryContextCallback callback;
	const EState *estate;
	OpenDisclosure open;
} CopyUnderWay;

/*
 * The query's memory goes: because it has ended, or because it has failed.
 * Its state is the last to go, and can still be read.
 */
static void
copy_ended(void *arg)
{
	CopyUnderWay *copy = arg;
	bool		finished = copy->estate->es_finished;

	sg_writer_end(&copy->open, finished ? (int64) copy->estate->es_processed : 0,
				  0, finished ? ENDING_COMPLETED : ENDING_FAILED);
}

/*
 * Decides and records, or refuses.  The disclosure is open until the query's
 * memory goes.
 */
static void
disclose_copy(const GuardCatalog *state, QueryDesc *queryDesc, DdlDisclosure *ddl)
{
	CopyUnderWay *copy =
	MemoryContextAllocZero(queryDesc->estate->es_query_cxt,
						   sizeof(CopyUnderWay));

	ddl->open = &copy->open;
	sg_ddl_disclose(state, ddl);
	copy->estate = queryDesc->estate;
	copy->callback.func = copy_ended;
	copy->callback.arg = copy;
	MemoryContextRegisterResetCallback(queryDesc->estate->es_query_cxt,
									   &copy->callback);
}

/* To whom something goes that gets into a foreign table. */
static void
fill_server(DdlDisclosure *ddl, const GuardCatalog *state, Oid foreign_table)
{
	const char *server = server_of(foreign_table);
	const char *agency = sg_ddl_agency_of_name(state->servers, server);

	ddl->channel = CHANNEL_FOREIGN_TABLE;
	ddl->destination = agency ? agency : psprintf("server %s", server);
	if (agency == NULL)
		ddl->hint = "Say first whose server it is, with sharing_guard.bind_server().";
}

/*
 * Whether anything of a protected table is in what is written or searched for
 * there cannot be known: shown to the auditor, not stopped.
 */
static void
fill_unknown(DdlDisclosure *ddl, Oid foreign_table)
{
	ddl->relation = psprintf("foreign table %s", get_rel_name(foreign_table));
	ddl->never_block = true;
	ddl->note = "Something was written to another server; whether it came from a protected table is not known.";
}

static void
disclose_to_server(const GuardCatalog *state, QueryDesc *queryDesc,
				   const GuardedTable *guard, Oid foreign_table, bool written)
{
	DdlDisclosure ddl = {0};

	fill_server(&ddl, state, foreign_table);
	ddl.operation = written ? "INSERT" : "SELECT";
	ddl.guard = guard;
	if (guard == NULL)
		fill_unknown(&ddl, foreign_table);
	else if (!written)
	{
		ddl.never_block = true;
		ddl.note = "A protected table was joined with a table of another server, which may have been sent values to search for.";
	}
	disclose_copy(state, queryDesc, &ddl);
}

static void
disclose_to_table(const GuardCatalog *state, QueryDesc *queryDesc,
				  const GuardedTable *guard, const char *operation,
				  Oid target)
{
	DdlDisclosure ddl = {0};
	bool		temporary = OidIsValid(target) &&
	get_rel_persistence(target) == RELPERSISTENCE_TEMP;

	ddl.channel = CHANNEL_COPIED_TABLE;
	ddl.operation = operation;
	ddl.guard = guard;
	ddl.destination = sg_ddl_acting_agency(state);
	switch (state->copied_tables)
	{
		case COPIED_FLAG:
			ddl.note = "Rows were copied to a table that is not protected.";
			break;
		case COPIED_REFUSE:
			ddl.refuse = true;
			ddl.note = "The setting copied_tables refuses copies of protected tables.";
			break;
		case COPIED_PROTECT:
			if (temporary)
			{
				ddl.refuse = true;
				ddl.note = "The setting copied_tables protects copies, which cannot be done for a temporary table.";
			}
			else
				ddl.note = "Rows were copied to a table that is protected like its source from now on.";
			break;
	}
	disclose_copy(state, queryDesc, &ddl);
}

/* A copy that is to be protected like its source. */
typedef struct ProtectedCopy
{
	Oid			copy;
	const char *guard_id;
} ProtectedCopy;

static void
run_protect_copy(void *arg)
{
	const ProtectedCopy *protected = arg;
	Oid			argtypes[2] = {OIDOID, TEXTOID};
	Datum		args[2] = {
		ObjectIdGetDatum(protected->copy),
		CStringGetTextDatum(protected->guard_id)
	};

	(void) SPI_execute_with_args("SELECT sharing_guard.protect_copy($1::pg_catalog.regclass, $2::pg_catalog.uuid)",
								 2, argtypes, args, NULL, false, 0);
}

/* Protects a copy like its source, as the owner of our tables would. */
static void
protect_copy(const GuardCatalog *state, Oid copy, const char *guard_id)
{
	ProtectedCopy protected = {copy, guard_id};

	CommandCounterIncrement();
	sg_run_as_owner(state->event_table, run_protect_copy, &protected);
	CommandCounterIncrement();
}

/* ----------------------------------------------------------------
 *		Plans
 * ----------------------------------------------------------------
 */

/* Could any command in the plan put values into a table? */
static bool
writes_values(const PlannedStmt *plan)
{
	return plan->commandType != CMD_DELETE || plan->hasModifyingCTE;
}

/* A statement that changes tables. */
static void
look_at_targets(const GuardCatalog *state, QueryDesc *queryDesc, bool any_source)
{
	const PlannedStmt *plan = queryDesc->plannedstmt;
	List	   *seen = NIL;
	int			at = -1;
	int			rti;
	ListCell   *from;

	while ((rti = sg_next_written_relation(plan, &at)) > 0)
	{
		Oid			relid = rt_fetch(rti, plan->rtable)->relid;
		const GuardedTable *own;
		List	   *sources = NIL;
		Oid			foreign;

		/*
		 * Only a superuser can, and guards can be switched off by it.  (The
		 * scripts of extensions do such things.)
		 */
		if (unlikely(relid < FirstNormalObjectId) && state->guards != NIL &&
			!creating_extension && IsCatalogRelationOid(relid))
			sg_ddl_rows_seen(operation_name(plan),
							 psprintf("pg_catalog.%s", get_rel_name(relid)),
							 NULL);

		/* Where nothing is protected, there is still the log. */
		if (!state->any_records && relid != state->event_table)
			continue;
		if (list_member_oid(seen, relid))
			continue;
		seen = lappend_oid(seen, relid);

		if (relid == state->event_table && plan->commandType != CMD_INSERT)
			sg_tamper_log(state, operation_name(plan));
		if (!state->any_records || !writes_values(plan))
			continue;

		/*
		 * Into a guarded table: its own guard decides, or will; unless it is
		 * a source table's child on another server.
		 */
		own = sg_ddl_guard_of(state, relid);
		if (own != NULL && (own->read.is_export ||
							get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE))
			continue;
		if (any_source)
			sources = protected_sources(state, sg_flow_to_relation(plan, relid));
		if (sources == NIL)
		{
			/* Where a row is routed to is seen at the end. */
			if (get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE)
				disclose_to_server(state, queryDesc, NULL, relid, true);
			continue;
		}
		foreign = foreign_target(relid);
		foreach(from, sources)
		{
			const GuardedTable *guard = lfirst(from);

			if (guard == own)
				continue;
			if (OidIsValid(foreign))
				disclose_to_server(state, queryDesc, guard, foreign, true);
			else
			{
				disclose_to_table(state, queryDesc, guard,
								  operation_name(plan), relid);
				if (state->copied_tables == COPIED_PROTECT)
					protect_copy(state, relid, guard->read.guard_id);
			}
		}
	}
}

static pg_noinline void
look_at_plan(QueryDesc *queryDesc)
{
	const GuardCatalog *state = sg_ddl_state();
	const PlannedStmt *plan = queryDesc->plannedstmt;
	List	   *sources;
	bool		any_source;
	ListCell   *lc;

	if (state == NULL)
		return;
	any_source = state->any_records && touches_source(state, plan);
	if (sg_plan_writes(plan))
		look_at_targets(state, queryDesc, any_source);
	if (!any_source)
		return;
	sources = protected_sources(state, sg_flow_to_result(plan));
	if (sources == NIL)
		return;

	if (fills_new_relation(queryDesc))
	{
		/* A materialised view that is itself protected stays so. */
		if (OidIsValid(copy_at_work.into) &&
			sg_ddl_guard_of(state, copy_at_work.into) != NULL)
			return;
		foreach(lc, sources)
		{
			const GuardedTable *guard = lfirst(lc);

			disclose_to_table(state, queryDesc, guard,
							  copy_at_work.refresh ?
							  "REFRESH MATERIALIZED VIEW" : "CREATE TABLE AS",
							  copy_at_work.into);
			copy_at_work.guard_id = MemoryContextStrdup(TopTransactionContext,
														guard->read.guard_id);
		}
	}
	else if (!sg_plan_writes(plan) && OidIsValid(foreign_source(plan)))
		disclose_to_server(state, queryDesc, linitial(sources),
						   foreign_source(plan), false);
}

/*
 * Statements that write pay a look at what is protected, others that a look at
 * whether there is anything.  The leader of parallel workers has done it.
 */
static void
copied_ExecutorStart(QueryDesc *queryDesc, int eflags)
{
	if (unlikely(sg_guard_possible))
	{
		if (!(eflags & EXEC_FLAG_EXPLAIN_ONLY) && !IsParallelWorker())
			sg_bypass_check_plan(queryDesc);
		else
			sg_plain_plan = NULL;
	}
	next_ExecutorStart(queryDesc, eflags);

	if (unlikely(sg_plan_writes(queryDesc->plannedstmt) ||
				 (sg_guard_possible &&
				  queryDesc->plannedstmt != sg_plain_plan &&
				  sg_ddl_any_records())) &&
		!(eflags & EXEC_FLAG_EXPLAIN_ONLY) && !IsParallelWorker())
		look_at_plan(queryDesc);
}

ExecutorStart_hook_type
sg_copied_wrap_ExecutorStart(ExecutorStart_hook_type next)
{
	next_ExecutorStart = next;
	return copied_ExecutorStart;
}

/*
 * Rows that were routed, or have moved, to partitions on other servers.  Which
 * partition a row goes to is not known before; that it may go there was decided
 * on when the partition was made.  How many of the statement's rows it were
 * only the other server knows.
 */
static pg_noinline void
look_at_routing(QueryDesc *queryDesc)
{
	const GuardCatalog *state = sg_ddl_state();
	ListCell   *lc;

	if (state == NULL || !state->any_records || !state->configured)
		return;
	foreach(lc, queryDesc->estate->es_tuple_routing_result_relations)
	{
		Relation	rel = ((ResultRelInfo *) lfirst(lc))->ri_RelationDesc;
		const GuardedTable *guard;
		DdlDisclosure ddl = {0};
		OpenDisclosure open;

		if (rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE)
			continue;
		guard = sg_ddl_guard_of(state, RelationGetRelid(rel));

		/* An export table's own guard decides on each row. */
		if (guard != NULL && guard->read.is_export)
			continue;
		fill_server(&ddl, state, RelationGetRelid(rel));
		ddl.operation = operation_name(queryDesc->plannedstmt);
		ddl.guard = guard;
		ddl.open = &open;
		if (guard == NULL)
			fill_unknown(&ddl, RelationGetRelid(rel));
		else
		{
			ddl.never_block = true;
			ddl.note = "Rows of a protected table went to a partition on another server.";
		}
		sg_ddl_disclose(state, &ddl);
		sg_writer_end(&open, ROWS_UNKNOWN, 0, ENDING_COMPLETED);
	}
}

static void
copied_ExecutorFinish(QueryDesc *queryDesc)
{
	next_ExecutorFinish(queryDesc);

	if (unlikely(queryDesc->estate->es_tuple_routing_result_relations != NIL) &&
		sg_guard_possible && !IsParallelWorker())
		look_at_routing(queryDesc);
}

ExecutorFinish_hook_type
sg_copied_wrap_ExecutorFinish(ExecutorFinish_hook_type next)
{
	next_ExecutorFinish = next;
	return copied_ExecutorFinish;
}

/* ----------------------------------------------------------------
 *		Commands
 * ----------------------------------------------------------------
 */

/* The kind of a relation that the command in progress has just made. */
static char
relkind_as_made(Oid relid)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	char		relkind = '\0';

	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, ClassOidIndexId, true, SnapshotSelf, 1,
							  &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		relkind = ((Form_pg_class) GETSTRUCT(tuple))->relkind;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return relkind;
}

void
sg_copied_begin(const Node *command, CopyAtWork *outer)
{
	*outer = copy_at_work;
	copy_at_work.guard_id = NULL;
	copy_at_work.into = InvalidOid;
	copy_at_work.refresh = IsA(command, RefreshMatViewStmt);
	if (copy_at_work.refresh)
		copy_at_work.into =
			RangeVarGetRelid(((const RefreshMatViewStmt *) command)->relation,
							 NoLock, true);
}

/* A relation was made, by the command at hand. */
void
sg_copied_made(const Node *command, Oid relid)
{
	char		relkind;

	if (command == NULL || OidIsValid(copy_at_work.into) ||
		!(IsA(command, CreateTableAsStmt) || IsA(command, ExplainStmt)))
		return;
	/* The server has not made it visible to itself yet. */
	relkind = relkind_as_made(relid);
	if (relkind == RELKIND_RELATION || relkind == RELKIND_MATVIEW)
		copy_at_work.into = relid;
}

/*
 * A partition of a protected table on another server: any row that is written
 * to the table may go there, so it is decided on like a publication.
 */
static void
foreign_partition(const GuardCatalog *state, const char *operation,
				  const RangeVar *relation)
{
	Oid			relid = RangeVarGetRelid(relation, NoLock, true);
	const GuardedTable *guard;
	DdlDisclosure ddl = {0};

	if (!OidIsValid(relid) || !get_rel_relispartition(relid) ||
		get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE)
		return;
	guard = sg_ddl_guard_of(state, relid);
	if (guard == NULL || guard->read.is_export)
		return;
	fill_server(&ddl, state, relid);
	ddl.operation = operation;
	ddl.guard = guard;
	sg_ddl_disclose(state, &ddl);
}

void
sg_copied_command(const GuardCatalog *state, const Node *command)
{
	if (state == NULL)
		return;
	if (state->any_records && state->configured)
	{
		ListCell   *lc;

		if (IsA(command, CreateForeignTableStmt))
			foreign_partition(state, "CREATE FOREIGN TABLE",
							  ((const CreateForeignTableStmt *) command)->base.relation);
		else if (IsA(command, AlterTableStmt))
		{
			foreach(lc, ((const AlterTableStmt *) command)->cmds)
			{
				AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

				if (cmd->subtype == AT_AttachPartition)
					foreign_partition(state, "ATTACH PARTITION",
									  ((PartitionCmd *) cmd->def)->name);
			}
		}
	}
	if (state->copied_tables == COPIED_PROTECT &&
		copy_at_work.guard_id != NULL && OidIsValid(copy_at_work.into) &&
		sg_ddl_guard_of(state, copy_at_work.into) == NULL)
		protect_copy(state, copy_at_work.into, copy_at_work.guard_id);
}

void
sg_copied_end(const CopyAtWork *outer)
{
	copy_at_work = *outer;
}
