/*-------------------------------------------------------------------------
 *
 * batch.c
 *		What the queue brings, written and answered.
 *
 * The worker takes all events that are ready, writes them in one transaction,
 * and answers when that is committed and flushed.
 *
 * One event that cannot be written must keep no other from it.  Whether an
 * error is the log's or one event's is told by where it came from: until the
 * log is open and locked it concerns all, and all are answered with it; after
 * that the batch is taken apart, and each is written in a transaction of its
 * own.  A session whose event fails then is told.  A completion, which no
 * session waits for, is tried again, and put aside when the log has refused it
 * often enough.  It stays in the server log, and in the queue for as long as
 * there is room: so the log has it after all where its trouble was temporary.
 *
 * What is tried a second time is looked up first: the first attempt may have
 * been committed by a process that ended before it could say so.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "audit/log/event_insert.h"
#include "audit/worker/batch.h"
#include "audit/log/event_serialized.h"
#include "audit/worker/log_lock.h"
#include "audit/log/server_log.h"

/* The number of events written in one transaction. */
#define BATCH_SLOTS		256
#define BATCH_PLACES	256

/* After how long a completion that could not be written is tried again. */
#define COMPLETE_AGAIN_MS	1000

/* How often the log may refuse a completion before it is put aside ... */
#define FAILURES_MAX	3

/* ... and how often it may be put aside before it is given up. */
#define TIMES_ASIDE_MAX 12

/* The number of writers that may end while they write one event by itself. */
#define DEATHS_MAX		3

/* After so many shortages in a row the rest of a batch is not tried. */
#define SHORTAGES_MAX	2

/* One slot of the batch that is being written. */
typedef struct BatchSlot
{
	QueueSlot  *slot;			/* NULL: answered */
	dsm_segment *segment;		/* NULL: the events are in the slot */
	bool		perhaps_written;
} BatchSlot;

/* A completion of the batch. */
typedef struct BatchPlace
{
	InflightDisclosure *place;	/* NULL: answered */
	bool		perhaps_written;
} BatchPlace;

/* What is being written, or was taken to be. */
typedef struct Batch
{
	int			nslots;
	BatchSlot	slots[BATCH_SLOTS];
	int			nplaces;
	BatchPlace	places[BATCH_PLACES];
	bool		in_doubt;		/* one of them has failed before */
} Batch;

/* How an attempt to write has failed. */
typedef struct WriteFailure
{
	int			sqlerrcode;
	bool		of_log;			/* none of the events was come to */
} WriteFailure;

/* Setting. */
static int	debug_answer_delay = 0;

static Queue *queue = NULL;
static Batch batch;
static MemoryContext work_context = NULL;
static Oid	locked_log = InvalidOid;

/* When the log last took something, and how many completions wait for later. */
static TimestampTz last_success = 0;
static int	nplaces_later = 0;

void
sg_batch_init(void)
{
	/* Like post_auth_delay, for tests, which stop the worker meanwhile. */
	DefineCustomIntVariable("sharing_guard.debug_answer_delay",
							"Sets how long the writer sleeps between its commit and its answers.",
							"For tests of this extension.",
							&debug_answer_delay,
							0,
							0,
							60000,
							PGC_SIGHUP,
							GUC_NOT_IN_SAMPLE | GUC_UNIT_MS,
							NULL, NULL, NULL);
}

/*
 * Ends what an error has left, outside any PG_TRY.  The error is in the server
 * log then, and the worker as if it had just started.
 */
int
sg_batch_recover(void)
{
	int			sqlerrcode = geterrcode();

	HOLD_INTERRUPTS();
	EmitErrorReport();
	AbortCurrentTransaction();
	FlushErrorState();
	MemoryContextSwitchTo(work_context);
	RESUME_INTERRUPTS();

	sg_queue_note_error(queue, sqlerrcode);
	return sqlerrcode;
}

void
sg_batch_log_took_something(void)
{
	last_success = GetCurrentTimestamp();
}

/* The log that was last locked to be written to; none before that. */
Oid
sg_batch_locked_log(void)
{
	return locked_log;
}

