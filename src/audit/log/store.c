/*-------------------------------------------------------------------------
 *
 * store.c
 *		The extension's own tables, from C: opened by name, rows inserted.
 *
 * For the tables of the seal.  They are written by the session that seals, and
 * no role has, or needs, a privilege on them; the executor's own insertion
 * asks for none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "audit/log/store.h"
#include "audit/log/table_insert.h"
#include "base/errcodes.h"

#define STORE_SCHEMA "sharing_guard"

struct StoreInserter
{
	TableInsert insert;
	int			ncolumns;
};

/*
 * The tables, with the types of the columns that we know.  A value of another
 * type, read or stored as it is, would crash the server.
 */
#define STORE_COLUMNS_MAX 9

static const struct
{
	const char *table;
	Oid			types[STORE_COLUMNS_MAX];
}			store_tables[] = {
	{"log", {UUIDOID, UUIDOID, TIMESTAMPTZOID, INT8OID, OIDOID, BOOLOID, TEXTOID, TEXTOID}},
	{"checkpoint", {UUIDOID, UUIDOID, INT8OID, TIMESTAMPTZOID, PG_LSNOID, INT8OID, INT4OID, BYTEAOID, PG_SNAPSHOTOID}},
	{"tile", {UUIDOID, INT8OID, INT2OID, BYTEAOID}},
	{"bundle", {UUIDOID, UUIDOID, INT8OID, INT2OID, BOOLOID, UUIDARRAYOID}},
	{"nonce", {UUIDOID, INT8OID, BYTEAOID}},
	{"purged_leaf", {UUIDOID, INT8OID, INT8OID, UUIDOID}}
};

static void
report_store_unusable(const char *name, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
			 errmsg("the audit table %s.%s cannot be used", STORE_SCHEMA, name),
			 errdetail("%s", detail),
			 errhint("Ask the administrator of this database to restore the extension sharing_guard: its library and its SQL objects must be of one version and unaltered.")));
}

/*
 * Look the table up by name each time, because the extension may be dropped
 * and created again.
 */
Oid
sg_store_relid(const char *name)
{
	Oid			namespace = get_namespace_oid(STORE_SCHEMA, true);
	Oid			relid = InvalidOid;

	if (OidIsValid(namespace))
		relid = get_relname_relid(name, namespace);
	if (!OidIsValid(relid))
		report_store_unusable(name, "It does not exist.");
	return relid;
}

Relation
sg_store_open(const char *table, LOCKMODE lockmode)
{
	Relation	rel = table_open(sg_store_relid(table), lockmode);
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < lengthof(store_tables); i++)
	{
		const Oid  *types = store_tables[i].types;

		if (strcmp(store_tables[i].table, table) != 0)
			continue;
		for (int j = 0; j < STORE_COLUMNS_MAX && OidIsValid(types[j]); j++)
		{
			if (j >= desc->natts || TupleDescAttr(desc, j)->attisdropped ||
				TupleDescAttr(desc, j)->atttypid != types[j])
				report_store_unusable(table, "A column was dropped or has another type.");
		}
	}
	return rel;
}

/*
 * Only a superuser can have put a NULL there, and then reports are about that
 * superuser; they must not end in a crash.
 */
Datum
sg_store_value(Relation rel, HeapTuple tuple, int column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, RelationGetDescr(rel), &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the audit table %s.%s is damaged", STORE_SCHEMA,
						RelationGetRelationName(rel)),
				 errdetail("Column \"%s\" of a row is NULL, which it cannot be but by a superuser's hand.",
						   NameStr(TupleDescAttr(RelationGetDescr(rel), column - 1)->attname)),
				 errhint("Find who changed that table, and restore it from a copy.")));
	return value;
}

/* An index of ours, by its name; of that table, or it is not ours. */
Relation
sg_store_open_index(Relation rel, const char *name)
{
	Relation	index = index_open(sg_store_relid(name), AccessShareLock);

	if (index->rd_index->indrelid != RelationGetRelid(rel))
		report_store_unusable(name, "It is an index of another table.");
	return index;
}

/*
 * Rows are given as values of the table's first columns, whose number must be
 * what the caller believes it to be.  What is allocated goes with
 * sg_store_end_insert() or, after an error, with the transaction.
 */
StoreInserter *
sg_store_begin_insert(const char *table, int ncolumns)
{
	EState	   *estate = CreateExecutorState();
	MemoryContext oldcontext = MemoryContextSwitchTo(estate->es_query_cxt);
	StoreInserter *inserter = palloc0(sizeof(StoreInserter));
	Relation	rel = sg_store_open(table, RowExclusiveLock);

	if (rel->rd_rel->relkind != RELKIND_RELATION ||
		RelationGetDescr(rel)->natts < ncolumns)
		report_store_unusable(table, "It is not a table with the columns that it should have.");
	inserter->ncolumns = ncolumns;
	sg_table_insert_begin(&inserter->insert, estate, rel, &TTSOpsVirtual);
	ExecOpenIndices(inserter->insert.target, false);

	MemoryContextSwitchTo(oldcontext);
	return inserter;
}

/* What the values point to may be freed afterwards. */
void
sg_store_insert(StoreInserter *inserter, const Datum *values, const bool *nulls)
{
	TupleTableSlot *slot = inserter->insert.slot;
	MemoryContext oldcontext;

	oldcontext = MemoryContextSwitchTo(GetPerTupleMemoryContext(inserter->insert.estate));
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true,
		   slot->tts_tupleDescriptor->natts * sizeof(bool));
	memcpy(slot->tts_values, values, inserter->ncolumns * sizeof(Datum));
	if (nulls != NULL)
		memcpy(slot->tts_isnull, nulls, inserter->ncolumns * sizeof(bool));
	else
		memset(slot->tts_isnull, false, inserter->ncolumns * sizeof(bool));
	ExecStoreVirtualTuple(slot);

	if (!sg_table_insert_slot(&inserter->insert))
		report_store_unusable(RelationGetRelationName(inserter->insert.rel),
							  "A trigger on it suppressed a row.");

	ExecClearTuple(slot);
	MemoryContextSwitchTo(oldcontext);
	ResetPerTupleExprContext(inserter->insert.estate);
}

void
sg_store_end_insert(StoreInserter *inserter)
{
	sg_table_insert_end(&inserter->insert); /* the inserter goes with it */
}
