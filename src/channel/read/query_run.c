/*-------------------------------------------------------------------------
 *
 * query_run.c
 *		A guarded query in the midst of its run: decided on again when
 *		anything changes.
 *
 * Each row passes a receiver of ours on its way.  There invalidations are taken
 * in; a timer says when the decision's own time is over.  What the decision is,
 * and what becomes of it, is no concern of this file.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "channel/read/query_run.h"
#include "utils/inval.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

/* The innermost of those under way. */
static GuardedRun *runs = NULL;

volatile sig_atomic_t sg_query_run_moments = 0;

/* The timer for those; USER_TIMEOUT until one is needed. */
static TimeoutId moment_timeout = USER_TIMEOUT;

/* Longer than this ahead it is set again, which is no harm. */
#define TIMER_USECS_MAX		USECS_PER_DAY

/* In a signal handler. */
static void
moment_passed(void)
{
	sg_query_run_moments++;
}

/*
 * Sets the timer to the next moment at which the decision on a running query
 * ends.  Those whose moment has passed know by what they noted.
 */
static pg_noinline void
set_timer(void)
{
	TimestampTz next = DT_NOEND;

	for (GuardedRun *run = runs; run != NULL; run = run->outer)
	{
		if (run->moments == sg_query_run_moments)
			next = Min(next, run->holds_until);
	}
	if (TIMESTAMP_IS_NOEND(next))
	{
		if (moment_timeout != USER_TIMEOUT &&
			get_timeout_active(moment_timeout))
			disable_timeout(moment_timeout, false);
		return;
	}
	if (moment_timeout == USER_TIMEOUT)
		moment_timeout = RegisterTimeout(USER_TIMEOUT, moment_passed);
	enable_timeout_at(moment_timeout,
					  Min(next, GetCurrentTimestamp() + TIMER_USECS_MAX));
}

/* Something has changed, or a moment has passed. */
static pg_noinline void
decide_again(GuardedRun *run)
{
	sg_query_run_note(run);
	run->holds_until = DT_NOEND;	/* meanwhile no moment of its counts */
	run->holds_until = run->decide(run->queryDesc);
	set_timer();
}

/*
 * Puts the query on record and lets the rows go that were held back.  False
 * where the receiver wants no more.
 */
static pg_noinline bool
release_rows(GuardedRun *run, bool over)
{
	QueryReleaser release = run->release;

	run->release = NULL;
	release(run->queryDesc, list_length(run->buffer.rows), over);
	return sg_row_buffer_send(&run->buffer, run->tupdesc, run->next, run->rows);
}

static bool
guarded_receiveSlot(TupleTableSlot *slot, DestReceiver *self)
{
	GuardedRun *run = (GuardedRun *) self;

	AcceptInvalidationMessages();
	if (unlikely(run->changes != sg_reads_changes ||
				 run->moments != sg_query_run_moments))
		decide_again(run);
	if (run->release != NULL)
	{
		if (sg_row_buffer_add(&run->buffer, slot,
							  run->queryDesc->estate->es_query_cxt))
			return true;
		if (!release_rows(run, false))
			return false;
	}
	(*run->rows)++;
	return run->next->receiveSlot(slot, run->next);
}

static void
guarded_rStartup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
	DestReceiver *next = ((GuardedRun *) self)->next;

	((GuardedRun *) self)->tupdesc = typeinfo;
	next->rStartup(next, operation, typeinfo);
}

static void
guarded_rShutdown(DestReceiver *self)
{
	GuardedRun *run = (GuardedRun *) self;
	DestReceiver *next = run->next;

	/* Where as many came as were asked for, the query may go on. */
	if (run->release != NULL)
		(void) release_rows(run, run->limit == 0 ||
							list_length(run->buffer.rows) < run->limit);
	next->rShutdown(next);
}

/* The receiver is on our stack, so there is nothing to destroy. */
static void
guarded_rDestroy(DestReceiver *self)
{
}

/*
 * Puts our receiver in the place of the query's own, for this run. Callers
 * that look at queryDesc->dest afterwards (COPY, SPI) must find theirs there.
 */
void
sg_query_run_enter(GuardedRun *run, QueryDesc *queryDesc, QueryDecider decide)
{
	run->receiver.receiveSlot = guarded_receiveSlot;
	run->receiver.rStartup = guarded_rStartup;
	run->receiver.rShutdown = guarded_rShutdown;
	run->receiver.rDestroy = guarded_rDestroy;
	run->receiver.mydest = queryDesc->dest->mydest;
	run->next = queryDesc->dest;
	run->queryDesc = queryDesc;
	run->decide = decide;
	run->release = NULL;
	memset(&run->buffer, 0, sizeof(run->buffer));
	run->tupdesc = queryDesc->tupDesc;
	run->rows = &run->own_rows;
	run->own_rows = 0;
	queryDesc->dest = &run->receiver;
	run->outer = runs;
	runs = run;
	set_timer();
}

void
sg_query_run_leave(GuardedRun *run)
{
	run->queryDesc->dest = run->next;
	sg_row_buffer_free(&run->buffer);
	runs = run->outer;
	set_timer();
}
