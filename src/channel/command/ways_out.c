/*-------------------------------------------------------------------------
 *
 * ways_out.c
 *		Commands that touch no protected table and open a way for its rows:
 *		subscriptions, other servers, libraries, languages, settings.
 *
 * Most need a superuser, or a right that a superuser gave, and are recorded.
 * A subscription is more: its worker connects to another server and writes
 * rows here as its owner, outside of any session.  So only a superuser may make
 * one in a guarded database, or say where it connects to, or anybody while
 * maintenance is open.
 *
 * Connection strings are not recorded: there are passwords in them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "access/parallel.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_language.h"
#include "base/errcodes.h"
#include "channel/guard/command_event.h"
#include "channel/command/command_record.h"
#include "channel/command/ways_out.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "base/run_as_owner.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* Libraries that a superuser has loaded in this session. */
static List *loaded = NIL;

/* ----------------------------------------------------------------
 *		Subscriptions
 * ----------------------------------------------------------------
 */

/* The names in a list of strings, as one text. */
static char *
names_in(List *names)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, names)
		appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "",
						 strVal(lfirst(lc)));
	return text.data;
}

/* Refuse it unless a superuser does it, or maintenance is open. */
static void
check_subscription(const GuardCatalog *state, const char *operation,
				   const char *name)
{
	if (superuser() || sg_ddl_maintenance_open(state))
		return;
	sg_command_record_now("attempt", operation, psprintf("subscription %s", name),
						  NULL);
	ereport(ERROR,
			(errcode(ERRCODE_SG_GUARD_PROTECTED),
			 errmsg("%s is not allowed in a guarded database", operation),
			 errdetail("The worker of a subscription connects to another server and writes rows here outside of any session. The attempt is recorded."),
			 errhint("A superuser can do it, which is recorded, too, or anybody in a maintenance window: see sharing_guard.open_maintenance().")));
}

/*
 * Record it before it is done, since some of them connect to the other server
 * at once.
 */
static void
note_subscription(const char *operation, const char *name, const char *key)
{
	sg_ddl_rows_seen(operation, psprintf("subscription %s", name), key);
}

static void
alter_subscription(const GuardCatalog *state, const AlterSubscriptionStmt *stmt)
{
	const char *operation = "ALTER SUBSCRIPTION";

	if (stmt->kind == ALTER_SUBSCRIPTION_CONNECTION)
	{
		operation = "ALTER SUBSCRIPTION CONNECTION";
		check_subscription(state, operation, stmt->subname);
	}
	note_subscription(operation, stmt->subname,
					  stmt->publication ? names_in(stmt->publication) : NULL);
}

/* ----------------------------------------------------------------
 *		Settings, libraries, languages, files
 * ----------------------------------------------------------------
 */

static bool
ends_with(const char *string, const char *end)
{
	size_t		length = strlen(string);

	return length >= strlen(end) &&
		pg_strcasecmp(string + length - strlen(end), end) == 0;
}

/*
 * Does this setting load a library, run a command, or switch off what follows
 * the guards?
 */
static bool
opens_a_way(const char *name)
{
	static const char *const ends[] = {
		"_libraries", "_library", "_library_path", "_control_path", "_command",
		"_provider"
	};

	if (name == NULL)
		return false;
	for (int i = 0; i < lengthof(ends); i++)
	{
		if (ends_with(name, ends[i]))
			return true;
	}
	return pg_strncasecmp(name, "sharing_guard.", 14) == 0 ||
		pg_strcasecmp(name, "session_replication_role") == 0 ||
		pg_strcasecmp(name, "event_triggers") == 0 ||
		pg_strcasecmp(name, "primary_conninfo") == 0 ||
		pg_strcasecmp(name, "allow_system_table_mods") == 0;
}

static void
note_setting(const char *operation, const char *object,
			 const VariableSetStmt *setting)
{
	if (setting->kind != VAR_RESET_ALL && opens_a_way(setting->name))
		sg_ddl_note(operation, object, setting->name);
}

