/*-------------------------------------------------------------------------
 *
 * pending_events.c
 *		Gathers what was decided into events: rows, levels of subtransactions,
 *		and their ends.
 *
 * The rows that were let out (or skipped) are kept in row_log.c, in the order
 * in which they came; which of them belong together, as they were decided
 * alike and sent to the same, is a group (event_group.c).  Groups are written
 * as events (event_split.c) with the transaction: at its end, or before when
 * memory runs out.
 *
 * Groups belong to a subtransaction.  When it aborts its rows are gone, and so
 * must be its groups; when it commits they become its parent's.
 *
 * Refused rows are recorded even if the transaction is rolled back
 * (autonomous.c): rows that a guard skips at the end of their statement, or
 * when memory runs out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "audit/log/event_insert.h"
#include "audit/writer/client.h"
#include "base/errcodes.h"
#include "channel/export/autonomous.h"
#include "channel/guard/decision_cache.h"
#include "channel/export/pending_events.h"
#include "channel/export/event_group.h"
#include "channel/export/event_split.h"
#include "channel/export/row_log.h"
#include "miscadmin.h"
#include "base/guc.h"
#include "policy/rules/change.h"
#include "utils/memutils.h"

/*
 * The groups of one subtransaction.  Levels form a stack, innermost first.  A
 * commit only relabels a level, so several may have the same subtransaction.
 */
typedef struct SubxactLevel
{
	SubTransactionId subid;
	SubTransactionId written_in;	/* see write_before_subcommit */
	MemoryContext context;
	Size		bytes;			/* as of the last look */
	bool		grown;			/* since then */
	GroupTable	groups;

	/*
	 * Rows that share the transaction's fate; those that do not: refused
	 * ones, and what goes to another server.
	 */
	RowLog		log;
	RowLog		held_back;
	RowLog		sent;
	struct SubxactLevel *parent;
} SubxactLevel;

static SubxactLevel *levels = NULL;

/*
 * Changes whenever groups are freed or emptied, so that what decisions know of
 * them is stale.
 */
static uint64 group_epoch = 1;

/* Events are being written: nothing may be exported meanwhile. */
static bool writing_events = false;

/* Has the commit begun, and were the events of all rows written? */
enum
{
	NOT_COMMITTING = 0,
	ALL_WRITTEN = 1,
	BEING_WRITTEN = 2
};
static int	commit_state = NOT_COMMITTING;

/* Memory held by all levels, as of the last look at each. */
static Size gathered_bytes = 0;

/* Rows in groups that are held back, and not recorded yet. */
static int64 held_back = 0;

/* Groups whose rows go to another server, and are not recorded yet. */
static int	open_groups = 0;

#define WHY_SKIPPED "rows were skipped"

static void gather_xact_callback(XactEvent event, void *arg);
static void gather_subxact_callback(SubXactEvent event,
									SubTransactionId mySubid,
									SubTransactionId parentSubid, void *arg);

/*
 * Called once, at library load.  Not by the first row: a callback that is
 * registered while others are being called is not called with them, and a row
 * that is exported by another callback would be lost.
 */
void
sg_pending_init(void)
{
	RegisterXactCallback(gather_xact_callback, NULL);
	RegisterSubXactCallback(gather_subxact_callback, NULL);
}

/* ----------------------------------------------------------------
 *		Levels: the groups of each subtransaction
 * ----------------------------------------------------------------
 */

bool
sg_pending_is_writing(void)
{
	return writing_events;
}

bool
sg_pending_is_committing(void)
{
	return commit_state != NOT_COMMITTING;
}

/*
 * Forgets the rows of a log; the groups that decisions point to become stale.
 */
static void
reset_log(RowLog *log)
{
	if (log->nrows == 0)
		return;
	group_epoch++;
	sg_row_log_reset(log);
}

/* Hands the rows over to the caller, who must record them. */
static void
reset_held_back(SubxactLevel *level)
{
	held_back -= level->held_back.nrows;
	reset_log(&level->held_back);
}

/*
 * A decision under a change that this transaction has made itself names its
 * revision, now that the commit has drawn it.  Where the event has to be
 * written before, it names none; the transaction's number leads to it.
 */
