/*-------------------------------------------------------------------------
 *
 * copied.h
 *		Rows of protected tables that are written to other tables, here or on
 *		other servers, and functions that carry anything out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_COPIED_H
#define SHARING_GUARD_COPIED_H

#include "executor/executor.h"

#include "channel/guard/guard_state.h"
#include "executor/execdesc.h"
#include "nodes/nodes.h"

/* For hooks.c: takes the next function of a hook and returns its own. */
extern ExecutorStart_hook_type sg_copied_wrap_ExecutorStart(ExecutorStart_hook_type next);
extern ExecutorFinish_hook_type sg_copied_wrap_ExecutorFinish(ExecutorFinish_hook_type next);

/*
 * What CREATE TABLE AS is about to copy, and the table that it has made: which
 * of them is known first differs between versions.
 */
typedef struct CopyAtWork
{
	const char *guard_id;		/* of the source */
	Oid			into;
	bool		refresh;		/* of a materialised view that there is */
} CopyAtWork;

/*
 * Called before a command, when it has made a relation, when it has been
 * executed, and at its end, be it an error.  Commands are nested: the outer
 * one's is kept for it.
 */
extern void sg_copied_begin(const Node *command, CopyAtWork *outer);
extern void sg_copied_made(const Node *command, Oid relid);
extern void sg_copied_command(const GuardCatalog *state, const Node *command);
extern void sg_copied_end(const CopyAtWork *outer);

#endif							/* SHARING_GUARD_COPIED_H */
