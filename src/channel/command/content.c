/*-------------------------------------------------------------------------
 *
 * content.c
 *		Commands that change what rows show that have gone out, without
 *		writing them.
 *
 * A recipient of a row of an export table can read its later content: ADD
 * COLUMN with a default, an identity or an expression, and ALTER COLUMN with
 * USING or a new expression, put something into every row, and no trigger
 * fires.  That is a disclosure to all destinations of the rows that are there.
 * It is recorded as one, flagged, for each destination with the number of its
 * rows; and it is not stopped, since migrations of applications do it all the
 * time, with columns that tell nothing.
 *
 * What a command has done is looked up when it has been executed: a default
 * may be the one of a domain, and may be NULL.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "channel/command/content.h"
#include "channel/guard/column_text.h"
#include "channel/command/command_record.h"
#include "channel/guard/guard.h"
#include "common/hashfn.h"
#include "base/compat.h"
#include "executor/tuptable.h"
#include "base/fixed_form.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* More destinations than these are recorded as one. */
#define MAX_DESTINATIONS 1000

/* A table with rows, as it was before the command. */
typedef struct TableBefore
{
	Oid			relid;
	Oid			storage;		/* its file: another one if it is rewritten */
	AttrNumber	natts;			/* columns beyond these are new */
} TableBefore;

/* The rows for one destination. */
typedef struct DestinationRows
{
	char	   *destination;
	int64		rows;
} DestinationRows;

/* ----------------------------------------------------------------
 *		Before the command
 * ----------------------------------------------------------------
 */

/* May this part of ALTER TABLE put something into rows that are there? */
static bool
may_change_content(const AlterTableCmd *cmd)
{
	switch (cmd->subtype)
	{
		case AT_AddColumn:
			return true;
		case AT_AlterColumnType:
			return true;
		default:
			return SG_IS_SET_EXPRESSION(cmd->subtype);
	}
}

static bool
describe_table(Oid relid, Oid *storage, AttrNumber *natts)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		has_rows;

	if (!HeapTupleIsValid(tuple))
		return false;
	*storage = ((Form_pg_class) GETSTRUCT(tuple))->relfilenode;
	*natts = ((Form_pg_class) GETSTRUCT(tuple))->relnatts;
	has_rows = ((Form_pg_class) GETSTRUCT(tuple))->relkind == RELKIND_RELATION ||
		((Form_pg_class) GETSTRUCT(tuple))->relkind == RELKIND_MATVIEW;
	ReleaseSysCache(tuple);
	return has_rows;
}

/*
 * The export tables whose columns are those of this composite type, with the
 * tables below them: ALTER TYPE ... CASCADE changes them all.
 */
static List *
tables_of_type(const GuardCatalog *state, Oid relid)
{
	Oid			type = get_rel_type_id(relid);
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, state->guards)
	{
		const GuardedTable *guard = lfirst(lc);
		HeapTuple	tuple;
		bool		typed;

		if (!guard->read.is_export)
			continue;
		tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(guard->read.relid));
		if (!HeapTupleIsValid(tuple))
			continue;
		typed = ((Form_pg_class) GETSTRUCT(tuple))->reloftype == type;
		ReleaseSysCache(tuple);
		if (typed)
			tables = list_concat_unique_oid(tables,
											find_all_inheritors(guard->read.relid,
																NoLock, NULL));
	}
	return tables;
}

void *
sg_content_before(const GuardCatalog *state, const Node *command)
{
	const AlterTableStmt *stmt = (const AlterTableStmt *) command;
	List	   *tables = NIL;
	bool		looked_for = false;
	Oid			relid;
	ListCell   *lc;

	if (state == NULL || state->guards == NIL || !IsA(command, AlterTableStmt) ||
		stmt->relation == NULL)
		return NULL;
	foreach(lc, stmt->cmds)
		looked_for |= may_change_content(lfirst_node(AlterTableCmd, lc));
	if (!looked_for)
		return NULL;
	relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	if (!OidIsValid(relid))
		return NULL;
	foreach(lc, get_rel_relkind(relid) == RELKIND_COMPOSITE_TYPE ?
			tables_of_type(state, relid) :
			find_all_inheritors(relid, NoLock, NULL))
	{
		const GuardedTable *guard = sg_ddl_guard_of(state, lfirst_oid(lc));
		TableBefore *table = palloc(sizeof(TableBefore));

		table->relid = lfirst_oid(lc);
		if (guard != NULL && guard->read.is_export &&
			describe_table(table->relid, &table->storage, &table->natts))
			tables = lappend(tables, table);
	}
	return tables;
}

