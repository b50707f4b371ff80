/*-------------------------------------------------------------------------
 *
 * elements.h
 *		What a query searches by.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_ELEMENTS_H
#define SHARING_GUARD_ELEMENTS_H

#include "channel/guard.h"
#include "executor/execdesc.h"

/*
 * The values that the query compares the guard's query_elements with, as one
 * text in CurrentMemoryContext; NULL data where there are none.
 */
extern TextSlice sg_query_elements(const Guard *guard, QueryDesc *queryDesc);

#endif							/* SHARING_GUARD_ELEMENTS_H */