static void
write_piece(const EventPart *piece, void *arg)
{
	DisclosureEvent event;
	Decision	decision;

	sg_event_part_event(&event, piece);
	if (unlikely(event.decision->policy_revision < 0))
	{
		decision = *event.decision;
		decision.policy_revision =
			sg_policy_final_revision(decision.policy_revision);
		event.decision = &decision;
	}
	sg_event_insert((EventInserter *) arg, (Event *) &event);
}

/*
 * Writes the rows of a level that share the transaction's fate.  Changes
 * nothing in it: the caller knows whether the rows' fate is known yet.
 *
 * While the log is being written to, a trigger that a DBA has put on it may
 * run; were that to export rows, what is being written would change under our
 * hands.
 */
static void
write_level(SubxactLevel *level)
{
	EventInserter *writer;

	if (level->log.nrows == 0)
		return;

	writer = sg_event_inserter_open();
	writing_events = true;
	PG_TRY();
	{
		sg_event_split_each(&level->log, write_piece, writer);
		sg_event_inserter_close(writer);
	}
	PG_FINALLY();
	{
		writing_events = false;
	}
	PG_END_TRY();
}

/*
 * Records the rows of a level that are held back.  They are in the batch then
 * and in no group, so that none is recorded twice: what the writer does not
 * take goes to the server log.
 */
static void
record_held_back(SubxactLevel *level)
{
	EventBatch *batch = sg_writer_batch(WHY_SKIPPED);

	sg_autonomous_add_rows(batch, &level->held_back);
	reset_held_back(level);
	sg_writer_batch_record(batch);
}

/*
 * record_held_back() where a transaction has failed.  An error there is
 * answered by ending the transaction once more, so it must not find the same
 * rows again.
 */
static void
leave_held_back(SubxactLevel *level)
{
	EventBatch *batch = sg_writer_batch(WHY_SKIPPED);

	PG_TRY();
	{
		sg_autonomous_try_add_rows(batch, &level->held_back);
	}
	PG_FINALLY();
	{
		reset_held_back(level);
	}
	PG_END_TRY();
	sg_writer_batch_leave(batch);
}

/*
 * What is over when rows are recorded that do not share the transaction's
 * fate.
 */
typedef enum WhatIsOver
{
	NOTHING_OVER,				/* memory is short */
	STATEMENT_OVER,				/* one that may be within another */
	SUBTRANSACTION_OVER
} WhatIsOver;

/*
 * Has a row been let go of which its AFTER trigger has not told yet?  That
 * comes at the end of its statement; or never, where the other server did not
 * want the row.
 */
static bool
is_sending(const EventGroup *group)
{
	return group->leaving > group->set.nrows - group->set.nrecorded;
}

/*
 * Records the rows of a level's open groups, also of such as no row came to
 * after all.
 */
static void
record_sent(SubxactLevel *level, WhatIsOver over)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "sharing_guard rows sent",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(scratch);

	sg_row_log_sort(&level->sent);
	for (EventGroup *group = level->groups.newest; group != NULL; group = group->older)
	{
		if (!group->is_open)
			continue;
		sg_autonomous_record_sent(group, over == SUBTRANSACTION_OVER ||
								  (over == STATEMENT_OVER && !is_sending(group)));
		if (!group->is_open)
			open_groups--;
	}
	reset_log(&level->sent);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(scratch);
}

/* Is what was begun for rows that go to another server not ended yet? */
static bool
has_open_groups(const SubxactLevel *level)
{
	if (open_groups == 0)
		return false;
	for (EventGroup *group = level->groups.newest; group != NULL; group = group->older)
	{
		if (group->is_open)
			return true;
	}
	return false;
}

/*
 * Records the rows of a level that do not share the transaction's fate.
 * Returns when the events are durable.  What was begun for rows that go to
 * another server is ended where all of them are known.
 *
 * The level is on the stack: what an error leaves is found there when the
 * transaction ends.
 */
static void
record_level_apart(SubxactLevel *level, WhatIsOver over)
{
	if (level->held_back.nrows > 0)
		record_held_back(level);
	if (open_groups > 0)
		record_sent(level, over);
}

bool
sg_pending_has_autonomous(void)
{
	return held_back > 0 || open_groups > 0;
}

/*
 * Records what does not share the transaction's fate: called at the end of
 * each statement that can do so.  Returns when the events are durable.
 */