/*-------------------------------------------------------------------------
 * Taking and answering
 *-------------------------------------------------------------------------
 */

/* Adds what has become ready to the batch. */
static void
take_slots(void)
{
	QueueSlot  *slot;

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	while (batch.nslots < BATCH_SLOTS &&
		   (slot = sg_queue_take_ready(queue)) != NULL)
	{
		BatchSlot  *taken = &batch.slots[batch.nslots++];

		taken->slot = slot;
		taken->segment = NULL;
		taken->perhaps_written = slot->perhaps_written;
		batch.in_doubt |= slot->perhaps_written;
	}
	LWLockRelease(queue->lock);
}

static bool
is_due(const InflightDisclosure *place, TimestampTz now)
{
	return place->failed_at == 0 ||
		TimestampDifferenceExceeds(place->failed_at, now, COMPLETE_AGAIN_MS);
}

/*
 * Do the same for disclosures that have ended.  A completion has one id,
 * however often and by however many processes it is written.
 */
static void
take_places(void)
{
	TimestampTz now = GetCurrentTimestamp();

	nplaces_later = 0;
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	for (int i = 0; i < sg_open_disclosures &&
		 queue->places_ended > nplaces_later && batch.nplaces < BATCH_PLACES; i++)
	{
		InflightDisclosure *place = &queue->places[i];
		BatchPlace *taken = &batch.places[batch.nplaces];

		if (place->state != PLACE_ENDED)
			continue;
		if (!is_due(place, now))
		{
			nplaces_later++;
			continue;
		}
		place->state = PLACE_ENDING;
		queue->places_ended--;
		taken->place = place;
		taken->perhaps_written = place->tried;
		batch.in_doubt |= place->tried;
		batch.nplaces++;
	}
	LWLockRelease(queue->lock);

	/* The slots belong to the writer until they are answered. */
	for (int i = 0; i < batch.nplaces; i++)
	{
		InflightDisclosure *place = batch.places[i].place;

		if (!place->tried)
			sg_event_new_id(&place->completion_id, place->ended_at);
		place->tried = true;
	}
}

bool
sg_batch_is_due(void)
{
	return queue->first_ready >= 0 || queue->places_ended > nplaces_later;
}

long
sg_batch_retry_time(void)
{
	return queue->places_ended > 0 ? COMPLETE_AGAIN_MS : -1;
}

/* The events of a slot; attached to for as long as the slot is in the batch. */
static const char *
slot_data(BatchSlot *taken)
{
	if (taken->slot->overflow == NO_OVERFLOW)
		return taken->slot->data;
	if (taken->segment == NULL)
	{
		taken->segment = dsm_attach(taken->slot->overflow);
		if (taken->segment == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("the shared memory of an audit event has gone")));

		/* Not the transaction's: an error must leave it readable. */
		dsm_pin_mapping(taken->segment);
	}
	return dsm_segment_address(taken->segment);
}

static CompletionEvent
completion_of(const InflightDisclosure *place)
{
	CompletionEvent event = {.type = EVENT_COMPLETION};

	event.event_id = place->completion_id;
	event.occurred_at = place->ended_at;
	event.completes = place->event_id;
	event.ending = sg_ending_name(place->ending);
	event.rows_disclosed = place->rows_disclosed;
	event.rows_blocked = place->rows_blocked;
	if (place->statements > 0)
	{
		char	   *sentence = psprintf(INT64_FORMAT " statement%s, whose elements are not kept",
										place->statements,
										place->statements == 1 ? "" : "s");
		TextSlice	summary;

		summary.data = sentence;
		summary.len = strlen(sentence);
		event.rows.column[ROW_QUERY_ELEMENTS] =
			sg_rows_column(CurrentMemoryContext);
		sg_rows_append(event.rows.column[ROW_QUERY_ELEMENTS], &summary);
	}

	/* Counts events that were written although no session waited for them. */
	if (event.rows_disclosed != ROWS_UNKNOWN)
		event.rows_disclosed = Max(event.rows_disclosed - place->rows_on_record, 0);
	return event;
}

