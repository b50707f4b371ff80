/*-------------------------------------------------------------------------
 *
 * worker.c
 *		The background worker that writes what the queue brings.
 *
 * One for each guarded database, started with the server.  It takes whatever
 * is ready, writes it in one transaction, and answers when that is committed
 * and flushed; what became ready meanwhile is the next one's.  So many
 * sessions share one flush, and one session alone waits for no other.
 *
 * An error ends its transaction and nothing else.  A slot that it had taken
 * when it died is found by its successor, which looks whether the events are
 * in the log already.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "executor/spi.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "audit/event_serialized.h"
#include "audit/health.h"
#include "audit/overdue.h"
#include "audit/queue.h"
#include "audit/seal.h"
#include "audit/worker.h"
#include "compat.h"
#include "operational.h"

/* As many are written in one transaction. */
#define BATCH_SLOTS		256
#define BATCH_PLACES	256

/* While the log is locked, how often the worker looks again. */
#define LOCK_POLL_MS	20

/* After how long a completion that could not be written is tried again. */
#define COMPLETE_AGAIN_MS	1000

/* How often it looks after the review periods. */
#define REVIEW_MS		60000

/* The longest pause before another attempt to connect. */
#define RECONNECT_MAX_MS	60000

/* One slot of the batch that is being written. */
typedef struct BatchSlot
{
	QueueSlot  *slot;			/* NULL: answered */
	dsm_segment *segment;		/* NULL: the events are in the slot */
	bool		perhaps_written;
} BatchSlot;

/* What is being written, or was taken to be. */
typedef struct Batch
{
	int			nslots;
	BatchSlot	slots[BATCH_SLOTS];
	int			nplaces;
	OpenPlace  *places[BATCH_PLACES];
	pg_uuid_t	completion_ids[BATCH_PLACES];
} Batch;

/* Settings. */
static int	debug_answer_delay = 0;
static int	seal_interval = 60000;

static Queue *queue = NULL;
static Batch batch;
static MemoryContext work_context = NULL;
static TimestampTz last_heartbeat = 0;
static TimestampTz last_seal = 0;
static TimestampTz last_review = 0;

/* Has this worker told the log that it is there, and which log was that? */
static bool announced = false;
static Oid	announced_log = InvalidOid;

void
sg_worker_init(void)
{
	ListCell   *lc;
	int			index = 0;

	/* As post_auth_delay: for tests, which stop the worker meanwhile. */
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
	DefineCustomIntVariable("sharing_guard.seal_interval",
							"Sets how often the background worker seals what was recorded.",
							"0: never; then sharing_guard.seal() has to be called.",
							&seal_interval,
							60000,
							0,
							24 * 60 * 60 * 1000,
							PGC_SIGHUP,
							GUC_UNIT_MS,
							NULL, NULL, NULL);
	sg_health_init();

	foreach(lc, sg_guarded_databases())
	{
		BackgroundWorker worker = {0};
		const char *database = lfirst(lc);

		snprintf(worker.bgw_name, BGW_MAXLEN, "sharing_guard writer %d: %s",
				 index + 1, database);
		strlcpy(worker.bgw_type, "sharing_guard writer", BGW_MAXLEN);
		worker.bgw_flags = BGWORKER_SHMEM_ACCESS |
			BGWORKER_BACKEND_DATABASE_CONNECTION;
		worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
		worker.bgw_restart_time = 1;
		strlcpy(worker.bgw_library_name, "sharing_guard", BGW_MAXLEN);
		strlcpy(worker.bgw_function_name, "sg_writer_main", BGW_MAXLEN);
		worker.bgw_main_arg = Int32GetDatum(index);
		RegisterBackgroundWorker(&worker);

		if (sg_background_worker_is_registered(worker.bgw_name))
			sg_queue_writer_registered(index);
		else
			ereport(WARNING,
					(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
					 errmsg("sharing_guard cannot start the writer of database \"%s\"",
							database),
					 errdetail("All of max_worker_processes (%d) are taken. Until it runs, everything that would have to be recorded apart from its transaction is refused: blocked rows stay blocked, guarded tables cannot be read by partners.",
							   max_worker_processes),
					 errhint("Raise max_worker_processes by one for each database in sharing_guard.databases, then restart the server.")));
		index++;
	}
}

