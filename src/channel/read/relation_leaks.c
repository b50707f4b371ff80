/*-------------------------------------------------------------------------
 *
 * relation_leaks.c
 *		Whether what belongs to a guarded relation leaks its columns.
 *
 * Checks, generated columns, indexes, partition bounds, triggers and foreign
 * keys receive each changed row, also where the statement does not name them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "channel/guard/guard.h"
#include "channel/read/leaky_functions.h"
#include "channel/guard/read_guard.h"
#include "channel/read/relation_leaks.h"
#include "base/compat.h"
#include "commands/trigger.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parsetree.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

/* All that belongs to a guarded relation is an expression of its columns. */
static int
relation_source(Node *node, void *arg)
{
	return VALUE_GUARDED;
}

/* A stored expression of a relation; it is evaluated for every row. */
static bool
stored_leaks(char *stored)
{
	LeakSearch	search = {relation_source, NULL, true, false, true, false, false};

	if (stored != NULL)
		sg_leak_search(stringToNode(stored), &search);
	return search.leaks;
}

static bool
list_leaks(List *expressions)
{
	LeakSearch	search = {relation_source, NULL, true, false, true, false, false};

	sg_leak_search((Node *) expressions, &search);
	return search.leaks;
}

static bool
constraints_leak(Relation rel)
{
	TupleConstr *constr = RelationGetDescr(rel)->constr;

	if (rel->rd_rel->relispartition && list_leaks(RelationGetPartitionQual(rel)))
		return true;
	if (constr == NULL)
		return false;
	for (int i = 0; i < constr->num_check; i++)
	{
		if (stored_leaks(constr->check[i].ccbin))
			return true;
	}
	for (int i = 0; i < constr->num_defval; i++)
	{
		Form_pg_attribute attribute =
		TupleDescAttr(RelationGetDescr(rel), constr->defval[i].adnum - 1);

		if (attribute->attgenerated != '\0' &&
			stored_leaks(constr->defval[i].adbin))
			return true;
	}
	return false;
}

static bool
indexes_leak(Relation rel)
{
	List	   *indexes = RelationGetIndexList(rel);
	bool		leaks = false;
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		leaks = list_leaks(RelationGetIndexExpressions(index)) ||
			list_leaks(RelationGetIndexPredicate(index));
		index_close(index, NoLock);
		if (leaks)
			break;
	}
	list_free(indexes);
	return leaks;
}

/* Does a function leak by which a key is made what an operator compares? */
static bool
coercion_leaks(Oid type, Oid wanted)
{
	Oid			function;

	if (IsPolymorphicType(wanted) ||
		IsBinaryCoercible(type, wanted) ||
		IsBinaryCoercible(getBaseType(type), wanted))
		return false;
	switch (find_coercion_pathway(wanted, getBaseType(type),
								  COERCION_EXPLICIT, &function))
	{
		case COERCION_PATH_RELABELTYPE:
			return false;
		case COERCION_PATH_FUNC:
			return !sg_function_is_leakproof(function);
		default:
			return true;
	}
}

/*
 * Does a foreign key hand its columns to a function that may leak them?  It
 * compares them by operators of operator classes, but casts them first.
 */
static bool
key_leaks(Oid constraint)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID,
										ObjectIdGetDatum(constraint));
	Form_pg_constraint form;
	Datum		datums[3];
	const AttrNumber columns[] = {Anum_pg_constraint_conkey,
	Anum_pg_constraint_confkey, Anum_pg_constraint_conpfeqop};
	bool		leaks = false;
	int			nkeys;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	for (int i = 0; i < lengthof(columns); i++)
	{
		bool		isnull;

		datums[i] = SysCacheGetAttr(CONSTROID, tuple, columns[i], &isnull);
		if (isnull)
		{
			ReleaseSysCache(tuple);
			return false;
		}
	}
	nkeys = ArrayGetNItems(ARR_NDIM(DatumGetArrayTypeP(datums[0])),
						   ARR_DIMS(DatumGetArrayTypeP(datums[0])));
	for (int i = 0; i < nkeys && !leaks; i++)
	{
		AttrNumber	referencing = ((int16 *) ARR_DATA_PTR(DatumGetArrayTypeP(datums[0])))[i];
		AttrNumber	referenced = ((int16 *) ARR_DATA_PTR(DatumGetArrayTypeP(datums[1])))[i];
		Oid			operator = ((Oid *) ARR_DATA_PTR(DatumGetArrayTypeP(datums[2])))[i];
		Oid			left;
		Oid			right;

		op_input_types(operator, &left, &right);
		leaks = coercion_leaks(get_atttype(form->confrelid, referenced), left) ||
			coercion_leaks(get_atttype(form->conrelid, referencing), right);
	}
	ReleaseSysCache(tuple);
	return leaks;
}

