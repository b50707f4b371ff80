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
 * The numbers of revisions follow the order of commits, so they are drawn under
 * a lock that is held to the commit.  They are drawn when the commit begins and
 * not when the policy is changed, so that a transaction that changes the policy
 * and then sits idle keeps nobody waiting.  Until then a revision has a
 * provisional number, a negative one that means nothing to other transactions.
 *
 * Each statement has a revision of its own, also within one transaction: a row
 * that is exported between two changes names the policy it was decided under.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/fixed_form.h"
#include "policy/rules/change.h"
#include "base/guc.h"
#include "base/run_as_owner.h"

PG_FUNCTION_INFO_V1(sg_sql_policy_changed);

PolicyChangeCallback sg_policy_change_callback = NULL;
void		(*sg_policy_revisions_drawn_callback) (void) = NULL;

/* A statement of the current transaction that has changed the policy. */
typedef struct PendingRevision
{
	int64		number;			/* counts within the transaction, from 1 */
	SubTransactionId subid;
} PendingRevision;

/*
 * Those that are not rolled back, in order, in the transaction's memory.
 * Subtransactions end in the opposite order of their beginnings, so those of
 * the innermost are at the end.
 */
static PendingRevision *pending = NULL;
static int	npending = 0;
static int	pending_room = 0;
static int64 last_number = 0;

/*
 * How many of them have their number, and the last revision before ours.  What is
 * changed after the commit has begun, by a trigger on the log for example, gets
 * its number at once.
 */
static int	ndrawn = 0;
static int64 drawn_after = 0;
static bool commit_begun = false;

static bool following_transactions = false;

int64
sg_policy_provisional_revision(void)
{
	return npending == ndrawn ? 0 : -pending[npending - 1].number;
}

int64
sg_policy_final_revision(int64 revision)
{
	int			low = 0;
	int			high = ndrawn;

	if (revision >= 0)
		return revision;
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (pending[middle].number == -revision)
			return drawn_after + middle + 1;
		if (pending[middle].number < -revision)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
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
		value = sg_row_value(row, desc, column);
		if (i > 0)
			appendStringInfoChar(&key, '/');
		appendStringInfoString(&key, value ? value : "");
	}
	return key.data;
}

/*
 * Counts up in the only row of the table, by the number of pending revisions.
 *
 * On the newest snapshot, whatever the transaction's isolation level: that
 * somebody else has changed another part of the policy is no reason for this
 * transaction to fail.
 */
static void
count_up(void *arg)
{
	Oid			argtypes[1] = {INT8OID};
	Datum		args[1] = {Int64GetDatum(npending - ndrawn)};
	SPIPlanPtr	plan = SPI_prepare("UPDATE sharing_guard.policy_revision"
								   " SET revision = revision OPERATOR(pg_catalog.+) $1"
								   " RETURNING revision", 1, argtypes);
	bool		isnull;

	if (plan == NULL ||
		SPI_execute_snapshot(plan, args, NULL, GetLatestSnapshot(),
							 InvalidSnapshot, false, true,
							 0) != SPI_OK_UPDATE_RETURNING ||
		SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("table sharing_guard.policy_revision does not hold exactly one row"),
				 errhint("Insert a row whose revision is greater than any in the audit.")));
	drawn_after = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
											  SPI_tuptable->tupdesc, 1,
											  &isnull)) - npending;
}

/*
 * Draws the numbers of the pending revisions, and has the changes recorded.
 *
 * The lock is ours alone and held until the commit is done, so numbers follow
 * the order of commits.  With it, no other session is in the midst of an update
 * of the row, and none of ours fails for that under REPEATABLE READ.  Rows that
 * are being exported take no such lock.
 *
 * As the owner of that table: who may change a policy table has no rights on
 * this one.
 */
