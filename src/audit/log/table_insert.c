/*-------------------------------------------------------------------------
 *
 * table_insert.c
 *		Rows inserted into a table of ours, as logical replication does it.
 *
 * The executor's own insertion is used, and not SPI: it asks for no privilege
 * of the role that happens to be acting (and none could be granted without
 * opening the log to forgery), other extensions' hooks do not see it, and it
 * is several times cheaper.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "commands/trigger.h"
#include "executor/executor.h"

#include "audit/log/table_insert.h"

/*
 * Begin to insert into this table, which is open and locked.  The caller opens
 * the table's indexes in insert->target, and switches to the memory context of
 * "estate" before the call.
 *
 * We have no AFTER triggers on our tables, but a DBA may have put some there,
 * to send notifications or to copy rows elsewhere.
 */
void
sg_table_insert_begin(TableInsert *insert, EState *estate, Relation rel,
					  const TupleTableSlotOps *slot_type)
{
	insert->rel = rel;
	insert->estate = estate;

	/*
	 * Range table index 0: the table is in no range table, so there are no
	 * permissions for the executor to look at.
	 */
	insert->target = makeNode(ResultRelInfo);
	InitResultRelInfo(insert->target, rel, 0, NULL, 0);

	/* AFTER triggers look here for the table that they were queued for. */
	estate->es_opened_result_relations =
		lappend(estate->es_opened_result_relations, insert->target);
	insert->slot = MakeSingleTupleTableSlot(RelationGetDescr(rel), slot_type);
	insert->in_query = rel->trigdesc != NULL &&
		rel->trigdesc->trig_insert_after_row;
	if (insert->in_query)
		AfterTriggerBeginQuery();
}

/*
 * Insert the row of the slot.  Returns false where it was not stored, because a
 * BEFORE trigger that a DBA has put on the table returned NULL.
 */
bool
sg_table_insert_slot(TableInsert *insert)
{
	ExecSimpleRelationInsert(insert->target, insert->estate, insert->slot);
	return ItemPointerIsValid(&insert->slot->tts_tid);
}

/*
 * End it: fire the AFTER triggers, as at the end of any statement, and free
 * all. The lock on the table is kept until commit.  Not called after an error,
 * because the end of the (sub)transaction releases everything then.
 */
void
sg_table_insert_end(TableInsert *insert)
{
	EState	   *estate = insert->estate;
	Relation	rel = insert->rel;

	if (insert->in_query)
		AfterTriggerEndQuery(estate);
	ExecDropSingleTupleTableSlot(insert->slot);
	ExecCloseResultRelations(estate);	/* closes the indexes, too */
	ExecResetTupleTable(estate->es_tupleTable, false);	/* triggers' slots */
	table_close(rel, NoLock);
	FreeExecutorState(estate);
}
