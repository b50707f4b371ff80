/*-------------------------------------------------------------------------
 *
 * elements.c
 *		What a query searches by.
 *
 * California's law on plate readers wants it on record what a search was made
 * with (Civ. Code 1798.90.52): the plate, or whatever else.  That stands in
 * the query, as a literal or as a parameter that some column is compared with.
 *
 * The plan is looked at and not the query's text: there views and functions
 * are resolved, and each column is known by its table.  Where the planner can
 * tell that nothing will be found it leaves the comparison out, and then we do
 * not see it; nor what a table is joined with, row by row, unless it is a list
 * that stands in the query (VALUES, or an array that is unnested).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "channel/elements.h"
#include "channel/records.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* What was found for one query element; the same may be found many times. */
typedef struct ElementValues
{
	TextSlice  *values;
	int			nvalues;
	int			room;
} ElementValues;

typedef struct ElementSearch
{
	const Guard *guard;
	QueryDesc  *queryDesc;
	ExprContext *econtext;
	ElementValues *found;		/* for each of the guard's query_elements */

	/*
	 * What the columns of a subquery or a WITH query are made of, by range
	 * table index; what list an entry is, by the same; and what the value of
	 * a parameter is: of an uncorrelated subquery, or of the other side of a
	 * join.  Found in a walk of its own, before anything is compared.
	 */
	List	  **columns;
	Node	  **lists;			/* rows of VALUES, or an array */
	Node	  **parameters;
	int			nparameters;
	bool		preparing;
	int			depth;
} ElementSearch;

/* How many subqueries deep a column is followed. */
#define MAX_NESTING 100

static bool search_expression(Node *node, ElementSearch *search);
static int	find_element(Node *node, ElementSearch *search);

/*
 * Which of the guard's query elements a variable stands for; -1: none.
 *
 * Above the scans a variable stands for a column of the plan below, and only
 * what it was written as tells the table's.
 */
static int
element_of(const Var *var, ElementSearch *search)
{
	List	   *rtable = search->queryDesc->plannedstmt->rtable;
	bool		special = IS_SPECIAL_VARNO(var->varno);
	Index		varno = special ? var->varnosyn : (Index) var->varno;
	AttrNumber	attno = special ? var->varattnosyn : var->varattno;
	RangeTblEntry *rte;
	const ReadGuard *guard;
	char	   *name = NULL;

	if (varno == 0 || varno > list_length(rtable) || attno <= 0)
		return -1;
	if (search->columns[varno] != NIL)
	{
		TargetEntry *column = get_tle_by_resno(search->columns[varno], attno);
		int			element = -1;

		/* Queries are not nested that deep; a circle would be. */
		search->depth++;
		if (column != NULL && search->depth < MAX_NESTING)
			element = find_element((Node *) column->expr, search);
		search->depth--;
		return element;
	}
	rte = rt_fetch(varno, rtable);
	if (rte->rtekind != RTE_RELATION && rte->rtekind != RTE_SUBQUERY)
		return -1;
	if (!OidIsValid(rte->relid))
		return -1;

	/* The guard's own relation, or one that belongs with it. */
	if (rte->relid != search->guard->relid)
	{
		const ReadGuard *own = sg_records_find(search->guard->relid);
		char		guard_id[sizeof(guard->guard_id)];

		if (own == NULL)
			return -1;
		strlcpy(guard_id, own->guard_id, sizeof(guard_id));
		guard = sg_records_find(rte->relid);
		if (guard == NULL || strcmp(guard->guard_id, guard_id) != 0)
			return -1;
		name = get_attname(rte->relid, attno, true);
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

/* The query element that an expression is made of, or -1. */
typedef struct ElementFinder
{
	ElementSearch *search;
	int			element;
} ElementFinder;

static bool
find_element_walker(Node *node, ElementFinder *finder)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		finder->element = element_of((Var *) node, finder->search);
		return finder->element >= 0;
	}
	return expression_tree_walker(node, find_element_walker, finder);
}

static int
find_element(Node *node, ElementSearch *search)
{
	ElementFinder finder = {search, -1};

	(void) find_element_walker(node, &finder);
	return finder.element;
}

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

/* Puts what is known of parameters in their place. */
static Node *
insert_parameters(Node *node, ElementSearch *search)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
	{
		int			id = ((Param *) node)->paramid;

		if (id < search->nparameters && search->parameters[id] != NULL)
			return copyObject(search->parameters[id]);
	}
	return expression_tree_mutator(node, insert_parameters, search);
}

