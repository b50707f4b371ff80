/*-------------------------------------------------------------------------
 *
 * search_values.c
 *		The values that a query searches by: those that stand in it, and those
 *		that come up while it runs.
 *
 * What a subquery gives, and the other side of a join, is known only when the
 * query has run.  The rows of a plan's node are seen by a function of ours in
 * the place of the node's own, which it calls.  They are kept once each, up to
 * a bound: then the node is left alone again, and the record says that not all
 * is known.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "channel/read/search_values.h"
#include "channel/guard/column_text.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "lib/ilist.h"
#include "lib/stringinfo.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* How much of what comes up while a query runs is kept. */
#define WATCHED_VALUES_MAX	1000
#define WATCHED_BYTES_MAX	(64 * 1024)

#define BUCKETS	256

static const char not_known[] = "not known";

/* The values of one query element, each once. */
typedef struct ElementValues
{
	TextSlice  *values;
	int		   *next;			/* by value: the next of its bucket, or -1 */
	int			nvalues;
	int			room;
	int		   *buckets;
	bool		unknown;		/* there are others */
} ElementValues;

/* An expression that has values while the query runs. */
typedef struct ValueSource
{
	struct SearchValues *values;
	int			element;
	const char *operator;
	Oid			type;
	bool		is_array;
	ValueMoment moment;
	ExprState  *state;
	List	   *parameters;		/* numbers of those in it */
	bool		seen;			/* it had a value, be it NULL */
} ValueSource;

/* A plan's node whose rows we look at. */
typedef struct WatchedNode
{
	dlist_node	node;
	PlanState  *planstate;
	ExecProcNodeMtd original;
	List	   *sources;		/* of ValueSource */
	ExprContext *econtext;
	MemoryContextCallback callback;
} WatchedNode;

struct SearchValues
{
	dlist_node	node;
	EState	   *estate;
	pg_uuid_t	guard_id;
	Oid			relid;
	uint64		load_number;
	bool		over;			/* the query is */
	int			nelements;
	ElementValues *elements;
	List	   *subqueries;		/* of ValueSource */
	List	   *watched;		/* of ValueSource */
	int			nwatched;		/* values that came up */
	Size		watched_bytes;
	ExprContext *econtext;
	MemoryContextCallback callback;
};

static dlist_head all_values = DLIST_STATIC_INIT(all_values);
static dlist_head watched_nodes = DLIST_STATIC_INIT(watched_nodes);

/* ----------------------------------------------------------------
 *		Keeping values
 * ----------------------------------------------------------------
 */

static void
values_gone(void *arg)
{
	dlist_delete(&((SearchValues *) arg)->node);
}

SearchValues *
sg_search_values_new(QueryDesc *queryDesc, const Guard *guard)
{
	EState	   *estate = queryDesc->estate;
	MemoryContext oldcontext = MemoryContextSwitchTo(estate->es_query_cxt);
	SearchValues *values = palloc0(sizeof(SearchValues));

	values->estate = estate;
	values->guard_id = guard->guard_id;
	values->relid = guard->relid;
	values->load_number = guard->load_number;
	values->nelements = guard->nquery_elements;
	values->elements = palloc0(sizeof(ElementValues) * values->nelements);
	values->econtext = CreateExprContext(estate);
	values->callback.func = values_gone;
	values->callback.arg = values;
	MemoryContextRegisterResetCallback(estate->es_query_cxt, &values->callback);
	dlist_push_head(&all_values, &values->node);
	MemoryContextSwitchTo(oldcontext);
	return values;
}

SearchValues *
sg_search_values_of(const EState *estate, const pg_uuid_t *guard_id)
{
	dlist_iter	iter;

	dlist_foreach(iter, &all_values)
	{
		SearchValues *values = dlist_container(SearchValues, node, iter.cur);

		if (values->estate == estate &&
			memcmp(&values->guard_id, guard_id, UUID_LEN) == 0)
			return values;
	}
	return NULL;
}

