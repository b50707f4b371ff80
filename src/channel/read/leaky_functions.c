/*-------------------------------------------------------------------------
 *
 * leaky_functions.c
 *		Whether an expression leaks what it is evaluated on.
 *
 * UPDATE and DELETE without RETURNING return no column, so our own people may
 * use them without an event for each.  But a function in such a statement is
 * handed columns, and may raise a notice, fill a table, set a setting or count.
 * Therefore a function has to be known to be harmless: one that is marked
 * LEAKPROOF, which a superuser alone can do; an immutable one of the server's
 * own; or one of the list of date and time functions below, which are stable
 * only because they depend on the session's time zone.  Every other function
 * leaks what it is handed.
 *
 * A function that is handed no column still leaks if a column decides whether
 * it is called: CASE WHEN plate LIKE '7%' THEN nextval('s') END.  Functions of
 * the server that have no side effect may be called in such a place.
 *
 * Errors are not looked at here, because an error is recorded when it comes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "base/compat.h"
#include "channel/read/leaky_functions.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

/*
 * Stable date and time functions that have been read: each depends on its
 * arguments, TimeZone, DateStyle, IntervalStyle and lc_time only, and has no
 * side effect.
 */
static const Oid date_time_functions[] = {
	F_DATE_CMP_TIMESTAMPTZ, F_DATE_EQ_TIMESTAMPTZ, F_DATE_GE_TIMESTAMPTZ,
	F_DATE_GT_TIMESTAMPTZ, F_DATE_IN, F_DATE_LE_TIMESTAMPTZ,
	F_DATE_LT_TIMESTAMPTZ, F_DATE_NE_TIMESTAMPTZ, F_DATE_OUT,
	F_TIMESTAMPTZ_DATE, F_EXTRACT_TEXT_TIMESTAMPTZ,
	F_IN_RANGE_TIMESTAMPTZ_TIMESTAMPTZ_INTERVAL_BOOL_BOOL,
	F_INTERVAL_IN, F_INTERVAL_OUT, F_TO_CHAR_INTERVAL_TEXT, F_TIME_IN,
	F_TIMETZ_TIME, F_TIMESTAMP_CMP_TIMESTAMPTZ, F_TIMESTAMP_EQ_TIMESTAMPTZ,
	F_TIMESTAMP_GE_TIMESTAMPTZ, F_TIMESTAMP_GT_TIMESTAMPTZ, F_TIMESTAMP_IN,
	F_TIMESTAMP_LE_TIMESTAMPTZ, F_TIMESTAMP_LT_TIMESTAMPTZ,
	F_TIMESTAMP_NE_TIMESTAMPTZ, F_TIMESTAMP_OUT, F_TIMESTAMPTZ_TIMESTAMP,
	F_TO_CHAR_TIMESTAMP_TEXT, F_TIMESTAMPTZ_CMP_DATE,
	F_TIMESTAMPTZ_CMP_TIMESTAMP, F_DATE_TIMESTAMPTZ, F_TIMESTAMPTZ_EQ_DATE,
	F_TIMESTAMPTZ_EQ_TIMESTAMP, F_TIMESTAMPTZ_GE_DATE,
	F_TIMESTAMPTZ_GE_TIMESTAMP, F_TIMESTAMPTZ_GT_DATE,
	F_TIMESTAMPTZ_GT_TIMESTAMP, F_TIMESTAMPTZ_IN, F_TIMESTAMPTZ_LE_DATE,
	F_TIMESTAMPTZ_LE_TIMESTAMP, F_TIMESTAMPTZ_LT_DATE,
	F_TIMESTAMPTZ_LT_TIMESTAMP, F_TIMESTAMPTZ_MI_INTERVAL,
	F_TIMESTAMPTZ_NE_DATE, F_TIMESTAMPTZ_NE_TIMESTAMP, F_TIMESTAMPTZ_OUT,
	F_DATE_PART_TEXT_TIMESTAMPTZ, F_TIMESTAMPTZ_PL_INTERVAL,
	F_TIME_TIMESTAMPTZ, F_TIMESTAMP_TIMESTAMPTZ, F_TIMETZ_TIMESTAMPTZ,
	F_TO_CHAR_TIMESTAMPTZ_TEXT, F_DATE_TRUNC_TEXT_TIMESTAMPTZ,
	F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT, F_TIMETZ_IN, F_TIMEZONE_TEXT_TIMETZ
};

