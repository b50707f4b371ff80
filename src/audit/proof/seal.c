/*-------------------------------------------------------------------------
 *
 * seal.c
 *		Seals what is not sealed yet.
 *
 * A seal takes every event that is visible now and whose transaction had not
 * ended at the seal before; it stores the snapshot that says which those will
 * be for the next.  So nothing waits: not a writer for the sealer, and not the
 * sealer for a transaction that stays open.  What such a transaction brings,
 * the seal after its end takes, and marks as late.
 *
 * Transaction ids mean something only in the cluster that gave them out, so
 * they are compared with snapshots of their own log and no other.  In a
 * database that was restored or copied the first seal looks at all events;
 * those of the log before it that had not ended at its last seal are sealed
 * now.  An event that had, and is in no seal, was put there behind its back:
 * that is not sealed, ever, and verify_audit() reports it.
 *
 * The nonces are made here, and not with the events: a session that writes
 * events pays nothing for them, and they are kept where a purge can remove
 * them while the hashes stay.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/pg_lsn.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

#include "audit/proof/seal.h"
#include "audit/proof/sealed.h"
#include "audit/log/store.h"
#include "audit/proof/tree.h"
#include "base/compat.h"
#include "base/errcodes.h"

PG_FUNCTION_INFO_V1(sg_sql_seal);

/*
 * Events are sorted, and appended, so many at a time: enough for the sorting
 * to mean something, few enough that the first seal of a large log stays
 * within a few megabytes.
 */
#define BATCH_EVENTS	65536

/* A seal that is cut short has so many at least, so that it gets on. */
#define LEAST_EVENTS	1024

typedef struct PendingLeaf
{
	bool		late;
	pg_uuid_t	event_id;
	Nonce		nonce;
	Sha256Hash	hash;
} PendingLeaf;

/* A log that is not ours, but was this database's before. */
typedef struct EarlierLog
{
	pg_uuid_t	log_id;
	int64		tree_size;		/* of its last checkpoint; 0 without */
	TransactionSet *snapshot;	/* of that checkpoint */
} EarlierLog;

typedef struct Sealer
{
	LogIdentity own;
	bool		registered;		/* sharing_guard.log has that row */
	bool		has_last;		/* the tree has a checkpoint ... */
	Checkpoint	last;			/* ... this one */
	pg_uuid_t	tree_id;
	TransactionSet *now;		/* as of our snapshot */
	List	   *earlier;		/* of EarlierLog, before our first seal */
	bool		look_up;		/* look every event up before it is sealed */
	bool		(*must_stop) (void);	/* asked between two events; NULL:
										 * never */
	bool		stopped;

	Sha256Hasher *hasher;
	CanonicalEncoder *encoder;
	AttrNumber	event_id;		/* columns of the event table */
	AttrNumber	log_id;
	AttrNumber	occurred_at;
	AttrNumber	transaction_id;
	MemoryContext per_event;

	PendingLeaf *batch;			/* allocated with the first event */
	int			nbatch;

	TreeAppender *tree;
	StoreInserter *bundles;
	StoreInserter *nonces;
	int64		tree_size;		/* leaves appended, those before included */
	int64		late_events;

	/* The bundle that is being filled. */
	int			nbundle;
	bool		bundle_late;
	int64		first_leaf;
	pg_uuid_t	event_ids[TILE_WIDTH];
	Nonce		nonce_bytes[TILE_WIDTH];
} Sealer;

/*-------------------------------------------------------------------------
 * Appending
 *-------------------------------------------------------------------------
 */

static void
report_incomplete(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
			 errmsg("the seals of the audit log are not complete"),
			 errdetail("Rows are missing in, or were added to, the tables that hold the last leaves of the tree. New events are kept, and are sealed when the tables are whole again."),
			 errhint("While a dump is being restored this is as it should be. Otherwise sharing_guard.verify_audit() says what is damaged.")));
}

