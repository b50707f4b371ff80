/*-------------------------------------------------------------------------
 *
 * foreign_key.c
 *		The queries by which the server keeps foreign keys.
 *
 * They compare keys and tell only whether the constraint holds, so the session
 * that changed the other table has not accessed the rows.
 *
 * They are known by where they are run and never by their text, which anybody
 * can write: a trigger of the server's runs them, and marks what it runs with
 * SECURITY_NOFORCE_RLS.  The mark is also on what is run from within such a
 * query: by a BEFORE trigger, or by the function of a cast.  So a statement is
 * the server's own only if no other statement with the mark is running, and no
 * function of a user's was made ready under it in the same transaction.  In
 * doubt it is an access.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "channel/read/foreign_key.h"
#include "base/compat.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "base/run_as_owner.h"
#include "utils/fmgroids.h"

/* How many statements with the mark are running, each inside the one before. */
static int	running = 0;

/* The last transaction in which a function of a user's had the mark. */
static LocalTransactionId tainted = InvalidLocalTransactionId;

void
sg_foreign_key_enter(void)
{
	running++;
}

void
sg_foreign_key_leave(void)
{
	running--;
}

void
sg_foreign_key_function(void)
{
	/* Our own queries have the mark as well. */
	if (!sg_owner_query_running())
		tainted = sg_local_transaction_id();
}

bool
sg_foreign_key_query(void)
{
	return InNoForceRLSOperation() && running <= 1 &&
		tainted != sg_local_transaction_id() &&
		DatumGetInt32(OidFunctionCall0(F_PG_TRIGGER_DEPTH)) > 0;
}
