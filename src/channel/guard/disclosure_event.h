/*-------------------------------------------------------------------------
 *
 * disclosure_event.h
 *		Fills in the event of a disclosure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DISCLOSURE_EVENT_H
#define SHARING_GUARD_DISCLOSURE_EVENT_H

#include "audit/log/event.h"

extern Decision *sg_copy_decision(const Decision *decision);
extern Disclosure sg_copy_shared_fields(const Disclosure *disclosure);
extern void sg_set_actor(Actor *actor, Oid session_role, Oid acting_role);

extern void sg_event_of_rows(DisclosureEvent *event, const Actor *actor,
							 const Disclosure *disclosure,
							 const Decision *decision, Outcome outcome,
							 const RowColumns *rows, int64 nrows);
extern void sg_event_of_row(DisclosureEvent *event, const Actor *actor,
							const Disclosure *shared, const Decision *decision,
							Outcome outcome, const Disclosure *row,
							int fields);

#endif							/* SHARING_GUARD_DISCLOSURE_EVENT_H */
