/*-------------------------------------------------------------------------
 *
 * event_insert.c
 *		Events written to the log: with the transaction, or as another
 *		process has handed them over.
 *
 * A row that goes out and its event share their transaction's fate.  Where the
 * event cannot be written, the data stays, and the event goes to the server
 * log.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

#include "audit/log/event_insert.h"
#include "audit/log/event_fields.h"
#include "audit/log/event_narrow.h"
#include "audit/log/event_serialized.h"
#include "audit/log/identity.h"
#include "audit/log/log_indexes.h"
#include "audit/log/server_log.h"
#include "audit/log/table_insert.h"
#include "base/errcodes.h"

#define EVENT_SCHEMA "sharing_guard"
#define EVENT_TABLE "event"

/* Lives in its executor state's memory, so that one call frees it all. */
struct EventInserter
{
	TableInsert insert;
	const LogIndexes *indexes;
	bool		pushed_snapshot;
};

/*
 * There is no log, or not the one we know: nothing may go out unrecorded, so
 * everything stops.  The detail is ours and never contains row data.
 */
static void
report_log_unusable(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
			 errmsg("the audit log %s.%s cannot be written to",
					EVENT_SCHEMA, EVENT_TABLE),
			 errdetail("%s Without a record nothing is disclosed.", detail),
			 errhint("Ask the administrator of this database to restore the extension sharing_guard: its library and its SQL objects must be of one version and unaltered.")));
}

/*
 * Values of the wrong type, stored as they are, would crash their readers:
 * make sure that the table is the one we know.  Columns added behind ours stay
 * NULL.
 *
 * Errors out if it is not.  Looked at again when the log has changed.
 */
static void
check_event_table(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);

	if (rel->rd_rel->relkind != RELKIND_RELATION)
		report_log_unusable("It is not a plain table.");

	if (desc->natts < EVENT_COLUMNS)
		report_log_unusable("It lacks columns.");

	for (int i = 0; i < EVENT_COLUMNS; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped || att->atttypid != sg_event_columns[i].type)
			report_log_unusable("A column was dropped or has another type.");
	}
}

/*
 * The log, opened for writing.  Needs a transaction; errors out where the log
 * is not what it should be.  What it allocates goes with
 * sg_event_inserter_close() or, after an error, with the transaction; the lock
 * on the log stays until commit.
 */
EventInserter *
sg_event_inserter_open(void)
{
	EventInserter *writer;
	EState	   *estate;
	MemoryContext oldcontext;
	Oid			relid;
	bool		pushed = false;
	pg_uuid_t	log_id;

	/* There is none in a pre-commit callback; detoasting etc. may ask. */
	if (!ActiveSnapshotSet())
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		pushed = true;
	}

	relid = sg_log_relid();
	if (!OidIsValid(relid))
		report_log_unusable("It does not exist.");

	estate = CreateExecutorState();
	oldcontext = MemoryContextSwitchTo(estate->es_query_cxt);

	/* From here on it is known, to events for the server log as well. */
	if (!sg_log_id(&log_id))
		report_log_unusable("The table sharing_guard.log is empty, so it cannot be told whose log it is.");

	writer = palloc0(sizeof(EventInserter));
	writer->pushed_snapshot = pushed;
	sg_table_insert_begin(&writer->insert, estate,
						  table_open(relid, RowExclusiveLock),
						  &TTSOpsHeapTuple);
	writer->indexes = sg_log_open_indexes(writer->insert.target,
										  check_event_table);

	MemoryContextSwitchTo(oldcontext);
	return writer;
}

/*
 * Errors that say nothing about the log and that applications act on by
 * themselves (they retry, or they asked for it) keep their own code.
 *
 * Serialization failures and deadlocks are of this kind, and so is a statement
 * that was cancelled.
 */
static bool
error_is_transient(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_QUERY_CANCELED ||
		ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK;
}

