/*-------------------------------------------------------------------------
 *
 * event.h
 *		Events: built here, written with the transaction or to the log.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_EVENT_H
#define SHARING_GUARD_EVENT_H

#include "audit/rows.h"
#include "disclosure.h"
#include "lib/stringinfo.h"
#include "utils/uuid.h"

/*
 * Who acted.  Names, not OIDs: roles are dropped, the record stays.
 */
typedef struct Actor
{
	const char *username;		/* NULL where the rows differ */
	const char *username_source;	/* person, login, shared_login */
	const char *organization;	/* whom that user belongs to */
	const char *session_role;
	const char *acting_role;
	const char *client_address; /* NULL: a local socket or a worker */
	const char *application;
} Actor;

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
	RowColumns	rows;
} DisclosureEvent;

/*
 * A change of policy, guards or settings, with who made it; operation,
 * relation and key as in policy/change.h.
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
	int64		policy_revision;	/* 0: none */
} ChangeEvent;

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
 * A new event id: a version 7 UUID (RFC 9562, section 5.7), so ids sort by
 * the time they were made; strictly increasing within a backend.
 */
extern void sg_event_new_id(pg_uuid_t *id, TimestampTz at);

/* RFC 9562 text form, palloc'd. */
extern char *sg_event_id_text(const pg_uuid_t *id);

/*
 * The session's part of an actor: these roles (as they were when it happened,
 * which need not be as they are now), client address, application; username is the login, source "login", organization
 * is left alone.
 */
extern void sg_actor_from_session(Actor *actor, Oid session_role,
								  Oid acting_role);

/*
 * Writing with the transaction: open, add any number, close.  Needs a
 * transaction and pushes its own snapshot where none is active, so it works
 * in a pre-commit callback too.
 */
typedef struct EventWriter EventWriter;
extern EventWriter *sg_event_writer_open(void);
extern void sg_event_write_disclosure(EventWriter *writer,
									  const DisclosureEvent *event);
extern void sg_event_write_change(EventWriter *writer,
								  const ChangeEvent *event);
extern void sg_event_write_completion(EventWriter *writer,
									  const CompletionEvent *event);
extern void sg_event_writer_close(EventWriter *writer);

/*
 * Events as bytes, which mean the same in every process of this server: for
 * handing them over.  Appended to the buffer; several may follow one another.
 */
extern void sg_event_serialize_disclosure(StringInfo buf,
										  const DisclosureEvent *event);
extern void sg_event_serialize_change(StringInfo buf,
									  const ChangeEvent *event);
extern void sg_event_serialize_completion(StringInfo buf,
										  const CompletionEvent *event);

/* Once this was called, the others do not look at the catalog. */
extern void sg_event_prepare(void);

/*
 * Writes all events of such a buffer, which must be MAXALIGNed; returns how
 * many.  With unless_written, those that the log has already are left out.
 * Errors out as the server does where one cannot be stored.
 */
extern int	sg_event_write_serialized(EventWriter *writer, const char *data,
									  Size length, bool unless_written);

/* All of them to the server log, as sg_event_to_server_log() does. */
extern void sg_event_serialized_to_server_log(const char *data, Size length,
											  const char *why);

/*
 * The event as one line of JSON in the server log and nowhere else: for what
 * cannot be written with the transaction because the transaction will not
 * live.  "why" says so in a few words.  Never sent to the client.
 */
extern void sg_event_to_server_log(const DisclosureEvent *event,
								   const char *why);

/*
 * Set while retention.c removes what may be removed; the triggers that protect
 * the record then let a DELETE of events and an UPDATE of nonces pass.
 */
extern bool sg_record_purging;

#endif							/* SHARING_GUARD_EVENT_H */