/* Notes one value for a query element. */
static void
add_value(ElementValues *found, const char *operator, Oid type, Datum value)
{
	TextSlice	slice = sg_guard_value_text(type, value);
	StringInfoData written;

	initStringInfo(&written);
	if (strcmp(operator, "=") != 0)
		appendStringInfo(&written, "%s ", operator);
	appendBinaryStringInfo(&written, slice.data, slice.len);

	if (found->nvalues == found->room)
	{
		found->room = Max(8, found->room * 2);
		found->values = found->values == NULL ?
			palloc(sizeof(TextSlice) * found->room) :
			repalloc_huge(found->values, sizeof(TextSlice) * found->room);
	}
	found->values[found->nvalues].data = written.data;
	found->values[found->nvalues].len = written.len;
	found->nvalues++;
}

static int
compare_values(const void *a, const void *b)
{
	const TextSlice *left = a;
	const TextSlice *right = b;
	int			order = memcmp(left->data, right->data,
							   Min(left->len, right->len));

	return order != 0 ? order :
		(left->len > right->len) - (left->len < right->len);
}

/* The value that was found; several, sorted, as an array of text prints. */
static TextSlice
values_text(ElementValues *found)
{
	TextSlice	slice = {NULL, 0};
	ArrayBuildState *array;
	Oid			output_function;
	bool		is_varlena;
	int			nvalues = 0;

	if (found->nvalues == 0)
		return slice;

	qsort(found->values, found->nvalues, sizeof(TextSlice), compare_values);
	for (int i = 0; i < found->nvalues; i++)
	{
		if (i == 0 ||
			compare_values(&found->values[i], &found->values[nvalues - 1]) != 0)
			found->values[nvalues++] = found->values[i];
	}
	if (nvalues == 1)
		return found->values[0];

	array = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	for (int i = 0; i < nvalues; i++)
		array = accumArrayResult(array,
								 PointerGetDatum(cstring_to_text_with_len(found->values[i].data,
																		  found->values[i].len)),
								 false, TEXTOID, CurrentMemoryContext);
	getTypeOutputInfo(TEXTARRAYOID, &output_function, &is_varlena);
	slice.data = OidOutputFunctionCall(output_function,
									   makeArrayResult(array,
													   CurrentMemoryContext));
	slice.len = strlen(slice.data);
	return slice;
}

static void note_comparison(ElementSearch *search, Oid operator, Node *column,
							Node *other, bool is_array);

/* A comparison with each of a list; false where it is with none. */
static bool
note_list(ElementSearch *search, Oid operator, Node *column, Node *other)
{
	Var		   *var = (Var *) strip_implicit_coercions(other);
	bool		special;
	Index		varno;
	AttrNumber	attno;
	ListCell   *lc;

	if (!IsA(var, Var))
		return false;
	special = IS_SPECIAL_VARNO(var->varno);
	varno = special ? var->varnosyn : (Index) var->varno;
	attno = special ? var->varattnosyn : var->varattno;
	if (varno == 0 || attno <= 0 ||
		varno > list_length(search->queryDesc->plannedstmt->rtable) ||
		search->lists[varno] == NULL)
		return false;

	if (!IsA(search->lists[varno], List))
	{
		note_comparison(search, operator, column, search->lists[varno], true);
		return true;
	}
	foreach(lc, (List *) search->lists[varno])
	{
		List	   *row = lfirst_node(List, lc);

		if (attno <= list_length(row))
			note_comparison(search, operator, column, list_nth(row, attno - 1),
							false);
	}
	return true;
}

/*
 * A comparison of a column with an expression, which is evaluated here where
 * that takes no more than what the query was given and changes nothing.
 */
