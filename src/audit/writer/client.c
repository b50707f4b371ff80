/*-------------------------------------------------------------------------
 *
 * client.c
 *		Hands events over to the writer, and waits until they are on disk.
 *
 * The session's side of it; worker.c has the other.  A slot of the queue goes
 * from one to the other and back, and whoever has it may do with it what he
 * likes: a session that is cancelled while its slot is with the writer leaves
 * it there, and the writer frees it.
 *
 * Fails closed.  Whatever keeps an event from being written, the event is
 * left in the server log as one line of JSON, and the caller gets an error:
 * what was blocked stays blocked, what was to be read is not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "access/parallel.h"
#include "audit/log/event_serialized.h"
#include "audit/writer/queue.h"
#include "audit/log/server_log.h"
#include "audit/worker/worker.h"
#include "audit/writer/client.h"
#include "base/errcodes.h"
#include "base/guc.h"

/* While it waits, how often a session wakes the writer up. */
#define WAKE_AGAIN_MS	500

/* What becomes of an event on a server that cannot write it: a standby. */
typedef enum OnStandby
{
	STANDBY_REFUSE,
	STANDBY_SERVER_LOG
} OnStandby;

static const struct config_enum_entry on_standby_options[] = {
	{"refuse", STANDBY_REFUSE, false},
	{"server_log", STANDBY_SERVER_LOG, false},
	{NULL, 0, false}
};

static int	on_standby = STANDBY_REFUSE;

/* Why events could not be handed over. */
typedef enum Failure
{
	NO_FAILURE,
	FAILURE_NOT_GUARDED,
	FAILURE_IN_RECOVERY,
	FAILURE_NOT_REGISTERED,
	FAILURE_TOO_MANY_OPEN,
	FAILURE_QUEUE_FULL,
	FAILURE_NO_ANSWER,
	FAILURE_NOT_WRITTEN,
	FAILURE_NO_MEMORY
} Failure;

/* Events on their way to the writer. */
typedef struct Handover
{
	Queue	   *queue;
	const char *data;
	Size		length;
	const char *why;			/* for the server log */
	QueueSlot  *slot;			/* NULL: not with the writer yet */
	InflightDisclosure *place;	/* NULL: of no disclosure that has one */
	SlotPurpose purpose;		/* ... and what the events are to it */
	int64		rows;
	OpenDisclosure *open;		/* NULL: an intent, or as above */
	dsm_handle	overflow;
	int			sqlerrcode;		/* of FAILURE_NOT_WRITTEN, FAILURE_NO_MEMORY */
} Handover;

struct EventBatch
{
	MemoryContext context;
	StringInfoData events;
	const char *why;
};

void
sg_writer_init(void)
{
	DefineCustomEnumVariable("sharing_guard.on_standby",
							 "Sets what happens on a standby, where no event can be written.",
							 "refuse: what would have to be recorded is refused. server_log: it is recorded in the server log alone.",
							 &on_standby,
							 STANDBY_REFUSE,
							 on_standby_options,
							 PGC_SIGHUP,
							 0,
							 NULL, NULL, NULL);
	sg_queue_init();
	sg_worker_init();
}

/*-------------------------------------------------------------------------
 * Handing over
 *-------------------------------------------------------------------------
 */

/*
 * What does not fit into a slot.  The segment outlives this process, which may
 * be gone when the writer comes to it; whoever frees the slot frees it.
 */
static dsm_handle
put_into_segment(const char *data, Size length)
{
	dsm_segment *segment = dsm_create(length, 0);
	dsm_handle	handle = dsm_segment_handle(segment);

	memcpy(dsm_segment_address(segment), data, length);
	dsm_pin_segment(segment);
	dsm_detach(segment);
	return handle;
}

/*
 * Takes an error off the stack, for the server log alone: it may have row data
 * in it.  Returns its SQLSTATE.  Somebody who cancels is not kept waiting.
 *
 * Without a subtransaction around it, which is right only because the caller
 * raises another error: see refuse().
 */
