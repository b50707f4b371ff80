/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Hides every difference between the supported server versions.
 *
 * No other file looks at PG_VERSION_NUM.  Differences are inline functions
 * where possible and macros elsewhere (hook signatures, the module magic).  No
 * name of the server is redefined.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_COMPAT_H
#define SHARING_GUARD_COMPAT_H

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 200000
#error "sharing_guard supports PostgreSQL 15 to 19"
#endif

#include "catalog/pg_database.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "postmaster/bgworker_internals.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/sinvaladt.h"
#include "tcop/dest.h"
#include "utils/acl.h"

/* Since PostgreSQL 16, postgres.h does not include the varlena macros. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * Where extensions may be installed.  Before PostgreSQL 18 that is only the
 * server's own directory.
 */
#if PG_VERSION_NUM >= 180000
#define sg_extension_control_path() ((const char *) Extension_control_path)
#else
#define sg_extension_control_path() "$system"
#endif

/* PostgreSQL 18 removed ExecutorRun's last argument. */
#if PG_VERSION_NUM >= 180000
#define EXECUTOR_RUN_PARAMS \
	QueryDesc *queryDesc, ScanDirection direction, uint64 count
#define EXECUTOR_RUN_ARGS queryDesc, direction, count
#else
#define EXECUTOR_RUN_PARAMS \
	QueryDesc *queryDesc, ScanDirection direction, uint64 count, \
	bool execute_once
#define EXECUTOR_RUN_ARGS queryDesc, direction, count, execute_once
#endif

/* The same in all versions so far; a macro because it is long. */
#define PROCESS_UTILITY_PARAMS \
	PlannedStmt *pstmt, const char *queryString, bool readOnlyTree, \
	ProcessUtilityContext context, ParamListInfo params, \
	QueryEnvironment *queryEnv, DestReceiver *dest, QueryCompletion *qc
#define PROCESS_UTILITY_ARGS \
	pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc

/* PostgreSQL 18 has the module's name and version in its magic block. */
#ifdef PG_MODULE_MAGIC_EXT
#define SG_MODULE_MAGIC() \
	PG_MODULE_MAGIC_EXT(.name = "sharing_guard", .version = SHARING_GUARD_VERSION)
#else
#define SG_MODULE_MAGIC() PG_MODULE_MAGIC
#endif

/*
 * Returns the rights that a statement needs on a relation, and sets
 * *check_as_user to the role whose rights are checked (InvalidOid: the current
 * user).  Since PostgreSQL 16 this is separate from the range table.  An entry
 * without it is a partition or child of an entry that has it.
 */
static inline AclMode
sg_rte_permissions(const PlannedStmt *plan, const RangeTblEntry *rte,
				   Oid *check_as_user)
{
#if PG_VERSION_NUM >= 160000
	RTEPermissionInfo *perminfo = NULL;

	if (rte->perminfoindex != 0)
		perminfo = list_nth(plan->permInfos, rte->perminfoindex - 1);
	*check_as_user = perminfo ? perminfo->checkAsUser : InvalidOid;
	return perminfo ? perminfo->requiredPerms : 0;
#else
	*check_as_user = rte->checkAsUser;
	return rte->requiredPerms;
#endif
}

/* Returns the columns that a statement reads, offset as in selectedCols. */
static inline Bitmapset *
sg_rte_selected_columns(const PlannedStmt *plan, const RangeTblEntry *rte)
{
#if PG_VERSION_NUM >= 160000
	return rte->perminfoindex == 0 ? NULL :
		((RTEPermissionInfo *) list_nth(plan->permInfos,
										rte->perminfoindex - 1))->selectedCols;
#else
	return rte->selectedCols;
#endif
}

/* Returns the columns that a statement changes, offset as in updatedCols. */
static inline Bitmapset *
sg_rte_updated_columns(const PlannedStmt *plan, const RangeTblEntry *rte)
{
#if PG_VERSION_NUM >= 160000
	return rte->perminfoindex == 0 ? NULL :
		((RTEPermissionInfo *) list_nth(plan->permInfos,
										rte->perminfoindex - 1))->updatedCols;
#else
	return rte->updatedCols;
#endif
}

/*
 * Returns the join conditions of a MERGE.  PostgreSQL 17 has WHEN NOT MATCHED
 * BY SOURCE, and keeps the join conditions apart from the plan's quals for it.
 */
static inline List *
sg_merge_join_conditions(const ModifyTable *modify)
{
#if PG_VERSION_NUM >= 170000
	return modify->mergeJoinConditions;
#else
	return NIL;
#endif
}

/*
 * Is this the receiver of EXPLAIN (ANALYZE, SERIALIZE), new in PostgreSQL 17?
 */
static inline bool
sg_is_explain_receiver(const DestReceiver *dest)
{
#if PG_VERSION_NUM >= 170000
	return dest->mydest == DestExplainSerialize;
#else
	return false;
#endif
}

