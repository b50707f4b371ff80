/*-------------------------------------------------------------------------
 *
 * holdable_cursor.h
 *		Cursors WITH HOLD, whose rows wait in the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_HOLDABLE_CURSOR_H
#define SHARING_GUARD_HOLDABLE_CURSOR_H

#include "tcop/utility.h"

#include "executor/execdesc.h"

/* For hooks.c: takes the next function of a hook and returns its own. */
extern ProcessUtility_hook_type sg_holdable_cursor_wrap_ProcessUtility(ProcessUtility_hook_type next);

/*
 * A guarded query has been run.  Where that was to fill a cursor WITH HOLD,
 * each FETCH from it is decided on from now on.  Returns whether that is so
 * and the query was run from its beginning, though some of its rows may have
 * left.
 */
extern bool sg_holdable_cursor_note(QueryDesc *queryDesc);

#endif							/* SHARING_GUARD_HOLDABLE_CURSOR_H */
