/*-------------------------------------------------------------------------
 *
 * search_operands.c
 *		What a column is compared with.
 *
 * It stands in the query, or was handed to it, and has a value before the query
 * runs; or it comes from a subquery or from a table that is joined, and then a
 * node of the plan is watched for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "channel/read/search_operands.h"
#include "base/compat.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/* ----------------------------------------------------------------
 *		Kinds of values
 * ----------------------------------------------------------------
 */

char
sg_search_category(Oid type)
{
	char		category;
	bool		preferred;

	get_type_category_preferred(getBaseType(type), &category, &preferred);
	return category;
}

bool
sg_search_is_number(char category)
{
	return category == TYPCATEGORY_NUMERIC || category == TYPCATEGORY_BOOLEAN;
}

/*
 * Can a value of this type be what is searched by, beside a column of that
 * category in a call?  Numbers, times and switches say how to look, unless the
 * column is such itself.
 */
bool
sg_search_counts_beside(Oid type, char column)
{
	char		category = sg_search_category(type);

	if (category == column)
		return true;
	switch (column)
	{
		case TYPCATEGORY_NUMERIC:
		case TYPCATEGORY_BOOLEAN:
		case TYPCATEGORY_DATETIME:
		case TYPCATEGORY_TIMESPAN:
			return false;
		default:
			return !sg_search_is_number(category) &&
				category != TYPCATEGORY_DATETIME &&
				category != TYPCATEGORY_TIMESPAN;
	}
}

char
sg_search_category_of_element(int element, QualSearch *search)
{
	return sg_search_category(search->guard->query_elements[element].type);
}

/* ----------------------------------------------------------------
 *		Values that stand in the query
 * ----------------------------------------------------------------
 */

/* Does an expression need anything but what was handed to the query? */
static bool
needs_rows_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Param:
			return ((Param *) node)->paramkind != PARAM_EXTERN;
		case T_Var:
		case T_Aggref:
		case T_GroupingFunc:
		case T_WindowFunc:
		case T_SubPlan:
		case T_AlternativeSubPlan:
		case T_CaseTestExpr:
		case T_CoerceToDomainValue:
		case T_CurrentOfExpr:
			return true;
		default:
			return expression_tree_walker(node, needs_rows_walker, context);
	}
}

/* Functions of texts that fail with no error but for want of memory. */
static bool
is_harmless_function(Oid function, void *context)
{
	switch (function)
	{
		case F_LOWER_TEXT:
		case F_UPPER_TEXT:
		case F_INITCAP:
		case F_BTRIM_TEXT:
		case F_BTRIM_TEXT_TEXT:
		case F_LTRIM_TEXT:
		case F_LTRIM_TEXT_TEXT:
		case F_RTRIM_TEXT:
		case F_RTRIM_TEXT_TEXT:
		case F_REPLACE:
		case F_TRANSLATE:
		case F_TEXTCAT:
		case SG_F_REVERSE_TEXT:
		case F_TEXT_BPCHAR:
		case F_TEXT_NAME:
			return false;
		default:
			return true;		/* "found one", for the walker */
	}
}

static bool
may_fail_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Const:
		case T_Param:
		case T_Var:
		case T_RelabelType:
		case T_ArrayExpr:
		case T_List:
			break;
		case T_FuncExpr:
		case T_OpExpr:
			if (check_functions_in_node(node, is_harmless_function, context))
				return true;
			break;
		default:
			return true;
	}
	return expression_tree_walker(node, may_fail_walker, context);
}

/* A user's function, which may depend on the content of tables. */
static bool
looks_around(Oid function, void *context)
{
	return function >= FirstNormalObjectId &&
		func_volatile(function) != PROVOLATILE_IMMUTABLE;
}

static bool
looks_around_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return check_functions_in_node(node, looks_around, context) ||
		expression_tree_walker(node, looks_around_walker, context);
}

/* Can it be evaluated here, changing nothing? */
static bool
stands_in_query(Node *node)
{
	return !needs_rows_walker(node, NULL) && !expression_returns_set(node) &&
		!contain_volatile_functions(node) &&
		!looks_around_walker(node, NULL);
}

