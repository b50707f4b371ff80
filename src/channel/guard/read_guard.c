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
	int			guard;			/* index into guards; -1: not guarded */
	bool		is_parent;		/* others' answers were found by way of it */
	bool		looked_below;	/* for guards of its partitions */
	List	   *below;			/* those: indexes into guards */
} RelationEntry;

static MemoryContext records_context = NULL;
static ReadGuard *guards = NULL;
static int	nguards = 0;
static bool refuse_undeclared = false;
static HTAB *relations = NULL;

/*
 * Bumped whenever a guard, or what is below one, may have changed; guards and
 * relations were filled under loaded_generation.
 */
static uint64 generation = 1;
static uint64 loaded_generation = 0;

/* False only where what was read last is up to date and has none. */
bool		sg_read_guard_possible = true;

/* Bumped by every invalidation: has one come while we looked? */
static uint64 invalidations = 0;

/* See sg_read_guard_note_plain(): the plan, and when that was so. */
static const struct PlannedStmt *plain_plan = NULL;
static uint64 plain_generation = 0;
static uint64 plain_invalidations = 0;

/* The tables that all this is read from, as of the last load. */
static Oid	guard_table_oid = InvalidOid;
static Oid	setting_table_oid = InvalidOid;

/* How often all is read again because it changed while it was read. */
#define RELOAD_ATTEMPTS 3

static void
changed(void)
{
	generation++;
	sg_read_guard_possible = true;
}

/*
 * Relcache callback: may come at almost any moment, so it neither allocates
 * nor fails.
 */
static void
records_invalidate(Datum arg, Oid relid)
{
	RelationEntry *entry;

	invalidations++;
	if (relid == InvalidOid || relid == guard_table_oid ||
		relid == setting_table_oid)
	{
		changed();
		return;
	}
	if (relations == NULL)
		return;

	/* It may have been attached, or detached; and all below it with it. */
	entry = hash_search(relations, &relid, HASH_FIND, NULL);
	if (entry == NULL)
		return;
	if (entry->is_parent)
		changed();
	else
		hash_search(relations, &relid, HASH_REMOVE, NULL);
}

/* A schema was made or dropped: perhaps ours, with the extension. */
static void
records_invalidate_all(Datum arg, int cacheid, uint32 hashvalue)
{
	invalidations++;
	changed();
}

/* Called once, at library load: each call would register another callback. */
void
sg_read_guard_init(void)
{
	sg_on_relation_change(records_invalidate);
	CacheRegisterSyscacheCallback(NAMESPACEOID, records_invalidate_all,
								  (Datum) 0);
}

/* Takes the guards over from SPI; see sg_query_as_owner(). */
static void
take_guards(void *arg)
{
	MemoryContext context = arg;

	guards = MemoryContextAllocZero(context,
									sizeof(ReadGuard) * Max(SPI_processed, 1));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;

		strlcpy(guards[i].guard_id, SPI_getvalue(row, desc, 1),
				sizeof(guards[i].guard_id));
		guards[i].relid = DatumGetObjectId(SPI_getbinval(row, desc, 2, &isnull));
		guards[i].is_export = DatumGetBool(SPI_getbinval(row, desc, 3, &isnull));
		guards[i].record_self_access =
			DatumGetBool(SPI_getbinval(row, desc, 4, &isnull));
		guards[i].filter_reads =
			DatumGetBool(SPI_getbinval(row, desc, 5, &isnull));
	}
	nguards = (int) SPI_processed;
}

static void
take_setting(void *arg)
{
	bool		isnull;

	refuse_undeclared = SPI_processed > 0 &&
		DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
								   SPI_tuptable->tupdesc, 1, &isnull));
}

/*
 * Reads all guards.  There are none where the extension is not there, or where
 * its tables are those of a version before this one: then ALTER EXTENSION
 * UPDATE has to come first, and it must be possible to run it.
 */
