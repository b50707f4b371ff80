/*-------------------------------------------------------------------------
 *
 * tamper.c
 *		Commands that take a guard, or the record, away.
 *
 * There are many ways to say the same thing in SQL (DROP TRIGGER, DROP
 * FUNCTION ... CASCADE, DROP OWNED, in a DO block or a function), and names may
 * be changed while a command waits for its lock.  So what is looked at is the
 * object, by its OID, at the moment when the server itself drops or alters it;
 * commands are looked at only for what the server does not tell of objects.
 *
 * Whether a superuser or maintenance lets it pass is decided in one place:
 * sg_ddl_tampering().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "channel/guard/command_event.h"
#include "channel/command/cloned.h"
#include "channel/command/computed.h"
#include "channel/command/drop_extension.h"
#include "channel/command/command_record.h"
#include "channel/command/bound_object.h"
#include "channel/command/tamper.h"
#include "channel/guard/inheritance.h"
#include "channel/guard/triggers.h"
#include "base/compat.h"
#include "base/fixed_form.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* What we put on tables of others begins with this. */
#define OUR_PREFIX "sharing_guard"

/* The function that the current command has created or replaced. */
static Oid	function_made = InvalidOid;

/* ----------------------------------------------------------------
 *		Objects as they are and as they become
 * ----------------------------------------------------------------
 */

/*
 * The row of a catalog for this object, as the command in progress has left
 * it; a palloc'd copy, or NULL.
 */
static HeapTuple
changed_tuple(Oid catalog, Oid index, AttrNumber oid_column, Oid object,
			  TupleDesc *desc)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;

	ScanKeyInit(&key, oid_column, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(object));
	scan = systable_beginscan(rel, index, true, SnapshotSelf, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	if (desc != NULL)
		*desc = CreateTupleDescCopy(RelationGetDescr(rel));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return tuple;
}

static char *
qualified_name(Oid relid)
{
	char	   *name = sg_relation_name(relid);

	return name != NULL ? name : psprintf("relation %u", relid);
}

static bool
starts_with(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}

/* Is it one of the functions that a guard's triggers call? */
static bool
is_our_function(const GuardCatalog *state, Oid function)
{
	for (int i = 0; i < lengthof(state->trigger_functions); i++)
	{
		if (OidIsValid(function) && state->trigger_functions[i] == function)
			return true;
	}
	return false;
}

static bool
is_our_trigger_name(const char *name)
{
	return strcmp(name, EXPORT_TRIGGER_NAME) == 0 ||
		strcmp(name, SKIP_TRIGGER_NAME) == 0 ||
		strcmp(name, STATEMENT_TRIGGER_NAME) == 0;
}

/* Does the command drop whole tables, with all that hangs on them? */
static bool
drops_tables(const Node *command)
{
	if (command == NULL)
		return false;
	if (IsA(command, DropOwnedStmt))
		return true;
	if (!IsA(command, DropStmt))
		return false;
	switch (((const DropStmt *) command)->removeType)
	{
		case OBJECT_TABLE:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_SCHEMA:
		case OBJECT_TYPE:
			return true;
		default:
			return false;
	}
}

/*
 * A table of our own schema.  What is done to the log itself is told in the
 * server log: the table is locked, and may be of no use when the command is
 * over.
 */
static void
own_table_altered(const GuardCatalog *state, const char *operation, Oid relid,
				  const char *key)
{
	if (relid != state->event_table)
	{
		sg_ddl_tampering(state, operation, qualified_name(relid), key);
		return;
	}
	if (!superuser())
		sg_ddl_tampering(state, operation, qualified_name(relid), key);
	ereport(LOG_SERVER_ONLY,
			(errmsg("sharing_guard: %s of the audit log (%s) by role \"%s\", logged in as \"%s\"",
					operation, key ? key : "the table",
					GetUserNameFromId(GetUserId(), true),
					GetUserNameFromId(GetSessionUserId(), true)),
			 errhidestmt(true)));
}

