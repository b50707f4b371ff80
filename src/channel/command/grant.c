/*-------------------------------------------------------------------------
 *
 * grant.c
 *		Rights by which an agency's login will read protected tables.
 *
 * A GRANT to another agency's login is a standing disclosure: the agency can
 * also read rows that are added later.  So it is decided on like one,
 * with the agency as the destination.  What is read by it is decided on and
 * recorded again, row by row, when it is read.
 *
 * Looked at when the command has been executed: the server has resolved names
 * and found the grantor to have the right, and what was granted
 * cannot be used by others before it is committed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "channel/command/grant.h"
#include "channel/command/privileged.h"
#include "channel/command/command_record.h"
#include "base/compat.h"
#include "base/fixed_form.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/*
 * Returns the agencies of all roles that may act as this role: agency ids,
 * each once.
 */
static List *
agencies_behind(const GuardCatalog *state, Oid role)
{
	List	   *agencies = NIL;
	ListCell   *lc;

	foreach(lc, state->roles)
	{
		LoadedBinding *binding = lfirst(lc);

		if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(binding->role)))
			continue;

		/* The bound role may use the grantee, or the grantee the bound role. */
		if (sg_acts_for(binding->role, role) ||
			sg_acts_for(role, binding->role))
		{
			ListCell   *known;
			bool		found = false;

			foreach(known, agencies)
				found |= strcmp(lfirst(known), binding->agency_id) == 0;
			if (!found)
				agencies = lappend(agencies, (char *) binding->agency_id);
		}
	}
	return agencies;
}

/* To whom a GRANT goes: agencies, and "PUBLIC" for everybody there will be. */
static List *
destinations_of(const GuardCatalog *state, List *grantees)
{
	List	   *destinations = NIL;
	ListCell   *lc;

	foreach(lc, grantees)
	{
		RoleSpec   *grantee = lfirst_node(RoleSpec, lc);
		Oid			role;

		if (grantee->roletype == ROLESPEC_PUBLIC)
		{
			destinations = lappend(destinations, "PUBLIC");
			continue;
		}
		role = get_rolespec_oid(grantee, true);
		if (OidIsValid(role))
			destinations = list_concat(destinations,
									   agencies_behind(state, role));
	}
	return destinations;
}

/*
 * Rights by which rows are read: SELECT, a trigger that is shown them, or a
 * foreign key, which tells of each value whether it is there.
 */
static bool
lets_read(List *privileges)
{
	ListCell   *lc;

	if (privileges == NIL)
		return true;			/* ALL */
	foreach(lc, privileges)
	{
		AccessPriv *priv = lfirst_node(AccessPriv, lc);

		if (priv->priv_name == NULL ||
			strcmp(priv->priv_name, "select") == 0 ||
			strcmp(priv->priv_name, "references") == 0 ||
			strcmp(priv->priv_name, "trigger") == 0)
			return true;
	}
	return false;
}

static void
disclose_by_grant(const GuardCatalog *state, const char *operation,
				  const GuardedTable *guard, const char *relation,
				  const char *destination)
{
	DdlDisclosure ddl = {0};

	ddl.channel = CHANNEL_GRANT;
	ddl.operation = operation;
	ddl.guard = guard;
	ddl.relation = relation;
	ddl.destination = destination;
	sg_ddl_disclose(state, &ddl);
}

/* Each guarded table below this schema, or in it. */
static List *
guards_in_schema(const GuardCatalog *state, Oid schema)
{
	List	   *guards = NIL;
	ListCell   *lc;

	foreach(lc, state->guards)
	{
		GuardedTable *guard = lfirst(lc);

		if (get_rel_namespace(guard->read.relid) == schema)
			guards = lappend(guards, guard);
	}
	return guards;
}

