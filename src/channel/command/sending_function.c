/*-------------------------------------------------------------------------
 *
 * sending_function.c
 *		Functions that carry rows out of the database.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/parallel.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/executor.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "channel/command/command_record.h"
#include "channel/command/privileged.h"
#include "channel/command/sending_function.h"

/*
 * Extensions whose functions send what they are given somewhere else.  A
 * program that is run by the server is another matter: see exposure.
 */
static const char *const sending_extensions[] = {
	"adminpack", "aws_s3", "dblink", "http", "pg_curl", "pg_net", "plproxy", "plsh"
};

/* Extensions whose functions bring out what is in files, tables' among them. */
static const char *const raw_extensions[] = {
	"pageinspect", "pg_dirtyread", "pg_walinspect"
};

/* Functions of those that only ask, or take what has been asked for. */
static const char *const receiving_functions[] = {
	"dblink_get_connections", "dblink_get_result", "dblink_get_notify",
	"dblink_error_message", "dblink_is_busy", "dblink_cancel_query",
	"dblink_disconnect", "dblink_close", "dblink_get_pkey",
	"dblink_current_query", "dblink_build_sql_insert",
	"dblink_build_sql_update", "dblink_build_sql_delete",
	"dblink_fdw_validator", "dblink_fetch", "dblink_connect",
	"dblink_connect_u"
};

static bool
is_one_of(const char *name, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (name != NULL && strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* Does a function of an extension carry anything out, and how? */
static bool
carries_out(Oid function, Channel *channel)
{
	Oid			extension = getExtensionOfObject(ProcedureRelationId, function);
	char	   *name = OidIsValid(extension) ? get_extension_name(extension) : NULL;

	if (name == NULL)
		return false;
	*channel = CHANNEL_FOREIGN_TABLE;
	if (is_one_of(name, sending_extensions, lengthof(sending_extensions)))
		return !is_one_of(get_func_name(function), receiving_functions,
						  lengthof(receiving_functions));
	*channel = CHANNEL_QUERY;
	return is_one_of(name, raw_extensions, lengthof(raw_extensions));
}

/*
 * The server's own: the stream of changes as rows of a query, large objects to
 * files, and files as values.
 */
static Channel
sending_builtin(Oid function, bool *found)
{
	*found = true;
	switch (function)
	{
		case F_PG_LOGICAL_SLOT_GET_CHANGES:
		case F_PG_LOGICAL_SLOT_GET_BINARY_CHANGES:
		case F_PG_LOGICAL_SLOT_PEEK_CHANGES:
		case F_PG_LOGICAL_SLOT_PEEK_BINARY_CHANGES:
			return CHANNEL_REPLICATION;
		case F_LO_EXPORT:
			return CHANNEL_COPY;
		default:
			*found = sg_reads_server_files(function);
			return CHANNEL_QUERY;
	}
}

/* The first source table: what is decided for it is decided for them all. */
static const GuardedTable *
any_source(const GuardCatalog *state)
{
	ListCell   *lc;

	foreach(lc, state->guards)
	{
		if (!((GuardedTable *) lfirst(lc))->read.is_export)
			return lfirst(lc);
	}
	return linitial(state->guards);
}

/*
 * Called for each function of each expression of each statement, so the first
 * comparisons are all that most of them pay.
 */
bool
sg_sending_function(Oid function)
{
	const GuardCatalog *state;
	DdlDisclosure ddl = {0};
	bool		found;

	ddl.channel = CHANNEL_FOREIGN_TABLE;
	if (function < FirstNormalObjectId)
	{
		ddl.channel = sending_builtin(function, &found);
		if (!found)
			return false;
	}
	if (!sg_ddl_any_records())
		return true;
	if (function >= FirstNormalObjectId &&
		!carries_out(function, &ddl.channel))
		return false;

	state = sg_ddl_state();
	if (state == NULL || !state->any_records || !state->configured ||
		IsParallelWorker())
		return true;
	ddl.operation = get_func_name(function);
	ddl.destination = sg_ddl_acting_agency(state);
	ddl.durable = true;
	if (ddl.channel == CHANNEL_FOREIGN_TABLE)
	{
		ddl.relation = "what a function was given";
		if (ddl.destination == NULL)
			ddl.destination = "another server";
		ddl.never_block = true;
		ddl.note = "A function that sends what it is given to another server was called; whether it was given anything of a protected table is not known.";
	}
	else
	{
		ddl.guard = any_source(state);
		switch (ddl.channel)
		{
			case CHANNEL_REPLICATION:
				ddl.relation = "the stream of changes";
				ddl.note = "The stream of changes has rows of protected tables in it.";
				break;
			case CHANNEL_QUERY:
				ddl.relation = "files of the server";
				ddl.note = "A function that reads the server's own files was called; whether those of a protected table were among them is not known.";
				break;
			default:
				ddl.relation = "a large object";
				ddl.note = "A large object was written to a file; whether anything of a protected table is in it is not known.";
		}
	}
	sg_ddl_disclose(state, &ddl);
	return true;
}