/*
 * Does this trigger hand rows to a function that may leak them?  Those of the
 * server are known, foreign keys among them.
 */
static bool
trigger_leaks(const Trigger *trigger)
{
	if (trigger->tgenabled == TRIGGER_DISABLED ||
		(trigger->tgtype & (TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE |
							TRIGGER_TYPE_INSERT)) == 0)
		return false;
	if (trigger->tgtype & TRIGGER_TYPE_ROW)
	{
		if (stored_leaks(trigger->tgqual))
			return true;
	}
	else if (trigger->tgoldtable == NULL && trigger->tgnewtable == NULL)
		return false;
	if (trigger->tgfoid < FirstNormalObjectId)
		return OidIsValid(trigger->tgconstraint) &&
			key_leaks(trigger->tgconstraint);
	return !sg_function_is_leakproof(trigger->tgfoid);
}

static bool
fires(const Trigger *trigger, CmdType operation)
{
	switch (operation)
	{
		case CMD_DELETE:
			return (trigger->tgtype & TRIGGER_TYPE_DELETE) != 0;
		case CMD_MERGE:
			return true;
		default:
			return (trigger->tgtype & TRIGGER_TYPE_UPDATE) != 0;
	}
}

/*
 * "operation" is what is done to rows that are there; UPDATE for INSERT ... ON
 * CONFLICT.  The relation is locked by the statement.
 */
bool
sg_relation_leaks(Oid relid, CmdType operation)
{
	Relation	rel;
	const TriggerDesc *triggers;
	bool		leaks;

	if (sg_read_guard_find(relid) == NULL)
		return false;
	rel = relation_open(relid, AccessShareLock);
	leaks = operation != CMD_DELETE &&
		(constraints_leak(rel) || indexes_leak(rel));
	triggers = rel->trigdesc;
	for (int i = 0; triggers != NULL && i < triggers->numtriggers && !leaks; i++)
		leaks = fires(&triggers->triggers[i], operation) &&
			trigger_leaks(&triggers->triggers[i]);
	relation_close(rel, AccessShareLock);
	return leaks;
}

/*
 * The query elements of a guarded relation, offset as in selectedCols, and the
 * columns that are generated from them.
 */
Bitmapset *
sg_relation_elements(Oid relid, const ReadGuard *guard)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	const Guard *columns = sg_guard_lookup(rel, guard->guard_id);
	TupleConstr *constr = RelationGetDescr(rel)->constr;
	Bitmapset  *elements = NULL;
	Bitmapset  *generated = NULL;

	for (int i = 0; i < columns->nquery_elements; i++)
		elements = bms_add_member(elements,
								  columns->query_elements[i].attnum -
								  FirstLowInvalidHeapAttributeNumber);
	for (int i = 0; constr != NULL && i < constr->num_defval; i++)
	{
		AttrNumber	attnum = constr->defval[i].adnum;
		Bitmapset  *used = NULL;

		if (TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attgenerated == '\0')
			continue;
		pull_varattnos(stringToNode(constr->defval[i].adbin), 1, &used);
		if (bms_overlap(used, elements))
			generated = bms_add_member(generated,
									   attnum - FirstLowInvalidHeapAttributeNumber);
	}
	relation_close(rel, AccessShareLock);
	return bms_add_members(elements, generated);
}