/* Does the last row say that leaves up to the tree's size are there? */
static bool
bundles_complete(const pg_uuid_t *tree_id, int64 tree_size)
{
	Relation	bundles = sg_store_open("bundle", AccessShareLock);
	Relation	nonces = sg_store_open("nonce", AccessShareLock);
	HeapTuple	bundle = sg_last_row_of_tree(bundles, "bundle_pkey", tree_id);
	HeapTuple	nonce = sg_last_row_of_tree(nonces, "nonce_pkey", tree_id);
	bool		complete = false;

	if (HeapTupleIsValid(bundle) && HeapTupleIsValid(nonce))
	{
		ArrayType  *ids = DatumGetArrayTypeP(sg_store_value(bundles, bundle, BUNDLE_EVENT_IDS));
		int64		first = DatumGetInt64(sg_store_value(bundles, bundle, BUNDLE_FIRST_LEAF));

		complete = ARR_NDIM(ids) == 1 && first + ARR_DIMS(ids)[0] == tree_size;
	}
	table_close(bundles, AccessShareLock);
	table_close(nonces, AccessShareLock);
	return complete;
}

/*
 * With the first event there is something to append to: what it continues
 * must be whole.
 */
static void
begin_append(Sealer *sealer)
{
	sealer->tree_size = sealer->has_last ? sealer->last.tree_size : 0;
	if (sealer->has_last &&
		!bundles_complete(&sealer->tree_id, sealer->tree_size))
		report_incomplete();
	sealer->tree = sg_tree_begin_append(&sealer->tree_id, sealer->tree_size,
										sealer->hasher);
	if (sealer->tree == NULL)
		report_incomplete();
	sealer->bundles = sg_store_begin_insert("bundle", BUNDLE_COLUMNS);
	sealer->nonces = sg_store_begin_insert("nonce", NONCE_COLUMNS);
}

static void
store_bundle(Sealer *sealer)
{
	Datum		elements[TILE_WIDTH];
	Datum		bundle[BUNDLE_COLUMNS];
	Datum		nonces[NONCE_COLUMNS];
	ArrayType  *ids;
	bytea	   *bytes;
	int			size = sealer->nbundle * sizeof(Nonce);

	if (sealer->nbundle == 0)
		return;

	for (int i = 0; i < sealer->nbundle; i++)
		elements[i] = UUIDPGetDatum(&sealer->event_ids[i]);
	ids = construct_array(elements, sealer->nbundle, UUIDOID, UUID_LEN, false,
						  TYPALIGN_CHAR);
	bundle[BUNDLE_TREE_ID - 1] = UUIDPGetDatum(&sealer->tree_id);
	bundle[BUNDLE_LAST_EVENT - 1] =
		UUIDPGetDatum(&sealer->event_ids[sealer->nbundle - 1]);
	bundle[BUNDLE_FIRST_LEAF - 1] = Int64GetDatum(sealer->first_leaf);
	bundle[BUNDLE_ENCODING - 1] = Int16GetDatum(CANONICAL_VERSION);
	bundle[BUNDLE_LATE - 1] = BoolGetDatum(sealer->bundle_late);
	bundle[BUNDLE_EVENT_IDS - 1] = PointerGetDatum(ids);
	sg_store_insert(sealer->bundles, bundle, NULL);
	pfree(ids);

	bytes = palloc(VARHDRSZ + size);
	SET_VARSIZE(bytes, VARHDRSZ + size);
	memcpy(VARDATA(bytes), sealer->nonce_bytes, size);
	nonces[NONCE_TREE_ID - 1] = UUIDPGetDatum(&sealer->tree_id);
	nonces[NONCE_FIRST_LEAF - 1] = Int64GetDatum(sealer->first_leaf);
	nonces[NONCE_NONCES - 1] = PointerGetDatum(bytes);
	sg_store_insert(sealer->nonces, nonces, NULL);
	pfree(bytes);
	sealer->nbundle = 0;
}

static void
append_leaf(Sealer *sealer, const PendingLeaf *leaf)
{
	if (sealer->nbundle > 0)
	{
		const pg_uuid_t *last = &sealer->event_ids[sealer->nbundle - 1];

		if (sealer->tree_size % TILE_WIDTH == 0 ||
			leaf->late != sealer->bundle_late ||
			memcmp(leaf->event_id.data, last->data, UUID_LEN) <= 0 ||
			sg_uuid_ms(&leaf->event_id) - sg_uuid_ms(last) > BUNDLE_GAP_MS)
			store_bundle(sealer);
	}
	if (sealer->nbundle == 0)
	{
		sealer->first_leaf = sealer->tree_size;
		sealer->bundle_late = leaf->late;
	}
	sealer->event_ids[sealer->nbundle] = leaf->event_id;
	sealer->nonce_bytes[sealer->nbundle] = leaf->nonce;
	sealer->nbundle++;
	sg_tree_append(sealer->tree, &leaf->hash);
	sealer->tree_size++;
	sealer->late_events += leaf->late;
}

