/*-------------------------------------------------------------------------
 *
 * pieces.h
 *		A group's rows, cut into pieces: as many as one event may hold.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_PIECES_H
#define SHARING_GUARD_PIECES_H

#include "audit/event.h"
#include "channel/group.h"
#include "channel/row_log.h"

typedef struct Piece
{
	const RowSet *set;
	int64		next;			/* which of the rows comes next */
	int16	   *purposes;		/* which of the piece's purposes is this one
								 * of the set's; 0: none yet */

	/* The piece at hand. */
	RowColumns	columns;
	int64		nrows;
	TimestampTz at;				/* of its first row */
} Piece;

/*
 * Has each piece of a log's groups handled, in a memory context that is emptied
 * between them.  Changes nothing in the log.
 */
extern void sg_pieces_each(RowLog *log,
						   void (*handle) (const Piece *piece, void *arg),
						   void *arg);

/* To be called when the log was sorted.  Begins where recording has ended. */
extern void sg_pieces_start(Piece *piece, const RowSet *set);

/*
 * The next piece, its columns in CurrentMemoryContext; false where there are
 * no more rows.
 */
extern bool sg_pieces_next(Piece *piece);

/* The piece as an event; see sg_group_event(). */
static inline void
sg_piece_event(DisclosureEvent *event, const Piece *piece)
{
	sg_group_event(event, group_of_set(piece->set), &piece->columns,
				   piece->nrows);
	event->occurred_at = piece->at;
	sg_event_new_id(&event->event_id, piece->at);
}

#endif							/* SHARING_GUARD_PIECES_H */
