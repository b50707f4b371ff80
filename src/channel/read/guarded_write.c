/*-------------------------------------------------------------------------
 *
 * guarded_write.c
 *		What a statement that writes to a guarded relation discloses.
 *
 * The plan is searched when execution begins, because views, rules, policies
 * and inlined functions are resolved by then.  Two things are looked for: a
 * function that may leak a column of a guarded relation (leaky_functions.c says
 * which), and a comparison of a query element.  Functions are also called by
 * what belongs to the relation: checks, generated columns, indexes, triggers
 * and partition bounds.
 *
 * The columns are followed through the plan: a Var above a scan stands for an
 * expression of the plan below it, and a Param for what a join or a subquery
 * puts into it.  What cannot be followed counts as a guarded column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "channel/guard/guard.h"
#include "channel/read/guarded_write.h"
#include "channel/read/leaky_functions.h"
#include "channel/guard/read_guard.h"
#include "channel/read/relation_leaks.h"
#include "base/compat.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/rel.h"

#define VALUE_ANY	(VALUE_GUARDED | VALUE_SEARCHED)

/* How many plans deep a column is followed. */
#define MAX_DEPTH	100

/* What a parameter is set to, as an expression of a plan. */
typedef struct ParamSource
{
	int			paramid;
	Node	   *expr;
	Plan	   *plan;
} ParamSource;

typedef struct WriteSearch
{
	LeakSearch	leak;
	PlannedStmt *plan;
	Plan	   *at;				/* whose expressions are being searched */
	bool		in_subplan;
	bool		collecting;		/* parameters; nothing else yet */
	List	   *params;			/* ParamSource */
	Bitmapset **elements;		/* query elements by range table index */
	bool	   *known;			/* are those? */
	int			depth;
} WriteSearch;

static void search_plan(Plan *plan, WriteSearch *search);

/*-------------------------------------------------------------------------
 * Where a value comes from
 *-------------------------------------------------------------------------
 */

/* What a column of the range table is made of. */
static int
table_column_source(WriteSearch *search, int rti, AttrNumber attno)
{
	RangeTblEntry *rte = rt_fetch(rti, search->plan->rtable);
	const ReadGuard *guard;

	if (rte->rtekind != RTE_RELATION)
		return VALUE_ANY;
	guard = sg_read_guard_find(rte->relid);
	if (guard == NULL || guard->is_export)
		return 0;
	if (!search->known[rti])
	{
		search->known[rti] = true;
		search->elements[rti] = sg_relation_elements(rte->relid, guard);
	}
	if (attno == 0 ? search->elements[rti] != NULL :
		bms_is_member(attno - FirstLowInvalidHeapAttributeNumber,
					  search->elements[rti]))
		return VALUE_ANY;
	return VALUE_GUARDED;
}

/* What an expression of another plan is made of. */
static int
source_at(WriteSearch *search, Node *expr, Plan *plan)
{
	Plan	   *was_at = search->at;
	int			source;

	if (search->depth >= MAX_DEPTH)
		return VALUE_ANY;
	search->depth++;
	search->at = plan;
	source = sg_leak_source(expr, &search->leak);
	search->at = was_at;
	search->depth--;
	return source;
}

/* What a column of a plan's result is made of. */
static int
result_source(WriteSearch *search, Plan *plan, AttrNumber attno)
{
	TargetEntry *column = plan == NULL ? NULL :
	get_tle_by_resno(plan->targetlist, attno);

	return column == NULL ? VALUE_ANY :
		source_at(search, (Node *) column->expr, plan);
}

static int
results_source(WriteSearch *search, List *plans, AttrNumber attno)
{
	int			source = plans == NIL ? VALUE_ANY : 0;
	ListCell   *lc;

	foreach(lc, plans)
		source |= result_source(search, lfirst(lc), attno);
	return source;
}

/* The same of a column of what a plan reads below it. */
static int
outer_source(WriteSearch *search, AttrNumber attno)
{
	switch (nodeTag(search->at))
	{
		case T_Append:
			return results_source(search,
								  ((Append *) search->at)->appendplans, attno);
		case T_MergeAppend:
			return results_source(search,
								  ((MergeAppend *) search->at)->mergeplans,
								  attno);
		case T_RecursiveUnion:
			return VALUE_ANY;
		default:
			return result_source(search, outerPlan(search->at), attno);
	}
}

