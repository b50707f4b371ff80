/*-------------------------------------------------------------------------
 *
 * client.c
 *		Hands events over to the writer, and waits until they are on disk.
 *
 * The session's side of it; worker.c has the other.  A slot of the queue goes
 * from one to the other and back, and its holder may do with it what he
 * likes: a session that is cancelled while its slot is with the writer leaves
 * it there, and the writer frees it.
 *
 * Fails closed.  If anything keeps an event from being written, the event is
 * left in the server log as one line of JSON, and the caller gets an error:
 * what was blocked stays blocked, what was to be read is not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "audit/log/event_serialized.h"
#include "audit/writer/queue.h"
#include "audit/log/server_log.h"
#include "audit/writer/handover.h"
#include "audit/writer/client.h"

struct EventBatch
{
	MemoryContext context;
	StringInfoData events;
	const char *why;
};

/* The events of a batch, on their way. */
static Handover
handover_of(const EventBatch *batch)
{
	Handover	handover = {0};

	handover.data = batch->events.data;
	handover.length = batch->events.len;
	handover.why = batch->why;
	return handover;
}

/*-------------------------------------------------------------------------
 * What the channels call
 *-------------------------------------------------------------------------
 */

EventBatch *
sg_writer_batch(const char *why)
{
	MemoryContext context;
	MemoryContext oldcontext;
	EventBatch *batch;

	context = AllocSetContextCreate(CurrentMemoryContext,
									"sharing_guard events for the writer",
									ALLOCSET_DEFAULT_SIZES);
	batch = MemoryContextAllocZero(context, sizeof(EventBatch));
	batch->context = context;
	batch->why = why;

	oldcontext = MemoryContextSwitchTo(context);
	initStringInfo(&batch->events);
	MemoryContextSwitchTo(oldcontext);
	return batch;
}

/*
 * An event that cannot even be put into bytes (two texts of half a gigabyte
 * each) leaves its line in the server log, which shortens such texts; and so
 * do those that were added before it, for the error means that none of them is
 * recorded them.
 */
void
sg_writer_batch_add(EventBatch *batch, const Event *event)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(batch->context);
	int			length = batch->events.len;

	PG_TRY();
	{
		sg_event_serialize(&batch->events, event);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(batch->context);
		sg_event_serialized_to_server_log(batch->events.data, length,
										  batch->why);
		sg_event_to_server_log(event, batch->why);
		resetStringInfo(&batch->events);
		sg_handover_refuse_error(batch->context);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(oldcontext);
}

void
sg_writer_batch_record(EventBatch *batch)
{
	Handover	handover = handover_of(batch);

	if (batch->events.len > 0)
		(void) sg_handover_record(&handover);
	MemoryContextDelete(batch->context);
}

/* Looks up what cannot be looked up when a transaction has failed. */
void
sg_writer_prepare(void)
{
	(void) sg_queue_mine();
	sg_event_prepare();
}

/*
 * For the end of a transaction that has failed: nothing may be waited for
 * there, and nothing may fail.
 */
void
sg_writer_batch_leave(EventBatch *batch)
{
	Handover	handover = handover_of(batch);
	bool		left = sg_handover_leave(&handover);

	if (!left)
		sg_event_serialized_to_server_log(batch->events.data,
										  batch->events.len, batch->why);
	MemoryContextDelete(batch->context);
}

void
sg_writer_record(const Event *event, const char *why)
{
	EventBatch *batch = sg_writer_batch(why);

	sg_writer_batch_add(batch, event);
	sg_writer_batch_record(batch);
}

/*-------------------------------------------------------------------------
 * Disclosures whose rows leave after their event was written
 *-------------------------------------------------------------------------
 */

/*
 * At the end of the session.  After its transaction was aborted, so everything
 * that was open has been ended by its channel, if that knew how.
 */
static void
end_places_of_session(int code, Datum arg)
{
	Queue	   *queue = (Queue *) DatumGetPointer(arg);

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	for (int i = 0; i < sg_open_disclosures; i++)
	{
		InflightDisclosure *place = &queue->places[i];

		if (place->owner_pid == MyProcPid &&
			(place->state == PLACE_OPEN || place->state == PLACE_IN_SLOT) &&
			!place->given_up)
		{
			if (place->statements > 0)
				sg_queue_end_place(queue, place, place->rows_disclosed, 0,
								   ENDING_COMPLETED);
			else
				sg_queue_end_place(queue, place, ROWS_UNKNOWN, ROWS_UNKNOWN,
								   ENDING_UNFINISHED);
		}
	}
	LWLockRelease(queue->lock);
	sg_queue_wake_writer(queue);
}

/* Room to remember an open disclosure in; NULL where there is none left. */
static InflightDisclosure *
claim_place(Queue *queue, const pg_uuid_t *event_id)
{
	static bool registered = false;
	InflightDisclosure *place;

	/* The last thing but for the process itself: see there. */
	if (!registered)
	{
		on_shmem_exit(end_places_of_session, PointerGetDatum(queue));
		registered = true;
	}

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	place = sg_queue_claim_place(queue);
	if (place != NULL)
		place->event_id = *event_id;
	LWLockRelease(queue->lock);
	return place;
}

