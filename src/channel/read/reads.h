/*-------------------------------------------------------------------------
 *
 * reads.h
 *		Disclosures by reading: decided on, and on record, before the first
 *		row leaves.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_READS_H
#define SHARING_GUARD_READS_H

#include "audit/writer/client.h"
#include "channel/guard/guard.h"
#include "channel/read/guarded_write.h"
#include "channel/guard/read_guard.h"
#include "base/disclosure.h"
#include "nodes/pg_list.h"

/* A guarded relation that a statement reads. */
typedef struct ReadRequest
{
	ReadGuard	guard;
	Oid			relid;			/* as the statement names it */
	Oid			check_as_user;	/* a view's owner, for example; InvalidOid:
								 * the current role */
	WriteUse	use;			/* of what is only written: what our own
								 * people are let know; else WRITE_LEAKS */
	Channel		channel;		/* CHANNEL_COPY, or CHANNEL_QUERY */
	const char *operation;

	/* What it is searched by; NULL: nothing is known of that. */
	TextSlice	(*query_elements) (const Guard *guard, void *arg);
	void	   *arg;
	bool		elements_lost;	/* it was searched by something, but that is
								 * not known any more */
} ReadRequest;

/*
 * The disclosures of one statement that have begun.  They end when the memory
 * that they are in is freed, which happens also after an error:
 * completed where "ended" was set, else failed.
 */
typedef struct ReadStatement
{
	List	   *begun;
	int64		rows;			/* how many have left; or ROWS_UNKNOWN */
	const uint64 *more_rows;	/* a count that goes on, or NULL */
	bool		ended;
	MemoryContextCallback callback;
} ReadStatement;

/* Called once, at library load. */
extern void sg_reads_init(void);

/*
 * Changes whenever a decision on what is read may have become another one; the
 * caller has accepted invalidations.
 */
extern PGDLLIMPORT uint64 sg_reads_changes;

/*
 * Decides on what is read, for each of those whom it is read for.  Errors out
 * where the policy refuses one, before anything has begun; else returns when
 * each disclosure is on record.  To be called again where the statement goes
 * on later, when so many of its rows have left: what has begun is decided
 * again, and recorded again if the outcome has changed.
 *
 * *statement is NULL at first, and stays so where nothing is to be recorded;
 * else it is made in "context".
 *
 * Returns until when (exclusive) what was decided holds, if nothing changes.
 */
extern TimestampTz sg_reads_begin(ReadStatement **statement, List *requests,
								  MemoryContext context, int64 rows_left);

/*
 * The same without a record; *recorded says whether there would be one.  For
 * rows that are held back, and for those that are on record as read and have
 * not reached the reader, except so many.
 */
extern TimestampTz sg_reads_check(List *requests, int64 rows_left,
								  bool *recorded);

/*
 * For a read that is over, and whose rows, so many, have not left yet: decides
 * again, errors out where the policy refuses one, and returns when each
 * disclosure is on record, with its ending, in an event that needs no other.
 */
extern void sg_reads_record(List *requests, int64 rows,
							DisclosureEnding ending);

/*
 * Puts it on record that a service begins to read so, in summary: the event has
 * the statements' shape as its purpose.  Decides first and errors out where the
 * policy refuses it; false where nothing is to be recorded.
 */
extern bool sg_reads_summarize(ReadRequest *request, const char *shape,
							   OpenDisclosure *open);

/*
 * A statement whose disclosures have begun has ended.  "elements" returns what
 * it was searched by, as known by now.
 */
extern void sg_reads_end(ReadStatement *statement,
						 TextSlice (*elements) (const char *guard_id, void *arg),
						 void *arg);

/* How many rows of a statement have left by now, or ROWS_UNKNOWN. */
extern int64 sg_reads_rows(const ReadStatement *statement);

#endif							/* SHARING_GUARD_READS_H */
