/*-------------------------------------------------------------------------
 *
 * bound_object.c
 *		Keeps what is bound to an agency bound: roles, servers, publications.
 *
 * A role is bound by its OID, so that a rename changes nothing.  Dropped, it
 * would leave its binding, and a new login under its name would be bound to
 * nothing and read as our own people.  The server itself refuses DROP ROLE, in
 * any database, while the role has a right somewhere; a bound role has the
 * right to call role_is_bound(), which does nothing else (context.sql).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "channel/guard/command_event.h"
#include "channel/command/command_record.h"
#include "channel/command/bound_object.h"
#include "miscadmin.h"
#include "base/run_as_owner.h"
#include "utils/acl.h"
#include "utils/builtins.h"

/* Takes the first row of two texts over from SPI, if there is one. */
typedef struct TieResult
{
	MemoryContext context;
	char	   *tie;
	char	   *way_out;
} TieResult;

static void
take_tie(void *arg)
{
	TieResult  *result = arg;
	MemoryContext spi_context = MemoryContextSwitchTo(result->context);

	if (SPI_processed > 0)
	{
		result->tie = SPI_getvalue(SPI_tuptable->vals[0],
								   SPI_tuptable->tupdesc, 1);
		result->way_out = SPI_getvalue(SPI_tuptable->vals[0],
									   SPI_tuptable->tupdesc, 2);
	}
	MemoryContextSwitchTo(spi_context);
}

/* What ties a role to an agency or a duty, marked as such or not. */
static TieResult
tie_of_role(const GuardCatalog *state, Oid role, bool marked)
{
	TieResult	result = {CurrentMemoryContext, NULL, NULL};
	Oid			argtypes[2] = {OIDOID, BOOLOID};
	Datum		args[2] = {ObjectIdGetDatum(role), BoolGetDatum(marked)};

	sg_query_as_owner(state->event_table,
					  "SELECT t.tie, t.way_out FROM sharing_guard.role_ties() t"
					  " WHERE t.role OPERATOR(pg_catalog.=) $1"
					  " AND t.marked OPERATOR(pg_catalog.=) $2 ORDER BY t.tie LIMIT 1",
					  2, argtypes, args, take_tie, &result);
	return result;
}

/*
 * The server would refuse it as well, because of the mark that the role has;
 * this error says what to do first.
 */
void
sg_role_refuse_drop(const GuardCatalog *state, const char *rolename, Oid role)
{
	TieResult	tie = tie_of_role(state, role, true);
	const char *event_id;

	if (tie.tie == NULL)
		return;
	event_id = sg_command_record_refused("DROP ROLE", rolename, tie.tie);
	ereport(ERROR,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("role \"%s\" cannot be dropped because it %s",
					rolename, tie.tie),
			 errdetail("A login that is made under its name would be bound to nothing. The attempt is recorded as event %s.",
					   event_id),
			 errhint("First: %s", tie.way_out)));
}

static void
run_mark_roles(void *arg)
{
	(void) SPI_execute("SELECT sharing_guard.mark_roles()", false, 0);
}

/*
 * DROP OWNED has taken the mark away with all other rights.  A superuser can do
 * that, and is seen; after anybody else it is put back.
 */
void
sg_role_owned_dropped(const GuardCatalog *state, const DropOwnedStmt *stmt)
{
	bool		unmarked = false;
	ListCell   *lc;

	foreach(lc, stmt->roles)
	{
		Oid			role = get_rolespec_oid(lfirst_node(RoleSpec, lc), true);
		TieResult	tie = {0};

		if (OidIsValid(role))
			tie = tie_of_role(state, role, false);
		if (tie.tie == NULL)
			continue;
		unmarked = true;
		sg_ddl_note("DROP OWNED", GetUserNameFromId(role, true), tie.tie);
	}
	if (unmarked && !superuser())
		sg_run_as_owner(state->event_table, run_mark_roles, NULL);
}

/* A server or a publication that has another name. */
typedef struct RenamedBinding
{
	const char *query;
	const char *old_name;
	const char *new_name;
} RenamedBinding;

static void
run_rename(void *arg)
{
	const RenamedBinding *renamed = arg;
	Oid			argtypes[2] = {TEXTOID, TEXTOID};
	Datum		args[2] = {
		CStringGetTextDatum(renamed->old_name),
		CStringGetTextDatum(renamed->new_name)
	};

	(void) SPI_execute_with_args(renamed->query, 2, argtypes, args, NULL,
								 false, 0);
}

/*
 * Bindings of servers and publications are by name, and follow it.  Events
 * have a role's name, too; that it has another one now is recorded, so that
 * the signer of a review is also known by former names.
 */
void
sg_role_binding_renamed(const GuardCatalog *state, const RenameStmt *stmt)
{
	bool		server = stmt->renameType == OBJECT_FOREIGN_SERVER;
	RenamedBinding renamed;

	if (stmt->renameType == OBJECT_ROLE)
		sg_ddl_note("ALTER ROLE RENAME", stmt->subname, stmt->newname);
	if (!server && stmt->renameType != OBJECT_PUBLICATION)
		return;
	renamed.query = server ?
		"UPDATE sharing_guard.server_binding SET server = $2"
		" WHERE server OPERATOR(pg_catalog.=) $1" :
		"UPDATE sharing_guard.publication_binding SET publication = $2"
		" WHERE publication OPERATOR(pg_catalog.=) $1";
	renamed.old_name = strVal(stmt->object);
	renamed.new_name = stmt->newname;
	if (sg_ddl_agency_of_name(server ? state->servers : state->publications,
							  renamed.old_name) != NULL)
		sg_run_as_owner(state->event_table, run_rename, &renamed);
}