static int
set_error_aside(MemoryContext context)
{
	ErrorData  *cause;
	int			sqlerrcode = geterrcode();

	if (sqlerrcode == ERRCODE_QUERY_CANCELED)
		PG_RE_THROW();
	MemoryContextSwitchTo(context);
	cause = CopyErrorData();
	FlushErrorState();
	ereport(LOG_SERVER_ONLY,
			(errcode(sqlerrcode),
			 errmsg("an audit event cannot be handed over to the writer: %s",
					cause->message ? cause->message : "no message"),
			 errhidestmt(true)));
	FreeErrorData(cause);
	return sqlerrcode;
}

/* False where there is no such memory to be had; the server log says why. */
static bool
make_room(Handover *handover)
{
	MemoryContext oldcontext = CurrentMemoryContext;

	PG_TRY();
	{
		handover->overflow = put_into_segment(handover->data,
											  handover->length);
	}
	PG_CATCH();
	{
		handover->sqlerrcode = set_error_aside(oldcontext);
		return false;
	}
	PG_END_TRY();
	return true;
}

/* Milliseconds left, not negative. */
static long
time_left(TimestampTz deadline)
{
	return TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);
}

/* Puts the events into a slot, if one becomes free in time. */
static Failure
enter_queue(Handover *handover, TimestampTz deadline)
{
	Queue	   *queue = handover->queue;
	Failure		failure = FAILURE_QUEUE_FULL;

	for (;;)
	{
		QueueSlot  *slot;
		long		left;

		LWLockAcquire(queue->lock, LW_EXCLUSIVE);
		slot = sg_queue_claim_slot(queue);
		if (slot != NULL)
		{
			slot->length = handover->length;
			slot->overflow = handover->overflow;
			if (slot->overflow == NO_OVERFLOW)
				memcpy(slot->data, handover->data, handover->length);
			if (handover->place != NULL)
				sg_queue_put_in_slot(queue, slot, handover->place,
									 handover->purpose, handover->rows);
			sg_queue_make_ready(queue, slot);

			/* The slot's from here on: the writer frees it. */
			handover->slot = slot;
			failure = NO_FAILURE;
		}
		LWLockRelease(queue->lock);

		left = time_left(deadline);
		if (slot != NULL || left <= 0)
			break;

		/*
		 * Not until the end: whoever was told that a slot is free may have
		 * been cancelled just then, and told nobody.
		 */
		(void) ConditionVariableTimedSleep(&queue->slot_freed,
										   Min(left, WAKE_AGAIN_MS),
										   PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
	if (failure == NO_FAILURE)
		sg_queue_wake_writer(queue);
	return failure;
}

/* Takes the answer, if there is one, and gives the slot back. */
static bool
take_answer(Handover *handover, Failure *failure)
{
	Queue	   *queue = handover->queue;
	QueueSlot  *slot = handover->slot;
	bool		answered = true;

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	if (slot->state == SLOT_WRITTEN)
	{
		*failure = NO_FAILURE;
		if (handover->place != NULL && handover->purpose == SLOT_ROWS)
			handover->place->rows_on_record -= handover->rows;
	}
	else if (slot->state == SLOT_FAILED)
	{
		*failure = FAILURE_NOT_WRITTEN;
		handover->sqlerrcode = slot->sqlerrcode;
		handover->place = NULL; /* freed together with the answer */
	}
	else
		answered = false;
	if (answered)
	{
		sg_queue_free_slot(queue, slot);
		handover->slot = NULL;
		handover->overflow = NO_OVERFLOW;	/* the writer frees it */
	}
	LWLockRelease(queue->lock);
	return answered;
}

/* Waits until the writer says what has become of the events. */
static Failure
wait_for_answer(Handover *handover, TimestampTz deadline)
{
	Failure		failure = FAILURE_NO_ANSWER;
	ConditionVariable *answered = &handover->slot->answered;

	ConditionVariablePrepareToSleep(answered);
	while (!take_answer(handover, &failure))
	{
		long		left = time_left(deadline);

		if (left <= 0)
			break;

		/* A writer that was not there when it was woken has to be told anew. */
		if (ConditionVariableTimedSleep(answered, Min(left, WAKE_AGAIN_MS),
										PG_WAIT_EXTENSION))
			sg_queue_wake_writer(handover->queue);
	}
	ConditionVariableCancelSleep();
	return failure;
}

/*
 * Nobody waits any longer: an error, a cancellation, the end of the session,
 * or the time is over.
 *
 * What the writer has, it keeps and may still write.  An intent that it writes
 * after all is then one of which no row has left.  What became of rows or of a
 * completion only the writer knows: their disclosure is to be ended, and then
 * it says what is not said yet.
 */
static void
give_up(Handover *handover)
{
	Queue	   *queue = handover->queue;

	/* Else what is meant for the slot's next owner could wake us up. */
	ConditionVariableCancelSleep();

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	if (handover->slot != NULL)
	{
		SlotState	state = handover->slot->state;

		if (handover->open != NULL)
			handover->open->unsettled = true;
		if (handover->place != NULL && handover->purpose == SLOT_INTENT &&
			state != SLOT_FAILED)
			sg_queue_end_place(queue, handover->place, 0, 0, ENDING_FAILED);
		if (state == SLOT_WRITTEN || state == SLOT_FAILED)
			sg_queue_free_slot(queue, handover->slot);
		else
			handover->slot->abandoned = true;
	}
	else if (handover->place != NULL && handover->purpose == SLOT_INTENT)
		sg_queue_free_place(queue, handover->place);
	LWLockRelease(queue->lock);

	if (handover->slot == NULL && handover->overflow != NO_OVERFLOW)
		dsm_unpin_segment(handover->overflow);
	sg_queue_wake_writer(queue);
}

/* For the view. */
static void
count_refusal(Queue *queue)
{
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	queue->health.refusals++;
	LWLockRelease(queue->lock);
}

/* For an error, and for the end of the session, which no PG_CATCH sees. */
static void
handover_interrupted(int code, Datum arg)
{
	Handover   *handover = (Handover *) DatumGetPointer(arg);

	give_up(handover);
	count_refusal(handover->queue);
	sg_event_serialized_to_server_log(handover->data, handover->length,
									  "waiting for its record was interrupted; the audit log may have it as well");
}

static Failure
hand_over(Handover *handover)
{
	Failure		failure = NO_FAILURE;
	TimestampTz deadline;

	deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										   sg_audit_timeout);

	PG_ENSURE_ERROR_CLEANUP(handover_interrupted, PointerGetDatum(handover));
	{
		if (handover->length > SLOT_BYTES && !make_room(handover))
			failure = FAILURE_NO_MEMORY;
		else
			failure = enter_queue(handover, deadline);
		if (failure == NO_FAILURE)
			failure = wait_for_answer(handover, deadline);
	}
	PG_END_ENSURE_ERROR_CLEANUP(handover_interrupted,
								PointerGetDatum(handover));

	if (failure != NO_FAILURE)
		give_up(handover);
	return failure;
}

bool
sg_writer_is_this_process(void)
{
	Queue	   *queue = sg_queue_mine();

	return queue != NULL && queue->writer_pid == MyProcPid;
}

/* What keeps us from even trying. */
static Failure
queue_unavailable(const Queue *queue)
{
	if (queue == NULL)
		return FAILURE_NOT_GUARDED;
	if (RecoveryInProgress())
		return FAILURE_IN_RECOVERY;
	if (!queue->registered)
		return FAILURE_NOT_REGISTERED;
	return NO_FAILURE;
}

/*-------------------------------------------------------------------------
 * Refusals
 *-------------------------------------------------------------------------
 */

/* The administrator's next step, where it is not obvious. */
#define SEE_HEALTH \
	"The event is in the server log. sharing_guard.health shows the state of the writer."

/* Says why nothing could be recorded: always an error. */
static void
refuse(Failure failure, const Handover *handover)
{
	const char *unavailable = "the audit log of this database cannot take the event of this disclosure";
	Queue	   *queue = handover->queue;

	if (queue != NULL)
		count_refusal(queue);
	switch (failure)
	{
		case FAILURE_IN_RECOVERY:
			ereport(ERROR,
					(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
					 errmsg("%s", unavailable),
					 errdetail("This server is a standby, where nothing can be written. Without a record nothing is disclosed."),
					 errhint("Do this on the primary; or ask the administrator to have such events recorded in the server log, with sharing_guard.on_standby.")));
			break;
		case FAILURE_NOT_REGISTERED:
			ereport(ERROR,
					(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
					 errmsg("%s", unavailable),
					 errdetail("The server could not start the writer of this database, for all of max_worker_processes were taken. Without a record nothing is disclosed."),
					 errhint("The administrator raises max_worker_processes and restarts the server. The event is in the server log.")));
			break;
		case FAILURE_TOO_MANY_OPEN:
			ereport(ERROR,
					(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
					 errmsg("%s", unavailable),
					 errdetail("As many reads of guarded tables as sharing_guard.open_disclosures allows (%d) are under way. Without a record nothing is disclosed.",
							   sg_open_disclosures),
					 errhint("Close cursors that are not needed, or try again later; the administrator can raise sharing_guard.open_disclosures.")));
			break;
		case FAILURE_QUEUE_FULL:
			ereport(ERROR,
					(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
					 errmsg("%s", unavailable),
					 errdetail("For %d ms all slots of the queue (sharing_guard.queue_slots) were taken, and the writer was %s. Without a record nothing is disclosed.",
							   sg_audit_timeout,
							   queue->writer_pid != 0 ? "running" : "not running"),
					 errhint(SEE_HEALTH)));
			break;
		case FAILURE_NO_ANSWER:
			ereport(ERROR,
					(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
					 errmsg("%s", unavailable),
					 errdetail("The writer, which was %s, did not confirm it within %d ms (sharing_guard.audit_timeout). Without a record nothing is disclosed.",
							   queue->writer_pid != 0 ? "running" : "not running",
							   sg_audit_timeout),
					 errhint(SEE_HEALTH)));
			break;
		case FAILURE_NOT_WRITTEN:
			if (handover->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED)
				ereport(ERROR,
						(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
						 errmsg("%s", unavailable),
						 errdetail("This session, or one that waits for it, holds a lock on the audit log that keeps everybody from writing to it. Without a record nothing is disclosed."),
						 errhint("End the transaction that has locked sharing_guard.event, then try again. The event is in the server log.")));
			if (handover->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
				ereport(ERROR,
						(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
						 errmsg("%s", unavailable),
						 errdetail("Another session holds a lock on the audit log that keeps everybody from writing to it. Without a record nothing is disclosed."),
						 errhint("Try again when that session has ended its transaction; pg_locks shows which it is. The event is in the server log.")));
			ereport(ERROR,
					(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
					 errmsg("%s", unavailable),
					 errdetail("Writing to it failed with SQLSTATE %s. Without a record nothing is disclosed.",
							   unpack_sql_state(handover->sqlerrcode)),
					 errhint("The administrator of this server finds the cause, and the event, in the server log.")));
			break;
		case FAILURE_NO_MEMORY:
			ereport(ERROR,
					(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
					 errmsg("%s", unavailable),
					 errdetail("There was no dynamic shared memory to hand it over in: SQLSTATE %s. Without a record nothing is disclosed.",
							   unpack_sql_state(handover->sqlerrcode)),
					 errhint("The administrator of this server finds the cause, and the event, in the server log.")));
			break;
		case FAILURE_NOT_GUARDED:
		case NO_FAILURE:
			break;
	}

	/* Says which of the two it is, and what to do. */
	sg_require_operational();
	ereport(ERROR,
			(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
			 errmsg("%s", unavailable),
			 errhint(SEE_HEALTH)));
}

/* Errors out in a process that cannot wait for the writer. */
static void
require_own_session(void)
{
	if (IsParallelWorker())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a parallel worker cannot record audit events"),
				 errhint("Functions that lead here must be marked PARALLEL UNSAFE.")));

	/* It would wait for itself. */
	if (sg_writer_is_this_process())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a trigger on the audit log cannot make disclosures"),
				 errhint("Let the trigger notify a process of yours, which then acts in a transaction of its own.")));
}

