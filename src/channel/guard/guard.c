/*-------------------------------------------------------------------------
 *
 * guard.c
 *		Protected tables: which column means what, cached per relation.
 *
 * The table sharing_guard.guard says that a table is protected and how;
 * sharing_guard.guard_column says which of its columns is the destination,
 * the purpose and so on.  Both are compiled here, for each relation that a
 * row is written to, into a Guard.  A partition or an inheritance child may
 * have its columns in another order, so columns are matched by name from the
 * protected table to the relation at hand.
 *
 * That is done at the first row and not when the table is protected: since
 * then columns may have been renamed or retyped, and partitions have come and
 * gone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "base/errcodes.h"
#include "channel/guard/column_text.h"
#include "channel/guard/guard.h"
#include "channel/guard/guard_catalog.h"
#include "channel/guard/inheritance.h"
#include "base/inval.h"
#include "base/fixed_form.h"
#include "fmgr.h"
#include "base/run_as_owner.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

PG_FUNCTION_INFO_V1(sg_sql_split_identifiers);

/*
 * A compiled guard.  An entry that is not valid makes the cache depend on its
 * relation all the same.
 *
 * The relation alone is the key: the names of our triggers are fixed, so a
 * relation has but one guard, and a trigger that is replaced by another
 * invalidates the relation and with it the cache.
 */
typedef struct GuardEntry
{
	Oid			relid;			/* hash key */
	bool		valid;			/* false only while it is being compiled */
	Guard		guard;
} GuardEntry;

/* All compiled guards; what they point to is in the same context. */
typedef struct CompiledGuards
{
	HTAB	   *entries;
	MemoryContext context;
} CompiledGuards;

/* The entry that was found last: rows come in runs of one relation. */
static GuardEntry *latest_entry = NULL;

static void *load_guards(TableCache *cache, MemoryContext context);
static bool has_entry(Oid relid);
static void compile_guard(CompiledGuards *guards, GuardEntry *entry,
						  Relation rel, const char *guard_id);

/*
 * A load makes it empty, and guards are compiled one by one.  A protected table
 * that was altered may have had its columns renamed, retyped or dropped, so
 * that the cache depends on all relations in it; and the name of its schema is
 * recorded with each event.
 */
static TableCache guard_cache = {
	.name = "compiled guards",
	.generation = 1,
	.tables = {"guard", "guard_column"},
	.load = load_guards,
	.depends_on = has_entry,
	.any_schema = true
};

/* How often a guard is compiled again because it changed meanwhile. */
#define COMPILE_ATTEMPTS 3

/* Called once, at library load. */
void
sg_guard_init(void)
{
	sg_table_cache_register(&guard_cache);
}

static bool
has_entry(Oid relid)
{
	CompiledGuards *guards = guard_cache.content;

	return guards != NULL &&
		hash_search(guards->entries, &relid, HASH_FIND, NULL) != NULL;
}