static Datum
evaluate(Node *node, QualSearch *search, bool *isnull)
{
	ExprContext *econtext = CreateStandaloneExprContext();
	ExprState  *state = ExecInitExprWithParams((Expr *) node,
											   search->queryDesc->params);

	econtext->ecxt_param_list_info = search->queryDesc->params;
	return ExecEvalExprSwitchContext(state, econtext, isnull);
}

/*
 * The same of what may fail: where it does the query need not, for it may never
 * come to it.  False where there is no value.
 */
static bool
try_evaluate(Node *node, QualSearch *search, Datum *value, bool *isnull)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	ResourceOwner oldowner = CurrentResourceOwner;
	volatile bool succeeded = true;

	if (!may_fail_walker(node, NULL))
	{
		*value = evaluate(node, search, isnull);
		return true;
	}
	if (IsInParallelMode())
		return false;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(oldcontext);
	PG_TRY();
	{
		*value = evaluate(node, search, isnull);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		/* Who cancels the query is not kept waiting. */
		if (geterrcode() == ERRCODE_QUERY_CANCELED)
			PG_RE_THROW();
		MemoryContextSwitchTo(oldcontext);
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		succeeded = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(oldcontext);
	CurrentResourceOwner = oldowner;
	return succeeded;
}

/* Notes what stands in the query. */
static void
note_standing(QualSearch *search, int element, const char *operator,
			  Node *other, bool is_array)
{
	Datum		value;
	bool		isnull = true;

	if (!try_evaluate(other, search, &value, &isnull))
		sg_search_values_unknown(search->values, element);
	else if (!isnull)
		sg_search_values_add(search->values, element, operator,
							 exprType(other), value, is_array);
}

/*
 * What a parameter has the value of, where that is in the plan, in the columns
 * of the node that is returned in *below; else NULL.
 */
static Node *
step_out(const Param *param, QualSearch *search, Plan **below)
{
	const ParameterOrigin *origin = sg_search_origin(param, search);

	if (origin == NULL || origin->expression == NULL)
		return NULL;
	*below = origin->plan;
	if (origin->kind == PARAMETER_PASSED)
		return origin->expression;

	/* A subquery of a value alone, and no table. */
	if (origin->kind == PARAMETER_OF_SUBQUERY && IsA(origin->plan, Result) &&
		origin->plan->lefttree == NULL && origin->plan->qual == NIL &&
		((Result *) origin->plan)->resconstantqual == NULL)
		return origin->expression;
	return NULL;
}

/* Does a node return the rows of several inputs, one after the other? */
static bool
has_many_inputs(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Append:
			return list_length(((Append *) plan)->appendplans) > 1;
		case T_MergeAppend:
			return list_length(((MergeAppend *) plan)->mergeplans) > 1;
		case T_RecursiveUnion:
		case T_SetOp:
			return true;
		default:
			return false;
	}
}

/*
 * The list that a column stands for, where it is one of VALUES or what an
 * array is unnested to: a list of expressions, or one of an array alone, for
 * which *is_array is set.  NIL where it is none, or not all of it stands in
 * the query.
 */
static List *
standing_list(Node *other, QualSearch *search, bool *is_array)
{
	Node	   *node = strip_implicit_coercions(other);
	Plan	   *plan = search->plan;
	Node	   *array = NULL;
	List	   *list = NIL;
	ListCell   *lc;

	*is_array = false;
	for (int depth = 0; depth < MAX_NESTING; depth++)
	{
		Plan	   *below = NULL;
		Node	   *expression = NULL;

		/* The first of several inputs does not tell the others. */
		if (IsA(node, Var) && !has_many_inputs(plan))
			expression = sg_search_step_down((Var *) node, plan, search, &below);
		else if (IsA(node, Param))
			expression = step_out((Param *) node, search, &below);
		if (expression == NULL)
			break;
		node = strip_implicit_coercions(expression);
		plan = below;
	}
	if (stands_in_query(node))
		return list_make1(node);
	if (IsA(node, FuncExpr))
	{
		if (((FuncExpr *) node)->funcid == F_UNNEST_ANYARRAY)
			array = linitial(((FuncExpr *) node)->args);
	}
	else if (IsA(node, Var) && IsA(plan, FunctionScan))
	{
		FunctionScan *scan = (FunctionScan *) plan;
		Node	   *call = ((RangeTblFunction *) linitial(scan->functions))->funcexpr;

		if (list_length(scan->functions) == 1 && IsA(call, FuncExpr) &&
			((FuncExpr *) call)->funcid == F_UNNEST_ANYARRAY)
			array = linitial(((FuncExpr *) call)->args);
	}
	else if (IsA(node, Var) && IsA(plan, ValuesScan))
	{
		foreach(lc, ((ValuesScan *) plan)->values_lists)
		{
			List	   *row = lfirst_node(List, lc);
			AttrNumber	attno = ((Var *) node)->varattno;

			if (attno <= 0 || attno > list_length(row) ||
				!stands_in_query(list_nth(row, attno - 1)))
				return NIL;
			list = lappend(list, list_nth(row, attno - 1));
		}
	}
	if (array != NULL && stands_in_query(array))
	{
		*is_array = true;
		list = list_make1(array);
	}
	return list;
}

