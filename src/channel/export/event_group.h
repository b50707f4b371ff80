/*-------------------------------------------------------------------------
 *
 * event_group.h
 *		What rows have in common that may be in one event.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_EVENT_GROUP_H
#define SHARING_GUARD_EVENT_GROUP_H

#include "audit/writer/client.h"
#include "channel/guard/decision_cache.h"
#include "channel/guard/disclosure_event.h"
#include "channel/export/row_log.h"

/*
 * Rows of one decision that have not been written yet.
 */
typedef struct EventGroup
{
	/* What every row has to look at, together. */
	RowSet		set;
	struct SubxactLevel *level; /* pending_events.c's; NULL: it does not know
								 * it yet */
	Oid			session_role;
	Oid			acting_role;
	Outcome		outcome;

	/*
	 * For rows that go to another server: the intent recorded before the
	 * first one.
	 */
	bool		is_open;
	OpenDisclosure open;
	int64		leaving;		/* how many were let go */
	int64		handed_over;	/* so many of the set's first rows, at most */

	Decision   *decision;
	Disclosure	disclosure;		/* without the per-row fields */
	Actor		actor;			/* but for a person whom the rows name */

	struct EventGroup *older;	/* the one that its table got before it */
} EventGroup;

/* A group of this set. */
#define group_of_set(rowset)	((EventGroup *) (rowset))

StaticAssertDecl(offsetof(EventGroup, set) == 0, "a group begins with its rows");

/*
 * Groups that were made in one memory context, and live as long as it does.
 * Zero but for that it is empty.
 */
typedef struct GroupTable
{
	MemoryContext context;
	struct group_table_hash *by_key;
	EventGroup *newest;			/* from there by EventGroup.older */
} GroupTable;

/* The group for these rows; NULL where there is none. */
extern EventGroup *sg_group_known(GroupTable *table,
								  const CachedDecision *gathered,
								  const Disclosure *disclosure, int fields,
								  Oid session_role, Oid acting_role);

/* The same, made where there is none yet. */
extern EventGroup *sg_group_find(GroupTable *table,
								 const CachedDecision *gathered,
								 const Disclosure *disclosure, int fields,
								 Oid session_role, Oid acting_role);

/*
 * Rows of a group as an event, which points into both; the rest is allocated in
 * CurrentMemoryContext.  The event's id and time are the caller's to set.
 */
static inline void
sg_group_event(DisclosureEvent *event, const EventGroup *group,
			   const RowColumns *rows, int64 nrows)
{
	sg_event_of_rows(event, &group->actor, &group->disclosure,
					 group->decision, group->outcome, rows, nrows);
}

#endif							/* SHARING_GUARD_EVENT_GROUP_H */
