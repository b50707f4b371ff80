/*-------------------------------------------------------------------------
 *
 * worker.c
 *		The background worker that writes what the queue brings.
 *
 * One for each guarded database, started with the server.  It takes everything
 * that is ready, has it written and answered (batch.c), and then looks for
 * what became ready meanwhile.  So many sessions share one flush, and one
 * session alone waits for no other.  Between two batches it does its own
 * duties: it says that it is there, seals, and looks after the review periods.
 *
 * An error ends its transaction and nothing else.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "audit/worker/batch.h"
#include "audit/worker/health.h"
#include "audit/worker/log_lock.h"
#include "audit/review/overdue.h"
#include "audit/writer/queue.h"
#include "audit/proof/seal.h"
#include "audit/worker/worker.h"
#include "base/compat.h"
#include "base/guc.h"

/* How often it looks after the review periods. */
#define REVIEW_MS		60000

/* While its database is missing, how often it looks for it. */
#define LOOK_AGAIN_MS	2000

/* The longest pause before another attempt to connect. */
#define RECONNECT_MAX_MS	60000

/* Setting. */
static int	seal_interval = 60000;

static Queue *queue = NULL;
static MemoryContext work_context = NULL;
static TimestampTz last_heartbeat = 0;
static TimestampTz last_seal = 0;
static TimestampTz last_review = 0;

/* Has this worker told the log that it is there, and which log was that? */
static bool announced = false;
static Oid	announced_log = InvalidOid;

/* Is nothing left open that sessions of an earlier server had begun? */
static bool all_closed = false;

void
sg_worker_init(void)
{
	ListCell   *lc;
	int			index = 0;

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
	sg_batch_init();

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

/*
 * Does a session wait for the writer?  Long duties of the worker ask this
 * between two steps and leave the rest for their next turn.
 */
static bool
is_wanted(void)
{
	return queue != NULL &&
		(sg_batch_is_due() ||
		 queue->stay_away_until > GetCurrentTimestamp() || ProcDiePending);
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
		(void) sg_batch_recover();
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
	Oid			log = sg_log_exists();

	if (!OidIsValid(log) ||
		!ConditionalLockRelationOid(log, RowExclusiveLock))
		return;
	if (queue->after_start)
		all_closed = sg_health_close_open(queue);
	if (!announced)
	{
		sg_health_announce(queue);
		announced = true;
		announced_log = log;
	}
	if (what != NULL)
		sg_health_write(queue, what);
}

static void
write_health(const char *what)
{
	all_closed = false;
	if (!in_transaction(say, unconstify(char *, what)))
		announced = announced && !queue->after_start;
	else if (announced)
	{
		sg_batch_log_took_something();
		if (all_closed)
			queue->after_start = false;
	}

	/* Also where nothing could be said: not again at once. */
	last_heartbeat = GetCurrentTimestamp();
}

/* Records that the emergency switch was turned; arg: was it recorded? */
static void
note_emergency(void *arg)
{
	Oid			log = sg_log_exists();

	if (!OidIsValid(log) ||
		!ConditionalLockRelationOid(log, RowExclusiveLock))
		return;
	sg_health_note_emergency(queue);
	*(bool *) arg = true;
}

/*
 * The switch may be turned at any time, and is looked at whenever the settings
 * were read again; where that cannot be recorded now it is tried again.
 */
static void
check_emergency(void)
{
	static bool known = false;
	static bool was_on;
	bool		recorded = false;

	if (!announced || (known && was_on == sg_health_emergency()))
		return;
	if (!known)
		recorded = true;		/* by the announcement */
	else if (!in_transaction(note_emergency, &recorded))
		recorded = false;
	if (recorded)
	{
		known = true;
		was_on = sg_health_emergency();
	}
}

/* What the log would not take before, it may take now. */
static void
try_aside_again(void)
{
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	sg_queue_try_aside_again(queue);
	LWLockRelease(queue->lock);
}

/* Seals a part of what has been recorded; arg: is there more? */
static void
seal_part(void *arg)
{
	if (OidIsValid(sg_log_exists()))
		(void) sg_seal_once(is_wanted, (bool *) arg);
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
 * Opens review periods and says what is overdue.  It waits for no session, or
 * not long: what cannot be done now is done a minute later.
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
 * Before connecting: waits while a command needs the database without sessions,
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
 * Is there a database of this name that can be connected to?  Needs no more
 * than the catalogs that all databases share.
 */
static bool
can_be_connected_to(const char *name)
{
	Relation	rel;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_database_datname, BTEqualStrategyNumber,
				F_NAMEEQ, CStringGetDatum(name));
	scan = systable_beginscan(rel, DatabaseNameIndexId,
							  criticalSharedRelcachesBuilt, NULL, 1, &key);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple) &&
		((Form_pg_database) GETSTRUCT(tuple))->datallowconn;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
	return found;
}