/*
 * Returns true when the events are committed and flushed; false where they
 * are, by the administrator's choice, in the server log of a standby alone.
 * Errors out in all other cases.
 *
 * With a place, the events are something of the disclosure that has it.
 */
static bool
record(Handover *handover)
{
	Failure		failure;

	require_own_session();
	handover->queue = sg_queue_mine();

	failure = queue_unavailable(handover->queue);
	if (failure == NO_FAILURE)
		failure = hand_over(handover);
	else if (handover->place != NULL)
		give_up(handover);
	if (failure == NO_FAILURE)
		return true;

	sg_event_serialized_to_server_log(handover->data, handover->length,
									  handover->why);
	if (failure == FAILURE_IN_RECOVERY && on_standby == STANDBY_SERVER_LOG)
		return false;
	refuse(failure, handover);
	return false;				/* keep compiler quiet */
}

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
 * each) leaves its line in the server log, which shortens such texts; and so do
 * those that were added before it, for the error means that nobody records
 * them.
 */
void
sg_writer_batch_add_disclosure(EventBatch *batch, const DisclosureEvent *event)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(batch->context);
	int			length = batch->events.len;
	Handover	failed = {0};

	PG_TRY();
	{
		sg_event_serialize_disclosure(&batch->events, event);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(batch->context);
		sg_event_serialized_to_server_log(batch->events.data, length,
										  batch->why);
		sg_event_to_server_log(event, batch->why);
		resetStringInfo(&batch->events);
		failed.queue = sg_queue_mine();
		failed.sqlerrcode = set_error_aside(batch->context);
		refuse(FAILURE_NOT_WRITTEN, &failed);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(oldcontext);
}