/* Returns the local id of our transaction. */
static inline LocalTransactionId
sg_local_transaction_id(void)
{
#if PG_VERSION_NUM >= 170000
	return MyProc->vxid.lxid;
#else
	return MyProc->lxid;
#endif
}

/*
 * May a member act as this role?  A superuser's right to act as any role does
 * not count.  Since PostgreSQL 16 a membership may only allow to administer
 * the role, like the membership that CREATE ROLE gives the creator.
 */
static inline bool
sg_acts_for(Oid member, Oid role)
{
#if PG_VERSION_NUM >= 160000
	if (!superuser_arg(member))
		return has_privs_of_role(member, role) ||
			member_can_set_role(member, role);
#endif
	return is_member_of_role_nosuper(member, role);
}

/*
 * Is a background worker of this name registered?  The server does not
 * register workers beyond max_worker_processes.  Call this only while
 * libraries are preloaded.
 */
static inline bool
sg_background_worker_is_registered(const char *name)
{
	/* PostgreSQL 18 made the list doubly linked. */
#if PG_VERSION_NUM >= 180000
	dlist_iter	iter;

	dlist_foreach(iter, &BackgroundWorkerList)
	{
		RegisteredBgWorker *worker = dlist_container(RegisteredBgWorker,
													 rw_lnode, iter.cur);
#else
	slist_iter	iter;

	slist_foreach(iter, &BackgroundWorkerList)
	{
		RegisteredBgWorker *worker = slist_container(RegisteredBgWorker,
													 rw_lnode, iter.cur);
#endif

		if (strcmp(worker->rw_worker.bgw_name, name) == 0)
			return true;
	}
	return false;
}

/* PostgreSQL 16 has one ownership check for all kinds of objects. */
static inline bool
sg_owns_database(Oid database, Oid role)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(DatabaseRelationId, database, role);
#else
	return pg_database_ownercheck(database, role);
#endif
}

/*
 * Returns the process of a virtual transaction.  Returns 0 where it has ended,
 * or has no process (a prepared transaction).
 */
static inline int
sg_virtual_transaction_pid(VirtualTransactionId vxid)
{
	PGPROC	   *proc;

	/* PostgreSQL 17 numbers processes instead of backends. */
#if PG_VERSION_NUM >= 170000
	if (vxid.procNumber == INVALID_PROC_NUMBER)
		return 0;
	proc = ProcNumberGetProc(vxid.procNumber);
#else
	if (vxid.backendId == InvalidBackendId)
		return 0;
	proc = BackendIdGetProc(vxid.backendId);
#endif
	return proc == NULL ? 0 : proc->pid;
}

/*
 * The identity that the authentication method gave a connection.  PostgreSQL
 * 16 keeps it apart from the connection, for its parallel workers.
 */
#if PG_VERSION_NUM >= 160000
#define SG_AUTHN_ID(port) MyClientConnectionInfo.authn_id
#else
#define SG_AUTHN_ID(port) (port)->authn_id
#endif

/* PostgreSQL 17 lets an access method clean up after insertions. */
#if PG_VERSION_NUM >= 170000
#define sg_index_insert_cleanup(index, info) index_insert_cleanup(index, info)
#else
#define sg_index_insert_cleanup(index, info) ((void) (info))
#endif

/*
 * PostgreSQL 18 renamed reverse(text)'s OID macro, because bytea has one too.
 */
#if PG_VERSION_NUM >= 180000
#define SG_F_REVERSE_TEXT F_REVERSE_TEXT
#else
#define SG_F_REVERSE_TEXT F_REVERSE
#endif

/*
 * PostgreSQL 17 added ALTER TABLE ... ALTER COLUMN ... SET EXPRESSION, which
 * recomputes a generated column for each row.  (This is a macro, so that other
 * users of this file need not include the parse tree's types.)
 */
#if PG_VERSION_NUM >= 170000
#define SG_IS_SET_EXPRESSION(subtype) ((subtype) == AT_SetExpression)
#else
#define SG_IS_SET_EXPRESSION(subtype) false
#endif

/* PostgreSQL 17 renamed the macro, which needs a header of autovacuum. */
#if PG_VERSION_NUM >= 170000
#define SG_IS_AUTOVACUUM_WORKER() AmAutoVacuumWorkerProcess()
#else
#define SG_IS_AUTOVACUUM_WORKER() IsAutoVacuumWorkerProcess()
#endif

/*
 * End the buffer I/O that an error has interrupted, as the abort of the
 * transaction does.  PostgreSQL 15 has one such I/O, in a variable.
 * PostgreSQL 17 and 18 have it in the resource owner.  In 16 only the abort
 * itself can find it.  PostgreSQL 18 also has a batch of I/O that is not
 * submitted yet.  (These are macros because they need headers of the buffer
 * manager.)
 */
