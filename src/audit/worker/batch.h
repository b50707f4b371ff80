/*-------------------------------------------------------------------------
 *
 * batch.h
 *		What the queue brings, written and answered.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_BATCH_H
#define SHARING_GUARD_BATCH_H

#include "audit/writer/queue.h"

/* Called once, at library load. */
extern void sg_batch_init(void);

/*
 * Called once by the worker of this queue, which works in that context from
 * then on.  What a predecessor had taken, which may have died before its commit
 * or after it, is ready again.
 */
extern void sg_batch_inherit(Queue *my_queue, MemoryContext context);

/*
 * Takes what there is, and writes and answers it.  False if there was nothing,
 * or nothing but completions that could not be written.
 */
extern bool sg_batch_write(void);

/* Is there anything to write now?  A completion that has failed may wait. */
extern bool sg_batch_is_due(void);

/* Milliseconds until such a one is tried again; -1: there is none. */
extern long sg_batch_retry_time(void);

/*
 * What the worker does by itself has been written to the log: so an error that
 * an event meets is the event's.
 */
extern void sg_batch_log_took_something(void);

/*
 * In a PG_CATCH of the worker's: reports the error, ends the transaction, and
 * returns the SQLSTATE.
 */
extern int	sg_batch_recover(void);

/* That of the log which was last written to; none before that. */
extern Oid	sg_batch_locked_log(void);

#endif							/* SHARING_GUARD_BATCH_H */
