/*-------------------------------------------------------------------------
 *
 * search_quals.c
 *		What a query searches by.
 *
 * California's law on plate readers wants it on record what a search was made
 * with (Civ. Code 1798.90.52): the plate, or whatever else.  That stands in
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

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "channel/plan_expressions.h"
#include "channel/records.h"
#include "channel/search_quals.h"
#include "channel/search_values.h"
#include "compat.h"
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

/* What sets a parameter. */
typedef enum ParameterKind
{
	PARAMETER_UNKNOWN,
	PARAMETER_PASSED,			/* by a join, or to a subquery: before each
								 * run of what uses it */
	PARAMETER_OF_ROW,			/* it stands for a column of a subquery */
	PARAMETER_OF_SUBQUERY,		/* a subquery that is run once */
} ParameterKind;

typedef struct ParameterOrigin
{
	ParameterKind kind;
	Node	   *expression;		/* that it has the value of */
	Plan	   *plan;			/* the node whose columns that means */
	int			subplan;		/* PARAMETER_OF_ROW: its number, from 1, ... */
	int			column;			/* ... and the column */
} ParameterOrigin;

typedef struct QualSearch
{
	const Guard *guard;
	QueryDesc  *queryDesc;
	PlannedStmt *stmt;
	SearchValues *values;
	ParameterOrigin *parameters;
	int			nparameters;

	/* Where the walk is. */
	Plan	   *plan;
	bool		preparing;		/* parameters are noted, nothing else */
	bool		in_worker;		/* below a Gather */
	bool		projecting;		/* in a target list */
	bool		comparing;		/* inside a comparison */
	int			depth;
	int			steps;
} QualSearch;

/* How many subqueries deep a column is followed, and how many steps in all. */
#define MAX_NESTING 100
#define MAX_STEPS	10000

static int	element_of_expression(Node *node, Plan *plan, QualSearch *search);
static void search_plan(Plan *plan, QualSearch *search);

/* ----------------------------------------------------------------
 *		Where a column comes from
 * ----------------------------------------------------------------
 */

static Node *
column_of(List *targetlist, AttrNumber attno)
{
	TargetEntry *entry = get_tle_by_resno(targetlist, attno);

	return entry == NULL ? NULL : (Node *) entry->expr;
}

/*
 * What a column of the node's input is made of, one node further down, which is
 * returned in *below; NULL where the column is a table's own.
 */
static Node *
step_down(const Var *var, Plan *plan, QualSearch *search, Plan **below)
{
	if (var->varno == OUTER_VAR || var->varno == INNER_VAR)
	{
		*below = var->varno == OUTER_VAR ? sg_plan_outer(plan) :
			sg_plan_inner(plan);
		if (*below == NULL)
			return NULL;
		return column_of((*below)->targetlist, var->varattno);
	}
	*below = plan;
	if (var->varno == INDEX_VAR)
	{
		switch (nodeTag(plan))
		{
			case T_IndexOnlyScan:
				return column_of(((IndexOnlyScan *) plan)->indextlist,
								 var->varattno);
			case T_ForeignScan:
				return column_of(((ForeignScan *) plan)->fdw_scan_tlist,
								 var->varattno);
			case T_CustomScan:
				return column_of(((CustomScan *) plan)->custom_scan_tlist,
								 var->varattno);
			default:
				return NULL;
		}
	}
	if (IsA(plan, SubqueryScan))
		*below = ((SubqueryScan *) plan)->subplan;
	else if (IsA(plan, CteScan))
		*below = list_nth(search->stmt->subplans,
						  ((CteScan *) plan)->ctePlanId - 1);
	else
		return NULL;
	return column_of((*below)->targetlist, var->varattno);
}

static const ParameterOrigin *
origin_of(const Param *param, const QualSearch *search)
{
	if (param->paramkind != PARAM_EXEC || param->paramid >= search->nparameters)
		return NULL;
	return &search->parameters[param->paramid];
}

/* Is this the guard's relation, or one that belongs with it? */
static bool
is_guarded_here(Oid relid, QualSearch *search)
{
	const ReadGuard *own;
	const ReadGuard *guard;
	char		guard_id[sizeof(guard->guard_id)];

	if (relid == search->guard->relid)
		return true;
	own = sg_records_find(search->guard->relid);
	if (own == NULL)
		return false;
	strlcpy(guard_id, own->guard_id, sizeof(guard_id));
	guard = sg_records_find(relid);
	return guard != NULL && strcmp(guard->guard_id, guard_id) == 0;
}

