/*-------------------------------------------------------------------------
 *
 * bound_object.h
 *		Keeps what is bound to an agency bound: roles, servers, publications.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_BOUND_OBJECT_H
#define SHARING_GUARD_BOUND_OBJECT_H

#include "channel/guard/guard_state.h"
#include "nodes/parsenodes.h"

/*
 * Refuses to have a role dropped, by anybody, that is bound to an agency or has
 * a duty.  To be called before the command.
 */
extern void sg_role_refuse_drop(const GuardCatalog *state, const char *rolename,
								Oid role);

/* DROP OWNED, or a RENAME of anything, has been executed. */
extern void sg_role_owned_dropped(const GuardCatalog *state,
								  const DropOwnedStmt *stmt);
extern void sg_role_binding_renamed(const GuardCatalog *state,
									const RenameStmt *stmt);

#endif							/* SHARING_GUARD_BOUND_OBJECT_H */
