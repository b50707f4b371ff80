/*-------------------------------------------------------------------------
 *
 * export_row.c
 *		The channel of export tables: every row written to one is a
 *		disclosure.
 *
 * A row is decided on and recorded in an AFTER ROW trigger: BEFORE ROW also
 * fires for rows that are never stored (ON CONFLICT), sees generated columns
 * as NULL, can be overruled by a later trigger and costs COPY its batching.
 * Only a guard that skips rows needs a BEFORE ROW trigger as well; what it
 * lets pass is decided on again AFTER, since another trigger may have changed
 * the row in between.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "audit/writer/queue.h"
#include "channel/guard/column_text.h"
#include "base/errcodes.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "channel/guard/bypass.h"
#include "channel/guard/context.h"
#include "channel/guard/decision.h"
#include "channel/export/export_row.h"
#include "channel/export/pending_events.h"
#include "channel/export/row_disclosure.h"
#include "channel/guard/guard.h"
#include "channel/guard/lone_event.h"
#include "channel/guard/read_guard.h"
#include "channel/guard/refusal.h"
#include "channel/guard/triggers.h"
#include "base/compat.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "policy/names/fold.h"
#include "replication/logicalworker.h"
#include "base/guc.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "base/enum_names.h"

/* The next in the order of hooks.c, which sets it once. */
static ExecutorRun_hook_type next_ExecutorRun;
static ExecutorFinish_hook_type next_ExecutorFinish;

PG_FUNCTION_INFO_V1(sg_sql_export_row_before);
PG_FUNCTION_INFO_V1(sg_sql_export_row_after);
PG_FUNCTION_INFO_V1(sg_sql_export_statement_after);

/* Rows that a guard has skipped and that no warning has reported yet. */
typedef struct SkippedRows
{
	pg_uuid_t	guard_id;
	const char *relation;
	int64		count;
	const char *reason;			/* why the first of them was */
	struct SkippedRows *next;
} SkippedRows;

/* In the transaction's memory. */
static SkippedRows *skipped_rows = NULL;


/* May the statement that is being executed move rows between partitions? */
static bool rows_may_move = false;

static void export_row_subxact_callback(SubXactEvent event,
										SubTransactionId mySubid,
										SubTransactionId parentSubid,
										void *arg);
static void export_row_xact_callback(XactEvent event, void *arg);

static void
report_written_by_log(Relation rel)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("a trigger on the audit log cannot write to export table \"%s\"",
					RelationGetRelationName(rel)),
			 errhint("Let the trigger notify a process of yours, which then writes in a transaction of its own.")));
}

/*
 * Errors out unless this is a trigger of a guard, in the shape that
 * sharing_guard.protect_export() gives it.
 *
 * Owners of partitioned tables must be able to have these functions in
 * triggers, for the server clones triggers in their name.  Any trigger but the
 * guard's own, and of its very shape, would record rows twice, or rows that are
 * none, or find no row to look at.
 */
static void
check_trigger(FunctionCallInfo fcinfo, const char *function,
			  const char *trigger_name, TriggerEvent shape)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function %s() was not called by the trigger manager",
						function),
				 errhint("It belongs to the triggers that sharing_guard.protect_export() creates.")));
	if (trigdata->tg_trigger->tgnargs != 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" does not name its guard",
						trigdata->tg_trigger->tgname),
				 errhint("Let sharing_guard.protect_export() create the trigger.")));
	if (strcmp(trigdata->tg_trigger->tgname, trigger_name) != 0 ||
		trigdata->tg_trigger->tgdeferrable ||
		(trigdata->tg_event & (TRIGGER_EVENT_ROW | TRIGGER_EVENT_TIMINGMASK)) != shape ||
		TRIGGER_FOR_DELETE(trigdata->tg_trigger->tgtype) ||
		TRIGGER_FOR_TRUNCATE(trigdata->tg_trigger->tgtype))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" is not one of sharing_guard's",
						trigdata->tg_trigger->tgname),
				 errhint("Drop it; sharing_guard.protect_export() creates what is needed.")));

	if (sg_writer_is_this_process())
		report_written_by_log(trigdata->tg_relation);

	/* Without the library preloaded there would be no record: refuse. */
	sg_require_operational();
	sg_bypass_check_trigger(RelationGetRelid(trigdata->tg_relation));
}

