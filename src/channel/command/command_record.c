/*-------------------------------------------------------------------------
 *
 * command_record.c
 *		What becomes of a command that touches what is protected: it is
 *		recorded, decided on, or refused.
 *
 * A command that goes through is recorded with its transaction: both are done
 * or neither is.  A refused one rolls its transaction back, and one by which
 * rows leave at once may be rolled back when they have left, so these are
 * recorded through the writer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "audit/log/event_insert.h"
#include "audit/log/pending_change.h"
#include "base/errcodes.h"
#include "channel/guard/command_event.h"
#include "channel/guard/context.h"
#include "channel/command/command_record.h"
#include "channel/command/restoring.h"
#include "channel/guard/decision.h"
#include "channel/guard/lone_event.h"
#include "channel/guard/maintenance.h"
#include "channel/guard/refusal.h"
#include "miscadmin.h"
#include "policy/rules/decide.h"
#include "policy/rules/policy.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* A command that was noted and is not written yet. */
typedef struct NotedCommand
{
	CommandFacts facts;
	SubTransactionId subid;
	bool		for_good;		/* recorded even if it is rolled back */
} NotedCommand;

/* In the order in which they came; in the transaction's memory. */
static List *noted = NIL;

static void record_xact_callback(XactEvent event, void *arg);
static void record_subxact_callback(SubXactEvent event,
									SubTransactionId mySubid,
									SubTransactionId parentSubid, void *arg);

void
sg_ddl_record_init(void)
{
	RegisterXactCallback(record_xact_callback, NULL);
	RegisterSubXactCallback(record_subxact_callback, NULL);
}

/* ----------------------------------------------------------------
 *		Commands
 * ----------------------------------------------------------------
 */

static void
note(const char *operation, const char *object, const char *key, bool for_good)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(TopTransactionContext);
	NotedCommand *command = palloc(sizeof(NotedCommand));

	command->facts.operation = pstrdup(operation);
	command->facts.object = object ? pstrdup(object) : NULL;
	command->facts.key = key ? pstrdup(key) : NULL;
	command->facts.at = GetCurrentTimestamp();
	command->facts.session_role = GetSessionUserId();
	command->facts.acting_role = GetUserId();
	command->subid = GetCurrentSubTransactionId();
	command->for_good = for_good;
	noted = lappend(noted, command);
	MemoryContextSwitchTo(oldcontext);
}

void
sg_ddl_note(const char *operation, const char *object, const char *key)
{
	note(operation, object, key, false);
}

/* Should it be rolled back, rows may have left meanwhile. */
static void
note_and_log(const char *operation, const char *object, const char *key)
{
	ereport(LOG_SERVER_ONLY,
			(errmsg("sharing_guard: %s of %s%s%s by role \"%s\", logged in as \"%s\"",
					operation, object, key ? ", " : "", key ? key : "",
					GetUserNameFromId(GetUserId(), true),
					GetUserNameFromId(GetSessionUserId(), true)),
			 errhidestmt(true)));
	sg_ddl_note(operation, object, key);
}

void
sg_ddl_note_for_good(const char *operation, const char *object,
					 const char *key)
{
	if (superuser())
		note_and_log(operation, object, key);
	else
		note(operation, object, key, true);
}

void
sg_ddl_rows_seen(const char *operation, const char *object, const char *key)
{
	if (superuser())
		note_and_log(operation, object, key);
	else
		sg_command_record_now(NULL, operation, object, key);
}

/*
 * Writes what was noted, with the transaction.  Where the log is gone, with
 * DROP EXTENSION say, the server log is what is left.
 */
void
sg_ddl_write_noted(void)
{
	List	   *commands = noted;
	const GuardCatalog *state;
	EventInserter *writer;
	ListCell   *lc;

	if (commands == NIL)
		return;

	/* Done with before it is written: an error must not write it twice. */
	noted = NIL;
	state = sg_ddl_state();
	if (state == NULL || !OidIsValid(state->event_table))
	{
		foreach(lc, commands)
		{
			NotedCommand *command = lfirst(lc);

			ereport(LOG_SERVER_ONLY,
					(errmsg("sharing_guard: %s%s%s by role \"%s\"",
							command->facts.operation,
							command->facts.object ? " " : "",
							command->facts.object ? command->facts.object : "",
							GetUserNameFromId(command->facts.acting_role, true)),
					 errdetail("The audit log is gone, so this is recorded here alone."),
					 errhidestmt(true)));
		}
		return;
	}

	writer = sg_event_inserter_open();
	foreach(lc, commands)
	{
		ChangeEvent event;

		sg_command_event(&event, NULL, &((NotedCommand *) lfirst(lc))->facts);
		if (((NotedCommand *) lfirst(lc))->for_good)
			sg_writer_record((Event *) &event, "the command cannot be rolled back");
		else if (event.policy_revision < 0)
			sg_pending_change_add(&event);
		else
			sg_event_insert(writer, (Event *) &event);
	}
	sg_event_inserter_close(writer);
}

