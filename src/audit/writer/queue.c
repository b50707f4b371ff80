/*-------------------------------------------------------------------------
 *
 * queue.c
 *		The bounded queue in shared memory between sessions and the writer.
 *
 * Fixed in size when the server starts: sessions wait while it is full, and
 * what it holds can never grow until the server has no memory left.  It is
 * lost when the server crashes, and so are the sessions that were waiting:
 * none was told of what it held.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "audit/writer/queue.h"
#include "base/guc.h"

#define LWLOCK_TRANCHE	"sharing_guard"

/* Settings. */
int			sg_audit_timeout = 10000;
int			sg_queue_slots = 128;
int			sg_open_disclosures = 1024;

static shmem_request_hook_type prev_shmem_request = NULL;
static shmem_startup_hook_type prev_shmem_startup = NULL;

/* Fixed at library load: the setting cannot change while the server runs. */
static List *databases = NIL;

/* For which of them a writer is registered; a bit for each. */
static Bitmapset *registered = NULL;

/* In shared memory; NULL before start-up and where nothing is guarded. */
static Queue *queues = NULL;

static void queue_shmem_request(void);
static void queue_shmem_startup(void);

void
sg_queue_init(void)
{
	DefineCustomIntVariable("sharing_guard.audit_timeout",
							"Sets how long a session waits for its audit event to be on disk.",
							"When it has waited so long, what it wanted to disclose is refused.",
							&sg_audit_timeout,
							10000,
							100,
							INT_MAX / 2,
							PGC_SIGHUP,
							GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomIntVariable("sharing_guard.queue_slots",
							"Sets how many sessions of a database can wait for their audit events at once.",
							"Further ones wait for a slot first. A slot takes about four kilobytes of shared memory.",
							&sg_queue_slots,
							128,
							1,
							65536,
							PGC_POSTMASTER,
							0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("sharing_guard.open_disclosures",
							"Sets how many reads of guarded tables can be under way at once in a database.",
							"Every open cursor counts. Further ones are refused.",
							&sg_open_disclosures,
							1024,
							1,
							1024 * 1024,
							PGC_POSTMASTER,
							0,
							NULL, NULL, NULL);

	databases = sg_guarded_databases();

	prev_shmem_request = shmem_request_hook;
	shmem_request_hook = queue_shmem_request;
	prev_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = queue_shmem_startup;
}

void
sg_queue_writer_registered(int index)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(TopMemoryContext);

	registered = bms_add_member(registered, index);
	MemoryContextSwitchTo(oldcontext);
}

static Size
queues_size(void)
{
	Size		each = sizeof(Queue);

	each = add_size(each, mul_size(sizeof(QueueSlot), sg_queue_slots));
	each = add_size(each, mul_size(sizeof(InflightDisclosure), sg_open_disclosures));
	return mul_size(MAXALIGN(each), list_length(databases));
}

static void
queue_shmem_request(void)
{
	if (prev_shmem_request)
		prev_shmem_request();

	if (databases == NIL)
		return;
	RequestAddinShmemSpace(queues_size());
	RequestNamedLWLockTranche(LWLOCK_TRANCHE, list_length(databases));
}

/*
 * Empty queues.  Again after a crash, when all shared memory is initialized
 * again.
 */
static void
initialize_queues(void)
{
	LWLockPadded *locks = GetNamedLWLockTranche(LWLOCK_TRANCHE);
	char	   *free_space = (char *) (queues + list_length(databases));

	memset(queues, 0, queues_size());
	for (int i = 0; i < list_length(databases); i++)
	{
		Queue	   *queue = &queues[i];

		strlcpy(queue->database, list_nth(databases, i), NAMEDATALEN);
		queue->lock = &locks[i].lock;
		queue->registered = bms_is_member(i, registered);
		queue->after_start = true;
		ConditionVariableInit(&queue->slot_freed);

		queue->slots = (QueueSlot *) free_space;
		free_space += sizeof(QueueSlot) * sg_queue_slots;
		queue->places = (InflightDisclosure *) free_space;
		free_space += sizeof(InflightDisclosure) * sg_open_disclosures;

		queue->first_ready = queue->last_ready = -1;
		queue->free_slot = queue->free_place = -1;
		for (int j = sg_queue_slots - 1; j >= 0; j--)
		{
			ConditionVariableInit(&queue->slots[j].answered);
			queue->slots[j].place = -1;
			queue->slots[j].next = queue->free_slot;
			queue->free_slot = j;
		}
		for (int j = sg_open_disclosures - 1; j >= 0; j--)
		{
			queue->places[j].next_free = queue->free_place;
			queue->free_place = j;
		}
	}
}

static void
queue_shmem_startup(void)
{
	bool		found;

	if (prev_shmem_startup)
		prev_shmem_startup();

	if (databases == NIL)
		return;
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	queues = ShmemInitStruct("sharing_guard queues", queues_size(), &found);
	if (!found)
		initialize_queues();
	LWLockRelease(AddinShmemInitLock);
}

int
sg_queue_count(void)
{
	return list_length(databases);
}

Queue *
sg_queue_at(int index)
{
	Assert(index >= 0 && index < list_length(databases));
	return queues == NULL ? NULL : &queues[index];
}

Queue *
sg_queue_of_database(const char *database)
{
	for (int i = 0; queues != NULL && i < list_length(databases); i++)
	{
		if (strcmp(queues[i].database, database) == 0)
			return &queues[i];
	}
	return NULL;
}

/*
 * Looked up once: a database with connected sessions cannot be renamed.
 * The first call needs a transaction.
 */
Queue *
sg_queue_mine(void)
{
	static bool known = false;
	static Queue *mine = NULL;

	if (!known)
	{
		char	   *name = get_database_name(MyDatabaseId);

		mine = name == NULL ? NULL : sg_queue_of_database(name);
		known = true;
	}
	return mine;
}

/*
 * The latch of a writer that has just gone may belong to another process by
 * now: that wakes up for nothing, which every process must be able to bear.
 */
void
sg_queue_wake_writer(Queue *queue)
{
	Latch	   *latch = queue->writer_latch;

	if (latch != NULL)
		SetLatch(latch);
}

QueueSlot *
sg_queue_claim_slot(Queue *queue)
{
	QueueSlot  *slot;

	if (queue->free_slot < 0)
		return NULL;
	slot = &queue->slots[queue->free_slot];
	queue->free_slot = slot->next;
	slot->next = -1;
	slot->owner_pid = MyProcPid;
	queue->slots_used++;
	queue->health.slots_high_water = Max(queue->health.slots_high_water,
										 queue->slots_used);
	return slot;
}

void
sg_queue_free_slot(Queue *queue, QueueSlot *slot)
{
	slot->state = SLOT_FREE;
	slot->abandoned = false;
	slot->perhaps_written = false;
	slot->alone = false;
	slot->deaths = 0;
	slot->owner_pid = 0;
	slot->place = -1;
	slot->overflow = NO_OVERFLOW;
	slot->length = 0;
	slot->next = queue->free_slot;
	queue->free_slot = slot - queue->slots;
	queue->slots_used--;
	ConditionVariableSignal(&queue->slot_freed);
}

void
sg_queue_make_ready(Queue *queue, QueueSlot *slot)
{
	int			index = slot - queue->slots;

	slot->state = SLOT_READY;
	slot->ready_at = GetCurrentTimestamp();
	slot->next = -1;
	if (queue->last_ready >= 0)
		queue->slots[queue->last_ready].next = index;
	else
		queue->first_ready = index;
	queue->last_ready = index;
}

void
sg_queue_make_ready_again(Queue *queue, QueueSlot *slot)
{
	int			index = slot - queue->slots;

	slot->state = SLOT_READY;
	slot->perhaps_written = true;
	slot->next = queue->first_ready;
	queue->first_ready = index;
	if (queue->last_ready < 0)
		queue->last_ready = index;
}

QueueSlot *
sg_queue_take_ready(Queue *queue)
{
	QueueSlot  *slot;

	if (queue->first_ready < 0)
		return NULL;
	slot = &queue->slots[queue->first_ready];
	queue->first_ready = slot->next;
	if (queue->first_ready < 0)
		queue->last_ready = -1;
	slot->next = -1;
	slot->state = SLOT_TAKEN;
	return slot;
}

/* A place whose completion is in the server log alone, made free. */
static void
free_place_aside(Queue *queue)
{
	for (int i = 0; queue->places_aside > 0 && i < sg_open_disclosures; i++)
	{
		if (queue->places[i].state == PLACE_ASIDE)
		{
			sg_queue_free_place(queue, &queue->places[i]);
			return;
		}
	}
}

InflightDisclosure *
sg_queue_claim_place(Queue *queue)
{
	InflightDisclosure *place;

	if (queue->free_place < 0)
		free_place_aside(queue);
	if (queue->free_place < 0)
		return NULL;
	place = &queue->places[queue->free_place];
	queue->free_place = place->next_free;
	memset(place, 0, sizeof(*place));
	place->state = PLACE_IN_SLOT;
	place->owner_pid = MyProcPid;
	queue->places_used++;
	queue->health.places_high_water = Max(queue->health.places_high_water,
										  queue->places_used);
	return place;
}

void
sg_queue_free_place(Queue *queue, InflightDisclosure *place)
{
	if (place->state == PLACE_ASIDE)
		queue->places_aside--;
	memset(place, 0, sizeof(*place));
	place->next_free = queue->free_place;
	queue->free_place = place - queue->places;
	queue->places_used--;
}

bool
sg_queue_has_place(Queue *queue, const pg_uuid_t *event_id)
{
	bool		found = false;

	LWLockAcquire(queue->lock, LW_SHARED);
	for (int i = 0; i < sg_open_disclosures && !found; i++)
		found = queue->places[i].state != PLACE_FREE &&
			memcmp(&queue->places[i].event_id, event_id, UUID_LEN) == 0;
	LWLockRelease(queue->lock);
	return found;
}

static void
end_place(Queue *queue, InflightDisclosure *place)
{
	place->state = PLACE_ENDED;
	queue->places_ended++;
}

/* While a slot has it, word is left for the writer. */
void
sg_queue_end_place(Queue *queue, InflightDisclosure *place, int64 rows_disclosed,
				   int64 rows_blocked, DisclosureEnding ending)
{
	place->rows_disclosed = rows_disclosed;
	place->rows_blocked = rows_blocked;
	place->ending = ending;
	place->ended_at = GetCurrentTimestamp();
	if (place->state == PLACE_IN_SLOT)
		place->given_up = true;
	else
		end_place(queue, place);
}

void
sg_queue_end_summaries(Queue *queue, TimestampTz now)
{
	queue->summary_due = 0;
	for (int i = 0; i < sg_open_disclosures; i++)
	{
		InflightDisclosure *place = &queue->places[i];

		if (place->state != PLACE_OPEN || place->summary_until == 0 ||
			place->running)
			continue;
		if (place->summary_until <= now)
			sg_queue_end_place(queue, place, place->rows_disclosed, 0,
							   ENDING_COMPLETED);
		else if (queue->summary_due == 0 ||
				 queue->summary_due > place->summary_until)
			queue->summary_due = place->summary_until;
	}
}

bool
sg_queue_end_forgotten(Queue *queue, const pg_uuid_t *event_id)
{
	InflightDisclosure *place;

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	place = sg_queue_claim_place(queue);
	if (place != NULL)
	{
		place->event_id = *event_id;
		place->state = PLACE_OPEN;
		sg_queue_end_place(queue, place, ROWS_UNKNOWN, 0, ENDING_UNFINISHED);
	}
	LWLockRelease(queue->lock);
	return place != NULL;
}

void
sg_queue_put_in_slot(Queue *queue, QueueSlot *slot, InflightDisclosure *place,
					 SlotPurpose purpose, int64 rows)
{
	slot->place = place - queue->places;
	slot->purpose = purpose;
	slot->rows = rows;
	place->state = PLACE_IN_SLOT;
}

void
sg_queue_place_answered(Queue *queue, QueueSlot *slot, bool written)
{
	InflightDisclosure *place;

	if (slot->place < 0)
		return;
	place = &queue->places[slot->place];
	slot->place = -1;
	if (written && slot->purpose == SLOT_ROWS)
		place->rows_on_record += slot->rows;

	/* There is no intent, or it is completed. */
	if ((slot->purpose == SLOT_INTENT && !written) ||
		(slot->purpose == SLOT_COMPLETION && written))
		sg_queue_free_place(queue, place);
	else if (place->given_up)
		end_place(queue, place);
	else
		place->state = PLACE_OPEN;
}

void
sg_queue_put_aside(Queue *queue, InflightDisclosure *place)
{
	place->state = PLACE_ASIDE;
	queue->places_aside++;
}

void
sg_queue_try_aside_again(Queue *queue)
{
	for (int i = 0; queue->places_aside > 0 && i < sg_open_disclosures; i++)
	{
		InflightDisclosure *place = &queue->places[i];

		if (place->state != PLACE_ASIDE)
			continue;
		queue->places_aside--;
		place->failed_at = 0;
		end_place(queue, place);
	}
}

void
sg_queue_note_error(Queue *queue, int sqlerrcode)
{
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	queue->health.last_error_code = sqlerrcode;
	queue->health.last_error_at = GetCurrentTimestamp();
	LWLockRelease(queue->lock);
}

bool
sg_writer_is_this_process(void)
{
	Queue	   *queue = sg_queue_mine();

	return queue != NULL && queue->writer_pid == MyProcPid;
}

/*-------------------------------------------------------------------------
 * Making room for a command that needs a database without sessions
 *-------------------------------------------------------------------------
 */

void
sg_writer_stay_away(const char *database, int milliseconds)
{
	Queue	   *its_queue = sg_queue_of_database(database);

	if (its_queue == NULL)
		return;
	its_queue->stay_away_until =
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);
	for (int i = 0; i < 500 && its_queue->writer_state == WRITER_RUNNING; i++)
	{
		sg_queue_wake_writer(its_queue);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 10, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

void
sg_writer_come_back(const char *database)
{
	Queue	   *its_queue = sg_queue_of_database(database);

	if (its_queue == NULL)
		return;
	its_queue->stay_away_until = 0;
	sg_queue_wake_writer(its_queue);
}
