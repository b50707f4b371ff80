/*-------------------------------------------------------------------------
 *
 * maintenance.c
 *		Exports are refused while guards may be taken away.
 *
 * A maintenance ends by itself when its time is over.  The first disclosure
 * after that has the guards checked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/errcodes.h"
#include "channel/guard/guard_state.h"
#include "channel/guard/maintenance.h"
#include "channel/guard/refusal.h"
#include "base/run_as_owner.h"
#include "utils/timestamp.h"

/*
 * Another session may be closing it, and not have committed: then we need not
 * try again for every row.
 */
#define SECONDS_BETWEEN_TRIES 1

static void
run_close_expired(void *arg)
{
	(void) SPI_execute("SELECT sharing_guard.close_expired_maintenance()",
					   false, 0);
}

static void
close_with_own_rights(void *arg)
{
	sg_run_as_owner(((const GuardCatalog *) arg)->event_table, run_close_expired,
					NULL);
}

static void
close_expired(const GuardCatalog *state)
{
	static TimestampTz tried_at = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (XactReadOnly || IsInParallelMode() ||
		(now >= tried_at &&
		 now - tried_at < SECONDS_BETWEEN_TRIES * USECS_PER_SEC))
		return;
	tried_at = now;
	sg_with_bounded_waits(close_with_own_rights, unconstify(GuardCatalog *, state));
}

/*
 * Does an open maintenance forbid this disclosure, and until when?  Where a
 * maintenance has ended by itself, has its guards looked over, which may write
 * and so change the policy's revision.  Callers that ask for each row ask for
 * sg_ddl_maintenance_pending() before.
 */
bool
sg_maintenance_forbids(const Disclosure *disclosure, TimestampTz *until)
{
	const GuardCatalog *state;

	state = sg_ddl_state();
	if (state == NULL || state->maintenance_until == 0)
		return false;
	if (!sg_ddl_maintenance_open(state))
	{
		close_expired(state);
		return false;
	}
	*until = state->maintenance_until;

	/* The agency's own people may look, and an upgrade may copy tables. */
	return disclosure->channel != CHANNEL_SELF_ACCESS &&
		disclosure->channel != CHANNEL_COPIED_TABLE;
}
