/*-------------------------------------------------------------------------
 *
 * event.h
 *		What an event is, and events written to the log.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_EVENT_H
#define SHARING_GUARD_EVENT_H

#include "audit/log/actor.h"
#include "audit/log/event_id.h"
#include "audit/log/rows.h"
#include "base/disclosure.h"

/* Not known yet how many: the disclosure's completion will say. */
#define ROWS_UNKNOWN	(-1)

/*
 * One decision on one group of rows.
 *
 * The disclosure's per-row fields (purpose, record key, query elements, case
 * number, requesting person) are not looked at: the columns hold them.
 */
typedef struct DisclosureEvent
{
	pg_uuid_t	event_id;
	TimestampTz occurred_at;
	Actor		actor;
	const Disclosure *disclosure;
	const Decision *decision;
	Outcome		outcome;		/* what happened; the decision's own is
								 * would_be_outcome */
	int64		rows_disclosed; /* ROWS_UNKNOWN: an intent, before any row */
	int64		rows_blocked;
	const char *ending;			/* of a read that is recorded when it is over;
								 * else NULL */
	RowColumns	rows;
} DisclosureEvent;

/*
 * A change of policy, guards or settings, with who made it; operation,
 * relation and key as in policy/rules/change.h.
 */
typedef struct ChangeEvent
{
	pg_uuid_t	event_id;
	TimestampTz occurred_at;
	const char *kind;			/* NULL: policy_change; else attempt, review,
								 * health */
	Actor		actor;
	const char *operation;
	const char *relation;
	const char *key;
	const char *old_row;
	const char *new_row;
	int64		policy_revision;	/* 0: none; negative (provisional): not
									 * said */
} ChangeEvent;

/* How a disclosure ended that was recorded before its first row. */
typedef enum DisclosureEnding
{
	ENDING_COMPLETED,
	ENDING_FAILED,				/* an error or a cancellation came between */
	ENDING_UNFINISHED			/* count unknown */
} DisclosureEnding;

/* The word that the column "ending" has for it; a constant. */
extern const char *sg_ending_name(DisclosureEnding ending);

/*
 * The end of a disclosure that was recorded before its first row.  It has no
 * columns where the rows are not known one by one.
 */
typedef struct CompletionEvent
{
	pg_uuid_t	event_id;
	TimestampTz occurred_at;
	pg_uuid_t	completes;		/* the disclosure's event */
	const char *ending;			/* completed, failed, unfinished */
	int64		rows_disclosed; /* ROWS_UNKNOWN, if nobody is left who knows */
	int64		rows_blocked;
	RowColumns	rows;
} CompletionEvent;

/*
 * Writing with the transaction: open, add any number, close.  Needs a
 * transaction and pushes its own snapshot where none is active, so it works
 * in a pre-commit callback too.
 */
typedef struct EventInserter EventInserter;
extern EventInserter *sg_event_inserter_open(void);
extern void sg_event_write_disclosure(EventInserter *writer,
									  const DisclosureEvent *event);
extern void sg_event_write_change(EventInserter *writer,
								  const ChangeEvent *event);
extern void sg_event_inserter_close(EventInserter *writer);

/*
 * Writes all events of a buffer of event_serialized.h; returns how many.  With
 * unless_written, those that the log has already are left out.  Errors out as
 * the server does where one cannot be stored.
 */
extern int	sg_event_write_serialized(EventInserter *writer, const char *data,
									  Size length, bool unless_written);

/*
 * The same for one event of a change, which now gets its revision (0: none); it
 * errors out as sg_event_write_change() does.
 */
extern void sg_event_write_serialized_change(EventInserter *writer,
											 const char *data, Size length,
											 int64 policy_revision);

/* The same for the end of a disclosure; true if it was written just now. */
extern bool sg_event_write_ending(EventInserter *writer,
								  const CompletionEvent *event,
								  bool unless_written);

#endif							/* SHARING_GUARD_EVENT_H */