/*
 * Volatile functions of the server that change nothing which could be read
 * later: how often they were called cannot be told.  (random() can be told by
 * setseed().)
 */
static const Oid quiet_volatile_functions[] = {
	F_CLOCK_TIMESTAMP, F_TIMEOFDAY, F_GEN_RANDOM_UUID, F_CURRVAL, F_LASTVAL
};

typedef enum FunctionKind
{
	FUNCTION_LEAKPROOF,			/* may be handed a guarded column */
	FUNCTION_QUIET,				/* without side effects */
	FUNCTION_UNKNOWN
} FunctionKind;

/* How a function is called. */
typedef struct FunctionCall
{
	bool		handed;			/* with a guarded column */
	bool		conditional;
	bool		stored;
} FunctionCall;

static bool
is_member(Oid function, const Oid *functions, int nfunctions)
{
	for (int i = 0; i < nfunctions; i++)
	{
		if (functions[i] == function)
			return true;
	}
	return false;
}

/*
 * Does this immutable function of the server say something in a notice?
 *
 * libxml warns of what it finds in a document; the input of a text search query
 * quotes one without words, and one of nothing but stop words is said to be
 * ignored, as is a word that is too long for a tsvector; and the modifiers of
 * date and time types, which are an array of cstring, are quoted where they are
 * too large.  (All ereport() below WARNING of src/backend/utils/adt and
 * tsearch in PostgreSQL 15 have been read for this.)
 *
 * What a tsvector leaves out says nothing unless its text is made up for that;
 * so a stored one is harmless, as in an index or a generated column.
 */
static bool
may_notify(Form_pg_proc form, bool stored)
{
	if (form->prorettype == TSQUERYOID && form->pronargs == 1 &&
		form->proargtypes.values[0] == CSTRINGOID)
		return true;
	for (int i = 0; i < form->pronargs; i++)
	{
		Oid			type = form->proargtypes.values[i];

		if (type == XMLOID || type == CSTRINGARRAYOID ||
			(type == REGCONFIGOID &&
			 (form->prorettype == TSQUERYOID || !stored)))
			return true;
	}
	return false;
}

static FunctionKind
function_kind(Oid function, bool stored)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	FunctionKind kind = FUNCTION_UNKNOWN;

	if (!HeapTupleIsValid(tuple))
		return FUNCTION_UNKNOWN;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (form->proleakproof)
		kind = FUNCTION_LEAKPROOF;
	else if (function < FirstNormalObjectId &&
			 form->pronamespace == PG_CATALOG_NAMESPACE &&
			 (form->prolang == INTERNALlanguageId ||
			  form->prolang == ClanguageId ||
			  form->prolang == SQLlanguageId))
	{
		if (form->provolatile == PROVOLATILE_VOLATILE)
			kind = is_member(function, quiet_volatile_functions,
							 lengthof(quiet_volatile_functions)) ?
				FUNCTION_QUIET : FUNCTION_UNKNOWN;
		else if (form->provolatile == PROVOLATILE_IMMUTABLE)
			kind = may_notify(form, stored) ? FUNCTION_QUIET : FUNCTION_LEAKPROOF;
		else
			kind = is_member(function, date_time_functions,
							 lengthof(date_time_functions)) ?
				FUNCTION_LEAKPROOF : FUNCTION_QUIET;
	}
	ReleaseSysCache(tuple);
	return kind;
}

