/*-------------------------------------------------------------------------
 *
 * cloned.h
 *		Triggers that the server or an extension clones from a guard's, on a
 *		table below it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_CLONED_H
#define SHARING_GUARD_CLONED_H

#include "channel/guard/guard_state.h"

/*
 * A trigger was made: where it calls one of our functions for a guard, it fires
 * always from now on.  To be called while its maker
 * is still at work.
 */
extern void sg_cloned_trigger(const GuardCatalog *state, Oid trigger);

/*
 * A table has become a child or partition of an export table.  Before the
 * transaction commits it has the guard's triggers, or the commit is refused.
 * "had_rows": rows were in it before, which has been dealt with.
 */
extern void sg_cloned_child(const GuardedTable *guard, Oid child,
							bool had_rows);

#endif							/* SHARING_GUARD_CLONED_H */