/* ALTER SYSTEM cannot be rolled back; our own settings are seen elsewhere. */
static void
alter_system(const VariableSetStmt *setting)
{
	if (opens_a_way(setting->name) &&
		pg_strncasecmp(setting->name, "sharing_guard.", 14) != 0 &&
		pg_strcasecmp(setting->name, "shared_preload_libraries") != 0)
		sg_command_record_now(NULL, "ALTER SYSTEM", setting->name, NULL);
}

/*
 * A library of anybody's choice, which only a superuser can load.  Once in a
 * session: some applications do it at each connection.
 */
static void
load_library(const LoadStmt *stmt)
{
	MemoryContext oldcontext;
	ListCell   *lc;

	if (!superuser())
		return;
	foreach(lc, loaded)
	{
		if (strcmp(lfirst(lc), stmt->filename) == 0)
			return;
	}
	sg_ddl_rows_seen("LOAD", stmt->filename, NULL);
	oldcontext = MemoryContextSwitchTo(TopMemoryContext);
	loaded = lappend(loaded, pstrdup(stmt->filename));
	MemoryContextSwitchTo(oldcontext);
}

/* The language that a function or a block is in, where it is untrusted. */
static const char *
untrusted_language(List *options)
{
	const char *name = NULL;
	HeapTuple	tuple;
	bool		trusted = true;
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "language") == 0)
			name = strVal(option->arg);
	}
	if (name == NULL)
		return NULL;
	tuple = SearchSysCache1(LANGNAME, CStringGetDatum(name));
	if (HeapTupleIsValid(tuple))
	{
		trusted = ((Form_pg_language) GETSTRUCT(tuple))->lanpltrusted;
		ReleaseSysCache(tuple);
	}
	return trusted ? NULL : name;
}

/*
 * Reads a file of the server, tables included, as rows.  Files elsewhere are
 * data that are loaded.
 */
static void
copy_from_file(const CopyStmt *stmt)
{
	char		path[PATH_MAX];
	char		data[PATH_MAX];
	size_t		length;

	if (realpath(stmt->filename, path) == NULL ||
		realpath(DataDir, data) == NULL)
		return;
	length = strlen(data);
	if (strncmp(path, data, length) == 0 && path[length] == '/')
		sg_ddl_rows_seen("COPY FROM", "files of the server",
						 stmt->relation ? stmt->relation->relname : NULL);
}

bool
sg_ways_of_interest(const Node *command)
{
	ListCell   *lc;

	switch (nodeTag(command))
	{
		case T_CopyStmt:
			return ((const CopyStmt *) command)->filename != NULL;
		case T_DoStmt:
			/* One that names no language is in PL/pgSQL. */
			foreach(lc, ((const DoStmt *) command)->args)
			{
				if (strcmp(lfirst_node(DefElem, lc)->defname, "language") == 0)
					return true;
			}
			return false;
		case T_AlterDatabaseSetStmt:
		case T_AlterRoleSetStmt:
		case T_AlterSubscriptionStmt:
		case T_AlterUserMappingStmt:
		case T_CreateAmStmt:
		case T_CreateEventTrigStmt:
		case T_CreateExtensionStmt:
		case T_CreateFdwStmt:
		case T_CreateForeignServerStmt:
		case T_CreatePLangStmt:
		case T_CreateSubscriptionStmt:
		case T_CreateUserMappingStmt:
		case T_DropSubscriptionStmt:
		case T_DropUserMappingStmt:
		case T_ImportForeignSchemaStmt:
		case T_LoadStmt:
			return true;
		default:
			return false;
	}
}

/* ----------------------------------------------------------------
 *		Commands
 * ----------------------------------------------------------------
 */

