/*-------------------------------------------------------------------------
 *
 * query.h
 *		Queries that read guarded tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_QUERY_H
#define SHARING_GUARD_QUERY_H

#include "executor/executor.h"

#include "channel/read/after_error.h"

/* For hooks.c: takes the next function of a hook and returns its own. */
extern ExecutorRun_hook_type sg_query_wrap_ExecutorRun(ExecutorRun_hook_type next);
extern ExecutorFinish_hook_type sg_query_wrap_ExecutorFinish(ExecutorFinish_hook_type next);
extern ExecutorEnd_hook_type sg_query_wrap_ExecutorEnd(ExecutorEnd_hook_type next);

/*
 * Can the error that is being handled have disclosed the content of a guarded
 * relation?  To be called in PG_CATCH(); if it can, sg_after_error() is done,
 * and the event may be made and waited for there.
 */
extern bool sg_query_error_tells(const StatementRole *role);

#endif							/* SHARING_GUARD_QUERY_H */