/*
 * The guard of a row that its trigger is called for.
 *
 * What cannot change from one row of a statement to the next is checked once:
 * the server keeps one FmgrInfo for all calls of a statement's trigger, and a
 * mark in it says that this was done.
 */
static const Guard *
guard_of_trigger(FunctionCallInfo fcinfo, const char *function,
				 const char *trigger_name, TriggerEvent shape)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (unlikely(fcinfo->flinfo->fn_extra != (void *) trigger_name))
	{
		check_trigger(fcinfo, function, trigger_name, shape);
		fcinfo->flinfo->fn_extra = (void *) trigger_name;
		sg_row_clock_reset();
	}
	if (unlikely(sg_pending_is_writing()))
		report_written_by_log(trigdata->tg_relation);
	return sg_guard_lookup(trigdata->tg_relation,
						   trigdata->tg_trigger->tgargs[0]);
}

/*
 * Another server does not commit together with us, and cannot be made to undo
 * what was sent to it.  So a row of a foreign table is decided on, and that it
 * is about to leave is recorded, before it does.
 */
static bool
is_foreign(TriggerData *trigdata)
{
	return trigdata->tg_relation->rd_rel->relkind == RELKIND_FOREIGN_TABLE;
}

/* The slot of the row as it goes out. */
static TupleTableSlot *
new_row_slot(TriggerData *trigdata)
{
	return TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
		trigdata->tg_newslot : trigdata->tg_trigslot;
}

/*
 * Does an UPDATE leave everything as it was but the bookkeeping?
 *
 * Values are compared as they are stored, not by an equality operator: "=" of
 * citext, numeric or a type of one's own may call equal what reads
 * differently.
 */
static bool
only_bookkeeping_changed(const Guard *guard, TriggerData *trigdata)
{
	TupleDesc	tupdesc = RelationGetDescr(trigdata->tg_relation);
	TupleTableSlot *oldslot = trigdata->tg_trigslot;
	TupleTableSlot *newslot = trigdata->tg_newslot;

	slot_getallattrs(oldslot);
	slot_getallattrs(newslot);
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(tupdesc, i);

		if (att->attisdropped || bms_is_member(i + 1, guard->bookkeeping))
			continue;
		if (oldslot->tts_isnull[i] != newslot->tts_isnull[i])
			return false;
		if (!oldslot->tts_isnull[i] &&
			!datum_image_eq(oldslot->tts_values[i], newslot->tts_values[i],
							att->attbyval, att->attlen))
			return false;
	}
	return true;
}

/* The same of the row that a trigger is to look at. */
static void
fill_disclosure(Disclosure *disclosure, TextSlice **tags, const Guard *guard,
				TriggerData *trigdata, TupleTableSlot *slot)
{
	sg_export_row_disclosure(disclosure, tags, guard,
							 TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
							 "UPDATE" : "INSERT", slot);
	if (is_foreign(trigdata))
		disclosure->channel = CHANNEL_FOREIGN_TABLE;
	if (disclosure->record_key.data == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("row for export table %s has no record key",
						guard->relation),
				 errdetail("A row without one could not be found again in the audit, so it is not let out."),
				 errhint("Fill in the table's record key, or name other columns with sharing_guard.protect_export(record_key => ...).")));
}

/*
 * Which row of its statement this is, from 1; 0 for rows that are not stored
 * (yet) in a table.  Rows of one statement have its transaction and command.
 */
static inline uint64
row_number(const Guard *guard, HeapTuple row)
{
	static struct
	{
		Oid			relid;
		TransactionId xmin;
		CommandId	command;
		uint64		number;
	}			last;
	HeapTupleHeader header = row->t_data;

	if (last.command != HeapTupleHeaderGetRawCommandId(header) ||
		last.xmin != HeapTupleHeaderGetRawXmin(header) ||
		last.relid != guard->protected_relid)
	{
		last.relid = guard->protected_relid;
		last.xmin = HeapTupleHeaderGetRawXmin(header);
		last.command = HeapTupleHeaderGetRawCommandId(header);
		last.number = 0;
	}
	return ++last.number;
}

/* The number of bytes of a record key that an error's detail shows. */
#define KEY_SHOWN	200

