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
 * InvalidOid where there is none.  Invalidations were accepted by whoever has
 * begun the transaction.
 */
extern Oid	sg_log_relid(void);

/*
 * Opens the indexes of a log that is open, as ExecOpenIndices() does; to be
 * closed as those.  Unless it has not changed since the last time, the log is
 * checked first: check() errors out where it is not what it should be.
 */
extern void sg_log_open_indexes(ResultRelInfo *target,
								void (*check) (Relation rel));

#endif							/* SHARING_GUARD_LOG_INDEXES_H */
