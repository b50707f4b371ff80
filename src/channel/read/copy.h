/*-------------------------------------------------------------------------
 *
 * copy.h
 *		COPY ... TO, as far as it can carry rows past a guard.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_COPY_H
#define SHARING_GUARD_COPY_H

#include "executor/executor.h"
#include "tcop/utility.h"

/* For hooks.c: takes the next function of a hook and returns its own. */
extern ExecutorStart_hook_type sg_copy_wrap_ExecutorStart(ExecutorStart_hook_type next);
extern ProcessUtility_hook_type sg_copy_wrap_ProcessUtility(ProcessUtility_hook_type next);

#endif							/* SHARING_GUARD_COPY_H */