bool
sg_worker_is_wanted(void)
{
	return queue != NULL &&
		(queue->first_ready >= 0 || queue->places_ended > 0 ||
		 queue->stay_away_until > GetCurrentTimestamp() || ProcDiePending);
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
	}
	LWLockRelease(queue->lock);
}

/* Likewise the disclosures that have ended. */
static void
take_places(void)
{
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	for (int i = 0; i < sg_open_disclosures && queue->places_ended > 0 &&
		 batch.nplaces < BATCH_PLACES; i++)
	{
		OpenPlace  *place = &queue->places[i];

		if (place->state != PLACE_ENDED)
			continue;
		place->state = PLACE_ENDING;
		queue->places_ended--;
		batch.places[batch.nplaces++] = place;
	}
	LWLockRelease(queue->lock);

	/* The same ones at every attempt: a completion has one event. */
	for (int i = 0; i < batch.nplaces; i++)
		sg_event_new_id(&batch.completion_ids[i], batch.places[i]->ended_at);
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

/*
 * Gives a slot back, with the answer.  An event that nobody waits for and that
 * could not be written is left in the server log.
 */
static void
answer_slot(BatchSlot *taken, bool written, int sqlerrcode)
{
	QueueSlot  *slot = taken->slot;
	dsm_handle	overflow = slot->overflow;

	if (!written && slot->abandoned)
		sg_event_serialized_to_server_log(slot_data(taken), slot->length,
										  "could not be written to the audit log");
	if (taken->segment != NULL)
		dsm_detach(taken->segment);
	taken->segment = NULL;
	taken->slot = NULL;

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	sg_queue_intent_answered(queue, slot, written);
	slot->overflow = NO_OVERFLOW;
	slot->sqlerrcode = sqlerrcode;
	slot->state = written ? SLOT_WRITTEN : SLOT_FAILED;
	if (!written)
		queue->health.events_failed++;
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
answer_place(OpenPlace *place, bool written)
{
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	if (written)
		sg_queue_free_place(queue, place);
	else
	{
		place->state = PLACE_ENDED;
		queue->places_ended++;
	}
	LWLockRelease(queue->lock);
}

/* All of the batch that has no answer yet. */
static void
answer_batch(bool written, int sqlerrcode)
{
	for (int i = 0; i < batch.nslots; i++)
	{
		if (batch.slots[i].slot != NULL)
			answer_slot(&batch.slots[i], written, sqlerrcode);
	}
	for (int i = 0; i < batch.nplaces; i++)
	{
		if (batch.places[i] != NULL)
			answer_place(batch.places[i], written);
		batch.places[i] = NULL;
	}
}

/*
 * What a predecessor of this process had taken.  It may have died before its
 * commit, or after it.
 */
static void
inherit_slots(void)
{
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	for (int i = sg_queue_slots - 1; i >= 0; i--)
	{
		if (queue->slots[i].state == SLOT_TAKEN)
			sg_queue_make_ready_again(queue, &queue->slots[i]);
	}
	for (int i = 0; i < sg_open_disclosures; i++)
	{
		if (queue->places[i].state == PLACE_ENDING)
		{
			queue->places[i].state = PLACE_ENDED;
			queue->places_ended++;
		}
	}
	LWLockRelease(queue->lock);
}

/*-------------------------------------------------------------------------
 * The lock on the log
 *-------------------------------------------------------------------------
 */

/* Does this process wait for us to write something? */
static bool
waits_for_us(int pid)
{
	bool		waits = false;

	LWLockAcquire(queue->lock, LW_SHARED);
	for (int i = 0; i < sg_queue_slots && !waits; i++)
	{
		QueueSlot  *slot = &queue->slots[i];

		waits = slot->owner_pid == pid && !slot->abandoned &&
			(slot->state == SLOT_READY || slot->state == SLOT_TAKEN);
	}
	LWLockRelease(queue->lock);
	return waits;
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
			answer_slot(taken, false, ERRCODE_T_R_DEADLOCK_DETECTED);
	}
}

/*
 * Who stands in line for this lock.  One who waits for a lock that conflicts
 * with ours keeps us from it as well, and it may be a mere reader of the log
 * that he waits for.
 */
static List *
waiting_for_lock(const LOCKTAG *tag)
{
	LockData   *locks = GetLockStatusData();
	List	   *pids = NIL;

	for (int i = 0; i < locks->nelements; i++)
	{
		LockInstanceData *lock = &locks->locks[i];

		if (lock->waitLockMode != NoLock &&
			memcmp(&lock->locktag, tag, sizeof(LOCKTAG)) == 0)
			pids = list_append_unique_int(pids, lock->pid);
	}
	return pids;
}

/*
 * The server's deadlock detector does not see that a session waits for us.  So
 * whenever somebody's lock, or wish for one, keeps us from the log, look whether
 * he, or somebody he waits for, is waiting for us, and if so, let that one go: his error ends
 * his transaction, or he can end it.
 */
static void
break_deadlocks(Oid log)
{
	LOCKTAG		tag;
	VirtualTransactionId *holders;
	int			nholders;
	List	   *pids = NIL;
	int			looked_at = 0;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, log);
	holders = GetLockConflicts(&tag, RowExclusiveLock, &nholders);
	for (int i = 0; i < nholders; i++)
	{
		int			pid = sg_virtual_transaction_pid(holders[i]);

		if (pid != 0)
			pids = list_append_unique_int(pids, pid);
	}
	pids = list_concat_unique_int(pids, waiting_for_lock(&tag));

	/* The list grows while we go through it. */
	while (looked_at < list_length(pids))
	{
		int			pid = list_nth_int(pids, looked_at++);
		ArrayType  *blockers;
		int32	   *blocker_pids;

		if (waits_for_us(pid))
		{
			refuse_deadlocked(pid);
			continue;
		}
		blockers = DatumGetArrayTypeP(DirectFunctionCall1(pg_blocking_pids,
														  Int32GetDatum(pid)));
		blocker_pids = (int32 *) ARR_DATA_PTR(blockers);
		for (int i = 0; i < ArrayGetNItems(ARR_NDIM(blockers),
										   ARR_DIMS(blockers)); i++)
		{
			/* 0: a prepared transaction, which waits for nobody. */
			if (blocker_pids[i] != 0)
				pids = list_append_unique_int(pids, blocker_pids[i]);
		}
	}
	list_free(pids);
}

