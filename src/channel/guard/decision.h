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

#include "channel/guard/guard.h"
#include "base/disclosure.h"

/* A decision as a channel gets it; owned by the cache. */
typedef struct CachedDecision CachedDecision;

/*
 * Decides on one row, under the policy as it is now, or errors out where a
 * review is overdue.  Valid until the next call, and it is the row's caller that
 * obeys it.
 */
extern CachedDecision *sg_decision_ask(const Guard *guard,
									   const Disclosure *disclosure);

/*
 * For what is decided elsewhere and would be let out: records a refusal and
 * errors out where it would leave the agency and an overdue review stops that.
 */
extern void sg_decision_check_review(const Decision *decision,
									 const Disclosure *disclosure);

/*
 * To be called with a decision that lets the row out: counts the row, where a
 * legal basis is limited.  If nothing is left of it the result is another
 * decision, to be obeyed instead.  Ahead: the row is not stored yet, and this
 * is called again when it is.
 */
extern CachedDecision *sg_decision_use_basis(const Guard *guard,
											 Disclosure *disclosure,
											 CachedDecision *gathered,
											 bool ahead);

/* The policy's decision, and what it means here, the modes considered. */
extern const Decision *sg_decision_of(const CachedDecision *gathered);
extern Outcome sg_decision_outcome(const CachedDecision *gathered);

#endif							/* SHARING_GUARD_DECISION_H */
