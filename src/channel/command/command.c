/*-------------------------------------------------------------------------
 *
 * command.c
 *		The hooks on commands and on objects.  Dispatch only.
 *
 * Each hook stands alone and calls the hook installed before it: none of them
 * relies on another of ours having run, for an extension that is loaded later
 * may carry out a command by itself and never ask us.
 *
 * BEGIN, COMMIT, SET and other commands that cannot touch protected objects pay
 * for one switch.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "channel/command/command.h"
#include "channel/command/computed.h"
#include "channel/command/content.h"
#include "channel/command/copied.h"
#include "channel/command/sending_function.h"
#include "channel/command/grant.h"
#include "channel/command/privileged.h"
#include "channel/command/publication.h"
#include "channel/command/command_record.h"
#include "channel/guard/guard_state.h"
#include "channel/read/foreign_key.h"
#include "channel/guard/read_guard.h"
#include "channel/command/tamper.h"
#include "channel/guard/lock_order.h"
#include "channel/command/ways_out.h"
#include "base/compat.h"
#include "miscadmin.h"
#include "tcop/utility.h"

/*
 * The next in the order of hooks.c, which sets it once; of the second, or
 * NULL.
 */
static ProcessUtility_hook_type next_ProcessUtility;
static object_access_hook_type next_object_access;


/* The command at work: what objects are dropped by, or made by. */
static const Node *current_command = NULL;


void
sg_ddl_init(void)
{
	sg_ddl_state_init();
	sg_ddl_record_init();

}

/* May a command of this kind touch what is protected? */
static bool
is_of_interest(const Node *command)
{
	switch (nodeTag(command))
	{
		case T_AlterDatabaseStmt:
		case T_AlterDefaultPrivilegesStmt:
		case T_AlterDomainStmt:
		case T_AlterEnumStmt:
		case T_AlterEventTrigStmt:
		case T_AlterExtensionContentsStmt:
		case T_AlterExtensionStmt:
		case T_AlterForeignServerStmt:
		case T_AlterFunctionStmt:
		case T_AlterObjectSchemaStmt:
		case T_AlterOwnerStmt:
		case T_AlterPolicyStmt:
		case T_AlterPublicationStmt:
		case T_AlterRoleStmt:
		case T_AlterTableStmt:
		case SG_T_CLUSTER_STMT:
		case T_CreateForeignTableStmt:
		case T_CreateFunctionStmt:
		case T_CreatePolicyStmt:
		case T_CreatePublicationStmt:
		case T_CreateRoleStmt:
		case T_CreateStatsStmt:
		case T_CreateStmt:
		case T_CreateTableAsStmt:
		case T_CreateTrigStmt:
		case T_CreatedbStmt:
		case T_DropOwnedStmt:
		case T_DropRoleStmt:
		case T_DropStmt:
		case T_DropdbStmt:
		case T_ExplainStmt:
		case T_GrantRoleStmt:
		case T_GrantStmt:
		case T_IndexStmt:
		case T_ReassignOwnedStmt:
		case T_RefreshMatViewStmt:
		case T_ReindexStmt:
		case T_RenameStmt:
		case T_RuleStmt:
		case T_TruncateStmt:
		case T_VacuumStmt:
			return true;
		case T_AlterSystemStmt:
			{
				const char *name = ((const AlterSystemStmt *) command)->setstmt->name;

				/*
				 * The emergency switch is never refused; the writer records
				 * it.
				 */
				return name == NULL || !superuser() ||
					pg_strcasecmp(name, "sharing_guard.emergency_observe") != 0;
			}
		case T_LockStmt:
			sg_lock_command((const LockStmt *) command);
			return false;
		case T_VariableSetStmt:
			{
				/* Two settings matter; the name is NULL for RESET ALL. */
				const char *name = ((const VariableSetStmt *) command)->name;

				return name != NULL &&
					(pg_strcasecmp(name, "session_replication_role") == 0 ||
					 pg_strcasecmp(name, "event_triggers") == 0);
			}
		default:
			return sg_ways_of_interest(command);
	}
}

/*
 * A function by itself, so that other commands need no room for it on the
 * stack.
 */