static void
load_guards(void)
{
	HASHCTL		ctl = {0};

	nguards = 0;
	guards = NULL;
	relations = NULL;
	refuse_undeclared = false;
	if (records_context == NULL)
		records_context = AllocSetContextCreate(CacheMemoryContext,
												"sharing_guard read guards",
												ALLOCSET_SMALL_SIZES);
	MemoryContextReset(records_context);

	guard_table_oid = sg_own_table("guard");
	setting_table_oid = sg_own_table("setting");
	if (!OidIsValid(guard_table_oid) || !OidIsValid(setting_table_oid) ||
		get_attnum(guard_table_oid, "filter_reads") == InvalidAttrNumber ||
		get_attnum(setting_table_oid, "undeclared_copy") == InvalidAttrNumber)
		return;

	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(RelationEntry);
	ctl.hcxt = records_context;
	relations = hash_create("sharing_guard relations read", 64, &ctl,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

	sg_query_as_owner(setting_table_oid,
					  "SELECT undeclared_copy OPERATOR(pg_catalog.=) 'refuse'"
					  " FROM sharing_guard.setting",
					  0, NULL, NULL, take_setting, NULL);
	sg_query_as_owner(guard_table_oid,
					  "SELECT guard_id, relation::pg_catalog.oid,"
					  " kind OPERATOR(pg_catalog.=) 'export',"
					  " record_self_access, filter_reads"
					  " FROM sharing_guard.guard",
					  0, NULL, NULL, take_guards, records_context);
}

bool
sg_read_guard_any(void)
{
	if (likely(loaded_generation == generation))
		return nguards > 0;
	if (sg_owner_query_running())
		return false;

	for (int attempt = 1;
		 attempt <= RELOAD_ATTEMPTS && loaded_generation != generation;
		 attempt++)
	{
		uint64		loading = generation;

		load_guards();
		loaded_generation = loading;
	}
	sg_read_guard_possible = loaded_generation != generation || nguards > 0;
	return nguards > 0;
}

/*
 * Whoever may read all data, or has been let into the schema pg_toast, reads
 * there what the table itself would not have let out.
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

static int	find_guard(Oid relid, bool as_parent);

/* The guard of a table that this one is a partition or a child of. */
static int
find_guard_above(Oid relid)
{
	List	   *parents;
	ListCell   *lc;
	int			guard = -1;

	check_stack_depth();
	parents = sg_inheritance_parents(relid);
	foreach(lc, parents)
	{
		guard = find_guard(lfirst_oid(lc), true);
		if (guard >= 0)
			break;
	}
	list_free(parents);
	return guard;
}

static int
find_guard(Oid relid, bool as_parent)
{
	RelationEntry *entry = hash_search(relations, &relid, HASH_FIND, NULL);
	uint64		seen = invalidations;
	int			guard = -1;

	if (entry != NULL)
	{
		entry->is_parent |= as_parent;
		return entry->guard;
	}

	for (int i = 0; i < nguards && guard < 0; i++)
	{
		if (guards[i].relid == relid)
			guard = i;
	}
	if (guard < 0)
	{
		Oid			table = sg_table_of_toast(relid);

		guard = OidIsValid(table) ? find_guard(table, true) :
			find_guard_above(relid);
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

void
sg_read_guard_note_plain(const struct PlannedStmt *plan)
{
	plain_plan = plan;
	plain_generation = generation;
	plain_invalidations = invalidations;
}

bool
sg_read_guard_is_plain(const struct PlannedStmt *plan)
{
	return plan == plain_plan && plain_generation == generation &&
		plain_invalidations == invalidations;
}

uint64
sg_read_guard_invalidations(void)
{
	return invalidations;
}

const ReadGuard *
sg_read_guard_find(Oid relid)
{
	int			guard;

	if (nguards == 0)
		return NULL;
	guard = find_guard(relid, false);
	return guard < 0 ? NULL : &guards[guard];
}

/*
 * Finds the guards of the partitions of a table, and makes it depend on all
 * partitions that may have others.
 */
static List *
find_guards_below(Oid relid)
{
	List	   *below = NIL;
	ListCell   *lc;

	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
	{
		Oid			partition = lfirst_oid(lc);
		bool		has_partitions =
		get_rel_relkind(partition) == RELKIND_PARTITIONED_TABLE;
		int			guard = find_guard(partition, has_partitions);

		if (guard >= 0 && !guards[guard].is_export)
			below = list_append_unique_int(below, guard);
	}
	return below;
}

List *
sg_read_guard_below(Oid relid)
{
	RelationEntry *entry;
	List	   *found = NIL;
	List	   *below;
	uint64		seen = invalidations;
	ListCell   *lc;

	if (nguards == 0)
		return NIL;
	entry = hash_search(relations, &relid, HASH_FIND, NULL);
	if (entry != NULL && entry->looked_below)
		below = entry->below;
	else
	{
		below = find_guards_below(relid);
		entry = hash_search(relations, &relid, HASH_FIND, NULL);
		if (entry != NULL && seen == invalidations)
		{
			MemoryContext oldcontext = MemoryContextSwitchTo(records_context);

			entry->below = list_copy(below);
			entry->looked_below = true;
			MemoryContextSwitchTo(oldcontext);
		}
	}
	foreach(lc, below)
		found = lappend(found, &guards[lfirst_int(lc)]);
	return found;
}

bool
sg_read_guard_refuse_undeclared(void)
{
	return refuse_undeclared;
}
