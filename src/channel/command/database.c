/*-------------------------------------------------------------------------
 *
 * database.c
 *		Commands that need a whole database for themselves.
 *
 * DROP DATABASE, CREATE DATABASE ... TEMPLATE, ALTER DATABASE ... RENAME and
 * ... SET TABLESPACE work only without connected sessions, and the writer of a
 * guarded database is always connected.  So it is asked to leave before such a
 * command, and to come back after it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/ipc.h"
#include "tcop/utility.h"
#include "utils/acl.h"

#include "audit/writer/queue.h"
#include "channel/command/database.h"
#include "base/compat.h"

/* The next in the order of hooks.c, which sets it once. */
static ProcessUtility_hook_type next_ProcessUtility;

/*
 * How long the writer stays away if it is not called back.  Copying a database
 * may take that long.
 */
#define STAY_AWAY_MS	(10 * 60 * 1000)



/* The value of an option, or NULL. */
static const char *
option_text(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, name) == 0 && option->arg != NULL)
			return defGetString(option);
	}
	return NULL;
}

/* The database that this command needs for itself; NULL: none. */
static const char *
needed_database(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_DropdbStmt:
			return ((DropdbStmt *) stmt)->dbname;
		case T_CreatedbStmt:
			return option_text(((CreatedbStmt *) stmt)->options, "template");
		case T_AlterDatabaseStmt:
			if (option_text(((AlterDatabaseStmt *) stmt)->options,
							"tablespace") != NULL)
				return ((AlterDatabaseStmt *) stmt)->dbname;
			return NULL;
		case T_RenameStmt:
			if (((RenameStmt *) stmt)->renameType == OBJECT_DATABASE)
				return ((RenameStmt *) stmt)->subname;
			return NULL;
		default:
			return NULL;
	}
}

/*
 * Only for those who may do such things: else anybody could send the writer
 * away, again and again.
 */
static bool
may_need_database(const char *name)
{
	Oid			database = get_database_oid(name, true);

	return OidIsValid(database) && database != MyDatabaseId &&
		sg_owns_database(database, GetUserId());
}

/* What would have been called if it were not for us. */
/* After an error, a cancellation, or the end of the session. */
static void
call_back(int code, Datum name)
{
	sg_writer_come_back(DatumGetCString(name));
}

/*
 * A function by itself, so that other commands need no room for it on the
 * stack.
 */
static pg_noinline void
without_writer(PROCESS_UTILITY_PARAMS)
{
	const char *database = needed_database(pstmt->utilityStmt);
	char	   *name;

	if (database == NULL || !may_need_database(database))
	{
		next_ProcessUtility(PROCESS_UTILITY_ARGS);
		return;
	}

	/* The statement may be gone when the command is over. */
	name = pstrdup(database);
	PG_ENSURE_ERROR_CLEANUP(call_back, CStringGetDatum(name));
	{
		sg_writer_stay_away(name, STAY_AWAY_MS);
		next_ProcessUtility(PROCESS_UTILITY_ARGS);
	}
	PG_END_ENSURE_ERROR_CLEANUP(call_back, CStringGetDatum(name));
	sg_writer_come_back(name);
}

static void
database_ProcessUtility(PROCESS_UTILITY_PARAMS)
{
	switch (nodeTag(pstmt->utilityStmt))
	{
		case T_DropdbStmt:
		case T_CreatedbStmt:
		case T_AlterDatabaseStmt:
		case T_RenameStmt:
			without_writer(PROCESS_UTILITY_ARGS);
			break;
		default:
			next_ProcessUtility(PROCESS_UTILITY_ARGS);
			break;
	}
}

ProcessUtility_hook_type
sg_database_wrap_ProcessUtility(ProcessUtility_hook_type next)
{
	next_ProcessUtility = next;
	return database_ProcessUtility;
}
