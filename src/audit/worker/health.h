/*-------------------------------------------------------------------------
 *
 * health.h
 *		How the writer is, and the traces it leaves in the log.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_HEALTH_H
#define SHARING_GUARD_HEALTH_H

#include "audit/writer/queue.h"

/* Called once, at library load. */
extern void sg_health_init(void);

/* Milliseconds between two heartbeats. */
extern int	sg_health_interval(void);

/*
 * These need a transaction with a snapshot.
 *
 * When the server has started: which disclosures sessions of a server that is
 * no more have left open?  They are ended, as unfinished.  Before a writer says
 * that it is there, for it looks only at what came after the last one did.
 * False where there was no room for all.
 */
extern bool sg_health_close_open(Queue *queue);

/*
 * The first things that a writer says: that one before was lost, if so, and
 * that it is there.  These are events of kind "health", and written with the
 * current transaction.
 */
extern void sg_health_announce(Queue *queue);

/*
 * Records that the emergency switch was turned since a writer last said
 * anything, with a heartbeat; nothing if it was not.
 */
extern void sg_health_note_emergency(const Queue *queue);

/* Is the emergency switch on? */
extern bool sg_health_emergency(void);

/* One event: heartbeat, writer_stopped, ... */
extern void sg_health_write(const Queue *queue, const char *what);

#endif							/* SHARING_GUARD_HEALTH_H */