/* The relation of a variable's entry in the range table, or none. */
static Oid
relation_of(Index varno, QualSearch *search)
{
	RangeTblEntry *rte;

	if (varno == 0 || varno > list_length(search->stmt->rtable))
		return InvalidOid;
	rte = rt_fetch(varno, search->stmt->rtable);
	if (rte->rtekind != RTE_RELATION && rte->rtekind != RTE_SUBQUERY)
		return InvalidOid;
	return rte->relid;
}

/* Which of the guard's query elements a table's column is; -1: none. */
static int
element_of_column(Index varno, AttrNumber attno, QualSearch *search)
{
	Oid			relid = relation_of(varno, search);

	if (!OidIsValid(relid) || attno < 0 || !is_guarded_here(relid, search))
		return -1;

	/* A whole row has all of them; the first is what is searched by most. */
	if (attno == 0)
		return 0;
	if (relid != search->guard->relid)
	{
		char	   *name = get_attname(relid, attno, true);

		if (name == NULL)
			return -1;
		attno = get_attnum(search->guard->relid, name);
	}
	for (int i = 0; i < search->guard->nquery_elements; i++)
	{
		if (search->guard->query_elements[i].attnum == attno)
			return i;
	}
	return -1;
}

/* The same of a variable. */
static int
element_of_var(const Var *var, Plan *plan, QualSearch *search)
{
	bool		special = IS_SPECIAL_VARNO(var->varno);
	Plan	   *below;
	Node	   *expression;
	int			element;

	if (!special)
	{
		element = element_of_column(var->varno, var->varattno, search);
		if (element >= 0)
			return element;
	}
	expression = step_down(var, plan, search, &below);
	if (expression != NULL)
		return element_of_expression(expression, below, search);
	if (special && var->varnosyn > 0)
		return element_of_column(var->varnosyn, var->varattnosyn, search);
	return -1;
}

typedef struct ElementFinder
{
	QualSearch *search;
	Plan	   *plan;
	int			element;
} ElementFinder;

static bool element_walker(Node *node, ElementFinder *finder);

/* A CASE is made of its results; what it decides by is no part of them. */
static bool
case_results_walker(CaseExpr *expr, ElementFinder *finder)
{
	ListCell   *lc;

	foreach(lc, expr->args)
	{
		if (element_walker((Node *) lfirst_node(CaseWhen, lc)->result, finder))
			return true;
	}
	return element_walker((Node *) expr->defresult, finder);
}

static bool
element_walker(Node *node, ElementFinder *finder)
{
	QualSearch *search = finder->search;

	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
			finder->element = element_of_var((Var *) node, finder->plan, search);
			return finder->element >= 0;
		case T_Param:
			{
				const ParameterOrigin *origin = origin_of((Param *) node, search);

				if (origin == NULL || origin->expression == NULL)
					return false;
				finder->element = element_of_expression(origin->expression,
														origin->plan, search);
				return finder->element >= 0;
			}
		case T_SubPlan:
			{
				SubPlan    *subplan = (SubPlan *) node;
				Plan	   *plan = list_nth(search->stmt->subplans,
											subplan->plan_id - 1);

				if (subplan->subLinkType == EXPR_SUBLINK && plan != NULL)
					finder->element =
						element_of_expression(column_of(plan->targetlist, 1),
											  plan, search);
				return finder->element >= 0;
			}
		case T_Aggref:			/* what it filters by is no part of it */
			return expression_tree_walker((Node *) ((Aggref *) node)->args,
										  element_walker, finder);
		case T_WindowFunc:
			return expression_tree_walker((Node *) ((WindowFunc *) node)->args,
										  element_walker, finder);
		case T_CaseExpr:
			return case_results_walker((CaseExpr *) node, finder);
		default:
			return expression_tree_walker(node, element_walker, finder);
	}
}

/* The query element that an expression is made of, or -1. */
static int
element_of_expression(Node *node, Plan *plan, QualSearch *search)
{
	ElementFinder finder = {search, plan, -1};

	/* Queries are not nested that deep; a circle would be. */
	if (node == NULL || search->depth >= MAX_NESTING ||
		++search->steps > MAX_STEPS)
		return -1;
	search->depth++;
	(void) element_walker(node, &finder);
	search->depth--;
	return finder.element;
}

static int
find_element(Node *node, QualSearch *search)
{
	search->steps = 0;
	return element_of_expression(node, search->plan, search);
}

