/*-------------------------------------------------------------------------
 *
 * inval.c
 *		Distributes relcache invalidations to all rooms, through one callback.
 *
 * The server has room for ten relcache callbacks in a session, for all
 * extensions together, and uses half of them itself.  A session that exceeds
 * the limit ends with a FATAL error, for example a walsender with its output
 * plugin beside another extension or two.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/inval.h"
#include "utils/inval.h"

/* Has room for a few more than there are callers. */
static RelcacheCallbackFunction callbacks[12];
static int	ncallbacks = 0;

/* May be called at almost any moment, so it must neither allocate nor fail. */
static void
relation_changed(Datum arg, Oid relid)
{
	for (int i = 0; i < ncallbacks; i++)
		callbacks[i] ((Datum) 0, relid);
}

void
sg_on_relation_change(RelcacheCallbackFunction callback)
{
	if (ncallbacks == 0)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	if (ncallbacks == lengthof(callbacks))
		elog(FATAL, "out of places for callbacks");
	callbacks[ncallbacks++] = callback;
}
