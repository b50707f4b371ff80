/*-------------------------------------------------------------------------
 *
 * transaction_set.c
 *		Which transactions had ended when a snapshot was taken.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

#include "audit/proof/transaction_set.h"
#include "base/compat.h"

static int
compare_uint64(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return x < y ? -1 : x > y ? 1 : 0;
}

/*
 * The insides of a pg_snapshot are not for others, its text is: xmin:xmax:
 * and the running transactions with commas between.
 */
TransactionSet *
sg_transaction_set(Datum pg_snapshot)
{
	char	   *text = OidOutputFunctionCall(F_PG_SNAPSHOT_OUT, pg_snapshot);
	TransactionSet *set = palloc0(sizeof(TransactionSet));
	char	   *p = text;
	int			room = 1;

	for (const char *c = text; *c != '\0'; c++)
		room += (*c == ',');
	set->running = palloc(room * sizeof(uint64));

	set->xmin = strtou64(p, &p, 10);
	p++;
	set->xmax = strtou64(p, &p, 10);
	while (*p != '\0' && p[1] != '\0')
	{
		p++;
		set->running[set->count++] = strtou64(p, &p, 10);
	}
	pfree(text);
	return set;
}

void
sg_transaction_set_free(TransactionSet *set)
{
	pfree(set->running);
	pfree(set);
}

bool
sg_transaction_ended(const TransactionSet *set, uint64 xid)
{
	if (xid < set->xmin)
		return true;
	if (xid >= set->xmax)
		return false;
	return bsearch(&xid, set->running, set->count, sizeof(uint64),
				   compare_uint64) == NULL;
}

/* A transaction id with its epoch: the one that is not after the next. */
static uint64
widen(TransactionId xid, FullTransactionId next)
{
	uint32		epoch = EpochFromFullTransactionId(next);

	if (xid > XidFromFullTransactionId(next))
		epoch--;
	return U64FromFullTransactionId(FullTransactionIdFromEpochAndXid(epoch, xid));
}

/*
 * What had ended when the snapshot was taken.  Our own transaction had not:
 * it can go on writing events.
 */
TransactionSet *
sg_transaction_set_of_snapshot(Snapshot snapshot)
{
	FullTransactionId next = ReadNextFullTransactionId();
	FullTransactionId own = GetTopFullTransactionIdIfAny();
	TransactionSet *set = palloc0(sizeof(TransactionSet));
	int			count = 0;

	set->xmin = widen(snapshot->xmin, next);
	set->xmax = widen(snapshot->xmax, next);
	set->running = palloc((snapshot->xcnt + 1) * sizeof(uint64));
	for (uint32 i = 0; i < snapshot->xcnt; i++)
		set->running[count++] = widen(snapshot->xip[i], next);
	if (FullTransactionIdIsValid(own) &&
		U64FromFullTransactionId(own) < set->xmax)
	{
		set->running[count++] = U64FromFullTransactionId(own);
		set->xmin = Min(set->xmin, U64FromFullTransactionId(own));
	}

	/* A transaction that is being prepared can be there twice. */
	qsort(set->running, count, sizeof(uint64), compare_uint64);
	for (int i = 0; i < count; i++)
	{
		if (set->count == 0 || set->running[set->count - 1] != set->running[i])
			set->running[set->count++] = set->running[i];
	}
	return set;
}

Datum
sg_transaction_set_to_pg_snapshot(const TransactionSet *set)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, UINT64_FORMAT ":" UINT64_FORMAT ":",
					 set->xmin, set->xmax);
	for (int i = 0; i < set->count; i++)
		appendStringInfo(&buf, "%s" UINT64_FORMAT, i > 0 ? "," : "",
						 set->running[i]);
	return OidInputFunctionCall(F_PG_SNAPSHOT_IN, buf.data,
								PG_SNAPSHOTOID, -1);
}