bool
sg_function_may_notify(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		notifies;

	if (!HeapTupleIsValid(tuple))
		return true;
	notifies = may_notify((Form_pg_proc) GETSTRUCT(tuple), true);
	ReleaseSysCache(tuple);
	return notifies;
}

bool
sg_function_is_leakproof(Oid function)
{
	return function_kind(function, true) == FUNCTION_LEAKPROOF;
}

/* Does a call of this function leak?  For check_functions_in_node(). */
static bool
call_leaks(Oid function, void *context)
{
	const FunctionCall *call = context;

	switch (function_kind(function, call->stored))
	{
		case FUNCTION_LEAKPROOF:
			return false;
		case FUNCTION_QUIET:
			return call->handed;
		default:
			return call->handed || call->conditional;
	}
}

typedef struct SourceSearch
{
	LeakSearch *search;
	int			source;
} SourceSearch;

static bool
source_walker(Node *node, SourceSearch *found)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Param:
			found->source |= found->search->source(node, found->search->arg);
			return false;
		case T_CaseTestExpr:
		case T_CoerceToDomainValue:
		case T_Aggref:
		case T_WindowFunc:
		case T_GroupingFunc:
			/* Values of other expressions: assume the worst of them. */
			found->source |= VALUE_GUARDED;
			break;
		case T_NullTest:
			/* It asks for no value. */
			if (IsA(strip_implicit_coercions((Node *) ((NullTest *) node)->arg), Var))
			{
				found->source |= VALUE_GUARDED;
				return false;
			}
			break;
		default:
			break;
	}
	return expression_tree_walker(node, source_walker, found);
}

int
sg_leak_source(Node *node, LeakSearch *search)
{
	SourceSearch found = {search, 0};

	(void) source_walker(node, &found);
	return found.source;
}

static bool leak_walker(Node *node, LeakSearch *search);

/* Searches the parts of an expression, which are used like this. */
static void
search_parts(Node *node, LeakSearch *search, bool conditional, bool comparing)
{
	bool		was_conditional = search->conditional;
	bool		was_comparing = search->comparing;

	search->conditional |= conditional;
	search->comparing |= comparing;
	(void) expression_tree_walker(node, leak_walker, search);
	search->conditional = was_conditional;
	search->comparing = was_comparing;
}

/* The functions by which a node itself is evaluated. */
static void
search_functions(Node *node, LeakSearch *search)
{
	FunctionCall call = {false, search->conditional, search->stored};

	call.handed = sg_leak_source(node, search) != 0;
	if (check_functions_in_node(node, call_leaks, &call))
		search->leaks = true;
}

/* GREATEST and LEAST compare by the type's default operator class. */
static void
search_minmax(MinMaxExpr *expr, LeakSearch *search)
{
	TypeCacheEntry *type = lookup_type_cache(expr->minmaxtype,
											 TYPECACHE_CMP_PROC);
	FunctionCall call = {false, search->conditional, search->stored};

	call.handed = sg_leak_source((Node *) expr, search) != 0;
	if (OidIsValid(type->cmp_proc) && call_leaks(type->cmp_proc, &call))
		search->leaks = true;
}

/* The checks of a domain, which are expressions of its value. */
static void
search_domain(CoerceToDomain *coercion, LeakSearch *search)
{
	DomainConstraintRef *constraints;
	bool		was_comparing = search->comparing;
	ListCell   *lc;

	if (!SG_DOMAIN_HAS_CONSTRAINTS(coercion->resulttype))
		return;
	constraints = palloc0(sizeof(DomainConstraintRef));
	InitDomainConstraintRef(coercion->resulttype, constraints,
							CurrentMemoryContext, false);
	search->comparing = false;
	foreach(lc, constraints->constraints)
	{
		DomainConstraintState *constraint = lfirst(lc);

		if (constraint->check_expr != NULL)
			(void) leak_walker((Node *) constraint->check_expr, search);
	}
	search->comparing = was_comparing;
}