/* ----------------------------------------------------------------
 *		Dropped
 * ----------------------------------------------------------------
 */

static void
relation_dropped(const GuardCatalog *state, Oid relid, int column)
{
	const GuardedTable *guard = sg_ddl_guard_of(state, relid);
	char	   *name;

	/* Tables of ours go with the extension alone. */
	if (relid == state->event_table && column == 0)
		sg_drop_check_log(state);
	if (column > 0 && get_rel_namespace(relid) == state->schema)
		own_table_altered(state, "DROP COLUMN", relid,
						  get_attname(relid, column, true));
	if (guard == NULL)
		return;
	if (column == 0)
	{
		/*
		 * A partition may go: its rows go with it, and the guard stays above.
		 * What a superuser drops, follow_drop() puts on record.
		 */
		if (guard->read.relid != relid)
			sg_ddl_note("DROP TABLE", qualified_name(relid), guard->relation);
		else if (!superuser())
			sg_ddl_tampering(state, "DROP TABLE", guard->relation, NULL);
		return;
	}
	name = get_attname(relid, column, true);
	if (sg_ddl_guard_has_column(guard, name))
		sg_ddl_tampering(state, "DROP COLUMN", guard->relation, name);
}

static void
trigger_dropped(const GuardCatalog *state, const Node *command, Oid trigger)
{
	HeapTuple	tuple = changed_tuple(TriggerRelationId, TriggerOidIndexId,
									  Anum_pg_trigger_oid, trigger, NULL);
	Form_pg_trigger form;
	const GuardedTable *guard;

	if (tuple == NULL)
		return;
	form = (Form_pg_trigger) GETSTRUCT(tuple);

	/* With its table it may go, if the table may. */
	if (get_rel_namespace(form->tgrelid) == state->schema)
	{
		if (command == NULL || !IsA(command, DropStmt) ||
			((const DropStmt *) command)->removeType != OBJECT_EXTENSION)
			own_table_altered(state, "DROP TRIGGER", form->tgrelid,
							  pstrdup(NameStr(form->tgname)));
	}
	else if (is_our_function(state, form->tgfoid) &&
			 !OidIsValid(form->tgparentid) && !drops_tables(command) &&
			 (guard = sg_ddl_guard_of(state, form->tgrelid)) != NULL)
		sg_ddl_tampering(state, "DROP TRIGGER", qualified_name(form->tgrelid),
						 pstrdup(NameStr(form->tgname)));
}

/*
 * A policy of row-level security: filter_reads needs its own, and the
 * expressions of any other are shown the rows.
 */
static void
policy_changed(const GuardCatalog *state, const char *operation, Oid policy)
{
	HeapTuple	tuple = changed_tuple(PolicyRelationId, PolicyOidIndexId,
									  Anum_pg_policy_oid, policy, NULL);
	Form_pg_policy form;
	const GuardedTable *guard;

	if (tuple == NULL)
		return;
	form = (Form_pg_policy) GETSTRUCT(tuple);
	guard = sg_ddl_guard_of(state, form->polrelid);
	if (guard == NULL)
		return;
	if (guard->read.filter_reads && strcmp(operation, "CREATE POLICY") != 0)
		sg_ddl_tampering(state, operation, qualified_name(form->polrelid),
						 pstrdup(NameStr(form->polname)));
	else if (strcmp(operation, "DROP POLICY") != 0)
		sg_ddl_note_for_good(operation, qualified_name(form->polrelid),
							 pstrdup(NameStr(form->polname)));
}

/* The name of a foreign server or a publication that stands for an agency. */
static const char *
bound_name(const GuardCatalog *state, Oid classId, Oid objectId)
{
	const char *name;

	if (classId == ForeignServerRelationId)
	{
		ForeignServer *server = GetForeignServerExtended(objectId,
														 FSV_MISSING_OK);

		name = server ? server->servername : NULL;
		return sg_ddl_agency_of_name(state->servers, name) ? name : NULL;
	}
	name = get_publication_name(objectId, true);
	return sg_ddl_agency_of_name(state->publications, name) ? name : NULL;
}

