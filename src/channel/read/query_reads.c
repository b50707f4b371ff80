/*-------------------------------------------------------------------------
 *
 * query_reads.c
 *		Which guarded relations a query reads.
 *
 * The executor's range table names every relation, also one that is reached by
 * views, functions and WITH queries.  So this is told by the plan and by what
 * is guarded at the moment, and nothing of it is kept.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/pg_constraint.h"
#include "channel/read/foreign_key.h"
#include "channel/read/guarded_write.h"
#include "channel/read/query_reads.h"
#include "channel/read/reads.h"
#include "channel/guard/read_guard.h"
#include "channel/read/relation_leaks.h"
#include "channel/read/search_quals.h"
#include "base/compat.h"
#include "base/enum_names.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* Does this expression look at a column in any way but "column = value"? */
static bool
looks_at_column(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return true;
	if (IsA(node, OpExpr))
	{
		OpExpr	   *op = (OpExpr *) node;
		ListCell   *lc;

		/* The server's own equality tells nothing but its result. */
		if (op->opno >= FirstNormalObjectId || list_length(op->args) != 2 ||
			!op_mergejoinable(op->opno, exprType(linitial(op->args))))
			return expression_tree_walker(node, looks_at_column, context);
		foreach(lc, op->args)
		{
			Node	   *arg = lfirst(lc);

			while (IsA(arg, RelabelType))
				arg = (Node *) ((RelabelType *) arg)->arg;
			if (!IsA(arg, Var) && looks_at_column(arg, context))
				return true;
		}
		return false;
	}
	return expression_tree_walker(node, looks_at_column, context);
}

/* Can all that comes of this plan be known from "column = value"? */
static bool
only_compares(Plan *plan)
{
	ListCell   *lc;

	/* A column is no harm here: see who looks at the rows. */
	foreach(lc, plan->targetlist)
	{
		Node	   *expr = (Node *) lfirst_node(TargetEntry, lc)->expr;

		if (!IsA(expr, Const) && !IsA(expr, Var))
			return false;
	}
	if (looks_at_column((Node *) plan->qual, NULL))
		return false;
	switch (nodeTag(plan))
	{
		case T_LockRows:
			return only_compares(outerPlan(plan));
		case T_Append:
			foreach(lc, ((Append *) plan)->appendplans)
			{
				if (!only_compares(lfirst(lc)))
					return false;
			}
			return true;
		case T_SeqScan:
			return true;
		case T_IndexScan:
			return ((IndexScan *) plan)->indexorderbyorig == NIL &&
				!looks_at_column((Node *) ((IndexScan *) plan)->indexqualorig,
								 NULL);
		case T_BitmapHeapScan:
			return !looks_at_column((Node *) ((BitmapHeapScan *) plan)->bitmapqualorig,
									NULL);
		default:
			return false;
	}
}

/*
 * Is this the query of a foreign key's check?  It tells only whether the
 * constraint holds.  What has another shape is no such check: a
 * statement of a user's that comes by the mark after all tells as little.
 */
static bool
is_foreign_key_check(const PlannedStmt *plan)
{
	return sg_foreign_key_query() &&
		plan->commandType == CMD_SELECT &&
		plan->rowMarks != NIL &&
		!plan->hasModifyingCTE && plan->subplans == NIL &&
		list_length(plan->planTree->targetlist) >= 1 &&
		IsA(linitial_node(TargetEntry, plan->planTree->targetlist)->expr, Const) &&
		(list_length(plan->planTree->targetlist) == 1 ||
		 lsecond_node(TargetEntry, plan->planTree->targetlist)->resjunk) &&
		only_compares(plan->planTree);
}

/* Is this what rows are inserted into, and nothing else? */
static bool
is_insert(AclMode permissions)
{
	return permissions != 0 &&
		(permissions & (ACL_SELECT | ACL_UPDATE | ACL_DELETE)) == 0;
}

/* Is this the row that INSERT ... ON CONFLICT was given? */
static bool
is_excluded_row(const PlannedStmt *plan, int rti)
{
	return IsA(plan->planTree, ModifyTable) &&
		((ModifyTable *) plan->planTree)->exclRelRTI == rti;
}

/* Is one of these columns among those of an array of pg_constraint? */
static bool
has_column(HeapTuple constraint, AttrNumber array, const Bitmapset *columns)
{
	bool		isnull;
	Datum		datum = SysCacheGetAttr(CONSTROID, constraint, array, &isnull);
	bool		found = false;

	if (!isnull)
	{
		ArrayType  *keys = DatumGetArrayTypeP(datum);
		const int16 *attnums = (const int16 *) ARR_DATA_PTR(keys);

		/* Zero stands for an expression of an exclusion constraint. */
		for (int i = 0; i < ArrayGetNItems(ARR_NDIM(keys), ARR_DIMS(keys)); i++)
			found |= attnums[i] == 0 ? columns != NULL :
				bms_is_member(attnums[i] - FirstLowInvalidHeapAttributeNumber,
							  columns);
	}
	return found;
}

