/*-------------------------------------------------------------------------
 *
 * decision_cache.h
 *		What the policy said, remembered for all rows that are alike.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DECISION_CACHE_H
#define SHARING_GUARD_DECISION_CACHE_H

#include "base/disclosure.h"
#include "channel/guard/guard.h"
#include "channel/guard/verdict.h"

/*
 * A decision in the cache.  A statement goes from one to the next, and none
 * stays in the processor's cache for its next row; so what a row needs is
 * together, and short.
 */
typedef struct CachedDecision
{
	/* While does the decision hold? */
	TimestampTz decided_at;
	TimestampTz valid_until;

	uint32		key_len;
	Outcome		outcome;		/* the modes considered */
	RefusalGround ground;		/* REFUSED_BY_POLICY in the cache */
	bool		one_row;		/* the decision's depends_on_record */
	bool		basis_limited;	/* the decision's legal_basis_limited */

	/*
	 * For pending_events.c: the group that the last row under this decision
	 * went to, and which of the group's purposes this decision's is (-1: none
	 * yet); while the epoch is that of the groups.
	 */
	int			purpose;
	struct EventGroup *group;
	uint64		group_epoch;

	const Decision *decision;

	/* The one that the row after the last of this one's was under. */
	struct CachedDecision *follower;

	char		key[FLEXIBLE_ARRAY_MEMBER];
} CachedDecision;

/*
 * What policy says of this row, from the cache where that still holds.  To be
 * called with a guard that was looked up for this row: that is when
 * invalidations were accepted.  Errors out as sg_policy_current() does.  Valid
 * until the next call, which may empty the cache.
 */
extern CachedDecision *sg_decision_cache_ask(const Guard *guard,
											 const Disclosure *disclosure);

/* The same for this row alone, and as of now. */
extern CachedDecision *sg_decision_cache_ask_anew(const Guard *guard,
												  const Disclosure *disclosure);

#endif							/* SHARING_GUARD_DECISION_CACHE_H */
