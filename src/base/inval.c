/*-------------------------------------------------------------------------
 *
 * inval.c
 *		Tells all rooms of relations that have changed, by one callback.
 *
 * The server has room for ten such callbacks in a session, of everybody's, and
 * takes half of them for itself: a session that runs out of them (a walsender
 * with its output plugin, beside another extension or two) ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/inval.h"
#include "utils/inval.h"

/* Some more than there are files that ask. */
static RelcacheCallbackFunction callbacks[12];
static int	ncallbacks = 0;

/* Comes at almost any moment, so it may neither allocate nor fail. */
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