/* Those that are late first, then by id. */
static int
compare_leaves(const void *a, const void *b)
{
	const PendingLeaf *x = a;
	const PendingLeaf *y = b;

	if (x->late != y->late)
		return x->late ? -1 : 1;
	return memcmp(x->event_id.data, y->event_id.data, UUID_LEN);
}

static void
append_batch(Sealer *sealer)
{
	CHECK_FOR_INTERRUPTS();

	if (sealer->tree == NULL)
		begin_append(sealer);
	qsort(sealer->batch, sealer->nbatch, sizeof(PendingLeaf), compare_leaves);
	for (int i = 0; i < sealer->nbatch; i++)
		append_leaf(sealer, &sealer->batch[i]);
	sealer->nbatch = 0;
}

/* Fetched for many at once: a call costs more than the bytes. */
static void
new_nonce(Nonce *nonce)
{
	static Nonce made[TILE_WIDTH];
	static int	left = 0;

	if (left == 0)
	{
		if (!pg_strong_random(made, sizeof(made)))
			ereport(ERROR,
					(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
					 errmsg("could not generate random values"),
					 errdetail("Events cannot be sealed without them."),
					 errhint("Try again; if this persists, the operating system's source of randomness has failed.")));
		left = TILE_WIDTH;
	}
	*nonce = made[--left];
}

/* A column of the event, which is there: the encoder has looked. */
static bool
event_column(TupleTableSlot *slot, AttrNumber column, Datum *value)
{
	bool		isnull;

	*value = slot_getattr(slot, column, &isnull);
	return !isnull;
}

/* This event is sealed now. */
static void
seal_event(Sealer *sealer, TupleTableSlot *slot)
{
	MemoryContext oldcontext;
	PendingLeaf *leaf;
	Datum		event_id;
	Datum		occurred_at;

	/* Both exist unless a constraint was dropped, which must not crash us. */
	if (!event_column(slot, sealer->event_id, &event_id) ||
		!event_column(slot, sealer->occurred_at, &occurred_at))
		return;

	if (sealer->batch == NULL)
		sealer->batch = palloc(BATCH_EVENTS * sizeof(PendingLeaf));
	else if (sealer->nbatch == BATCH_EVENTS)
		append_batch(sealer);

	leaf = &sealer->batch[sealer->nbatch++];
	leaf->event_id = *DatumGetUUIDP(event_id);
	leaf->late = sealer->has_last &&
		DatumGetTimestampTz(occurred_at) < sealer->last.sealed_at;
	new_nonce(&leaf->nonce);

	/* What cannot be read is sealed as such, and keeps nothing else waiting. */
	oldcontext = MemoryContextSwitchTo(sealer->per_event);
	if (!sg_canonical_hash(sealer->encoder, slot, &sealer->tree_id, &leaf->nonce,
						   sealer->hasher, &leaf->hash))
		sg_canonical_tombstone_hash(sealer->encoder, &leaf->event_id,
									&sealer->tree_id, &leaf->nonce,
									sealer->hasher, &leaf->hash);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(sealer->per_event);
}

/*-------------------------------------------------------------------------
 * Which events
 *-------------------------------------------------------------------------
 */

/*
 * The seal ends before this transaction: what follows is for the next one.
 */
static void
stop_before(Sealer *sealer, uint64 xid)
{
	TransactionSet *now = sealer->now;

	sealer->stopped = true;
	now->xmax = xid;
	now->xmin = Min(now->xmin, xid);
	while (now->count > 0 && now->running[now->count - 1] >= xid)
		now->count--;
}

/*
 * The events of these transactions, by the index; "first" inclusive, "end"
 * exclusive.  Events of other logs may claim the same transactions.
 */