SearchValues *
sg_search_values_find(const EState *estate, const Guard *guard)
{
	dlist_iter	iter;

	dlist_foreach(iter, &all_values)
	{
		SearchValues *values = dlist_container(SearchValues, node, iter.cur);

		if (values->estate == estate && values->relid == guard->relid &&
			values->load_number == guard->load_number &&
			memcmp(&values->guard_id, &guard->guard_id, UUID_LEN) == 0)
			return values;
	}
	return NULL;
}

/*
 * Keeps a text that is in memory of its own; false where it was there already.
 */
static bool
keep_text(ElementValues *found, const char *data, Size len)
{
	uint32		bucket = hash_bytes((const unsigned char *) data, len) % BUCKETS;

	if (found->buckets == NULL)
	{
		found->buckets = palloc(sizeof(int) * BUCKETS);
		for (int i = 0; i < BUCKETS; i++)
			found->buckets[i] = -1;
	}
	for (int i = found->buckets[bucket]; i >= 0; i = found->next[i])
	{
		if (found->values[i].len == len &&
			memcmp(found->values[i].data, data, len) == 0)
			return false;
	}
	if (found->nvalues == found->room)
	{
		found->room = Max(8, found->room * 2);
		if (found->values == NULL)
		{
			found->values = palloc(sizeof(TextSlice) * found->room);
			found->next = palloc(sizeof(int) * found->room);
		}
		else
		{
			found->values = repalloc_huge(found->values,
										  sizeof(TextSlice) * found->room);
			found->next = repalloc_huge(found->next, sizeof(int) * found->room);
		}
	}
	found->values[found->nvalues].data = data;
	found->values[found->nvalues].len = len;
	found->next[found->nvalues] = found->buckets[bucket];
	found->buckets[bucket] = found->nvalues++;
	return true;
}

/* Keeps one value; returns how many bytes of it are new. */
static Size
keep_value(SearchValues *values, int element, const char *operator, Oid type,
		   Datum value)
{
	TextSlice	slice = sg_guard_value_text(type, value);
	MemoryContext oldcontext =
	MemoryContextSwitchTo(values->estate->es_query_cxt);
	StringInfoData written;

	initStringInfo(&written);
	if (strcmp(operator, "=") != 0)
		appendStringInfo(&written, "%s ", operator);
	appendBinaryStringInfo(&written, slice.data, slice.len);
	if (!keep_text(&values->elements[element], written.data, written.len))
	{
		pfree(written.data);
		written.len = 0;
	}
	MemoryContextSwitchTo(oldcontext);
	return written.len;
}

/* The same of a value or of an array's elements. */
static Size
keep_values(SearchValues *values, int element, const char *operator, Oid type,
			Datum value, bool is_array)
{
	Oid			element_type;
	int16		typlen;
	bool		typbyval;
	char		typalign;
	Datum	   *elements;
	bool	   *nulls;
	int			nelements;
	Size		bytes = 0;

	if (!is_array)
		return keep_value(values, element, operator, type, value);
	element_type = get_base_element_type(type);
	if (!OidIsValid(element_type))
	{
		sg_search_values_unknown(values, element);
		return 0;
	}
	get_typlenbyvalalign(element_type, &typlen, &typbyval, &typalign);
	deconstruct_array(DatumGetArrayTypeP(value), element_type, typlen,
					  typbyval, typalign, &elements, &nulls, &nelements);
	for (int i = 0; i < nelements; i++)
	{
		if (!nulls[i])
			bytes += keep_value(values, element, operator, element_type,
								elements[i]);
	}
	return bytes;
}

void
sg_search_values_add(SearchValues *values, int element, const char *operator,
					 Oid type, Datum value, bool is_array)
{
	(void) keep_values(values, element, operator, type, value, is_array);
}

void
sg_search_values_unknown(SearchValues *values, int element)
{
	values->elements[element].unknown = true;
}

/* ----------------------------------------------------------------
 *		Values that come up while the query runs
 * ----------------------------------------------------------------
 */

