/*-------------------------------------------------------------------------
 *
 * publication.h
 *		Protected tables that are published to subscribers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_PUBLICATION_H
#define SHARING_GUARD_PUBLICATION_H

#include "channel/guard/guard_state.h"
#include "nodes/nodes.h"

/* Called when the command has been executed. */
extern void sg_publication_command(const GuardCatalog *state, const Node *command);

#endif							/* SHARING_GUARD_PUBLICATION_H */
