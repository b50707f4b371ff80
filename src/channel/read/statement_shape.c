/*-------------------------------------------------------------------------
 *
 * statement_shape.c
 *		What statements that differ in their values only have in common.
 *
 * Told by the plan, since that is what is at hand when a statement is run.
 * The tables and their columns are those of the statement as written; of the
 * conditions the order does not count, nor on which side a value stands.  What
 * the planner has simplified away is not in it, so such a statement has another
 * shape than the one it was made from, and is taken for another.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/transam.h"
#include "channel/read/plan_expressions.h"
#include "channel/read/query_reads.h"
#include "channel/read/statement_shape.h"
#include "base/enum_names.h"
#include "base/compat.h"
#include "base/fixed_form.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "parser/parsetree.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(sg_sql_statement_shape);

typedef struct ShapeMaker
{
	const PlannedStmt *stmt;
	List	   *conditions;		/* of char *, each once */
	bool		limited;
	bool		failed;			/* it has none */
} ShapeMaker;

#define VALUE	"?"

/* What a join hands on: it is no value that the client has given. */
#define PASSED	"??"

static char *expression_form(Node *node, ShapeMaker *maker);

static int
compare_strings(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

static char *
joined(List *strings, const char *separator)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, strings)
		appendStringInfo(&text, "%s%s", text.len > 0 ? separator : "",
						 (char *) lfirst(lc));
	return text.data;
}

static List *
forms_of(List *expressions, ShapeMaker *maker)
{
	List	   *forms = NIL;
	ListCell   *lc;

	foreach(lc, expressions)
		forms = lappend(forms, expression_form(lfirst(lc), maker));
	return forms;
}

/* A column of a table by its name; one of anything else is made of columns. */
static char *
column_form(const Var *var, ShapeMaker *maker)
{
	bool		special = IS_SPECIAL_VARNO(var->varno);
	Index		varno = special ? var->varnosyn : (Index) var->varno;
	AttrNumber	attno = special ? var->varattnosyn : var->varattno;
	RangeTblEntry *rte;
	char	   *name;

	rte = varno == 0 || varno > list_length(maker->stmt->rtable) ? NULL :
		rt_fetch(varno, maker->stmt->rtable);
	name = rte != NULL && rte->rtekind == RTE_RELATION && attno > 0 ?
		get_attname(rte->relid, attno, true) : NULL;
	if (name == NULL)
		maker->failed = true;
	return name == NULL ? VALUE : name;
}

/*
 * The server's operators are known by their names.  Another one of such a name
 * can be made by anybody, so it goes by its schema and its arguments.
 */
static char *
operator_name(Oid operator)
{
	return operator < FirstNormalObjectId ? get_opname(operator) :
		sg_operator_name(operator);
}

static char *
operator_form(Oid operator, List *args, ShapeMaker *maker)
{
	List	   *forms = forms_of(args, maker);
	char	   *name = operator_name(operator);

	if (name == NULL || list_length(forms) != 2)
	{
		maker->failed = true;
		return VALUE;
	}
	if (strcmp(linitial(forms), VALUE) == 0 &&
		strcmp(lsecond(forms), VALUE) != 0 &&
		OidIsValid(get_commutator(operator)))
	{
		name = operator_name(get_commutator(operator));
		forms = list_make2(lsecond(forms), linitial(forms));
	}
	return psprintf("(%s %s %s)", (char *) linitial(forms), name,
					(char *) lsecond(forms));
}

static char *
boolean_form(BoolExpr *expression, ShapeMaker *maker)
{
	List	   *forms = forms_of(expression->args, maker);

	if (expression->boolop == NOT_EXPR)
		return psprintf("(NOT %s)", (char *) linitial(forms));
	list_sort(forms, compare_strings);
	return psprintf("(%s)", joined(forms, expression->boolop == AND_EXPR ?
								   " AND " : " OR "));
}

static char *
function_form(FuncExpr *call, ShapeMaker *maker)
{
	List	   *forms = forms_of(call->args, maker);
	ListCell   *lc;
	bool		values = true;

	if (call->funcid < FirstNormalObjectId &&
		(call->funcformat == COERCE_IMPLICIT_CAST ||
		 call->funcformat == COERCE_EXPLICIT_CAST))
		return linitial(forms);
	foreach(lc, forms)
		values = values && strcmp(lfirst(lc), VALUE) == 0;

	/* What is made of values alone may have been computed by the planner. */
	if (values)
		return VALUE;
	return psprintf("%s(%s)", call->funcid < FirstNormalObjectId ?
					get_func_name(call->funcid) :
					sg_function_name(call->funcid),
					joined(forms, ", "));
}

