/*-------------------------------------------------------------------------
 *
 * run_as_owner.h
 *		Works on our own tables, whoever is acting.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_RUN_AS_OWNER_H
#define SHARING_GUARD_RUN_AS_OWNER_H

#include "executor/spi.h"
#include "utils/snapshot.h"
#include "base/errcodes.h"

/* A table of the schema sharing_guard; InvalidOid where it is not there. */
extern Oid	sg_own_table(const char *name);

/*
 * Does some work with the rights of the given table's owner, whatever
 * row-level security is forced on its tables, and with SPI connected.  Errors
 * out where the work does, or the table is gone.
 */
extern void sg_run_as_owner(Oid table, void (*work) (void *arg), void *arg);

/*
 * Does some work with its waits for locks bounded by sharing_guard.lock_timeout,
 * unless the session has a shorter bound itself.  Errors out with
 * ERRCODE_SG_NOT_OPERATIONAL where a lock is not to be had in that time.
 */
extern void sg_with_bounded_waits(void (*work) (void *arg), void *arg);

/*
 * What is committed by now, whatever the transaction's isolation level, and what
 * our own transaction has changed.  It is the server's static one: to be
 * registered by whoever takes another before it is done.
 */
extern Snapshot sg_own_snapshot(void);

/*
 * Runs a query with the rights of the given table's owner, on what is
 * committed by now, and calls take() while its rows are in SPI_tuptable.
 * take() runs in SPI's memory, and copies what is to stay.  Errors out where
 * the query fails.  Its waits for locks are bounded.
 */
extern void sg_query_as_owner(Oid table, const char *query, int nargs,
							  Oid *argtypes, Datum *args,
							  void (*take) (void *arg), void *arg);

/* Is such a query under way?  Then no hook has anything to look at. */
extern bool sg_owner_query_running(void);

#endif							/* SHARING_GUARD_RUN_AS_OWNER_H */