/* The log's OID, or none where the extension was not created. */
static Oid
log_relation(void)
{
	Oid			namespace = get_namespace_oid("sharing_guard", true);

	return OidIsValid(namespace) ?
		get_relname_relid("event", namespace) : InvalidOid;
}

/*
 * Gets the lock that writing needs, before anything else is done, without
 * standing in line for it: so that we can look around meanwhile.
 */
static void
lock_log(void)
{
	Oid			log = log_relation();
	TimestampTz deadline;

	if (!OidIsValid(log))
		return;					/* said when it is opened */

	/* The extension was dropped and made again: a new log knows nothing. */
	if (announced && log != announced_log)
	{
		announced = false;
		last_heartbeat = 0;
	}

	/* Half the time that the sessions wait, so that they hear of it. */
	deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										   sg_audit_timeout / 2);
	while (!ConditionalLockRelationOid(log, RowExclusiveLock))
	{
		break_deadlocks(log);
		if (GetCurrentTimestamp() >= deadline)
			ereport(ERROR,
					(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					 errmsg("the audit log is locked by another session"),
					 errhint("pg_locks shows which one it is.")));
		(void) WaitLatch(NULL, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, LOCK_POLL_MS,
						 PG_WAIT_EXTENSION);
		CHECK_FOR_INTERRUPTS();
	}
}

/*-------------------------------------------------------------------------
 * Writing
 *-------------------------------------------------------------------------
 */

/*
 * Ends what an error has left, outside any PG_TRY.  The error is in the server
 * log then, and the worker as if it had just started.
 */
static int
recover_from_error(void)
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

static void
write_place(EventWriter *writer, int index)
{
	const OpenPlace *place = batch.places[index];
	CompletionEvent event = {0};

	event.event_id = batch.completion_ids[index];
	event.occurred_at = place->ended_at;
	event.completes = place->event_id;
	event.ending = sg_ending_name(place->ending);
	event.rows_disclosed = place->rows_disclosed;
	event.rows_blocked = place->rows_blocked;
	if (place->statements > 0)
	{
		char	   *text = psprintf(INT64_FORMAT " statement%s, whose elements are not kept",
									place->statements,
									place->statements == 1 ? "" : "s");
		TextSlice	summary = {text, strlen(text)};

		event.rows.column[ROW_QUERY_ELEMENTS] =
			sg_rows_column(CurrentMemoryContext);
		sg_rows_append(event.rows.column[ROW_QUERY_ELEMENTS], &summary);
	}
	sg_event_write_completion(writer, &event);
}

