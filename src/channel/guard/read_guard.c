/*-------------------------------------------------------------------------
 *
 * read_guard.c
 *		Which relations' reads are guarded.
 *
 * Asked for every relation of every statement, so the answer is kept: all
 * guards in one array, and for each relation that was asked for the one that
 * covers it, if any.  A statement in a database where nothing is guarded pays
 * for one comparison.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_inherits.h"
#include "channel/guard/inheritance.h"
#include "channel/guard/read_guard.h"
#include "base/inval.h"
#include "miscadmin.h"
#include "base/run_as_owner.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* What is known of a relation. */
typedef struct RelationEntry
{
	Oid			relid;			/* hash key */
	const GuardedTable *guard;	/* NULL: not guarded */
	bool		is_parent;		/* others' guards were found by way of it */
	bool		looked_below;	/* for guards of its partitions */
	List	   *below;			/* those: const GuardedTable * */
} RelationEntry;

/*
 * Incremented by every invalidation, so that one during a look-up is noticed.
 */
static uint64 invalidations = 0;

const struct PlannedStmt *sg_plain_plan = NULL;

/*
 * Relcache callback: may come at almost any moment, so it neither allocates
 * nor fails.
 */
static void
relation_changed(Datum arg, Oid relid)
{
	const GuardCatalog *catalog = sg_guard_catalog_as_read();
	RelationEntry *entry;

	invalidations++;
	sg_plain_plan = NULL;
	if (!OidIsValid(relid) || catalog == NULL || catalog->relations == NULL)
		return;

	/*
	 * The relation may have been attached or detached, and all tables below
	 * it with it.
	 */
	entry = hash_search(catalog->relations, &relid, HASH_FIND, NULL);
	if (entry == NULL)
		return;
	if (entry->is_parent)
		sg_table_cache_invalidate(&sg_guard_catalog_cache);
	else
		hash_search(catalog->relations, &relid, HASH_REMOVE, NULL);
}

static void
schema_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	invalidations++;
	sg_plain_plan = NULL;
}

/* Called once, at library load: each call would register another callback. */
void
sg_read_guard_init(void)
{
	sg_on_relation_change(relation_changed);
	CacheRegisterSyscacheCallback(NAMESPACEOID, schema_changed, (Datum) 0);
}