static void *
load_guards(TableCache *cache, MemoryContext context)
{
	CompiledGuards *guards = MemoryContextAllocZero(context,
													sizeof(CompiledGuards));
	HASHCTL		ctl = {0};

	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(GuardEntry);
	ctl.hcxt = context;
	latest_entry = NULL;
	guards->context = context;
	guards->entries = hash_create("sharing_guard guards", 16, &ctl,
								  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return guards;
}

/*
 * The guard of this relation, where it was the one looked up last and is as it
 * was then; else NULL.
 */
static inline const Guard *
guard_if_known(Oid relid)
{
	/* A change counts at the next row, also within one long statement. */
	AcceptInvalidationMessages();
	if (likely(latest_entry != NULL && latest_entry->relid == relid &&
			   sg_table_cache_is_current(&guard_cache)))
		return &latest_entry->guard;
	return NULL;
}

const Guard *
sg_guard_if_known(Oid relid)
{
	return guard_if_known(relid);
}

/*
 * The guard with this id as seen from this relation; compiled now where it is
 * not in the cache.  Good until the next call.  Errors out where there is no
 * such guard or it cannot be made sense of: then the row stays.
 */
const Guard *
sg_guard_lookup(Relation rel, const char *guard_id)
{
	Oid			relid = RelationGetRelid(rel);
	const Guard *known = guard_if_known(relid);
	CompiledGuards *guards;
	GuardEntry *entry;

	if (likely(known != NULL))
		return known;

	for (int attempt = 1;; attempt++)
	{
		bool		found;

		guards = sg_table_cache_get(&guard_cache);

		/*
		 * Entered before it is compiled, so that the cache depends on the
		 * relation while we read.
		 */
		entry = hash_search(guards->entries, &relid, HASH_ENTER, &found);
		if (!found)
			entry->valid = false;
		if (entry->valid)
			break;

		/*
		 * Compiling may itself accept an invalidation.  Then what was read
		 * may be older than it, and is read again, a few times at most: what
		 * keeps changing is as new as it can be, and the next row looks
		 * again.
		 */
		compile_guard(guards, entry, rel, guard_id);
		if (sg_table_cache_is_current(&guard_cache) ||
			attempt >= COMPILE_ATTEMPTS)
		{
			entry->guard.load_number = guard_cache.generation;
			entry->valid = true;
			break;
		}
		AcceptInvalidationMessages();
	}
	latest_entry = entry;
	return &entry->guard;
}

static void
prepare_column(GuardColumn *column, Relation rel, AttrNumber attnum)
{
	column->attnum = attnum;
	sg_guard_prepare_form(column,
						  TupleDescAttr(RelationGetDescr(rel), attnum - 1)->atttypid);
}

/*
 * The attribute of "rel" that corresponds to the protected table's attribute
 * number; 0 where it has been dropped.
 *
 * By name, for only the name ties a partition's or child's column to the one
 * above.
 */
static AttrNumber
attnum_here(Relation rel, Oid guarded_relid, AttrNumber attnum)
{
	char	   *name;

	/* 0: the column was missing already when the guard was restored. */
	if (attnum <= 0)
		return InvalidAttrNumber;
	if (RelationGetRelid(rel) == guarded_relid)
	{
		if (attnum > RelationGetNumberOfAttributes(rel) ||
			TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attisdropped)
			return InvalidAttrNumber;
		return attnum;
	}

	name = get_attname(guarded_relid, attnum, true);
	if (name == NULL)
		return InvalidAttrNumber;
	return get_attnum(RelationGetRelid(rel), name);
}

/* The roles of guard_column.role that fill one text, and which. */
static const struct
{
	const char *role;
	Size		field;
}			single_roles[] = {
	{"destination", offsetof(Disclosure, destination)},
	{"destination_state", offsetof(Disclosure, destination_state)},
	{"purpose", offsetof(Disclosure, purpose)},
	{"legal_basis", offsetof(Disclosure, legal_basis)},
	{"case_number", offsetof(Disclosure, case_number)},
	{"requesting_person", offsetof(Disclosure, requesting_person)},
	{"recipient_person", offsetof(Disclosure, recipient_person)},
	{"on_behalf_of_agency", offsetof(Disclosure, on_behalf_of)},
	{"data_class_column", offsetof(Disclosure, data_class)}
};

StaticAssertDecl(lengthof(single_roles) == GUARD_SINGLE_COLUMNS,
				 "a guard has room for a column of each role");

/* Takes in how to read a column that a role needs. */
static void
read_column(Guard *guard, GuardColumn *column, Relation rel, AttrNumber attnum)
{
	prepare_column(column, rel, attnum);
	guard->last_attnum = Max(guard->last_attnum, attnum);
}

/* The same of a column that fills one text; a role has but one. */
static void
add_single_column(Guard *guard, Relation rel, const char *role,
				  AttrNumber attnum)
{
	for (int i = 0; i < lengthof(single_roles); i++)
	{
		Size		field = single_roles[i].field;
		int			place = 0;

		if (strcmp(role, single_roles[i].role) != 0)
			continue;
		while (place < guard->nsingle && guard->single[place].field != field)
			place++;
		read_column(guard, &guard->single[place], rel, attnum);
		guard->single[place].field = field;
		guard->nsingle = Max(guard->nsingle, place + 1);
		if (field == offsetof(Disclosure, destination))
			guard->has_destination = true;
	}
}

/*
 * Takes one row of guard_column into the guard; "several" says that the role
 * has more than one.
 *
 * Errors out where the column has gone: to go on as if it had never been named
 * would decide on a NULL, and what the table then calls a purpose or a
 * destination would not be looked at.
 */
static void
add_column(Guard *guard, Relation rel, Oid guarded_relid, const char *role,
		   AttrNumber attnum, const char *name, bool several)
{
	AttrNumber	here = attnum_here(rel, guarded_relid, attnum);

	if (here == InvalidAttrNumber)
	{
		/* A bookkeeping column that is gone can no longer change. */
		if (strcmp(role, "bookkeeping") == 0)
			return;

		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_OPERATIONAL),
				 errmsg("column \"%s\", which the guard of table %s needs as its %s, does not exist",
						name, guard->relation, role),
				 errdetail("Without it no row of the table can be decided on, so none is let through."),
				 errhint("Call sharing_guard.protect_export() again with the table's present columns.")));
	}

	if (strcmp(role, "bookkeeping") == 0)
		guard->bookkeeping = bms_add_member(guard->bookkeeping, here);
	else if (strcmp(role, "record_key") == 0)
		read_column(guard, &guard->record_key[guard->nrecord_key++], rel, here);
	else if (strcmp(role, "query_elements") == 0)
		read_column(guard, &guard->query_elements[guard->nquery_elements++],
					rel, here);
	else if (strcmp(role, "purpose") == 0 && several)
		read_column(guard, &guard->purpose[guard->npurpose++], rel, here);
	else
		add_single_column(guard, rel, role, here);
}

