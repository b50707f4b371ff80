/*-------------------------------------------------------------------------
 *
 * search_columns.c
 *		Where a column of a query comes from.
 *
 * Each node of a plan has columns that are made of those of the nodes below it,
 * or of a parameter that something else sets.  They are followed down to the
 * tables.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "channel/read/plan_expressions.h"
#include "channel/guard/read_guard.h"
#include "channel/read/search_columns.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

static int	element_of_expression(Node *node, Plan *plan, QualSearch *search);

Node *
sg_search_column(List *targetlist, AttrNumber attno)
{
	TargetEntry *entry = get_tle_by_resno(targetlist, attno);

	return entry == NULL ? NULL : (Node *) entry->expr;
}

/*
 * What a column of the node's input is made of, one node further down, which is
 * returned in *below; NULL where the column is a table's own.
 */
Node *
sg_search_step_down(const Var *var, Plan *plan, QualSearch *search, Plan **below)
{
	if (var->varno == OUTER_VAR || var->varno == INNER_VAR)
	{
		*below = var->varno == OUTER_VAR ? sg_plan_outer(plan) :
			sg_plan_inner(plan);
		if (*below == NULL)
			return NULL;
		return sg_search_column((*below)->targetlist, var->varattno);
	}
	*below = plan;
	if (var->varno == INDEX_VAR)
	{
		switch (nodeTag(plan))
		{
			case T_IndexOnlyScan:
				return sg_search_column(((IndexOnlyScan *) plan)->indextlist,
										var->varattno);
			case T_ForeignScan:
				return sg_search_column(((ForeignScan *) plan)->fdw_scan_tlist,
										var->varattno);
			case T_CustomScan:
				return sg_search_column(((CustomScan *) plan)->custom_scan_tlist,
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
	return sg_search_column((*below)->targetlist, var->varattno);
}

const ParameterOrigin *
sg_search_origin(const Param *param, const QualSearch *search)
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
	own = sg_read_guard_find(search->guard->relid);
	if (own == NULL)
		return false;
	strlcpy(guard_id, own->guard_id, sizeof(guard_id));
	guard = sg_read_guard_find(relid);
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
	expression = sg_search_step_down(var, plan, search, &below);
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
				const ParameterOrigin *origin = sg_search_origin((Param *) node, search);

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
						element_of_expression(sg_search_column(plan->targetlist, 1),
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

int
sg_search_element(Node *node, QualSearch *search)
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

		expression = sg_search_step_down(var, outer, search, &below);
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
		const ParameterOrigin *origin = sg_search_origin((Param *) node, search);

		/* A subquery gives a value of its own. */
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
bool
sg_search_is_own(Node *node, QualSearch *search)
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
} RowsUsed;

static bool
rows_used_walker(Node *node, RowsUsed *used)
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
bool
sg_search_is_of_same_row(Node *column, Node *other)
{
	RowsUsed	left = {NULL, false};
	RowsUsed	right = {NULL, false};

	(void) rows_used_walker(column, &left);
	(void) rows_used_walker(other, &right);
	return !left.passed && !right.passed &&
		bms_membership(left.relations) != BMS_MULTIPLE &&
		bms_equal(left.relations, right.relations);
}
