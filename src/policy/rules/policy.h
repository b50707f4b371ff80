/*-------------------------------------------------------------------------
 *
 * policy.h
 *		Compiles the policy from its tables and caches it.
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
 * Returns the policy as last committed, with our own transaction's changes.
 * Accepts pending invalidations first and reloads when there were any, so a
 * caller that calls this for every row sees each change at the next row.  The
 * result is valid until the next call.  Errors out where the extension is not
 * configured yet.
 */
extern const Policy *sg_policy_current(void);

/* The same for a caller that has just accepted pending invalidations. */
extern const Policy *sg_policy_as_heard(void);

/*
 * Returns a number that changes with every reload and is never 0.  A decision
 * that was made under another number is stale.
 */
extern uint64 sg_policy_load_number(const Policy *policy);

extern bool sg_policy_name_lacks_state(const Policy *policy, TextSlice name,
									   TextSlice state);
extern int64 sg_policy_revision(const Policy *policy);

/* Does the policy enforce?  False in mode observe, and in an emergency. */
extern bool sg_policy_enforces(const Policy *policy);
extern const char *sg_policy_home_agency_id(const Policy *policy);
extern const char *sg_policy_home_agency_name(const Policy *policy);
extern const char *sg_policy_contact(const Policy *policy); /* or NULL */

#endif							/* SHARING_GUARD_POLICY_H */
