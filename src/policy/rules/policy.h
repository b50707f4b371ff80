/*-------------------------------------------------------------------------
 *
 * policy.h
 *		The compiled policy: read from the tables, cached, invalidated.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_POLICY_H
#define SHARING_GUARD_POLICY_H

#include "base/disclosure.h"

/* Opaque outside policy/. */
typedef struct Policy Policy;

/* Called once, at library load: registers the invalidation callback. */
extern void sg_policy_init(void);

/*
 * The policy as last committed (and as changed by our own transaction).
 * Accepts pending invalidations first and reloads when there were any, so a
 * caller that asks for every row sees each change at the next row.  The
 * result is valid until the next call.  Errors out where nothing has been
 * configured yet.
 */
extern const Policy *sg_policy_current(void);

/* The same for a caller that has just accepted them. */
extern const Policy *sg_policy_as_heard(void);

/*
 * Changes with every reload: a decision made under another number is stale.
 * Never 0.
 */
extern uint64 sg_policy_load_number(const Policy *policy);

extern bool sg_policy_name_lacks_state(const Policy *policy, TextSlice name,
									   TextSlice state);
extern int64 sg_policy_revision(const Policy *policy);

/* The overall mode, and whether the emergency switch is off. */
extern bool sg_policy_enforces(const Policy *policy);
extern const char *sg_policy_home_agency_id(const Policy *policy);
extern const char *sg_policy_home_agency_name(const Policy *policy);
extern const char *sg_policy_contact(const Policy *policy); /* or NULL */

#endif							/* SHARING_GUARD_POLICY_H */
