/*-------------------------------------------------------------------------
 *
 * privileged.c
 *		Functions that only a superuser can call unless EXECUTE was granted.
 *
 * Some of them read the server's files, and so the tables.  Which functions
 * they are is not written here: the server keeps in pg_init_privs what rights
 * an object had when it was made, and these were made without a right of
 * anybody but their owner.
 *
 * The GRANT is recorded, and so is each call that reads files.  Of the others
 * the first call of a session is: a monitor may make them every few seconds.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_init_privs.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "channel/guard/command_event.h"
#include "channel/command/privileged.h"
#include "channel/command/command_record.h"
#include "base/fixed_form.h"
#include "miscadmin.h"
#include "base/run_as_owner.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* OIDs of the server's own functions, sorted; they never change. */
static Oid *privileged = NULL;
static int	nprivileged = 0;

/* Those that were recorded in this session. */
static List *called = NIL;

/* ----------------------------------------------------------------
 *		Which functions
 * ----------------------------------------------------------------
 */

/* Did the function begin without a right of everybody, or of any but one? */
static bool
began_closed(Relation catalog, HeapTuple tuple, bool *superuser_alone)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, Anum_pg_init_privs_initprivs,
									 RelationGetDescr(catalog), &isnull);
	Acl		   *acl = isnull ? NULL : DatumGetAclPCopy(datum);
	bool		closed = true;

	if (acl == NULL)
		return false;
	for (int i = 0; i < ACL_NUM(acl); i++)
	{
		AclItem    *item = &ACL_DAT(acl)[i];

		if (item->ai_grantee == ACL_ID_PUBLIC &&
			(ACLITEM_GET_PRIVS(*item) & ACL_EXECUTE))
			closed = false;
	}
	*superuser_alone = closed && ACL_NUM(acl) <= 1;
	return closed;
}

static void
load_privileged(void)
{
	Relation	catalog = table_open(InitPrivsRelationId, AccessShareLock);
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	List	   *found = NIL;
	ListCell   *lc;
	Oid		   *sorted;
	int			n = 0;

	ScanKeyInit(&key, Anum_pg_init_privs_classoid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(ProcedureRelationId));
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Oid			function = ((Form_pg_init_privs) GETSTRUCT(tuple))->objoid;
		bool		superuser_alone;

		if (function < FirstNormalObjectId &&
			began_closed(catalog, tuple, &superuser_alone) && superuser_alone)
			found = lappend_oid(found, function);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);

	list_sort(found, list_oid_cmp);
	sorted = MemoryContextAlloc(CacheMemoryContext,
								sizeof(Oid) * (list_length(found) + 1));
	foreach(lc, found)
		sorted[n++] = lfirst_oid(lc);
	nprivileged = n;
	privileged = sorted;
}

bool
sg_is_privileged_function(Oid function)
{
	int			low = 0;
	int			high;

	if (function >= FirstNormalObjectId)
		return false;
	if (unlikely(privileged == NULL))
		load_privileged();
	high = nprivileged;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (privileged[middle] == function)
			return true;
		if (privileged[middle] < function)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* What it returns tells: a text or bytes, no figures and no list of names. */
bool
sg_reads_server_files(Oid function)
{
	Oid			type;

	if (!sg_is_privileged_function(function) || get_func_retset(function))
		return false;
	if (function == F_LO_IMPORT_TEXT || function == F_LO_IMPORT_TEXT_OID)
		return true;
	type = get_func_rettype(function);
	return type == TEXTOID || type == BYTEAOID;
}

/* ----------------------------------------------------------------
 *		Calls
 * ----------------------------------------------------------------
 */

bool
sg_privileged_function(Oid function)
{
	const GuardCatalog *state;
	MemoryContext oldcontext;

	/* Those that read files are a disclosure: see copied.c. */
	if (!sg_is_privileged_function(function))
		return false;
	if (superuser() || IsParallelWorker() || sg_owner_query_running() ||
		sg_reads_server_files(function) || list_member_oid(called, function))
		return true;
	state = sg_ddl_state();
	if (state == NULL || state->guards == NIL)
		return true;
	sg_command_record_now(NULL, "CALL", sg_function_name(function), NULL);
	oldcontext = MemoryContextSwitchTo(CacheMemoryContext);
	called = lappend_oid(called, function);
	MemoryContextSwitchTo(oldcontext);
	return true;
}

/* ----------------------------------------------------------------
 *		Rights
 * ----------------------------------------------------------------
 */

/* The names of those to whom it was granted, as one text. */
static char *
names_of(List *grantees)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, grantees)
	{
		RoleSpec   *spec = lfirst_node(RoleSpec, lc);

		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 spec->roletype == ROLESPEC_PUBLIC ? "PUBLIC" :
						 sg_quote_name(get_rolespec_name(spec)));
	}
	return names.data;
}