/*
 * Does an index let a row that is inserted find out what is in others?  An
 * exclusion constraint computes its expressions for rows that are there; and
 * one that is checked at the commit is checked when it is too late to
 * record the error.  That of a unique constraint quotes what was inserted, so
 * it counts where a query element is asked for.
 */
static bool
index_tells(Relation index, const Bitmapset *elements)
{
	Form_pg_index form = index->rd_index;

	if (form->indisexclusion)
		return !form->indimmediate ||
			list_leaks(RelationGetIndexExpressions(index));
	if (!form->indisunique || form->indimmediate)
		return false;
	for (int i = 0; i < form->indnkeyatts; i++)
	{
		AttrNumber	attnum = form->indkey.values[i];

		if (bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, elements))
			return true;
	}
	return false;
}

static bool
relation_insert_tells(Oid relid)
{
	const ReadGuard *guard = sg_read_guard_find(relid);
	Relation	rel;
	List	   *indexes;
	ListCell   *lc;
	bool		tells = false;

	if (guard == NULL || guard->is_export)
		return false;
	rel = relation_open(relid, AccessShareLock);
	indexes = rel->rd_rel->relhasindex ? RelationGetIndexList(rel) : NIL;
	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index->rd_index->indisexclusion || !index->rd_index->indimmediate)
			tells = tells ||
				index_tells(index, sg_relation_elements(relid, guard));
		index_close(index, NoLock);
	}
	relation_close(rel, AccessShareLock);
	return tells;
}

/*
 * Does a row that is inserted into this relation, or into a partition of it,
 * disclose the content of guarded rows although it does not fail?
 */
bool
sg_insert_tells(Oid relid)
{
	ListCell   *lc;

	if (get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE)
		return relation_insert_tells(relid);
	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		if (relation_insert_tells(lfirst_oid(lc)))
			return true;
	}
	return false;
}

/*-------------------------------------------------------------------------
 * What is written to
 *-------------------------------------------------------------------------
 */

bool
sg_moves_rows(const PlannedStmt *plan, const RangeTblEntry *rte)
{
	Relation	rel = relation_open(rte->relid, AccessShareLock);
	bool		moves = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE &&
	has_partition_attrs(rel, sg_rte_updated_columns(plan, rte), NULL);

	relation_close(rel, AccessShareLock);
	return moves;
}

static bool
any_leaks(List *relids, CmdType operation)
{
	ListCell   *lc;

	foreach(lc, relids)
	{
		if (sg_relation_leaks(lfirst_oid(lc), operation))
			return true;
	}
	return false;
}

/*
 * A row may be moved to a partition that the plan does not mention; and the
 * statement's triggers are those of the root.
 */
static bool
partitions_leak(const PlannedStmt *plan, const ModifyTable *modify)
{
	RangeTblEntry *rte = rt_fetch(modify->rootRelation, plan->rtable);

	if (modify->operation != CMD_DELETE && sg_moves_rows(plan, rte) &&
		any_leaks(find_all_inheritors(rte->relid, AccessShareLock, NULL),
				  CMD_MERGE))
		return true;
	return sg_relation_leaks(rte->relid, modify->operation);
}

/* Does a relation that this node writes to leak the rows that it is handed? */
bool
sg_written_relations_leak(const PlannedStmt *plan, const ModifyTable *modify)
{
	CmdType		operation = modify->operation;
	ListCell   *lc;

	if (operation == CMD_INSERT)
	{
		RangeTblEntry *rte = rt_fetch(linitial_int(modify->resultRelations),
									  plan->rtable);

		if (modify->onConflictAction != ONCONFLICT_UPDATE)
			return false;
		operation = CMD_UPDATE;

		/* The partition that has the row is none of the plan's. */
		if (rte->relkind == RELKIND_PARTITIONED_TABLE &&
			any_leaks(find_all_inheritors(rte->relid, AccessShareLock, NULL),
					  operation))
			return true;
	}
	foreach(lc, modify->resultRelations)
	{
		if (sg_relation_leaks(rt_fetch(lfirst_int(lc), plan->rtable)->relid,
							  operation))
			return true;
	}
	return modify->rootRelation != 0 && partitions_leak(plan, modify);
}
