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

/* For hooks.c: takes the next function of a hook and returns its own. */
extern ExecutorRun_hook_type sg_export_row_wrap_ExecutorRun(ExecutorRun_hook_type next);
extern ExecutorFinish_hook_type sg_export_row_wrap_ExecutorFinish(ExecutorFinish_hook_type next);

#endif							/* SHARING_GUARD_EXPORT_ROW_H */