/* A CASE compares its tests and shows which of its results was taken. */
static void
search_case(CaseExpr *expr, LeakSearch *search)
{
	bool		was_conditional = search->conditional;
	bool		was_comparing = search->comparing;
	ListCell   *lc;

	search->conditional = true;
	search->comparing = true;
	(void) leak_walker((Node *) expr->arg, search);
	foreach(lc, expr->args)
		(void) leak_walker((Node *) lfirst_node(CaseWhen, lc)->expr, search);
	search->comparing = was_comparing;
	foreach(lc, expr->args)
		(void) leak_walker((Node *) lfirst_node(CaseWhen, lc)->result, search);
	(void) leak_walker((Node *) expr->defresult, search);
	search->conditional = was_conditional;
}

/* The subscripting of a type that an extension made is its own function. */
static void
search_subscript(SubscriptingRef *subscript, LeakSearch *search)
{
	if (get_typsubscript(subscript->refcontainertype, NULL) >= FirstNormalObjectId &&
		sg_leak_source((Node *) subscript, search) != 0)
		search->leaks = true;
	search_parts((Node *) subscript, search, false, false);
}

/*
 * Which nodes there are, and which of them call functions, is as in the
 * server's contain_leaked_vars().
 */
static bool
leak_walker(Node *node, LeakSearch *search)
{
	if (node == NULL || search->leaks)
		return search->leaks;
	check_stack_depth();

	switch (nodeTag(node))
	{
		case T_Var:
		case T_Param:
			if (search->comparing &&
				(search->source(node, search->arg) & VALUE_SEARCHED) != 0)
				search->compares = true;
			return false;

		case T_NullTest:
			/* It asks for no value. */
			if (IsA(strip_implicit_coercions((Node *) ((NullTest *) node)->arg), Var))
				return false;
			search_parts(node, search, false, false);
			break;

		case T_List:
		case T_TargetEntry:
		case T_Const:
		case T_RelabelType:
		case T_CollateExpr:
		case T_BooleanTest:
		case T_ArrayExpr:
		case T_RowExpr:
		case T_FieldSelect:
		case T_FieldStore:
		case T_ConvertRowtypeExpr:
		case T_ArrayCoerceExpr:
		case T_CaseTestExpr:
		case T_CoerceToDomainValue:
		case T_SetToDefault:
		case T_SQLValueFunction:
		case T_CurrentOfExpr:
		case T_InferenceElem:
		case T_GroupingFunc:
		case T_AlternativeSubPlan:
		case T_WithCheckOption:
			search_parts(node, search, false, false);
			break;

		case T_NextValueExpr:
			/* How often it was called can be read from the sequence. */
			search->leaks = search->conditional;
			break;

		case T_CoalesceExpr:
			search_parts(node, search, true, false);
			break;

		case T_BoolExpr:
		case T_SubPlan:
			search_parts(node, search, true, true);
			break;

		case T_CaseExpr:
			search_case((CaseExpr *) node, search);
			break;

		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
		case T_CoerceViaIO:
		case T_RowCompareExpr:
		case T_Aggref:
		case T_WindowFunc:
			search_functions(node, search);
			search_parts(node, search, IsA(node, Aggref),
						 exprType(node) == BOOLOID || IsA(node, NullIfExpr));
			break;

		case T_MinMaxExpr:
			search_minmax((MinMaxExpr *) node, search);
			search_parts(node, search, false, true);
			break;

		case T_CoerceToDomain:
			search_domain((CoerceToDomain *) node, search);
			search_parts(node, search, false, false);
			break;

		case T_SubscriptingRef:
			search_subscript((SubscriptingRef *) node, search);
			break;

		default:
			if (sg_leak_source(node, search) != 0)
				search->leaks = true;
			else
				search_parts(node, search, true, false);
			break;
	}
	return search->leaks;
}

void
sg_leak_search(Node *node, LeakSearch *search)
{
	(void) leak_walker(node, search);
}