static void
note_comparison(ElementSearch *search, Oid operator, Node *column, Node *other,
				bool is_array)
{
	int			element = find_element(column, search);
	Oid			type = exprType(other);
	char	   *opname;
	ExprState  *state;
	Datum		value;
	bool		isnull;

	if (element < 0 || !OidIsValid(operator))
		return;
	other = insert_parameters(other, search);
	if (note_list(search, operator, column, other) ||
		needs_rows_walker(other, NULL) ||
		contain_mutable_functions(other) ||
		(opname = get_opname(operator)) == NULL)
		return;

	state = ExecInitExprWithParams((Expr *) other,
								   search->queryDesc->params);
	value = ExecEvalExprSwitchContext(state, search->econtext, &isnull);
	if (isnull)
		return;

	if (is_array)
	{
		Oid			element_type = get_base_element_type(type);
		int16		typlen;
		bool		typbyval;
		char		typalign;
		Datum	   *elements;
		bool	   *nulls;
		int			nelements;

		if (!OidIsValid(element_type))
			return;
		get_typlenbyvalalign(element_type, &typlen, &typbyval, &typalign);
		deconstruct_array(DatumGetArrayTypeP(value), element_type, typlen,
						  typbyval, typalign, &elements, &nulls, &nelements);
		for (int i = 0; i < nelements; i++)
		{
			if (!nulls[i])
				add_value(&search->found[element], opname, element_type, elements[i]);
		}
	}
	else
		add_value(&search->found[element], opname, type, value);
}

static bool
search_expression(Node *node, ElementSearch *search)
{
	if (node == NULL || search->preparing)
		return false;
	if (IsA(node, OpExpr) || IsA(node, DistinctExpr) || IsA(node, NullIfExpr))
	{
		OpExpr	   *comparison = (OpExpr *) node;

		if (list_length(comparison->args) == 2)
		{
			note_comparison(search, comparison->opno,
							linitial(comparison->args),
							lsecond(comparison->args), false);
			note_comparison(search, get_commutator(comparison->opno),
							lsecond(comparison->args),
							linitial(comparison->args), false);
		}
	}
	else if (IsA(node, ScalarArrayOpExpr))
	{
		ScalarArrayOpExpr *comparison = (ScalarArrayOpExpr *) node;

		note_comparison(search, comparison->opno, linitial(comparison->args),
						lsecond(comparison->args), true);
	}
	return expression_tree_walker(node, search_expression, search);
}

static void search_plan(Plan *plan, ElementSearch *search);

/* Notes what a join hands to the plan that it runs for each row. */
static void
note_join_parameters(NestLoop *join, ElementSearch *search)
{
	ListCell   *lc;

	foreach(lc, join->nestParams)
	{
		NestLoopParam *param = lfirst_node(NestLoopParam, lc);

		if (param->paramno < search->nparameters)
			search->parameters[param->paramno] = (Node *) param->paramval;
	}
}

/* Notes an array whose elements a plan has as its rows. */
static void
note_unnested(FunctionScan *scan, ElementSearch *search)
{
	RangeTblFunction *function = linitial_node(RangeTblFunction,
											   scan->functions);
	FuncExpr   *call = (FuncExpr *) function->funcexpr;

	if (list_length(scan->functions) == 1 && IsA(call, FuncExpr) &&
		call->funcid == F_UNNEST_ANYARRAY)
		search->lists[scan->scan.scanrelid] = linitial(call->args);
}

/* Notes what the subqueries that a plan begins with evaluate to. */
static void
note_subqueries(Plan *plan, ElementSearch *search)
{
	List	   *subplans = search->queryDesc->plannedstmt->subplans;
	ListCell   *lc;

	foreach(lc, plan->initPlan)
	{
		SubPlan    *subplan = lfirst_node(SubPlan, lc);
		Plan	   *made = list_nth(subplans, subplan->plan_id - 1);

		if (subplan->subLinkType != EXPR_SUBLINK || made == NULL ||
			!IsA(made, Result) || made->lefttree != NULL ||
			list_length(subplan->setParam) != 1 ||
			linitial_int(subplan->setParam) >= search->nparameters)
			continue;
		search->parameters[linitial_int(subplan->setParam)] =
			(Node *) linitial_node(TargetEntry, made->targetlist)->expr;
	}
}

static void
search_plans(List *plans, ElementSearch *search)
{
	ListCell   *lc;

	foreach(lc, plans)
		search_plan(lfirst(lc), search);
}

