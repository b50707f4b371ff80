/*-------------------------------------------------------------------------
 *
 * tamper.h
 *		Commands that take a guard, or the record, away.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_TAMPER_H
#define SHARING_GUARD_TAMPER_H

#include "catalog/objectaccess.h"
#include "channel/guard/guard_state.h"
#include "nodes/nodes.h"

/*
 * An object is about to be dropped or truncated, or has been made or altered;
 * "command" is the utility statement that does it, or NULL.
 */
extern void sg_tamper_object(const GuardCatalog *state, const Node *command,
							 ObjectAccessType access, Oid classId,
							 Oid objectId, int subId, void *arg);

/* What objects do not tell; called before the command, and after it. */
extern void sg_tamper_command(const GuardCatalog *state, const Node *command);
extern void sg_tamper_executed(const GuardCatalog *state, const Node *command);

/* A plan is about to change the log itself. */
extern void sg_tamper_log(const GuardCatalog *state, const char *operation);

#endif							/* SHARING_GUARD_TAMPER_H */