/* ----------------------------------------------------------------
 *		Values that come up while the query runs
 * ----------------------------------------------------------------
 */

typedef struct StateFinder
{
	const Plan *plan;
	PlanState  *found;
} StateFinder;

static bool
state_walker(PlanState *planstate, StateFinder *finder)
{
	if (planstate->plan == finder->plan)
	{
		finder->found = planstate;
		return true;
	}
	return planstate_tree_walker(planstate, state_walker, finder);
}

static PlanState *
state_of(const Plan *plan, QualSearch *search)
{
	StateFinder finder = {plan, NULL};

	if (search->queryDesc->planstate != NULL)
		(void) state_walker(search->queryDesc->planstate, &finder);
	return finder.found;
}

/* What an expression is to be evaluated from. */
typedef struct Needs
{
	QualSearch *search;
	bool		outer;
	bool		inner;
	bool		other;			/* that it cannot be here */
	bool		passed;			/* parameters, by their kinds */
	bool		subquery;
	int			subplan;		/* 0: none; -1: several */
} Needs;

/* Is a subquery run for each of some other rows? */
static bool
is_run_again(const ParameterOrigin *origin, QualSearch *search)
{
	int			id = -1;

	while ((id = bms_next_member(origin->plan->extParam, id)) >= 0)
	{
		if (id < search->nparameters &&
			(search->parameters[id].kind == PARAMETER_PASSED ||
			 search->parameters[id].kind == PARAMETER_OF_ROW))
			return true;
	}
	return false;
}

static bool
needs_walker(Node *node, Needs *needs)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		switch (((Var *) node)->varno)
		{
			case OUTER_VAR:
				needs->outer = true;
				break;
			case INNER_VAR:
				needs->inner = true;
				break;
			default:
				needs->other = true;
				break;
		}
		return false;
	}
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
	{
		const ParameterOrigin *origin = sg_search_origin((Param *) node, needs->search);

		switch (origin == NULL ? PARAMETER_UNKNOWN : origin->kind)
		{
			case PARAMETER_PASSED:
				needs->passed = true;
				break;
			case PARAMETER_OF_SUBQUERY:
				if (is_run_again(origin, needs->search))
					needs->other = true;
				needs->subquery = true;
				break;
			case PARAMETER_OF_ROW:
				if (needs->subplan == 0)
					needs->subplan = origin->subplan;
				else if (needs->subplan != origin->subplan)
					needs->subplan = -1;
				break;
			case PARAMETER_UNKNOWN:
				needs->other = true;
				break;
		}
		return false;
	}
	return expression_tree_walker(node, needs_walker, needs);
}

/* Puts columns of a subquery's rows in the place of the parameters for them. */
static Node *
columns_for_parameters(Node *node, QualSearch *search)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
	{
		Param	   *param = (Param *) node;
		const ParameterOrigin *origin = sg_search_origin(param, search);

		if (origin != NULL && origin->kind == PARAMETER_OF_ROW)
			return (Node *) makeVar(OUTER_VAR, origin->column,
									param->paramtype, param->paramtypmod,
									param->paramcollid, 0);
	}
	return expression_tree_mutator(node, columns_for_parameters, search);
}

