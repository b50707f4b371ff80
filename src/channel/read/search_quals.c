/*-------------------------------------------------------------------------
 *
 * search_quals.c
 *		What a query searches by.
 *
 * California's law on plate readers wants it on record what a search was made
 * with (Civ. Code 1798.90.52): the plate, or other values.  They stand in
 * the query, as a literal or as a parameter that some column is compared with,
 * or that a function is given beside the column; or it comes from a subquery or
 * from a table that is joined, and then it is known when the query has run.
 *
 * The plan is looked at and not the query's text: there views and functions
 * are resolved, and each column is known by its table.  Where the planner can
 * tell that nothing will be found it leaves the comparison out, and then we do
 * not see it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_aggregate.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "channel/read/plan_expressions.h"
#include "channel/read/search_operands.h"
#include "channel/read/search_quals.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

/* ----------------------------------------------------------------
 *		Comparisons and calls
 * ----------------------------------------------------------------
 */

/* A call's arguments and name, where the expression is one; else NIL. */
static List *
arguments_of_call(Node *node, char **name)
{
	if (IsA(node, FuncExpr))
	{
		FuncExpr   *call = (FuncExpr *) node;

		if (call->funcformat == COERCE_EXPLICIT_CAST ||
			call->funcformat == COERCE_IMPLICIT_CAST)
			return NIL;
		*name = get_func_name(call->funcid);
		return call->args;
	}
	if (IsA(node, OpExpr) && ((OpExpr *) node)->opresulttype != BOOLOID)
	{
		*name = get_opname(((OpExpr *) node)->opno);
		return ((OpExpr *) node)->args;
	}
	return NIL;
}

/* A call that a column is in, with something that counts beside it. */
typedef struct CallFinder
{
	QualSearch *search;
	char	   *name;			/* of the outermost call, or NULL */
	bool		beside;
} CallFinder;

static bool
call_walker(Node *node, CallFinder *finder)
{
	QualSearch *search = finder->search;
	char	   *name = NULL;
	List	   *arguments;
	ListCell   *lc;
	int			element = -1;

	if (node == NULL)
		return false;

	/* What it is compared with in there is noted there. */
	if ((IsA(node, OpExpr) || IsA(node, ScalarArrayOpExpr)) &&
		exprType(node) == BOOLOID && sg_search_element(node, search) >= 0)
	{
		finder->beside = true;
		return false;
	}
	if (IsA(node, Aggref) && finder->name == NULL)
		finder->name = get_func_name(((Aggref *) node)->aggfnoid);
	arguments = arguments_of_call(node, &name);
	if (arguments != NIL && finder->name == NULL)
		finder->name = name;
	foreach(lc, arguments)
		element = Max(element, sg_search_element(lfirst(lc), search));
	if (element >= 0)
	{
		foreach(lc, arguments)
		{
			Node	   *argument = lfirst(lc);

			if (sg_search_element(argument, search) < 0 &&
				sg_search_counts_beside(exprType(argument),
										sg_search_category_of_element(element, search)))
				finder->beside = true;
		}
	}
	return expression_tree_walker(node, call_walker, finder);
}

/*
 * An operator's name, or, for a column that stands on its right, that of the
 * one that says the same with the column on its left; where there is none, as
 * with "'X8ABC123Y' LIKE plate", it says where the column stands.
 */
static char *
name_of_operator(Oid operator, bool on_right)
{
	Oid			commutator;
	char	   *name;

	if (!on_right)
		return get_opname(operator);
	commutator = get_commutator(operator);
	if (OidIsValid(commutator))
		return get_opname(commutator);
	name = get_opname(operator);
	return name == NULL ? NULL : psprintf("right of %s", name);
}

/*
 * What a column is compared with by an operator.  What a call makes a number of
 * is measured: "similarity(plate, 'X') > 0.5" is a search by X, and
 * "length(plate) = 7" one by a length.
 */
