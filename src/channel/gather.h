/*-------------------------------------------------------------------------
 *
 * gather.h
 *		Decides on rows, once per key, and gathers what was decided into
 *		events.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_GATHER_H
#define SHARING_GUARD_GATHER_H

#include "audit/event.h"
#include "channel/guard.h"
#include "disclosure.h"

/* A decision as a channel gets it; owned by the cache. */
typedef struct GatheredDecision GatheredDecision;

/* Called once, at library load. */
extern void sg_gather_init(void);

/*
 * Decides on one row, under the policy as it is now.  Valid until the next
 * call, and it is the row's caller that obeys it.
 */
extern GatheredDecision *sg_gather_decide(const Guard *guard,
										  const Disclosure *disclosure);

/*
 * For what is decided elsewhere and would be let out: records a refusal and
 * errors out where it would leave the agency and an overdue review stops that.
 */
extern void sg_gather_check_review(const Decision *decision,
								   const Disclosure *disclosure);

/*
 * To be called with a decision that lets the row out: counts the row, where a
 * legal basis is limited.  If nothing is left of it the result is another
 * decision, to be obeyed instead.  Ahead: the row is not stored yet, and this
 * is called again when it is.
 */
extern GatheredDecision *sg_gather_use_basis(const Guard *guard,
											 Disclosure *disclosure,
											 GatheredDecision *gathered,
											 bool ahead);

/* The policy's decision, and what it means here, the modes considered. */
extern const Decision *sg_gather_decision(const GatheredDecision *gathered);
extern Outcome sg_gather_outcome(const GatheredDecision *gathered);

/* What a decision means under this guard, the modes considered. */
extern Outcome sg_gather_effective_outcome(const Guard *guard,
										   const Decision *decision);

/*
 * Records the row that was decided last: it goes out, and the event is written
 * with the transaction, at its end or earlier; or it was skipped, and the event
 * is durable after sg_gather_record_apart(), at the statement's end.
 */
extern void sg_gather_row(GatheredDecision *gathered,
						  const Disclosure *disclosure);

/*
 * With a relation: it is that export table's statement which has ended, and one
 * for another server that is under way goes on.
 */
extern void sg_gather_record_apart(const char *relation);

/* Is there anything for it to do? */
extern bool sg_gather_has_apart(void);

/*
 * Before the row that was decided last leaves for another server, which will
 * not take it back: that rows leave under this decision is durable when it
 * returns.  Again, with "leaving" false, before that row is recorded.
 */
extern void sg_gather_begin(GatheredDecision *gathered,
							const Disclosure *disclosure, bool leaving);

/*
 * For a row whose refusal ends the statement: makes its event durable and
 * returns the event's id, as text.
 */
extern char *sg_gather_refusal(const GatheredDecision *gathered,
							   const Disclosure *disclosure);

/* The event of rows that are read, not written: see gather.c. */
extern void sg_gather_read_event(DisclosureEvent *event,
								 const Decision *decision, Outcome outcome,
								 const Disclosure *disclosure);

/* Are events being written?  Then nothing may be exported: see gather.c. */
extern bool sg_gather_is_writing(void);

/* The agency's configured contact for refusals, or NULL. */
extern const char *sg_gather_contact(void);

#endif							/* SHARING_GUARD_GATHER_H */