void
sg_writer_batch_add_change(EventBatch *batch, const ChangeEvent *event)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(batch->context);

	sg_event_serialize_change(&batch->events, event);
	MemoryContextSwitchTo(oldcontext);
}

void
sg_writer_batch_add_completion(EventBatch *batch, const CompletionEvent *event)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(batch->context);

	sg_event_serialize_completion(&batch->events, event);
	MemoryContextSwitchTo(oldcontext);
}

void
sg_writer_batch_record(EventBatch *batch)
{
	Handover	handover = handover_of(batch);

	if (batch->events.len > 0)
		(void) record(&handover);
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
	bool		left = false;

	handover.queue = sg_queue_mine();
	if (batch->events.len > 0 &&
		batch->events.len <= SLOT_BYTES &&
		queue_unavailable(handover.queue) == NO_FAILURE)
	{
		LWLockAcquire(handover.queue->lock, LW_EXCLUSIVE);
		handover.slot = sg_queue_claim_slot(handover.queue);
		if (handover.slot != NULL)
		{
			memcpy(handover.slot->data, handover.data, handover.length);
			handover.slot->length = handover.length;
			handover.slot->abandoned = true;
			sg_queue_make_ready(handover.queue, handover.slot);
			left = true;
		}
		LWLockRelease(handover.queue->lock);
		sg_queue_wake_writer(handover.queue);
	}
	if (!left)
		sg_event_serialized_to_server_log(batch->events.data,
										  batch->events.len, batch->why);
	MemoryContextDelete(batch->context);
}

