/*-------------------------------------------------------------------------
 *
 * verifier.c
 *		What the passes of verify_audit() share.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xlog.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "audit/proof/verifier.h"
#include "base/compat.h"

/* One row of the result; without an event NULL, without a leaf -1. */
void
sg_verify_report(Verifier *v, const char *severity, const char *problem,
				 const pg_uuid_t *event_id, int64 leaf_index, const char *detail,...)
{
	StringInfoData buf;
	Datum		values[6];
	bool		nulls[6] = {0};

	initStringInfo(&buf);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, detail);
		needed = appendStringInfoVA(&buf, detail, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&buf, needed);
	}

	values[0] = CStringGetTextDatum(severity);
	values[1] = CStringGetTextDatum(problem);
	values[2] = UUIDPGetDatum(event_id);
	nulls[2] = event_id == NULL;
	values[3] = Int64GetDatum(leaf_index);
	nulls[3] = leaf_index < 0;
	values[4] = UUIDPGetDatum(&v->tree_id);
	values[5] = CStringGetTextDatum(buf.data);
	tuplestore_putvalues(v->rsinfo->setResult, v->rsinfo->setDesc, values, nulls);
	pfree(buf.data);
}

const LogIdentity *
sg_verify_identity(Verifier *v, const pg_uuid_t *log_id)
{
	ListCell   *lc;

	foreach(lc, v->identities)
	{
		const LogIdentity *identity = lfirst(lc);

		if (sg_uuid_equal(&identity->log_id, log_id))
			return identity;
	}
	return NULL;
}

SealingLog *
sg_verify_sealing(Verifier *v, const pg_uuid_t *log_id)
{
	ListCell   *lc;

	foreach(lc, v->sealing)
	{
		SealingLog *log = lfirst(lc);

		if (sg_uuid_equal(&log->log_id, log_id))
			return log;
	}
	return NULL;
}

/* One event by its id; false without it. */
bool
sg_verify_fetch_event(Verifier *v, const pg_uuid_t *event_id)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, v->event_id, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(event_id));
	scan = systable_beginscan_ordered(v->events, v->events_pkey,
									  GetActiveSnapshot(), 1, &key);
	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	if (HeapTupleIsValid(tuple))
		ExecStoreHeapTuple(heap_copytuple(tuple), v->slot, true);
	systable_endscan_ordered(scan);
	return HeapTupleIsValid(tuple);
}