/* A write to a guarded relation, as its constraints see it. */
typedef struct Written
{
	const Bitmapset *updated;	/* columns that are set, NULL in a DELETE */
	const Bitmapset *computed;	/* ... to more than a value that was given */
	const Bitmapset *elements;
	bool		deletes;		/* or may do so */
} Written;

/*
 * Does this trigger of a constraint take what is in the table out of it?  Into
 * another, by ON UPDATE CASCADE; or, checked at the commit, into an error when
 * it is too late to record it.  That of a foreign key quotes, on the side of
 * what refers, what was set; on the side of what is referred to, the row that
 * is changed, which counts where its key has a query element.
 */
static bool
passes_on(const Trigger *trigger, const Written *written)
{
	HeapTuple	tuple;
	bool		found = false;

	if (!trigger->tgisinternal ||
		!(trigger->tgfoid == F_RI_FKEY_CASCADE_UPD || trigger->tgdeferrable))
		return false;
	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(trigger->tgconstraint));
	if (!HeapTupleIsValid(tuple))
		return false;
	switch (trigger->tgfoid)
	{
		case F_RI_FKEY_CASCADE_UPD:
			found = has_column(tuple, Anum_pg_constraint_confkey,
							   written->updated);
			break;
		case F_RI_FKEY_NOACTION_DEL:
			found = written->deletes &&
				has_column(tuple, Anum_pg_constraint_confkey, written->elements);
			break;
		case F_RI_FKEY_NOACTION_UPD:
			found = has_column(tuple, Anum_pg_constraint_confkey,
							   written->updated) &&
				has_column(tuple, Anum_pg_constraint_confkey, written->elements);
			break;
		case F_RI_FKEY_CHECK_INS:
		case F_RI_FKEY_CHECK_UPD:
			found = has_column(tuple, Anum_pg_constraint_conkey,
							   written->computed);
			break;
		default:
			found = has_column(tuple, Anum_pg_constraint_conkey,
							   written->updated);
			break;
	}
	ReleaseSysCache(tuple);
	return found;
}

/* Does a constraint take anything out that the statement changes? */
static bool
is_passed_on(const PlannedStmt *plan, int rti, const RangeTblEntry *rte)
{
	const ReadGuard *guard = sg_read_guard_find(rte->relid);
	Relation	rel = relation_open(rte->relid, AccessShareLock);
	Written		written = {NULL};
	bool		found = false;

	if (rel->trigdesc != NULL && guard != NULL && !guard->is_export)
	{
		written.updated = sg_rte_updated_columns(plan, rte);
		written.computed = sg_computed_columns(plan, rti);
		written.elements = sg_relation_elements(rte->relid, guard);
		written.deletes = plan->commandType == CMD_DELETE ||
			plan->commandType == CMD_MERGE;
		for (int i = 0; i < rel->trigdesc->numtriggers; i++)
			found |= passes_on(&rel->trigdesc->triggers[i], &written);
	}
	relation_close(rel, AccessShareLock);
	return found;
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
	return sg_command_type_name(queryDesc->operation);
}

/* Is this what the statement writes to, the partitions of it not considered? */
static bool
is_written(const PlannedStmt *plan, int rti)
{
	const ModifyTable *modify = (const ModifyTable *) plan->planTree;

	return sg_is_written_relation(plan, rti) ||
		(IsA(modify, ModifyTable) && (int) modify->rootRelation == rti);
}

/*
 * How our own people use a relation that a statement writes to.  The plan is
 * searched once for all of them: *known, *use.
 */
static WriteUse
write_use(QueryDesc *queryDesc, int rti, const RangeTblEntry *rte,
		  AclMode permissions, bool *known, WriteUse *use)
{
	PlannedStmt *plan = queryDesc->plannedstmt;

	/* A statement that inserts a row knows it, and may have it returned. */
	if (is_insert(permissions) || sg_only_inserts(plan, rti))
		return sg_insert_tells(rte->relid) ? WRITE_LEAKS : WRITE_SILENT;
	if (plan->commandType == CMD_SELECT || plan->hasReturning ||
		plan->hasModifyingCTE || is_passed_on(plan, rti, rte))
		return WRITE_LEAKS;
	if ((plan->commandType == CMD_INSERT || plan->commandType == CMD_MERGE) &&
		sg_insert_tells(rte->relid))
		return WRITE_LEAKS;
	if (!*known)
	{
		*use = sg_guarded_write_use(queryDesc);
		if (*use == WRITE_COMPARES && sg_foreign_key_query())
			*use = WRITE_SILENT;
		*known = true;
	}
	return *use;
}