/*
 * What the log has not taken, to the server log: the events of a slot, or a
 * completion.  What keeps it from being put into words ends nothing else.
 */
static void
to_server_log(BatchSlot *taken, const InflightDisclosure *place)
{
	static const char why[] = "could not be written to the audit log";

	PG_TRY();
	{
		if (taken != NULL)
			sg_event_serialized_to_server_log(slot_data(taken),
											  taken->slot->length, why);
		else
		{
			CompletionEvent event = completion_of(place);
			EventFields fields;

			sg_event_fields(&fields, (Event *) &event,
							InvalidFullTransactionId);
			sg_event_fields_to_server_log(&fields, why);
		}
	}
	PG_CATCH();
	{
		(void) sg_batch_recover();
	}
	PG_END_TRY();
}

/*
 * Gives a slot back, with the answer.  An event that no session waits for and
 * that could not be written is left in the server log; otherwise its session
 * is told, and does that.  "refused": the log was there, and did not take it.
 */
static void
answer_slot(BatchSlot *taken, bool written, int sqlerrcode, bool refused)
{
	QueueSlot  *slot = taken->slot;
	dsm_handle	overflow = slot->overflow;

	if (!written && slot->abandoned)
		to_server_log(taken, NULL);
	if (taken->segment != NULL)
		dsm_detach(taken->segment);
	taken->segment = NULL;
	taken->slot = NULL;

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	sg_queue_place_answered(queue, slot, written);
	slot->overflow = NO_OVERFLOW;
	slot->sqlerrcode = sqlerrcode;
	slot->state = written ? SLOT_WRITTEN : SLOT_FAILED;
	if (!written)
		queue->health.events_failed++;
	if (refused && slot->abandoned)
		queue->health.events_put_aside++;
	if (slot->abandoned)
		sg_queue_free_slot(queue, slot);
	else
		ConditionVariableSignal(&slot->answered);
	LWLockRelease(queue->lock);

	if (overflow != NO_OVERFLOW)
		dsm_unpin_segment(overflow);
}

/* A place whose completion is written is free; else it is tried again. */
static void
answer_place(BatchPlace *taken, bool written)
{
	InflightDisclosure *place = taken->place;

	taken->place = NULL;
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	if (written)
	{
		if (place->times_aside > 0)
			queue->health.events_put_aside--;
		sg_queue_free_place(queue, place);
	}
	else
	{
		place->state = PLACE_ENDED;
		queue->places_ended++;
	}
	LWLockRelease(queue->lock);
}

/*
 * A place whose completion is put aside: with its line in the server log, and
 * for good where that has been tried often enough.
 */
static void
put_place_aside(BatchPlace *taken)
{
	InflightDisclosure *place = taken->place;

	if (place->times_aside == 0)
		to_server_log(NULL, place);
	taken->place = NULL;
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	if (place->times_aside++ == 0)
		queue->health.events_put_aside++;
	if (place->times_aside < TIMES_ASIDE_MAX)
		sg_queue_put_aside(queue, place);
	else
		sg_queue_free_place(queue, place);
	LWLockRelease(queue->lock);
}

/* All of the batch that has no answer yet. */
static void
answer_batch(bool written, int sqlerrcode)
{
	for (int i = 0; i < batch.nslots; i++)
	{
		if (batch.slots[i].slot != NULL)
			answer_slot(&batch.slots[i], written, sqlerrcode, false);
	}
	for (int i = 0; i < batch.nplaces; i++)
	{
		if (batch.places[i].place != NULL)
			answer_place(&batch.places[i], written);
	}
}

/* A writer ended while it wrote this by itself. */
static void
count_death(bool *alone, int *deaths)
{
	if (*alone)
		(*deaths)++;
	*alone = false;
}

