/*-------------------------------------------------------------------------
 *
 * search_values.h
 *		The values that a query searches by: those that stand in it, and those
 *		that come up while it runs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_SEARCH_VALUES_H
#define SHARING_GUARD_SEARCH_VALUES_H

#include "channel/guard/guard.h"
#include "executor/execdesc.h"
#include "nodes/execnodes.h"

/*
 * What one query searches one guard's columns by; lives as long as the query.
 */
typedef struct SearchValues SearchValues;

/*
 * Returns the values of this query and this state of the guard; NULL where
 * there are none yet.
 */
extern SearchValues *sg_search_values_find(const EState *estate,
										   const Guard *guard);
extern SearchValues *sg_search_values_new(QueryDesc *queryDesc,
										  const Guard *guard);

/* Those of any state of the guard with this id, the newest; NULL likewise. */
extern SearchValues *sg_search_values_of(const EState *estate,
										 const pg_uuid_t *guard_id);

/*
 * A value, or each element of an array, that the guard's query element with
 * this number is compared with, and by which operator or function.
 */
extern void sg_search_values_add(SearchValues *values, int element,
								 const char *operator, Oid type, Datum value,
								 bool is_array);

/* The element is compared with a value that cannot be had. */
extern void sg_search_values_unknown(SearchValues *values, int element);

/* Where a value comes up while the query runs. */
typedef enum ValueMoment
{
	VALUE_OF_SUBQUERY,			/* parameters that are set once; at any time
								 * after that */
	VALUE_OF_PARAMETERS,		/* parameters that are set before each call of
								 * the node */
	VALUE_OF_ROW				/* of each row that the node returns; its
								 * columns are OUTER_VAR or INNER_VAR */
} ValueMoment;

/* An expression that has a value then; node is not looked at for subqueries. */
extern void sg_search_values_watch(SearchValues *values, int element,
								   const char *operator, Node *expression,
								   bool is_array, ValueMoment moment,
								   PlanState *node);

/* The query is over, so nothing more comes up. */
extern void sg_search_values_over(const EState *estate);

/*
 * All of them as one text in CurrentMemoryContext, as query_elements has it;
 * NULL data where there are none.  What cannot be had, or not yet before the
 * query is over, is in it as "not known".
 */
extern TextSlice sg_search_values_text(SearchValues *values);

/* What stands for values that cannot be had, for each of so many elements. */
extern TextSlice sg_search_values_not_known(int nelements);

#endif							/* SHARING_GUARD_SEARCH_VALUES_H */