/* The guarded tables that a GRANT names, one way or another. */
static List *
granted_guards(const GuardCatalog *state, const GrantStmt *stmt)
{
	List	   *guards = NIL;
	ListCell   *lc;

	if (stmt->objtype != OBJECT_TABLE)
		return NIL;
	foreach(lc, stmt->objects)
	{
		const GuardedTable *guard;

		if (stmt->targtype == ACL_TARGET_ALL_IN_SCHEMA)
			guards = list_concat(guards,
								 guards_in_schema(state,
												  get_namespace_oid(strVal(lfirst(lc)), true)));
		else if (stmt->targtype == ACL_TARGET_OBJECT)
		{
			guard = sg_ddl_guard_of(state,
									RangeVarGetRelid(lfirst_node(RangeVar, lc),
													 NoLock, true));
			if (guard != NULL)
				guards = lappend(guards, (void *) guard);
		}
	}
	return guards;
}

/* Rights on our own tables or functions: only a superuser can, and is seen. */
static void
note_own_objects(const GuardCatalog *state, const GrantStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		Node	   *object = lfirst(lc);

		if (stmt->objtype == OBJECT_TABLE &&
			stmt->targtype == ACL_TARGET_OBJECT && IsA(object, RangeVar))
		{
			Oid			relid = RangeVarGetRelid((RangeVar *) object, NoLock, true);

			if (OidIsValid(relid) && get_rel_namespace(relid) == state->schema)
				sg_ddl_note(stmt->is_grant ? "GRANT" : "REVOKE",
							sg_relation_name(relid), NULL);
		}
		else if (stmt->targtype == ACL_TARGET_ALL_IN_SCHEMA &&
				 IsA(object, String) &&
				 strcmp(strVal(object), "sharing_guard") == 0)
			sg_ddl_note(stmt->is_grant ? "GRANT" : "REVOKE",
						"sharing_guard, all in schema", NULL);
	}
}

/*
 * A large object for an agency, or for everybody: whether anything of a
 * protected table is in it is not known.
 */
static void
grant_large_object(const GuardCatalog *state, const GrantStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, destinations_of(state, stmt->grantees))
	{
		DdlDisclosure ddl = {0};

		ddl.channel = CHANNEL_GRANT;
		ddl.operation = "GRANT";
		ddl.guard = linitial(state->guards);
		ddl.relation = "a large object";
		ddl.destination = lfirst(lc);
		ddl.never_block = true;
		ddl.note = "A large object was opened to another agency; whether anything of a protected table is in it is not known.";
		sg_ddl_disclose(state, &ddl);
	}
}

static void
grant_on_objects(const GuardCatalog *state, const GrantStmt *stmt)
{
	List	   *destinations;
	List	   *guards;
	ListCell   *lc;
	ListCell   *to;

	note_own_objects(state, stmt);
	if (state->guards != NIL)
	{
		sg_privileged_grant(state, stmt);
		if (stmt->is_grant && stmt->objtype == OBJECT_LARGEOBJECT)
			grant_large_object(state, stmt);
	}
	if (!stmt->is_grant || !lets_read(stmt->privileges))
		return;
	guards = granted_guards(state, stmt);
	if (guards == NIL)
		return;
	destinations = destinations_of(state, stmt->grantees);
	foreach(lc, guards)
	{
		foreach(to, destinations)
			disclose_by_grant(state, "GRANT", lfirst(lc), NULL, lfirst(to));
	}
}

/*
 * New tables concern us only once they are protected, but the right exists
 * then.  Where partitions of a protected table are made, it is there at once.
 */
static void
default_privileges(const GuardCatalog *state, const GrantStmt *stmt)
{
	List	   *destinations;
	ListCell   *lc;
	ListCell   *to;

	if (!stmt->is_grant || stmt->objtype != OBJECT_TABLE ||
		!lets_read(stmt->privileges) || state->guards == NIL)
		return;
	destinations = destinations_of(state, stmt->grantees);
	foreach(lc, state->guards)
	{
		/* One decision for each kind of data. */
		GuardedTable *guard = lfirst(lc);
		bool		first = true;

		for (int i = 0; i < foreach_current_index(lc); i++)
		{
			const char *before = ((GuardedTable *) list_nth(state->guards, i))->data_class;

			if (guard->data_class == NULL ? before == NULL :
				before != NULL && strcmp(before, guard->data_class) == 0)
				first = false;
		}
		if (!first)
			continue;
		foreach(to, destinations)
			disclose_by_grant(state, "ALTER DEFAULT PRIVILEGES", guard,
							  "tables to be made", lfirst(to));
	}
}

