/*-------------------------------------------------------------------------
 *
 * worker.h
 *		The background worker that writes what the queue brings.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_WORKER_H
#define SHARING_GUARD_WORKER_H

/* Called once, at library load, after sg_queue_init(). */
extern void sg_worker_init(void);

extern PGDLLEXPORT void sg_writer_main(Datum index);

#endif							/* SHARING_GUARD_WORKER_H */