static void
object_dropped(const GuardCatalog *state, const Node *command, Oid classId,
			   Oid objectId, int subId)
{
	switch (classId)
	{
		case RelationRelationId:
			relation_dropped(state, objectId, subId);
			break;
		case TriggerRelationId:
			trigger_dropped(state, command, objectId);
			break;
		case PolicyRelationId:
			if (!drops_tables(command))
				policy_changed(state, "DROP POLICY", objectId);
			break;
		case ForeignServerRelationId:
			{
				const char *name = bound_name(state, classId, objectId);

				if (name != NULL)
					sg_ddl_tampering(state, "DROP SERVER", name, NULL);
				break;
			}
		case EventTriggerRelationId:
			{
				HeapTuple	tuple = SearchSysCache1(EVENTTRIGGEROID,
													ObjectIdGetDatum(objectId));

				if (HeapTupleIsValid(tuple))
				{
					char	   *name = pstrdup(NameStr(((Form_pg_event_trigger) GETSTRUCT(tuple))->evtname));

					ReleaseSysCache(tuple);
					if (starts_with(name, OUR_PREFIX))
						sg_ddl_tampering(state, "DROP EVENT TRIGGER", name, NULL);
				}
				break;
			}
		case ExtensionRelationId:
			if (objectId == get_extension_oid(OUR_PREFIX, true))
				sg_ddl_tampering(state, "DROP EXTENSION", OUR_PREFIX, NULL);
			break;
		default:
			break;
	}
}

/* ----------------------------------------------------------------
 *		Made or altered
 * ----------------------------------------------------------------
 */

/* Since PostgreSQL 17 a role that was granted the setting can. */
static bool
event_triggers_off(void)
{
	const char *value = GetConfigOption("event_triggers", true, false);

	return value != NULL && strcmp(value, "off") == 0;
}

/*
 * A child has come under a table, or has left it.  What the server reports is
 * the same: whether the row of pg_inherits is still there makes the difference.
 */
static void
inheritance_changed(const GuardCatalog *state, Oid child, Oid parent)
{
	const GuardedTable *guard = sg_ddl_guard_of(state, parent);
	const GuardedTable *own = sg_ddl_guard_of(state, child);
	Relation	inherits;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	bool		attached = false;

	if (guard == NULL)
	{
		if (own != NULL)
			sg_ddl_note("ALTER TABLE", qualified_name(child),
						psprintf("under %s", qualified_name(parent)));
		return;
	}

	inherits = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(child));
	scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true,
							  SnapshotSelf, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		attached |= ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent == parent;
	systable_endscan(scan);
	table_close(inherits, AccessShareLock);

	/*
	 * Rows that come in without being written are not decided on; nor are
	 * those of a child that is not given triggers, as an event trigger of
	 * ours does.
	 */
	if (!attached)
		sg_ddl_tampering(state, "DETACH", guard->relation,
						 qualified_name(child));
	else if (!guard->read.is_export)
		return;
	else if (sg_inheritance_has_rows(child))
	{
		sg_ddl_tampering(state, "ATTACH of rows", guard->relation,
						 qualified_name(child));
		sg_cloned_child(guard, child, true);
		return;
	}
	else if (event_triggers_off())
		sg_ddl_tampering(state, "ATTACH with event_triggers off",
						 guard->relation, qualified_name(child));
	if (attached)
		sg_cloned_child(guard, child, false);
}

