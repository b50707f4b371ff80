/*-------------------------------------------------------------------------
 *
 * change.c
 *		Records every change of a policy table and makes its revision.
 *
 * A trigger does this and not a hook, because a trigger also fires for COPY
 * and logical replication.  The triggers are ENABLE ALWAYS, so that a restore
 * or a session with session_replication_role = replica cannot leave other
 * sessions with an old policy.
 *
 * Each statement makes one revision, and each row that it changes makes one
 * event, all in the transaction that makes the change.  So the record never
 * names a policy that was not in force, and no policy comes into force
 * unrecorded.
 *
 * Revision numbers follow the order of commits, so they are drawn under a lock
 * that is held until the commit.  They are drawn when the commit begins and
 * not when the policy is changed, so that a transaction that changes the
 * policy and then sits idle blocks no other.  Until then a revision has a
 * provisional number, which is negative and means nothing to other
 * transactions.
 *
 * Statements of one transaction have different revisions, so that a row that
 * is exported between two changes names the policy it was decided under.
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
 * The pending revisions that are not rolled back, in order, allocated in the
 * transaction's memory.  Subtransactions end in the opposite order of their
 * beginnings, so the innermost one's revisions are at the end.
 */
static PendingRevision *pending = NULL;
static int	npending = 0;
static int	pending_room = 0;
static int64 last_number = 0;

/*
 * The number of pending revisions that have their number, and the last
 * revision before ours.  A change that is made after the commit has begun, by
 * a trigger on the log for example, gets its number at once.
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
 * The stored values are compared (toasted ones by their content) and not by
 * the type's equality operator, because "=" may call values equal that read
 * differently, and such a change must be recorded.
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
 * Returns the values of the key columns, which the trigger's arguments name,
 * with "/" between them; palloc'd.  Errors out where such a column no longer
 * exists.
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
 * Adds the number of pending revisions to the only row of the counter's table.
 *
 * The update uses the newest snapshot in every isolation level, because a
 * concurrent change of another part of the policy is no reason for this
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
 * Draws the numbers of the pending revisions and has the changes recorded.
 *
 * The lock on the counter is exclusive and held until the commit is done, so
 * numbers follow the order of commits.  Because of the lock no other session
 * is updating the row, so our update does not fail under REPEATABLE READ
 * either.  Exporting rows does not take this lock.
 *
 * The update runs as the owner of the counter's table, because a role that may
 * change a policy table has no rights on this one.
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

		/*
		 * Sent even where the changed table is not one that the policy is
		 * read from.
		 */
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
			 * COMMIT PREPARED may come at any time, from another session.
			 * Until then the lock on the counter would be held, and every
			 * other change of the policy would have to wait.
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
			/* The array itself is freed with the transaction's memory. */
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

		/* The rollback has also restored the counter. */
		ndrawn = Min(ndrawn, npending);
	}
}

/*
 * Makes a new revision and returns its provisional number.  Errors out where
 * the table that counts them is missing.
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

	/*
	 * Make this session name the new revision, also where the changed table
	 * is not one that the policy is read from.
	 */
	CacheInvalidateRelcacheByRelid(relid);

	pending[npending].number = ++last_number;
	pending[npending].subid = GetCurrentSubTransactionId();
	npending++;
	return -last_number;
}

/*
 * Does a superuser remove a guard, or prepare to drop the extension, in a
 * server that was restarted without the library?  Rows of guarded tables are
 * refused in such a server, so this must be possible.  It is recorded like any
 * change.
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
 * Fires AFTER each changed row, or AFTER TRUNCATE, of every policy table; its
 * arguments name the key columns.  Makes all sessions read the policy again,
 * makes a revision, and has the change recorded.  Errors out where the library
 * is not operational, because then neither would happen.
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

	/* During pg_upgrade the library neither decides nor records. */
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
		/* Writing the same values again does not change the policy. */
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
	 * A trigger's FmgrInfo lives as long as its statement, so the statement
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

	/*
	 * Our session reads the invalidation at the next command, others after
	 * commit.
	 */
	CacheInvalidateRelcache(trigdata->tg_relation);

	/* Never true in an operational server: _PG_init() sets the callback. */
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

	/*
	 * The current time and not the transaction's start, which may be long
	 * past.
	 */
	change.at = GetCurrentTimestamp();
	sg_policy_change_callback(&change);

	return PointerGetDatum(NULL);
}
