/*-------------------------------------------------------------------------
 *
 * inval.c
 *		Caches that are filled from our own tables, and their invalidation.
 *
 * The server has room for ten relcache callbacks in a session, for all
 * extensions together, and uses half of them itself.  A session that exceeds
 * the limit ends with a FATAL error, for example a walsender with its output
 * plugin beside another extension or two.  So one callback serves all rooms.
 *
 * Every table cache works alike.  An invalidation increments the cache's
 * generation and does nothing else, because it may arrive at almost any
 * moment.  The next caller loads the content again.  A load may itself accept
 * invalidations; then it is repeated, a few times at most.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/inval.h"
#include "base/run_as_owner.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/*
 * How often a cache is loaded again because it became stale during the load.
 * After that its content is newer than the call, which is all that is
 * promised, and the next call finds it stale.
 */
#define LOAD_ATTEMPTS 3

/* Has room for a few more than there are callers. */
static RelcacheCallbackFunction callbacks[12];
static int	ncallbacks = 0;

static TableCache *caches = NULL;

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

/* Make the content stale.  Neither allocates nor fails. */
void
sg_table_cache_invalidate(TableCache *cache)
{
	cache->generation++;
	if (cache->on_stale != NULL)
		cache->on_stale();
}

/*
 * relid is InvalidOid after an overflow of the queue: anything may have
 * changed.
 */
static bool
depends_on(const TableCache *cache, Oid relid)
{
	if (!OidIsValid(relid) || cache->unresolved)
		return true;
	for (int i = 0; i < TABLE_CACHE_MAX_TABLES && cache->tables[i] != NULL; i++)
	{
		if (cache->relids[i] == relid)
			return true;
	}
	return cache->depends_on != NULL && cache->depends_on(relid);
}

static void
invalidate_dependents(Datum arg, Oid relid)
{
	for (TableCache *cache = caches; cache != NULL; cache = cache->next)
	{
		if (depends_on(cache, relid))
			sg_table_cache_invalidate(cache);
	}
}

/*
 * Syscache callback: a schema was created, renamed or dropped.  That concerns
 * a cache if the schema is ours, or if ours did not exist at the last load.
 */
static void
schema_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	for (TableCache *cache = caches; cache != NULL; cache = cache->next)
	{
		if (hashvalue == 0 || cache->any_schema || cache->schema_hash == 0 ||
			cache->schema_hash == hashvalue)
			sg_table_cache_invalidate(cache);
	}
}

/* Called once for each cache, at library load. */
void
sg_table_cache_register(TableCache *cache)
{
	if (caches == NULL)
	{
		sg_on_relation_change(invalidate_dependents);
		CacheRegisterSyscacheCallback(NAMESPACEOID, schema_changed, (Datum) 0);
	}
	Assert(cache->generation == 1);
	cache->next = caches;
	caches = cache;
}

/*
 * The OIDs are looked up at each load, because a dropped and recreated
 * extension has new tables.
 */
static void
find_tables(TableCache *cache)
{
	Oid			schema = get_namespace_oid("sharing_guard", true);

	cache->unresolved = false;
	cache->schema_hash = !OidIsValid(schema) ? 0 :
		GetSysCacheHashValue1(NAMESPACEOID, ObjectIdGetDatum(schema));
	for (int i = 0; i < TABLE_CACHE_MAX_TABLES && cache->tables[i] != NULL; i++)
	{
		cache->relids[i] = !OidIsValid(schema) ? InvalidOid :
			get_relname_relid(cache->tables[i], schema);
		cache->unresolved |= OidIsValid(schema) && !OidIsValid(cache->relids[i]);
	}
}

/*
 * Loads aside and puts the content in place when it is complete, so that an
 * error leaves the old content, still known to be stale, and a context that is
 * freed with the transaction.
 */
static void
load(TableCache *cache)
{
	uint64		generation = cache->generation;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	void	   *volatile content;

	find_tables(cache);
	context = AllocSetContextCreate(CurTransactionContext,
									"sharing_guard cache",
									ALLOCSET_START_SMALL_SIZES);
	MemoryContextSetIdentifier(context, cache->name);
	cache->loading = true;
	PG_TRY();
	{
		content = cache->load(cache, context);
	}
	PG_FINALLY();
	{
		cache->loading = false;
	}
	PG_END_TRY();

	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(context, CacheMemoryContext);
	if (cache->context != NULL && cache->keep_replaced)
		MemoryContextSetParent(cache->context, TopTransactionContext);
	else if (cache->context != NULL)
		MemoryContextDelete(cache->context);
	cache->context = context;
	cache->content = content;
	cache->loaded_generation = generation;
}

/*
 * Returns the content, loaded again if it is stale; NULL if load() returned
 * that.  Raises what load() raises.  The content stays valid until the next
 * call, or with keep_replaced until the end of the transaction.  A call that a
 * load leads to, for example from a hook on its queries, gets the old content.
 *
 * Callers that need the latest committed state call
 * AcceptInvalidationMessages() before.
 */
void *
sg_table_cache_get(TableCache *cache)
{
	for (int attempt = 1;
		 attempt <= LOAD_ATTEMPTS && !cache->loading &&
		 !sg_table_cache_is_current(cache);
		 attempt++)
		load(cache);
	return cache->content;
}