/* Which row it is: by its number, and by its record key. */
static const char *
row_in_words(const Guard *guard, const Disclosure *disclosure, uint64 number)
{
	StringInfoData text;
	int			shown = disclosure->record_key.len;

	initStringInfo(&text);
	appendStringInfoString(&text, "The statement ended at ");
	if (number > 0)
		appendStringInfo(&text, "its row " UINT64_FORMAT, number);
	else
		appendStringInfoString(&text, "this row");
	appendStringInfoString(&text, ", the first that is refused; the rest was not decided. Record key (");
	for (int i = 0; i < guard->nrecord_key; i++)
		appendStringInfo(&text, "%s%s", i > 0 ? ", " : "",
						 get_attname(guard->relid,
									 guard->record_key[i].attnum, false));
	appendStringInfoString(&text, "): ");
	if (shown > KEY_SHOWN)
		shown = pg_mbcliplen(disclosure->record_key.data, shown, KEY_SHOWN);
	appendBinaryStringInfo(&text, disclosure->record_key.data, shown);
	if (shown < disclosure->record_key.len)
		appendStringInfo(&text, "... (%zu bytes in all)",
						 disclosure->record_key.len);
	return text.data;
}

/* Ends the statement: the row may not go out. */
static void
refuse_row(const CachedDecision *gathered, const Guard *guard,
		   const Disclosure *disclosure, uint64 number)
{
	Verdict		verdict = sg_decision_verdict(guard, gathered);
	char	   *event_id = sg_lone_event_refused_row(verdict.decision, disclosure);

	sg_raise_refusal(&verdict, disclosure, event_id,
					 psprintf("sharing policy refuses a row for export table %s",
							  disclosure->relation),
					 row_in_words(guard, disclosure, number),
					 guard->nrecord_key == 1 ?
					 get_attname(guard->relid,
								 guard->record_key[0].attnum, false) : NULL);
}

/* Notes a skipped row for the statement's one warning. */
static void
count_skipped_row(const Guard *guard, const Decision *decision)
{
	static bool following = false;
	SkippedRows *skipped;
	MemoryContext oldcontext;

	sg_follow_transactions(&following, export_row_xact_callback,
						   export_row_subxact_callback);
	for (skipped = skipped_rows; skipped != NULL; skipped = skipped->next)
	{
		if (memcmp(&skipped->guard_id, &guard->guard_id,
				   sizeof(pg_uuid_t)) == 0)
			break;
	}
	oldcontext = MemoryContextSwitchTo(TopTransactionContext);
	if (skipped == NULL)
	{
		skipped = palloc0(sizeof(SkippedRows));
		skipped->guard_id = guard->guard_id;
		skipped->relation = pstrdup(guard->relation);
		skipped->next = skipped_rows;
		skipped_rows = skipped;
	}
	if (skipped->count++ == 0)
	{
		if (skipped->reason != NULL)
			pfree((char *) skipped->reason);
		skipped->reason = pstrdup(decision->nreasons > 0 ?
								  decision->reasons[0] : "");
	}
	MemoryContextSwitchTo(oldcontext);
}

/* Tells the client of the rows skipped since the last time, in one warning. */
static void
report_skipped_rows(const pg_uuid_t *guard_id)
{
	for (SkippedRows *skipped = skipped_rows; skipped != NULL;
		 skipped = skipped->next)
	{
		int64		count = skipped->count;

		if (count == 0 ||
			(guard_id != NULL &&
			 memcmp(&skipped->guard_id, guard_id, sizeof(pg_uuid_t)) != 0))
			continue;
		skipped->count = 0;
		ereport(WARNING,
				(errcode(ERRCODE_SG_BLOCKED_BY_POLICY),
				 errmsg_plural("sharing policy skipped %lld row for export table %s",
							   "sharing policy skipped %lld rows for export table %s",
							   (unsigned long) count,
							   (long long) count, skipped->relation),
				 errdetail("The first of them: %s", skipped->reason),
				 errhint("Each is recorded; see sharing_guard.audit_rows.")));
	}
}

/* Statement triggers do not fire everywhere (logical replication), so: */
static void
export_row_xact_callback(XactEvent event, void *arg)
{
	if (skipped_rows == NULL)
		return;
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
	{
		/* Before anybody is told. */
		sg_pending_record_autonomous();
		report_skipped_rows(NULL);
	}
	else if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE ||
			 event == XACT_EVENT_ABORT)
		skipped_rows = NULL;
}

/*
 * Rows are reported at the end of their statement, so those that are left were
 * skipped by the statement that has just failed, and rolled back with it.
 */