/* Those about subscriptions; false where it is none. */
static bool
subscription_command(const GuardCatalog *state, const Node *command)
{
	switch (nodeTag(command))
	{
		case T_CreateSubscriptionStmt:
			{
				const CreateSubscriptionStmt *stmt = (const CreateSubscriptionStmt *) command;

				check_subscription(state, "CREATE SUBSCRIPTION", stmt->subname);
				note_subscription("CREATE SUBSCRIPTION", stmt->subname,
								  names_in(stmt->publication));
				return true;
			}
		case T_AlterSubscriptionStmt:
			alter_subscription(state, (const AlterSubscriptionStmt *) command);
			return true;
		case T_DropSubscriptionStmt:
			note_subscription("DROP SUBSCRIPTION",
							  ((const DropSubscriptionStmt *) command)->subname,
							  NULL);
			return true;
		case T_AlterOwnerStmt:
			{
				const AlterOwnerStmt *stmt = (const AlterOwnerStmt *) command;

				if (stmt->objectType != OBJECT_SUBSCRIPTION)
					return false;
				check_subscription(state, "ALTER SUBSCRIPTION OWNER",
								   strVal(stmt->object));
				note_subscription("ALTER SUBSCRIPTION OWNER",
								  strVal(stmt->object),
								  get_rolespec_name(stmt->newowner));
				return true;
			}
		case T_RenameStmt:
			if (((const RenameStmt *) command)->renameType != OBJECT_SUBSCRIPTION)
				return false;
			note_subscription("ALTER SUBSCRIPTION RENAME",
							  strVal(((const RenameStmt *) command)->object),
							  ((const RenameStmt *) command)->newname);
			return true;
		default:
			return false;
	}
}

/* Those about other servers; false where it is none. */
static bool
server_command(const Node *command, const Node *outer)
{
	switch (nodeTag(command))
	{
		case T_CreateFdwStmt:
			sg_ddl_note("CREATE FOREIGN DATA WRAPPER",
						((const CreateFdwStmt *) command)->fdwname, NULL);
			return true;
		case T_CreateForeignServerStmt:
			sg_ddl_note("CREATE SERVER",
						((const CreateForeignServerStmt *) command)->servername,
						((const CreateForeignServerStmt *) command)->fdwname);
			return true;
		case T_AlterForeignServerStmt:
			sg_ddl_note("ALTER SERVER",
						((const AlterForeignServerStmt *) command)->servername,
						NULL);
			return true;
		case T_CreateUserMappingStmt:
			sg_ddl_note("CREATE USER MAPPING",
						((const CreateUserMappingStmt *) command)->servername,
						NULL);
			return true;
		case T_AlterUserMappingStmt:
			sg_ddl_note("ALTER USER MAPPING",
						((const AlterUserMappingStmt *) command)->servername,
						NULL);
			return true;
		case T_DropUserMappingStmt:
			sg_ddl_note("DROP USER MAPPING",
						((const DropUserMappingStmt *) command)->servername,
						NULL);
			return true;
		case T_ImportForeignSchemaStmt:
			sg_ddl_note("IMPORT FOREIGN SCHEMA",
						((const ImportForeignSchemaStmt *) command)->server_name,
						((const ImportForeignSchemaStmt *) command)->local_schema);
			return true;
		case T_CreateForeignTableStmt:
			/* What an import makes is told by it. */
			if (outer == NULL || !IsA(outer, ImportForeignSchemaStmt))
				sg_ddl_note("CREATE FOREIGN TABLE",
							((const CreateForeignTableStmt *) command)->base.relation->relname,
							((const CreateForeignTableStmt *) command)->servername);
			return true;
		default:
			return false;
	}
}

