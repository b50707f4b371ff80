/*-------------------------------------------------------------------------
 *
 * decision.h
 *		The decision that a channel has to obey: what policy said, overdue reviews
 *		and the limits of legal bases considered.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DECISION_H
#define SHARING_GUARD_DECISION_H

#include "base/disclosure.h"
#include "channel/guard/guard.h"
#include "channel/guard/verdict.h"

/* A decision on a row as a channel gets it; owned by the cache. */
typedef struct CachedDecision CachedDecision;

/* What a command's disclosure depends on besides the policy. */
typedef struct CommandCircumstances
{
	bool		guard_enforces; /* the guard's own mode */
	bool		refuse;			/* a setting refuses it, whatever the policy */
	bool		never_block;	/* flagged at most */
	bool		restores;		/* was in force in the dumped database */
	bool		despite_maintenance;	/* not refused while it is open */
	const char *note;			/* a reason to flag it at least; or NULL */
} CommandCircumstances;

extern CachedDecision *sg_decision_ask(const Guard *guard,
									   const Disclosure *disclosure);
extern CachedDecision *sg_decision_use_basis(const Guard *guard,
											 Disclosure *disclosure,
											 CachedDecision *cached,
											 bool ahead);
extern const Decision *sg_decision_of(const CachedDecision *cached);
extern Outcome sg_decision_outcome(const CachedDecision *cached);
extern bool sg_decision_may_skip(const CachedDecision *cached);
extern Verdict sg_decision_verdict(const Guard *guard,
								   const CachedDecision *cached);
extern Verdict sg_decision_on_command(const CommandCircumstances *circumstances,
									  const Disclosure *disclosure);

#endif							/* SHARING_GUARD_DECISION_H */