/* ----------------------------------------------------------------
 *		When it has been executed
 * ----------------------------------------------------------------
 */

/* Does a column that was not there before show anything in the old rows? */
static bool
new_column_shows(Oid relid, AttrNumber attnum, bool rewritten)
{
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid),
										Int16GetDatum(attnum));
	Form_pg_attribute column;
	bool		shows;

	if (!HeapTupleIsValid(tuple))
		return false;
	column = (Form_pg_attribute) GETSTRUCT(tuple);

	/* A domain's own default has no entry of the column's. */
	shows = !column->attisdropped &&
		(column->atthasmissing || column->attgenerated != '\0' ||
		 (rewritten && (column->atthasdef || column->attidentity != '\0' ||
						get_typtype(column->atttypid) == TYPTYPE_DOMAIN)));
	ReleaseSysCache(tuple);
	return shows;
}

/*
 * Does the part of the command that changes a column change what it shows?  A
 * cast to one of the server's own types brings nothing in.
 */
static bool
changed_column_shows(const AlterTableCmd *cmd, const TableBefore *table,
					 bool rewritten)
{
	AttrNumber	attnum = cmd->name ? get_attnum(table->relid, cmd->name) :
	InvalidAttrNumber;

	if (attnum == InvalidAttrNumber || attnum > table->natts)
		return false;
	if (cmd->subtype == AT_AlterColumnType)
		return rewritten &&
			(((const ColumnDef *) cmd->def)->raw_default != NULL ||
			 get_atttype(table->relid, attnum) >= FirstNormalObjectId);
	return SG_IS_SET_EXPRESSION(cmd->subtype);
}

/*
 * The first column that shows something new, and by which operation; or NULL.
 */
static char *
new_content(const AlterTableStmt *stmt, const TableBefore *table,
			const char **operation)
{
	Oid			storage;
	AttrNumber	natts;
	bool		rewritten;
	ListCell   *lc;

	if (!describe_table(table->relid, &storage, &natts))
		return NULL;
	rewritten = storage != table->storage;
	*operation = "ADD COLUMN";
	for (AttrNumber attnum = table->natts + 1; attnum <= natts; attnum++)
	{
		if (new_column_shows(table->relid, attnum, rewritten))
			return get_attname(table->relid, attnum, false);
	}
	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (changed_column_shows(cmd, table, rewritten))
		{
			*operation = cmd->subtype == AT_AlterColumnType ?
				"ALTER COLUMN TYPE" : "ALTER COLUMN EXPRESSION";
			return pstrdup(cmd->name);
		}
	}
	return NULL;
}

/* Where the rows of a destination are counted, by the hash of its text. */
typedef struct CountEntry
{
	uint64		hash;
	DestinationRows *counted;
} CountEntry;