static void
note_comparison(QualSearch *search, Oid operator, bool on_right, Node *column,
				Node *other, bool is_array)
{
	int			element = sg_search_element(column, search);
	char	   *name;

	if (element < 0)
		return;
	name = name_of_operator(operator, on_right);
	if (name != NULL && sg_search_is_number(sg_search_category(exprType(column))) &&
		!sg_search_is_number(sg_search_category_of_element(element, search)))
	{
		CallFinder	finder = {search, NULL, false};

		(void) call_walker(column, &finder);
		if (finder.beside)
			return;
		if (finder.name != NULL)
			name = psprintf("%s %s", finder.name, name);
	}
	sg_search_note(search, element, name, column, other, is_array);
}

/* What stands beside a column in a call. */
static void
note_call(QualSearch *search, Node *node)
{
	char	   *name = NULL;
	List	   *arguments = arguments_of_call(node, &name);
	Node	   *column = NULL;
	int			element = -1;
	ListCell   *lc;

	/* What is shown may be written in many ways; that is no search. */
	if (arguments == NIL || list_length(arguments) < 2 ||
		(search->projecting && !search->comparing &&
		 !sg_search_is_number(sg_search_category(exprType(node)))))
		return;
	foreach(lc, arguments)
	{
		column = lfirst(lc);
		element = sg_search_element(column, search);
		if (element >= 0)
			break;
	}
	if (element < 0)
		return;
	foreach(lc, arguments)
	{
		Node	   *argument = lfirst(lc);

		if (sg_search_element(argument, search) < 0 &&
			sg_search_counts_beside(exprType(argument),
									sg_search_category_of_element(element, search)))
			sg_search_note(search, element, name, column, argument, false);
	}
}

/*
 * "rank('8ABC123') WITHIN GROUP (ORDER BY plate)": where a value would stand.
 */
static void
note_hypothetical(QualSearch *search, Aggref *aggref)
{
	ListCell   *direct;
	ListCell   *sorted;

	forboth(direct, aggref->aggdirectargs, sorted, aggref->args)
	{
		Node	   *column = (Node *) lfirst_node(TargetEntry, sorted)->expr;
		int			element = sg_search_element(column, search);

		if (element >= 0)
			sg_search_note(search, element, get_func_name(aggref->aggfnoid),
						   column, lfirst(direct), false);
	}
}

/*
 * INTERSECT and EXCEPT compare the rows of their inputs.  What one of them has
 * in the place of a query element of another is what that is searched by.
 */
static void
note_set_operation(QualSearch *search, Plan *setop)
{
	List	   *inputs = sg_plan_children(setop);
	ListCell   *lc;
	ListCell   *lc2;
	ListCell   *lc3;

	/*
	 * Before PostgreSQL 18 they are appended, with a number in front or
	 * behind.
	 */
	if (list_length(inputs) == 1)
	{
		Plan	   *below = linitial(inputs);

		while (below != NULL && !IsA(below, Append) && outerPlan(below) != NULL)
			below = outerPlan(below);
		if (below == NULL || !IsA(below, Append))
			return;
		inputs = sg_plan_children(below);
	}
	foreach(lc, inputs)
	{
		Plan	   *input = lfirst(lc);

		foreach(lc2, input->targetlist)
		{
			TargetEntry *entry = lfirst_node(TargetEntry, lc2);
			int			element;

			search->plan = input;
			element = sg_search_element((Node *) entry->expr, search);
			foreach(lc3, element < 0 ? NIL : inputs)
			{
				Plan	   *other = lfirst(lc3);
				Node	   *value = sg_search_column(other->targetlist, entry->resno);

				search->plan = other;
				if (other != input && value != NULL &&
					sg_search_element(value, search) != element)
					sg_search_note(search, element, "=", (Node *) entry->expr,
								   value, false);
			}
		}
	}
	search->plan = setop;
}

