/*-------------------------------------------------------------------------
 *
 * change.c
 *		Notices every change of a policy table.
 *
 * A trigger, not a hook, so that it is there for SQL, COPY, logical
 * replication and whatever else changes rows; ENABLE ALWAYS, so that a
 * restore or a replica session cannot leave other sessions with an old
 * policy.
 *
 * Each statement makes one revision and each row that it changes one event,
 * all in the transaction that makes the change: the record never tells of a
 * policy that was not in force, nor does a policy come into force unrecorded.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "policy/change.h"
#include "operational.h"
#include "own_rights.h"

PG_FUNCTION_INFO_V1(sg_policy_changed);

PolicyChangeCallback sg_policy_change_callback = NULL;

/* The last transaction in which this session has changed the policy. */
static FullTransactionId changed_in = {0};

/*
 * Has the current transaction changed the policy?  Then what it decides, it
 * decides under a revision that no one else will see if it is rolled back, and
 * whose number the next change will get.
 */
bool
sg_policy_changed_in_transaction(void)
{
	FullTransactionId current = GetTopFullTransactionIdIfAny();

	return FullTransactionIdIsValid(changed_in) &&
		FullTransactionIdEquals(changed_in, current);
}

/*
 * Do two rows of a table hold the same values?
 *
 * Compared as they are stored (toasted ones by their content), not by an
 * equality operator: "=" of a type may call equal what reads differently, and
 * that is a change to be recorded.
 */
static bool
rows_equal(HeapTuple a, HeapTuple b, TupleDesc desc)
{
	for (int i = 1; i <= desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i - 1);
		bool		anull;
		bool		bnull;
		Datum		aval;
		Datum		bval;

		if (att->attisdropped)
			continue;
		aval = heap_getattr(a, i, desc, &anull);
		bval = heap_getattr(b, i, desc, &bnull);
		if (anull != bnull)
			return false;
		if (!anull &&
			!datum_image_eq(aval, bval, att->attbyval, att->attlen))
			return false;
	}
	return true;
}

/*
 * Relations print with their schema unless the reader's search_path has it;
 * in the record they are to have it always.
 *
 * Returns what AtEOXact_GUC() takes to undo it.  After an error the end of the
 * transaction, or subtransaction, undoes it.
 */
static int
pin_output_settings(void)
{
	int			nest_level = NewGUCNestLevel();

	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	(void) set_config_option("bytea_output", "hex",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	return nest_level;
}

/*
 * The row with its columns by name, for the record; palloc'd.  Dates are in
 * ISO form, whatever DateStyle the session has.
 */
static char *
row_as_json(HeapTuple row, TupleDesc desc)
{
	int			nest_level = pin_output_settings();
	Datum		composite = heap_copy_tuple_as_datum(row, desc);
	Datum		json = DirectFunctionCall1(row_to_json, composite);

	AtEOXact_GUC(true, nest_level);
	return TextDatumGetCString(json);
}

/*
 * The values of the key columns, which the trigger's arguments name, with "/"
 * between; palloc'd.  Errors out where one of them is no longer there.
 */
static char *
row_key(HeapTuple row, TupleDesc desc, const Trigger *trigger)
{
	StringInfoData key;

	initStringInfo(&key);
	for (int i = 0; i < trigger->tgnargs; i++)
	{
		int			column = SPI_fnumber(desc, trigger->tgargs[i]);
		char	   *value;

		if (column <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("trigger \"%s\" names a key column \"%s\" that is not there",
							trigger->tgname, trigger->tgargs[i]),
					 errhint("Create the trigger again with the columns of the primary key as its arguments.")));
		value = SPI_getvalue(row, desc, column);
		if (i > 0)
			appendStringInfoChar(&key, '/');
		appendStringInfoString(&key, value ? value : "");
	}
	return key.data;
}

/* Counts one up in the only row of the table, and takes what it is then. */
static void
count_up(void *arg)
{
	int64	   *revision = arg;
	bool		isnull;

	if (SPI_execute("UPDATE sharing_guard.policy_revision"
					" SET revision = revision OPERATOR(pg_catalog.+) 1"
					" RETURNING revision", false, 0) != SPI_OK_UPDATE_RETURNING ||
		SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("table sharing_guard.policy_revision does not hold exactly one row"),
				 errhint("Insert a row whose revision is greater than any in the audit.")));
	*revision = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
											SPI_tuptable->tupdesc, 1,
											&isnull));
}

