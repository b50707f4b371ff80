/*-------------------------------------------------------------------------
 *
 * handover.c
 *		Hands events over to the writer and waits for its answer.
 *
 * A session puts its events into a slot of the queue and waits until the
 * writer says that they are committed and flushed.  Where that cannot be had,
 * the events go to the server log and the session gets an error, because
 * nothing may be disclosed without a record.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "audit/log/event_serialized.h"
#include "audit/writer/handover.h"
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

void
sg_handover_init(void)
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
}

/*-------------------------------------------------------------------------
 * Handing over
 *-------------------------------------------------------------------------
 */

/*
 * What does not fit into a slot.  The segment outlives this process, which may
 * be gone when the writer comes to it; it is freed with the slot.
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
 * in it.  Returns its SQLSTATE.  A cancelled session does not wait.
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
		 * Not until the end: the session that was woken for a free slot may
		 * have been cancelled just then, and woke no other.
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

		/* A writer that did not run when it was woken must be woken again. */
		if (ConditionVariableTimedSleep(answered, Min(left, WAKE_AGAIN_MS),
										PG_WAIT_EXTENSION))
			sg_queue_wake_writer(handover->queue);
	}
	ConditionVariableCancelSleep();
	return failure;
}

/*
 * The session stops waiting: an error, a cancellation, the end of the session,
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

		if (handover->unsettled != NULL)
			*handover->unsettled = true;
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
void
sg_handover_require_own_session(void)
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
bool
sg_handover_record(Handover *handover)
{
	Failure		failure;

	sg_handover_require_own_session();
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

/*
 * In a PG_CATCH: refuse because of the error that is being handled, which goes
 * to the server log alone.
 */
void
sg_handover_refuse_error(MemoryContext context)
{
	Handover	failed = {0};

	failed.queue = sg_queue_mine();
	failed.sqlerrcode = set_error_aside(context);
	refuse(FAILURE_NOT_WRITTEN, &failed);
}

/* Refuse because no place is left for another open disclosure. */
void
sg_handover_refuse_too_many_open(const Handover *handover)
{
	refuse(FAILURE_TOO_MANY_OPEN, handover);
}

/*
 * Put the events into a slot without waiting for the answer, where one is free
 * and they fit.  Returns false where they were not.  Neither waits nor fails,
 * so a transaction that aborts may call it.
 */
bool
sg_handover_leave(Handover *handover)
{
	Queue	   *queue = sg_queue_mine();

	handover->queue = queue;
	if (handover->length == 0 || handover->length > SLOT_BYTES ||
		queue_unavailable(queue) != NO_FAILURE)
		return false;

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	handover->slot = sg_queue_claim_slot(queue);
	if (handover->slot != NULL)
	{
		memcpy(handover->slot->data, handover->data, handover->length);
		handover->slot->length = handover->length;
		handover->slot->abandoned = true;
		sg_queue_make_ready(queue, handover->slot);
	}
	LWLockRelease(queue->lock);
	sg_queue_wake_writer(queue);
	return handover->slot != NULL;
}
