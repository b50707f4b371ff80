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
 * long as the query.  "tells": it calls functions that can tell what they are
 * shown, see sg_query_tells().
 */
extern List *sg_query_reads(QueryDesc *queryDesc, bool tells);

/* A query's command, by the word that its events have for it. */
extern const char *sg_query_command(CmdType command);

#endif							/* SHARING_GUARD_QUERY_READS_H */
