/*-------------------------------------------------------------------------
 *
 * verdict.h
 *		What becomes of a disclosure, and the ground on which it is refused.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_VERDICT_H
#define SHARING_GUARD_VERDICT_H

#include "base/disclosure.h"

/* Each has an error of its own; see refusal.c. */
typedef enum RefusalGround
{
	REFUSED_BY_POLICY,
	REFUSED_UNDECLARED,			/* a COPY without a declared destination */
	REFUSED_UNREVIEWED,			/* a review of the log is overdue */
	REFUSED_IN_MAINTENANCE		/* guards may be missing */
} RefusalGround;

/* A channel obeys the outcome, and records the decision with it. */
typedef struct Verdict
{
	const Decision *decision;	/* the policy's, with reasons added to it */
	Outcome		outcome;		/* the modes considered */
	RefusalGround ground;		/* of OUTCOME_BLOCK */
	bool		enforced;		/* else a reason to block flags */
} Verdict;

extern void sg_verdict_add(Verdict *verdict, Outcome outcome,
						   const char *reason);
extern void sg_verdict_overrule(Verdict *verdict, RefusalGround ground,
								const char *reason);

#endif							/* SHARING_GUARD_VERDICT_H */