/* The numbers of an expression's parameters. */
static bool
parameters_walker(Node *node, List **parameters)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
	{
		if (((Param *) node)->paramkind == PARAM_EXEC)
			*parameters = list_append_unique_int(*parameters,
												 ((Param *) node)->paramid);
		return false;
	}
	return expression_tree_walker(node, parameters_walker, parameters);
}

/* Are all parameters set?  To use one that is not would run its subquery. */
static bool
parameters_are_set(const ValueSource *source)
{
	ListCell   *lc;

	foreach(lc, source->parameters)
	{
		if (source->values->estate->es_param_exec_vals[lfirst_int(lc)].execPlan != NULL)
			return false;
	}
	return true;
}

/* Takes the value that a source has now. */
static void
take_value(ValueSource *source, ExprContext *econtext)
{
	SearchValues *values = source->values;
	MemoryContext oldcontext;
	Datum		value;
	bool		isnull;
	Size		bytes;

	if (!parameters_are_set(source))
		return;
	source->seen = true;
	oldcontext = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	value = ExecEvalExpr(source->state, econtext, &isnull);
	if (!isnull)
	{
		bytes = keep_values(values, source->element, source->operator,
							source->type, value, source->is_array);
		if (bytes > 0)
		{
			values->nwatched++;
			values->watched_bytes += bytes;
		}
	}
	MemoryContextSwitchTo(oldcontext);
}

static bool
is_full(const SearchValues *values)
{
	return values->nwatched >= WATCHED_VALUES_MAX ||
		values->watched_bytes >= WATCHED_BYTES_MAX;
}

static void
stop_watching(WatchedNode *watched)
{
	PlanState  *planstate = watched->planstate;

	planstate->ExecProcNodeReal = watched->original;
	if (planstate->ExecProcNode == NULL || watched->original == NULL)
		return;
	ExecSetExecProcNode(planstate, watched->original);
}

static WatchedNode *
find_watched(const PlanState *planstate)
{
	dlist_iter	iter;

	dlist_foreach(iter, &watched_nodes)
	{
		WatchedNode *watched = dlist_container(WatchedNode, node, iter.cur);

		if (watched->planstate == planstate)
			return watched;
	}
	return NULL;
}

/* In the place of the node's own function. */
static TupleTableSlot *
watched_ExecProcNode(PlanState *planstate)
{
	WatchedNode *watched = find_watched(planstate);
	TupleTableSlot *slot = watched->original(planstate);
	bool		full = false;
	ListCell   *lc;

	foreach(lc, watched->sources)
	{
		ValueSource *source = lfirst(lc);

		if (is_full(source->values))
		{
			source->values->elements[source->element].unknown = true;
			full = true;
			continue;
		}
		source->seen = true;
		if (source->moment == VALUE_OF_ROW)
		{
			if (TupIsNull(slot))
				continue;
			watched->econtext->ecxt_outertuple = slot;
			watched->econtext->ecxt_innertuple = slot;
		}
		take_value(source, watched->econtext);
		ResetExprContext(watched->econtext);
	}
	if (full && list_length(watched->sources) == 1)
		stop_watching(watched);
	return slot;
}

static void
watched_gone(void *arg)
{
	dlist_delete(&((WatchedNode *) arg)->node);
}

static WatchedNode *
watch_node(EState *estate, PlanState *planstate)
{
	WatchedNode *watched = find_watched(planstate);

	if (watched != NULL)
		return watched;
	watched = palloc0(sizeof(WatchedNode));
	watched->planstate = planstate;
	watched->original = planstate->ExecProcNodeReal;
	watched->econtext = CreateExprContext(estate);
	watched->callback.func = watched_gone;
	watched->callback.arg = watched;
	MemoryContextRegisterResetCallback(estate->es_query_cxt,
									   &watched->callback);
	dlist_push_head(&watched_nodes, &watched->node);
	ExecSetExecProcNode(planstate, watched_ExecProcNode);
	return watched;
}

