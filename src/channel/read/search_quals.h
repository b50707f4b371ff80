/*-------------------------------------------------------------------------
 *
 * search_quals.h
 *		What a query searches by.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_SEARCH_QUALS_H
#define SHARING_GUARD_SEARCH_QUALS_H

#include "channel/guard/guard.h"
#include "executor/execdesc.h"

/*
 * The values that the query compares the guard's query_elements with, as one
 * text in CurrentMemoryContext; NULL data where there are none.  What comes up
 * only while the query runs is looked at from the first call on, and in what is
 * returned as far as it is known by then.
 */
extern TextSlice sg_query_elements(const Guard *guard, QueryDesc *queryDesc);

#endif							/* SHARING_GUARD_SEARCH_QUALS_H */