/* Rows compared with rows. */
static void
note_row_comparison(QualSearch *search, RowCompareExpr *comparison)
{
	ListCell   *left;
	ListCell   *right;
	ListCell   *operator;

	forthree(left, comparison->largs, right, comparison->rargs,
			 operator, comparison->opnos)
	{
		note_comparison(search, lfirst_oid(operator), false, lfirst(left),
						lfirst(right), false);
		note_comparison(search, lfirst_oid(operator), true, lfirst(right),
						lfirst(left), false);
	}
}

/* ----------------------------------------------------------------
 *		The walk
 * ----------------------------------------------------------------
 */

static void
set_parameter(QualSearch *search, int id, ParameterKind kind, Node *expression,
			  Plan *plan)
{
	if (id >= search->nparameters)
		return;
	search->parameters[id].kind = kind;
	search->parameters[id].expression = expression;
	search->parameters[id].plan = plan;
}

/* Notes what the parameters of a subquery stand for. */
static void
prepare_subplan(QualSearch *search, SubPlan *subplan, bool runs_once)
{
	Plan	   *plan = list_nth(search->stmt->subplans, subplan->plan_id - 1);
	ListCell   *id;
	ListCell   *argument;
	int			column = 0;

	if (plan == NULL)
		return;
	forboth(id, subplan->parParam, argument, subplan->args)
		set_parameter(search, lfirst_int(id), PARAMETER_PASSED,
					  lfirst(argument), search->plan);
	foreach(id, subplan->setParam)
		set_parameter(search, lfirst_int(id),
					  runs_once ? PARAMETER_OF_SUBQUERY : PARAMETER_UNKNOWN,
					  sg_search_column(plan->targetlist, ++column), plan);
	column = 0;
	foreach(id, subplan->paramIds)
	{
		column++;
		if (lfirst_int(id) >= search->nparameters)
			continue;
		set_parameter(search, lfirst_int(id), PARAMETER_OF_ROW,
					  sg_search_column(plan->targetlist, column), plan);
		search->parameters[lfirst_int(id)].subplan = subplan->plan_id;
		search->parameters[lfirst_int(id)].column = column;
	}
}

static bool
prepare_expression(Node *node, QualSearch *search)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan))
		prepare_subplan(search, (SubPlan *) node, false);
	return expression_tree_walker(node, prepare_expression, search);
}

/* Notes what a plan's node passes on, to subqueries and to joined tables. */
static void
prepare_plan(QualSearch *search, Plan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->initPlan)
		prepare_subplan(search, lfirst_node(SubPlan, lc), true);
	if (IsA(plan, NestLoop))
	{
		foreach(lc, ((NestLoop *) plan)->nestParams)
		{
			NestLoopParam *param = lfirst_node(NestLoopParam, lc);

			set_parameter(search, param->paramno, PARAMETER_PASSED,
						  (Node *) param->paramval, plan);
		}
	}
}

/* Puts an expression in the place of what stands for it inside of a CASE. */
static Node *
replace_case_test(Node *node, Node *argument)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, CaseTestExpr))
		return argument;

	/* In these it stands for something of their own. */
	if (IsA(node, ArrayCoerceExpr) ||
		(IsA(node, CaseExpr) && ((CaseExpr *) node)->arg != NULL))
		return node;
	return expression_tree_mutator(node, replace_case_test, argument);
}

/* "CASE plate WHEN 'X'" as "CASE WHEN plate = 'X'". */
static Node *
case_with_argument(const CaseExpr *expr)
{
	CaseExpr   *result = makeNode(CaseExpr);
	ListCell   *lc;

	*result = *expr;
	result->arg = NULL;
	result->args = NIL;
	foreach(lc, expr->args)
	{
		CaseWhen   *when = makeNode(CaseWhen);

		*when = *lfirst_node(CaseWhen, lc);
		when->expr = (Expr *) replace_case_test((Node *) when->expr,
												(Node *) expr->arg);
		result->args = lappend(result->args, when);
	}
	return (Node *) result;
}

