/*-------------------------------------------------------------------------
 *
 * worker.h
 *		The background worker that writes what the queue brings.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_WORKER_H
#define SHARING_GUARD_WORKER_H

#include "postgres.h"

/* Called once, at library load, after sg_queue_init(). */
extern void sg_worker_init(void);

/*
 * Is anybody waiting for the writer?  Long duties of the worker ask this
 * between two steps, and leave the rest for their next turn.
 */
extern bool sg_worker_is_wanted(void);

extern PGDLLEXPORT void sg_writer_main(Datum index);

#endif							/* SHARING_GUARD_WORKER_H */