/* A list of values; one with a column in it is none. */
static char *
array_form(ArrayExpr *array, ShapeMaker *maker)
{
	ListCell   *lc;

	foreach(lc, forms_of(array->elements, maker))
	{
		if (strcmp(lfirst(lc), VALUE) != 0)
			maker->failed = true;
	}
	return VALUE;
}

static char *
expression_form(Node *node, ShapeMaker *maker)
{
	if (node == NULL)
		return VALUE;
	switch (nodeTag(node))
	{
		case T_Const:
		case T_SQLValueFunction:
			return VALUE;
		case T_Param:
			return ((Param *) node)->paramkind == PARAM_EXTERN ? VALUE : PASSED;
		case T_ArrayExpr:
			return array_form((ArrayExpr *) node, maker);
		case T_Var:
			return column_form((Var *) node, maker);
		case T_RelabelType:
			return expression_form((Node *) ((RelabelType *) node)->arg, maker);
		case T_CoerceViaIO:
			return expression_form((Node *) ((CoerceViaIO *) node)->arg, maker);
		case T_FuncExpr:
			return function_form((FuncExpr *) node, maker);
		case T_OpExpr:
			return operator_form(((OpExpr *) node)->opno,
								 ((OpExpr *) node)->args, maker);
		case T_DistinctExpr:
			return psprintf("DISTINCT %s",
							operator_form(((OpExpr *) node)->opno,
										  ((OpExpr *) node)->args, maker));
		case T_ScalarArrayOpExpr:
			return psprintf("%s %s",
							((ScalarArrayOpExpr *) node)->useOr ? "ANY" : "ALL",
							operator_form(((ScalarArrayOpExpr *) node)->opno,
										  ((ScalarArrayOpExpr *) node)->args,
										  maker));
		case T_BoolExpr:
			return boolean_form((BoolExpr *) node, maker);
		case T_NullTest:
			return psprintf("(%s %s)",
							expression_form((Node *) ((NullTest *) node)->arg, maker),
							((NullTest *) node)->nulltesttype == IS_NULL ?
							"IS NULL" : "IS NOT NULL");
		default:
			maker->failed = true;
			return VALUE;
	}
}

static void
add_conditions(List *conditions, ShapeMaker *maker)
{
	ListCell   *lc;
	ListCell   *known;

	foreach(lc, conditions)
	{
		char	   *form = expression_form(lfirst(lc), maker);
		bool		found = false;

		foreach(known, maker->conditions)
			found = found || strcmp(lfirst(known), form) == 0;
		if (!found)
			maker->conditions = lappend(maker->conditions, form);
	}
}

/*
 * Conditions of a node and of those below it; a kind that we do not know
 * fails.
 */
static void
look_at_plan(Plan *plan, ShapeMaker *maker)
{
	ListCell   *lc;

	if (plan == NULL)
		return;
	check_stack_depth();
	add_conditions(plan->qual, maker);
	switch (nodeTag(plan))
	{
		case T_IndexScan:
			add_conditions(((IndexScan *) plan)->indexqualorig, maker);
			break;
		case T_IndexOnlyScan:
			add_conditions(((IndexOnlyScan *) plan)->recheckqual, maker);
			break;
		case T_BitmapHeapScan:
			add_conditions(((BitmapHeapScan *) plan)->bitmapqualorig, maker);
			break;
		case T_Limit:
			maker->limited = true;
			break;
		case T_ModifyTable:
			if (((ModifyTable *) plan)->operation == CMD_MERGE ||
				((ModifyTable *) plan)->onConflictAction == ONCONFLICT_UPDATE)
				maker->failed = true;
			break;
		case T_NestLoop:
		case T_HashJoin:
		case T_MergeJoin:
			add_conditions(((Join *) plan)->joinqual, maker);
			if (IsA(plan, HashJoin))
				add_conditions(((HashJoin *) plan)->hashclauses, maker);
			else if (IsA(plan, MergeJoin))
				add_conditions(((MergeJoin *) plan)->mergeclauses, maker);
			break;
		case T_ValuesScan:

			/*
			 * A statement with several lines of values makes as many
			 * searches.
			 */
			if (maker->stmt->commandType != CMD_INSERT)
				maker->failed = true;
			break;
		case T_SeqScan:
		case T_BitmapIndexScan:
		case T_BitmapAnd:
		case T_BitmapOr:
		case T_SubqueryScan:
		case T_TidScan:
		case T_Append:
		case T_MergeAppend:
		case T_Hash:
		case T_Material:
		case T_Memoize:
		case T_Sort:
		case T_IncrementalSort:
		case T_Agg:
		case T_Group:
		case T_Unique:
		case T_LockRows:
		case T_Gather:
		case T_GatherMerge:
		case T_Result:
			break;
		default:
			maker->failed = true;
			break;
	}
	foreach(lc, sg_plan_children(plan))
		look_at_plan(lfirst(lc), maker);
}

