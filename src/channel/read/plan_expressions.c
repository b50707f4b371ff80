/*-------------------------------------------------------------------------
 *
 * plan_expressions.c
 *		The expressions and the children of a plan's node.
 *
 * The server has walkers for expressions and for the trees of states, but none
 * that visits the expressions of a plan.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "channel/read/leaky_functions.h"
#include "channel/read/plan_expressions.h"
#include "base/compat.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/syscache.h"

#define ADD(list, expression) ((list) = lappend(list, (void *) (expression)))

/*
 * Adds the expressions of a plan that scans something.  Returns false for a
 * plan that is no scan, or that has none but those of every plan.
 */
static bool
scan_expressions(const Plan *plan, List **found, bool *complete)
{
	switch (nodeTag(plan))
	{
		case T_IndexScan:
			ADD(*found, ((IndexScan *) plan)->indexqualorig);
			ADD(*found, ((IndexScan *) plan)->indexorderbyorig);
			break;
		case T_IndexOnlyScan:
			ADD(*found, ((IndexOnlyScan *) plan)->recheckqual);
			ADD(*found, ((IndexOnlyScan *) plan)->indexorderby);
			break;
		case T_BitmapHeapScan:
			ADD(*found, ((BitmapHeapScan *) plan)->bitmapqualorig);
			break;
		case T_TidScan:
			ADD(*found, ((TidScan *) plan)->tidquals);
			break;
		case T_TidRangeScan:
			ADD(*found, ((TidRangeScan *) plan)->tidrangequals);
			break;
		case T_SampleScan:
			ADD(*found, ((SampleScan *) plan)->tablesample);
			break;
		case T_FunctionScan:
			ADD(*found, ((FunctionScan *) plan)->functions);
			break;
		case T_TableFuncScan:
			ADD(*found, ((TableFuncScan *) plan)->tablefunc);
			break;
		case T_ValuesScan:
			ADD(*found, ((ValuesScan *) plan)->values_lists);
			break;
		case T_ForeignScan:
			ADD(*found, ((ForeignScan *) plan)->fdw_exprs);
			ADD(*found, ((ForeignScan *) plan)->fdw_recheck_quals);
			*complete = false;
			break;
		case T_CustomScan:
			ADD(*found, ((CustomScan *) plan)->custom_exprs);
			*complete = false;
			break;
		default:
			return false;
	}
	return true;
}

List *
sg_plan_expressions(const Plan *plan, bool *complete)
{
	List	   *found = NIL;

	if (scan_expressions(plan, &found, complete))
		return found;
	switch (nodeTag(plan))
	{
		case T_NestLoop:
			ADD(found, ((Join *) plan)->joinqual);
			break;
		case T_HashJoin:
			ADD(found, ((Join *) plan)->joinqual);
			ADD(found, ((HashJoin *) plan)->hashclauses);
			break;
		case T_MergeJoin:
			ADD(found, ((Join *) plan)->joinqual);
			ADD(found, ((MergeJoin *) plan)->mergeclauses);
			break;
		case T_Memoize:
			ADD(found, ((Memoize *) plan)->param_exprs);
			break;
		case T_WindowAgg:
			ADD(found, ((WindowAgg *) plan)->startOffset);
			ADD(found, ((WindowAgg *) plan)->endOffset);
			ADD(found, ((WindowAgg *) plan)->runCondition);
			break;
		case T_Limit:
			ADD(found, ((Limit *) plan)->limitOffset);
			ADD(found, ((Limit *) plan)->limitCount);
			break;
		case T_Result:
			ADD(found, ((Result *) plan)->resconstantqual);
			break;
		case T_ModifyTable:
			ADD(found, ((ModifyTable *) plan)->returningLists);
			ADD(found, ((ModifyTable *) plan)->onConflictWhere);
			ADD(found, ((ModifyTable *) plan)->onConflictSet);
			ADD(found, ((ModifyTable *) plan)->mergeActionLists);
			ADD(found, sg_merge_join_conditions((ModifyTable *) plan));
			*complete = false;	/* triggers, constraints, indexes */
			break;
		case T_SeqScan:
		case T_BitmapIndexScan:
		case T_BitmapAnd:
		case T_BitmapOr:
		case T_SubqueryScan:
		case T_CteScan:
		case T_NamedTuplestoreScan:
		case T_WorkTableScan:
		case T_Material:
		case T_Sort:
		case T_IncrementalSort:
		case T_Group:
		case T_Agg:
		case T_Unique:
		case T_SetOp:
		case T_Hash:
		case T_LockRows:
		case T_Append:
		case T_MergeAppend:
		case T_RecursiveUnion:
		case T_Gather:
		case T_GatherMerge:
		case T_ProjectSet:
			break;
		default:
			*complete = false;
			break;
	}
	return found;
}

