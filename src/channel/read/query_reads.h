/*-------------------------------------------------------------------------
 *
 * query_reads.h
 *		Which guarded relations a query reads.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_QUERY_READS_H
#define SHARING_GUARD_QUERY_READS_H

#include "executor/execdesc.h"
#include "nodes/pg_list.h"

/*
 * The guarded relations that a query reads, as a list of ReadRequest in
 * CurrentMemoryContext; NIL for most queries.  The requests are good for as
 * long as the query.
 */
extern List *sg_query_reads(QueryDesc *queryDesc);

#endif							/* SHARING_GUARD_QUERY_READS_H */
