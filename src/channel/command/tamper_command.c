/*-------------------------------------------------------------------------
 *
 * tamper_command.c
 *		Commands that take a guard, or the record, away, and what they do is not
 *		seen in any object.
 *
 * Called before the command.  Objects that are dropped, made or altered are
 * looked at in tamper.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parse_type.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errcodes.h"
#include "base/guc.h"
#include "channel/command/bound_object.h"
#include "channel/command/command_record.h"
#include "channel/command/computed.h"
#include "channel/command/drop_extension.h"
#include "channel/command/tamper.h"
#include "channel/guard/command_event.h"
#include "channel/guard/triggers.h"

/*
 * A database that is guarded, dropped, renamed, given away or copied: from
 * another database, where there is no log to write to.
 */
static void
database_command(const char *operation, const char *database)
{
	if (database == NULL || !sg_database_is_guarded(database))
		return;
	ereport(LOG_SERVER_ONLY,
			(errmsg("sharing_guard: %s of guarded database \"%s\" by role \"%s\", logged in as \"%s\"%s",
					operation, database, GetUserNameFromId(GetUserId(), true),
					GetUserNameFromId(GetSessionUserId(), true),
					superuser() ? "" : ", refused"),
			 errhidestmt(true)));
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_SG_GUARD_PROTECTED),
				 errmsg("%s is not allowed on guarded database \"%s\"",
						operation, database),
				 errdetail("The database is listed in sharing_guard.databases. The attempt is recorded in the server log."),
				 errhint("A superuser can do it, which is recorded, too.")));
}

/* Settings that switch the guards off, or that a replica's triggers obey. */
static bool
is_our_setting(const char *name)
{
	return name == NULL ||		/* RESET ALL */
		pg_strncasecmp(name, "sharing_guard.", 14) == 0 ||
		pg_strcasecmp(name, "shared_preload_libraries") == 0;
}

/*
 * Does one of these commands look at the rows of the table?  By expressions,
 * which may call users' functions, or with an error that names values: where
 * they are not unique, or cannot be cast.
 */
static const char *
looks_at_rows(const GuardedTable *guard, const AlterTableCmd *cmd)
{
	const ColumnDef *column;
	ListCell   *lc;

	switch (cmd->subtype)
	{
		case AT_AlterColumnType:
			column = (const ColumnDef *) cmd->def;
			if (column->raw_default != NULL)
				return "ALTER COLUMN TYPE USING";

			/* relation_altered() notices a change of these columns. */
			return sg_ddl_guard_has_column(guard, cmd->name) ? NULL : "ALTER COLUMN TYPE";
		case AT_AddConstraint:
			switch (castNode(Constraint, cmd->def)->contype)
			{
				case CONSTR_CHECK:
				case CONSTR_EXCLUSION:
				case CONSTR_PRIMARY:
				case CONSTR_UNIQUE:
					return "ADD CONSTRAINT";
				default:
					return NULL;
			}
		case AT_ValidateConstraint:
			return "VALIDATE CONSTRAINT";
		case AT_AddColumn:
			column = (const ColumnDef *) cmd->def;
			foreach(lc, column->constraints)
			{
				ConstrType	type = lfirst_node(Constraint, lc)->contype;

				if (type == CONSTR_GENERATED || type == CONSTR_CHECK)
					return "ADD COLUMN";
			}
			return NULL;
		default:
			return SG_IS_SET_EXPRESSION(cmd->subtype) ?
				"ALTER COLUMN EXPRESSION" : NULL;
	}
}

/* Does it compute what is in the column that it names? */
static bool
computes_column(const AlterTableCmd *cmd)
{
	return cmd->subtype == AT_AlterColumnType ||
		SG_IS_SET_EXPRESSION(cmd->subtype);
}

/* Does it rewrite the table, and so compute its indexes? */
static bool
rewrites(const AlterTableCmd *cmd)
{
	const ColumnDef *column;
	Oid			type;

	switch (cmd->subtype)
	{
		case AT_SetLogged:
		case AT_SetUnLogged:
		case AT_SetAccessMethod:
			return true;
		case AT_AddColumn:
			column = (const ColumnDef *) cmd->def;
			if (column->constraints != NIL || column->typeName == NULL)
				return column->constraints != NIL;

			/* A domain may have constraints, and a default. */
			type = LookupTypeNameOid(NULL, column->typeName, true);
			return OidIsValid(type) && get_typtype(type) == TYPTYPE_DOMAIN;
		default:
			return false;
	}
}

/*
 * What comes under another table is held against the constraint of its new
 * place, which may call users' functions.
 */
static void
attach_partition(const GuardCatalog *state, const AlterTableStmt *stmt,
				 const PartitionCmd *cmd)
{
	Oid			relid = RangeVarGetRelid(cmd->name, NoLock, true);
	const GuardedTable *guard = OidIsValid(relid) ?
	sg_ddl_guard_of(state, relid) : NULL;

	if (guard != NULL)
		sg_ddl_rows_seen("ATTACH PARTITION", guard->relation,
						 stmt->relation->relname);
}