/* The state of the node whose rows an expression is evaluated from, or NULL. */
static PlanState *
state_with_rows(const Needs *needs, QualSearch *search, ValueMoment *moment)
{
	PlanState  *planstate = NULL;

	*moment = VALUE_OF_ROW;
	if (needs->subplan > 0)
	{
		if (!needs->outer && !needs->inner && !needs->passed)
			planstate = list_nth(search->queryDesc->estate->es_subplanstates,
								 needs->subplan - 1);
	}
	else if (needs->outer != needs->inner)
	{
		planstate = state_of(search->plan, search);
		if (planstate != NULL)
			planstate = needs->outer ? outerPlanState(planstate) :
				innerPlanState(planstate);

		/* A Hash is not asked for its rows one by one. */
		if (planstate != NULL && IsA(planstate, HashState))
			planstate = outerPlanState(planstate);
	}
	else if (!needs->outer && needs->passed)
	{
		*moment = VALUE_OF_PARAMETERS;
		planstate = state_of(search->plan, search);
	}
	return planstate;
}

/* Notes what has a value only while the query runs. */
static void
note_coming(QualSearch *search, int element, const char *operator,
			Node *other, bool is_array)
{
	Needs		needs = {0};
	PlanState  *planstate = NULL;
	ValueMoment moment = VALUE_OF_SUBQUERY;
	bool		possible;

	needs.search = search;
	(void) needs_walker(other, &needs);
	possible = !needs.other && needs.subplan >= 0 &&
		!may_fail_walker(other, NULL);
	if (needs.subquery && !needs.outer && !needs.inner && !needs.passed &&
		needs.subplan == 0)
	{
		if (possible)
			sg_search_values_watch(search->values, element, operator, other,
								   is_array, moment, NULL);
		else
			sg_search_values_unknown(search->values, element);
		return;
	}
	if (possible)
		planstate = state_with_rows(&needs, search, &moment);

	/* What a parallel worker sees we do not. */
	if (planstate == NULL || search->in_worker ||
		(needs.subplan > 0 && search->stmt->parallelModeNeeded))
		sg_search_values_unknown(search->values, element);
	if (planstate == NULL)
		return;
	if (needs.subplan > 0)
		other = columns_for_parameters(other, search);
	sg_search_values_watch(search->values, element, operator, other, is_array,
						   moment, planstate);
}

typedef struct Ingredients
{
	QualSearch *search;
	int			element;
	char		category;
	bool		found;
} Ingredients;

static bool
ingredients_walker(Node *node, Ingredients *ingredients)
{
	if (node == NULL)
		return false;
	if ((IsA(node, Const) && !((Const *) node)->constisnull) ||
		(IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN))
	{
		if (sg_search_counts_beside(exprType(node), ingredients->category))
		{
			ingredients->found = true;
			note_standing(ingredients->search, ingredients->element,
						  "made with", node, false);
		}
		return false;
	}
	return expression_tree_walker(node, ingredients_walker, ingredients);
}

/*
 * "plate = CASE WHEN id > 0 THEN '8ABC123' END", "plate = '8ABC' || lane":
 * made of the row, and yet a search.  Its values are not known, what goes into
 * them is.
 */
static void
note_ingredients(QualSearch *search, int element, Node *other)
{
	Ingredients ingredients = {search, element,
	sg_search_category_of_element(element, search), false};

	(void) ingredients_walker(other, &ingredients);
	if (ingredients.found)
		sg_search_values_unknown(search->values, element);
}

/*
 * Notes that a query element, in an expression "column", is compared with
 * this.
 */
void
sg_search_note(QualSearch *search, int element, const char *operator, Node *column,
			   Node *other, bool is_array)
{
	List	   *list;
	bool		list_is_array;
	ListCell   *lc;

	if (operator == NULL)
		return;
	if (stands_in_query(other))
	{
		note_standing(search, element, operator, other, is_array);
		return;
	}
	if (sg_search_is_own(other, search))
	{
		/* Another row's value: the search does not say which. */
		if (sg_search_is_own(column, search) && !sg_search_is_of_same_row(column, other))
			sg_search_values_unknown(search->values, element);
		note_ingredients(search, element, other);
		return;
	}
	list = is_array ? NIL : standing_list(other, search, &list_is_array);
	if (list == NIL)
		note_coming(search, element, operator, other, is_array);
	foreach(lc, list)
		note_standing(search, element, operator, lfirst(lc), list_is_array);
}
