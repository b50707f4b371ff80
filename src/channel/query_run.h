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

#include "channel/reads.h"
#include "datatype/timestamp.h"
#include "executor/execdesc.h"
#include "tcop/dest.h"

/*
 * Decides on a query as of now; errors out where it is refused.  Returns until
 * when (exclusive) that holds, if nothing changes.
 */
typedef TimestampTz (*QueryDecider) (QueryDesc *queryDesc);

/* One run of a query; on the stack, as runs are inside each other. */
typedef struct GuardedRun
{
	DestReceiver receiver;		/* must be first */
	DestReceiver *next;			/* whom the rows are for */
	QueryDesc  *queryDesc;
	QueryDecider decide;
	TimestampTz holds_until;	/* the decision does, if nothing changes */
	uint64		changes;		/* sg_reads_changes, as of the decision */
	int			moments;		/* the same of those that have passed */
	struct GuardedRun *outer;
} GuardedRun;

/* How often a moment has passed at which a running query's decision ended. */
extern PGDLLIMPORT volatile sig_atomic_t sg_query_run_moments;

/*
 * To be called before the first decision on the run, which is the caller's and
 * holds until holds_until: whatever changes from here on has it decided on
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
extern void sg_query_run_leave(GuardedRun *run);

#endif							/* SHARING_GUARD_QUERY_RUN_H */