/* What takes a guard away, and neither its triggers nor its columns tell. */
static void
guarded_table_command(const GuardCatalog *state, const GuardedTable *guard,
					  const AlterTableCmd *cmd)
{
	switch (cmd->subtype)
	{
		case AT_DisableRowSecurity:
		case AT_NoForceRowSecurity:
			if (guard->read.filter_reads)
				sg_ddl_tampering(state, "DISABLE ROW LEVEL SECURITY",
								 guard->relation, NULL);
			break;
		case AT_DetachPartition:
			/* The server commits in between: too late at the end. */
			if (cmd->def != NULL && IsA(cmd->def, PartitionCmd) &&
				((PartitionCmd *) cmd->def)->concurrent)
				sg_ddl_tampering(state, "DETACH", guard->relation,
								 ((PartitionCmd *) cmd->def)->name->relname);
			break;
		default:
			break;
	}
}

/* A command that may look at the rows of a guarded table. */
static void
command_on_rows(const GuardCatalog *state, const GuardedTable *guard, Oid relid,
				const AlterTableCmd *cmd)
{
	const char *scan = looks_at_rows(guard, cmd);

	/*
	 * A function in it is shown every row, and what it does with them is not
	 * undone by ROLLBACK where it leaves the server.  In an export table it
	 * may make rows read as if they went to another recipient, without
	 * writing them.
	 */
	if (scan != NULL && guard->read.is_export && computes_column(cmd) &&
		sg_ddl_guard_has_column(guard, cmd->name))
		sg_ddl_tampering(state, scan, guard->relation, cmd->name);
	else if (scan != NULL)
		sg_ddl_rows_seen(scan, guard->relation, cmd->name);
	else if (rewrites(cmd))
		sg_computed_rewrite(state, relid);
}

static void
alter_table(const GuardCatalog *state, const AlterTableStmt *stmt)
{
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	const GuardedTable *own;
	List	   *touched;
	ListCell   *lc;
	ListCell   *guard;

	if (!OidIsValid(relid) || state->guards == NIL)
		return;
	own = sg_ddl_guard_of(state, relid);
	touched = sg_ddl_guards_touched(state, relid);
	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_AttachPartition && IsA(cmd->def, PartitionCmd))
			attach_partition(state, stmt, (const PartitionCmd *) cmd->def);
		if (own != NULL)
			guarded_table_command(state, own, cmd);
		foreach(guard, touched)
			command_on_rows(state, lfirst(guard), relid, cmd);
	}
}

/*
 * A new partition takes rows away from the default one, which is looked
 * through for them.  (A guarded table's own partitions have its own key.)
 */
static void
create_partition(const GuardCatalog *state, const CreateStmt *stmt)
{
	Oid			parent;
	ListCell   *lc;

	if (stmt->partbound == NULL || stmt->inhRelations == NIL)
		return;
	parent = RangeVarGetRelid(linitial_node(RangeVar, stmt->inhRelations),
							  NoLock, true);
	if (!OidIsValid(parent) || sg_ddl_guard_of(state, parent) != NULL)
		return;
	foreach(lc, sg_ddl_guards_touched(state, parent))
		sg_ddl_rows_seen("CREATE TABLE PARTITION OF",
						 ((GuardedTable *) lfirst(lc))->relation,
						 stmt->relation->relname);
}

/*
 * A value of an enum gets another name: rows of an export table would read as
 * if they went to another recipient, although no statement writes them.
 */
static void
alter_enum(const GuardCatalog *state, const AlterEnumStmt *stmt)
{
	Oid			type;
	ListCell   *lc;

	if (stmt->oldVal == NULL)
		return;
	type = typenameTypeId(NULL, makeTypeNameFromNameList(stmt->typeName));
	foreach(lc, sg_computed_relations_using(state, TypeRelationId, type))
	{
		const GuardedTable *guard = sg_ddl_guard_of(state, lfirst_oid(lc));

		if (guard != NULL && guard->read.is_export)
			sg_ddl_tampering(state, "ALTER TYPE RENAME VALUE", guard->relation,
							 NameListToString(stmt->typeName));
	}
}

/* A role that may pass by rights, or read the stream of changes. */
static void
role_options(const char *operation, const char *role, List *options)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "superuser") == 0 ||
			strcmp(option->defname, "bypassrls") == 0 ||
			strcmp(option->defname, "isreplication") == 0)
			sg_ddl_note(operation, role, option->defname);
	}
}

/*
 * A program that the server runs can read the server's files.  Of the command
 * nothing is said: there may be a password in it.
 */
static void
run_program(const CopyStmt *stmt)
{
	sg_ddl_rows_seen(stmt->is_from ? "COPY FROM PROGRAM" : "COPY TO PROGRAM",
					 stmt->relation ? stmt->relation->relname : "a query", NULL);
}