static pg_noinline HTAB *
make_relations(GuardCatalog *catalog)
{
	HASHCTL		ctl = {0};

	if (catalog == NULL || catalog->guards == NIL)
		return NULL;
	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(RelationEntry);
	ctl.hcxt = catalog->context;
	catalog->relations = hash_create("sharing_guard relations read", 64, &ctl,
									 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return catalog->relations;
}

/*
 * The answers that were found for the catalog as it was read last, and which go
 * with it; NULL where that has no guards.
 */
static inline HTAB *
relations_asked(void)
{
	GuardCatalog *catalog = sg_guard_catalog_cache.content;

	if (likely(catalog != NULL && catalog->relations != NULL))
		return catalog->relations;
	return make_relations(catalog);
}

/*
 * The slow path of sg_read_guard_any().  False while a query of our own runs
 * that could be the load.
 */
bool
sg_read_guard_any_loaded(void)
{
	const GuardCatalog *catalog = sg_owner_query_running() ? NULL :
	sg_guard_catalog_load();

	return catalog != NULL && catalog->guards != NIL;
}

/*
 * A role that may read all data, or has USAGE on the schema pg_toast, can read
 * the long values of a table there.
 */
Oid
sg_table_of_toast(Oid relid)
{
	Oid			table = InvalidOid;
	Relation	depend;
	SysScanDesc scan;
	ScanKeyData key[2];
	HeapTuple	tuple;

	if (get_rel_relkind(relid) != RELKIND_TOASTVALUE)
		return InvalidOid;
	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyInit(&key[0], Anum_pg_depend_classid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(RelationRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_objid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(depend, DependDependerIndexId, true, NULL, 2,
							  key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		if (form->deptype == DEPENDENCY_INTERNAL &&
			form->refclassid == RelationRelationId)
			table = form->refobjid;
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return table;
}

static const GuardedTable *find_guard(HTAB *relations, Oid relid,
									  bool as_parent);

/* The guard of a table that this one is a partition or a child of. */
static const GuardedTable *
find_guard_above(HTAB *relations, Oid relid)
{
	List	   *parents;
	ListCell   *lc;
	const GuardedTable *guard = NULL;

	check_stack_depth();
	parents = sg_inheritance_parents(relid);
	foreach(lc, parents)
	{
		guard = find_guard(relations, lfirst_oid(lc), true);
		if (guard != NULL)
			break;
	}
	list_free(parents);
	return guard;
}

static const GuardedTable *
find_guard(HTAB *relations, Oid relid, bool as_parent)
{
	RelationEntry *entry = hash_search(relations, &relid, HASH_FIND, NULL);
	uint64		seen = invalidations;
	const GuardedTable *guard;

	if (entry != NULL)
	{
		entry->is_parent |= as_parent;
		return entry->guard;
	}

	guard = sg_guard_catalog_find(sg_guard_catalog_as_read(), relid);
	if (guard == NULL)
	{
		Oid			table = sg_table_of_toast(relid);

		guard = OidIsValid(table) ? find_guard(relations, table, true) :
			find_guard_above(relations, relid);
	}

	/* What may be out of date already is not kept. */
	if (seen == invalidations)
	{
		entry = hash_search(relations, &relid, HASH_ENTER, NULL);
		entry->guard = guard;
		entry->is_parent = as_parent;
		entry->looked_below = false;
		entry->below = NIL;
	}
	return guard;
}

uint64
sg_read_guard_invalidations(void)
{
	return invalidations;
}

const ReadGuard *
sg_read_guard_find(Oid relid)
{
	HTAB	   *relations = relations_asked();
	const GuardedTable *guard;

	if (relations == NULL)
		return NULL;
	guard = find_guard(relations, relid, false);
	return guard == NULL ? NULL : &guard->read;
}

/*
 * Finds the guards of the partitions of a table, and makes it depend on all
 * partitions that may have others.
 */
static List *
find_guards_below(HTAB *relations, Oid relid)
{
	List	   *below = NIL;
	ListCell   *lc;

	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
	{
		Oid			partition = lfirst_oid(lc);
		bool		has_partitions =
		get_rel_relkind(partition) == RELKIND_PARTITIONED_TABLE;
		const GuardedTable *guard = find_guard(relations, partition, has_partitions);

		if (guard != NULL && !guard->read.is_export)
			below = list_append_unique_ptr(below, (void *) guard);
	}
	return below;
}

List *
sg_read_guard_below(Oid relid)
{
	HTAB	   *relations = relations_asked();
	RelationEntry *entry;
	List	   *found = NIL;
	List	   *below;
	uint64		seen = invalidations;
	ListCell   *lc;

	if (relations == NULL)
		return NIL;
	entry = hash_search(relations, &relid, HASH_FIND, NULL);
	if (entry != NULL && entry->looked_below)
		below = entry->below;
	else
	{
		below = find_guards_below(relations, relid);
		entry = hash_search(relations, &relid, HASH_FIND, NULL);
		if (entry != NULL && seen == invalidations)
		{
			MemoryContext oldcontext =
			MemoryContextSwitchTo(sg_guard_catalog_as_read()->context);

			entry->below = list_copy(below);
			entry->looked_below = true;
			MemoryContextSwitchTo(oldcontext);
		}
	}
	foreach(lc, below)
		found = lappend(found, (void *) &((GuardedTable *) lfirst(lc))->read);
	return found;
}

bool
sg_read_guard_refuse_undeclared(void)
{
	const GuardCatalog *catalog = sg_guard_catalog_as_read();

	return catalog != NULL && catalog->refuse_undeclared;
}