/* Whose columns an expression is made of. */
typedef struct Ownership
{
	QualSearch *search;
	Plan	   *plan;
	bool		own;			/* the guarded table's */
	bool		others;
} Ownership;

static bool
ownership_walker(Node *node, Ownership *ownership)
{
	QualSearch *search = ownership->search;
	Plan	   *outer = ownership->plan;
	Plan	   *below = NULL;
	Node	   *expression = NULL;

	if (node == NULL)
		return false;
	if (++search->steps > MAX_STEPS)
	{
		ownership->others = true;
		return true;
	}
	if (IsA(node, Var))
	{
		const Var  *var = (Var *) node;

		expression = step_down(var, outer, search, &below);
		if (expression == NULL)
		{
			if (IS_SPECIAL_VARNO(var->varno) || var->varlevelsup > 0)
				ownership->others = true;
			else if (OidIsValid(relation_of(var->varno, search)) &&
					 is_guarded_here(relation_of(var->varno, search), search))
				ownership->own = true;
			else
				ownership->others = true;
			return false;
		}
	}
	else if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
	{
		const ParameterOrigin *origin = origin_of((Param *) node, search);

		/* A subquery gives a value of its own, whatever it reads. */
		if (origin == NULL || origin->expression == NULL ||
			origin->kind != PARAMETER_PASSED)
		{
			ownership->others = true;
			return false;
		}
		expression = origin->expression;
		below = origin->plan;
	}
	else if (IsA(node, SubPlan))
	{
		ownership->others = true;
		return false;
	}
	if (expression == NULL)
		return expression_tree_walker(node, ownership_walker, ownership);
	ownership->plan = below;
	(void) ownership_walker(expression, ownership);
	ownership->plan = outer;
	return false;
}

/* Is it made of nothing but columns of the guarded table? */
static bool
is_guards_own(Node *node, QualSearch *search)
{
	Ownership	ownership = {search, search->plan, false, false};

	search->steps = 0;
	(void) ownership_walker(node, &ownership);
	return ownership.own && !ownership.others;
}

/* Which rows a node's expression is made of. */
typedef struct RowsUsed
{
	Bitmapset  *relations;
	bool		passed;			/* a parameter that changes with some row */
}			RowsUsed;

static bool
rows_used_walker(Node *node, RowsUsed * used)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		int			varno = ((Var *) node)->varno;

		/* All tables' own columns are one: a node that has them scans one. */
		used->relations = bms_add_member(used->relations,
										 varno == OUTER_VAR ? 0 :
										 varno == INNER_VAR ? 1 :
										 varno == INDEX_VAR ? 2 : 3);
		return false;
	}
	if (IsA(node, Param))
		used->passed = used->passed ||
			((Param *) node)->paramkind == PARAM_EXEC;
	return expression_tree_walker(node, rows_used_walker, used);
}

/* Are both made of columns of one row, which is no search for anything? */
static bool
is_of_same_row(Node *column, Node *other)
{
	RowsUsed	left = {NULL, false};
	RowsUsed	right = {NULL, false};

	(void) rows_used_walker(column, &left);
	(void) rows_used_walker(other, &right);
	return !left.passed && !right.passed &&
		bms_membership(left.relations) != BMS_MULTIPLE &&
		bms_equal(left.relations, right.relations);
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

/* A function that somebody wrote and that may depend on what is in tables. */
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
	const ParameterOrigin *origin = origin_of(param, search);

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
 * The list that a column stands for, where it is one of VALUES or what an array
 * is unnested to: a list of expressions, or one of an array alone, for which
 * *is_array is set.  NIL where it is none, or not all of it stands in the query.
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

		/* Of several inputs the first one says nothing of the others. */
		if (IsA(node, Var) && !has_many_inputs(plan))
			expression = step_down((Var *) node, plan, search, &below);
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
		const ParameterOrigin *origin = origin_of((Param *) node, needs->search);

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
		const ParameterOrigin *origin = origin_of(param, search);

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

/* Notes that a query element, in an expression "column", is compared with this. */
static void
note_search(QualSearch *search, int element, const char *operator, Node *column,
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
	if (is_guards_own(other, search))
	{
		/* Another row's value: whoever searches has not said which. */
		if (is_guards_own(column, search) && !is_of_same_row(column, other))
			sg_search_values_unknown(search->values, element);
		return;
	}
	list = is_array ? NIL : standing_list(other, search, &list_is_array);
	if (list == NIL)
		note_coming(search, element, operator, other, is_array);
	foreach(lc, list)
		note_standing(search, element, operator, lfirst(lc), list_is_array);
}

/* ----------------------------------------------------------------
 *		Comparisons and calls
 * ----------------------------------------------------------------
 */

static char
category_of(Oid type)
{
	char		category;
	bool		preferred;

	get_type_category_preferred(getBaseType(type), &category, &preferred);
	return category;
}

static bool
is_number(char category)
{
	return category == TYPCATEGORY_NUMERIC || category == TYPCATEGORY_BOOLEAN;
}

/*
 * Can a value of this type be what is searched by, beside a column of that
 * category in a call?  Numbers, times and switches say how to look, unless the
 * column is such itself.
 */
static bool
counts_beside(Oid type, char column)
{
	char		category = category_of(type);

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
			return !is_number(category) &&
				category != TYPCATEGORY_DATETIME &&
				category != TYPCATEGORY_TIMESPAN;
	}
}