static int
inner_source(WriteSearch *search, AttrNumber attno)
{
	if (!IsA(search->at, ModifyTable))
		return result_source(search, innerPlan(search->at), attno);

	/* The row that INSERT ... ON CONFLICT was given, or MERGE's source. */
	if (((ModifyTable *) search->at)->operation == CMD_INSERT)
		return 0;
	return result_source(search, outerPlan(search->at), attno);
}

static int
scanned_source(WriteSearch *search, const Var *var)
{
	Plan	   *at = search->at;

	switch (nodeTag(at))
	{
		case T_SubqueryScan:
			return result_source(search, ((SubqueryScan *) at)->subplan,
								 var->varattno);
		case T_CteScan:
			return result_source(search,
								 list_nth(search->plan->subplans,
										  ((CteScan *) at)->ctePlanId - 1),
								 var->varattno);
		case T_FunctionScan:
			return source_at(search, (Node *) ((FunctionScan *) at)->functions,
							 at);
		case T_ValuesScan:
			return source_at(search,
							 (Node *) ((ValuesScan *) at)->values_lists, at);
		case T_ModifyTable:
			if (((ModifyTable *) at)->exclRelRTI == var->varno)
				return 0;
			break;
		default:
			break;
	}
	return table_column_source(search, var->varno, var->varattno);
}

static int
param_source(WriteSearch *search, int paramid)
{
	bool		known = false;
	int			source = 0;
	ListCell   *lc;

	foreach(lc, search->params)
	{
		ParamSource *param = lfirst(lc);

		if (param->paramid != paramid)
			continue;
		known = true;
		source |= source_at(search, param->expr, param->plan);
	}
	return known ? source : VALUE_ANY;
}

/* What a Var or a Param of the plan at hand is made of. */
static int
plan_source(Node *node, void *arg)
{
	WriteSearch *search = arg;
	Var		   *var = (Var *) node;

	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXEC ?
			param_source(search, ((Param *) node)->paramid) : 0;
	switch (var->varno)
	{
		case OUTER_VAR:
			return outer_source(search, var->varattno);
		case INNER_VAR:
			return inner_source(search, var->varattno);
		case INDEX_VAR:
			if (IsA(search->at, IndexOnlyScan))
			{
				TargetEntry *column =
				get_tle_by_resno(((IndexOnlyScan *) search->at)->indextlist,
								 var->varattno);

				if (column != NULL)
					return source_at(search, (Node *) column->expr,
									 search->at);
			}
			return VALUE_ANY;
		default:
			if (var->varno <= 0 ||
				var->varno > list_length(search->plan->rtable))
				return VALUE_ANY;
			return scanned_source(search, var);
	}
}

/*-------------------------------------------------------------------------
 * Parameters
 *-------------------------------------------------------------------------
 */

static void
add_param(WriteSearch *search, int paramid, Node *expr, Plan *plan)
{
	ParamSource *param = palloc(sizeof(ParamSource));

	param->paramid = paramid;
	param->expr = expr;
	param->plan = plan;
	search->params = lappend(search->params, param);
}

/* Notes what a subquery is handed, and what it sets. */
static bool
collect_subplans(Node *node, WriteSearch *search)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan))
	{
		SubPlan    *subplan = (SubPlan *) node;
		Plan	   *made = list_nth(search->plan->subplans,
									subplan->plan_id - 1);
		ListCell   *param;
		ListCell   *arg;

		forboth(param, subplan->parParam, arg, subplan->args)
			add_param(search, lfirst_int(param), lfirst(arg), search->at);
		foreach(param, subplan->setParam)
		{
			TargetEntry *column = NULL;

			if (made != NULL)
				column = get_tle_by_resno(made->targetlist,
										  foreach_current_index(param) + 1);
			if (column != NULL)
				add_param(search, lfirst_int(param), (Node *) column->expr,
						  made);
		}
	}
	return expression_tree_walker(node, collect_subplans, search);
}

/*-------------------------------------------------------------------------
 * Plans
 *-------------------------------------------------------------------------
 */

static void
search_expression(void *expr, WriteSearch *search, bool conditional,
				  bool comparing)
{
	if (search->collecting)
	{
		(void) collect_subplans(expr, search);
		return;
	}
	search->leak.conditional = conditional || search->in_subplan;
	search->leak.comparing = comparing;
	sg_leak_search(expr, &search->leak);
}

