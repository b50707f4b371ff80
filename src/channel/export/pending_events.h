/*-------------------------------------------------------------------------
 *
 * pending_events.h
 *		Gathers what was decided into events.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_PENDING_EVENTS_H
#define SHARING_GUARD_PENDING_EVENTS_H

#include "channel/guard/decision.h"
#include "base/disclosure.h"

/* Called once, at library load. */
extern void sg_pending_init(void);

/*
 * Records the row that was decided last: it goes out, and the event is written
 * with the transaction, at its end or earlier; or it was skipped, and the event
 * is durable after sg_pending_record_autonomous(), at the statement's end.
 */
extern void sg_pending_row(CachedDecision *gathered,
						   const Disclosure *disclosure);

/*
 * A statement has ended.  One that it stands within, and that is sending rows
 * to another server, goes on.
 */
extern void sg_pending_record_autonomous(void);

/* Is there anything for it to do? */
extern bool sg_pending_has_autonomous(void);

/*
 * Before the row that was decided last leaves for another server, which will
 * not take it back: that rows leave under this decision is durable when it
 * returns.  Again, with "leaving" false, before that row is recorded.
 */
extern void sg_pending_begin(CachedDecision *gathered,
							 const Disclosure *disclosure, bool leaving);

/*
 * Are events being written?  Then nothing may be exported: see
 * pending_events.c.
 */
extern bool sg_pending_is_writing(void);

/* Has the commit begun to write the events of rows, or written them? */
extern bool sg_pending_is_committing(void);

#endif							/* SHARING_GUARD_PENDING_EVENTS_H */