/* The column that fills this text; 0 where the guard has none. */
static AttrNumber
single_attnum(const Guard *guard, Size field)
{
	for (int i = 0; i < guard->nsingle; i++)
	{
		if (guard->single[i].field == field)
			return guard->single[i].attnum;
	}
	return InvalidAttrNumber;
}

/* Work out what the columns are together. */
static void
relate_columns(Guard *guard)
{
	AttrNumber	person = single_attnum(guard, offsetof(Disclosure, requesting_person));

	guard->either_person = person != InvalidAttrNumber &&
		person == single_attnum(guard, offsetof(Disclosure, recipient_person));
}

/*
 * Makes the cache depend on this relation, too: a partition's guard bears the
 * name of the protected table above it, and without an entry of its own a new
 * name of that table would go unnoticed.
 */
static void
watch_relation(CompiledGuards *guards, Oid relid)
{
	bool		found;
	GuardEntry *entry = hash_search(guards->entries, &relid, HASH_ENTER, &found);

	if (!found)
		entry->valid = false;
}

/*
 * A not-null text column of the current SPI result, palloc'd in
 * CurrentMemoryContext.
 */
static char *
spi_text(HeapTuple row, int column)
{
	return SPI_getvalue(row, SPI_tuptable->tupdesc, column);
}

/* A guard that is being read, and where all that it points to is to stay. */
typedef struct GuardReading
{
	Guard	   *guard;
	Relation	rel;
	MemoryContext context;
} GuardReading;

/* Returns the guard with this id from the catalog; errors out without one. */
static const GuardedTable *
find_by_id(const GuardCatalog *catalog, Relation rel, const char *guard_id)
{
	ListCell   *lc;

	foreach(lc, catalog->guards)
	{
		const GuardedTable *guarded = lfirst(lc);

		if (strcmp(guarded->read.guard_id, guard_id) == 0)
			return guarded;
	}
	ereport(ERROR,
			(errcode(ERRCODE_SG_NOT_OPERATIONAL),
			 errmsg("table \"%s\" has a sharing_guard trigger but no guard",
					RelationGetRelationName(rel)),
			 errdetail("There is no guard %s in sharing_guard.guard, so no row can be decided on and none is let through.",
					   guard_id),
			 errhint("Call sharing_guard.protect_export() for the table, or sharing_guard.unprotect() to remove the trigger.")));
}

/*
 * A trigger with the guard's id can be put on any table by its owner; its rows
 * would be recorded as the protected table's.
 */
static void
check_belongs(Relation rel, Oid guarded_relid)
{
	if (!sg_is_under(RelationGetRelid(rel), guarded_relid))
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_OPERATIONAL),
				 errmsg("table \"%s\" has a trigger of another table's guard",
						RelationGetRelationName(rel)),
				 errdetail("The guard is that of table %s, to which this one does not belong, so what is written here would be recorded as something it is not.",
						   get_rel_name(guarded_relid) ? get_rel_name(guarded_relid) : "that was dropped"),
				 errhint("Drop the trigger, or protect this table itself with sharing_guard.protect_export().")));
}

/* Takes the guard itself over from the catalog. */
static void
copy_guard(GuardReading *reading, const GuardedTable *guarded)
{
	Guard	   *guard = reading->guard;
	Oid			guarded_relid = guarded->read.relid;
	MemoryContext oldcontext = MemoryContextSwitchTo(reading->context);

	guard->relid = RelationGetRelid(reading->rel);
	guard->protected_relid = guarded_relid;
	if (guarded->data_class != NULL)
	{
		guard->data_class = pstrdup(guarded->data_class);
		guard->data_class_len = strlen(guard->data_class);
	}
	guard->enforce = guarded->enforce;
	guard->skip_row = guarded->skip_row;
	if (get_rel_name(guarded_relid) == NULL)
		guard->relation = sg_quote_name(RelationGetRelationName(reading->rel));
	else
		guard->relation = sg_relation_name(guarded_relid);
	MemoryContextSwitchTo(oldcontext);
}