void
sg_batch_inherit(Queue *my_queue, MemoryContext context)
{
	queue = my_queue;
	work_context = context;

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	for (int i = sg_queue_slots - 1; i >= 0; i--)
	{
		QueueSlot  *slot = &queue->slots[i];

		if (slot->state != SLOT_TAKEN)
			continue;
		count_death(&slot->alone, &slot->deaths);
		sg_queue_make_ready_again(queue, slot);
	}
	for (int i = 0; i < sg_open_disclosures; i++)
	{
		InflightDisclosure *place = &queue->places[i];

		if (place->state != PLACE_ENDING)
			continue;
		count_death(&place->alone, &place->deaths);
		place->state = PLACE_ENDED;
		queue->places_ended++;
	}
	LWLockRelease(queue->lock);
}

/* Tells this process that it would wait in vain. */
static void
refuse_deadlocked(int pid)
{
	/* It may have come after the batch was taken. */
	take_slots();
	for (int i = 0; i < batch.nslots; i++)
	{
		BatchSlot  *taken = &batch.slots[i];

		if (taken->slot != NULL && taken->slot->owner_pid == pid)
			answer_slot(taken, false, ERRCODE_T_R_DEADLOCK_DETECTED, false);
	}
}

/*-------------------------------------------------------------------------
 * Writing
 *-------------------------------------------------------------------------
 */

/* Whole, or of it one slot or one place. */
typedef struct BatchPart
{
	BatchSlot  *slot;			/* both NULL: the whole batch */
	BatchPlace *place;
} BatchPart;

/* Writes the events of this part, with the transaction; returns how many. */
static int
write_part(EventInserter *writer, BatchPart part)
{
	bool		whole = part.slot == NULL && part.place == NULL;
	int			written = 0;

	for (int i = 0; i < batch.nslots; i++)
	{
		BatchSlot  *taken = &batch.slots[i];

		if (taken->slot != NULL && (whole || taken == part.slot))
			written += sg_event_insert_serialized(writer, slot_data(taken),
												  taken->slot->length,
												  taken->perhaps_written);
	}
	for (int i = 0; i < batch.nplaces; i++)
	{
		BatchPlace *taken = &batch.places[i];

		if (taken->place != NULL && (whole || taken == part.place))
		{
			CompletionEvent event = completion_of(taken->place);

			written += sg_event_insert_ending(writer, &event,
											  taken->perhaps_written);
		}
	}
	return written;
}

/*
 * Writes a part of the batch in one transaction.  It is flushed when this
 * returns true; false, with the reason, when there was an error.
 */
static bool
write_events(BatchPart part, WriteFailure *failure)
{
	volatile int written = 0;
	volatile bool is_open = false;

	PG_TRY();
	{
		EventInserter *writer;

		StartTransactionCommand();
		locked_log = sg_log_lock(queue, refuse_deadlocked);
		writer = sg_event_inserter_open();
		is_open = true;
		written = write_part(writer, part);
		sg_event_inserter_close(writer);
		CommitTransactionCommand();
		MemoryContextSwitchTo(work_context);

		/*
		 * With any synchronous_commit: an answer means that the events are on
		 * disk.  Costs nothing where they are.
		 */
		XLogFlush(XactLastCommitEnd);
	}
	PG_CATCH();
	{
		failure->sqlerrcode = sg_batch_recover();
		failure->of_log = !is_open;
		return false;
	}
	PG_END_TRY();

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	queue->health.events_written += written;
	queue->health.last_write_at = GetCurrentTimestamp();
	LWLockRelease(queue->lock);
	sg_batch_log_took_something();
	return true;
}

/*
 * Errors that need not have anything to do with the event, wherever they come
 * from: they are held against it only where the log has taken others since.
 */
static bool
is_shortage(int sqlerrcode)
{
	int			category = ERRCODE_TO_CATEGORY(sqlerrcode);

	return sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		category == ERRCODE_INSUFFICIENT_RESOURCES ||
		category == ERRCODE_TRANSACTION_ROLLBACK ||
		category == ERRCODE_OPERATOR_INTERVENTION ||
		category == ERRCODE_SYSTEM_ERROR;
}