void
sg_writer_record_disclosure(const DisclosureEvent *event, const char *why)
{
	EventBatch *batch = sg_writer_batch(why);

	sg_writer_batch_add_disclosure(batch, event);
	sg_writer_batch_record(batch);
}

void
sg_writer_record_change(const ChangeEvent *event, const char *why)
{
	EventBatch *batch = sg_writer_batch(why);

	sg_writer_batch_add_change(batch, event);
	sg_writer_batch_record(batch);
}

/*-------------------------------------------------------------------------
 * Disclosures whose rows leave after their event was written
 *-------------------------------------------------------------------------
 */

/*
 * At the end of the session.  After its transaction was aborted, so whatever
 * was open has been ended by its channel, if that knew how.
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
				OpenDisclosure * open)
{
	EventBatch *batch = sg_writer_batch(why);
	Queue	   *queue = sg_queue_mine();
	Handover	handover;

	Assert(intent->rows_disclosed == ROWS_UNKNOWN);
	require_own_session();
	sg_writer_batch_add_disclosure(batch, intent);
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
			refuse(FAILURE_TOO_MANY_OPEN, &handover);
		}
	}

	open->event_id = intent->event_id;
	open->place = -1;
	open->unsettled = false;
	if (record(&handover))
		open->place = handover.place - queue->places;
	MemoryContextDelete(batch->context);
}

void
sg_writer_begin_in_server_log(const DisclosureEvent *intent, const char *why,
							  OpenDisclosure * open)
{
	sg_event_to_server_log(intent, why);
	open->event_id = intent->event_id;
	open->place = -1;
	open->unsettled = false;
}

const char *
sg_ending_name(DisclosureEnding ending)
{
	switch (ending)
	{
		case ENDING_COMPLETED:
			return "completed";
		case ENDING_FAILED:
			return "failed";
		case ENDING_UNFINISHED:
			break;
	}
	return "unfinished";
}

/* Has this place its disclosure still?  A completion may have been written. */
static bool
is_mine(const InflightDisclosure *place, const OpenDisclosure * open)
{
	return (place->state == PLACE_OPEN || place->state == PLACE_IN_SLOT) &&
		place->owner_pid == MyProcPid && !place->given_up &&
		memcmp(&place->event_id, &open->event_id, UUID_LEN) == 0;
}

