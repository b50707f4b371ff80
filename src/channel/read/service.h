/*-------------------------------------------------------------------------
 *
 * service.h
 *		Statements of a service that are recorded in summary.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_SERVICE_H
#define SHARING_GUARD_SERVICE_H

#include "executor/execdesc.h"
#include "nodes/pg_list.h"

/* Called once, at library load. */
extern void sg_service_init(void);

/*
 * The shape of a statement that is to be recorded in summary, in
 * CurrentMemoryContext; else NULL.  It is where the session belongs to a
 * service, acts as itself, has declared nothing, and the shape was declared
 * for it.
 */
extern char *sg_service_shape(const QueryDesc *queryDesc);

/*
 * Counts a statement of this shape that reads so; returns when the summary that
 * it is counted in is on record as begun.  Errors out where it cannot be.  One
 * that goes on, as a cursor does, was counted before, if its hour is not over.
 */
extern void sg_service_begin(const char *shape, List *requests, bool goes_on);

/*
 * Counts so many rows of it, when it does not run any more.  Neither waits nor
 * fails.
 */
extern void sg_service_count(const char *shape, int64 rows);

#endif							/* SHARING_GUARD_SERVICE_H */