void
sg_pending_record_autonomous(void)
{
	for (SubxactLevel *level = levels; level != NULL; level = level->parent)
		record_level_apart(level, STATEMENT_OVER);
}

/*
 * The statement failed before its end came.  What it had skipped before was
 * tried all the same, and what it had sent may have arrived; no time is left to
 * wait until that is recorded.
 */
static void
leave_level(SubxactLevel *level)
{
	if (level->held_back.nrows > 0)
		leave_held_back(level);

	for (EventGroup *group = level->groups.newest;
		 open_groups > 0 && group != NULL; group = group->older)
	{
		if (!group->is_open)
			continue;
		open_groups--;
		sg_autonomous_fail(group);
	}
}

/*
 * Updates the account of the level's memory.  Asked of the
 * memory context and not added up, so that what the allocator itself needs is
 * counted, too.
 */
static void
measure_level(SubxactLevel *level)
{
	Size		bytes = MemoryContextMemAllocated(level->context, true) -
	level->log.spare_bytes - level->held_back.spare_bytes -
	level->sent.spare_bytes;

	gathered_bytes += bytes - level->bytes;
	level->bytes = bytes;
	level->grown = false;
}

/* Writes the rows of a level but keeps its groups, for the rows to come. */
static void
write_rows_in_place(SubxactLevel *level)
{
	record_level_apart(level, NOTHING_OVER);
	write_level(level);
	reset_log(&level->log);
	measure_level(level);
}

/* Is more gathered than sharing_guard.pending_memory allows? */
static bool
gathered_too_much(void)
{
	return gathered_bytes > (Size) sg_pending_memory * 1024;
}

/* Does it hold this subtransaction's rows, and are they not written yet? */
static bool
is_own_level(const SubxactLevel *level, SubTransactionId subid)
{
	return level != NULL && level->subid == subid &&
		level->written_in == InvalidSubTransactionId;
}

/* Frees a level that is off the stack; pointers to its groups become stale. */
static void
free_level(SubxactLevel *level)
{
	group_epoch++;
	gathered_bytes -= level->bytes;
	MemoryContextDelete(level->context);
	pfree(level);
}

/*
 * Writes the innermost level and is done with it.
 *
 * Taken off the stack before it is written, so that an error leaves no row to
 * be written twice.
 */
static void
write_and_pop_level(void)
{
	SubxactLevel *level = levels;

	record_level_apart(level, SUBTRANSACTION_OVER);
	levels = level->parent;
	group_epoch++;
	write_level(level);
	free_level(level);
}

/*
 * The level of the current subtransaction, made where it has none that takes
 * rows.
 *
 * Its memory is below the top transaction's, whose end frees what no callback
 * has freed before.
 */
static SubxactLevel *
current_level(void)
{
	SubTransactionId subid = GetCurrentSubTransactionId();
	SubxactLevel *level;
	MemoryContext context;

	/* What is written already, or being written, takes no more rows. */
	if (likely(levels != NULL && levels->subid == subid &&
			   levels->written_in == InvalidSubTransactionId))
		return levels;

	/* Another extension's callback runs after ours: the event would be lost. */
	if (commit_state == ALL_WRITTEN)
		ereport(ERROR,
				(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
				 errmsg("rows cannot be exported while their transaction is being committed"),
				 errdetail("The events of this transaction are written already."),
				 errhint("Export the rows in a transaction of their own.")));
	context = AllocSetContextCreate(TopTransactionContext,
									"sharing_guard gathered events",
									ALLOCSET_SMALL_SIZES);
	level = MemoryContextAllocZero(TopTransactionContext, sizeof(SubxactLevel));
	level->subid = subid;
	level->written_in = InvalidSubTransactionId;
	level->context = context;
	level->log.context = context;
	level->held_back.context = context;
	level->sent.context = context;
	level->groups.context = context;
	level->parent = levels;
	levels = level;
	return level;
}

/*
 * A statement that is sending rows goes on with what it has begun, also when a
 * subtransaction in its midst has left a level on top.
 */
static pg_noinline EventGroup *
open_group_below(const SubxactLevel *level, const CachedDecision *gathered,
				 const Disclosure *disclosure, int fields, Oid session_role,
				 Oid acting_role)
{
	for (SubxactLevel *below = level->parent;
		 below != NULL && below->subid == level->subid; below = below->parent)
	{
		EventGroup *group = sg_group_known(&below->groups, gathered, disclosure,
										   fields, session_role, acting_role);

		if (group != NULL && group->is_open)
			return group;
	}
	return NULL;
}