static HTAB *
make_counts(void)
{
	HASHCTL		ctl = {0};

	ctl.keysize = sizeof(uint64);
	ctl.entrysize = sizeof(CountEntry);
	ctl.hcxt = CurrentMemoryContext;
	return hash_create("sharing_guard destinations of rows", 64, &ctl,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
count_row(HTAB *counts, List **destinations, TextSlice text)
{
	const char *data = text.data ? text.data : "";
	int			length = text.data ? (int) text.len : 0;
	uint64		hash = hash_bytes_extended((const unsigned char *) data, length,
										   0);
	bool		known;
	CountEntry *entry = hash_search(counts, &hash, HASH_ENTER, &known);

	if (!known)
	{
		if (list_length(*destinations) <= MAX_DESTINATIONS)
		{
			DestinationRows *counted = palloc0(sizeof(DestinationRows));

			/* The last one stands for all others. */
			counted->destination = list_length(*destinations) == MAX_DESTINATIONS ?
				pstrdup("further destinations") : pnstrdup(data, length);
			*destinations = lappend(*destinations, counted);
		}
		entry->counted = llast(*destinations);
	}
	entry->counted->rows++;
}

/* The destinations of the rows in the table, with how many each has. */
static List *
destinations_of_rows(Oid relid, const GuardedTable *guarded)
{
	Relation	rel = table_open(relid, AccessShareLock);
	const Guard *guard = sg_guard_lookup(rel, guarded->read.guard_id);
	const GuardColumn *column = NULL;
	List	   *destinations = NIL;
	HTAB	   *counts = make_counts();
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = SG_TABLE_BEGINSCAN(rel, snapshot);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	MemoryContext per_row = AllocSetContextCreate(CurrentMemoryContext,
												  "sharing_guard rows that show more",
												  ALLOCSET_DEFAULT_SIZES);

	for (int i = 0; i < guard->nsingle; i++)
	{
		if (guard->single[i].field == offsetof(Disclosure, destination))
			column = &guard->single[i];
	}
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		TextSlice text = {NULL, 0};
		MemoryContext caller = MemoryContextSwitchTo(per_row);

		CHECK_FOR_INTERRUPTS();
		if (column != NULL)
		{
			slot_getsomeattrs(slot, column->attnum);
			text = sg_guard_column_text(column, slot);
		}
		MemoryContextSwitchTo(caller);
		count_row(counts, &destinations, text);
		MemoryContextReset(per_row);
	}
	MemoryContextDelete(per_row);
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	hash_destroy(counts);
	table_close(rel, NoLock);
	return destinations;
}

static void
disclose_content(const GuardCatalog *state, Oid relid, const char *operation,
				 const char *column)
{
	const GuardedTable *guard = sg_ddl_guard_of(state, relid);
	ListCell   *lc;

	if (guard == NULL || !guard->read.is_export)
		return;
	foreach(lc, destinations_of_rows(relid, guard))
	{
		DestinationRows *to = lfirst(lc);
		DdlDisclosure ddl = {0};

		ddl.channel = CHANNEL_EXPORT_ROW;
		ddl.operation = operation;
		ddl.guard = guard;
		ddl.destination = to->destination[0] != '\0' ? to->destination :
			"no destination in the row";
		ddl.rows = to->rows;
		ddl.never_block = true;
		ddl.despite_maintenance = true;
		ddl.note = psprintf("Rows that had gone out show new values in column %s, although no statement wrote them.",
							sg_quote_name(column));
		sg_ddl_disclose(state, &ddl);
	}
}

/*
 * Another table of the other server, or another column of it: the rows that
 * are read and written by this one are others.
 */
static void
foreign_options(const GuardCatalog *state, const AlterTableStmt *stmt)
{
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	const GuardedTable *guard = OidIsValid(relid) ?
	sg_ddl_guard_of(state, relid) : NULL;
	ListCell   *lc;

	if (guard == NULL)
		return;
	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_GenericOptions ||
			cmd->subtype == AT_AlterColumnGenericOptions)
			sg_ddl_note_for_good("ALTER FOREIGN TABLE OPTIONS", guard->relation,
								 cmd->name);
	}
}

void
sg_content_executed(const GuardCatalog *state, const Node *command,
					const void *before)
{
	const AlterTableStmt *stmt = (const AlterTableStmt *) command;
	ListCell   *lc;

	if (state == NULL || state->guards == NIL || !IsA(command, AlterTableStmt) ||
		stmt->relation == NULL)
		return;
	foreign_options(state, stmt);
	if (before == NULL || !state->configured)
		return;
	CommandCounterIncrement();
	foreach(lc, (const List *) before)
	{
		const TableBefore *table = lfirst(lc);
		const char *operation;
		char	   *column = new_content(stmt, table, &operation);

		if (column != NULL)
			disclose_content(state, table->relid, operation, column);
	}
}
