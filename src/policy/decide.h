/*-------------------------------------------------------------------------
 *
 * decide.h
 *		Disclosure x policy -> decision.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DECIDE_H
#define SHARING_GUARD_DECIDE_H

#include "disclosure.h"
#include "policy/policy.h"

/*
 * A function of its arguments: no catalog access (but for the conversion of
 * text, where the database's encoding is not UTF-8), no clock.  The decision is
 * one allocation group in CurrentMemoryContext and points nowhere else, so it
 * outlives both the policy and the disclosure.
 */
extern Decision *sg_decide(const Policy *policy, const Disclosure *disclosure);

#endif							/* SHARING_GUARD_DECIDE_H */
