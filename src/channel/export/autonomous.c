/*-------------------------------------------------------------------------
 *
 * autonomous.c
 *		Rows that do not share the transaction's fate: those that a guard skips, and
 *		those that are sent to another server.
 *
 * Recorded by way of audit/writer/client, also if the transaction is rolled
 * back.  Which rows these are, and when they are recorded, is for
 * pending_events.c to say.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/writer/client.h"
#include "channel/export/autonomous.h"
#include "channel/export/event_split.h"
#include "utils/timestamp.h"

#define WHY_FOREIGN "rows were to be sent to another server"

/* A piece for the writer. */
static void
add_piece(const EventPart *piece, void *arg)
{
	DisclosureEvent event;

	sg_event_part_event(&event, piece);
	sg_writer_batch_add((EventBatch *) arg, (Event *) &event);
}

void
sg_autonomous_add_rows(EventBatch *batch, RowLog *log)
{
	sg_event_split_each(log, add_piece, batch);
}

/* What cannot be made an event of has left its line in the server log. */
static void
leave_piece(const EventPart *piece, void *arg)
{
	MemoryContext oldcontext = CurrentMemoryContext;

	PG_TRY();
	{
		add_piece(piece, arg);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(oldcontext);
		FlushErrorState();
	}
	PG_END_TRY();
}

void
sg_autonomous_try_add_rows(EventBatch *batch, RowLog *log)
{
	sg_event_split_each(log, leave_piece, batch);
}

void
sg_autonomous_begin(EventGroup *group, const Disclosure *disclosure)
{
	DisclosureEvent event;

	sg_event_of_row(&event, &group->actor, &group->disclosure, group->decision,
					group->outcome, disclosure,
					group->set.fields & ~HAS_FIELD(ROW_RECORD_KEY));
	event.rows_disclosed = event.rows_blocked = ROWS_UNKNOWN;
	sg_writer_begin(&event, WHY_FOREIGN, &group->open);
	group->is_open = true;
}

void
sg_autonomous_settle(EventGroup *group)
{
	int64		rows = group->handed_over - group->set.nrecorded;

	group->is_open = false;
	sg_writer_end(&group->open, rows, 0, ENDING_FAILED);
	group->set.nrecorded = group->handed_over;
	group->leaving = Max(group->leaving - rows, 0);
}

void
sg_autonomous_record_sent(EventGroup *group, bool complete)
{
	CompletionEvent event = {.type = EVENT_COMPLETION};
	EventPart	piece;

	if (group->open.unsettled)
	{
		sg_autonomous_settle(group);
		return;
	}
	sg_event_split_start(&piece, &group->set);
	while (sg_event_split_next(&piece))
	{
		EventBatch *batch;

		if (complete && piece.next == group->set.nrows)
			break;
		batch = sg_writer_batch(WHY_FOREIGN);
		add_piece(&piece, batch);
		group->handed_over = piece.next;
		sg_writer_batch_record_rows(batch, &group->open, piece.nrows);

		/* Neither recorded nor counted again, should the statement fail. */
		group->set.nrecorded = piece.next;
		group->leaving = Max(group->leaving - piece.nrows, 0);
	}
	if (!complete)
		return;

	event.occurred_at = GetCurrentTimestamp();
	event.ending = sg_ending_name(ENDING_COMPLETED);
	event.rows_disclosed = piece.nrows;
	event.rows = piece.columns;
	group->handed_over = group->set.nrows;
	sg_writer_complete(&group->open, &event, WHY_FOREIGN);

	group->set.nrecorded = group->set.nrows;
	group->is_open = false;
	group->leaving = 0;
}

void
sg_autonomous_fail(EventGroup *group)
{
	group->is_open = false;
	sg_writer_end(&group->open, group->leaving, 0, ENDING_FAILED);
}