/*
 * Writes the batch in one transaction, or one part of it: the slot or the
 * place of this number, where it is not WHOLE_BATCH.  It is flushed when this
 * returns true; false, with the reason, when there was an error.
 */
#define WHOLE_BATCH		(-1)
static bool
write_events(int only_slot, int only_place, int *sqlerrcode)
{
	bool		whole = only_slot == WHOLE_BATCH && only_place == WHOLE_BATCH;
	volatile int written = 0;

	PG_TRY();
	{
		EventWriter *writer;

		StartTransactionCommand();
		lock_log();
		writer = sg_event_writer_open();
		for (int i = 0; i < batch.nslots; i++)
		{
			BatchSlot  *taken = &batch.slots[i];

			if (taken->slot != NULL && (whole || i == only_slot))
				written += sg_event_write_serialized(writer, slot_data(taken),
													 taken->slot->length,
													 taken->perhaps_written);
		}
		for (int i = 0; i < batch.nplaces; i++)
		{
			if (batch.places[i] != NULL && (whole || i == only_place))
			{
				write_place(writer, i);
				written++;
			}
		}
		sg_event_writer_close(writer);
		CommitTransactionCommand();
		MemoryContextSwitchTo(work_context);

		/*
		 * Whatever synchronous_commit is: an answer means that the events are
		 * on disk.  Costs nothing where they are.
		 */
		XLogFlush(XactLastCommitEnd);
	}
	PG_CATCH();
	{
		*sqlerrcode = recover_from_error();
		return false;
	}
	PG_END_TRY();

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	queue->health.events_written += written;
	queue->health.last_write_at = GetCurrentTimestamp();
	LWLockRelease(queue->lock);
	return true;
}

/* Errors that the next attempt would only meet again, at the same cost. */
static bool
concerns_all(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		sqlerrcode == ERRCODE_SG_AUDIT_UNAVAILABLE ||
		ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_INSUFFICIENT_RESOURCES;
}

/*
 * One event that cannot be stored must not take the others with it: each in a
 * transaction of its own.
 */
static void
write_one_by_one(void)
{
	int			sqlerrcode = 0;

	/* First the places: breaking a deadlock may add slots to the batch. */
	for (int i = 0; i < batch.nplaces; i++)
	{
		bool		done = write_events(WHOLE_BATCH, i, &sqlerrcode);

		/* The channel has completed it by itself, late. */
		if (!done && sqlerrcode == ERRCODE_UNIQUE_VIOLATION)
			done = true;
		answer_place(batch.places[i], done);
		batch.places[i] = NULL;
	}
	for (int i = 0; i < batch.nslots; i++)
	{
		bool		written;

		if (batch.slots[i].slot == NULL)
			continue;
		written = write_events(i, WHOLE_BATCH, &sqlerrcode);

		/* Unless it was answered meanwhile, to break a deadlock. */
		if (batch.slots[i].slot != NULL)
			answer_slot(&batch.slots[i], written, written ? 0 : sqlerrcode);
	}
}

/* Writes what there is; false if there was nothing, or it could not be. */
static bool
write_batch(void)
{
	int			sqlerrcode = 0;

	batch.nslots = 0;
	batch.nplaces = 0;
	take_slots();
	take_places();
	if (batch.nslots + batch.nplaces == 0)
		return false;

	if (write_events(WHOLE_BATCH, WHOLE_BATCH, &sqlerrcode))
	{
		if (debug_answer_delay > 0)
		{
			pg_usleep(debug_answer_delay * 1000L);
			CHECK_FOR_INTERRUPTS();
		}
		answer_batch(true, 0);
		return true;
	}
	if (concerns_all(sqlerrcode))
	{
		answer_batch(false, sqlerrcode);
		return batch.nslots > 0;
	}
	write_one_by_one();
	return batch.nslots > 0;
}

