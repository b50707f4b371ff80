/*-------------------------------------------------------------------------
 *
 * run_as_owner.h
 *		Runs queries on our own tables as their owner.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_RUN_AS_OWNER_H
#define SHARING_GUARD_RUN_AS_OWNER_H

#include "executor/spi.h"
#include "utils/snapshot.h"

/*
 * Returns a table of the schema sharing_guard; InvalidOid if it does not
 * exist.
 */
extern Oid	sg_own_table(const char *name);

/*
 * Does some work with the rights of the given table's owner, exempt from
 * forced row security on its tables, and with SPI connected.  Errors out where
 * the work does, or where the table does not exist.
 */
extern void sg_run_as_owner(Oid table, void (*work) (void *arg), void *arg);

/*
 * Does some work with its waits for locks bounded by
 * sharing_guard.lock_timeout, unless the session has a shorter bound itself.
 * Errors out with ERRCODE_SG_NOT_OPERATIONAL where a lock is not available in
 * that time.
 */
extern void sg_with_bounded_waits(void (*work) (void *arg), void *arg);

/*
 * Returns a snapshot of the data that is committed now and of our own
 * transaction's changes, in every isolation level.  It is a static snapshot of
 * the server; a caller that takes another snapshot before it is done must
 * register it.
 */
extern Snapshot sg_own_snapshot(void);

/*
 * Runs a query with the rights of the given table's owner, on the data that is
 * committed now, and calls take() while its rows are in SPI_tuptable.  take()
 * runs in SPI's memory context and must copy the data that it keeps.  Errors
 * out where the query fails.  Its waits for locks are bounded.
 */
extern void sg_query_as_owner(Oid table, const char *query, int nargs,
							  Oid *argtypes, Datum *args,
							  void (*take) (void *arg), void *arg);

/* Is such a query running?  Then our hooks must ignore it. */
extern bool sg_owner_query_running(void);

#endif							/* SHARING_GUARD_RUN_AS_OWNER_H */
