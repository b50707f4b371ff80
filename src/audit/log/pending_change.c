/*-------------------------------------------------------------------------
 *
 * pending_change.c
 *		Events of changes that wait for the commit to give them a revision.
 *
 * They are kept as bytes in a tuplestore, which goes to disk where they are
 * many: one statement may change every row of a large table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "audit/log/event_insert.h"
#include "audit/log/event_serialized.h"
#include "audit/log/pending_change.h"
#include "base/compat.h"
#include "base/guc.h"

/*
 * Events of one subtransaction that stand beside one another in the store, from
 * which nothing is ever taken out.
 */
typedef struct Run
{
	SubTransactionId subid;
	bool		dead;			/* rolled back */
	int64		count;
} Run;

/* All in the transaction's memory. */
static Tuplestorestate *store = NULL;
static TupleDesc store_row = NULL;
static Run *runs = NULL;
static int	nruns = 0;
static int	runs_room = 0;

static bool following_transactions = false;

/* The memory, and the store's file, go with the transaction. */
static void
pending_xact_callback(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_PREPARE &&
		event != XACT_EVENT_ABORT)
		return;
	store = NULL;
	store_row = NULL;
	runs = NULL;
	nruns = 0;
	runs_room = 0;
}

/*
 * Subtransactions end in the opposite order of their beginnings, so the runs of
 * the one that ends are the last, but for those that were rolled back.
 */
static void
pending_subxact_callback(SubXactEvent event, SubTransactionId mySubid,
						 SubTransactionId parentSubid, void *arg)
{
	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	for (int i = nruns - 1; i >= 0; i--)
	{
		if (runs[i].dead)
			continue;
		if (runs[i].subid != mySubid)
			break;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			runs[i].subid = parentSubid;
		else
			runs[i].dead = true;
	}

	/* Two runs of the same fate are one. */
	while (nruns > 1 && runs[nruns - 1].dead == runs[nruns - 2].dead &&
		   (runs[nruns - 1].dead ||
			runs[nruns - 1].subid == runs[nruns - 2].subid))
	{
		runs[nruns - 2].count += runs[nruns - 1].count;
		nruns--;
	}
}

/*
 * Makes the store.  Its file must not go with a subtransaction, so it belongs
 * to the transaction's resource owner.
 */
static void
make_store(void)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(TopTransactionContext);
	ResourceOwner oldowner = CurrentResourceOwner;

	CurrentResourceOwner = TopTransactionResourceOwner;
	store_row = CreateTemplateTupleDesc(2);
	TupleDescInitEntry(store_row, 1, "revision", INT8OID, -1, 0);
	TupleDescInitEntry(store_row, 2, "event", BYTEAOID, -1, 0);
	SG_TUPLE_DESC_FINALIZE(store_row);
	store = tuplestore_begin_heap(false, false, work_mem);
	CurrentResourceOwner = oldowner;
	MemoryContextSwitchTo(oldcontext);
}

/* Counts one event more in the current subtransaction's run. */
static void
count_event(void)
{
	SubTransactionId subid = GetCurrentSubTransactionId();

	if (nruns > 0 && !runs[nruns - 1].dead && runs[nruns - 1].subid == subid)
	{
		runs[nruns - 1].count++;
		return;
	}
	if (nruns >= runs_room)
	{
		int			room = Max(8, runs_room * 2);
		Run		   *larger = MemoryContextAllocHuge(TopTransactionContext,
													room * sizeof(Run));

		if (runs != NULL)
		{
			memcpy(larger, runs, nruns * sizeof(Run));
			pfree(runs);
		}
		runs = larger;
		runs_room = room;
	}
	runs[nruns].subid = subid;
	runs[nruns].dead = false;
	runs[nruns].count = 1;
	nruns++;
}

void
sg_pending_change_add(const ChangeEvent *event)
{
	StringInfoData buf;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	sg_follow_transactions(&following_transactions, pending_xact_callback,
						   pending_subxact_callback);
	if (store == NULL)
		make_store();

	/* The bytes of a bytea: its length first. */
	initStringInfo(&buf);
	appendStringInfoSpaces(&buf, VARHDRSZ);
	sg_event_serialize(&buf, (const Event *) event);
	SET_VARSIZE(buf.data, buf.len);

	values[0] = Int64GetDatum(event->policy_revision);
	values[1] = PointerGetDatum(buf.data);

	/* Counted first: what is counted and not there is found at the end. */
	count_event();
	tuplestore_putvalues(store, store_row, values, nulls);
	pfree(buf.data);
}

/* Writes the event that the slot holds. */
static void
write_event(EventInserter *writer, TupleTableSlot *slot,
			int64 (*final_revision) (int64 provisional))
{
	bool		isnull;
	int64		provisional = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	bytea	   *bytes = DatumGetByteaPP(slot_getattr(slot, 2, &isnull));
	Size		length = VARSIZE_ANY_EXHDR(bytes);
	char	   *data = palloc(length);	/* aligned, as its tuple wants it */

	memcpy(data, VARDATA_ANY(bytes), length);
	sg_event_insert_serialized_change(writer, data, length,
									  final_revision(provisional));
	pfree(data);
}

/*
 * A trigger on the log may change the policy in turn; so what is being written
 * is taken out of sight first, and what comes meanwhile is another store's.
 */
void
sg_pending_changes_write(int64 (*final_revision) (int64 provisional))
{
	Tuplestorestate *source = store;
	const Run  *source_runs = runs;
	int			nsource_runs = nruns;
	EventInserter *writer;
	TupleTableSlot *slot;

	if (source == NULL)
		return;
	store = NULL;
	runs = NULL;
	nruns = 0;
	runs_room = 0;

	writer = sg_event_inserter_open();
	slot = MakeSingleTupleTableSlot(store_row, &TTSOpsMinimalTuple);
	tuplestore_rescan(source);
	for (int i = 0; i < nsource_runs; i++)
	{
		for (int64 j = 0; j < source_runs[i].count; j++)
		{
			if (!tuplestore_gettupleslot(source, true, false, slot))
				elog(ERROR, "an event of a policy change is missing");
			if (!source_runs[i].dead)
				write_event(writer, slot, final_revision);
			CHECK_FOR_INTERRUPTS();
		}
	}
	ExecDropSingleTupleTableSlot(slot);
	sg_event_inserter_close(writer);

	/* The commit would report its file as leaked. */
	tuplestore_end(source);
}