/*
 * The last attempt to connect has failed.  Where that is since the database is
 * missing, it is said once and looked for now and then, which leaves no line in
 * the server log; when it has appeared, another process connects to it.
 */
static void
wait_for_database(void)
{
	bool		said = false;

	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	while (!can_be_connected_to(queue->database))
	{
		if (!said)
		{
			char	   *activity = psprintf("waits for database \"%s\", which does not exist or allows no connections",
											queue->database);

			if (!queue->said_missing)
				ereport(LOG,
						(errmsg("database \"%s\", which sharing_guard.databases lists, does not exist or allows no connections",
								queue->database),
						 errdetail("Its writer waits until that has changed."),
						 errhint("If the name is misspelt, correct the setting and restart the server: until then the database that was meant is not guarded.")));
			queue->said_missing = true;
			pgstat_report_activity(STATE_RUNNING, activity);
			said = true;
		}
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 LOOK_AGAIN_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			queue->said_missing = said = false;
		}
	}

	/* The database existed all the time: something else keeps us from it. */
	if (!said)
		queue->connect_anyway = true;
	else
		queue->failed_connections = 0;
	queue->said_missing = false;
	proc_exit(1);
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

	/*
	 * Do the same with session_authorization, which has no value for its
	 * former state.
	 */
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
	if (queue->summary_due != 0)
		due = Min(due, queue->summary_due);
	left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), due);
	if (sg_batch_retry_time() >= 0)
		left = Min(left, sg_batch_retry_time());
	return Max(left, 1);
}

/* What a service has read in an hour that is over. */
static void
end_summaries(TimestampTz now)
{
	if (queue->summary_due == 0 || queue->summary_due > now)
		return;
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	sg_queue_end_summaries(queue, now);
	LWLockRelease(queue->lock);
}

static void
do_duties(void)
{
	TimestampTz now = GetCurrentTimestamp();

	end_summaries(now);

	/* The extension was dropped and made again: a new log knows nothing. */
	if (announced && OidIsValid(sg_batch_locked_log()) &&
		sg_batch_locked_log() != announced_log)
	{
		announced = false;
		last_heartbeat = 0;
	}

	/*
	 * While it has not been able to say that it is there (there is no log
	 * yet, or it is locked), it tries whenever there is something to do.
	 */
	if (!announced && (last_heartbeat == 0 || queue->first_ready >= 0))
		write_health(NULL);
	else if (TimestampDifferenceExceeds(last_heartbeat, now,
										sg_health_interval()))
	{
		write_health(announced ? "heartbeat" : NULL);
		try_aside_again();
	}
	check_emergency();

	if (seal_interval > 0 && !is_wanted() &&
		TimestampDifferenceExceeds(last_seal, GetCurrentTimestamp(), seal_interval))
		seal();

	if (!is_wanted() &&
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
	if (queue->failed_connections > 0 && !queue->connect_anyway)
		wait_for_database();
	queue->connect_anyway = false;
	queue->failed_connections++;
	BackgroundWorkerInitializeConnection(queue->database, NULL, 0);
	queue->failed_connections = 0;

	settle_settings();
	work_context = AllocSetContextCreate(TopMemoryContext,
										 "sharing_guard writer",
										 ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(work_context);
	sg_batch_inherit(queue, work_context);
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
			try_aside_again();
		}
		if (queue->stay_away_until > GetCurrentTimestamp())
			leave("writer_stopped");

		MemoryContextReset(work_context);
		do_duties();
		busy = sg_batch_write();
		if (busy)
			continue;
		pgstat_report_stat(false);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 idle_time(), PG_WAIT_EXTENSION);
	}
}
