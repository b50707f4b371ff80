/*-------------------------------------------------------------------------
 *
 * sharing_guard.c
 *		Initializes the library and connects the rooms.
 *
 * This file only dispatches.  policy/ decides, channel/ notices rows that
 * leave, and audit/ records.
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
#include "channel/guard/guard_catalog.h"
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
	 * pg_upgrade loads every library that an extension names, without
	 * preloading it, into a server that must neither decide nor record
	 * anything.
	 */
	if (IsBinaryUpgrade)
		return;

	/*
	 * A function call has loaded the library late, in a server that is not
	 * configured to guard anything.  Define no settings and install no hooks;
	 * the functions themselves refuse to work through
	 * sg_require_operational().
	 */
	if (!process_shared_preload_libraries_in_progress)
	{
		/*
		 * A superuser may still remove guards, which is recorded: see
		 * change.c.
		 */
		sg_policy_change_callback = record_policy_change;
		sg_policy_revisions_drawn_callback = write_policy_changes;
		return;
	}

	sg_operational_init();
	sg_actor_init();
	sg_policy_init();
	sg_guard_init();
	sg_pending_init();
	sg_guard_catalog_init();
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

	/* policy/ may not include audit/, so the two are connected here. */
	sg_policy_change_callback = record_policy_change;
	sg_policy_revisions_drawn_callback = write_policy_changes;
}

/*
 * Records a change of policy, guards or settings as an event.  The event is
 * undone with the transaction that makes the change.  It is written when the
 * commit has given the change its revision.
 */
static void
record_policy_change(const PolicyChange *change)
{
	ChangeEvent event = {.type = EVENT_CHANGE};

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

	/*
	 * A trigger on the log has made this change while events are written, so
	 * draw its number now.
	 */
	if (sg_policy_commit_has_begun() || sg_pending_is_committing())
		sg_policy_draw_revisions();
}

static void
write_policy_changes(void)
{
	sg_pending_changes_write(sg_policy_final_revision);
}
