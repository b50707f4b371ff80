/*-------------------------------------------------------------------------
 *
 * aborted_changes.c
 *		Changes of guards that are rolled back.
 *
 * The event of a change shares the fate of the transaction that makes it.
 * But in that transaction the guard is off: a policy administrator could take
 * it off, read the table and roll it all back.  So an event of the change is
 * kept at hand, and handed over should it be rolled back.  (Such a transaction
 * cannot be prepared: see policy/rules/change.c.)
 *
 * A transaction that has failed can wait for nothing, so this is no more than
 * very likely to be written; where the queue is full the server log has it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "audit/writer/client.h"
#include "channel/guard/aborted_changes.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/memutils.h"

/* A change that is not committed yet. */
typedef struct PendingChange
{
	EventBatch *batch;
	SubTransactionId subid;
} PendingChange;

/* In the transaction's memory. */
static List *pending = NIL;

static void undone_xact_callback(XactEvent event, void *arg);
static void undone_subxact_callback(SubXactEvent event, SubTransactionId mySubid,
									SubTransactionId parentSubid, void *arg);

void
sg_aborted_changes_init(void)
{
	RegisterXactCallback(undone_xact_callback, NULL);
	RegisterSubXactCallback(undone_subxact_callback, NULL);
}

/*
 * Does it let its author read guarded rows in this very transaction?  (A rule
 * lets others, who must wait for the commit.)
 */
static bool
opens_a_guard(const PolicyChange *change)
{
	static const char *const tables[] = {
		"sharing_guard.guard", "sharing_guard.role_binding",
		"sharing_guard.setting"
	};

	if (strcmp(change->operation, "INSERT") == 0)
		return false;
	for (int i = 0; i < lengthof(tables); i++)
	{
		if (strcmp(change->relation, tables[i]) == 0)
			return true;
	}
	return false;
}

void
sg_aborted_changes_note(const PolicyChange *change)
{
	MemoryContext oldcontext;
	PendingChange *made;
	ChangeEvent event = {.type = EVENT_CHANGE};

	if (!opens_a_guard(change))
		return;
	oldcontext = MemoryContextSwitchTo(TopTransactionContext);
	made = palloc(sizeof(PendingChange));
	made->subid = GetCurrentSubTransactionId();

	/* The revision that it would have made is never there. */
	sg_event_new_id(&event.event_id, change->at);
	event.occurred_at = change->at;
	event.kind = "attempt";
	sg_actor_from_session(&event.actor, GetSessionUserId(), GetUserId());
	event.operation = psprintf("%s, rolled back", change->operation);
	event.relation = change->relation;
	event.key = change->key;
	event.old_row = change->old_row;
	event.new_row = change->new_row;
	made->batch = sg_writer_batch("the change was rolled back");
	sg_writer_batch_add(made->batch, (Event *) &event);
	sg_writer_prepare();
	pending = lappend(pending, made);
	MemoryContextSwitchTo(oldcontext);
}

static void
undone_xact_callback(XactEvent event, void *arg)
{
	ListCell   *lc;

	if (likely(pending == NIL))
		return;
	switch (event)
	{
		case XACT_EVENT_ABORT:
			foreach(lc, pending)
				sg_writer_batch_leave(((PendingChange *) lfirst(lc))->batch);
			pending = NIL;
			break;
		case XACT_EVENT_COMMIT:
			pending = NIL;
			break;
		default:
			break;
	}
}

static void
undone_subxact_callback(SubXactEvent event, SubTransactionId mySubid,
						SubTransactionId parentSubid, void *arg)
{
	ListCell   *lc;

	if (likely(pending == NIL))
		return;
	foreach(lc, pending)
	{
		PendingChange *made = lfirst(lc);

		if (made->subid != mySubid)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			made->subid = parentSubid;
		else if (event == SUBXACT_EVENT_ABORT_SUB)
		{
			sg_writer_batch_leave(made->batch);
			pending = foreach_delete_current(pending, lc);
		}
	}
}