void
sg_ddl_tampering(const GuardCatalog *state, const char *operation,
				 const char *object, const char *key)
{
	const char *event_id;

	if (superuser() || sg_ddl_maintenance_open(state))
	{
		note_and_log(operation, object, key);
		return;
	}

	event_id = sg_command_record_refused(operation, object, key);
	ereport(ERROR,
			(errcode(ERRCODE_SG_GUARD_PROTECTED),
			 errmsg("%s is not allowed on %s", operation, object),
			 errdetail("It would take a guard of sharing_guard away, or part of it. The attempt is recorded as event %s.",
					   event_id),
			 errhint("A policy administrator can remove the guard with sharing_guard.unprotect(), or ask for a maintenance window with sharing_guard.open_maintenance(), which a second person approves.")));
}

/* ----------------------------------------------------------------
 *		Disclosures
 * ----------------------------------------------------------------
 */

static TextSlice
slice_of(const char *string)
{
	TextSlice	slice = {string, string ? strlen(string) : 0};

	return slice;
}

static Disclosure
command_disclosure(const DdlDisclosure *ddl, const char *home)
{
	const DeclaredContext *declared = sg_context_declared();
	Disclosure	disclosure = {0};

	disclosure.channel = ddl->channel;
	disclosure.operation = ddl->operation;
	disclosure.relation = ddl->relation ? ddl->relation :
		ddl->guard ? ddl->guard->relation : "any protected table";
	disclosure.data_class = slice_of(ddl->data_class ? ddl->data_class :
									 ddl->guard ? ddl->guard->data_class : NULL);
	disclosure.at = GetCurrentTimestamp();
	if (declared != NULL)
	{
		disclosure.destination = declared->destination;
		disclosure.purpose = declared->purpose;
		disclosure.legal_basis = declared->legal_basis;
		disclosure.case_number = declared->case_number;
		disclosure.requesting_person = declared->requesting_person;
		disclosure.on_behalf_of = declared->on_behalf_of;
		disclosure.recipient_person = declared->recipient_person;
	}

	/* What a declaration says of the destination, a binding knows better. */
	if (ddl->destination != NULL)
		disclosure.destination = slice_of(ddl->destination);
	else if (disclosure.destination.data == NULL)
		disclosure.destination = slice_of(home);
	return disclosure;
}

void
sg_ddl_disclose(const GuardCatalog *state, const DdlDisclosure *ddl)
{
	Disclosure	disclosure =
	command_disclosure(ddl, pstrdup(sg_policy_home_agency_id(sg_policy_current())));
	CommandCircumstances circumstances = {0};
	Verdict		verdict;
	DisclosureEvent event;

	circumstances.guard_enforces = ddl->guard == NULL || ddl->guard->enforce;
	circumstances.refuse = ddl->refuse;
	circumstances.never_block = ddl->never_block;
	circumstances.restores = sg_restores(ddl->channel, ddl->operation);
	circumstances.despite_maintenance = ddl->despite_maintenance;
	circumstances.note = ddl->note;
	verdict = sg_decision_on_command(&circumstances, &disclosure);

	sg_lone_event_of_read(&event, verdict.decision, verdict.outcome, &disclosure);
	if (verdict.outcome == OUTCOME_BLOCK || ddl->open == NULL)
		event.rows_disclosed = ddl->rows;

	if (verdict.outcome == OUTCOME_BLOCK)
	{
		sg_writer_record((Event *) &event, "the command was refused");
		sg_raise_refusal(&verdict, &disclosure,
						 sg_event_id_text(&event.event_id),
						 psprintf("sharing policy refuses %s of %s",
								  ddl->operation, disclosure.relation),
						 ddl->hint ? ddl->hint : "Nothing was changed.", NULL);
	}
	else if (ddl->open != NULL)
		sg_writer_begin(&event, "rows are about to leave", ddl->open);
	else if (ddl->durable)
		sg_writer_record((Event *) &event, "rows are about to leave");
	else
	{
		EventInserter *writer = sg_event_inserter_open();

		sg_event_insert(writer, (Event *) &event);
		sg_event_inserter_close(writer);
	}
}

/* ----------------------------------------------------------------
 *		The end of transactions and subtransactions
 * ----------------------------------------------------------------
 */

static void
record_xact_callback(XactEvent event, void *arg)
{
	if (likely(noted == NIL))
		return;
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			/* What was done outside of any command: by a C function, say. */
			sg_ddl_write_noted();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_ABORT:
			noted = NIL;
			break;
		default:
			break;
	}
}

/* What a subtransaction did is undone when it aborts. */
static void
record_subxact_callback(SubXactEvent event, SubTransactionId mySubid,
						SubTransactionId parentSubid, void *arg)
{
	ListCell   *lc;

	if (noted == NIL)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		foreach(lc, noted)
		{
			if (((NotedCommand *) lfirst(lc))->subid == mySubid)
				noted = foreach_delete_current(noted, lc);
		}
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		foreach(lc, noted)
		{
			NotedCommand *command = lfirst(lc);

			if (command->subid == mySubid)
				command->subid = parentSubid;
		}
	}
}
