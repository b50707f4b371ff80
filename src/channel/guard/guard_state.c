/*-------------------------------------------------------------------------
 *
 * guard_state.c
 *		What the hooks on commands need to know: which tables are guarded,
 *		who is bound to which agency, whether maintenance is open.
 *
 * Every session has these hooks, whether or not its database is guarded, and
 * nearly all of their calls concern no protected object.  So all there is
 * to know is read at once, kept, and read again only when it has changed: an
 * answer of "nothing is protected here" costs a comparison.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "audit/log/actor.h"
#include "channel/guard/guard_state.h"
#include "channel/guard/inheritance.h"
#include "channel/guard/read_guard.h"
#include "base/inval.h"
#include "base/compat.h"
#include "miscadmin.h"
#include "base/run_as_owner.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

static void *load_columns(TableCache *cache, MemoryContext context);

/*
 * The columns that guards need, which only commands ask for.  A hash table
 * from the protected table to a list of names.
 */
static TableCache column_cache = {
	.name = "columns of guards",
	.generation = 1,
	.tables = {"guard", "guard_column"},
	.load = load_columns,
	.keep_replaced = true
};

typedef struct GuardColumns
{
	Oid			relid;			/* hash key */
	List	   *names;			/* char * */
} GuardColumns;

void
sg_ddl_state_init(void)
{
	sg_table_cache_register(&column_cache);
}

typedef struct ColumnLoading
{
	HTAB	   *columns;
	MemoryContext context;
} ColumnLoading;

/* Rows of (protected table, column); see sg_query_as_owner(). */
static void
take_guard_columns(void *arg)
{
	ColumnLoading *loading = arg;
	MemoryContext spi_context = MemoryContextSwitchTo(loading->context);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Oid			relid = DatumGetObjectId(SPI_getbinval(row, desc, 1, &isnull));
		bool		found;
		GuardColumns *entry = hash_search(loading->columns, &relid, HASH_ENTER,
										  &found);

		if (!found)
			entry->names = NIL;
		entry->names = lappend(entry->names, SPI_getvalue(row, desc, 2));
	}
	MemoryContextSwitchTo(spi_context);
}