/*
 * Note the functions that began closed, of an extension or the server's own:
 * this one, or, with InvalidOid, all in the schema.
 */
static void
note_functions(const GuardCatalog *state, const char *operation, Oid only,
			   Oid schema, const char *grantees)
{
	Relation	catalog = table_open(InitPrivsRelationId, AccessShareLock);
	bool		by_index = OidIsValid(only);
	SysScanDesc scan;
	ScanKeyData key[2];
	HeapTuple	tuple;

	ScanKeyInit(&key[0],
				by_index ? Anum_pg_init_privs_objoid : Anum_pg_init_privs_classoid,
				BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(by_index ? only : ProcedureRelationId));
	ScanKeyInit(&key[1], Anum_pg_init_privs_classoid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(ProcedureRelationId));
	scan = systable_beginscan(catalog, InitPrivsObjIndexId, by_index, NULL,
							  by_index ? 2 : 1, key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Oid			function = ((Form_pg_init_privs) GETSTRUCT(tuple))->objoid;
		Oid			namespace = get_func_namespace(function);
		bool		superuser_alone;

		if (!OidIsValid(namespace) || namespace == state->schema ||
			(!by_index && namespace != schema) ||
			!began_closed(catalog, tuple, &superuser_alone))
			continue;
		sg_ddl_note(operation, sg_function_name(function), grantees);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
}

static void
grant_on_functions(const GuardCatalog *state, const GrantStmt *stmt,
				   const char *operation, const char *grantees)
{
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		Oid			function;
		Oid			schema;

		if (stmt->targtype == ACL_TARGET_ALL_IN_SCHEMA)
		{
			schema = get_namespace_oid(strVal(lfirst(lc)), true);
			if (OidIsValid(schema))
				note_functions(state, operation, InvalidOid, schema, grantees);
			continue;
		}
		function = LookupFuncWithArgs(stmt->objtype,
									  lfirst_node(ObjectWithArgs, lc), true);
		if (OidIsValid(function))
			note_functions(state, operation, function, InvalidOid, grantees);
	}
}

void
sg_privileged_grant(const GuardCatalog *state, const GrantStmt *stmt)
{
	const char *operation = stmt->is_grant ? "GRANT" : "REVOKE";
	const char *grantees = names_of(stmt->grantees);
	ListCell   *lc;

	switch (stmt->objtype)
	{
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
			grant_on_functions(state, stmt, operation, grantees);
			break;
		case OBJECT_PARAMETER_ACL:
			/* Each is a setting that only a superuser could change before. */
			foreach(lc, stmt->objects)
				sg_ddl_note(operation,
							psprintf("parameter %s", strVal(lfirst(lc))),
							grantees);
			break;
		case OBJECT_FOREIGN_SERVER:
			foreach(lc, stmt->objects)
				sg_ddl_note(operation,
							psprintf("server %s", strVal(lfirst(lc))),
							grantees);
			break;
		case OBJECT_FDW:
			foreach(lc, stmt->objects)
				sg_ddl_note(operation,
							psprintf("foreign-data wrapper %s", strVal(lfirst(lc))),
							grantees);
			break;
		default:
			break;
	}
}

void
sg_privileged_membership(const char *operation, Oid granted, List *members)
{
	if (OidIsValid(granted) && granted < FirstNormalObjectId && members != NIL)
		sg_ddl_note(operation,
					psprintf("role %s", sg_quote_name(GetUserNameFromId(granted, true))),
					names_of(members));
}