void
sg_policy_draw_revisions(void)
{
	Oid			relid = sg_own_table("policy_revision");

	commit_begun = true;

	/* The transaction has dropped the extension, and the log with it. */
	if (!OidIsValid(relid))
		return;

	if (npending > ndrawn)
	{
		LockDatabaseObject(RelationRelationId, relid, 1, ExclusiveLock);
		sg_run_as_owner(relid, count_up, NULL);
		ndrawn = npending;

		/* Also where the changed table itself is none that policy is made of. */
		CacheInvalidateRelcacheByRelid(relid);
	}
	if (sg_policy_revisions_drawn_callback != NULL)
		sg_policy_revisions_drawn_callback();
}

bool
sg_policy_commit_has_begun(void)
{
	return commit_begun;
}

static void
change_xact_callback(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			if (npending > 0)
				sg_policy_draw_revisions();
			break;

		case XACT_EVENT_PRE_PREPARE:

			/*
			 * COMMIT PREPARED may come at any time, from another session: the
			 * number would have to be held back, and every other change of
			 * policy with it, until then.
			 */
			if (npending > 0)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("a transaction that has changed the policy of sharing_guard cannot be prepared"),
						 errdetail("The change gets its revision, and is recorded, when it is committed."),
						 errhint("Change the policy in a transaction that is committed by itself.")));
			break;

		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_ABORT:
			/* The array goes with the transaction's memory. */
			pending = NULL;
			npending = 0;
			pending_room = 0;
			last_number = 0;
			ndrawn = 0;
			commit_begun = false;
			break;

		default:
			break;
	}
}

static void
change_subxact_callback(SubXactEvent event, SubTransactionId mySubid,
						SubTransactionId parentSubid, void *arg)
{
	if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (int i = npending - 1; i >= 0 && pending[i].subid == mySubid; i--)
			pending[i].subid = parentSubid;
	}
	else if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		while (npending > 0 && pending[npending - 1].subid == mySubid)
			npending--;

		/* The counter is as it was before, too. */
		ndrawn = Min(ndrawn, npending);
	}
}

/*
 * Makes a new revision and returns its provisional number.  Errors out where the
 * table that counts them is missing.
 */
static int64
make_revision(void)
{
	Oid			relid = sg_own_table("policy_revision");

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table sharing_guard.policy_revision is missing"),
				 errhint("The extension is damaged; restore the table from a backup.")));
	sg_follow_transactions(&following_transactions, change_xact_callback,
						   change_subxact_callback);
	if (npending >= pending_room)
	{
		int			room = Max(8, pending_room * 2);
		PendingRevision *larger = MemoryContextAllocHuge(TopTransactionContext,
														 room * sizeof(PendingRevision));

		if (pending != NULL)
		{
			memcpy(larger, pending, npending * sizeof(PendingRevision));
			pfree(pending);
		}
		pending = larger;
		pending_room = room;
	}

	/* Has this session name the new revision, whatever table was changed. */
	CacheInvalidateRelcacheByRelid(relid);

	pending[npending].number = ++last_number;
	pending[npending].subid = GetCurrentSubTransactionId();
	npending++;
	return -last_number;
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
sg_sql_policy_changed(PG_FUNCTION_ARGS)
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
	}
	/* Ours at the next command, everybody's with the commit. */
	CacheInvalidateRelcache(trigdata->tg_relation);

	/*
	 * Never so in a server that is at work: hung in as the library is loaded.
	 */
	if (sg_policy_change_callback == NULL)
		return PointerGetDatum(NULL);

	change.relation = sg_relation_name(RelationGetRelid(trigdata->tg_relation));
	if (new_row != NULL || old_row != NULL)
		change.key = row_key(new_row ? new_row : old_row, desc,
							 trigdata->tg_trigger);
	if (old_row != NULL)
		change.old_row = sg_row_as_json(old_row, desc);
	if (new_row != NULL)
		change.new_row = sg_row_as_json(new_row, desc);
	change.policy_revision = *statement_revision;
	/* Not the transaction's start, which may be long past. */
	change.at = GetCurrentTimestamp();
	sg_policy_change_callback(&change);

	return PointerGetDatum(NULL);
}
