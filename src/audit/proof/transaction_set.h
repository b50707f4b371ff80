/*-------------------------------------------------------------------------
 *
 * transaction_set.h
 *		Which transactions had ended when a snapshot was taken.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_TRANSACTION_SET_H
#define SHARING_GUARD_TRANSACTION_SET_H

#include "utils/snapshot.h"

typedef struct TransactionSet
{
	uint64		xmin;
	uint64		xmax;
	int			count;
	uint64	   *running;		/* ascending */
} TransactionSet;

extern TransactionSet *sg_transaction_set(Datum pg_snapshot);
extern void sg_transaction_set_free(TransactionSet *set);
extern bool sg_transaction_ended(const TransactionSet *set, uint64 xid);

/* As of a snapshot of this server; and back into a pg_snapshot. */
extern TransactionSet *sg_transaction_set_of_snapshot(Snapshot snapshot);
extern Datum sg_transaction_set_to_pg_snapshot(const TransactionSet *set);

#endif							/* SHARING_GUARD_TRANSACTION_SET_H */
