/*-------------------------------------------------------------------------
 *
 * drop_extension.c
 *		Refuses to drop the extension while its log was not saved elsewhere.
 *
 * The policy, the guards and the log go with the extension, and the extension
 * goes with each object that it depends on: its schema, its owner's objects,
 * another extension.  So it is the drop of the log itself that is refused, to
 * everybody, while a table is protected or while the log has disclosures or
 * attempts that prepare_drop() has not been told are kept elsewhere.
 *
 * A command that names the extension is looked at before it begins, because
 * the server's own error would advise CASCADE, and because the attempt can be
 * recorded only while the log is not locked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "base/compat.h"
#include "base/errcodes.h"
#include "channel/guard/command_event.h"
#include "channel/command/drop_extension.h"
#include "channel/command/command_record.h"
#include "commands/extension.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#define EXTENSION_NAME "sharing_guard"

/* Is it a disclosure, or a refused attempt? */
static bool
is_evidence(TupleTableSlot *slot, AttrNumber kind)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, kind, &isnull);
	text	   *word;

	if (isnull)
		return false;
	word = DatumGetTextPP(value);
	return (VARSIZE_ANY_EXHDR(word) == strlen("disclosure") &&
			memcmp(VARDATA_ANY(word), "disclosure", strlen("disclosure")) == 0) ||
		(VARSIZE_ANY_EXHDR(word) == strlen("attempt") &&
		 memcmp(VARDATA_ANY(word), "attempt", strlen("attempt")) == 0);
}

/*
 * Has the log more disclosures and attempts than these?  A scan and no query,
 * for it may be asked in the midst of a command.
 */
static bool
has_more_events(Oid event_table, int64 than)
{
	Relation	log = table_open(event_table, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TupleTableSlot *slot = table_slot_create(log, NULL);
	TableScanDesc scan = SG_TABLE_BEGINSCAN(log, snapshot);
	AttrNumber	kind = get_attnum(event_table, "kind");
	int64		found = 0;

	while (found <= than &&
		   table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (is_evidence(slot, kind))
			found++;
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	table_close(log, NoLock);
	return found > than;
}

/* Why the extension may not be dropped, or NULL. */
static const char *
obstacle(const GuardCatalog *state)
{
	if (state->guards != NIL)
		return psprintf("%s is protected.",
						((const GuardedTable *) linitial(state->guards))->relation);
	if (has_more_events(state->event_table, state->kept_events))
		return "The log has disclosures or attempts that are kept nowhere else.";
	return NULL;
}

static void
report_obstacle(const char *why, const char *recorded)
{
	ereport(ERROR,
			(errcode(ERRCODE_SG_RECORD_PROTECTED),
			 errmsg("the extension sharing_guard cannot be dropped while it guards anything or its log is not kept"),
			 errdetail("%s The policy and the log would go with it.%s", why,
					   recorded),
			 errhint("SELECT * FROM sharing_guard.prepare_drop(); says what to do first, and how the log is kept.")));
}

/* The extension's owner and schema. */
static bool
find_extension(Oid *owner, Oid *schema)
{
	Oid			extension = get_extension_oid(EXTENSION_NAME, true);
	Relation	rel;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	bool		found;

	if (!OidIsValid(extension))
		return false;
	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(extension));
	scan = systable_beginscan(rel, ExtensionOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found)
	{
		*owner = ((Form_pg_extension) GETSTRUCT(tuple))->extowner;
		*schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* Does the command name the extension, or what it goes with? */
static bool
names_extension(const Node *command)
{
	Oid			owner;
	Oid			schema;
	ListCell   *lc;

	if (IsA(command, DropStmt) &&
		((const DropStmt *) command)->removeType != OBJECT_EXTENSION &&
		((const DropStmt *) command)->removeType != OBJECT_SCHEMA)
		return false;
	if (!find_extension(&owner, &schema))
		return false;
	if (IsA(command, DropOwnedStmt))
	{
		foreach(lc, ((const DropOwnedStmt *) command)->roles)
		{
			if (get_rolespec_oid(lfirst_node(RoleSpec, lc), true) == owner)
				return true;
		}
		return false;
	}
	foreach(lc, ((const DropStmt *) command)->objects)
	{
		const char *name = strVal(lfirst(lc));

		if (((const DropStmt *) command)->removeType == OBJECT_EXTENSION ?
			strcmp(name, EXTENSION_NAME) == 0 :
			(strcmp(name, EXTENSION_NAME) == 0 ||
			 get_namespace_oid(name, true) == schema))
			return true;
	}
	return false;
}

void
sg_drop_check_command(const GuardCatalog *state, const Node *command)
{
	const char *why;
	const char *event_id;

	if (!names_extension(command))
		return;
	why = obstacle(state);
	if (why == NULL)
		return;
	event_id = sg_command_record_refused(IsA(command, DropOwnedStmt) ? "DROP OWNED" :
										 ((const DropStmt *) command)->removeType == OBJECT_SCHEMA ?
										 "DROP SCHEMA" : "DROP EXTENSION",
										 EXTENSION_NAME, NULL);
	report_obstacle(why, psprintf(" The attempt is recorded as event %s.",
								  event_id));
}

/* The log is locked by ourselves by now, so the server log has to do. */
void
sg_drop_check_log(const GuardCatalog *state)
{
	const char *why = obstacle(state);

	if (why == NULL)
		return;
	ereport(LOG_SERVER_ONLY,
			(errmsg("sharing_guard: drop of the extension tried by role \"%s\", logged in as \"%s\", refused",
					GetUserNameFromId(GetUserId(), true),
					GetUserNameFromId(GetSessionUserId(), true)),
			 errhidestmt(true)));
	report_obstacle(why, "");
}
