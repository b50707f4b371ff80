/*-------------------------------------------------------------------------
 *
 * statement_shape.h
 *		What statements that differ in their values only have in common.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_STATEMENT_SHAPE_H
#define SHARING_GUARD_STATEMENT_SHAPE_H

#include "nodes/plannodes.h"

/*
 * The command, the tables with the columns that are read and written, and the
 * conditions, with ? in the place of values; in CurrentMemoryContext.  NULL
 * where the plan has something in it that has no such form.
 */
extern char *sg_statement_shape(const PlannedStmt *stmt);

#endif							/* SHARING_GUARD_STATEMENT_SHAPE_H */
