/*-------------------------------------------------------------------------
 *
 * binding.h
 *		What roles are bound to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_BINDING_H
#define SHARING_GUARD_BINDING_H

#include "audit/log/actor.h"
#include "nodes/pg_list.h"

/* An agency that a role reads for. */
typedef struct RoleBinding
{
	const char *agency_id;
	bool		backup;			/* it makes backups, which are kept there */
	bool		own;			/* the agency that keeps this database */
} RoleBinding;

extern void sg_binding_set_actor(Actor *actor, Oid session_role,
								 Oid acting_role);
extern bool sg_binding_is_service(Oid role);
extern List *sg_binding_agencies(const Oid *roles, int nroles);

#endif							/* SHARING_GUARD_BINDING_H */