/* An expression by which rows are chosen. */
static void
search_condition(void *expr, WriteSearch *search)
{
	search_expression(expr, search, true, true);
}

static void
search_plans(List *plans, WriteSearch *search)
{
	ListCell   *lc;

	foreach(lc, plans)
		search_plan(lfirst(lc), search);
}

/*
 * Looks at what a plan sets columns of a relation to.  A query element that is
 * put into another column could be compared there by statements that compare
 * none; and the table's size, or the partition that a row is put into, could
 * tell it as well.
 */
static void
search_assignments(List *targetlist, List *columns, int rti, Plan *plan,
				   WriteSearch *search)
{
	ListCell   *column = list_head(columns);
	ListCell   *lc;

	foreach(lc, targetlist)
	{
		TargetEntry *assigned = lfirst_node(TargetEntry, lc);

		if (assigned->resjunk || column == NULL)
			continue;
		if ((source_at(search, (Node *) assigned->expr, plan) & VALUE_SEARCHED) != 0 &&
			table_column_source(search, rti, lfirst_int(column)) == VALUE_GUARDED)
			search->leak.leaks = true;
		column = lnext(columns, column);
	}
}

/* The same of all that a statement sets. */
static void
search_all_assignments(ModifyTable *modify, WriteSearch *search)
{
	ListCell   *target;
	ListCell   *columns;
	ListCell   *actions;

	forboth(target, modify->resultRelations, columns, modify->updateColnosLists)
		search_assignments(outerPlan(modify)->targetlist, lfirst(columns),
						   lfirst_int(target), outerPlan(modify), search);
	search_assignments(modify->onConflictSet, modify->onConflictCols,
					   linitial_int(modify->resultRelations), &modify->plan,
					   search);
	forboth(target, modify->resultRelations, actions, modify->mergeActionLists)
	{
		ListCell   *lc;

		foreach(lc, (List *) lfirst(actions))
		{
			MergeAction *action = lfirst_node(MergeAction, lc);

			search_assignments(action->targetList, action->updateColnos,
							   lfirst_int(target), &modify->plan, search);
		}
	}
}

static void
search_modification(ModifyTable *modify, WriteSearch *search)
{
	ListCell   *lc;
	ListCell   *option;

	if (!search->collecting)
		search_all_assignments(modify, search);
	search_expression(modify->onConflictSet, search, false, false);
	search_condition(modify->onConflictWhere, search);
	search_condition(sg_merge_join_conditions(modify), search);
	foreach(lc, modify->mergeActionLists)
	{
		ListCell   *action;

		foreach(action, (List *) lfirst(lc))
		{
			MergeAction *made = lfirst_node(MergeAction, action);

			search_condition(made->qual, search);
			search_expression(made->targetList, search,
							  made->commandType != CMD_INSERT ||
							  made->qual != NULL, false);
		}
	}

	/* Policies are checked for every row, so they are no search. */
	foreach(lc, modify->withCheckOptionLists)
	{
		foreach(option, (List *) lfirst(lc))
			search_expression(lfirst(option), search, true, false);
	}
}

static void
search_join(Join *join, WriteSearch *search)
{
	ListCell   *lc;

	search_condition(join->joinqual, search);
	switch (nodeTag(join))
	{
		case T_NestLoop:
			foreach(lc, ((NestLoop *) join)->nestParams)
			{
				NestLoopParam *param = lfirst_node(NestLoopParam, lc);

				if (search->collecting)
					add_param(search, param->paramno,
							  (Node *) param->paramval, &join->plan);
			}
			break;
		case T_HashJoin:
			search_condition(((HashJoin *) join)->hashclauses, search);
			break;
		default:
			search_condition(((MergeJoin *) join)->mergeclauses, search);
			break;
	}
}

/*
 * What a plan that scans something evaluates in particular.  Returns false for
 * a plan that is no scan.
 */
