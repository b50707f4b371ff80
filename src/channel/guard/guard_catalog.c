/*-------------------------------------------------------------------------
 *
 * guard_catalog.c
 *		Loads which tables are guarded, which roles, servers and publications
 *		stand for which agency, and the settings that channels need.
 *
 * Hooks ask for these with every statement, in every session, whether or not
 * its database is guarded, and nearly always the answer is that nothing is
 * concerned.  So the catalog is loaded as a whole, in few queries, and kept
 * until one of its tables changes.  Where nothing is guarded, an answer costs
 * one comparison.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/inval.h"
#include "base/run_as_owner.h"
#include "catalog/pg_proc.h"
#include "channel/guard/guard_catalog.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/syscache.h"

/* Places in sg_guard_catalog_cache.relids. */
#define GUARD_TABLE		0
#define SETTING_TABLE	1

static void *load_catalog(TableCache *cache, MemoryContext context);
static void catalog_stale(void);

/* An agency's name is part of a binding, so its table counts, too. */
TableCache	sg_guard_catalog_cache = {
	.name = "guards and bindings",
	.generation = 1,
	.tables = {"guard", "setting", "role_binding", "agency",
		"server_binding", "publication_binding", "maintenance",
	"drop_preparation"},
	.load = load_catalog,
	.keep_replaced = true,
	.on_stale = catalog_stale
};

bool		sg_guard_possible = true;

static void
catalog_stale(void)
{
	sg_guard_possible = true;
}

/* Called once, at library load. */
void
sg_guard_catalog_init(void)
{
	sg_table_cache_register(&sg_guard_catalog_cache);
}

typedef struct CatalogEntry
{
	Oid			relid;			/* hash key */
	GuardedTable *guard;
} CatalogEntry;

/* What is being loaded, and the memory that it stays in. */
typedef struct Loading
{
	GuardCatalog *catalog;
	MemoryContext context;
} Loading;

/* A column of the result as text in CurrentMemoryContext; NULL for NULL. */
static char *
result_text(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

/* A column of a type that is passed by value; 0 for NULL. */
static Datum
result_datum(uint64 row, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row],
									  SPI_tuptable->tupdesc, column, &isnull);

	return isnull ? (Datum) 0 : value;
}

static void
take_guards(void *arg)
{
	Loading    *loading = arg;
	GuardCatalog *catalog = loading->catalog;
	MemoryContext spi_context = MemoryContextSwitchTo(loading->context);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		GuardedTable *guard = palloc0(sizeof(GuardedTable));
		CatalogEntry *entry;

		strlcpy(guard->read.guard_id, result_text(i, 1),
				sizeof(guard->read.guard_id));
		guard->read.relid = DatumGetObjectId(result_datum(i, 2));
		guard->read.is_export = DatumGetBool(result_datum(i, 3));
		guard->read.record_self_access = DatumGetBool(result_datum(i, 4));
		guard->read.filter_reads = DatumGetBool(result_datum(i, 5));
		guard->relation = result_text(i, 6);
		guard->data_class = result_text(i, 7);
		guard->enforce = DatumGetBool(result_datum(i, 8));
		guard->skip_row = DatumGetBool(result_datum(i, 9));
		catalog->guards = lappend(catalog->guards, guard);
		catalog->any_records |= !guard->read.is_export;
		entry = hash_search(catalog->by_relid, &guard->read.relid, HASH_ENTER,
							NULL);
		entry->guard = guard;
	}
	MemoryContextSwitchTo(spi_context);
}

static void
take_roles(void *arg)
{
	Loading    *loading = arg;
	MemoryContext spi_context = MemoryContextSwitchTo(loading->context);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		LoadedBinding *binding = palloc0(sizeof(LoadedBinding));

		binding->role = DatumGetObjectId(result_datum(i, 1));
		binding->agency_id = result_text(i, 2);
		binding->agency_name = result_text(i, 3);
		binding->own = DatumGetBool(result_datum(i, 4));
		binding->shared = DatumGetBool(result_datum(i, 5));
		binding->backup = DatumGetBool(result_datum(i, 6));
		binding->service = DatumGetBool(result_datum(i, 7));
		loading->catalog->roles = lappend(loading->catalog->roles, binding);
	}
	MemoryContextSwitchTo(spi_context);
}

/* Rows of (is a publication, name, agency). */
static void
take_names(void *arg)
{
	Loading    *loading = arg;
	GuardCatalog *catalog = loading->catalog;
	MemoryContext spi_context = MemoryContextSwitchTo(loading->context);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		NamedBinding *binding = palloc0(sizeof(NamedBinding));

		binding->name = result_text(i, 2);
		binding->agency = result_text(i, 3);
		if (DatumGetBool(result_datum(i, 1)))
			catalog->publications = lappend(catalog->publications, binding);
		else
			catalog->servers = lappend(catalog->servers, binding);
	}
	MemoryContextSwitchTo(spi_context);
}

