/*-------------------------------------------------------------------------
 *
 * ways_out.h
 *		Commands that touch no protected table and open a way for its rows:
 *		subscriptions, other servers, libraries, languages, settings.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_WAYS_OUT_H
#define SHARING_GUARD_WAYS_OUT_H

#include "channel/guard/guard_state.h"
#include "nodes/nodes.h"

/* Could this command be one of them?  For those whose kind does not tell. */
extern bool sg_ways_of_interest(const Node *command);

/* Called before a command; "outer": the one that runs it, or NULL. */
extern void sg_ways_command(const GuardCatalog *state, const Node *command,
							const Node *outer);

/* A function is about to be called, in a database that has a guard. */
extern bool sg_ways_function(Oid function);

#endif							/* SHARING_GUARD_WAYS_OUT_H */