/*
 * Stores one row, or errors out.  Fires the log's row triggers, if there
 * are any, and keeps its indexes.
 */
static void
insert_fields(EventInserter *writer, const EventFields *fields)
{
	TupleTableSlot *slot = writer->insert.slot;
	int			natts = slot->tts_tupleDescriptor->natts;
	EventFields narrow = *fields;
	MemoryContext oldcontext;
	HeapTuple	tuple;

	ExecClearTuple(slot);
	sg_event_narrow(&narrow);
	memcpy(slot->tts_values, narrow.values, sizeof(narrow.values));
	memcpy(slot->tts_isnull, narrow.nulls, sizeof(narrow.nulls));
	for (int i = EVENT_COLUMNS; i < natts; i++)
		slot->tts_isnull[i] = true;

	/* While all columns are at hand: conditions may ask for any of them. */
	ExecStoreVirtualTuple(slot);
	sg_log_open_awaited(writer->indexes, writer->insert.target, writer->insert.estate, slot);

	/* Of a slot of values, the server would copy each before it does this. */
	oldcontext = MemoryContextSwitchTo(slot->tts_mcxt);
	tuple = heap_form_tuple(slot->tts_tupleDescriptor, slot->tts_values,
							slot->tts_isnull);
	MemoryContextSwitchTo(oldcontext);
	ExecStoreHeapTuple(tuple, slot, true);

	if (!sg_table_insert_slot(&writer->insert))
		report_log_unusable("A trigger on it suppressed the event.");
}

/*
 * Stores the row.  Where that fails, the event goes to the server log, and
 * the statement fails with a code of our own: the data stays.
 *
 * Catches an error without a subtransaction around it, which is right only
 * because another always follows: nothing is done in between but to write to
 * the server log.
 */
static void
write_fields(EventInserter *writer, const EventFields *fields)
{
	MemoryContext oldcontext = CurrentMemoryContext;

	PG_TRY();
	{
		insert_fields(writer, fields);
	}
	PG_CATCH();
	{
		ErrorData  *cause;

		if (error_is_transient(geterrcode()))
			PG_RE_THROW();

		MemoryContextSwitchTo(oldcontext);
		cause = CopyErrorData();
		FlushErrorState();

		sg_event_fields_to_server_log(fields, "could not be written to the audit log; nothing was disclosed");

		/* Said by ourselves, and complete. */
		if (cause->sqlerrcode == ERRCODE_SG_AUDIT_UNAVAILABLE)
			ReThrowError(cause);

		/*
		 * The cause is for the server log alone: a failing row, or another's
		 * trigger, may have put row data into it.
		 */
		ereport(ERROR,
				(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
				 errmsg("the audit log %s.%s cannot be written to",
						EVENT_SCHEMA, EVENT_TABLE),
				 errdetail("Writing to it failed with SQLSTATE %s. Without a record nothing is disclosed.",
						   unpack_sql_state(cause->sqlerrcode)),
				 errdetail_log("Writing to it failed with SQLSTATE %s: %s",
							   unpack_sql_state(cause->sqlerrcode),
							   cause->message ? cause->message : "no message"),
				 errhint("The administrator of this server finds the cause, and the event, in the server log.")));
	}
	PG_END_TRY();
}

/*
 * Both run in the executor's per-tuple memory, which end_event() empties: a
 * statement may write thousands of events.
 *
 * The transaction's number, not the subtransaction's: it is what all events
 * that stand or fall together have in common.
 */
static MemoryContext
begin_event(EventInserter *writer)
{
	return MemoryContextSwitchTo(GetPerTupleMemoryContext(writer->insert.estate));
}

static void
end_event(EventInserter *writer, MemoryContext oldcontext)
{
	MemoryContextSwitchTo(oldcontext);
	ExecClearTuple(writer->insert.slot);
	ResetPerTupleExprContext(writer->insert.estate);
}

/*
 * Writes one event with the transaction.  Errors out where that fails, and
 * then nothing of the transaction goes out.
 */