/*
 * May this role, by itself or by its memberships, read the table?  Its files
 * are the table, too, for those who may read or copy the server's.
 */
static bool
role_reads(Oid role, Oid relid)
{
	return is_member_of_role_nosuper(role, ROLE_PG_READ_SERVER_FILES) ||
		is_member_of_role_nosuper(role, ROLE_PG_EXECUTE_SERVER_PROGRAM) ||
		pg_class_aclcheck(relid, role, ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck_all(relid, role, ACL_SELECT,
								  ACLMASK_ANY) == ACLCHECK_OK;
}

/*
 * A role is granted to others, who may now read what it may read.  Told
 * by what it may read, be it as owner, by a GRANT or as pg_read_all_data.
 */
static void
grant_membership(const GuardCatalog *state, const char *operation, Oid granted,
				 List *agencies)
{
	ListCell   *lc;
	ListCell   *to;

	/*
	 * What is read by way of an agency's own login is decided on for that
	 * agency, too: nothing can be read by it that could not be before.
	 */
	if (!OidIsValid(granted) || agencies == NIL ||
		sg_ddl_agency_of_role(state, granted) != NULL)
		return;
	foreach(lc, state->guards)
	{
		GuardedTable *guard = lfirst(lc);

		if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(guard->read.relid)) ||
			!role_reads(granted, guard->read.relid))
			continue;
		foreach(to, agencies)
			disclose_by_grant(state, operation, guard, NULL, lfirst(to));
	}
}

/* All who act as the roles of this list. */
static List *
agencies_of_specs(const GuardCatalog *state, List *specs)
{
	List	   *agencies = NIL;
	ListCell   *lc;

	foreach(lc, specs)
	{
		Oid			role = get_rolespec_oid(lfirst(lc), true);

		if (OidIsValid(role))
			agencies = list_concat(agencies, agencies_behind(state, role));
	}
	return agencies;
}

/*
 * Membership tells which agency a role acts for.  So a role that leaves a
 * bound role, or keeps a membership without rights (since PostgreSQL 16),
 * reads for no other agency from then on.
 */
static void
note_membership(const GuardCatalog *state, const char *operation, Oid role,
				List *members)
{
	ListCell   *lc;

	if (!OidIsValid(role) || sg_ddl_agency_of_role(state, role) == NULL)
		return;
	foreach(lc, members)
		sg_ddl_note(operation,
					psprintf("role %s", sg_quote_name(GetUserNameFromId(role, true))),
					get_rolespec_name(lfirst(lc)));
}

static void
grant_role(const GuardCatalog *state, const GrantRoleStmt *stmt)
{
	List	   *agencies;
	ListCell   *lc;

	foreach(lc, stmt->granted_roles)
	{
		Oid			granted = get_role_oid(lfirst_node(AccessPriv, lc)->priv_name,
										   true);

		note_membership(state, stmt->is_grant ? "GRANT" : "REVOKE", granted,
						stmt->grantee_roles);
		if (state->guards != NIL)
			sg_privileged_membership(stmt->is_grant ? "GRANT" : "REVOKE",
									 granted, stmt->grantee_roles);
	}
	if (!stmt->is_grant)
		return;
	agencies = agencies_of_specs(state, stmt->grantee_roles);
	foreach(lc, stmt->granted_roles)
	{
		AccessPriv *granted = lfirst_node(AccessPriv, lc);

		grant_membership(state, "GRANT", get_role_oid(granted->priv_name, true),
						 agencies);
	}
}

static RoleSpec *
role_spec(char *name)
{
	RoleSpec   *spec = makeNode(RoleSpec);

	spec->roletype = ROLESPEC_CSTRING;
	spec->rolename = name;
	return spec;
}

