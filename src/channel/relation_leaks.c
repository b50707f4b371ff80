/*-------------------------------------------------------------------------
 *
 * relation_leaks.c
 *		Whether what belongs to a guarded relation leaks its columns.
 *
 * Checks, generated columns, indexes, partition bounds, triggers and foreign
 * keys are handed each row that is changed, whatever the statement says.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/transam.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_trigger.h"
#include "channel/leaky_functions.h"
#include "channel/records.h"
#include "channel/relation_leaks.h"
#include "commands/trigger.h"
#include "parser/parse_coerce.h"
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
	LeakSearch	search = {relation_source, NULL, true, false, false, false};

	if (stored != NULL)
		sg_leak_search(stringToNode(stored), &search);
	return search.leaks;
}

static bool
list_leaks(List *expressions)
{
	LeakSearch	search = {relation_source, NULL, true, false, false, false};

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

	if (sg_records_find(relid) == NULL)
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
