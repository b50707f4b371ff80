/*-------------------------------------------------------------------------
 *
 * decide.h
 *		Disclosure x policy -> decision.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DECIDE_H
#define SHARING_GUARD_DECIDE_H

#include "base/disclosure.h"
#include "policy/rules/policy.h"

/*
 * A function of its arguments: no catalog access (but for the conversion of
 * text, where the database's encoding is not UTF-8), no clock.  The decision is
 * one allocation group in CurrentMemoryContext and points nowhere else, so it
 * outlives both the policy and the disclosure.
 */
extern Decision *sg_decide(const Policy *policy, const Disclosure *disclosure);

/*
 * All that a decision depends on of a purpose that is given (sg_is_given()):
 * purposes with the same bytes are decided alike, all else being equal, as long
 * as this policy is loaded.  In CurrentMemoryContext.
 */
extern TextSlice sg_purpose_meaning(const Policy *policy, TextSlice purpose);

#endif							/* SHARING_GUARD_DECIDE_H */
