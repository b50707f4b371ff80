/*-------------------------------------------------------------------------
 *
 * event.h
 *		What an event is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_EVENT_H
#define SHARING_GUARD_EVENT_H

#include "audit/log/actor.h"
#include "audit/log/event_id.h"
#include "audit/log/rows.h"
#include "base/disclosure.h"

/*
 * What is recorded is one of the structs below, each of which begins with its
 * type.  The functions that record it take an Event, as the server's take a
 * Node.
 */
typedef enum EventType
{
	EVENT_DISCLOSURE = 1,
	EVENT_CHANGE,
	EVENT_COMPLETION
} EventType;

typedef struct Event
{
	EventType	type;
} Event;

/* Not known yet how many: the disclosure's completion will say. */
#define ROWS_UNKNOWN	(-1)

/*
 * One decision on one group of rows.
 *
 * The disclosure's per-row fields (purpose, record key, query elements, case
 * number, the two persons) are not looked at: the columns hold them.
 */
typedef struct DisclosureEvent
{
	EventType	type;
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
	EventType	type;
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
	EventType	type;
	pg_uuid_t	event_id;
	TimestampTz occurred_at;
	pg_uuid_t	completes;		/* the disclosure's event */
	const char *ending;			/* completed, failed, unfinished */
	int64		rows_disclosed; /* or ROWS_UNKNOWN */
	int64		rows_blocked;
	RowColumns	rows;
} CompletionEvent;

#endif							/* SHARING_GUARD_EVENT_H */