static void
export_row_subxact_callback(SubXactEvent event, SubTransactionId mySubid,
							SubTransactionId parentSubid, void *arg)
{
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	for (SkippedRows *skipped = skipped_rows; skipped != NULL;
		 skipped = skipped->next)
		skipped->count = 0;
}

/* An UPDATE in any form may move a row to another partition. */
static bool
statement_may_move_rows(const QueryDesc *queryDesc)
{
	return queryDesc->operation == CMD_UPDATE ||
		queryDesc->operation == CMD_MERGE ||
		queryDesc->plannedstmt->hasModifyingCTE;
}

static pg_noinline void
noted_ExecutorRun(EXECUTOR_RUN_PARAMS, bool may_move)
{
	bool		save_rows_may_move = rows_may_move;

	rows_may_move = may_move;
	PG_TRY();
	{
		next_ExecutorRun(EXECUTOR_RUN_ARGS);
	}
	PG_FINALLY();
	{
		rows_may_move = save_rows_may_move;
	}
	PG_END_TRY();
}

/*
 * An UPDATE that moves a row to another partition is, for triggers, a DELETE
 * there and an INSERT here.  The server does not tell the INSERT apart, so we
 * note which statement is being executed.  A nested one has a level of its
 * own; a nested COPY does not, and takes its rows for moved ones, which errs
 * on the side of refusing.
 */
static void
export_row_ExecutorRun(EXECUTOR_RUN_PARAMS)
{
	bool		may_move;

	/*
	 * Most statements change nothing here, and pay for a comparison.  Where
	 * nothing is guarded no trigger will ask.
	 */
	if (likely(!sg_guard_possible))
	{
		next_ExecutorRun(EXECUTOR_RUN_ARGS);
		return;
	}
	may_move = statement_may_move_rows(queryDesc);
	if (likely(may_move == rows_may_move))
		next_ExecutorRun(EXECUTOR_RUN_ARGS);
	else
		noted_ExecutorRun(EXECUTOR_RUN_ARGS, may_move);
}

ExecutorRun_hook_type
sg_export_row_wrap_ExecutorRun(ExecutorRun_hook_type next)
{
	next_ExecutorRun = next;
	return export_row_ExecutorRun;
}

static pg_noinline void
noted_ExecutorFinish(QueryDesc *queryDesc, bool may_move)
{
	bool		save_rows_may_move = rows_may_move;

	rows_may_move = may_move;
	PG_TRY();
	{
		next_ExecutorFinish(queryDesc);
	}
	PG_FINALLY();
	{
		rows_may_move = save_rows_may_move;
	}
	PG_END_TRY();
}

/*
 * When a table's parent was named, the table's own statement triggers do not
 * fire: then what it has skipped, or sent to another server, is recorded here.
 * Not after any statement, which may be one within another that is still
 * sending rows.
 */
static void
record_if_routed(const QueryDesc *queryDesc)
{
	const PlannedStmt *stmt = queryDesc->plannedstmt;
	int			at = -1;
	int			rti;

	if (likely(!sg_pending_has_autonomous()))
		return;
	while ((rti = sg_next_written_relation(stmt, &at)) > 0)
	{
		RangeTblEntry *target = rt_fetch(rti, stmt->rtable);

		if (target->relkind == RELKIND_PARTITIONED_TABLE ||
			sg_count_written_relations(stmt) > 1)
		{
			sg_pending_record_autonomous();
			break;
		}
	}
}

/*
 * The same at the statement's end: WITH queries that were not read to their
 * end are executed there.
 */
static void
export_row_ExecutorFinish(QueryDesc *queryDesc)
{
	bool		may_move;

	if (likely(!sg_guard_possible))
	{
		next_ExecutorFinish(queryDesc);
		return;
	}
	may_move = statement_may_move_rows(queryDesc);
	if (likely(may_move == rows_may_move))
		next_ExecutorFinish(queryDesc);
	else
		noted_ExecutorFinish(queryDesc, may_move);
	record_if_routed(queryDesc);
}

ExecutorFinish_hook_type
sg_export_row_wrap_ExecutorFinish(ExecutorFinish_hook_type next)
{
	next_ExecutorFinish = next;
	return export_row_ExecutorFinish;
}

/*
 * May this INSERT be the second half of a move?  The old copy is deleted by
 * now, so to leave out the new one would lose the row.
 *
 * Logical replication's apply worker does not execute statements, and moves
 * rows as well.
 */
static bool
may_be_row_movement(TriggerData *trigdata)
{
	return trigdata->tg_relation->rd_rel->relispartition &&
		(rows_may_move || IsLogicalWorker());
}