static bool
search_expression(Node *node, QualSearch *search)
{
	bool		comparing = search->comparing;
	bool		result;

	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
			{
				OpExpr	   *comparison = (OpExpr *) node;

				if (IsA(node, OpExpr) && comparison->opresulttype != BOOLOID)
					note_call(search, node);
				else if (list_length(comparison->args) == 2)
				{
					note_comparison(search, comparison->opno, false,
									linitial(comparison->args),
									lsecond(comparison->args), false);
					note_comparison(search, comparison->opno, true,
									lsecond(comparison->args),
									linitial(comparison->args), false);
					search->comparing = true;
				}
				break;
			}
		case T_ScalarArrayOpExpr:
			{
				ScalarArrayOpExpr *comparison = (ScalarArrayOpExpr *) node;

				note_comparison(search, comparison->opno, false,
								linitial(comparison->args),
								lsecond(comparison->args), true);
				note_comparison(search, comparison->opno, true,
								lsecond(comparison->args),
								linitial(comparison->args), false);
				search->comparing = true;
				break;
			}
		case T_RowCompareExpr:
			note_row_comparison(search, (RowCompareExpr *) node);
			break;
		case T_FuncExpr:
			note_call(search, node);
			break;
		case T_CaseExpr:
			if (((CaseExpr *) node)->arg != NULL)
				node = case_with_argument((CaseExpr *) node);
			break;
		case T_Aggref:
			if (((Aggref *) node)->aggkind == AGGKIND_HYPOTHETICAL)
				note_hypothetical(search, (Aggref *) node);
			break;
		default:
			break;
	}
	result = expression_tree_walker(node, search_expression, search);
	search->comparing = comparing;
	return result;
}

/* One node's expressions. */
static void
look_at_expression(Node *node, QualSearch *search, bool projecting)
{
	search->projecting = projecting;
	search->comparing = false;
	if (search->preparing)
		(void) prepare_expression(node, search);
	else
		(void) search_expression(node, search);
}

/* All expressions of a plan in which a column may be compared. */
static void
search_plan(Plan *plan, QualSearch *search)
{
	bool		in_worker = search->in_worker;
	bool		complete = true;
	ListCell   *lc;

	if (plan == NULL)
		return;
	check_stack_depth();

	search->plan = plan;
	if (search->preparing)
		prepare_plan(search, plan);
	look_at_expression((Node *) plan->targetlist, search, true);
	look_at_expression((Node *) plan->qual, search, false);
	foreach(lc, sg_plan_expressions(plan, &complete))
		look_at_expression(lfirst(lc), search, false);

	if (IsA(plan, Gather) || IsA(plan, GatherMerge))
		search->in_worker = true;
	if (IsA(plan, SetOp) && !search->preparing)
		note_set_operation(search, plan);
	foreach(lc, sg_plan_children(plan))
		search_plan(lfirst(lc), search);
	search->in_worker = in_worker;
}

static void
search_all_plans(QualSearch *search)
{
	ListCell   *lc;

	search_plan(search->stmt->planTree, search);
	foreach(lc, search->stmt->subplans)
		search_plan(lfirst(lc), search);
}

TextSlice
sg_query_elements(const Guard *guard, QueryDesc *queryDesc)
{
	QualSearch	search = {0};
	TextSlice	none = {NULL, 0};

	if (guard->nquery_elements == 0)
		return none;
	search.values = sg_search_values_find(queryDesc->estate, guard);
	if (search.values == NULL)
	{
		search.guard = guard;
		search.queryDesc = queryDesc;
		search.stmt = queryDesc->plannedstmt;
		search.values = sg_search_values_new(queryDesc, guard);
		search.nparameters = list_length(search.stmt->paramExecTypes);
		search.parameters = palloc0(sizeof(ParameterOrigin) *
									Max(search.nparameters, 1));
		search.preparing = true;
		search_all_plans(&search);
		search.preparing = false;
		search_all_plans(&search);
	}
	return sg_search_values_text(search.values);
}
