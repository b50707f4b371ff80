/*-------------------------------------------------------------------------
 *
 * client.h
 *		Events that outlive the transaction: the one path for them.
 *
 * A refusal ends its transaction, and a read ships its rows whether or not
 * its transaction commits.  What is to be known of either is handed, through
 * a bounded queue in shared memory, to a background worker, which writes it in
 * a transaction of its own.
 *
 * Every function here that returns has done what it says; one that cannot
 * writes the event to the server log as a line of JSON and raises
 * ERRCODE_SG_AUDIT_UNAVAILABLE.  Not to be called in a parallel worker: the
 * leader records.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_CLIENT_H
#define SHARING_GUARD_CLIENT_H

#include "audit/log/event.h"

/*
 * Returns when the event is committed and flushed to disk, independent of
 * the caller's transaction.  Interruptible; waits at most
 * sharing_guard.audit_timeout.  "why" is said in the server log if it fails:
 * a few words of ours ("the statement was refused").
 */
extern void sg_writer_record(const Event *event, const char *why);

/*
 * Several events at once, for the price of one: made, filled and either
 * recorded, as above, or left.  Left means neither waited for nor sure to be
 * written, only likely; that is all that can be done where a transaction has
 * failed already, and needs sg_writer_prepare() before it does.  Both free the
 * batch.
 */
typedef struct EventBatch EventBatch;
extern void sg_writer_prepare(void);
extern EventBatch *sg_writer_batch(const char *why);
extern void sg_writer_batch_add(EventBatch *batch, const Event *event);
extern void sg_writer_batch_record(EventBatch *batch);
extern void sg_writer_batch_leave(EventBatch *batch);

/*
 * A disclosure whose rows leave after its event was written: COPY, a query, a
 * foreign table.
 *
 * sg_writer_begin() records the intent, an event whose rows_disclosed is
 * ROWS_UNKNOWN, as sg_writer_record() does; only then may the first row leave.
 * sg_writer_end() says how it ended; it neither waits nor fails, so it may be
 * called while a transaction aborts, and what it says is written soon after.
 * If it is never called, that is noticed: when the session ends the disclosure
 * is recorded as unfinished.
 *
 * On a standby, with sharing_guard.on_standby = 'server_log', the intent is a
 * line of the server log, and the end as well.
 */
typedef struct OpenDisclosure
{
	int			place;			/* in shared memory; -1: in the server log */
	pg_uuid_t	event_id;
	bool		unsettled;		/* the writer may have rows of it, or its end */
} OpenDisclosure;


extern void sg_writer_begin(const DisclosureEvent *intent, const char *why,
							OpenDisclosure *open);

/* The same where there is no writer, and the server log has to do. */
extern void sg_writer_begin_in_server_log(const DisclosureEvent *intent,
										  const char *why,
										  OpenDisclosure *open);
extern void sg_writer_end(const OpenDisclosure *open, int64 rows_disclosed,
						  int64 rows_blocked, DisclosureEnding ending);

/*
 * How many statements are summed up in an open disclosure by now, and their
 * rows: what its completion says when it ends.  Neither waits nor fails.  False
 * where it has ended.
 */
typedef struct SummaryCount
{
	int64		rows;
	int64		statements;
	bool		running;		/* so the writer does not end it */
	TimestampTz until;			/* the writer ends it then */
} SummaryCount;

extern bool sg_writer_count(const OpenDisclosure *open,
							const SummaryCount *count);

/*
 * Instead of sg_writer_end(), for rows that are known one by one: durable when
 * it returns, like an intent.  Fills in the event's id and what it completes.
 *
 * Likewise a batch with some of its rows, when it goes on.
 *
 * Where either fails and the disclosure is "unsettled", its events may be on
 * record or not.  It takes no more rows then: sg_writer_end() is to be called,
 * with the number of these rows and others that have left, and whichever of
 * them are on record after all are not counted twice.
 */
extern void sg_writer_complete(OpenDisclosure *open,
							   CompletionEvent *event, const char *why);
extern void sg_writer_batch_record_rows(EventBatch *batch,
										OpenDisclosure *open, int64 rows);

#endif							/* SHARING_GUARD_CLIENT_H */
