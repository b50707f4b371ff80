/*-------------------------------------------------------------------------
 *
 * log_lock.h
 *		The lock on the log, for the process that others wait for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_LOG_LOCK_H
#define SHARING_GUARD_LOG_LOCK_H

#include "audit/writer/queue.h"

/* The log's OID, or none where the extension was not created. */
extern Oid	sg_log_exists(void);

/*
 * Takes the lock that writing needs, with the transaction, and returns what is
 * locked; nothing where there is no log.  Errors out when half the time is over
 * that sessions wait.
 *
 * Sessions of this queue that keep us from it, and wait for us themselves, are
 * to be refused what they wait for.
 */
extern Oid	sg_log_lock(Queue *queue, void (*refuse) (int pid));

#endif							/* SHARING_GUARD_LOG_LOCK_H */