static bool
search_scan(Plan *plan, WriteSearch *search)
{
	switch (nodeTag(plan))
	{
		case T_SampleScan:
			search_condition(((SampleScan *) plan)->tablesample, search);
			break;
		case T_IndexScan:
			search_condition(((IndexScan *) plan)->indexqualorig, search);
			search_condition(((IndexScan *) plan)->indexorderbyorig, search);
			break;
		case T_IndexOnlyScan:
			search_condition(((IndexOnlyScan *) plan)->indexqual, search);
			search_condition(((IndexOnlyScan *) plan)->indexorderby, search);
			break;
		case T_BitmapIndexScan:
			search_condition(((BitmapIndexScan *) plan)->indexqualorig, search);
			break;
		case T_BitmapHeapScan:
			search_condition(((BitmapHeapScan *) plan)->bitmapqualorig, search);
			break;
		case T_TidScan:
			search_condition(((TidScan *) plan)->tidquals, search);
			break;
		case T_TidRangeScan:
			search_condition(((TidRangeScan *) plan)->tidrangequals, search);
			break;
		case T_SubqueryScan:
			search_plan(((SubqueryScan *) plan)->subplan, search);
			break;
		case T_FunctionScan:
			search_expression(((FunctionScan *) plan)->functions, search,
							  true, false);
			break;
		case T_ValuesScan:
			search_expression(((ValuesScan *) plan)->values_lists, search,
							  true, false);
			break;
		default:
			return false;
	}
	return true;
}

/* What is evaluated by a plan of this kind in particular. */
static void
search_node(Plan *plan, WriteSearch *search)
{
	if (search_scan(plan, search))
		return;
	switch (nodeTag(plan))
	{
		case T_Result:
			search_condition(((Result *) plan)->resconstantqual, search);
			break;
		case T_ModifyTable:
			search_modification((ModifyTable *) plan, search);
			break;
		case T_Append:
			search_plans(((Append *) plan)->appendplans, search);
			break;
		case T_MergeAppend:
			search_plans(((MergeAppend *) plan)->mergeplans, search);
			break;
		case T_BitmapAnd:
			search_plans(((BitmapAnd *) plan)->bitmapplans, search);
			break;
		case T_BitmapOr:
			search_plans(((BitmapOr *) plan)->bitmapplans, search);
			break;
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			search_join((Join *) plan, search);
			break;
		case T_Memoize:
			search_expression(((Memoize *) plan)->param_exprs, search,
							  true, false);
			break;
		case T_WindowAgg:
			search_condition(((WindowAgg *) plan)->startOffset, search);
			search_condition(((WindowAgg *) plan)->endOffset, search);
			search_condition(((WindowAgg *) plan)->runCondition, search);
			break;
		case T_Limit:
			search_condition(((Limit *) plan)->limitOffset, search);
			search_condition(((Limit *) plan)->limitCount, search);
			break;
		case T_ProjectSet:
		case T_RecursiveUnion:
		case T_SeqScan:
		case T_CteScan:
		case T_NamedTuplestoreScan:
		case T_WorkTableScan:
		case T_Material:
		case T_Sort:
		case T_IncrementalSort:
		case T_Group:
		case T_Agg:
		case T_Unique:
		case T_Gather:
		case T_GatherMerge:
		case T_Hash:
		case T_SetOp:
		case T_LockRows:
			/* Sorted, grouped and hashed by operator classes: a superuser's. */
			break;
		default:

			/*
			 * What another server or another module does with the columns is
			 * not known.
			 */
			search->leak.leaks = true;
			break;
	}
}

static void
search_plan(Plan *plan, WriteSearch *search)
{
	Plan	   *was_at = search->at;

	if (plan == NULL || search->leak.leaks)
		return;
	check_stack_depth();

	search->at = plan;
	search_expression(plan->initPlan, search, true, false);

	/* ModifyTable's is that of RETURNING. */
	if (!IsA(plan, ModifyTable))
		search_expression(plan->targetlist, search, IsA(plan, ProjectSet),
						  false);
	search_condition(plan->qual, search);
	search_node(plan, search);
	search_plan(outerPlan(plan), search);
	search_plan(innerPlan(plan), search);
	search->at = was_at;
}

/*-------------------------------------------------------------------------
 * Statements
 *-------------------------------------------------------------------------
 */