/* Takes its columns over from SPI. */
static void
take_columns(void *arg)
{
	GuardReading *reading = arg;
	Guard	   *guard = reading->guard;
	MemoryContext spi_context = MemoryContextSwitchTo(reading->context);

	guard->record_key = palloc0(sizeof(GuardColumn) * Max(SPI_processed, 1));
	guard->query_elements = palloc0(sizeof(GuardColumn) * Max(SPI_processed, 1));
	guard->purpose = palloc0(sizeof(GuardColumn) * Max(SPI_processed, 1));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		bool		isnull;

		add_column(guard, reading->rel, guard->protected_relid,
				   spi_text(row, 1),
				   DatumGetInt16(SPI_getbinval(row, SPI_tuptable->tupdesc,
											   2, &isnull)),
				   spi_text(row, 3),
				   DatumGetBool(SPI_getbinval(row, SPI_tuptable->tupdesc,
											  4, &isnull)));
	}
	relate_columns(guard);
	MemoryContextSwitchTo(spi_context);
}

/*
 * Compiles the guard for one relation into its cache entry.
 *
 * The entry is filled when all is complete, so that an error leaves it invalid.
 *
 * The guard's rows are read as of now: a mode that was changed in the middle of
 * a REPEATABLE READ export counts there, too.
 *
 * Errors out where the extension is not there, there is no such guard, or it is
 * not for this relation.
 */
static void
compile_guard(CompiledGuards *guards, GuardEntry *entry, Relation rel,
			  const char *guard_id)
{
	Guard		guard = {0};
	GuardReading reading = {&guard, rel, NULL};
	Oid			argtypes[1] = {UUIDOID};
	Datum		args[1];
	const GuardCatalog *catalog = sg_guard_catalog();
	const GuardedTable *guarded;

	if (catalog == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_OPERATIONAL),
				 errmsg("table \"%s\" has a sharing_guard trigger but the extension is not there",
						RelationGetRelationName(rel)),
				 errhint("Create the extension sharing_guard in this database, or drop the trigger.")));

	guarded = find_by_id(catalog, rel, guard_id);
	watch_relation(guards, guarded->read.relid);
	check_belongs(rel, guarded->read.relid);

	/* Freed with the transaction after an error. */
	reading.context = AllocSetContextCreate(CurTransactionContext,
											"sharing_guard guard",
											ALLOCSET_SMALL_SIZES);
	copy_guard(&reading, guarded);

	guard.guard_id = *DatumGetUUIDP(DirectFunctionCall1(uuid_in,
														CStringGetDatum(guard_id)));
	args[0] = UUIDPGetDatum(&guard.guard_id);
	sg_query_as_owner(guard_cache.relids[0],
					  "SELECT role, attnum, column_name,"
					  " pg_catalog.max(position) OVER (PARTITION BY role)"
					  "  OPERATOR(pg_catalog.>) 1"
					  " FROM sharing_guard.guard_column"
					  " WHERE guard_id OPERATOR(pg_catalog.=) $1"
					  " ORDER BY role, position",
					  1, argtypes, args, take_columns, &reading);
	MemoryContextSetParent(reading.context, guards->context);
	entry->guard = guard;
}

/*
 * sharing_guard.split_identifiers(list text) returns text[]
 *
 * The names in a comma-separated list, by the rules of SQL identifiers; NULL
 * where the list is not one.
 *
 * So that protect_export() reads a list of columns as SQL itself would, quotes
 * and capitals included.
 */
Datum
sg_sql_split_identifiers(PG_FUNCTION_ARGS)
{
	char	   *list = text_to_cstring(PG_GETARG_TEXT_PP(0));
	List	   *names;
	ListCell   *lc;
	ArrayBuildState *result;

	if (!SplitIdentifierString(list, ',', &names))
		PG_RETURN_NULL();

	result = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	foreach(lc, names)
		result = accumArrayResult(result,
								  CStringGetTextDatum((char *) lfirst(lc)),
								  false, TEXTOID, CurrentMemoryContext);
	PG_RETURN_DATUM(makeArrayResult(result, CurrentMemoryContext));
}
