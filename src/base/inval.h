/*-------------------------------------------------------------------------
 *
 * inval.h
 *		Caches that are filled from our own tables, and their invalidation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_INVAL_H
#define SHARING_GUARD_INVAL_H

#include "utils/inval.h"
#include "utils/palloc.h"

/*
 * Works like CacheRegisterRelcacheCallback(), but the argument is always 0.
 * Call it only once for each callback, at library load.
 */
extern void sg_on_relation_change(RelcacheCallbackFunction callback);

#define TABLE_CACHE_MAX_TABLES 12

/*
 * Something that is built from rows of our own tables and kept in the session
 * until one of these tables changes.
 *
 * The first part is filled in by the owner, in a static variable; the second
 * belongs to inval.c, but "generation" may be read: it differs from every
 * earlier value as soon as the content may have become stale.  It is 1 at
 * first, also where the library was loaded late and no cache is registered, so
 * that the first caller loads the content.
 */
typedef struct TableCache
{
	const char *name;			/* identifies the memory context */
	const char *tables[TABLE_CACHE_MAX_TABLES]; /* in schema sharing_guard */

	/*
	 * Builds the content in "context" and returns it; may raise errors.  The
	 * tables' OIDs are in relids[], InvalidOid for a table that does not
	 * exist.
	 */
	void	   *(*load) (struct TableCache *cache, MemoryContext context);

	/*
	 * Does a change of this other relation make the content stale?  NULL: of
	 * none.  Runs inside a relcache callback, so it must not access catalogs,
	 * allocate or raise errors.
	 */
	bool		(*depends_on) (Oid relid);

	bool		any_schema;		/* a renamed schema makes the content stale */
	bool		keep_replaced;	/* callers may use old content until the end
								 * of the transaction; else it is freed when
								 * it is replaced */
	void		(*on_stale) (void); /* same restrictions; or NULL */

	uint64		generation;
	uint64		loaded_generation;
	void	   *content;
	MemoryContext context;
	Oid			relids[TABLE_CACHE_MAX_TABLES];
	uint32		schema_hash;	/* of our schema, in the syscache */
	bool		loading;
	bool		unresolved;		/* the schema exists, a table does not */
	struct TableCache *next;
} TableCache;

extern void sg_table_cache_register(TableCache *cache);
extern void sg_table_cache_invalidate(TableCache *cache);
extern void *sg_table_cache_get(TableCache *cache);

/* Is the content up to date, as of the last invalidation that was accepted? */
static inline bool
sg_table_cache_is_current(const TableCache *cache)
{
	return cache->loaded_generation == cache->generation;
}

#endif							/* SHARING_GUARD_INVAL_H */