static ReadRequest *
make_request(const QueryDesc *queryDesc, const ReadGuard *guard, Oid relid,
			 Oid check_as_user, WriteUse use)
{
	ReadRequest *request = palloc0(sizeof(ReadRequest));

	request->guard = *guard;
	request->relid = relid;
	request->check_as_user = check_as_user;
	request->use = use;
	request->operation = operation_name(queryDesc);
	request->channel = queryDesc->dest != NULL &&
		queryDesc->dest->mydest == DestCopyOut ?
		CHANNEL_COPY : CHANNEL_QUERY;
	request->query_elements = query_elements;
	request->arg = (void *) queryDesc;
	return request;
}

/* Does the statement put rows into partitions of this table? */
static bool
takes_rows(const PlannedStmt *plan, const RangeTblEntry *rte)
{
	return plan->commandType == CMD_INSERT || plan->commandType == CMD_MERGE ||
		(plan->commandType == CMD_UPDATE && sg_moves_rows(plan, rte));
}

/*
 * A row may be routed to any partition, so the guards of all of them count
 * where rows are put into a table that has no guard itself.
 */
static List *
add_partitions(List *requests, const QueryDesc *queryDesc,
			   const RangeTblEntry *rte)
{
	ListCell   *lc;
	Oid			check_as_user;

	(void) sg_rte_permissions(queryDesc->plannedstmt, rte, &check_as_user);
	foreach(lc, sg_read_guard_below(rte->relid))
	{
		const ReadGuard *guard = lfirst(lc);

		requests = lappend(requests,
						   make_request(queryDesc, guard, guard->relid,
										check_as_user,
										sg_insert_tells(guard->relid) ?
										WRITE_LEAKS : WRITE_SILENT));
	}
	return requests;
}

/*
 * What is inserted into an export table is decided on row by row, by its own
 * guard.  Entries without any permissions are partitions and children.  The
 * table above them stands for them, unless it is not guarded as they are: a
 * guarded table may have been made a child of another.
 */
List *
sg_query_reads(QueryDesc *queryDesc)
{
	PlannedStmt *plan = queryDesc->plannedstmt;
	List	   *requests = NIL;
	ListCell   *lc;
	int			rti = 0;
	bool		use_known = false;
	WriteUse	use_of_all = WRITE_SILENT;

	if (likely(plan == sg_plain_plan))
		return NIL;
	foreach(lc, plan->rtable)
	{
		RangeTblEntry *rte = lfirst(lc);
		const ReadGuard *guard;
		AclMode		permissions;
		Oid			check_as_user;
		Oid			table;
		ListCell   *other;
		WriteUse	use;
		bool		known = false;

		rti++;
		/* A view has become a subquery, which still says whose. */
		if (!OidIsValid(rte->relid) ||
			(rte->rtekind != RTE_RELATION && rte->rtekind != RTE_SUBQUERY))
			continue;
		guard = sg_read_guard_find(rte->relid);
		if (guard == NULL)
		{
			if (unlikely(rte->relkind == RELKIND_PARTITIONED_TABLE) &&
				is_written(plan, rti) && takes_rows(plan, rte))
				requests = add_partitions(requests, queryDesc, rte);
			continue;
		}
		permissions = sg_rte_permissions(plan, rte, &check_as_user);
		if (is_insert(permissions) && guard->is_export)
			continue;
		if (is_excluded_row(plan, rti))
			continue;
		table = sg_table_of_toast(rte->relid);
		if (!OidIsValid(table))
			table = rte->relid;
		if (is_foreign_key_check(plan))
			return NIL;

		use = is_written(plan, rti) ?
			write_use(queryDesc, rti, rte, permissions, &use_known,
					  &use_of_all) : WRITE_LEAKS;
		foreach(other, requests)
		{
			ReadRequest *earlier = lfirst(other);

			if ((earlier->relid == table &&
				 earlier->check_as_user == check_as_user) ||
				(permissions == 0 &&
				 strcmp(earlier->guard.guard_id, guard->guard_id) == 0))
			{
				earlier->use = Min(earlier->use, use);
				known = true;
			}
		}
		if (known)
			continue;

		requests = lappend(requests,
						   make_request(queryDesc, guard, table,
										check_as_user, use));
	}
	return requests;
}