static pg_noinline void
look_at_command(PROCESS_UTILITY_PARAMS)
{
	const Node *command = pstmt->utilityStmt;
	const Node *outer_command = current_command;
	CopyAtWork	outer_copy;
	void	   *content;

	sg_tamper_command(sg_ddl_state(), command);
	sg_computed_command(sg_ddl_state(), command);
	sg_ways_command(sg_ddl_state(), command, outer_command);
	content = sg_content_before(sg_ddl_state(), command);
	sg_copied_begin(command, &outer_copy);
	current_command = command;
	PG_TRY();
	{
		const GuardCatalog *state;

		next_ProcessUtility(PROCESS_UTILITY_ARGS);

		/* What it has made of the catalogs, before anybody else sees it. */
		state = sg_ddl_state();
		sg_tamper_executed(state, command);
		sg_content_executed(state, command, content);
		sg_grant_command(state, command);
		sg_publication_command(state, command);
		sg_copied_command(state, command);
		sg_ddl_write_noted();
	}
	PG_FINALLY();
	{
		current_command = outer_command;
		sg_copied_end(&outer_copy);
	}
	PG_END_TRY();
}

static void
ddl_ProcessUtility(PROCESS_UTILITY_PARAMS)
{
	if (is_of_interest(pstmt->utilityStmt))
		look_at_command(PROCESS_UTILITY_ARGS);
	else
		next_ProcessUtility(PROCESS_UTILITY_ARGS);
}

ProcessUtility_hook_type
sg_ddl_wrap_ProcessUtility(ProcessUtility_hook_type next)
{
	next_ProcessUtility = next;
	return ddl_ProcessUtility;
}

/* What is neither a search of schemas nor a call of a function. */
static pg_noinline void
look_at_object(ObjectAccessType access, Oid classId, Oid objectId, int subId,
			   void *arg)
{
	const GuardCatalog *state;

	/*
	 * As it was read when the command began: in the midst of a change of the
	 * catalogs nothing may be executed.
	 */
	state = sg_guard_catalog_as_read();
	if (state == NULL)
		return;
	if (access == OAT_POST_CREATE && classId == RelationRelationId && subId == 0)
		sg_copied_made(current_command, objectId);
	sg_tamper_object(state, current_command, access, classId, objectId, subId,
					 arg);
}

/*
 * The server's own functions that were looked at and are none of those that the
 * files below look for: most of a statement's functions, a bit for each.
 */
static uint8 harmless[FirstNormalObjectId / 8];

static pg_noinline void
function_made_ready(Oid function)
{
	bool		of_interest;

	if (likely(function < FirstNormalObjectId) &&
		likely(harmless[function / 8] & (1 << function % 8)))
		return;
	of_interest = sg_computed_function(function);
	of_interest |= sg_privileged_function(function);
	of_interest |= sg_ways_function(function);
	of_interest |= sg_sending_function(function);
	if (function < FirstNormalObjectId)
	{
		if (!of_interest)
			harmless[function / 8] |= 1 << function % 8;
	}
	else if (InNoForceRLSOperation())
		sg_foreign_key_function();
}

static pg_noinline void
call_next_object_access(ObjectAccessType access, Oid classId, Oid objectId,
						int subId, void *arg)
{
	next_object_access(access, classId, objectId, subId, arg);
	if (access == OAT_FUNCTION_EXECUTE)
	{
		if (sg_guard_possible)
			function_made_ready(objectId);
	}
	else if (access != OAT_NAMESPACE_SEARCH)
		look_at_object(access, classId, objectId, subId, arg);
}

static void
ddl_object_access(ObjectAccessType access, Oid classId, Oid objectId,
				  int subId, void *arg)
{
	if (unlikely(next_object_access != NULL))
		call_next_object_access(access, classId, objectId, subId, arg);
	else if (likely(access == OAT_FUNCTION_EXECUTE))
	{
		if (unlikely(sg_guard_possible))
			function_made_ready(objectId);
	}
	else if (access != OAT_NAMESPACE_SEARCH)
		look_at_object(access, classId, objectId, subId, arg);
}

object_access_hook_type
sg_ddl_wrap_object_access(object_access_hook_type next)
{
	next_object_access = next;
	return ddl_object_access;
}