void
sg_ways_command(const GuardCatalog *state, const Node *command, const Node *outer)
{
	const char *language;

	/* What the script of an extension does is told by CREATE EXTENSION. */
	if (state == NULL || state->guards == NIL || creating_extension ||
		subscription_command(state, command) || server_command(command, outer))
		return;
	switch (nodeTag(command))
	{
		case T_AlterDatabaseSetStmt:
			note_setting("ALTER DATABASE SET",
						 psprintf("database %s", ((const AlterDatabaseSetStmt *) command)->dbname),
						 ((const AlterDatabaseSetStmt *) command)->setstmt);
			break;
		case T_AlterRoleSetStmt:
			{
				const AlterRoleSetStmt *stmt = (const AlterRoleSetStmt *) command;

				note_setting("ALTER ROLE SET",
							 stmt->role ? psprintf("role %s", get_rolespec_name(stmt->role)) : "all roles",
							 stmt->setstmt);
				break;
			}
		case T_AlterSystemStmt:
			alter_system(((const AlterSystemStmt *) command)->setstmt);
			break;
		case T_CreateExtensionStmt:
			sg_ddl_note("CREATE EXTENSION",
						((const CreateExtensionStmt *) command)->extname, NULL);
			break;
		case T_AlterExtensionStmt:
			if (strcmp(((const AlterExtensionStmt *) command)->extname, "sharing_guard") != 0)
				sg_ddl_note("ALTER EXTENSION",
							((const AlterExtensionStmt *) command)->extname, NULL);
			break;
		case T_CreatePLangStmt:
			sg_ddl_note("CREATE LANGUAGE",
						((const CreatePLangStmt *) command)->plname, NULL);
			break;
		case T_CreateAmStmt:
			sg_ddl_note("CREATE ACCESS METHOD",
						((const CreateAmStmt *) command)->amname, NULL);
			break;
		case T_CreateEventTrigStmt:
			sg_ddl_note("CREATE EVENT TRIGGER",
						((const CreateEventTrigStmt *) command)->trigname, NULL);
			break;
		case T_CreateFunctionStmt:
			language = untrusted_language(((const CreateFunctionStmt *) command)->options);
			if (language != NULL)
				sg_ddl_note("CREATE FUNCTION",
							NameListToString(((const CreateFunctionStmt *) command)->funcname),
							psprintf("in language %s", language));
			break;
		case T_DoStmt:
			language = untrusted_language(((const DoStmt *) command)->args);
			if (language != NULL)
				sg_ddl_rows_seen("DO", psprintf("in language %s", language), NULL);
			break;
		case T_CopyStmt:
			if (((const CopyStmt *) command)->is_from &&
				!((const CopyStmt *) command)->is_program &&
				((const CopyStmt *) command)->filename != NULL)
				copy_from_file((const CopyStmt *) command);
			break;
		case T_LoadStmt:
			load_library((const LoadStmt *) command);
			break;
		default:
			break;
	}
}

/* ----------------------------------------------------------------
 *		Functions
 * ----------------------------------------------------------------
 */

/* A replication slot, whose reader reads every change of every table. */
bool
sg_ways_function(Oid function)
{
	const GuardCatalog *state;

	switch (function)
	{
		case F_PG_CREATE_LOGICAL_REPLICATION_SLOT:
		case F_PG_CREATE_PHYSICAL_REPLICATION_SLOT:
		case F_PG_COPY_LOGICAL_REPLICATION_SLOT_NAME_NAME:
		case F_PG_COPY_LOGICAL_REPLICATION_SLOT_NAME_NAME_BOOL:
		case F_PG_COPY_LOGICAL_REPLICATION_SLOT_NAME_NAME_BOOL_NAME:
		case F_PG_COPY_PHYSICAL_REPLICATION_SLOT_NAME_NAME:
		case F_PG_COPY_PHYSICAL_REPLICATION_SLOT_NAME_NAME_BOOL:
			break;
		default:
			return false;
	}
	if (IsParallelWorker() || RecoveryInProgress() || sg_owner_query_running())
		return true;
	state = sg_ddl_state();

	/*
	 * Recorded by the writer, because a transaction that makes a slot may
	 * write nothing.
	 */
	if (state != NULL && state->guards != NIL)
		sg_command_record_now(NULL, "CALL",
							  psprintf("pg_catalog.%s", get_func_name(function)),
							  NULL);
	return true;
}