/* All expressions of a plan in which a column may be compared. */
static void
search_plan(Plan *plan, ElementSearch *search)
{
	if (plan == NULL)
		return;
	check_stack_depth();

	if (search->preparing)
		note_subqueries(plan, search);
	(void) search_expression((Node *) plan->targetlist, search);
	(void) search_expression((Node *) plan->qual, search);
	switch (nodeTag(plan))
	{
		case T_IndexScan:
			(void) search_expression((Node *) ((IndexScan *) plan)->indexqualorig, search);
			break;
		case T_IndexOnlyScan:
			(void) search_expression((Node *) ((IndexOnlyScan *) plan)->recheckqual, search);
			break;
		case T_BitmapHeapScan:
			(void) search_expression((Node *) ((BitmapHeapScan *) plan)->bitmapqualorig, search);
			break;
		case T_ForeignScan:
			(void) search_expression((Node *) ((ForeignScan *) plan)->fdw_exprs, search);
			(void) search_expression((Node *) ((ForeignScan *) plan)->fdw_recheck_quals, search);
			break;
		case T_CustomScan:
			(void) search_expression((Node *) ((CustomScan *) plan)->custom_exprs, search);
			search_plans(((CustomScan *) plan)->custom_plans, search);
			break;
		case T_CteScan:
			search->columns[((Scan *) plan)->scanrelid] =
				((Plan *) list_nth(search->queryDesc->plannedstmt->subplans,
								   ((CteScan *) plan)->ctePlanId - 1))->targetlist;
			break;
		case T_SubqueryScan:
			search->columns[((Scan *) plan)->scanrelid] =
				((SubqueryScan *) plan)->subplan->targetlist;
			search_plan(((SubqueryScan *) plan)->subplan, search);
			break;
		case T_Append:
			search_plans(((Append *) plan)->appendplans, search);
			break;
		case T_MergeAppend:
			search_plans(((MergeAppend *) plan)->mergeplans, search);
			break;
		case T_ValuesScan:
			search->lists[((Scan *) plan)->scanrelid] =
				(Node *) ((ValuesScan *) plan)->values_lists;
			break;
		case T_FunctionScan:
			note_unnested((FunctionScan *) plan, search);
			break;
		case T_NestLoop:
			note_join_parameters((NestLoop *) plan, search);
			(void) search_expression((Node *) ((Join *) plan)->joinqual, search);
			break;
		case T_HashJoin:
			(void) search_expression((Node *) ((Join *) plan)->joinqual, search);
			(void) search_expression((Node *) ((HashJoin *) plan)->hashclauses, search);
			break;
		case T_MergeJoin:
			(void) search_expression((Node *) ((Join *) plan)->joinqual, search);
			(void) search_expression((Node *) ((MergeJoin *) plan)->mergeclauses, search);
			break;
		case T_Result:
			(void) search_expression(((Result *) plan)->resconstantqual, search);
			break;
		case T_ModifyTable:
			(void) search_expression((Node *) ((ModifyTable *) plan)->returningLists, search);
			(void) search_expression(((ModifyTable *) plan)->onConflictWhere, search);
			break;
		default:
			break;
	}
	search_plan(plan->lefttree, search);
	search_plan(plan->righttree, search);
}

TextSlice
sg_query_elements(const Guard *guard, QueryDesc *queryDesc)
{
	ElementSearch search = {0};
	TextSlice  *fields;
	TextSlice	none = {NULL, 0};

	if (guard->nquery_elements == 0)
		return none;
	search.guard = guard;
	search.queryDesc = queryDesc;
	search.econtext = CreateStandaloneExprContext();
	search.econtext->ecxt_param_list_info = queryDesc->params;
	search.found = palloc0(sizeof(ElementValues) * guard->nquery_elements);
	search.columns =
		palloc0(sizeof(List *) *
				(list_length(queryDesc->plannedstmt->rtable) + 1));
	search.lists =
		palloc0(sizeof(Node *) *
				(list_length(queryDesc->plannedstmt->rtable) + 1));
	search.nparameters = list_length(queryDesc->plannedstmt->paramExecTypes);
	search.parameters = palloc0(sizeof(Node *) * Max(search.nparameters, 1));
	for (int pass = 1; pass <= 2; pass++)
	{
		search.preparing = pass == 1;
		search_plan(queryDesc->plannedstmt->planTree, &search);
		search_plans(queryDesc->plannedstmt->subplans, &search);
	}

	fields = palloc(sizeof(TextSlice) * guard->nquery_elements);
	for (int i = 0; i < guard->nquery_elements; i++)
		fields[i] = values_text(&search.found[i]);
	return sg_guard_join_texts(fields, guard->nquery_elements);
}
