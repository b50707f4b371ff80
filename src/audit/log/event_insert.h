/*-------------------------------------------------------------------------
 *
 * event_insert.h
 *		Inserts events into the log, with the transaction.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_EVENT_INSERT_H
#define SHARING_GUARD_EVENT_INSERT_H

#include "audit/log/event.h"

/*
 * Open, insert any number of events, close.  Needs a transaction and pushes its
 * own snapshot where none is active, so it works in a pre-commit callback too.
 */
typedef struct EventInserter EventInserter;
extern EventInserter *sg_event_inserter_open(void);
extern void sg_event_insert(EventInserter *writer, const Event *event);
extern void sg_event_inserter_close(EventInserter *writer);

/*
 * Inserts all events of a buffer of event_serialized.h; returns how many.  With
 * unless_written, those that the log has already are left out.  Errors out as
 * the server does where one cannot be stored.
 */
extern int	sg_event_insert_serialized(EventInserter *writer, const char *data,
									   Size length, bool unless_written);

/*
 * The same for one event of a change, which now gets its revision (0: none); it
 * errors out as sg_event_insert() does.
 */
extern void sg_event_insert_serialized_change(EventInserter *writer,
											  const char *data, Size length,
											  int64 policy_revision);

/* The same for the end of a disclosure; true if it was written just now. */
extern bool sg_event_insert_ending(EventInserter *writer,
								   const CompletionEvent *event,
								   bool unless_written);

#endif							/* SHARING_GUARD_EVENT_INSERT_H */