/*-------------------------------------------------------------------------
 * Coming, staying, going
 *-------------------------------------------------------------------------
 */

/*
 * One of the worker's own duties, in a transaction with a snapshot; false where
 * an error has ended it.
 */
static bool
in_transaction(void (*duty) (void *arg), void *arg)
{
	PG_TRY();
	{
		StartTransactionCommand();
		PushActiveSnapshot(GetTransactionSnapshot());
		duty(arg);
		PopActiveSnapshot();
		CommitTransactionCommand();
		MemoryContextSwitchTo(work_context);
	}
	PG_CATCH();
	{
		(void) recover_from_error();
		return false;
	}
	PG_END_TRY();
	return true;
}

/* Says something (arg) in the log, where there is one and its lock is free. */
static void
say(void *arg)
{
	const char *what = arg;
	Oid			log = log_relation();

	if (!OidIsValid(log) ||
		!ConditionalLockRelationOid(log, RowExclusiveLock))
		return;
	if (!announced)
	{
		sg_health_announce(queue, queue->after_start);
		announced = true;
		announced_log = log;
	}
	if (what != NULL)
		sg_health_write(queue, what);
}

static void
write_health(const char *what)
{
	if (!in_transaction(say, unconstify(char *, what)))
		announced = announced && !queue->after_start;
	else if (announced)
		queue->after_start = false;

	/* Also where nothing could be said: not again at once. */
	last_heartbeat = GetCurrentTimestamp();
}

/* Seals a part of what has been recorded; arg: is there more? */
static void
seal_part(void *arg)
{
	if (OidIsValid(log_relation()))
		(void) sg_seal_once(false, (bool *) arg);
}

/*
 * Seals what has been recorded.  Sessions that wait for an event of theirs go
 * before it: then the rest of a long seal is done at the next turn.
 */
static void
seal(void)
{
	bool		more = false;

	if (!in_transaction(seal_part, &more) || !more)
		last_seal = GetCurrentTimestamp();
}

static void
tick(void *arg)
{
	sg_review_tick(false);
}

/*
 * Opens review periods and says what is overdue.  It waits for nobody, or not
 * long: what cannot be done now is done a minute later.
 */
static void
review(void)
{
	(void) in_transaction(tick, NULL);
	last_review = GetCurrentTimestamp();
}

/* What others have left for this process is settled when it goes. */
static void
writer_exit(int code, Datum arg)
{
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	if (queue->writer_pid == MyProcPid)
	{
		queue->writer_state = WRITER_NOT_RUNNING;
		queue->writer_pid = 0;
		queue->writer_latch = NULL;
	}
	LWLockRelease(queue->lock);
}

/*
 * Before connecting: waits while somebody needs the database without sessions,
 * and, when it could not be connected to, longer each time.  A session that
 * needs the writer wakes it up.
 */
static void
wait_to_connect(void)
{
	int			failed = queue->failed_connections;
	long		pause = failed == 0 ? 0 :
	Min(RECONNECT_MAX_MS, 1000L << Min(failed, 10));
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													pause);
	bool		woken = false;

	for (;;)
	{
		TimestampTz now = GetCurrentTimestamp();
		bool		away = queue->stay_away_until > now;
		long		left;

		if (!away && (now >= until || (woken && queue->first_ready >= 0)))
			return;
		left = TimestampDifferenceMilliseconds(now,
											   away ? queue->stay_away_until : until);
		woken = (WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						   Max(left, 1), PG_WAIT_EXTENSION) & WL_LATCH_SET) != 0;
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * What the database or the server's configuration may set for every session,
 * and would keep this one from its work.
 */
