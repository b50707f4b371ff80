/*-------------------------------------------------------------------------
 *
 * content.h
 *		Commands that change what rows show that have gone out, without
 *		writing them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_CONTENT_H
#define SHARING_GUARD_CONTENT_H

#include "channel/guard/guard_state.h"
#include "nodes/nodes.h"

/*
 * Called before a command and when it has been executed; the first returns what
 * the second needs, in the caller's memory, or NULL.
 */
extern void *sg_content_before(const GuardCatalog *state, const Node *command);
extern void sg_content_executed(const GuardCatalog *state, const Node *command,
								const void *before);

#endif							/* SHARING_GUARD_CONTENT_H */