static void
relation_altered(const GuardCatalog *state, Oid relid, int column)
{
	const GuardedTable *guard = sg_ddl_guard_of(state, relid);
	HeapTuple	old_tuple;
	HeapTuple	new_tuple;

	if (guard == NULL)
		return;
	if (column > 0)
	{
		char	   *name = get_attname(relid, column, true);
		Relation	rel;
		SysScanDesc scan;
		ScanKeyData key[2];
		Oid			old_type;
		int32		typmod;
		Oid			collation;

		if (!sg_ddl_guard_has_column(guard, name))
			return;
		get_atttypetypmodcoll(relid, column, &old_type, &typmod, &collation);
		rel = table_open(AttributeRelationId, AccessShareLock);
		ScanKeyInit(&key[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber,
					F_OIDEQ, ObjectIdGetDatum(relid));
		ScanKeyInit(&key[1], Anum_pg_attribute_attnum, BTEqualStrategyNumber,
					F_INT2EQ, Int16GetDatum(column));
		scan = systable_beginscan(rel, AttributeRelidNumIndexId, true,
								  SnapshotSelf, 2, key);
		new_tuple = systable_getnext(scan);
		if (HeapTupleIsValid(new_tuple) &&
			((Form_pg_attribute) GETSTRUCT(new_tuple))->atttypid != old_type)
			sg_ddl_tampering(state, "ALTER COLUMN TYPE", guard->relation, name);
		systable_endscan(scan);
		table_close(rel, AccessShareLock);
		return;
	}

	/* A new name is followed and recorded elsewhere; a new owner is not. */
	old_tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	new_tuple = changed_tuple(RelationRelationId, ClassOidIndexId,
							  Anum_pg_class_oid, relid, NULL);
	if (HeapTupleIsValid(old_tuple) && new_tuple != NULL)
	{
		Oid			old_owner = ((Form_pg_class) GETSTRUCT(old_tuple))->relowner;
		Oid			new_owner = ((Form_pg_class) GETSTRUCT(new_tuple))->relowner;

		ReleaseSysCache(old_tuple);
		if (old_owner != new_owner)
			sg_ddl_tampering(state, "ALTER TABLE OWNER", qualified_name(relid),
							 GetUserNameFromId(new_owner, true));
	}
	else if (HeapTupleIsValid(old_tuple))
		ReleaseSysCache(old_tuple);
}

static void
trigger_altered(const GuardCatalog *state, Oid trigger, bool made)
{
	TupleDesc	desc;
	HeapTuple	tuple = changed_tuple(TriggerRelationId, TriggerOidIndexId,
									  Anum_pg_trigger_oid, trigger, &desc);
	Form_pg_trigger form;
	const GuardedTable *guard;
	char	   *name;
	bool		ours;
	bool		intact;

	if (tuple == NULL)
		return;
	form = (Form_pg_trigger) GETSTRUCT(tuple);
	name = pstrdup(NameStr(form->tgname));
	if (get_rel_namespace(form->tgrelid) == state->schema)
	{
		own_table_altered(state, made ? "CREATE TRIGGER" : "ALTER TRIGGER",
						  form->tgrelid, name);
		return;
	}
	guard = sg_ddl_guard_of(state, form->tgrelid);
	if (guard == NULL || form->tgisinternal)
		return;

	/* mend_tree() makes them whole; see the same test in triggers.c. */
	ours = is_our_function(state, form->tgfoid);
	intact = form->tgenabled == TRIGGER_FIRES_ALWAYS &&
		is_our_trigger_name(name) && !form->tgdeferrable &&
		heap_attisnull(tuple, Anum_pg_trigger_tgqual, desc) &&
		form->tgattr.dim1 == 0;
	if (!made)
	{
		if (ours && !intact)
			sg_ddl_tampering(state, "DISABLE TRIGGER",
							 qualified_name(form->tgrelid), name);
	}
	else if (ours ? !intact : is_our_trigger_name(name))
	{
		/* A superuser's are a restore, or mended by protect_export(). */
		if (!superuser() || !ours)
			sg_ddl_tampering(state, "CREATE TRIGGER",
							 qualified_name(form->tgrelid), name);
	}
	else if (!ours)
	{
		/* The function will be called with each row. */
		sg_ddl_note_for_good("CREATE TRIGGER", qualified_name(form->tgrelid), name);
	}
}

static void
rule_made(const GuardCatalog *state, Oid rule)
{
	HeapTuple	tuple = changed_tuple(RewriteRelationId, RewriteOidIndexId,
									  Anum_pg_rewrite_oid, rule, NULL);
	Form_pg_rewrite form;

	if (tuple == NULL)
		return;
	form = (Form_pg_rewrite) GETSTRUCT(tuple);

	/* Rows would be written elsewhere, or not where they are decided on. */
	if (sg_ddl_guard_of(state, form->ev_class) != NULL)
		sg_ddl_tampering(state, "CREATE RULE", qualified_name(form->ev_class),
						 pstrdup(NameStr(form->rulename)));
	else if (get_rel_namespace(form->ev_class) == state->schema &&
			 get_rel_relkind(form->ev_class) == RELKIND_RELATION)
		own_table_altered(state, "CREATE RULE", form->ev_class,
						  pstrdup(NameStr(form->rulename)));
}

/* An object of our own schema: only a superuser could, and it is seen. */
static void
our_object_altered(const GuardCatalog *state, const char *operation, Oid classId,
				   Oid objectId)
{
	HeapTuple	tuple;

	if (classId == RelationRelationId)
	{
		if (get_rel_namespace(objectId) == state->schema)
			own_table_altered(state, operation, objectId, NULL);
	}
	else if (classId == ProcedureRelationId)
	{
		tuple = changed_tuple(ProcedureRelationId, ProcedureOidIndexId,
							  Anum_pg_proc_oid, objectId, NULL);
		if (tuple != NULL &&
			((Form_pg_proc) GETSTRUCT(tuple))->pronamespace == state->schema)
			sg_ddl_tampering(state, operation,
							 psprintf("%s.%s", OUR_PREFIX,
									  NameStr(((Form_pg_proc) GETSTRUCT(tuple))->proname)),
							 NULL);
	}
	else if (classId == EventTriggerRelationId)
	{
		tuple = changed_tuple(EventTriggerRelationId, EventTriggerOidIndexId,
							  Anum_pg_event_trigger_oid, objectId, NULL);
		if (tuple != NULL &&
			starts_with(NameStr(((Form_pg_event_trigger) GETSTRUCT(tuple))->evtname), OUR_PREFIX))
			sg_ddl_tampering(state, operation,
							 pstrdup(NameStr(((Form_pg_event_trigger) GETSTRUCT(tuple))->evtname)),
							 NULL);
	}
	else if (classId == ExtensionRelationId)
	{
		if (objectId == get_extension_oid(OUR_PREFIX, true))
			sg_ddl_tampering(state, operation, OUR_PREFIX, NULL);
	}
	else if (classId == NamespaceRelationId && objectId == state->schema)
		sg_ddl_tampering(state, operation, OUR_PREFIX, NULL);
}

static void
object_made(const GuardCatalog *state, Oid classId, Oid objectId, int subId)
{
	switch (classId)
	{
		case RelationRelationId:
			/* A column. */
			if (subId > 0)
				our_object_altered(state, "ALTER TABLE", classId, objectId);
			break;
		case TriggerRelationId:
			trigger_altered(state, objectId, true);
			break;
		case PolicyRelationId:
			policy_changed(state, "CREATE POLICY", objectId);
			break;
		case RewriteRelationId:
			rule_made(state, objectId);
			break;
		case ProcedureRelationId:
			our_object_altered(state, "CREATE FUNCTION", classId, objectId);
			function_made = objectId;
			break;
		default:
			break;
	}
}

static void
object_altered(const GuardCatalog *state, Oid classId, Oid objectId, int subId,
			   Oid auxiliary)
{
	const char *name;

	switch (classId)
	{
		case RelationRelationId:
			relation_altered(state, objectId, subId);
			our_object_altered(state, "ALTER TABLE", classId, objectId);
			break;
		case TriggerRelationId:
			trigger_altered(state, objectId, false);
			break;
		case RewriteRelationId:
			rule_made(state, objectId);
			break;
		case InheritsRelationId:
			inheritance_changed(state, objectId, auxiliary);
			break;
		case PolicyRelationId:
			policy_changed(state, "ALTER POLICY", objectId);
			break;
		case ForeignServerRelationId:
			name = bound_name(state, classId, objectId);
			if (name != NULL)
				sg_ddl_tampering(state, "ALTER SERVER", name, NULL);
			break;
		case ProcedureRelationId:
			our_object_altered(state, "ALTER FUNCTION", classId, objectId);
			function_made = objectId;
			break;
		case EventTriggerRelationId:
			our_object_altered(state, "ALTER EVENT TRIGGER", classId, objectId);
			break;
		case ExtensionRelationId:
			our_object_altered(state, "ALTER EXTENSION", classId, objectId);
			break;
		case NamespaceRelationId:
			our_object_altered(state, "ALTER SCHEMA", classId, objectId);
			break;
		default:
			break;
	}
}

void
sg_tamper_object(const GuardCatalog *state, const Node *command,
				 ObjectAccessType access, Oid classId, Oid objectId, int subId,
				 void *arg)
{
	/* Our own script, and what other extensions' scripts make, is new. */
	if (creating_extension && access != OAT_DROP)
		return;

	switch (access)
	{
		case OAT_DROP:
			if (arg != NULL &&
				(((ObjectAccessDrop *) arg)->dropflags & PERFORM_DELETION_INTERNAL))
				return;
			object_dropped(state, command, classId, objectId, subId);
			break;
		case OAT_POST_CREATE:
			if (classId == TriggerRelationId)
				sg_cloned_trigger(state, objectId);
			if (arg != NULL && ((ObjectAccessPostCreate *) arg)->is_internal)
				return;
			if (classId == InheritsRelationId)
				break;
			object_made(state, classId, objectId, subId);
			break;
		case OAT_POST_ALTER:
			if (arg != NULL && ((ObjectAccessPostAlter *) arg)->is_internal)
				return;
			object_altered(state, classId, objectId, subId,
						   arg != NULL ? ((ObjectAccessPostAlter *) arg)->auxiliary_id : InvalidOid);
			break;
		default:
			break;
	}
}

/*
 * The log refuses by itself, everybody, and the attempt would go with the
 * transaction.  Where that has locked the log already, the writer could not
 * write to it, and the server log has to do.
 */
void
sg_tamper_log(const GuardCatalog *state, const char *operation)
{
	Relation	log = table_open(state->event_table, AccessShareLock);
	bool		locked = CheckRelationLockedByMe(log, ShareLock, true);

	table_close(log, AccessShareLock);
	if (!locked)
		sg_command_record_now("attempt", operation, "sharing_guard.event", NULL);
	else
		ereport(LOG_SERVER_ONLY,
				(errmsg("sharing_guard: %s of the audit log tried by role \"%s\", logged in as \"%s\"",
						operation, GetUserNameFromId(GetUserId(), true),
						GetUserNameFromId(GetSessionUserId(), true)),
				 errhidestmt(true)));
}

void
sg_tamper_executed(const GuardCatalog *state, const Node *command)
{
	Oid			function = function_made;

	function_made = InvalidOid;
	if (state != NULL && IsA(command, DropOwnedStmt))
		sg_role_owned_dropped(state, (const DropOwnedStmt *) command);
	else if (state != NULL && IsA(command, RenameStmt))
		sg_role_binding_renamed(state, (const RenameStmt *) command);
	if (state != NULL && state->guards != NIL && OidIsValid(function))
		sg_computed_function_made(state, command, function);
}