static void
settle_settings(void)
{
	static const struct
	{
		const char *name;
		const char *value;
	}			settings[] = {
		{"search_path", "pg_catalog"},
		{"session_replication_role", "origin"},
		{"default_transaction_read_only", "off"},
		{"default_transaction_isolation", "read committed"},
		{"default_transaction_deferrable", "off"},
		{"row_security", "on"},
		{"statement_timeout", "0"},
		{"transaction_timeout", "0"},	/* since PostgreSQL 17 */
		{"idle_in_transaction_session_timeout", "0"},
		{"idle_session_timeout", "0"},
		{"client_min_messages", "error"},
		{"exit_on_error", "off"},
		{"role", "none"}
	};

	for (int i = 0; i < lengthof(settings); i++)
	{
		if (GetConfigOption(settings[i].name, true, false) != NULL)
			SetConfigOption(settings[i].name, settings[i].value, PGC_SUSET,
							PGC_S_OVERRIDE);
	}

	/* Likewise session_authorization, which has no value for what it was. */
	SetSessionAuthorization(BOOTSTRAP_SUPERUSERID, true);

	/* A stronger promise, by way of standbys, stays. */
	if (synchronous_commit < SYNCHRONOUS_COMMIT_LOCAL_FLUSH)
		SetConfigOption("synchronous_commit", "on", PGC_SUSET, PGC_S_OVERRIDE);

	/* For locks other than that on the log itself. */
	SetConfigOption("lock_timeout", psprintf("%d", sg_audit_timeout / 2),
					PGC_SUSET, PGC_S_OVERRIDE);
}

/*
 * The end, by request: the log learns of it, so that it is told from a loss.
 * What is in the queue waits for the next writer.
 */
static void
leave(const char *what)
{
	HOLD_INTERRUPTS();
	write_health(what);
	RESUME_INTERRUPTS();
	proc_exit(1);
}

/*
 * Milliseconds until the worker has something to do by itself: what could not
 * be completed is tried again soon.
 */
static long
idle_time(void)
{
	TimestampTz due = TimestampTzPlusMilliseconds(last_heartbeat,
												  sg_health_interval());
	long		left;

	if (seal_interval > 0)
		due = Min(due, TimestampTzPlusMilliseconds(last_seal, seal_interval));
	due = Min(due, TimestampTzPlusMilliseconds(last_review, REVIEW_MS));
	left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), due);
	if (queue->places_ended > 0)
		left = Min(left, COMPLETE_AGAIN_MS);
	return Max(left, 1);
}

static void
do_duties(void)
{
	TimestampTz now = GetCurrentTimestamp();

	/*
	 * While it has not been able to say that it is there (there is no log
	 * yet, or it is locked), it tries whenever there is something to do.
	 */
	if (!announced && (last_heartbeat == 0 || queue->first_ready >= 0))
		write_health(NULL);
	else if (TimestampDifferenceExceeds(last_heartbeat, now,
										sg_health_interval()))
		write_health(announced ? "heartbeat" : NULL);

	if (seal_interval > 0 && !sg_worker_is_wanted() &&
		TimestampDifferenceExceeds(last_seal, GetCurrentTimestamp(), seal_interval))
		seal();

	if (!sg_worker_is_wanted() &&
		TimestampDifferenceExceeds(last_review, GetCurrentTimestamp(), REVIEW_MS))
		review();
}

void
sg_writer_main(Datum index)
{
	queue = sg_queue_at(DatumGetInt32(index));

	/* die() and not a flag: a wait for a standby must end with it, too. */
	pqsignal(SIGTERM, die);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();

	on_shmem_exit(writer_exit, 0);
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	queue->writer_pid = MyProcPid;
	queue->writer_latch = MyLatch;
	queue->writer_state = WRITER_WAITING;
	queue->health.writer_starts++;
	LWLockRelease(queue->lock);

	wait_to_connect();
	queue->failed_connections++;
	BackgroundWorkerInitializeConnection(queue->database, NULL, 0);
	queue->failed_connections = 0;

	settle_settings();
	work_context = AllocSetContextCreate(TopMemoryContext,
										 "sharing_guard writer",
										 ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(work_context);
	inherit_slots();
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	queue->writer_state = WRITER_RUNNING;
	queue->health.writer_started_at = GetCurrentTimestamp();
	LWLockRelease(queue->lock);
	pgstat_report_activity(STATE_IDLE, NULL);

	for (;;)
	{
		bool		busy;

		ResetLatch(MyLatch);
		if (ProcDiePending)
			leave("writer_stopped");
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			settle_settings();
		}
		if (queue->stay_away_until > GetCurrentTimestamp())
			leave("writer_stopped");

		MemoryContextReset(work_context);
		do_duties();
		busy = write_batch();
		if (busy)
			continue;
		pgstat_report_stat(false);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 idle_time(), PG_WAIT_EXTENSION);
	}
}

/*-------------------------------------------------------------------------
 * Making room for whoever needs a database without sessions
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
