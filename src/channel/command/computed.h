/*-------------------------------------------------------------------------
 *
 * computed.h
 *		Functions that the server itself calls with rows of guarded tables,
 *		and the commands that make it do so.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_COMPUTED_H
#define SHARING_GUARD_COMPUTED_H

#include "channel/guard/guard_state.h"
#include "nodes/nodes.h"

/* Called before a command. */
extern void sg_computed_command(const GuardCatalog *state, const Node *command);

/*
 * Record that the command rewrites this relation, with the functions that it
 * calls for it.
 */
extern void sg_computed_rewrite(const GuardCatalog *state, Oid relid);

/*
 * Called after the command that created or replaced this function.
 */
extern void sg_computed_function_made(const GuardCatalog *state,
									  const Node *command, Oid function);

/* A function is about to be called, in a database that has a guard. */
extern bool sg_computed_function(Oid function);

/*
 * The relations that this object is used on, by indexes, constraints, columns,
 * statistics, policies and triggers; a list of OIDs.
 */
extern List *sg_computed_relations_using(const GuardCatalog *state, Oid classId,
										 Oid objectId);

#endif							/* SHARING_GUARD_COMPUTED_H */