void
sg_writer_begin(const DisclosureEvent *intent, const char *why,
				OpenDisclosure *open)
{
	EventBatch *batch = sg_writer_batch(why);
	Queue	   *queue = sg_queue_mine();
	Handover	handover;

	Assert(intent->rows_disclosed == ROWS_UNKNOWN);
	sg_handover_require_own_session();
	sg_writer_batch_add(batch, (const Event *) intent);
	handover = handover_of(batch);
	handover.purpose = SLOT_INTENT;

	/* Also on a standby: it may be promoted before the next line. */
	if (queue != NULL)
	{
		handover.queue = queue;
		handover.place = claim_place(queue, &intent->event_id);
		if (handover.place == NULL)
		{
			sg_event_serialized_to_server_log(batch->events.data,
											  batch->events.len, why);
			sg_handover_refuse_too_many_open(&handover);
		}
	}

	open->event_id = intent->event_id;
	open->place = -1;
	open->unsettled = false;
	if (sg_handover_record(&handover))
		open->place = handover.place - queue->places;
	MemoryContextDelete(batch->context);
}

void
sg_writer_begin_in_server_log(const DisclosureEvent *intent, const char *why,
							  OpenDisclosure *open)
{
	sg_event_to_server_log((const Event *) intent, why);
	open->event_id = intent->event_id;
	open->place = -1;
	open->unsettled = false;
}

/* Has this place its disclosure still?  A completion may have been written. */
static bool
is_mine(const InflightDisclosure *place, const OpenDisclosure *open)
{
	return (place->state == PLACE_OPEN || place->state == PLACE_IN_SLOT) &&
		place->owner_pid == MyProcPid && !place->given_up &&
		memcmp(&place->event_id, &open->event_id, UUID_LEN) == 0;
}

void
sg_writer_end(const OpenDisclosure *open, int64 rows_disclosed,
			  int64 rows_blocked, DisclosureEnding ending)
{
	Queue	   *queue = sg_queue_mine();
	InflightDisclosure *place;

	if (open->place < 0)
	{
		/* Completes an intent that a standby has in its server log. */
		char	   *event_id = sg_event_id_text(&open->event_id);

		ereport(LOG_SERVER_ONLY,
				(errmsg_internal("sharing_guard event: {\"kind\":\"completion\",\"completes\":\"%s\",\"ending\":\"%s\",\"rows_disclosed\":%lld,\"rows_blocked\":%lld}",
								 event_id, sg_ending_name(ending),
								 (long long) rows_disclosed,
								 (long long) rows_blocked),
				 errhidestmt(true),
				 errhidecontext(true)));
		pfree(event_id);
		return;
	}

	place = &queue->places[open->place];
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	if (is_mine(place, open))
		sg_queue_end_place(queue, place, rows_disclosed, rows_blocked, ending);
	LWLockRelease(queue->lock);
	sg_queue_wake_writer(queue);
}

bool
sg_writer_count(const OpenDisclosure *open, const SummaryCount *count)
{
	Queue	   *queue = sg_queue_mine();
	InflightDisclosure *place;
	bool		counts;
	bool		sooner = false;

	if (open->place < 0)
		return true;
	place = &queue->places[open->place];
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	counts = is_mine(place, open);
	if (counts)
	{
		place->rows_disclosed = count->rows;
		place->statements = count->statements;
		place->running = count->running;
		place->summary_until = count->until;
		sooner = !count->running &&
			(queue->summary_due == 0 || queue->summary_due > count->until);
		if (sooner)
			queue->summary_due = count->until;
	}
	LWLockRelease(queue->lock);

	/* The writer sleeps until the time that it knew of. */
	if (sooner)
		sg_queue_wake_writer(queue);
	return counts;
}

/*
 * Hands over what is to be recorded of an open disclosure.  From here on its
 * place is the slot's, because a cancelled session must not have it ended
 * twice.
 */
static void
record_of(OpenDisclosure *open, EventBatch *batch, SlotPurpose purpose,
		  int64 rows)
{
	Handover	handover = handover_of(batch);

	handover.unsettled = &open->unsettled;
	handover.purpose = purpose;
	handover.rows = rows;
	if (open->place >= 0)
		handover.place = &sg_queue_mine()->places[open->place];
	(void) sg_handover_record(&handover);
	MemoryContextDelete(batch->context);
}

void
sg_writer_batch_record_rows(EventBatch *batch, OpenDisclosure *open,
							int64 rows)
{
	record_of(open, batch, SLOT_ROWS, rows);
}

/*
 * Recorded by the caller, with its rows one by one: the writer need not.
 */
void
sg_writer_complete(OpenDisclosure *open, CompletionEvent *event,
				   const char *why)
{
	EventBatch *batch = sg_writer_batch(why);

	sg_event_new_id(&event->event_id, event->occurred_at);
	event->completes = open->event_id;
	sg_writer_batch_add(batch, (const Event *) event);
	record_of(open, batch, SLOT_COMPLETION, event->rows_disclosed);
}
