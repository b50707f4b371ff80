/*-------------------------------------------------------------------------
 *
 * grant.h
 *		Rights by which an agency's login will read protected tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_GRANT_H
#define SHARING_GUARD_GRANT_H

#include "channel/guard/guard_state.h"
#include "nodes/nodes.h"

/* Called when the command has been executed. */
extern void sg_grant_command(const GuardCatalog *state, const Node *command);

#endif							/* SHARING_GUARD_GRANT_H */
