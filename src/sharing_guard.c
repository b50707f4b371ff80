/*-------------------------------------------------------------------------
 *
 * sharing_guard.c
 *		The front door: library load, and the wiring between the rooms.
 *
 * Dispatch only.  Whatever decides is in policy/, whatever notices rows
 * leaving is in channel/, whatever remembers is in audit/.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "audit/log/actor.h"
#include "audit/log/event.h"
#include "audit/log/identity.h"
#include "audit/log/log_indexes.h"
#include "audit/log/pending_change.h"
#include "audit/review/overdue.h"
#include "audit/worker/worker.h"
#include "audit/writer/handover.h"
#include "audit/writer/queue.h"
#include "channel/guard/context.h"
#include "channel/command/command.h"
#include "channel/export/pending_events.h"
#include "channel/guard/guard.h"
#include "channel/read/reads.h"
#include "channel/read/service.h"
#include "channel/guard/read_guard.h"
#include "channel/guard/aborted_changes.h"
#include "base/compat.h"
#include "base/guc.h"
#include "hooks.h"
#include "policy/rules/change.h"
#include "policy/rules/policy.h"

SG_MODULE_MAGIC();

PGDLLEXPORT void _PG_init(void);

static void record_policy_change(const PolicyChange *change);
static void write_policy_changes(void);

void
_PG_init(void)
{
	/*
	 * pg_upgrade loads every library an extension names, without preloading
	 * it, into a server that must neither decide nor record anything.
	 */
	if (IsBinaryUpgrade)
		return;

	/*
	 * Loaded late, by a function call: in a server that was never told to
	 * guard anything.  Define nothing and hook nothing; the functions
	 * themselves refuse to work through sg_require_operational().
	 */
	if (!process_shared_preload_libraries_in_progress)
	{
		/* A superuser takes guards off, which is recorded: see change.c. */
		sg_policy_change_callback = record_policy_change;
		sg_policy_revisions_drawn_callback = write_policy_changes;
		return;
	}

	sg_operational_init();
	sg_actor_init();
	sg_policy_init();
	sg_guard_init();
	sg_pending_init();
	sg_context_init();
	sg_service_init();
	sg_read_guard_init();
	sg_reads_init();
	sg_identity_init();
	sg_log_indexes_init();
	sg_review_init();
	sg_ddl_init();
	sg_aborted_changes_init();
	sg_handover_init();
	sg_queue_init();
	sg_worker_init();
	sg_operational_settings_defined();
	sg_hooks_init();

	/* policy/ must not know of audit/, so the two meet here. */
	sg_policy_change_callback = record_policy_change;
	sg_policy_revisions_drawn_callback = write_policy_changes;
}

/*
 * A change of policy, guards or settings is an event too, and shares the fate
 * of the transaction that makes it.  It is written when the commit has given it
 * its revision.
 */
static void
record_policy_change(const PolicyChange *change)
{
	ChangeEvent event = {0};

	sg_event_new_id(&event.event_id, change->at);
	event.occurred_at = change->at;
	sg_actor_from_session(&event.actor, GetSessionUserId(), GetUserId());
	event.operation = change->operation;
	event.relation = change->relation;
	event.key = change->key;
	event.old_row = change->old_row;
	event.new_row = change->new_row;
	event.policy_revision = change->policy_revision;

	sg_pending_change_add(&event);
	if (sg_is_operational())
		sg_aborted_changes_note(change);

	/* By a trigger on the log, which runs when the events are written. */
	if (sg_policy_commit_has_begun() || sg_pending_is_committing())
		sg_policy_draw_revisions();
}

static void
write_policy_changes(void)
{
	sg_pending_changes_write(sg_policy_final_revision);
}