/*
 * sharing_guard.export_row_before(): BEFORE INSERT OR UPDATE FOR EACH ROW
 *
 * Of a guard with on_block => 'skip_row': drops the rows that are refused.  Of
 * a foreign table: decides before the row leaves.
 */
Datum
sg_sql_export_row_before(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const Guard *guard = guard_of_trigger(fcinfo, "export_row_before",
										  SKIP_TRIGGER_NAME,
										  TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE);
	HeapTuple	row = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
	trigdata->tg_newtuple : trigdata->tg_trigtuple;
	Disclosure	disclosure;
	TextSlice  *tags;
	CachedDecision *gathered;

	bool		foreign = is_foreign(trigdata);
	bool		skip = guard->skip_row;

	if (!skip && !foreign)
		return PointerGetDatum(row);
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		if (only_bookkeeping_changed(guard, trigdata))
			return PointerGetDatum(row);
	}
	else if (skip && may_be_row_movement(trigdata))
	{
		/* Left to the AFTER trigger, whose refusal undoes the statement. */
		if (!foreign)
			return PointerGetDatum(row);
		skip = false;
	}

	fill_disclosure(&disclosure, &tags, guard, trigdata,
					new_row_slot(trigdata));
	gathered = sg_decision_ask(guard, &disclosure);
	gathered = sg_decision_use_basis(guard, &disclosure, gathered, true);
	sg_settle_person(guard, &disclosure, sg_decision_of(gathered));
	if (sg_decision_outcome(gathered) != OUTCOME_BLOCK)
	{
		if (foreign)
			sg_pending_begin(gathered, &disclosure, true);
		return PointerGetDatum(row);
	}

	if (!skip || !sg_decision_may_skip(gathered))
		refuse_row(gathered, guard, &disclosure, 0);
	sg_pending_row(gathered, &disclosure);
	count_skipped_row(guard, sg_decision_of(gathered));
	return PointerGetDatum(NULL);
}

/*
 * sharing_guard.export_row_after(): AFTER INSERT OR UPDATE FOR EACH ROW
 *
 * Decides on the row as it was stored: refuses the statement, or records the
 * row.
 */
Datum
sg_sql_export_row_after(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const Guard *guard = guard_of_trigger(fcinfo, "export_row_after",
										  EXPORT_TRIGGER_NAME,
										  TRIGGER_EVENT_ROW | TRIGGER_EVENT_AFTER);
	Disclosure	disclosure;
	TextSlice  *tags;
	CachedDecision *gathered;
	uint64		number = is_foreign(trigdata) ? 0 :
	row_number(guard, TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
			   trigdata->tg_newtuple : trigdata->tg_trigtuple);

	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) &&
		only_bookkeeping_changed(guard, trigdata))
		return PointerGetDatum(NULL);

	fill_disclosure(&disclosure, &tags, guard, trigdata,
					new_row_slot(trigdata));
	gathered = sg_decision_ask(guard, &disclosure);
	gathered = sg_decision_use_basis(guard, &disclosure, gathered, false);
	sg_settle_person(guard, &disclosure, sg_decision_of(gathered));

	/*
	 * Also under skip_row: the row is stored already, so either the policy
	 * has changed since or another trigger has changed the row.
	 */
	if (sg_decision_outcome(gathered) == OUTCOME_BLOCK)
		refuse_row(gathered, guard, &disclosure, number);

	/*
	 * The disclosure has begun already, unless another trigger has changed
	 * the row.
	 */
	if (is_foreign(trigdata))
		sg_pending_begin(gathered, &disclosure, false);
	sg_pending_row(gathered, &disclosure);
	return PointerGetDatum(NULL);
}

/*
 * sharing_guard.export_statement_after(): AFTER INSERT OR UPDATE FOR EACH
 * STATEMENT
 *
 * What is recorded apart from the transaction is recorded now: rows that were
 * skipped, of which the client is told, and rows that went to another server.
 */
Datum
sg_sql_export_statement_after(PG_FUNCTION_ARGS)
{
	const Guard *guard = guard_of_trigger(fcinfo, "export_statement_after",
										  STATEMENT_TRIGGER_NAME,
										  TRIGGER_EVENT_AFTER);

	sg_pending_record_autonomous();
	report_skipped_rows(&guard->guard_id);
	return PointerGetDatum(NULL);
}