/* One row, whether or not there are settings, maintenance and so on. */
static void
take_settings(void *arg)
{
	GuardCatalog *catalog = ((Loading *) arg)->catalog;
	const char *copied_tables = result_text(0, 1);

	catalog->configured = copied_tables != NULL;
	if (copied_tables != NULL && strcmp(copied_tables, "refuse") == 0)
		catalog->copied_tables = COPIED_REFUSE;
	else if (copied_tables != NULL && strcmp(copied_tables, "protect") == 0)
		catalog->copied_tables = COPIED_PROTECT;
	catalog->refuse_undeclared = DatumGetBool(result_datum(0, 2));
	catalog->maintenance_from = DatumGetTimestampTz(result_datum(0, 3));
	catalog->maintenance_until = DatumGetTimestampTz(result_datum(0, 4));
	catalog->kept_events = DatumGetInt64(result_datum(0, 5));
}

/* The functions that the triggers of guards call. */
static void
find_trigger_functions(GuardCatalog *catalog)
{
	static const char *const names[] = {
		"export_row_before", "export_row_after", "export_statement_after"
	};

	for (int i = 0; i < lengthof(names); i++)
		catalog->trigger_functions[i] =
			GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
							CStringGetDatum(names[i]),
							PointerGetDatum(buildoidvector(NULL, 0)),
							ObjectIdGetDatum(catalog->schema));
}

static HTAB *
make_guard_table(MemoryContext context)
{
	HASHCTL		ctl = {0};

	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(CatalogEntry);
	ctl.hcxt = context;
	return hash_create("sharing_guard guards by table", 64, &ctl,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
query_catalog(Oid guard_table, Loading *loading)
{
	sg_query_as_owner(guard_table,
					  "SELECT guard_id, relation::pg_catalog.oid,"
					  " kind OPERATOR(pg_catalog.=) 'export',"
					  " record_self_access, filter_reads, table_name, data_class,"
					  " mode OPERATOR(pg_catalog.<>) 'observe',"
					  " on_block OPERATOR(pg_catalog.=) 'skip_row'"
					  " FROM sharing_guard.guard",
					  0, NULL, NULL, take_guards, loading);
	sg_query_as_owner(guard_table,
					  "SELECT b.role::pg_catalog.oid, b.agency_id, a.name,"
					  " b.agency_id OPERATOR(pg_catalog.=)"
					  " (SELECT s.agency FROM sharing_guard.setting s),"
					  " b.shared,"
					  " b.kind OPERATOR(pg_catalog.=) 'backup',"
					  " b.kind OPERATOR(pg_catalog.=) 'service'"
					  " FROM sharing_guard.role_binding b"
					  " LEFT JOIN sharing_guard.agency a"
					  " ON a.agency_id OPERATOR(pg_catalog.=) b.agency_id",
					  0, NULL, NULL, take_roles, loading);
	sg_query_as_owner(guard_table,
					  "SELECT false, server, agency_id"
					  " FROM sharing_guard.server_binding"
					  " UNION ALL"
					  " SELECT true, publication, agency_id"
					  " FROM sharing_guard.publication_binding",
					  0, NULL, NULL, take_names, loading);
	sg_query_as_owner(guard_table,
					  "SELECT s.copied_tables,"
					  " s.undeclared_copy OPERATOR(pg_catalog.=) 'refuse',"
					  " m.approved_at, m.until,"
					  " (SELECT p.events FROM sharing_guard.drop_preparation p"
					  "  ORDER BY p.prepared_at DESC LIMIT 1)"
					  " FROM (SELECT) AS always"
					  " LEFT JOIN sharing_guard.setting s ON true"
					  " LEFT JOIN (SELECT approved_at, until"
					  "  FROM sharing_guard.maintenance"
					  "  WHERE approved_at IS NOT NULL AND closed_at IS NULL"
					  "  ORDER BY until DESC LIMIT 1) m ON true",
					  0, NULL, NULL, take_settings, loading);
}

/*
 * Returns NULL where the extension is not in this database, or where its
 * tables are those of an older version: then ALTER EXTENSION UPDATE has to come
 * first, and it must be possible to run it.
 */
static void *
load_catalog(TableCache *cache, MemoryContext context)
{
	Loading		loading;
	Oid			guard_table = cache->relids[GUARD_TABLE];
	Oid			setting_table = cache->relids[SETTING_TABLE];

	if (cache->unresolved || !OidIsValid(guard_table) ||
		get_attnum(guard_table, "filter_reads") == InvalidAttrNumber ||
		get_attnum(setting_table, "undeclared_copy") == InvalidAttrNumber)
		return NULL;

	loading.context = context;
	loading.catalog = MemoryContextAllocZero(context, sizeof(GuardCatalog));
	loading.catalog->generation = cache->generation;
	loading.catalog->context = context;
	loading.catalog->schema = get_rel_namespace(guard_table);
	loading.catalog->event_table = sg_own_table("event");
	loading.catalog->by_relid = make_guard_table(context);
	find_trigger_functions(loading.catalog);
	query_catalog(guard_table, &loading);
	return loading.catalog;
}

/* The slow path of sg_guard_catalog(). */
const GuardCatalog *
sg_guard_catalog_load(void)
{
	GuardCatalog *catalog = sg_table_cache_get(&sg_guard_catalog_cache);

	sg_guard_possible = !sg_guard_catalog_is_current() ||
		(catalog != NULL && catalog->guards != NIL);
	return catalog;
}

/* Returns the guard of exactly this table; NULL if it has none of its own. */
const GuardedTable *
sg_guard_catalog_find(const GuardCatalog *catalog, Oid relid)
{
	CatalogEntry *entry = hash_search(catalog->by_relid, &relid, HASH_FIND, NULL);

	return entry == NULL ? NULL : entry->guard;
}
