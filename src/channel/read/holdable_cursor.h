/*-------------------------------------------------------------------------
 *
 * holdable_cursor.h
 *		Cursors WITH HOLD, whose rows wait in the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_HOLDABLE_CURSOR_H
#define SHARING_GUARD_HOLDABLE_CURSOR_H

#include "executor/execdesc.h"

/* Called once, at library load. */
extern void sg_holdable_cursor_init(void);

/*
 * A guarded query has been run.  Where that was to fill a cursor WITH HOLD, each
 * FETCH from it is decided on from now on.  Returns whether that is so and the
 * query was run from its beginning, though some of its rows may have left.
 */
extern bool sg_holdable_cursor_note(QueryDesc *queryDesc);

#endif							/* SHARING_GUARD_HOLDABLE_CURSOR_H */