static char
category_of_element(int element, QualSearch *search)
{
	return category_of(search->guard->query_elements[element].type);
}

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
		exprType(node) == BOOLOID && find_element(node, search) >= 0)
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
		element = Max(element, find_element(lfirst(lc), search));
	if (element >= 0)
	{
		foreach(lc, arguments)
		{
			Node	   *argument = lfirst(lc);

			if (find_element(argument, search) < 0 &&
				counts_beside(exprType(argument),
							  category_of_element(element, search)))
				finder->beside = true;
		}
	}
	return expression_tree_walker(node, call_walker, finder);
}

/*
 * An operator's name, or, for a column that stands on its right, that of the one
 * that says the same with the column on its left; where there is none, as with
 * "'X8ABC123Y' LIKE plate", it says where the column stands.
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
	int			element = find_element(column, search);
	char	   *name;

	if (element < 0)
		return;
	name = name_of_operator(operator, on_right);
	if (name != NULL && is_number(category_of(exprType(column))) &&
		!is_number(category_of_element(element, search)))
	{
		CallFinder	finder = {search, NULL, false};

		(void) call_walker(column, &finder);
		if (finder.beside)
			return;
		if (finder.name != NULL)
			name = psprintf("%s %s", finder.name, name);
	}
	note_search(search, element, name, column, other, is_array);
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
		 !is_number(category_of(exprType(node)))))
		return;
	foreach(lc, arguments)
	{
		column = lfirst(lc);
		element = find_element(column, search);
		if (element >= 0)
			break;
	}
	if (element < 0)
		return;
	foreach(lc, arguments)
	{
		Node	   *argument = lfirst(lc);

		if (find_element(argument, search) < 0 &&
			counts_beside(exprType(argument),
						  category_of_element(element, search)))
			note_search(search, element, name, column, argument, false);
	}
}

/* "rank('8ABC123') WITHIN GROUP (ORDER BY plate)": where a value would stand. */
static void
note_hypothetical(QualSearch *search, Aggref *aggref)
{
	ListCell   *direct;
	ListCell   *sorted;

	forboth(direct, aggref->aggdirectargs, sorted, aggref->args)
	{
		Node	   *column = (Node *) lfirst_node(TargetEntry, sorted)->expr;
		int			element = find_element(column, search);

		if (element >= 0)
			note_search(search, element, get_func_name(aggref->aggfnoid),
						column, lfirst(direct), false);
	}
}

/*
 * INTERSECT and EXCEPT compare the rows of their inputs.  What one of them has in
 * the place of a query element of another is what that is searched by.
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
			element = find_element((Node *) entry->expr, search);
			foreach(lc3, element < 0 ? NIL : inputs)
			{
				Plan	   *other = lfirst(lc3);
				Node	   *value = column_of(other->targetlist, entry->resno);

				search->plan = other;
				if (other != input && value != NULL &&
					find_element(value, search) != element)
					note_search(search, element, "=", (Node *) entry->expr,
								value, false);
			}
		}
	}
	search->plan = setop;
}

/* Rows compared with rows. */
static void
note_row_comparison(QualSearch *search, RowCompareExpr * comparison)
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
					  column_of(plan->targetlist, ++column), plan);
	column = 0;
	foreach(id, subplan->paramIds)
	{
		column++;
		if (lfirst_int(id) >= search->nparameters)
			continue;
		set_parameter(search, lfirst_int(id), PARAMETER_OF_ROW,
					  column_of(plan->targetlist, column), plan);
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