static void
seal_transactions(Sealer *sealer, Relation events, Relation index,
				  TupleTableSlot *slot, uint64 first, uint64 end)
{
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	int64		taken = 0;
	uint64		previous = 0;

	ScanKeyInit(&keys[0], sealer->transaction_id, BTGreaterEqualStrategyNumber,
				F_XID8GE, FullTransactionIdGetDatum(FullTransactionIdFromU64(first)));
	ScanKeyInit(&keys[1], sealer->transaction_id, BTLessStrategyNumber,
				F_XID8LT, FullTransactionIdGetDatum(FullTransactionIdFromU64(end)));
	scan = systable_beginscan_ordered(events, index, GetActiveSnapshot(), 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		Datum		log_id;
		Datum		xid;
		uint64		transaction_id;

		CHECK_FOR_INTERRUPTS();
		ExecStoreHeapTuple(tuple, slot, false);
		if (event_column(slot, sealer->log_id, &log_id) &&
			sg_uuid_equal(DatumGetUUIDP(log_id), &sealer->own.log_id) &&
			event_column(slot, sealer->transaction_id, &xid))
		{
			transaction_id = U64FromFullTransactionId(DatumGetFullTransactionId(xid));
			if (sealer->must_stop != NULL && taken >= LEAST_EVENTS &&
				transaction_id != previous && sealer->must_stop())
			{
				stop_before(sealer, transaction_id);
				break;
			}
			if (sg_transaction_ended(sealer->now, transaction_id))
			{
				seal_event(sealer, slot);
				taken++;
			}
			previous = transaction_id;
		}
		ExecClearTuple(slot);
	}
	ExecClearTuple(slot);
	systable_endscan_ordered(scan);
}

/* The usual seal: what has ended since the one before, if there was one. */
static void
seal_ended(Sealer *sealer, Relation events)
{
	const TransactionSet none = {0};
	const TransactionSet *before = sealer->has_last ? sealer->last.snapshot : &none;
	Relation	index = sg_store_open_index(events, "event_transaction_id");
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(events),
													&TTSOpsHeapTuple);

	for (int i = 0; i < before->count; i++)
	{
		uint64		xid = before->running[i];

		if (sg_transaction_ended(sealer->now, xid))
			seal_transactions(sealer, events, index, slot, xid, xid + 1);
	}
	if (before->xmax < sealer->now->xmax)
		seal_transactions(sealer, events, index, slot, before->xmax,
						  sealer->now->xmax);

	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
}

/*
 * The logs that this database had before its own, each with the snapshot of
 * its last seal.
 */
static List *
earlier_logs(List *identities, const LogIdentity *own)
{
	Relation	rel = sg_store_open("checkpoint", AccessShareLock);
	List	   *earlier = NIL;
	SysScanDesc scan;
	HeapTuple	tuple;
	ListCell   *lc;

	foreach(lc, identities)
	{
		const LogIdentity *identity = lfirst(lc);

		if (!identity->received &&
			!sg_uuid_equal(&identity->log_id, &own->log_id))
		{
			EarlierLog *log = palloc0(sizeof(EarlierLog));

			log->log_id = identity->log_id;
			earlier = lappend(earlier, log);
		}
	}
	if (earlier != NIL)
	{
		/* Rare, and they are few beside the events. */
		scan = systable_beginscan(rel, InvalidOid, false, GetActiveSnapshot(), 0, NULL);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			pg_uuid_t  *log_id = DatumGetUUIDP(sg_store_value(rel, tuple, CHECKPOINT_LOG_ID));
			int64		tree_size = DatumGetInt64(sg_store_value(rel, tuple, CHECKPOINT_TREE_SIZE));

			foreach(lc, earlier)
			{
				EarlierLog *log = lfirst(lc);

				if (sg_uuid_equal(&log->log_id, log_id) && tree_size > log->tree_size)
				{
					Checkpoint	checkpoint;

					sg_read_checkpoint(rel, tuple, &checkpoint);
					log->tree_size = tree_size;
					log->snapshot = checkpoint.snapshot;
				}
			}
		}
		systable_endscan(scan);
	}
	table_close(rel, AccessShareLock);
	return earlier;
}

/*
 * The first seal of a log that continues another, or one after the server's
 * transaction ids were set back: looks at every event there is.
 *
 * An event of an earlier log is sealed if it had not ended at that log's last
 * seal, and no later log has sealed it since.
 */