/* The log has refused this completion, when it was written by itself. */
static void
place_failed(BatchPlace *taken, int sqlerrcode)
{
	InflightDisclosure *place = taken->place;

	if (!is_shortage(sqlerrcode) ||
		(place->failed_at != 0 && last_success > place->failed_at))
		place->failures++;
	place->failed_at = GetCurrentTimestamp();
	if (place->failures >= FAILURES_MAX)
		put_place_aside(taken);
	else
		answer_place(taken, false);
}

/* How far the taking apart of a batch has come. */
typedef struct Apart
{
	WriteFailure failure;		/* the last one */
	int			shortages;		/* in a row */
	bool		over;			/* the rest would only meet it again */
} Apart;

/*
 * Writes one part by itself.  *alone and *deaths are the event's, in shared
 * memory, where they outlive this process.
 */
static bool
write_alone(Apart *apart, BatchPart part, bool *alone, int deaths)
{
	bool		written;

	if (deaths >= DEATHS_MAX)
	{
		apart->failure.sqlerrcode = ERRCODE_INTERNAL_ERROR;
		return false;
	}
	*alone = true;
	written = write_events(part, &apart->failure);
	*alone = false;
	if (written)
		apart->shortages = 0;
	else if (apart->failure.of_log)
		apart->over = true;
	else if (is_shortage(apart->failure.sqlerrcode) &&
			 ++apart->shortages >= SHORTAGES_MAX)
		apart->over = true;
	return written;
}

static void
write_slots_alone(Apart *apart)
{
	for (int i = 0; i < batch.nslots && !apart->over; i++)
	{
		BatchSlot  *taken = &batch.slots[i];
		BatchPart	part = {.slot = taken};
		QueueSlot  *slot = taken->slot;
		bool		written;

		if (slot == NULL)
			continue;
		written = write_alone(apart, part, &slot->alone, slot->deaths);

		/* Unless it was answered meanwhile, to break a deadlock. */
		if (taken->slot != NULL)
			answer_slot(taken, written,
						written ? 0 : apart->failure.sqlerrcode,
						!written && !apart->failure.of_log);
	}
}

static void
write_places_alone(Apart *apart)
{
	for (int i = 0; i < batch.nplaces && !apart->over; i++)
	{
		BatchPlace *taken = &batch.places[i];
		BatchPart	part = {.place = taken};
		InflightDisclosure *place = taken->place;

		if (place->deaths >= DEATHS_MAX)
			put_place_aside(taken);
		else if (write_alone(apart, part, &place->alone, place->deaths))
			answer_place(taken, true);
		else if (apart->failure.of_log)
			answer_place(taken, false);
		else
			place_failed(taken, apart->failure.sqlerrcode);
	}
}

/*
 * Writes each slot and each place of the batch by itself.  What comes after an
 * error that concerns all is answered with it.
 */
static void
write_one_by_one(void)
{
	Apart		apart = {0};

	for (int i = 0; i < batch.nslots; i++)
		batch.slots[i].perhaps_written = true;
	for (int i = 0; i < batch.nplaces; i++)
		batch.places[i].perhaps_written = true;

	/* Sessions wait; and breaking a deadlock may add slots to the batch. */
	write_slots_alone(&apart);
	write_places_alone(&apart);
	write_slots_alone(&apart);
	answer_batch(false, apart.failure.sqlerrcode);
}

bool
sg_batch_write(void)
{
	BatchPart	whole = {0};
	WriteFailure failure = {0};

	batch.nslots = 0;
	batch.nplaces = 0;
	batch.in_doubt = false;
	take_slots();
	take_places();
	if (batch.nslots + batch.nplaces == 0)
		return false;

	/* What was in the hands of a writer that died goes by itself, too. */
	if (batch.in_doubt)
		write_one_by_one();
	else if (write_events(whole, &failure))
	{
		if (debug_answer_delay > 0)
		{
			pg_usleep(debug_answer_delay * 1000L);
			CHECK_FOR_INTERRUPTS();
		}
		answer_batch(true, 0);
		return true;
	}
	else if (failure.of_log)
		answer_batch(false, failure.sqlerrcode);
	else
		write_one_by_one();
	return batch.nslots > 0;
}
