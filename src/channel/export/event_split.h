/*-------------------------------------------------------------------------
 *
 * event_split.h
 *		A group's rows, cut into pieces: as many as one event may hold.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_EVENT_SPLIT_H
#define SHARING_GUARD_EVENT_SPLIT_H

#include "audit/log/event.h"
#include "channel/export/event_group.h"
#include "channel/export/row_log.h"

typedef struct EventPart
{
	const RowSet *set;
	int64		next;			/* which of the rows comes next */
	int16	   *purposes;		/* which of the piece's purposes is this one
								 * of the set's; 0: none yet */

	/* The piece at hand. */
	RowColumns	columns;
	int64		nrows;
	TimestampTz at;				/* of its first row */
} EventPart;

/*
 * Has each piece of a log's groups handled, in a memory context that is emptied
 * between them.  Changes nothing in the log.
 */
extern void sg_event_split_each(RowLog *log,
								void (*handle) (const EventPart *piece, void *arg),
								void *arg);

/* To be called when the log was sorted.  Begins where recording has ended. */
extern void sg_event_split_start(EventPart *piece, const RowSet *set);

/*
 * The next piece, its columns in CurrentMemoryContext; false where there are
 * no more rows.
 */
extern bool sg_event_split_next(EventPart *piece);

/* The piece as an event; see sg_group_event(). */
static inline void
sg_event_part_event(DisclosureEvent *event, const EventPart *piece)
{
	sg_group_event(event, group_of_set(piece->set), &piece->columns,
				   piece->nrows);
	event->occurred_at = piece->at;
	sg_event_new_id(&event->event_id, piece->at);
}

#endif							/* SHARING_GUARD_EVENT_SPLIT_H */
