/*-------------------------------------------------------------------------
 *
 * log_lock.c
 *		The lock on the log, for the process that others wait for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "audit/worker/log_lock.h"
#include "base/compat.h"

/* While the log is locked, how often the worker looks again. */
#define LOCK_POLL_MS	20

Oid
sg_log_exists(void)
{
	Oid			namespace = get_namespace_oid("sharing_guard", true);

	return OidIsValid(namespace) ?
		get_relname_relid("event", namespace) : InvalidOid;
}

/* Does this process wait for us to write something? */
static bool
waits_for_us(Queue *queue, int pid)
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
 * whenever another session's lock, or its request for one, keeps us from the
 * log, look whether that session, or one that it waits for, waits for us.  If
 * so, let that one go: its error ends his transaction, or he can end it.
 */
static void
break_deadlocks(Queue *queue, Oid log, void (*refuse) (int pid))
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

		if (waits_for_us(queue, pid))
		{
			refuse(pid);
			continue;
		}
		blockers = DatumGetArrayTypeP(DirectFunctionCall1(pg_blocking_pids,
														  Int32GetDatum(pid)));
		blocker_pids = (int32 *) ARR_DATA_PTR(blockers);
		for (int i = 0; i < ArrayGetNItems(ARR_NDIM(blockers),
										   ARR_DIMS(blockers)); i++)
		{
			/* 0: a prepared transaction, which waits for no session. */
			if (blocker_pids[i] != 0)
				pids = list_append_unique_int(pids, blocker_pids[i]);
		}
	}
	list_free(pids);
}

/*
 * Gets the lock that writing needs, before anything else is done, without
 * standing in line for it: so that we can look around meanwhile.
 */
Oid
sg_log_lock(Queue *queue, void (*refuse) (int pid))
{
	Oid			log = sg_log_exists();
	TimestampTz deadline;

	if (!OidIsValid(log))
		return log;				/* said when it is opened */

	/* Half the time that the sessions wait, so that they hear of it. */
	deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										   sg_audit_timeout / 2);
	while (!ConditionalLockRelationOid(log, RowExclusiveLock))
	{
		break_deadlocks(queue, log, refuse);
		if (GetCurrentTimestamp() >= deadline)
			ereport(ERROR,
					(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					 errmsg("the audit log is locked by another session"),
					 errhint("pg_locks shows which one it is.")));
		(void) WaitLatch(NULL, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, LOCK_POLL_MS,
						 PG_WAIT_EXTENSION);
		CHECK_FOR_INTERRUPTS();
	}
	return log;
}
