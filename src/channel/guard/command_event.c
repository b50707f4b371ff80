/*-------------------------------------------------------------------------
 *
 * command_event.c
 *		The event of a command that touches what is protected.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/writer/client.h"
#include "channel/guard/binding.h"
#include "channel/guard/command_event.h"
#include "channel/guard/context.h"
#include "channel/guard/guard_state.h"
#include "miscadmin.h"
#include "policy/rules/policy.h"
#include "utils/timestamp.h"

/* A person declared by the application comes before the login. */
static void
fill_actor(Actor *actor, Oid session_role, Oid acting_role)
{
	const DeclaredContext *declared = sg_context_declared();

	sg_binding_set_actor(actor, session_role, acting_role);
	if (declared != NULL && declared->requesting_person.data != NULL)
	{
		actor->username = pnstrdup(declared->requesting_person.data,
								   declared->requesting_person.len);
		actor->username_source = "person";
	}
}

/*
 * The policy that is in force, for the record; 0 before there is one.
 * Provisional (negative) where this transaction has changed it.
 */
static int64
policy_revision(void)
{
	const GuardCatalog *state = sg_guard_catalog_as_read();

	if (state == NULL || !state->configured)
		return 0;
	return sg_policy_revision(sg_policy_current());
}

/*
 * Fill in the event of a command.  It points to what it is given; the rest is
 * allocated in CurrentMemoryContext.
 */
void
sg_command_event(ChangeEvent *event, const char *kind,
				 const CommandFacts *command)
{
	memset(event, 0, sizeof(*event));
	event->type = EVENT_CHANGE;
	sg_event_new_id(&event->event_id, command->at);
	event->occurred_at = command->at;
	event->kind = kind;
	fill_actor(&event->actor, command->session_role, command->acting_role);
	event->operation = command->operation;
	event->relation = command->object;
	event->key = command->key;
	event->policy_revision = policy_revision();
}

/*
 * Record a command through the writer, so that it stays on record if the
 * transaction is rolled back.  Returns the event's id, palloc'd.
 */
static char *
record_now(const char *kind, const char *operation, const char *object,
		   const char *key, const char *why)
{
	CommandFacts command = {0};
	ChangeEvent event;

	command.operation = operation;
	command.object = object;
	command.key = key;
	command.at = GetCurrentTimestamp();
	command.session_role = GetSessionUserId();
	command.acting_role = GetUserId();
	sg_command_event(&event, kind, &command);
	sg_writer_record((Event *) &event, why);
	return sg_event_id_text(&event.event_id);
}

void
sg_command_record_now(const char *kind, const char *operation, const char *object,
					  const char *key)
{
	(void) record_now(kind, operation, object, key,
					  "the command cannot be rolled back");
}

const char *
sg_command_record_refused(const char *operation, const char *object,
						  const char *key)
{
	return record_now("attempt", operation, object, key,
					  "the command was refused");
}