#if PG_VERSION_NUM >= 180000
#include "storage/aio_subsys.h"
#define SG_ABORT_IO_BATCH() pgaio_error_cleanup()
#else
#define SG_ABORT_IO_BATCH() ((void) 0)
#endif
#if PG_VERSION_NUM >= 170000
#define SG_ABORT_BUFFER_IO() \
	ResourceOwnerReleaseAllOfKind(CurrentResourceOwner, \
								  &buffer_io_resowner_desc)
#elif PG_VERSION_NUM < 160000
#define SG_ABORT_BUFFER_IO() AbortBufferIO()
#else
#define SG_ABORT_BUFFER_IO() ((void) 0)
#endif

/*
 * Does a statement write to a relation?  The functions below work with the
 * indexes of the written relations in the statement's range table.  PostgreSQL
 * 19 made a set of that list.
 */
static inline bool
sg_plan_writes(const PlannedStmt *plan)
{
#if PG_VERSION_NUM >= 190000
	return plan->resultRelationRelids != NULL;
#else
	return plan->resultRelations != NIL;
#endif
}

static inline int
sg_count_written_relations(const PlannedStmt *plan)
{
#if PG_VERSION_NUM >= 190000
	return bms_num_members(plan->resultRelationRelids);
#else
	return list_length(plan->resultRelations);
#endif
}

static inline bool
sg_is_written_relation(const PlannedStmt *plan, int rti)
{
#if PG_VERSION_NUM >= 190000
	return bms_is_member(rti, plan->resultRelationRelids);
#else
	return list_member_int(plan->resultRelations, rti);
#endif
}

/*
 * Returns the next written relation; 0 after the last.  "at" is the function's
 * own state and must be -1 at first.
 */
static inline int
sg_next_written_relation(const PlannedStmt *plan, int *at)
{
#if PG_VERSION_NUM >= 190000
	*at = bms_next_member(plan->resultRelationRelids, *at);
	return *at < 0 ? 0 : *at;
#else
	return ++* at < list_length(plan->resultRelations) ?
		list_nth_int(plan->resultRelations, *at) : 0;
#endif
}

/*
 * PostgreSQL 19 has one level for each kind of process.  (This is an lvalue.)
 */
#if PG_VERSION_NUM >= 190000
#define SG_LOG_MIN_MESSAGES log_min_messages[MyBackendType]
#else
#define SG_LOG_MIN_MESSAGES log_min_messages
#endif

/* PostgreSQL 19 added an argument with flags for a sequential scan. */
#if PG_VERSION_NUM >= 190000
#define SG_TABLE_BEGINSCAN(rel, snapshot) \
	table_beginscan(rel, snapshot, 0, NULL, SO_NONE)
#else
#define SG_TABLE_BEGINSCAN(rel, snapshot) table_beginscan(rel, snapshot, 0, NULL)
#endif

/*
 * PostgreSQL 19 has REPACK, of which CLUSTER is a variant.  The relation is
 * NULL where the command is for all clustered tables.  (These are macros
 * because they need the parse tree's types.)
 */
#if PG_VERSION_NUM >= 190000
#define SG_T_CLUSTER_STMT T_RepackStmt
#define SG_CLUSTER_COMMAND(command) \
	(((const RepackStmt *) (command))->command == REPACK_COMMAND_CLUSTER ? \
	 "CLUSTER" : "REPACK")
#define SG_CLUSTER_RELATION(command) \
	(((const RepackStmt *) (command))->relation == NULL ? NULL : \
	 ((const RepackStmt *) (command))->relation->relation)
#else
#define SG_T_CLUSTER_STMT T_ClusterStmt
#define SG_CLUSTER_COMMAND(command) "CLUSTER"
#define SG_CLUSTER_RELATION(command) (((const ClusterStmt *) (command))->relation)
#endif

/* PostgreSQL 19 can also return whether a constraint is volatile. */
#if PG_VERSION_NUM >= 190000
#define SG_DOMAIN_HAS_CONSTRAINTS(type) DomainHasConstraints(type, NULL)
#else
#define SG_DOMAIN_HAS_CONSTRAINTS(type) DomainHasConstraints(type)
#endif

/* PostgreSQL 19 added an argument for the state of EXPLAIN. */
#if PG_VERSION_NUM >= 190000
#define SG_PLAN_QUERY(query, string, options) \
	pg_plan_query(query, string, options, NULL, NULL)
#else
#define SG_PLAN_QUERY(query, string, options) \
	pg_plan_query(query, string, options, NULL)
#endif

/* PostgreSQL 19 needs a call when a tuple descriptor has all its columns. */
#if PG_VERSION_NUM >= 190000
#define SG_TUPLE_DESC_FINALIZE(desc) TupleDescFinalize(desc)
#else
#define SG_TUPLE_DESC_FINALIZE(desc) ((void) 0)
#endif

#endif							/* SHARING_GUARD_COMPAT_H */
