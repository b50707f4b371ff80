/*-------------------------------------------------------------------------
 *
 * lone_event.h
 *		Events of disclosures that are recorded by themselves.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_LONE_EVENT_H
#define SHARING_GUARD_LONE_EVENT_H

#include "audit/log/event.h"

/*
 * The event of a disclosure whose rows are not looked at one by one, because
 * they are read and not written; with a decision of the caller's, who may know
 * more of it than policy does.  How many rows is for the caller to say; until
 * then it is not known.  All in CurrentMemoryContext.
 */
extern void sg_lone_event_of_read(DisclosureEvent *event,
								  const Decision *decision, Outcome outcome,
								  const Disclosure *disclosure);

/*
 * The same of a read that is over: so many rows leave, and nothing else is
 * said.
 */
extern void sg_lone_event_of_ended_read(DisclosureEvent *event,
										const Decision *decision,
										Outcome outcome,
										const Disclosure *disclosure,
										int64 rows, DisclosureEnding ending);

/*
 * Record a refusal that is about to end the statement, of a row or of what
 * would have been read (the number of rows is not known), and return the
 * event's id as text, palloc'd.  When they return the event is durable.
 */
extern char *sg_lone_event_refused_row(const Decision *decision,
									   const Disclosure *disclosure);
extern char *sg_lone_event_refused_read(const Decision *decision,
										const Disclosure *disclosure);

#endif							/* SHARING_GUARD_LONE_EVENT_H */
