/*-------------------------------------------------------------------------
 *
 * publication.c
 *		Protected tables that are published to subscribers.
 *
 * The rows of a publication go to its subscribers one by one, and no
 * executor sees it go.  So the publishing is decided on: to the agency that
 * the publication is bound to, or to an unknown recipient.
 *
 * A table gets into a publication in many ways: by name, by its schema, with
 * all tables, as a partition of one that is in it, by being moved to a schema.
 * The server's own view says what is in it when the command has been executed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "base/errcodes.h"
#include "channel/command/publication.h"
#include "channel/command/command_record.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

/* One protected table in one publication. */
typedef struct Published
{
	const char *publication;
	const GuardedTable *guard;
} Published;

/*
 * The protected tables in this publication, or in any where none is named;
 * or, where a guard is given, that one alone.
 */
static List *
published_tables(const GuardCatalog *state, const char *publication,
				 const GuardedTable *only)
{
	MemoryContext caller = CurrentMemoryContext;
	Oid			argtypes[1] = {TEXTOID};
	Datum		args[1];
	char		nulls[1] = {publication ? ' ' : 'n'};
	List	   *published = NIL;
	SPIPlanPtr	plan;

	CommandCounterIncrement();
	args[0] = publication ? CStringGetTextDatum(publication) : (Datum) 0;
	SPI_connect();
	plan = SPI_prepare("SELECT p.pubname::pg_catalog.text, c.oid"
					   " FROM pg_catalog.pg_publication_tables p"
					   " JOIN pg_catalog.pg_namespace n"
					   " ON n.nspname OPERATOR(pg_catalog.=) p.schemaname"
					   " JOIN pg_catalog.pg_class c"
					   " ON c.relnamespace OPERATOR(pg_catalog.=) n.oid"
					   " AND c.relname OPERATOR(pg_catalog.=) p.tablename"
					   " WHERE $1 IS NULL"
					   " OR p.pubname::pg_catalog.text OPERATOR(pg_catalog.=) $1"
					   " ORDER BY 1, n.nspname, c.relname",
					   1, argtypes);
	if (plan == NULL ||
		SPI_execute_snapshot(plan, args, nulls, GetLatestSnapshot(),
							 InvalidSnapshot, true, false, 0) != SPI_OK_SELECT)
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_OPERATIONAL),
				 errmsg("could not read what is published")));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Oid			relid = DatumGetObjectId(SPI_getbinval(row, desc, 2, &isnull));
		const GuardedTable *guard = sg_ddl_guard_of(state, relid);
		char	   *name = SPI_getvalue(row, desc, 1);
		bool		known = false;
		MemoryContext spi_context;
		ListCell   *lc;

		if (guard == NULL || (only != NULL && guard != only))
			continue;

		/* Partitions are listed one by one. */
		foreach(lc, published)
		{
			Published  *before = lfirst(lc);

			known |= before->guard == guard &&
				strcmp(before->publication, name) == 0;
		}
		if (known)
			continue;
		spi_context = MemoryContextSwitchTo(caller);
		{
			Published  *found = palloc(sizeof(Published));

			found->publication = pstrdup(name);
			found->guard = guard;
			published = lappend(published, found);
		}
		MemoryContextSwitchTo(spi_context);
	}
	SPI_finish();
	return published;
}

static void
decide_published(const GuardCatalog *state, const char *operation, List *published)
{
	ListCell   *lc;

	foreach(lc, published)
	{
		Published  *found = lfirst(lc);
		const char *agency = sg_ddl_agency_of_name(state->publications,
												   found->publication);
		DdlDisclosure ddl = {0};

		ddl.channel = CHANNEL_REPLICATION;
		ddl.operation = operation;
		ddl.guard = found->guard;
		ddl.destination = agency ? agency :
			psprintf("subscribers of %s", found->publication);
		if (agency == NULL)
			ddl.hint = "Say first who subscribes, with sharing_guard.bind_publication().";
		sg_ddl_disclose(state, &ddl);
	}
}

/* The guard of a relation that a command has made, moved or attached to. */
static void
table_came_in(const GuardCatalog *state, const char *operation,
			  const RangeVar *relation)
{
	Oid			relid = RangeVarGetRelid(relation, NoLock, true);
	const GuardedTable *guard = OidIsValid(relid) ?
	sg_ddl_guard_of(state, relid) : NULL;

	if (guard != NULL)
		decide_published(state, operation,
						 published_tables(state, NULL, guard));
}

void
sg_publication_command(const GuardCatalog *state, const Node *command)
{
	if (state == NULL || !state->configured || state->guards == NIL)
		return;
	switch (nodeTag(command))
	{
		case T_CreatePublicationStmt:
			decide_published(state, "CREATE PUBLICATION",
							 published_tables(state,
											  ((const CreatePublicationStmt *) command)->pubname,
											  NULL));
			break;
		case T_AlterPublicationStmt:
			decide_published(state, "ALTER PUBLICATION",
							 published_tables(state,
											  ((const AlterPublicationStmt *) command)->pubname,
											  NULL));
			break;
		case T_RenameStmt:
			if (((const RenameStmt *) command)->renameType == OBJECT_PUBLICATION)
				decide_published(state, "ALTER PUBLICATION",
								 published_tables(state,
												  ((const RenameStmt *) command)->newname,
												  NULL));
			break;
		case T_AlterObjectSchemaStmt:
			{
				const AlterObjectSchemaStmt *stmt = (const AlterObjectSchemaStmt *) command;

				if (stmt->objectType == OBJECT_TABLE && stmt->relation != NULL)
				{
					RangeVar   *moved = copyObject(stmt->relation);

					moved->schemaname = stmt->newschema;
					table_came_in(state, "ALTER TABLE SET SCHEMA", moved);
				}
				break;
			}
		case T_AlterTableStmt:
			{
				ListCell   *lc;

				foreach(lc, ((const AlterTableStmt *) command)->cmds)
				{
					AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

					/* A protected table may come under a published one. */
					if (cmd->subtype == AT_AttachPartition)
						table_came_in(state, "ATTACH PARTITION",
									  ((PartitionCmd *) cmd->def)->name);

					/* What was unlogged was not published. */
					else if (cmd->subtype == AT_SetLogged)
						table_came_in(state, "ALTER TABLE SET LOGGED",
									  ((const AlterTableStmt *) command)->relation);
				}
				break;
			}
		default:
			break;
	}
}
