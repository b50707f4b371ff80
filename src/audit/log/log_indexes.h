/*-------------------------------------------------------------------------
 *
 * log_indexes.h
 *		The log and its indexes, opened for an insertion.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_LOG_INDEXES_H
#define SHARING_GUARD_LOG_INDEXES_H

#include "nodes/execnodes.h"

/* Called once, at library load. */
extern void sg_log_indexes_init(void);

/*
 * The log's OID, by a name that is looked up when it may have changed;
 * InvalidOid where there is none.  Invalidations were accepted when the
 * transaction began.
 */
extern Oid	sg_log_relid(void);

typedef struct LogIndexes LogIndexes;

/*
 * Opens the indexes of a log that is open, as ExecOpenIndices() does, but for
 * partial ones, which the server passes over while they are not open.  What it
 * returns lives until the end of the transaction.  Unless it has not changed
 * since the last time, the log is checked first: check() errors out where it
 * is not what it should be.
 */
extern const LogIndexes *sg_log_open_indexes(ResultRelInfo *target,
											 void (*check) (Relation rel));

/* Opens those that are to have this row as well; before it is inserted. */
extern void sg_log_open_awaited(const LogIndexes *indexes,
								ResultRelInfo *target, EState *estate,
								TupleTableSlot *slot);

/* Their locks stay until the end of the transaction. */
extern void sg_log_close_indexes(ResultRelInfo *target);

#endif							/* SHARING_GUARD_LOG_INDEXES_H */
