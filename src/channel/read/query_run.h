/*-------------------------------------------------------------------------
 *
 * query_run.h
 *		A guarded query in the midst of its run: decided on again when
 *		anything changes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_QUERY_RUN_H
#define SHARING_GUARD_QUERY_RUN_H

#include <signal.h>

#include "channel/read/reads.h"
#include "channel/read/row_buffer.h"
#include "datatype/timestamp.h"
#include "executor/execdesc.h"
#include "tcop/dest.h"

/*
 * Decides on a query as of now; errors out where it is refused.  Returns until
 * when (exclusive) that holds, if nothing changes.
 */
typedef TimestampTz (*QueryDecider) (QueryDesc *queryDesc);

/*
 * Puts a query on record whose rows are held back, and that many of them wait;
 * they leave when this returns.  "over": no others will come.
 */
typedef void (*QueryReleaser) (QueryDesc *queryDesc, int64 rows, bool over);

/* One run of a query; on the stack, as runs are inside each other. */
typedef struct GuardedRun
{
	DestReceiver receiver;		/* must be first */
	DestReceiver *next;			/* whom the rows are for */
	QueryDesc  *queryDesc;
	QueryDecider decide;
	QueryReleaser release;		/* NULL: no rows are held back (any more) */
	RowBuffer	buffer;
	TupleDesc	tupdesc;		/* of the rows */
	uint64		limit;			/* so many rows were asked for; 0: all */
	uint64	   *rows;			/* counts those that reach the receiver */
	uint64		own_rows;		/* where the caller does not ask */
	TimestampTz holds_until;	/* the decision does, if nothing changes */
	uint64		changes;		/* sg_reads_changes, as of the decision */
	int			moments;		/* the same of those that have passed */
	struct GuardedRun *outer;
} GuardedRun;

/* How often a moment has passed at which a running query's decision ended. */
extern PGDLLIMPORT volatile sig_atomic_t sg_query_run_moments;

/*
 * To be called before the first decision on the run, which is the caller's and
 * holds until holds_until: a change from here on has the run decided on
 * again.  Every statement pays for it.
 */
static inline void
sg_query_run_note(GuardedRun *run)
{
	run->changes = sg_reads_changes;
	run->moments = sg_query_run_moments;
}

/*
 * Between these two each row of the query is looked at on its way, and decide()
 * called where anything has changed or the decision's time is over.  The second
 * also after an error.
 */
extern void sg_query_run_enter(GuardedRun *run, QueryDesc *queryDesc,
							   QueryDecider decide);

/* Counts in *rows the rows that reach the receiver from here on. */
static inline void
sg_query_run_count(GuardedRun *run, uint64 *rows)
{
	run->rows = rows;
}

/*
 * Holds the rows back, as long as they are few, until release() has put the
 * query on record.  To be called before a run of at most so many rows (0: all).
 */
static inline void
sg_query_run_hold(GuardedRun *run, QueryReleaser release, uint64 limit)
{
	run->release = release;
	run->limit = limit;
}
extern void sg_query_run_leave(GuardedRun *run);

#endif							/* SHARING_GUARD_QUERY_RUN_H */