/* Who is bound by such a role is told by it; see note_membership(), too. */
static void
drop_roles(const GuardCatalog *state, const DropRoleStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->roles)
	{
		RoleSpec   *spec = lfirst_node(RoleSpec, lc);
		Oid			role = spec->roletype == ROLESPEC_CSTRING ?
		get_role_oid(spec->rolename, true) : InvalidOid;

		if (OidIsValid(role))
			sg_role_refuse_drop(state, spec->rolename, role);
		if (OidIsValid(role) && sg_ddl_agency_of_role(state, role) != NULL)
			sg_ddl_note("DROP ROLE", spec->rolename,
						sg_ddl_agency_of_role(state, role));
	}
}

/*
 * ALTER SYSTEM of a setting of ours.  The file is changed even if the
 * transaction is rolled back, so it is recorded at once.
 */
static void
alter_system(const GuardCatalog *state, const VariableSetStmt *setting)
{
	const char *name = setting->name ? setting->name : "RESET ALL";

	if (!is_our_setting(setting->name))
		return;
	if (state != NULL)
		sg_command_record_now(superuser() ? NULL : "attempt", "ALTER SYSTEM",
							  name, NULL);
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_SG_GUARD_PROTECTED),
				 errmsg("only a superuser may change \"%s\"",
						setting->name ? setting->name : "all settings"),
				 errdetail("It is one of the settings that keep sharing_guard at work."),
				 errhint("Name other settings one by one, or ask a superuser.")));
}

/*
 * A command on a whole database or on the server's settings, which may be given
 * where the extension is not ("state" is NULL).  Returns false for all others.
 */
static bool
server_command(const GuardCatalog *state, const Node *command)
{
	switch (nodeTag(command))
	{
		case T_DropdbStmt:
			database_command("DROP DATABASE",
							 ((const DropdbStmt *) command)->dbname);
			return true;
		case T_CreatedbStmt:
			{
				ListCell   *lc;

				foreach(lc, ((const CreatedbStmt *) command)->options)
				{
					DefElem    *option = lfirst_node(DefElem, lc);

					if (strcmp(option->defname, "template") == 0 &&
						option->arg != NULL)
						database_command("CREATE DATABASE ... TEMPLATE",
										 defGetString(option));
				}
				return true;
			}
		case T_RenameStmt:
			if (((const RenameStmt *) command)->renameType == OBJECT_DATABASE)
				database_command("ALTER DATABASE RENAME",
								 ((const RenameStmt *) command)->subname);
			return true;
		case T_AlterOwnerStmt:
			if (((const AlterOwnerStmt *) command)->objectType == OBJECT_DATABASE)
				database_command("ALTER DATABASE OWNER",
								 strVal(((const AlterOwnerStmt *) command)->object));
			return true;
		case T_AlterSystemStmt:
			alter_system(state, ((const AlterSystemStmt *) command)->setstmt);
			return true;
		default:
			return false;
	}
}

void
sg_tamper_command(const GuardCatalog *state, const Node *command)
{
	if (server_command(state, command))
		return;
	if (state == NULL)
		return;
	switch (nodeTag(command))
	{
		case T_VariableSetStmt:
			{
				const VariableSetStmt *setting = (const VariableSetStmt *) command;

				/*
				 * A guard's triggers fire all the same, and the command is
				 * recorded.
				 */
				if (setting->name != NULL && state->guards != NIL &&
					setting->kind == VAR_SET_VALUE)
					sg_ddl_tampering(state, psprintf("SET %s", setting->name),
									 get_database_name(MyDatabaseId), NULL);
				break;
			}
		case T_AlterTableStmt:
			if (((const AlterTableStmt *) command)->relation != NULL)
				alter_table(state, (const AlterTableStmt *) command);
			break;
		case T_AlterEnumStmt:
			alter_enum(state, (const AlterEnumStmt *) command);
			break;
		case T_CreateStmt:
			if (state->guards != NIL)
				create_partition(state, (const CreateStmt *) command);
			break;
		case T_CopyStmt:
			if (state->guards != NIL && ((const CopyStmt *) command)->is_program)
				run_program((const CopyStmt *) command);
			break;
		case T_DropStmt:
		case T_DropOwnedStmt:
			sg_drop_check_command(state, command);
			break;
		case T_DropRoleStmt:
			drop_roles(state, (const DropRoleStmt *) command);
			break;
		case T_TruncateStmt:
			{
				ListCell   *lc;

				/* Before the log is locked. */
				foreach(lc, ((const TruncateStmt *) command)->relations)
				{
					if (RangeVarGetRelid(lfirst_node(RangeVar, lc), NoLock,
										 true) == state->event_table)
						sg_tamper_log(state, "TRUNCATE");
				}
				break;
			}
		case T_CreateRoleStmt:
			role_options("CREATE ROLE", ((const CreateRoleStmt *) command)->role,
						 ((const CreateRoleStmt *) command)->options);
			break;
		case T_AlterRoleStmt:
			role_options("ALTER ROLE",
						 get_rolespec_name(((const AlterRoleStmt *) command)->role),
						 ((const AlterRoleStmt *) command)->options);
			break;
		default:
			break;
	}
}
