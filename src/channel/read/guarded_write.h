/*-------------------------------------------------------------------------
 *
 * guarded_write.h
 *		What a statement that writes to a guarded relation discloses.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_GUARDED_WRITE_H
#define SHARING_GUARD_GUARDED_WRITE_H

#include "executor/execdesc.h"

/* The first value, which is the default, stands for a read: it is recorded. */
typedef enum WriteUse
{
	WRITE_LEAKS = 0,			/* columns are returned, or may be leaked */
	WRITE_COMPARES,				/* a query element was compared */
	WRITE_SILENT				/* nothing but what the manual calls a limit */
} WriteUse;

extern WriteUse sg_guarded_write_use(QueryDesc *queryDesc);

/*
 * Does the statement only insert into this entry of its range table, so that
 * it returns nothing but what it has inserted?
 */
extern bool sg_only_inserts(const PlannedStmt *plan, int rti);

/* The columns that are set to more than a value of the statement's. */
extern Bitmapset *sg_computed_columns(const PlannedStmt *plan, int rti);

#endif							/* SHARING_GUARD_GUARDED_WRITE_H */
