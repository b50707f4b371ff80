/*-------------------------------------------------------------------------
 *
 * privileged.h
 *		Functions that only a superuser can call unless EXECUTE was granted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_PRIVILEGED_H
#define SHARING_GUARD_PRIVILEGED_H

#include "channel/guard/guard_state.h"
#include "nodes/parsenodes.h"

/* Is it one of the server's own functions of this kind? */
extern bool sg_is_privileged_function(Oid function);

/* Does it bring out what is in a file of the server, or in a large object? */
extern bool sg_reads_server_files(Oid function);

/*
 * Called before a function is executed: records a call of one of this kind by a
 * role that is no superuser.
 */
extern bool sg_privileged_function(Oid function);

/* Record the rights by which a GRANT opens a way; called after it. */
extern void sg_privileged_grant(const GuardCatalog *state, const GrantStmt *stmt);

/*
 * Record that this role was granted, where it is one of the server's own, such
 * as pg_read_server_files; "members": a list of RoleSpec.
 */
extern void sg_privileged_membership(const char *operation, Oid granted,
									 List *members);

#endif							/* SHARING_GUARD_PRIVILEGED_H */