void
sg_event_insert(EventInserter *writer, const Event *event)
{
	MemoryContext oldcontext = begin_event(writer);
	EventFields fields;

	sg_event_fields(&fields, event, GetTopFullTransactionId());
	write_fields(writer, &fields);
	end_event(writer, oldcontext);
}

/*
 * End the insertions, as sg_table_insert_end() does: may run what a DBA has
 * put on the log as AFTER triggers.
 */
void
sg_event_inserter_close(EventInserter *writer)
{
	bool		pop_snapshot = writer->pushed_snapshot;
	ResultRelInfo *target = writer->insert.target;

	sg_log_close_indexes(target);
	sg_table_insert_end(&writer->insert);	/* the writer goes with it */
	if (pop_snapshot)
		PopActiveSnapshot();
}

/*
 * Is this event in the log, or for a completion, another of its disclosure?
 * Asked only of what was tried before, so it need not be fast.
 */
static bool
is_written(const EventFields *fields)
{
	Oid			types[2] = {UUIDOID, UUIDOID};
	Datum		values[2] = {fields->values[COL_EVENT_ID],
	fields->values[COL_COMPLETES]};
	char		nulls[3] = {' ', fields->nulls[COL_COMPLETES] ? 'n' : ' ', '\0'};
	bool		found;

	SPI_connect();
	if (SPI_execute_with_args("SELECT FROM sharing_guard.event WHERE event_id OPERATOR(pg_catalog.=) $1 OR completes OPERATOR(pg_catalog.=) $2",
							  2, types, values, nulls, true, 1) != SPI_OK_SELECT)
		report_log_unusable("It could not be searched.");
	found = SPI_processed > 0;
	SPI_finish();
	return found;
}

int
sg_event_insert_serialized(EventInserter *writer, const char *data, Size length,
						   bool unless_written)
{
	EventFields fields;
	Size		offset = 0;
	int			written = 0;
	pg_uuid_t	log_id;

	while (sg_event_next_serialized(data, length, &offset, &fields))
	{
		MemoryContext oldcontext = begin_event(writer);

		if (!unless_written || !is_written(&fields))
		{
			/* The sender may not have known which log this is. */
			if (sg_log_id_if_known(&log_id))
				sg_set_field(&fields, COL_LOG_ID, UUIDPGetDatum(&log_id));
			sg_set_field(&fields, COL_TRANSACTION_ID,
						 FullTransactionIdGetDatum(GetTopFullTransactionId()));
			insert_fields(writer, &fields);
			written++;
		}
		end_event(writer, oldcontext);
	}
	return written;
}

void
sg_event_insert_serialized_change(EventInserter *writer, const char *data,
								  Size length, int64 policy_revision)
{
	MemoryContext oldcontext = begin_event(writer);
	EventFields fields;
	Size		offset = 0;
	pg_uuid_t	log_id;

	(void) sg_event_next_serialized(data, length, &offset, &fields);
	if (sg_log_id_if_known(&log_id))
		sg_set_field(&fields, COL_LOG_ID, UUIDPGetDatum(&log_id));
	sg_set_field(&fields, COL_TRANSACTION_ID,
				 FullTransactionIdGetDatum(GetTopFullTransactionId()));
	if (policy_revision > 0)
		sg_set_field(&fields, COL_POLICY_REVISION,
					 Int64GetDatum(policy_revision));
	write_fields(writer, &fields);
	end_event(writer, oldcontext);
}

bool
sg_event_insert_ending(EventInserter *writer, const CompletionEvent *event,
					   bool unless_written)
{
	MemoryContext oldcontext = begin_event(writer);
	EventFields fields;
	bool		write;

	sg_event_fields(&fields, (const Event *) event,
					GetTopFullTransactionId());
	write = !unless_written || !is_written(&fields);
	if (write)
		insert_fields(writer, &fields);
	end_event(writer, oldcontext);
	return write;
}
