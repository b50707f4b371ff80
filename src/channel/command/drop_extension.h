/*-------------------------------------------------------------------------
 *
 * drop_extension.h
 *		Refuses to drop the extension while its log was not saved elsewhere.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DROP_EXTENSION_H
#define SHARING_GUARD_DROP_EXTENSION_H

#include "channel/guard/guard_state.h"
#include "nodes/nodes.h"

/*
 * Refuses a command, before it begins, that names the extension, its schema or
 * its owner, while the extension may not be dropped.
 */
extern void sg_drop_check_command(const GuardCatalog *state, const Node *command);

/*
 * The log is about to be dropped: refuses that while the
 * extension may not be dropped.  Called in the midst of the command.
 */
extern void sg_drop_check_log(const GuardCatalog *state);

#endif							/* SHARING_GUARD_DROP_EXTENSION_H */
