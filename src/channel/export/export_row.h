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

#include "executor/executor.h"

#include "channel/guard/guard.h"
#include "base/disclosure.h"
#include "executor/tuptable.h"

/* For hooks.c: takes the next function of a hook and returns its own. */
extern ExecutorRun_hook_type sg_export_row_wrap_ExecutorRun(ExecutorRun_hook_type next);
extern ExecutorFinish_hook_type sg_export_row_wrap_ExecutorFinish(ExecutorFinish_hook_type next);

/*
 * The disclosure that a row of an export table is.  Points into the row and
 * CurrentMemoryContext; "operation" is a constant.
 */
extern void sg_export_row_disclosure(Disclosure *disclosure, TextSlice **tags,
									 const Guard *guard,
									 const char *operation,
									 TupleTableSlot *slot);

#endif							/* SHARING_GUARD_EXPORT_ROW_H */