/* The node that writes to this entry of the range table. */
static const ModifyTable *
find_modification(const PlannedStmt *plan, int rti)
{
	ListCell   *lc;

	if (IsA(plan->planTree, ModifyTable) &&
		list_member_int(((ModifyTable *) plan->planTree)->resultRelations, rti))
		return (ModifyTable *) plan->planTree;
	foreach(lc, plan->subplans)
	{
		ModifyTable *modify = lfirst(lc);

		if (modify != NULL && IsA(modify, ModifyTable) &&
			list_member_int(modify->resultRelations, rti))
			return modify;
	}
	return NULL;
}

bool
sg_only_inserts(const PlannedStmt *plan, int rti)
{
	const ModifyTable *modify = find_modification(plan, rti);

	return modify != NULL && modify->operation == CMD_INSERT &&
		modify->onConflictAction != ONCONFLICT_UPDATE;
}

/* Is this a value that the statement itself brings? */
static bool
is_given(const Node *node)
{
	while (node != NULL && IsA(node, RelabelType))
		node = (const Node *) ((const RelabelType *) node)->arg;
	if (node != NULL && IsA(node, CaseExpr))
	{
		const CaseExpr *choice = (const CaseExpr *) node;
		ListCell   *lc;

		foreach(lc, choice->args)
		{
			if (!is_given((Node *) lfirst_node(CaseWhen, lc)->result))
				return false;
		}
		return is_given((Node *) choice->defresult);
	}
	return node == NULL || IsA(node, Const) || IsA(node, SQLValueFunction) ||
		(IsA(node, Param) && ((const Param *) node)->paramkind == PARAM_EXTERN);
}

/*
 * Which columns of this entry of the range table are set to something else than
 * a value that the statement brings?  Offset as in updatedCols.  Where that is
 * not known, all that it sets.
 */
Bitmapset *
sg_computed_columns(const PlannedStmt *plan, int rti)
{
	const ModifyTable *modify = find_modification(plan, rti);
	Bitmapset  *columns = sg_rte_updated_columns(plan, rt_fetch(rti, plan->rtable));
	ListCell   *lc;
	int			target = 0;
	ListCell   *column;

	if (modify == NULL || modify->operation != CMD_UPDATE)
		return columns;
	while (list_nth_int(modify->resultRelations, target) != rti)
		target++;
	columns = bms_copy(columns);
	column = list_head(list_nth(modify->updateColnosLists, target));
	foreach(lc, outerPlan(modify)->targetlist)
	{
		TargetEntry *assigned = lfirst_node(TargetEntry, lc);

		if (assigned->resjunk || column == NULL)
			continue;
		if (is_given((Node *) assigned->expr))
			columns = bms_del_member(columns, lfirst_int(column) -
									 FirstLowInvalidHeapAttributeNumber);
		column = lnext(list_nth(modify->updateColnosLists, target), column);
	}
	return columns;
}

/* EXPLAIN (ANALYZE) shows how many rows each part of the plan has met. */
static bool
is_explained(const QueryDesc *queryDesc)
{
	return queryDesc->instrument_options != 0 &&
		(queryDesc->dest == NULL ||
		 queryDesc->dest->mydest == DestNone ||
		 sg_is_explain_receiver(queryDesc->dest));
}

/*
 * To be called for statements that write to a guarded relation, and where no
 * other statement is held up: it opens the relations and reads the catalogs.
 */
WriteUse
sg_guarded_write_use(QueryDesc *queryDesc)
{
	PlannedStmt *plan = queryDesc->plannedstmt;
	int			nentries = list_length(plan->rtable) + 1;
	WriteSearch search = {0};
	ListCell   *lc;

	if (is_explained(queryDesc) || !IsA(plan->planTree, ModifyTable) ||
		sg_written_relations_leak(plan, (ModifyTable *) plan->planTree))
		return WRITE_LEAKS;

	search.leak.source = plan_source;
	search.leak.arg = &search;
	search.plan = plan;
	search.elements = palloc0(sizeof(Bitmapset *) * nentries);
	search.known = palloc0(sizeof(bool) * nentries);
	for (int pass = 1; pass <= 2; pass++)
	{
		search.collecting = pass == 1;
		search.in_subplan = false;
		search_plan(plan->planTree, &search);
		search.in_subplan = true;
		foreach(lc, plan->subplans)
			search_plan(lfirst(lc), &search);
	}
	if (search.leak.leaks)
		return WRITE_LEAKS;
	return search.leak.compares ? WRITE_COMPARES : WRITE_SILENT;
}