/* "name(column, ...)" */
static char *
columns_form(Oid relid, const Bitmapset *columns)
{
	List	   *names = NIL;
	int			column = -1;

	while ((column = bms_next_member(columns, column)) >= 0)
	{
		AttrNumber	attno = column + FirstLowInvalidHeapAttributeNumber;
		char	   *name = attno == 0 ? "*" : get_attname(relid, attno, true);

		if (name != NULL)
			names = lappend(names, name);
	}
	list_sort(names, compare_strings);
	return joined(names, ", ");
}

/*
 * The tables that the statement names, with what is read and written of each.
 */
static List *
tables_of(const PlannedStmt *stmt)
{
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, stmt->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
		Oid			check_as_user;

		if (rte->rtekind != RTE_RELATION ||
			sg_rte_permissions(stmt, rte, &check_as_user) == 0)
			continue;
		tables = lappend(tables,
						 psprintf("%s(%s)(%s)",
								  sg_relation_name(rte->relid),
								  columns_form(rte->relid, sg_rte_selected_columns(stmt, rte)),
								  columns_form(rte->relid, sg_rte_updated_columns(stmt, rte))));
	}
	list_sort(tables, compare_strings);
	return tables;
}

char *
sg_statement_shape(const PlannedStmt *stmt)
{
	ShapeMaker	maker = {0};
	StringInfoData shape;

	/* One with subqueries has parts that depend on each other. */
	if (stmt->subplans != NIL || stmt->hasModifyingCTE || stmt->planTree == NULL)
		return NULL;
	maker.stmt = stmt;
	look_at_plan(stmt->planTree, &maker);
	if (maker.failed)
		return NULL;
	list_sort(maker.conditions, compare_strings);
	initStringInfo(&shape);
	appendStringInfo(&shape, "%s%s %s", sg_command_type_name(stmt->commandType),
					 stmt->hasReturning ? " RETURNING" : "",
					 joined(tables_of(stmt), ", "));
	if (maker.conditions != NIL)
		appendStringInfo(&shape, " WHERE %s", joined(maker.conditions, " AND "));
	if (maker.limited)
		appendStringInfoString(&shape, " LIMIT");
	return shape.data;
}

/*
 * sharing_guard.statement_shape(sample text) returns text
 *
 * The statement is planned, with parameters ($1) or without, and not run.
 */
Datum
sg_sql_statement_shape(PG_FUNCTION_ARGS)
{
	char	   *sample = text_to_cstring(PG_GETARG_TEXT_PP(0));
	List	   *parsed = pg_parse_query(sample);
	List	   *rewritten;
	Oid		   *types = NULL;
	int			ntypes = 0;
	Query	   *query;
	char	   *shape = NULL;

	if (list_length(parsed) == 1)
	{
		query = parse_analyze_varparams(linitial_node(RawStmt, parsed), sample,
										&types, &ntypes, NULL);
		rewritten = query->commandType == CMD_UTILITY ? NIL :
			pg_rewrite_query(query);
		if (list_length(rewritten) == 1)
			shape = sg_statement_shape(SG_PLAN_QUERY(linitial_node(Query, rewritten),
													 sample, CURSOR_OPT_PARALLEL_OK));
	}
	if (shape == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("this statement cannot be recorded in summary"),
				 errdetail("One SELECT, UPDATE, DELETE or INSERT of plain conditions can, without subqueries."),
				 errhint("Leave it out: each time it is run it is recorded by itself.")));
	PG_RETURN_TEXT_P(cstring_to_text(shape));
}