void
sg_writer_end(const OpenDisclosure * open, int64 rows_disclosed,
			  int64 rows_blocked, DisclosureEnding ending)
{
	Queue	   *queue = sg_queue_mine();
	InflightDisclosure *place;

	if (open->place < 0)
	{
		/* Of an intent that a standby has in its server log. */
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
sg_writer_count(const OpenDisclosure * open, const SummaryCount * count)
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

	/* It sleeps until the time that it knew of. */
	if (sooner)
		sg_queue_wake_writer(queue);
	return counts;
}

/*
 * Hands over what is to be recorded of an open disclosure.  From here on its
 * place is the slot's: whoever is cancelled may not have it ended twice.
 */
static void
record_of(OpenDisclosure * open, EventBatch *batch, SlotPurpose purpose,
		  int64 rows)
{
	Handover	handover = handover_of(batch);

	handover.open = open;
	handover.purpose = purpose;
	handover.rows = rows;
	if (open->place >= 0)
		handover.place = &sg_queue_mine()->places[open->place];
	(void) record(&handover);
	MemoryContextDelete(batch->context);
}

void
sg_writer_batch_record_rows(EventBatch *batch, OpenDisclosure * open,
							int64 rows)
{
	record_of(open, batch, SLOT_ROWS, rows);
}

/*
 * Recorded by the caller, with its rows one by one: the writer need not.
 */
void
sg_writer_complete(OpenDisclosure * open, CompletionEvent *event,
				   const char *why)
{
	EventBatch *batch = sg_writer_batch(why);

	sg_event_new_id(&event->event_id, event->occurred_at);
	event->completes = open->event_id;
	sg_writer_batch_add_completion(batch, event);
	record_of(open, batch, SLOT_COMPLETION, event->rows_disclosed);
}
