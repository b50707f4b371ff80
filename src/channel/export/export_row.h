/*-------------------------------------------------------------------------
 *
 * export_row.h
 *		The channel of export tables: every row written to one is a
 *		disclosure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_EXPORT_ROW_H
#define SHARING_GUARD_EXPORT_ROW_H

#include "channel/guard/guard.h"
#include "base/disclosure.h"
#include "executor/tuptable.h"

/* Called once, at library load. */
extern void sg_export_row_init(void);

/*
 * The disclosure that a row of an export table is.  Points into the row and
 * CurrentMemoryContext; "operation" is a constant.
 */
extern void sg_export_row_disclosure(Disclosure *disclosure, TextSlice **tags,
									 const Guard *guard,
									 const char *operation,
									 TupleTableSlot *slot);

#endif							/* SHARING_GUARD_EXPORT_ROW_H */
