/*-------------------------------------------------------------------------
 *
 * cloned.c
 *		Triggers that the server or an extension clones from a guard's, on a
 *		table below it.
 *
 * The server clones a partitioned table's triggers as they are, and an event
 * trigger of ours completes those of inheritance children.  Extensions make
 * tables below a table by themselves, in the midst of an INSERT, where no
 * command is seen: a chunk of a hypertable gets copies of its triggers, made
 * from their definitions, and a definition does not say that a trigger fires
 * always.
 *
 * Such a copy is put right at once and not at the end of the statement, because
 * the row for which the chunk was made is written to it by the same statement.
 * Its maker is in CreateTrigger() at that moment and has written all that it
 * will write; the command counter may be, and there is, incremented.
 *
 * Whether a new table has the triggers at all is looked at before the commit.
 * Other sessions cannot see the table before that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "base/errcodes.h"
#include "channel/command/cloned.h"
#include "channel/guard/inheritance.h"
#include "channel/guard/triggers.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "base/run_as_owner.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* A table that has come under an export table in this transaction. */
typedef struct NewChild
{
	Oid			relid;
	bool		had_rows;
} NewChild;

/* In the transaction's memory. */
static List *new_children = NIL;

static void cloned_xact_callback(XactEvent event, void *arg);

/* ----------------------------------------------------------------
 *		Triggers
 * ----------------------------------------------------------------
 */

/* Is the trigger's one argument the id of a guard? */
static bool
names_a_guard(const GuardCatalog *state, HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, Anum_pg_trigger_tgargs, desc,
									 &isnull);
	bytea	   *args;
	ListCell   *lc;

	if (isnull || ((Form_pg_trigger) GETSTRUCT(tuple))->tgnargs != 1)
		return false;
	args = DatumGetByteaPP(value);
	foreach(lc, state->guards)
	{
		const char *guard_id = ((GuardedTable *) lfirst(lc))->read.guard_id;

		/* Arguments are stored with the NUL that ends each. */
		if (VARSIZE_ANY_EXHDR(args) == strlen(guard_id) + 1 &&
			memcmp(VARDATA_ANY(args), guard_id, strlen(guard_id) + 1) == 0)
			return true;
	}
	return false;
}

/* The trigger's row as its maker has left it; a copy, or NULL. */
static HeapTuple
trigger_tuple(Relation pg_trigger, Oid trigger, Snapshot snapshot)
{
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(trigger));
	scan = systable_beginscan(pg_trigger, TriggerOidIndexId, true, snapshot, 1,
							  &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	return tuple;
}

static void
fire_always(Relation pg_trigger, Oid trigger)
{
	HeapTuple	tuple;
	Form_pg_trigger form;

	/* The row of a command that is still at work cannot be changed. */
	CommandCounterIncrement();
	tuple = trigger_tuple(pg_trigger, trigger, NULL);
	if (tuple == NULL)
		return;
	form = (Form_pg_trigger) GETSTRUCT(tuple);
	form->tgenabled = TRIGGER_FIRES_ALWAYS;
	CatalogTupleUpdate(pg_trigger, &tuple->t_self, tuple);
	CacheInvalidateRelcacheByRelid(form->tgrelid);
	heap_freetuple(tuple);
	CommandCounterIncrement();
}

void
sg_cloned_trigger(const GuardCatalog *state, Oid trigger)
{
	Relation	pg_trigger;
	HeapTuple	tuple;
	Form_pg_trigger form;
	bool		ours = false;

	if (state->guards == NIL)
		return;
	pg_trigger = table_open(TriggerRelationId, RowExclusiveLock);
	tuple = trigger_tuple(pg_trigger, trigger, SnapshotSelf);
	if (tuple != NULL)
	{
		form = (Form_pg_trigger) GETSTRUCT(tuple);
		for (int i = 0; i < lengthof(state->trigger_functions); i++)
			ours |= OidIsValid(form->tgfoid) &&
				state->trigger_functions[i] == form->tgfoid;
		if (ours && form->tgenabled != TRIGGER_FIRES_ALWAYS &&
			names_a_guard(state, tuple, RelationGetDescr(pg_trigger)))
			fire_always(pg_trigger, trigger);
	}
	table_close(pg_trigger, NoLock);
}

/* ----------------------------------------------------------------
 *		Tables
 * ----------------------------------------------------------------
 */

void
sg_cloned_child(const GuardedTable *guard, Oid child, bool had_rows)
{
	static bool following = false;
	MemoryContext oldcontext;
	NewChild   *new_child;

	if (IsBinaryUpgrade || !guard->read.is_export)
		return;
	/* Most sessions never do this, and a callback costs every transaction. */
	if (!following)
		RegisterXactCallback(cloned_xact_callback, NULL);
	following = true;
	oldcontext = MemoryContextSwitchTo(TopTransactionContext);
	new_child = palloc(sizeof(NewChild));
	new_child->relid = child;
	new_child->had_rows = had_rows;
	new_children = lappend(new_children, new_child);
	MemoryContextSwitchTo(oldcontext);
}

/* Has the table the trigger that records its rows, firing always? */
static bool
has_export_trigger(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	bool		found = false;

	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		found |= strcmp(trigger->tgname, EXPORT_TRIGGER_NAME) == 0 &&
			trigger->tgenabled == TRIGGER_FIRES_ALWAYS;
	}
	table_close(rel, NoLock);
	return found;
}

static void
run_complete_triggers(void *arg)
{
	Oid			argtypes[1] = {TEXTOID};
	Datum		args[1] = {CStringGetTextDatum((const char *) arg)};

	(void) SPI_execute_with_args("SELECT sharing_guard.complete_triggers($1::pg_catalog.uuid)",
								 1, argtypes, args, NULL, false, 0);
}

/*
 * Gives a new table the triggers that it has not.  Rows that were written to it
 * meanwhile were not decided on, and do not stay.
 */
static void
complete_child(const GuardCatalog *state, const NewChild *child)
{
	const GuardedTable *guard;

	/* It may be gone by now, or have left the tree. */
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(child->relid)))
		return;
	guard = sg_ddl_guard_of(state, child->relid);
	if (guard == NULL || !guard->read.is_export || has_export_trigger(child->relid))
		return;
	if (!child->had_rows && sg_inheritance_has_rows(child->relid))
		ereport(ERROR,
				(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
				 errmsg("rows of table \"%s\" were not decided on",
						get_rel_name(child->relid)),
				 errdetail("The table was made below export table %s in this transaction, and rows were written to it before it had the triggers of the guard.",
						   guard->relation),
				 errhint("Make the table in a transaction of its own, or give it copies of the triggers of %s when it is made.",
						 guard->relation)));

	/* At the commit nothing has a snapshot any more. */
	PushActiveSnapshot(GetTransactionSnapshot());
	sg_run_as_owner(state->event_table, run_complete_triggers,
					(void *) guard->read.guard_id);
	PopActiveSnapshot();
	CommandCounterIncrement();
}

static void
cloned_xact_callback(XactEvent event, void *arg)
{
	const GuardCatalog *state;
	ListCell   *lc;

	if (new_children == NIL)
		return;
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			state = sg_ddl_state();
			if (state == NULL)
				break;
			foreach(lc, new_children)
				complete_child(state, lfirst(lc));
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_ABORT:
			new_children = NIL;
			break;
		default:
			break;
	}
}