/*
 * Make a new revision and return its number; errors out where the table that
 * counts them is damaged.
 *
 * As the owner of that table: whoever may change a policy table has no rights
 * on this one.  The row stays locked until commit, so changes of policy wait
 * for one another and no number is given twice; rows that are being exported
 * wait for nobody.
 */
static int64
make_revision(void)
{
	Oid			relid = sg_own_table("policy_revision");
	int64		revision = 0;

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table sharing_guard.policy_revision is missing"),
				 errhint("The extension is damaged; restore the table from a backup.")));
	sg_with_own_rights(relid, count_up, &revision);

	/* Also where the changed table itself is none that policy is made of. */
	CacheInvalidateRelcacheByRelid(relid);
	return revision;
}

/*
 * Does a superuser take a guard off, or prepare the drop of the extension, in a
 * server that was restarted without the library?  Rows of guarded tables are
 * refused there, and this is the way back.  It is recorded like any change.
 */
static bool
is_way_back(const TriggerData *trigdata)
{
	const char *table = RelationGetRelationName(trigdata->tg_relation);

	if (!superuser_arg(GetSessionUserId()))
		return false;
	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		return strcmp(table, "guard") == 0 || strcmp(table, "guard_column") == 0;
	return TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) &&
		strcmp(table, "drop_preparation") == 0;
}

/*
 * sharing_guard.policy_changed() returns trigger
 *
 * AFTER each changed row, or AFTER TRUNCATE, of every policy table; the
 * arguments name the key columns.  Has all sessions read the policy again,
 * makes a revision, and has the change recorded.  Errors out where the library
 * is not at work, since then neither would happen.
 */
Datum
sg_policy_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	TupleDesc	desc;
	HeapTuple	old_row = NULL;
	HeapTuple	new_row = NULL;
	PolicyChange change = {0};
	int64	   *statement_revision;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("policy_changed() can be called as a trigger only")));

	/* A restore by pg_upgrade neither decides nor records. */
	if (IsBinaryUpgrade)
		return PointerGetDatum(NULL);

	if (!is_way_back(trigdata))
		sg_require_operational();

	desc = RelationGetDescr(trigdata->tg_relation);
	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
	{
		change.operation = "INSERT";
		new_row = trigdata->tg_trigtuple;
	}
	else if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		change.operation = "UPDATE";
		old_row = trigdata->tg_trigtuple;
		new_row = trigdata->tg_newtuple;
		/* The same values written again are no change of policy. */
		if (rows_equal(old_row, new_row, desc))
			return PointerGetDatum(NULL);
	}
	else if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
	{
		change.operation = "DELETE";
		old_row = trigdata->tg_trigtuple;
	}
	else
		change.operation = "TRUNCATE";

	/*
	 * A trigger's FmgrInfo lives as long as its statement, which therefore
	 * makes one revision however many rows it changes.
	 */
	statement_revision = (int64 *) fcinfo->flinfo->fn_extra;
	if (statement_revision == NULL)
	{
		statement_revision = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
												sizeof(int64));
		*statement_revision = make_revision();
		fcinfo->flinfo->fn_extra = statement_revision;
		changed_in = GetTopFullTransactionId();
	}
	/* Ours at the next command, everybody's with the commit. */
	CacheInvalidateRelcache(trigdata->tg_relation);

	/*
	 * Never so in a server that is at work: hung in as the library is loaded.
	 */
	if (sg_policy_change_callback == NULL)
		return PointerGetDatum(NULL);

	change.relation = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(trigdata->tg_relation)),
												 RelationGetRelationName(trigdata->tg_relation));
	if (new_row != NULL || old_row != NULL)
		change.key = row_key(new_row ? new_row : old_row, desc,
							 trigdata->tg_trigger);
	if (old_row != NULL)
		change.old_row = row_as_json(old_row, desc);
	if (new_row != NULL)
		change.new_row = row_as_json(new_row, desc);
	change.policy_revision = *statement_revision;
	/* Not the transaction's start, which may be long past. */
	change.at = GetCurrentTimestamp();
	sg_policy_change_callback(&change);

	return PointerGetDatum(NULL);
}
