/*-------------------------------------------------------------------------
 *
 * decide.h
 *		Decides on a disclosure by the rules of a policy.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DECIDE_H
#define SHARING_GUARD_DECIDE_H

#include "base/disclosure.h"
#include "policy/rules/policy.h"

/*
 * Returns the policy's decision on a disclosure.  The result depends on the
 * arguments only.  The function reads no clock and no catalog, except for the
 * encoding conversion where the database's encoding is not UTF-8.  The
 * decision is allocated in CurrentMemoryContext and points nowhere else, so it
 * outlives both the policy and the disclosure.
 */
extern Decision *sg_decide(const Policy *policy, const Disclosure *disclosure);

/*
 * Returns all that a decision depends on of a given purpose (see
 * sg_is_given()), in CurrentMemoryContext.  While this policy is loaded, two
 * purposes with the same bytes here get the same decision, all else being
 * equal.
 */
extern TextSlice sg_purpose_meaning(const Policy *policy, TextSlice purpose);

#endif							/* SHARING_GUARD_DECIDE_H */
