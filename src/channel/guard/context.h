/*-------------------------------------------------------------------------
 *
 * context.h
 *		What the session declared of the disclosures in its transaction, and
 *		what its role is bound to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_CONTEXT_H
#define SHARING_GUARD_CONTEXT_H

#include "audit/log/actor.h"
#include "base/disclosure.h"
#include "nodes/pg_list.h"

/*
 * As given to begin_disclosure(); NULL data where not given.  The strings
 * live until the end of the transaction.
 */
typedef struct DeclaredContext
{
	TextSlice	destination;
	TextSlice	purpose;
	TextSlice	legal_basis;
	TextSlice	case_number;
	TextSlice	requesting_person;
	TextSlice	on_behalf_of;
	TextSlice	recipient_person;
} DeclaredContext;

/* Called once, at library load. */
extern void sg_context_init(void);

/* What this transaction declared, or NULL. */
extern const DeclaredContext *sg_context_declared(void);

extern void sg_context_set_actor(Actor *actor, Oid session_role,
								 Oid acting_role);

/* Is this role, by its own binding, a service of our own agency? */
extern bool sg_context_role_is_service(Oid role);

/* Whom a role reads for. */
typedef struct RoleBinding
{
	const char *agency_id;
	bool		backup;			/* it makes backups, which are kept there */
	bool		own;			/* the agency that keeps this database */
} RoleBinding;

/* The bindings of whoever acts by these roles; see context.c. */
extern List *sg_context_bindings(const Oid *roles, int nroles);

/* As long as it is the same, so are the bindings. */
extern uint64 sg_context_binding_generation(void);

#endif							/* SHARING_GUARD_CONTEXT_H */