void
sg_search_values_watch(SearchValues *values, int element, const char *operator,
					   Node *expression, bool is_array, ValueMoment moment,
					   PlanState *node)
{
	EState	   *estate = values->estate;
	MemoryContext oldcontext = MemoryContextSwitchTo(estate->es_query_cxt);
	ValueSource *source = palloc0(sizeof(ValueSource));

	expression = copyObject(expression);
	source->values = values;
	source->element = element;
	source->operator = pstrdup(operator);
	source->type = exprType(expression);
	source->is_array = is_array;
	source->moment = moment;
	source->state = ExecInitExprWithParams((Expr *) expression,
										   estate->es_param_list_info);
	(void) parameters_walker(expression, &source->parameters);
	if (moment == VALUE_OF_SUBQUERY)
		values->subqueries = lappend(values->subqueries, source);
	else
	{
		WatchedNode *watched = watch_node(estate, node);

		watched->sources = lappend(watched->sources, source);
		values->watched = lappend(values->watched, source);
	}
	MemoryContextSwitchTo(oldcontext);
}

/* ----------------------------------------------------------------
 *		As text
 * ----------------------------------------------------------------
 */

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
element_text(const ElementValues *found, bool unknown)
{
	TextSlice	slice = {NULL, 0};
	TextSlice  *sorted;
	ArrayBuildState *array;
	Oid			output_function;
	bool		is_varlena;

	if (found->nvalues == 0 && !unknown)
		return slice;
	if (found->nvalues == 0)
	{
		slice.data = not_known;
		slice.len = strlen(not_known);
		return slice;
	}
	if (found->nvalues == 1 && !unknown)
		return found->values[0];

	sorted = palloc(sizeof(TextSlice) * found->nvalues);
	memcpy(sorted, found->values, sizeof(TextSlice) * found->nvalues);
	qsort(sorted, found->nvalues, sizeof(TextSlice), compare_values);
	array = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	for (int i = 0; i < found->nvalues; i++)
		array = accumArrayResult(array,
								 PointerGetDatum(cstring_to_text_with_len(sorted[i].data,
																		  sorted[i].len)),
								 false, TEXTOID, CurrentMemoryContext);
	if (unknown)
		array = accumArrayResult(array, CStringGetTextDatum(not_known), false,
								 TEXTOID, CurrentMemoryContext);
	getTypeOutputInfo(TEXTARRAYOID, &output_function, &is_varlena);
	slice.data = OidOutputFunctionCall(output_function,
									   makeArrayResult(array,
													   CurrentMemoryContext));
	slice.len = strlen(slice.data);
	return slice;
}

void
sg_search_values_over(const EState *estate)
{
	dlist_iter	iter;

	dlist_foreach(iter, &all_values)
	{
		SearchValues *values = dlist_container(SearchValues, node, iter.cur);

		if (values->estate == estate)
			values->over = true;
	}
}

TextSlice
sg_search_values_text(SearchValues *values)
{
	TextSlice  *fields = palloc(sizeof(TextSlice) * values->nelements);
	bool	   *unknown = palloc(sizeof(bool) * values->nelements);
	ListCell   *lc;

	foreach(lc, values->subqueries)
	{
		ValueSource *source = lfirst(lc);

		if (!source->seen)
			take_value(source, values->econtext);
	}
	for (int i = 0; i < values->nelements; i++)
		unknown[i] = values->elements[i].unknown;
	foreach(lc, values->subqueries)
	{
		ValueSource *source = lfirst(lc);

		unknown[source->element] |= !source->seen;
	}
	foreach(lc, values->watched)
	{
		ValueSource *source = lfirst(lc);

		unknown[source->element] |= !values->over || !source->seen;
	}
	for (int i = 0; i < values->nelements; i++)
		fields[i] = element_text(&values->elements[i], unknown[i]);
	return sg_guard_join_texts(fields, values->nelements);
}

TextSlice
sg_search_values_not_known(int nelements)
{
	TextSlice	slice = {nelements > 0 ? not_known : NULL, 0};

	if (nelements > 0)
		slice.len = strlen(not_known);
	return slice;
}