/* CREATE ROLE ... IN ROLE, ROLE, ADMIN */
static void
create_role(const GuardCatalog *state, const CreateRoleStmt *stmt)
{
	Oid			made = get_role_oid(stmt->role, true);
	ListCell   *lc;
	ListCell   *member;

	if (!OidIsValid(made))
		return;
	foreach(lc, stmt->options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "addroleto") == 0)
		{
			foreach(member, (List *) option->arg)
			{
				Oid			granted = get_rolespec_oid(lfirst(member), true);

				if (state->guards != NIL)
					sg_privileged_membership("CREATE ROLE", granted,
											 list_make1(role_spec(stmt->role)));
				grant_membership(state, "CREATE ROLE", granted,
								 agencies_behind(state, made));
			}
		}
		else if (strcmp(option->defname, "rolemembers") == 0 ||
				 strcmp(option->defname, "adminmembers") == 0)
			grant_membership(state, "CREATE ROLE", made,
							 agencies_of_specs(state, (List *) option->arg));
	}
}

/*
 * ALTER ROLE: what lets a login by all rights, or read the stream of changes,
 * lets it have every protected table.  (ALTER GROUP is parsed as this, too.)
 */
static void
alter_role(const GuardCatalog *state, const AlterRoleStmt *stmt)
{
	Oid			role = get_rolespec_oid(stmt->role, true);
	List	   *agencies;
	ListCell   *lc;
	ListCell   *guard;
	ListCell   *to;

	if (!OidIsValid(role))
		return;
	agencies = agencies_behind(state, role);
	foreach(lc, stmt->options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);
		bool		stream = strcmp(option->defname, "isreplication") == 0;

		if (strcmp(option->defname, "rolemembers") == 0)
		{
			note_membership(state, stmt->action > 0 ? "GRANT" : "REVOKE", role,
							(List *) option->arg);
			if (state->guards != NIL)
				sg_privileged_membership(stmt->action > 0 ? "GRANT" : "REVOKE",
										 role, (List *) option->arg);
		}
		if (strcmp(option->defname, "rolemembers") == 0 && stmt->action > 0)
		{
			grant_membership(state, "ALTER GROUP", role,
							 agencies_of_specs(state, (List *) option->arg));
			continue;
		}
		if (!(stream || strcmp(option->defname, "superuser") == 0 ||
			  strcmp(option->defname, "bypassrls") == 0) ||
			option->arg == NULL || !boolVal(option->arg))
			continue;
		foreach(guard, state->guards)
		{
			foreach(to, agencies)
			{
				DdlDisclosure ddl = {0};

				ddl.channel = stream ? CHANNEL_REPLICATION : CHANNEL_GRANT;
				ddl.operation = "ALTER ROLE";
				ddl.guard = lfirst(guard);
				ddl.destination = lfirst(to);
				sg_ddl_disclose(state, &ddl);
			}
		}
	}
}

/* The new owner may read the whole table. */
static void
change_owner(const GuardCatalog *state, const AlterTableStmt *stmt)
{
	ListCell   *lc;
	ListCell   *to;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);
		const GuardedTable *guard;

		if (cmd->subtype != AT_ChangeOwner)
			continue;
		guard = sg_ddl_guard_of(state, RangeVarGetRelid(stmt->relation, NoLock,
														true));
		if (guard == NULL)
			continue;
		foreach(to, agencies_behind(state, get_rolespec_oid(cmd->newowner, true)))
			disclose_by_grant(state, "ALTER TABLE OWNER", guard, NULL, lfirst(to));
	}
}

void
sg_grant_command(const GuardCatalog *state, const Node *command)
{
	if (state == NULL || !state->configured)
		return;
	switch (nodeTag(command))
	{
		case T_GrantStmt:
			grant_on_objects(state, (const GrantStmt *) command);
			break;
		case T_AlterDefaultPrivilegesStmt:
			default_privileges(state,
							   ((const AlterDefaultPrivilegesStmt *) command)->action);
			break;
		case T_GrantRoleStmt:
			grant_role(state, (const GrantRoleStmt *) command);
			break;
		case T_CreateRoleStmt:
			create_role(state, (const CreateRoleStmt *) command);
			break;
		case T_AlterRoleStmt:
			alter_role(state, (const AlterRoleStmt *) command);
			break;
		case T_AlterTableStmt:
			if (((const AlterTableStmt *) command)->relation != NULL)
				change_owner(state, (const AlterTableStmt *) command);
			break;
		default:
			break;
	}
}