static void *
load_columns(TableCache *cache, MemoryContext context)
{
	HASHCTL		ctl = {0};
	ColumnLoading loading;

	if (cache->unresolved || !OidIsValid(cache->relids[0]))
		return NULL;
	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(GuardColumns);
	ctl.hcxt = context;
	loading.context = context;
	loading.columns = hash_create("sharing_guard columns of guards", 64, &ctl,
								  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	sg_query_as_owner(cache->relids[0],
					  "SELECT g.relation::pg_catalog.oid, c.column_name"
					  " FROM sharing_guard.guard_column c"
					  " JOIN sharing_guard.guard g"
					  " ON g.guard_id OPERATOR(pg_catalog.=) c.guard_id"
					  " WHERE c.role OPERATOR(pg_catalog.<>) 'bookkeeping'",
					  0, NULL, NULL, take_guard_columns, &loading);
	return loading.columns;
}

/*
 * Returns the catalog of guards as of now, and loads what else the questions
 * below need; NULL where the extension is not in this database, or where no
 * system catalog can be read.  Valid until the end of the transaction.
 */
const GuardCatalog *
sg_ddl_state(void)
{
	const GuardCatalog *catalog;

	if (!IsTransactionState() || !OidIsValid(MyDatabaseId) || IsParallelWorker())
		return NULL;

	/*
	 * In parallel mode the leader looked when it began.  And a query of our
	 * own that may be a load's asks for nothing itself.
	 */
	if (IsInParallelMode() || sg_owner_query_running())
		return sg_guard_catalog_as_read();

	AcceptInvalidationMessages();
	catalog = sg_guard_catalog();
	if (catalog != NULL && catalog->guards != NIL)
		(void) sg_table_cache_get(&column_cache);
	return catalog;
}

/* Where nothing at all is guarded, all the rest need not be read to know. */
bool
sg_ddl_any_records(void)
{
	if (!IsTransactionState() || !OidIsValid(MyDatabaseId) ||
		IsParallelWorker() || !sg_read_guard_any())
		return false;
	return sg_guard_catalog_as_read()->any_records;
}

/* ----------------------------------------------------------------
 *		Asking
 * ----------------------------------------------------------------
 */

const GuardedTable *
sg_ddl_guard_of(const GuardCatalog *ddl, Oid relid)
{
	ListCell   *lc;

	const GuardedTable *own;

	if (ddl == NULL || ddl->guards == NIL || relid < FirstNormalObjectId)
		return NULL;
	own = sg_guard_catalog_find(ddl, relid);
	if (own != NULL)
		return own;

	check_stack_depth();
	foreach(lc, sg_inheritance_parents(relid))
	{
		const GuardedTable *found = sg_ddl_guard_of(ddl, lfirst_oid(lc));

		if (found != NULL)
			return found;
	}
	return NULL;
}

List *
sg_ddl_guards_touched(const GuardCatalog *ddl, Oid relid)
{
	const GuardedTable *own = sg_ddl_guard_of(ddl, relid);
	List	   *touched = own ? list_make1((void *) own) : NIL;
	ListCell   *lc;

	/* Most tables have never had any below them. */
	if (ddl == NULL || !has_subclass(relid))
		return touched;
	foreach(lc, ddl->guards)
	{
		GuardedTable *guard = lfirst(lc);

		if (guard != own && sg_is_under(guard->read.relid, relid))
			touched = lappend(touched, guard);
	}
	return touched;
}

/*
 * The role's own binding comes first.  Only real membership counts, because a
 * superuser is a member of every role, and not of every partner agency.
 */
const char *
sg_ddl_agency_of_role(const GuardCatalog *ddl, Oid role)
{
	ListCell   *lc;

	if (ddl == NULL)
		return NULL;
	foreach(lc, ddl->roles)
	{
		LoadedBinding *binding = lfirst(lc);

		if (binding->role == role)
			return binding->agency_id;
	}
	foreach(lc, ddl->roles)
	{
		LoadedBinding *binding = lfirst(lc);

		if (SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(binding->role)) &&
			sg_acts_for(role, binding->role))
			return binding->agency_id;
	}
	return NULL;
}

const char *
sg_ddl_agency_of_name(List *bindings, const char *name)
{
	ListCell   *lc;

	foreach(lc, bindings)
	{
		NamedBinding *binding = lfirst(lc);

		if (name != NULL && strcmp(binding->name, name) == 0)
			return binding->agency;
	}
	return NULL;
}

bool
sg_ddl_maintenance_open(const GuardCatalog *ddl)
{
	TimestampTz now;

	if (ddl == NULL || ddl->maintenance_until == 0)
		return false;
	now = GetCurrentTimestamp();
	return now >= ddl->maintenance_from && now < ddl->maintenance_until;
}

/*
 * The agency of any role under which this session works: its own, that of a
 * function's caller, the current one, the login.  NULL: our own agency.
 */
const char *
sg_ddl_acting_agency(const GuardCatalog *state)
{
	const char *agency = sg_ddl_agency_of_role(state, GetSessionUserId());

	if (agency == NULL)
		agency = sg_ddl_agency_of_role(state, GetOuterUserId());
	if (agency == NULL)
		agency = sg_ddl_agency_of_role(state, GetUserId());
	if (agency == NULL)
		agency = sg_ddl_agency_of_role(state, sg_actor_login(GetSessionUserId()));
	return agency;
}

bool
sg_ddl_guard_has_column(const GuardedTable *guard, const char *column)
{
	HTAB	   *columns = column_cache.content;
	GuardColumns *entry;
	ListCell   *lc;

	if (column == NULL || columns == NULL)
		return false;
	entry = hash_search(columns, &guard->read.relid, HASH_FIND, NULL);
	if (entry == NULL)
		return false;
	foreach(lc, entry->names)
	{
		if (strcmp(lfirst(lc), column) == 0)
			return true;
	}
	return false;
}
