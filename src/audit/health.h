/*-------------------------------------------------------------------------
 *
 * health.h
 *		How the writer is, and the traces it leaves in the log.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_HEALTH_H
#define SHARING_GUARD_HEALTH_H

#include "audit/queue.h"

/* Called once, at library load. */
extern void sg_health_init(void);

/* Milliseconds between two heartbeats. */
extern int	sg_health_interval(void);

/*
 * These write events of kind "health" with the current transaction, which must
 * have a snapshot.
 *
 * The first things that a writer says: that one before was lost, if so; which
 * disclosures sessions of a server that is no more have left open (with
 * after_start); and that it is there.
 */
extern void sg_health_announce(Queue *queue, bool after_start);

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