List *
sg_plan_children(const Plan *plan)
{
	List	   *children = NIL;

	if (plan->lefttree != NULL)
		children = lappend(children, plan->lefttree);
	if (plan->righttree != NULL)
		children = lappend(children, plan->righttree);
	switch (nodeTag(plan))
	{
		case T_Append:
			return list_concat(children, ((Append *) plan)->appendplans);
		case T_MergeAppend:
			return list_concat(children, ((MergeAppend *) plan)->mergeplans);
		case T_BitmapAnd:
			return list_concat(children, ((BitmapAnd *) plan)->bitmapplans);
		case T_BitmapOr:
			return list_concat(children, ((BitmapOr *) plan)->bitmapplans);
		case T_SubqueryScan:
			return lappend(children, ((SubqueryScan *) plan)->subplan);
		case T_CustomScan:
			return list_concat(children, ((CustomScan *) plan)->custom_plans);
		default:
			return children;
	}
}

/* The children of an Append have columns alike, so its first stands for all. */
Plan *
sg_plan_outer(const Plan *plan)
{
	List	   *children = NIL;

	if (plan->lefttree != NULL)
		return plan->lefttree;
	if (IsA(plan, Append))
		children = ((Append *) plan)->appendplans;
	else if (IsA(plan, MergeAppend))
		children = ((MergeAppend *) plan)->mergeplans;
	return children == NIL ? NULL : linitial(children);
}

Plan *
sg_plan_inner(const Plan *plan)
{
	return plan->righttree;
}

/* ----------------------------------------------------------------
 *		Effects
 * ----------------------------------------------------------------
 */

/*
 * A function that is shown nothing can tell nothing.  One in C does what is
 * known of it, and has no effects unless it is volatile; so has the server's,
 * but for notices, which leave at once.
 */
static bool
function_has_effects(Oid function, void *context)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	bool		found;

	if (!HeapTupleIsValid(tuple))
		return true;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	found = form->pronargs > 0 &&
		(form->provolatile == PROVOLATILE_VOLATILE ||
		 sg_function_may_notify(function) ||
		 (form->prolang != INTERNALlanguageId &&
		  form->prolang != ClanguageId &&
		  !(form->prolang == SQLlanguageId && function < FirstNormalObjectId)));
	ReleaseSysCache(tuple);
	return found;
}

static bool
expression_has_effects(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Aggref:
			if (((Aggref *) node)->aggfnoid >= FirstNormalObjectId)
				return true;
			break;
		case T_WindowFunc:
			if (((WindowFunc *) node)->winfnoid >= FirstNormalObjectId)
				return true;
			break;
		case T_CoerceToDomain:	/* its constraints */
			return true;
		default:
			break;
	}
	return check_functions_in_node(node, function_has_effects, context) ||
		expression_tree_walker(node, expression_has_effects, context);
}

static bool
plan_has_effects(Plan *plan)
{
	bool		complete = true;
	List	   *expressions;
	List	   *children;
	ListCell   *lc;
	bool		found;

	if (plan == NULL)
		return false;
	check_stack_depth();
	expressions = sg_plan_expressions(plan, &complete);
	found = !complete ||
		expression_has_effects((Node *) plan->targetlist, NULL) ||
		expression_has_effects((Node *) plan->qual, NULL);
	foreach(lc, expressions)
		found = found || expression_has_effects(lfirst(lc), NULL);
	list_free(expressions);
	children = sg_plan_children(plan);
	foreach(lc, children)
		found = found || plan_has_effects(lfirst(lc));
	list_free(children);
	return found;
}

bool
sg_plan_has_effects(const PlannedStmt *plannedstmt)
{
	ListCell   *lc;

	if (plan_has_effects(plannedstmt->planTree))
		return true;
	foreach(lc, plannedstmt->subplans)
	{
		if (plan_has_effects(lfirst(lc)))
			return true;
	}
	return false;
}