static void
seal_unsealed(Sealer *sealer, Relation events)
{
	TupleTableSlot *slot = table_slot_create(events, NULL);
	TableScanDesc scan = SG_TABLE_BEGINSCAN(events, GetActiveSnapshot());

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		Datum		event_id;
		Datum		log_id;
		Datum		xid;
		uint64		transaction_id;
		bool		wanted = false;
		bool		look_up = sealer->look_up;
		EventLeaf	leaf;
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();

		if (!event_column(slot, sealer->event_id, &event_id) ||
			!event_column(slot, sealer->log_id, &log_id) ||
			!event_column(slot, sealer->transaction_id, &xid))
			continue;			/* nothing that we have written */

		transaction_id = U64FromFullTransactionId(DatumGetFullTransactionId(xid));
		if (sg_uuid_equal(DatumGetUUIDP(log_id), &sealer->own.log_id))
			wanted = sg_transaction_ended(sealer->now, transaction_id);
		else
		{
			foreach(lc, sealer->earlier)
			{
				const EarlierLog *log = lfirst(lc);

				if (sg_uuid_equal(&log->log_id, DatumGetUUIDP(log_id)))
				{
					wanted = log->snapshot == NULL ||
						!sg_transaction_ended(log->snapshot, transaction_id);
					look_up = true;
				}
			}
		}
		if (wanted &&
			!(look_up && sg_find_leaf(DatumGetUUIDP(event_id), &leaf)))
			seal_event(sealer, slot);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

/*-------------------------------------------------------------------------
 * The seal
 *-------------------------------------------------------------------------
 */

/* Has anybody said yet what this database is to be guarded for? */
static bool
is_configured(void)
{
	Relation	rel = sg_store_open("setting", AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false,
										  GetActiveSnapshot(), 0, NULL);
	bool		configured = HeapTupleIsValid(systable_getnext(scan));

	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return configured;
}

static void
store_checkpoint(Sealer *sealer, TimestampTz sealed_at, const Sha256Hash *root)
{
	StoreInserter *checkpoints = sg_store_begin_insert("checkpoint", CHECKPOINT_COLUMNS);
	Datum		values[CHECKPOINT_COLUMNS];
	union
	{
		bytea		header;
		char		data[VARHDRSZ + sizeof(Sha256Hash)];
	}			root_bytes;

	SET_VARSIZE(&root_bytes.header, sizeof(root_bytes.data));
	memcpy(VARDATA(&root_bytes.header), root, sizeof(Sha256Hash));

	values[CHECKPOINT_TREE_ID - 1] = UUIDPGetDatum(&sealer->tree_id);
	values[CHECKPOINT_LOG_ID - 1] = UUIDPGetDatum(&sealer->own.log_id);
	values[CHECKPOINT_TREE_SIZE - 1] = Int64GetDatum(sealer->tree_size);
	values[CHECKPOINT_SEALED_AT - 1] = TimestampTzGetDatum(sealed_at);
	values[CHECKPOINT_LSN - 1] = LSNGetDatum(GetXLogInsertRecPtr());
	values[CHECKPOINT_LATE_EVENTS - 1] = Int64GetDatum(sealer->late_events);
	values[CHECKPOINT_TIMELINE - 1] = Int32GetDatum(GetWALInsertionTimeLine());
	values[CHECKPOINT_ROOT - 1] = PointerGetDatum(&root_bytes.header);
	values[CHECKPOINT_SNAPSHOT - 1] = sg_transaction_set_to_pg_snapshot(sealer->now);
	sg_store_insert(checkpoints, values, NULL);
	sg_store_end_insert(checkpoints);
}

/* Seals under a snapshot of its own, which is active. */
static int64
seal_visible(Sealer *sealer, bool wait)
{
	TimestampTz sealed_at = GetCurrentTimestamp();
	List	   *identities = sg_log_identities();
	Relation	events;
	Sha256Hash	root;
	int64		before;

	sealer->registered = sg_log_own(identities, &sealer->own);
	if (!sealer->registered && !sealer->own.has_parent)
		ereport(ERROR,
				(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
				 errmsg("the audit log has no identity"),
				 errdetail("The table sharing_guard.log is empty, so it cannot be told whose events these are."),
				 errhint("Ask the administrator of this database to restore the table sharing_guard.log.")));

	sealer->has_last = sg_own_tree(identities, &sealer->own, &sealer->last);
	sealer->tree_id = sealer->has_last ? sealer->last.tree_id : sealer->own.log_id;

	/*
	 * A tree that begins now might be in the way of one that is being
	 * restored.  The settings are restored after the seals' beginnings.
	 */
	if (!wait && !sealer->has_last && !is_configured())
		return 0;

	before = sealer->has_last ? sealer->last.tree_size : 0;
	sealer->now = sg_transaction_set_of_snapshot(GetActiveSnapshot());
	sealer->hasher = sg_sha256_begin();
	sealer->per_event = AllocSetContextCreate(CurrentMemoryContext,
											  "sharing_guard event being sealed",
											  ALLOCSET_DEFAULT_SIZES);

	events = sg_store_open("event", AccessShareLock);
	sealer->encoder = sg_canonical_begin(RelationGetDescr(events), CANONICAL_VERSION);
	sg_canonical_events(events, &sealer->event_id, &sealer->log_id,
						&sealer->occurred_at, &sealer->transaction_id);

	if (!sealer->has_last ||
		!sg_uuid_equal(&sealer->last.log_id, &sealer->own.log_id))
		sealer->earlier = earlier_logs(identities, &sealer->own);
	else
		sealer->look_up = sealer->now->xmax < sealer->last.snapshot->xmax;
	if (sealer->earlier != NIL || sealer->look_up)
		seal_unsealed(sealer, events);
	else
		seal_ended(sealer, events);
	if (sealer->nbatch > 0)
		append_batch(sealer);
	table_close(events, AccessShareLock);

	if (sealer->tree != NULL)
	{
		if (!sealer->registered)
			sg_log_register(&sealer->own);
		store_bundle(sealer);
		sg_tree_end_append(sealer->tree, &root);
		sg_store_end_insert(sealer->bundles);
		sg_store_end_insert(sealer->nonces);
		store_checkpoint(sealer, sealed_at, &root);
		before = sealer->tree_size - before;
	}
	else
		before = 0;
	sg_sha256_end(sealer->hasher);
	return before;
}

/*
 * All the locks that a seal needs, before anything is done, and none waited
 * for: a session that drops the extension, or locks its tables otherwise, goes
 * before the background worker and never deadlocks with it.
 */
static bool
lock_tables_if_free(void)
{
	static const struct
	{
		const char *table;
		LOCKMODE	lockmode;
	}			locks[] = {
		{"event", AccessShareLock},
		{"setting", AccessShareLock},
		{"log", RowExclusiveLock},
		{"checkpoint", ShareUpdateExclusiveLock},
		{"checkpoint", RowExclusiveLock},
		{"bundle", RowExclusiveLock},
		{"nonce", RowExclusiveLock},
		{"tile", RowExclusiveLock}
	};

	for (int i = 0; i < lengthof(locks); i++)
	{
		if (!ConditionalLockRelationOid(sg_store_relid(locks[i].table),
										locks[i].lockmode))
			return false;
	}
	return true;
}

/*
 * The lock is one that only sealers take (and VACUUM of that table, which
 * gives way); writers of events never come near it.  Only with it held is the
 * snapshot taken, so that it sees what the sealer before us has done.
 */
int64
sg_seal_once(bool (*must_stop) (void), bool *more)
{
	bool		wait = must_stop == NULL;
	MemoryContext context;
	MemoryContext oldcontext;
	Sealer	   *sealer;
	int64		count;

	*more = false;
	PreventCommandIfReadOnly("seal()");
	PreventCommandIfParallelMode("seal()");
	PreventCommandDuringRecovery("seal()");

	if (wait)
		LockRelationOid(sg_store_relid("checkpoint"), ShareUpdateExclusiveLock);
	else if (!lock_tables_if_free())
		return 0;

	context = AllocSetContextCreate(CurrentMemoryContext, "sharing_guard seal",
									ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	sealer = palloc0(sizeof(Sealer));
	sealer->must_stop = must_stop;

	PushActiveSnapshot(GetLatestSnapshot());
	count = seal_visible(sealer, wait);
	PopActiveSnapshot();
	CommandCounterIncrement();
	*more = sealer->stopped;

	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
	return count;
}

/* sharing_guard.seal() returns bigint */
Datum
sg_sql_seal(PG_FUNCTION_ARGS)
{
	bool		more;

	PG_RETURN_INT64(sg_seal_once(NULL, &more));
}