/* The group that takes this row. */
static EventGroup *
group_for_row(CachedDecision *gathered, const Disclosure *disclosure)
{
	Oid			session_role = GetSessionUserId();
	Oid			acting_role = GetUserId();
	int			fields = sg_row_has(disclosure);
	SubxactLevel *level = current_level();
	EventGroup *group = gathered->group;

	/*
	 * The group that the decision's last row went to, unless stale; below is
	 * none but an open one.
	 */
	if (unlikely(group == NULL ||
				 gathered->group_epoch != group_epoch ||
				 (group->level != level &&
				  !(group->is_open && group->level->subid == level->subid)) ||
				 group->session_role != session_role ||
				 group->acting_role != acting_role ||
				 group->set.fields != fields))
	{
		group = unlikely(open_groups > 0) ?
			open_group_below(level, gathered, disclosure, fields,
							 session_role, acting_role) : NULL;
		if (group == NULL)
			group = sg_group_find(&level->groups, gathered, disclosure, fields,
								  session_role, acting_role);
		if (group->level == NULL)
		{
			/* Many small groups take memory as surely as many rows do. */
			group->level = level;
			level->grown = true;
		}
		gathered->group = group;
		gathered->group_epoch = group_epoch;
		gathered->purpose = -1;
	}
	return group;
}

void
sg_pending_begin(CachedDecision *gathered, const Disclosure *disclosure,
				 bool leaving)
{
	EventGroup *group = group_for_row(gathered, disclosure);

	if (unlikely(group->is_open && group->open.unsettled))
	{
		sg_autonomous_settle(group);
		open_groups--;
	}
	if (!group->is_open)
	{
		sg_autonomous_begin(group, disclosure);
		open_groups++;
	}
	if (leaving)
		group->leaving++;
}

/*
 * More is gathered than may be: writes it.  Only what is the current
 * subtransaction's own: an outer one's groups, written here, would vanish if
 * this one aborted.
 *
 * All of that, for what is being sent may be below what a subtransaction in the
 * statement's midst has left.
 *
 * The groups go, too, where it is they that take the memory; not those that
 * are open, for the rows they are still to get have left already.
 */
static pg_noinline void
write_some(void)
{
	SubTransactionId subid = levels->subid;

	for (SubxactLevel *level = levels; is_own_level(level, subid);
		 level = level->parent)
		write_rows_in_place(level);
	if (open_groups > 0 ||
		gathered_bytes <= (Size) sg_pending_memory * 1024 / 2)
		return;
	while (is_own_level(levels, subid))
		write_and_pop_level();
}

/*
 * Records the row that was decided last.  Errors out where events have to be
 * written to make room, and cannot be; then the row does not go out either.
 */
void
sg_pending_row(CachedDecision *gathered, const Disclosure *disclosure)
{
	EventGroup *group = group_for_row(gathered, disclosure);
	SubxactLevel *level = group->level;
	RowLog	   *log = &level->log;

	if (unlikely(group->outcome == OUTCOME_BLOCK))
	{
		log = &level->held_back;
		held_back++;
	}
	else if (unlikely(group->is_open))
		log = &level->sent;

	/*
	 * The purpose is part of the decision key, so all rows under this
	 * decision have the same, and need not have it compared.
	 */
	gathered->purpose = sg_row_log_append(log, &group->set, disclosure,
										  gathered->purpose, &level->grown);

	if (unlikely(level->grown))
	{
		measure_level(level);
		if (gathered_too_much())
			write_some();
	}
}

/* ----------------------------------------------------------------
 *		The end of transactions and subtransactions
 * ----------------------------------------------------------------
 */

/*
 * Writes all events before the commit, while it can still fail, and forgets
 * the rest when the transaction is over.
 *
 * A prepared transaction is written when it is prepared: COMMIT PREPARED may
 * come from another session, which knows nothing of the rows.
 */
