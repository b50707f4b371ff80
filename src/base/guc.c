/*-------------------------------------------------------------------------
 *
 * guc.c
 *		Defines the base settings and checks whether this database is guarded.
 *
 * This is below all rooms, because each of them refuses to work where it could
 * not keep its guarantees.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/tuplestore.h"
#include <limits.h>

#include "commands/dbcommands.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "base/errcodes.h"
#include "base/guc.h"

PG_FUNCTION_INFO_V1(sg_sql_require_operational);
PG_FUNCTION_INFO_V1(sg_sql_library_preloaded);
PG_FUNCTION_INFO_V1(sg_sql_database_listed);
PG_FUNCTION_INFO_V1(sg_sql_guarded_databases);

/* Settings. */
static char *guarded_databases = NULL;
int			sg_pending_memory = 16384;
int			sg_lock_timeout = 5000;

/* Was this library loaded by shared_preload_libraries? */
static bool preloaded = false;

static bool check_guarded_databases(char **newval, void **extra,
									GucSource source);

void
sg_operational_init(void)
{
	preloaded = true;

	DefineCustomStringVariable("sharing_guard.databases",
							   "Lists the databases that sharing_guard guards.",
							   "The extension can be created, and guarded tables written to, in these databases alone.",
							   &guarded_databases,
							   "",
							   PGC_POSTMASTER,
							   GUC_LIST_INPUT,
							   check_guarded_databases,
							   NULL,
							   NULL);

	DefineCustomIntVariable("sharing_guard.pending_memory",
							"Sets how much memory a session may use for events that are not written yet.",
							"Beyond it, the events gathered so far are written in the middle of the statement.",
							&sg_pending_memory,
							16384,
							1024,
							MAX_KILOBYTES,
							PGC_SIGHUP,
							GUC_UNIT_KB,
							NULL,
							NULL,
							NULL);

	DefineCustomIntVariable("sharing_guard.lock_timeout",
							"Sets how long a session waits for a lock on a table of sharing_guard that it has to read.",
							"Beyond it the statement fails: without the policy nothing can be decided, and nothing goes out.",
							&sg_lock_timeout,
							5000,
							100,
							600000,
							PGC_SIGHUP,
							GUC_UNIT_MS,
							NULL,
							NULL,
							NULL);
}

/*
 * Removes unknown settings under our prefix and warns of them, so that a
 * misspelt setting is noticed.
 */
void
sg_operational_settings_defined(void)
{
	MarkGUCPrefixReserved("sharing_guard");
}

/* Appends a copy of the name, unless the list has it. */
static List *
append_unique_name(List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (strcmp((char *) lfirst(lc), name) == 0)
			return names;
	}
	return lappend(names, pstrdup(name));
}

/*
 * Returns the names in sharing_guard.databases, allocated in TopMemoryContext.
 * The setting cannot change while the server runs.
 */
List *
sg_guarded_databases(void)
{
	static List *databases = NIL;
	char	   *rawstring;
	List	   *names;
	ListCell   *lc;

	if (databases != NIL || guarded_databases == NULL)
		return databases;

	/* The check hook has verified that this parses. */
	rawstring = pstrdup(guarded_databases);
	if (SplitIdentifierString(rawstring, ',', &names))
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(TopMemoryContext);

		/* A repeated name is one database. */
		foreach(lc, names)
			databases = append_unique_name(databases, lfirst(lc));
		MemoryContextSwitchTo(oldcontext);
	}
	return databases;
}

bool
sg_database_is_guarded(const char *name)
{
	ListCell   *lc;

	foreach(lc, sg_guarded_databases())
	{
		if (strcmp((char *) lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

/*
 * Is the current database in sharing_guard.databases?
 *
 * The database's name cannot change while we are connected, so the answer is
 * looked up once.
 */
static bool
database_is_listed(void)
{
	static enum
	{
		UNKNOWN, LISTED, NOT_LISTED
	}			answer = UNKNOWN;

	if (answer == UNKNOWN)
	{
		char	   *dbname = get_database_name(MyDatabaseId);

		answer = dbname != NULL && sg_database_is_guarded(dbname) ?
			LISTED : NOT_LISTED;
	}
	return answer == LISTED;
}

bool
sg_is_operational(void)
{
	return IsBinaryUpgrade || (preloaded && database_is_listed());
}

void
sg_require_operational(void)
{
	if (IsBinaryUpgrade)
		return;

	if (!preloaded)
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_OPERATIONAL),
				 errmsg("sharing_guard is not loaded by shared_preload_libraries"),
				 errdetail("Without it nothing would decide on, or record, the rows that leave this database."),
				 errhint("Add sharing_guard to shared_preload_libraries and this database to sharing_guard.databases in postgresql.conf, then restart the server.")));

	if (!database_is_listed())
		ereport(ERROR,
				(errcode(ERRCODE_SG_NOT_OPERATIONAL),
				 errmsg("database \"%s\" is not listed in sharing_guard.databases",
						get_database_name(MyDatabaseId)),
				 errdetail("sharing_guard guards only the databases named in that setting; it is now \"%s\".",
						   guarded_databases ? guarded_databases : ""),
				 errhint("Add the database to sharing_guard.databases in postgresql.conf, then restart the server.")));
}

void
sg_follow_transactions(bool *following, XactCallback at_end,
					   SubXactCallback at_subtransaction_end)
{
	if (likely(*following))
		return;

	/*
	 * If the second call fails, the first callback is registered once more at
	 * the next attempt.  The callbacks tolerate being called twice.
	 */
	RegisterXactCallback(at_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
	*following = true;
}

/* Checks a list of database names, spelled like identifiers. */
static bool
check_guarded_databases(char **newval, void **extra, GucSource source)
{
	char	   *rawstring = pstrdup(*newval);
	List	   *names;
	bool		valid = SplitIdentifierString(rawstring, ',', &names);

	if (!valid)
		GUC_check_errdetail("The setting is a comma-separated list of database names; a name with capitals or other special characters is written in double quotes.");
	else
		list_free(names);
	pfree(rawstring);
	return valid;
}

/*
 * sharing_guard.require_operational() returns void
 *
 * The install script calls this first.
 */
Datum
sg_sql_require_operational(PG_FUNCTION_ARGS)
{
	sg_require_operational();
	PG_RETURN_VOID();
}

/* sharing_guard.library_preloaded() returns boolean, for preflight() */
Datum
sg_sql_library_preloaded(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(preloaded);
}

/* sharing_guard.database_listed() returns boolean, for preflight() */
Datum
sg_sql_database_listed(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(preloaded && database_is_listed());
}

/*
 * sharing_guard.guarded_databases() returns setof text
 */
Datum
sg_sql_guarded_databases(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	foreach(lc, preloaded ? sg_guarded_databases() : NIL)
	{
		Datum		value = CStringGetTextDatum(lfirst(lc));
		bool		isnull = false;

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}
