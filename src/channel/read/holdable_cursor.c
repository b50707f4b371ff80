/*-------------------------------------------------------------------------
 *
 * holdable_cursor.c
 *		Cursors WITH HOLD, whose rows wait in the server.
 *
 * Such a cursor is run to its end when its transaction commits.  Its rows were
 * counted then; that they may still be fetched is asked at each FETCH, in the
 * utility hook, since the executor has no more part in it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "channel/read/holdable_cursor.h"
#include "channel/read/query_reads.h"
#include "channel/read/reads.h"
#include "channel/guard/read_guard.h"
#include "base/compat.h"
#include "lib/ilist.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/portal.h"

/* The next in the order of hooks.c, which sets it once. */
static ProcessUtility_hook_type next_ProcessUtility;

/* A cursor whose rows wait; in the memory that they wait in. */
typedef struct HoldableCursor
{
	dlist_node	node;
	Portal		portal;
	List	   *requests;
	MemoryContextCallback callback;
} HoldableCursor;

static dlist_head held_cursors = DLIST_STATIC_INIT(held_cursors);



static void
held_gone(void *arg)
{
	dlist_delete(&((HoldableCursor *) arg)->node);
}

bool
sg_holdable_cursor_note(QueryDesc *queryDesc)
{
	Portal		portal = ActivePortal;
	HoldableCursor *held;
	MemoryContext oldcontext;
	ListCell   *lc;

	if (queryDesc->dest->mydest != DestTuplestore ||
		portal == NULL || portal->queryDesc != queryDesc ||
		portal->holdContext == NULL ||
		(portal->cursorOptions & CURSOR_OPT_HOLD) == 0)
		return false;

	oldcontext = MemoryContextSwitchTo(portal->holdContext);
	held = palloc0(sizeof(HoldableCursor));
	held->portal = portal;
	held->requests = sg_query_reads(queryDesc);
	foreach(lc, held->requests)
	{
		ReadRequest *request = lfirst(lc);

		/* The query will not be there. */
		request->query_elements = NULL;
		request->elements_lost = true;
		request->arg = NULL;
		request->operation = "FETCH";
	}
	held->callback.func = held_gone;
	held->callback.arg = held;
	MemoryContextRegisterResetCallback(portal->holdContext, &held->callback);
	dlist_push_head(&held_cursors, &held->node);
	MemoryContextSwitchTo(oldcontext);
	return (portal->cursorOptions & CURSOR_OPT_SCROLL) != 0;
}

/* May the rows of this cursor, if it is one of those, still be fetched? */
static pg_noinline void
look_at_fetch(const FetchStmt *fetch)
{
	Portal		portal = GetPortalByName(fetch->portalname);
	List	   *requests = NIL;
	bool		recorded;
	dlist_iter	iter;

	if (!PortalIsValid(portal) || fetch->ismove)
		return;
	AcceptInvalidationMessages();
	if (!sg_read_guard_any())
		return;
	dlist_foreach(iter, &held_cursors)
	{
		HoldableCursor *held = dlist_container(HoldableCursor, node, iter.cur);
		ListCell   *lc;

		if (held->portal != portal)
			continue;
		foreach(lc, held->requests)
		{
			ReadRequest *request = lfirst(lc);
			const ReadGuard *guard = sg_read_guard_find(request->relid);

			if (guard == NULL)
				continue;
			request->guard = *guard;
			requests = lappend(requests, request);
		}
	}
	if (requests != NIL)
		(void) sg_reads_check(requests, (int64) portal->portalPos, &recorded);
	list_free(requests);
}

static void
held_ProcessUtility(PROCESS_UTILITY_PARAMS)
{
	if (unlikely(!dlist_is_empty(&held_cursors)) &&
		IsA(pstmt->utilityStmt, FetchStmt))
		look_at_fetch((FetchStmt *) pstmt->utilityStmt);

	next_ProcessUtility(PROCESS_UTILITY_ARGS);
}

ProcessUtility_hook_type
sg_holdable_cursor_wrap_ProcessUtility(ProcessUtility_hook_type next)
{
	next_ProcessUtility = next;
	return held_ProcessUtility;
}