static void
gather_xact_callback(XactEvent event, void *arg)
{
	bool		begins = event == XACT_EVENT_PRE_COMMIT ||
	event == XACT_EVENT_PRE_PREPARE;

	/* Most transactions of most sessions. */
	if (likely(levels == NULL && gathered_bytes == 0 && held_back == 0))
	{
		commit_state = begins ? ALL_WRITTEN : NOT_COMMITTING;
		return;
	}

	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			/* An error here aborts the transaction: no event, no export. */
			commit_state = BEING_WRITTEN;
			while (levels != NULL)
				write_and_pop_level();
			commit_state = ALL_WRITTEN;
			break;

		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_ABORT:
			commit_state = NOT_COMMITTING;
			for (SubxactLevel *level = levels; level != NULL; level = level->parent)
				leave_level(level);

			/* The levels' memory goes with the transaction's. */
			if (levels != NULL)
				group_epoch++;
			levels = NULL;
			gathered_bytes = 0;
			held_back = 0;
			open_groups = 0;
			break;

		default:
			break;
	}
}

/*
 * Keeps memory bounded where a transaction writes its rows in many small
 * subtransactions: a loop in PL/pgSQL with an exception block, say.
 *
 * While one of them runs, nothing of its parent's may be written, since the
 * subtransaction may still abort.  When it is about to commit its fate becomes
 * the parent's, so both are written now, within it.  They are freed once it
 * has committed, and forgotten to be written should it abort after all.
 */
static void
write_before_subcommit(SubTransactionId subid, SubTransactionId parent_subid)
{
	SubxactLevel *level;

	if (levels == NULL || levels->subid != subid)
		return;

	/* Else what is open would be until the transaction's end. */
	for (level = levels; level != NULL && level->subid == subid;
		 level = level->parent)
		record_level_apart(level, SUBTRANSACTION_OVER);
	measure_level(levels);
	if (!gathered_too_much())
		return;

	for (level = levels; level != NULL; level = level->parent)
	{
		if (level->written_in != InvalidSubTransactionId ||
			(level->subid != subid && level->subid != parent_subid))
			continue;

		/* The statement around may be sending: then its groups must stay. */
		record_level_apart(level, STATEMENT_OVER);
		if (has_open_groups(level))
			continue;
		level->written_in = subid;
		group_epoch++;
		write_level(level);
	}
}

/*
 * The levels of a committed subtransaction become its parent's; what was
 * written in it is done.
 *
 * They are relabelled and not merged with the parent's groups: a merge would
 * copy every row's values once for each level of nesting.
 */
static void
after_subcommit(SubTransactionId subid, SubTransactionId parent_subid)
{
	SubxactLevel **link = &levels;

	while (*link != NULL)
	{
		SubxactLevel *level = *link;

		if (level->written_in == subid)
		{
			*link = level->parent;
			free_level(level);
			continue;
		}
		if (level->subid == subid)
		{
			level->subid = parent_subid;

			/* The next subtransaction's rows go to a level of its own. */
			sg_row_log_trim(&level->log);
			sg_row_log_trim(&level->held_back);
			sg_row_log_trim(&level->sent);
		}
		link = &level->parent;
	}
}

/*
 * The rows of an aborted subtransaction are gone, and its groups with them.
 * What was written in it of the parent's has vanished from the log, so it is
 * to be written again.
 */
static void
after_subabort(SubTransactionId subid)
{
	while (levels != NULL && levels->subid == subid)
	{
		SubxactLevel *level = levels;

		leave_level(level);
		levels = level->parent;
		free_level(level);
	}
	for (SubxactLevel *level = levels; level != NULL; level = level->parent)
	{
		if (level->written_in == subid)
			level->written_in = InvalidSubTransactionId;
	}
}

/*
 * Keeps the levels in step with the subtransactions.  Only the first of these
 * events may fail; after it the subtransaction's fate is sealed.
 */
static void
gather_subxact_callback(SubXactEvent event, SubTransactionId mySubid,
						SubTransactionId parentSubid, void *arg)
{
	if (levels == NULL)
		return;

	switch (event)
	{
		case SUBXACT_EVENT_PRE_COMMIT_SUB:
			write_before_subcommit(mySubid, parentSubid);
			break;
		case SUBXACT_EVENT_COMMIT_SUB:
			after_subcommit(mySubid, parentSubid);
			break;
		case SUBXACT_EVENT_ABORT_SUB:
			after_subabort(mySubid);
			break;
		default:
			break;
	}
}
