/*-------------------------------------------------------------------------
 *
 * verify.c
 *		The whole record, recomputed and compared with its seals.
 *
 * In three passes, none of which remembers more than it is at:
 *
 * 1. The tree, from the hashes of its leaves up: the levels that are stored
 *	  and the root of every checkpoint.
 * 2. The leaves, from the events: each is looked up by the id its bundle has,
 *	  encoded, hashed and compared.  This finds what was changed, removed or put
 *	  in another's place.
 * 3. The events, for those that no seal has though they ended before the last.
 *	  This finds what was put in.  That the same events are in passes 2 and 3 is
 *	  seen from a sum over their ids, hashed with a key that nobody can know
 *	  beforehand; only if the sums differ, events are looked up one by one.
 *
 * What a superuser changes in events, seals and tree so that they agree again
 * cannot be seen from here.  A checkpoint that was kept elsewhere shows it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/timeline.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
#include "utils/xid8.h"

#include "audit/log/event_id.h"
#include "audit/proof/seal.h"
#include "audit/log/store.h"
#include "audit/proof/tree.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(sg_sql_verify_audit);

/* A line for whoever waits, each time that so many leaves are done. */
#define PROGRESS_LEAVES		1000000

/* Of one kind of damage to checkpoints, so many are listed one by one. */
#define LISTED_CHECKPOINTS	100

/* Among so many events that do not fit their leaves, exchanges are looked for. */
#define MISFITS_MAX			512

/* A late event may be this much older than the seal before, and be honest. */
#define BACKDATED_USECS		USECS_PER_HOUR

#define SEVERITY_ERROR		"error"
#define SEVERITY_WARNING	"warning"

/* A log that has checkpoints here. */
typedef struct SealingLog
{
	pg_uuid_t	log_id;
	int64		tree_size;		/* of its last checkpoint */
	TimestampTz sealed_at;
	TransactionSet *snapshot;
} SealingLog;

/* An event that is not the one that was sealed as its leaf. */
typedef struct Misfit
{
	pg_uuid_t	event_id;
	int64		leaf_index;
	int			encoding;
	Nonce		nonce;
	Sha256Hash	sealed;
	HeapTuple	event;
} Misfit;

typedef struct PurgedLeaves
{
	int64		first;
	int64		last;
} PurgedLeaves;

typedef struct Verifier
{
	ReturnSetInfo *rsinfo;
	MemoryContext per_bundle;
	Sha256Hasher *hasher;
	List	   *identities;		/* of LogIdentity */
	LogIdentity own;
	List	   *sealing;		/* of SealingLog */
	List	   *timelines;		/* how the server came to its timeline */

	/* The checkpoint that was kept elsewhere. */
	bool		has_anchor;
	pg_uuid_t	anchor_log;
	int64		anchor_size;
	Sha256Hash	anchor_root;
	bool		anchor_seen;	/* its tree is here: */
	pg_uuid_t	anchor_tree;

	/* The tree that is being verified. */
	pg_uuid_t	tree_id;
	int64		tree_size;
	TreeReader *tree;
	int			npurged;
	PurgedLeaves *purged;
	int			nmisfits;
	Misfit	   *misfits;

	/* The leaves that were asked for, or all. */
	bool		ranged;
	int64		first_leaf;
	int64		last_leaf;
	pg_uuid_t	least_id;		/* of the events of that range */
	pg_uuid_t	greatest_id;
	bool		has_ids;

	/* Events. */
	Relation	events;
	Relation	events_pkey;
	TupleTableSlot *slot;		/* of heap tuples */
	CanonicalEncoder *encoders[CANONICAL_VERSION + 1];
	AttrNumber	event_id;
	AttrNumber	log_id;
	AttrNumber	occurred_at;
	AttrNumber	transaction_id;
	uint64		seed;
	uint64		sealed_count;	/* of pass 2 */
	uint64		sealed_sum;
	uint64		ended_count;	/* of pass 3 */
	uint64		ended_sum;
} Verifier;

/*-------------------------------------------------------------------------
 * Reports
 *-------------------------------------------------------------------------
 */

static void report(Verifier *v, const char *severity, const char *problem,
				   const pg_uuid_t *event_id, int64 leaf_index,
				   const char *detail,...) pg_attribute_printf(6, 7);

/* One row of the result; without an event NULL, without a leaf -1. */
static void
report(Verifier *v, const char *severity, const char *problem,
	   const pg_uuid_t *event_id, int64 leaf_index, const char *detail,...)
{
	StringInfoData buf;
	Datum		values[6];
	bool		nulls[6] = {0};

	initStringInfo(&buf);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, detail);
		needed = appendStringInfoVA(&buf, detail, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&buf, needed);
	}

	values[0] = CStringGetTextDatum(severity);
	values[1] = CStringGetTextDatum(problem);
	values[2] = UUIDPGetDatum(event_id);
	nulls[2] = event_id == NULL;
	values[3] = Int64GetDatum(leaf_index);
	nulls[3] = leaf_index < 0;
	values[4] = UUIDPGetDatum(&v->tree_id);
	values[5] = CStringGetTextDatum(buf.data);
	tuplestore_putvalues(v->rsinfo->setResult, v->rsinfo->setDesc, values, nulls);
	pfree(buf.data);
}

static const LogIdentity *
find_identity(Verifier *v, const pg_uuid_t *log_id)
{
	ListCell   *lc;

	foreach(lc, v->identities)
	{
		const LogIdentity *identity = lfirst(lc);

		if (sg_uuid_equal(&identity->log_id, log_id))
			return identity;
	}
	return NULL;
}

static SealingLog *
find_sealing(Verifier *v, const pg_uuid_t *log_id)
{
	ListCell   *lc;

	foreach(lc, v->sealing)
	{
		SealingLog *log = lfirst(lc);

		if (sg_uuid_equal(&log->log_id, log_id))
			return log;
	}
	return NULL;
}

/*-------------------------------------------------------------------------
 * Pass 1: the tree
 *-------------------------------------------------------------------------
 */

/*
 * The roots of complete subtrees, the largest first: what a tree of some size
 * consists of.  One for each bit of the size.
 */
typedef struct Frontier
{
	int64		size;
	int			depth;
	Sha256Hash	stack[64];
} Frontier;

static void
frontier_root(Verifier *v, const Frontier *frontier, Sha256Hash * root)
{
	*root = frontier->stack[frontier->depth - 1];
	for (int i = frontier->depth - 2; i >= 0; i--)
		sg_merkle_node(v->hasher, &frontier->stack[i], root, root);
}

/*
 * One more leaf.  A subtree of 256^n leaves that becomes complete is one of
 * the hashes that are stored at level n.
 */
static void
frontier_push(Verifier *v, Frontier *frontier, const Sha256Hash * leaf)
{
	int			height = 0;

	frontier->stack[frontier->depth++] = *leaf;
	for (int64 n = frontier->size; (n & 1) == 1; n >>= 1)
	{
		frontier->depth--;
		sg_merkle_node(v->hasher, &frontier->stack[frontier->depth - 1],
					   &frontier->stack[frontier->depth],
					   &frontier->stack[frontier->depth - 1]);
		height++;
		if (height % TILE_HEIGHT == 0)
		{
			int			level = height / TILE_HEIGHT;
			int64		index = frontier->size >> height;
			const		Sha256Hash *hashes;

			if (sg_tree_tile(v->tree, level, index / TILE_WIDTH, &hashes) <= index % TILE_WIDTH)
				report(v, SEVERITY_ERROR, "tile_missing", NULL,
					   index << height,
					   "Hash " INT64_FORMAT " of level %d is missing; it is over the leaves from this one on.",
					   index, level);
			else if (!sha256_hash_equal(&hashes[index % TILE_WIDTH],
										&frontier->stack[frontier->depth - 1]))
				report(v, SEVERITY_ERROR, "tile_altered", NULL,
					   index << height,
					   "Hash " INT64_FORMAT " of level %d is not the root of the leaves from this one on: it, or the hash of one of them, was changed.",
					   index, level);
		}
	}
	frontier->size++;
}

/*
 * Where and when a checkpoint says it was made, against the one before and
 * against the history of this server.
 *
 * After a failover, checkpoints that the lost server has made since are no part
 * of the log that goes on here, and must not be found in it.
 */
static void
check_origin(Verifier *v, const Checkpoint *checkpoint, const Checkpoint *before)
{
	ListCell   *lc;
	bool		known = false;

	if (find_identity(v, &checkpoint->log_id) == NULL)
		report(v, SEVERITY_ERROR, "checkpoint_foreign", NULL,
			   checkpoint->tree_size - 1,
			   "The checkpoint of size " INT64_FORMAT " is of log %s, which is not known here.",
			   checkpoint->tree_size, sg_event_id_text(&checkpoint->log_id));

	if (before != NULL &&
		sg_uuid_equal(&before->log_id, &checkpoint->log_id) &&
		(checkpoint->timeline < before->timeline || checkpoint->lsn < before->lsn))
		report(v, SEVERITY_ERROR, "log_forked", NULL, checkpoint->tree_size - 1,
			   "The checkpoint of size " INT64_FORMAT " was made at %X/%X of timeline %u, before the smaller one of size " INT64_FORMAT ".",
			   checkpoint->tree_size, LSN_FORMAT_ARGS(checkpoint->lsn),
			   checkpoint->timeline, before->tree_size);

	if (!sg_uuid_equal(&checkpoint->log_id, &v->own.log_id))
		return;
	foreach(lc, v->timelines)
	{
		const TimeLineHistoryEntry *entry = lfirst(lc);

		if (entry->tli != checkpoint->timeline)
			continue;
		known = true;
		if (!XLogRecPtrIsInvalid(entry->end) && checkpoint->lsn > entry->end)
			report(v, SEVERITY_ERROR, "log_forked", NULL, checkpoint->tree_size - 1,
				   "The checkpoint of size " INT64_FORMAT " was made at %X/%X of timeline %u, which this server left at %X/%X: another server has made it.",
				   checkpoint->tree_size, LSN_FORMAT_ARGS(checkpoint->lsn),
				   checkpoint->timeline, LSN_FORMAT_ARGS(entry->end));
	}

	/*
	 * A history that does not begin with timeline 1 is not whole: its files
	 * were cleaned up, or archiving began after a failover.  Of what lies
	 * before it nothing can be said.
	 */
	if (!known && v->timelines != NIL &&
		checkpoint->timeline < ((TimeLineHistoryEntry *) llast(v->timelines))->tli)
	{
		if (before == NULL || before->timeline != checkpoint->timeline ||
			!sg_uuid_equal(&before->log_id, &checkpoint->log_id))
			report(v, SEVERITY_WARNING, "history_incomplete", NULL,
				   checkpoint->tree_size - 1,
				   "Checkpoints from size " INT64_FORMAT " on were made on timeline %u, and the timeline history of this server begins with timeline %u: whether they are of its own past cannot be told from it. A checkpoint that was kept elsewhere can tell.",
				   checkpoint->tree_size, checkpoint->timeline,
				   ((TimeLineHistoryEntry *) llast(v->timelines))->tli);
	}
	else if (!known && v->timelines != NIL)
		report(v, SEVERITY_ERROR, "log_forked", NULL, checkpoint->tree_size - 1,
			   "The checkpoint of size " INT64_FORMAT " was made on timeline %u, which is not in the history of this server.",
			   checkpoint->tree_size, checkpoint->timeline);
}

/* Remembers what the log's latest seal has taken; or frees it. */
static void
note_sealing(Verifier *v, const Checkpoint *checkpoint)
{
	SealingLog *log = find_sealing(v, &checkpoint->log_id);

	if (log == NULL)
	{
		log = palloc0(sizeof(SealingLog));
		log->log_id = checkpoint->log_id;
		v->sealing = lappend(v->sealing, log);
	}
	if (log->snapshot != NULL && checkpoint->sealed_at < log->sealed_at)
		sg_transaction_set_free(checkpoint->snapshot);
	else
	{
		if (log->snapshot != NULL)
			sg_transaction_set_free(log->snapshot);
		log->tree_size = checkpoint->tree_size;
		log->sealed_at = checkpoint->sealed_at;
		log->snapshot = checkpoint->snapshot;
	}
}

/*
 * All checkpoints of the tree, each against the root of so many leaves; then
 * whether anything is stored beyond the last.
 */
static void
check_tree(Verifier *v)
{
	CheckpointScan *scan = sg_begin_checkpoints(&v->tree_id);
	Frontier	frontier = {0};
	Checkpoint	checkpoint;
	Checkpoint	before;
	bool		has_before = false;
	bool		broken = false;
	bool		anchored = v->anchor_seen &&
	sg_uuid_equal(&v->tree_id, &v->anchor_tree);
	int64		wrong = 0;

	while (sg_next_checkpoint(scan, &checkpoint))
	{
		Sha256Hash	root;

		while (!broken && frontier.size < checkpoint.tree_size)
		{
			const		Sha256Hash *hashes;
			int64		tile = frontier.size / TILE_WIDTH;
			int64		end = Min((tile + 1) * TILE_WIDTH, checkpoint.tree_size);
			int			count = sg_tree_tile(v->tree, 0, tile, &hashes);

			CHECK_FOR_INTERRUPTS();
			if (anchored && frontier.size < v->anchor_size)
				end = Min(end, v->anchor_size);
			while (!broken && frontier.size < end)
			{
				int			place = frontier.size % TILE_WIDTH;

				if (place >= count)
				{
					report(v, SEVERITY_ERROR, "tile_missing", NULL, frontier.size,
						   "The hashes of the leaves from this one on are missing; no checkpoint behind it could be verified.");
					broken = true;
				}
				else
					frontier_push(v, &frontier, &hashes[place]);
			}
			if (!broken && anchored &&
				frontier.size == v->anchor_size)
			{
				frontier_root(v, &frontier, &root);
				if (!sha256_hash_equal(&root, &v->anchor_root))
					report(v, SEVERITY_ERROR, "log_forked", NULL, v->anchor_size - 1,
						   "At size " INT64_FORMAT " the tree has another root than the checkpoint that was given: what is sealed here is not what was sealed then.",
						   v->anchor_size);
			}
		}

		if (!broken)
		{
			frontier_root(v, &frontier, &root);
			if (checkpoint.tree_size != frontier.size ||
				!sha256_hash_equal(&root, &checkpoint.root))
			{
				if (wrong++ < LISTED_CHECKPOINTS)
					report(v, SEVERITY_ERROR, "checkpoint_altered", NULL,
						   checkpoint.tree_size - 1,
						   "The root of the checkpoint of size " INT64_FORMAT " is not that of the tree: it, or the hash of a leaf before it, was changed.",
						   checkpoint.tree_size);
			}
		}
		check_origin(v, &checkpoint, has_before ? &before : NULL);
		sg_transaction_set_free(checkpoint.snapshot);
		before = checkpoint;
		has_before = true;
	}
	sg_end_checkpoints(scan);

	v->tree_size = has_before ? before.tree_size : 0;
	if (wrong > LISTED_CHECKPOINTS)
		report(v, SEVERITY_ERROR, "checkpoint_altered", NULL, -1,
			   "So it is with " INT64_FORMAT " more checkpoints.",
			   wrong - LISTED_CHECKPOINTS);
	if (anchored && v->anchor_size > v->tree_size)
		report(v, SEVERITY_ERROR, "log_truncated", NULL, v->tree_size,
			   "The checkpoint that was given has " INT64_FORMAT " leaves, and the tree has " INT64_FORMAT " now.",
			   v->anchor_size, v->tree_size);
}

/*
 * The tree's rows hold what its size says and nothing else.
 *
 * What is missing has been reported where it was missed.
 */
static void
check_tile_rows(Verifier *v)
{
	Oid			types[1] = {UUIDOID};
	Datum		arguments[1];

	arguments[0] = UUIDPGetDatum(&v->tree_id);
	SPI_connect();
	if (SPI_execute_with_args("SELECT t.level, pg_catalog.sum(pg_catalog.octet_length(t.hashes))::bigint"
							  " FROM sharing_guard.tile t"
							  " WHERE t.tree_id OPERATOR(pg_catalog.=) $1"
							  " GROUP BY t.level",
							  1, types, arguments, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_with_args failed");	/* the query is ours */
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		int			level = DatumGetInt16(SPI_getbinval(SPI_tuptable->vals[i],
														SPI_tuptable->tupdesc, 1, &isnull));
		int64		bytes = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i],
														SPI_tuptable->tupdesc, 2, &isnull));
		int64		due = level < 0 || level >= TILE_LEVELS ? 0 :
		(v->tree_size >> (level * TILE_HEIGHT)) * SHA256_HASH_LEN;

		if (bytes > due)
			report(v, SEVERITY_ERROR, "tile_extra", NULL, -1,
				   "At level %d there are " INT64_FORMAT " bytes of hashes instead of " INT64_FORMAT ": rows were added, or checkpoints removed.",
				   level, bytes, due);
	}
	SPI_finish();
}

/*-------------------------------------------------------------------------
 * Pass 2: the leaves
 *-------------------------------------------------------------------------
 */

/*
 * Has this event ended before its log's last seal, so that it must be sealed?
 * Events of the same kind are counted in passes 2 and 3.
 */
static bool
must_be_sealed(Verifier *v, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		log_id = slot_getattr(slot, v->log_id, &isnull);
	Datum		xid;
	const SealingLog *log;

	if (isnull)
		return false;
	log = find_sealing(v, DatumGetUUIDP(log_id));
	if (log == NULL)
		return false;
	xid = slot_getattr(slot, v->transaction_id, &isnull);
	return !isnull &&
		sg_transaction_ended(log->snapshot,
							 U64FromFullTransactionId(DatumGetFullTransactionId(xid)));
}

static inline uint64
id_sum(Verifier *v, const pg_uuid_t *event_id)
{
	return hash_bytes_extended(event_id->data, UUID_LEN, v->seed);
}

static bool
is_purged(Verifier *v, int64 leaf_index)
{
	int			low = 0;
	int			high = v->npurged;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (leaf_index < v->purged[middle].first)
			high = middle;
		else if (leaf_index > v->purged[middle].last)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

/* False where the event cannot be read. */
static bool
hash_event(Verifier *v, TupleTableSlot *slot, int encoding, const Nonce *nonce,
		   Sha256Hash * hash)
{
	return sg_canonical_hash(v->encoders[encoding], slot, &v->tree_id, nonce,
							 v->hasher, hash);
}

/*
 * The event is gone, cannot be read, or is not what was sealed as its leaf.
 * Returns whether that is because it could not be read when it was sealed: that
 * is told, and is no fault of what is sealed.
 */
static bool
sealed_unreadable(Verifier *v, const Bundle *bundle, int place, const char *now)
{
	int64		leaf_index = bundle->first_leaf + place;
	const		Sha256Hash *hashes;
	Sha256Hash	hash;

	if (!bundle->has_nonces || v->encoders[bundle->encoding] == NULL ||
		sg_tree_tile(v->tree, 0, leaf_index / TILE_WIDTH, &hashes) <= leaf_index % TILE_WIDTH)
		return false;
	sg_canonical_tombstone_hash(v->encoders[bundle->encoding],
								&bundle->event_ids[place], &v->tree_id,
								&bundle->nonces[place], v->hasher, &hash);
	if (!sha256_hash_equal(&hash, &hashes[leaf_index % TILE_WIDTH]))
		return false;
	report(v, SEVERITY_WARNING, "event_unreadable", &bundle->event_ids[place],
		   leaf_index,
		   "The event could not be read when it was sealed: its row, or a long value of it, was damaged. That it took place is sealed; %s",
		   now);
	return true;
}

static void
report_altered(Verifier *v, const pg_uuid_t *event_id, int64 leaf_index)
{
	report(v, SEVERITY_ERROR, "event_altered", event_id, leaf_index,
		   "The event is not what was sealed as this leaf: it was changed, or replaced by another.");
}

/* An event that is not its leaf: kept for report_misfits(). */
static void
note_misfit(Verifier *v, const Bundle *bundle, int place, const Sha256Hash * sealed)
{
	MemoryContext oldcontext;
	Misfit	   *misfit;

	if (v->nmisfits == MISFITS_MAX)
	{
		report_altered(v, &bundle->event_ids[place], bundle->first_leaf + place);
		return;
	}
	oldcontext = MemoryContextSwitchTo(MemoryContextGetParent(v->per_bundle));
	misfit = &v->misfits[v->nmisfits++];
	misfit->event_id = bundle->event_ids[place];
	misfit->leaf_index = bundle->first_leaf + place;
	misfit->encoding = bundle->encoding;
	misfit->nonce = bundle->nonces[place];
	misfit->sealed = *sealed;
	misfit->event = ExecCopySlotHeapTuple(v->slot);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Of the events that are not their leaves, some may be each other's: then they
 * were not changed, but exchanged.
 */
static void
report_misfits(Verifier *v)
{
	for (int i = 0; i < v->nmisfits; i++)
	{
		const Misfit *misfit = &v->misfits[i];
		const Misfit *place = NULL;

		CHECK_FOR_INTERRUPTS();
		ExecStoreHeapTuple(misfit->event, v->slot, false);
		for (int j = 0; j < v->nmisfits && place == NULL; j++)
		{
			Sha256Hash	hash;

			if (j == i)
				continue;
			if (!hash_event(v, v->slot, misfit->encoding, &v->misfits[j].nonce, &hash))
				break;
			if (!sha256_hash_equal(&hash, &v->misfits[j].sealed) &&
				!hash_event(v, v->slot, misfit->encoding, &misfit->nonce, &hash))
				break;
			if (sha256_hash_equal(&hash, &v->misfits[j].sealed))
				place = &v->misfits[j];
		}
		ExecClearTuple(v->slot);
		if (place != NULL)
			report(v, SEVERITY_ERROR, "event_reordered", &misfit->event_id,
				   misfit->leaf_index,
				   "The event was sealed as leaf " INT64_FORMAT " and stands as this one now.",
				   place->leaf_index);
		else
			report_altered(v, &misfit->event_id, misfit->leaf_index);
	}
	v->nmisfits = 0;
}

/*
 * One event, which is in the slot, against its leaf.
 *
 * Late by hours though its transaction began after the seal before: nothing
 * that was recorded when it happened looks like that.
 */
static void
check_event(Verifier *v, const Bundle *bundle, int place, const Checkpoint *before)
{
	int64		leaf_index = bundle->first_leaf + place;
	const		Sha256Hash *hashes;
	Sha256Hash	hash;
	bool		readable;

	if (must_be_sealed(v, v->slot))
	{
		v->sealed_count++;
		v->sealed_sum += id_sum(v, &bundle->event_ids[place]);
	}
	if (!bundle->has_nonces)
		return;					/* reported for the whole bundle */
	if (sg_tree_tile(v->tree, 0, leaf_index / TILE_WIDTH, &hashes) <= leaf_index % TILE_WIDTH)
		return;					/* reported by pass 1 */

	readable = hash_event(v, v->slot, bundle->encoding, &bundle->nonces[place], &hash);
	if (!readable ||
		!sha256_hash_equal(&hash, &hashes[leaf_index % TILE_WIDTH]))
	{
		const		Sha256Hash *sealed = &hashes[leaf_index % TILE_WIDTH];

		if (sealed_unreadable(v, bundle, place, readable ?
							  "it can be read now, and nothing proves what it says." :
							  "what it said is lost, unless a copy of the log outside this database has it."))
			return;
		if (readable)
			note_misfit(v, bundle, place, sealed);
		else
			report(v, SEVERITY_ERROR, "event_unreadable",
				   &bundle->event_ids[place], leaf_index,
				   "The event was sealed and cannot be read any more: its row, or a long value of it, is damaged. A backup or a copy of the log outside this database may have it whole.");
	}
	else if (bundle->late && before != NULL)
	{
		bool		isnull;
		TimestampTz occurred_at = DatumGetTimestampTz(slot_getattr(v->slot, v->occurred_at, &isnull));
		FullTransactionId xid = DatumGetFullTransactionId(slot_getattr(v->slot, v->transaction_id, &isnull));
		Datum		log_id = slot_getattr(v->slot, v->log_id, &isnull);

		if (occurred_at < before->sealed_at - BACKDATED_USECS &&
			sg_uuid_equal(DatumGetUUIDP(log_id), &before->log_id) &&
			U64FromFullTransactionId(xid) >= before->snapshot->xmax)
			report(v, SEVERITY_WARNING, "event_backdated",
				   &bundle->event_ids[place], leaf_index,
				   "The event says that it is of %s, and was written by a transaction that began after the seal of %s.",
				   pstrdup(timestamptz_to_str(occurred_at)),
				   timestamptz_to_str(before->sealed_at));
	}
}

static void
report_deleted(Verifier *v, const Bundle *bundle, int place)
{
	if (!is_purged(v, bundle->first_leaf + place) &&
		!sealed_unreadable(v, bundle, place, "it is not there any more."))
		report(v, SEVERITY_ERROR, "event_deleted", &bundle->event_ids[place],
			   bundle->first_leaf + place,
			   "The event was sealed and is not there.");
}

/* One event by its id; false without it. */
static bool
fetch_event(Verifier *v, const pg_uuid_t *event_id)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, v->event_id, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(event_id));
	scan = systable_beginscan_ordered(v->events, v->events_pkey,
									  GetActiveSnapshot(), 1, &key);
	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	if (HeapTupleIsValid(tuple))
		ExecStoreHeapTuple(heap_copytuple(tuple), v->slot, true);
	systable_endscan_ordered(scan);
	return HeapTupleIsValid(tuple);
}

/*
 * The events of one bundle.  They are neighbours in the order of ids, or
 * nearly so: one scan from the first to the last meets them all, and it gives
 * up where it meets too many others.
 */
static void
check_bundle_events(Verifier *v, const Bundle *bundle, const Checkpoint *before)
{
	int			place = 0;

	if (bundle->ascending && bundle->count > 1)
	{
		int			others = 0;
		ScanKeyData keys[2];
		SysScanDesc scan;
		HeapTuple	tuple;

		ScanKeyInit(&keys[0], v->event_id, BTGreaterEqualStrategyNumber,
					F_UUID_GE, UUIDPGetDatum(&bundle->event_ids[0]));
		ScanKeyInit(&keys[1], v->event_id, BTLessEqualStrategyNumber,
					F_UUID_LE, UUIDPGetDatum(&bundle->event_ids[bundle->count - 1]));
		scan = systable_beginscan_ordered(v->events, v->events_pkey,
										  GetActiveSnapshot(), 2, keys);
		while (place < bundle->count && others < 4 * TILE_WIDTH &&
			   HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
		{
			bool		isnull;
			pg_uuid_t  *event_id;
			int			order = -1;

			ExecStoreHeapTuple(tuple, v->slot, false);
			event_id = DatumGetUUIDP(slot_getattr(v->slot, v->event_id, &isnull));
			while (place < bundle->count &&
				   (order = memcmp(bundle->event_ids[place].data, event_id->data, UUID_LEN)) < 0)
				report_deleted(v, bundle, place++);
			if (order == 0)
				check_event(v, bundle, place++, before);
			else
				others++;
			ExecClearTuple(v->slot);
		}
		systable_endscan_ordered(scan);
		if (others < 4 * TILE_WIDTH)
		{
			while (place < bundle->count)
				report_deleted(v, bundle, place++);
		}
	}

	for (; place < bundle->count; place++)
	{
		if (fetch_event(v, &bundle->event_ids[place]))
			check_event(v, bundle, place, before);
		else
			report_deleted(v, bundle, place);
		ExecClearTuple(v->slot);
	}
}

/* What a bundle itself must be. */
static void
check_bundle(Verifier *v, const Bundle *bundle)
{
	if (!bundle->ascending)
		report(v, SEVERITY_ERROR, "bundle_altered", NULL, bundle->first_leaf,
			   "The events of the bundle that begins with this leaf are not in their order, or not all there.");
	if (bundle->count > 0 &&
		!sg_uuid_equal(&bundle->last_event, &bundle->event_ids[bundle->count - 1]))
		report(v, SEVERITY_ERROR, "bundle_altered", NULL, bundle->first_leaf,
			   "The last event of the bundle that begins with this leaf is not the one it names.");
	if (!bundle->has_nonces)
	{
		bool		purged = true;

		for (int i = 0; i < bundle->count; i++)
			purged = purged && is_purged(v, bundle->first_leaf + i);
		if (!purged)
			report(v, SEVERITY_ERROR, "nonce_missing", NULL, bundle->first_leaf,
				   "The nonces of the bundle that begins with this leaf are missing; its events could not be verified.");
	}
}

/*
 * All bundles of the tree, and the events of those in the range.  Every leaf is
 * in one bundle and one alone.
 */
static void
check_leaves(Verifier *v)
{
	BundleScan *scan = sg_begin_bundles(&v->tree_id, v->first_leaf);
	CheckpointScan *checkpoints = sg_begin_checkpoints(&v->tree_id);
	Checkpoint	sealing;		/* that sealed the bundle we are at */
	Checkpoint	before;			/* the one before it */
	bool		has_sealing = sg_next_checkpoint(checkpoints, &sealing);
	bool		has_before = false;
	Bundle		bundle;
	int64		next_leaf = v->first_leaf;
	int64		end = Min(v->tree_size, v->last_leaf + 1);
	int64		told = next_leaf / PROGRESS_LEAVES;
	MemoryContext oldcontext;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(v->per_bundle);
		oldcontext = MemoryContextSwitchTo(v->per_bundle);
		if (!sg_next_bundle(scan, &bundle) ||
			(v->ranged && bundle.first_leaf > v->last_leaf))
		{
			MemoryContextSwitchTo(oldcontext);
			break;
		}

		while (has_sealing && sealing.tree_size <= bundle.first_leaf)
		{
			MemoryContext inner = MemoryContextSwitchTo(oldcontext);

			if (has_before)
				sg_transaction_set_free(before.snapshot);
			before = sealing;
			has_before = true;
			has_sealing = sg_next_checkpoint(checkpoints, &sealing);
			MemoryContextSwitchTo(inner);
		}

		/* A range may begin in the middle of a bundle. */
		if (v->ranged && next_leaf == v->first_leaf && bundle.first_leaf < next_leaf)
			next_leaf = bundle.first_leaf;

		if (bundle.first_leaf > next_leaf)
			report(v, SEVERITY_ERROR, "bundle_missing", NULL, next_leaf,
				   "Nothing says which events the leaves " INT64_FORMAT " to " INT64_FORMAT " are.",
				   next_leaf, bundle.first_leaf - 1);
		if (bundle.first_leaf < next_leaf ||
			bundle.first_leaf + bundle.count > v->tree_size)
			report(v, SEVERITY_ERROR, "bundle_extra", NULL, bundle.first_leaf,
				   "The bundle that begins with this leaf names leaves that are not, or not only, its own: it was added, or checkpoints were removed.");
		next_leaf = Max(next_leaf, bundle.first_leaf + bundle.count);

		check_bundle(v, &bundle);
		if (bundle.encoding < 1 || bundle.encoding > CANONICAL_VERSION)
			report(v, SEVERITY_ERROR, "encoding_unknown", NULL, bundle.first_leaf,
				   "The bundle that begins with this leaf was sealed with version %d of the encoding, which is not known here.",
				   bundle.encoding);
		else
		{
			if (v->encoders[bundle.encoding] == NULL)
			{
				MemoryContext inner = MemoryContextSwitchTo(oldcontext);

				v->encoders[bundle.encoding] =
					sg_canonical_begin(RelationGetDescr(v->events), bundle.encoding);
				MemoryContextSwitchTo(inner);
			}
			check_bundle_events(v, &bundle, has_before ? &before : NULL);
		}

		/* Of a late bundle the ids are far from those of the range. */
		if (bundle.count > 0 && !bundle.late)
		{
			if (!v->has_ids ||
				memcmp(&bundle.event_ids[0], &v->least_id, UUID_LEN) < 0)
				v->least_id = bundle.event_ids[0];
			if (!v->has_ids ||
				memcmp(&bundle.event_ids[bundle.count - 1], &v->greatest_id, UUID_LEN) > 0)
				v->greatest_id = bundle.event_ids[bundle.count - 1];
			v->has_ids = true;
		}
		MemoryContextSwitchTo(oldcontext);

		if (next_leaf / PROGRESS_LEAVES > told)
		{
			told = next_leaf / PROGRESS_LEAVES;
			ereport(NOTICE,
					(errmsg("verified " INT64_FORMAT " of " INT64_FORMAT " sealed events",
							next_leaf, end)));
		}
	}
	sg_end_bundles(scan);
	sg_end_checkpoints(checkpoints);

	if (next_leaf < end)
		report(v, SEVERITY_ERROR, "bundle_missing", NULL, next_leaf,
			   "Nothing says which events the leaves " INT64_FORMAT " to " INT64_FORMAT " are.",
			   next_leaf, end - 1);
	report_misfits(v);
}

/*-------------------------------------------------------------------------
 * Pass 3: the events
 *-------------------------------------------------------------------------
 */

/* Looks the event up, and reports it where no seal has it. */
static void
check_is_sealed(Verifier *v, TupleTableSlot *slot, const pg_uuid_t *event_id,
				const char *why)
{
	bool		isnull;
	TimestampTz occurred_at;
	Datum		log_id;
	const SealingLog *log = NULL;
	EventLeaf	leaf;

	if (sg_find_leaf(event_id, &leaf))
		return;

	log_id = slot_getattr(slot, v->log_id, &isnull);
	if (!isnull)
		log = find_sealing(v, DatumGetUUIDP(log_id));
	occurred_at = DatumGetTimestampTz(slot_getattr(slot, v->occurred_at, &isnull));
	if (log != NULL && !isnull && occurred_at < log->sealed_at)
		report(v, SEVERITY_ERROR, "event_backdated", event_id, -1,
			   "The event is not sealed, and says that it is of %s, before the last seal: %s",
			   timestamptz_to_str(occurred_at), why);
	else
		report(v, SEVERITY_ERROR, "event_inserted", event_id, -1,
			   "The event is not sealed, and never will be: %s", why);
}

/*
 * Every event there is.  "look_up": each that must be sealed is looked up,
 * those of the range alone if there is one; otherwise they are only counted.
 */
static void
check_events(Verifier *v, bool look_up)
{
	uint64		next_xid = RecoveryInProgress() ? PG_UINT64_MAX :
	U64FromFullTransactionId(ReadNextFullTransactionId());
	TupleTableSlot *slot = table_slot_create(v->events, NULL);
	TableScanDesc scan = table_beginscan(v->events, GetActiveSnapshot(), 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		bool		log_null;
		bool		xid_null;
		Datum		event_id = slot_getattr(slot, v->event_id, &isnull);
		Datum		log_id = slot_getattr(slot, v->log_id, &log_null);
		Datum		xid = slot_getattr(slot, v->transaction_id, &xid_null);

		CHECK_FOR_INTERRUPTS();
		if (isnull)
		{
			report(v, SEVERITY_ERROR, "event_inserted", NULL, -1,
				   "There is an event without an id.");
			continue;
		}

		if (must_be_sealed(v, slot))
		{
			v->ended_count++;
			v->ended_sum += id_sum(v, DatumGetUUIDP(event_id));
			if (look_up &&
				(!v->ranged ||
				 (v->has_ids &&
				  memcmp(DatumGetUUIDP(event_id), &v->least_id, UUID_LEN) >= 0 &&
				  memcmp(DatumGetUUIDP(event_id), &v->greatest_id, UUID_LEN) <= 0)))
				check_is_sealed(v, slot, DatumGetUUIDP(event_id),
								"its transaction had ended at that seal, which did not find it.");
			continue;
		}

		/* Of those that need not be sealed, what no honest event is. */
		if (look_up && !v->ranged)
			continue;			/* looked at the first time */

		/* An upgraded or copied database registers with its first seal. */
		if (log_null ||
			(find_identity(v, DatumGetUUIDP(log_id)) == NULL &&
			 !sg_uuid_equal(DatumGetUUIDP(log_id), &v->own.log_id)))
			check_is_sealed(v, slot, DatumGetUUIDP(event_id),
							"it does not say of which log it is, or names one that is not known here.");
		else if (xid_null)
			check_is_sealed(v, slot, DatumGetUUIDP(event_id),
							"it does not say which transaction wrote it.");
		else if (sg_uuid_equal(DatumGetUUIDP(log_id), &v->own.log_id) &&
				 U64FromFullTransactionId(DatumGetFullTransactionId(xid)) >= next_xid)
			check_is_sealed(v, slot, DatumGetUUIDP(event_id),
							"it names a transaction that has not been.");
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

/*-------------------------------------------------------------------------
 * All of it
 *-------------------------------------------------------------------------
 */

static int
compare_purged(const void *a, const void *b)
{
	int64		x = ((const PurgedLeaves *) a)->first;
	int64		y = ((const PurgedLeaves *) b)->first;

	return x < y ? -1 : x > y ? 1 : 0;
}

/*
 * Leaves whose events are missed by nobody.  A purge counts only as long as the
 * event that records it is there, sealed like any other.
 */
static void
load_purged(Verifier *v)
{
	Relation	rel = sg_store_open("purged_leaf", AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false,
										  GetActiveSnapshot(), 0, NULL);
	int			room = 64;
	HeapTuple	tuple;

	v->npurged = 0;
	v->purged = palloc(room * sizeof(PurgedLeaves));
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		pg_uuid_t  *purged_by = DatumGetUUIDP(sg_store_value(rel, tuple, 4));
		PurgedLeaves leaves;

		if (!sg_uuid_equal(DatumGetUUIDP(sg_store_value(rel, tuple, 1)), &v->tree_id))
			continue;
		leaves.first = DatumGetInt64(sg_store_value(rel, tuple, 2));
		leaves.last = DatumGetInt64(sg_store_value(rel, tuple, 3));
		if (!fetch_event(v, purged_by))
		{
			report(v, SEVERITY_ERROR, "purge_unproved", purged_by, leaves.first,
				   "Leaves " INT64_FORMAT " to " INT64_FORMAT " are said to be purged, and the event that records it is not there.",
				   leaves.first, leaves.last);
			continue;
		}
		ExecClearTuple(v->slot);
		if (v->npurged == room)
			v->purged = repalloc(v->purged, (room *= 2) * sizeof(PurgedLeaves));
		v->purged[v->npurged++] = leaves;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	qsort(v->purged, v->npurged, sizeof(PurgedLeaves), compare_purged);
}

static void
verify_tree(Verifier *v, const pg_uuid_t *tree_id)
{
	v->tree_id = *tree_id;
	v->tree = sg_tree_begin(tree_id, v->hasher);

	if (find_identity(v, tree_id) == NULL)
		report(v, SEVERITY_ERROR, "tree_foreign", NULL, -1,
			   "There are seals of a tree whose log is not known here: they are another database's.");
	load_purged(v);
	check_tree(v);
	check_tile_rows(v);
	check_leaves(v);
	sg_tree_end(v->tree);
	pfree(v->purged);
}

/* The trees that anything is stored of, as pg_uuid_t. */
static List *
all_trees(void)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	List	   *trees = NIL;

	SPI_connect();
	if (SPI_execute("SELECT c.tree_id FROM sharing_guard.checkpoint c"
					" UNION SELECT b.tree_id FROM sharing_guard.bundle b"
					" UNION SELECT t.tree_id FROM sharing_guard.tile t"
					" ORDER BY 1", true, 0) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute failed");	/* the query is ours */
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		tree_id = SPI_getbinval(SPI_tuptable->vals[i],
											SPI_tuptable->tupdesc, 1, &isnull);
		MemoryContext inner = MemoryContextSwitchTo(oldcontext);
		pg_uuid_t  *copy = palloc(sizeof(pg_uuid_t));

		*copy = *DatumGetUUIDP(tree_id);
		trees = lappend(trees, copy);
		MemoryContextSwitchTo(inner);
	}
	SPI_finish();
	return trees;
}

/*
 * The checkpoint that was kept elsewhere: a note, signed or not.  Whether its
 * signature holds is for whoever has the key to say.
 */
static void
parse_anchor(Verifier *v, char *note)
{
	static const char prefix[] = "sharing_guard/";
	char	   *size = strchr(note, '\n');
	char	   *root = size != NULL ? strchr(size + 1, '\n') : NULL;
	char	   *end = root != NULL ? strchr(root + 1, '\n') : NULL;
	char	   *digits;
	bytea	   *bytes;

	if (end == NULL || strncmp(note, prefix, strlen(prefix)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this is not a checkpoint of a log of this extension"),
				 errhint("Give what sharing_guard.checkpoint() returned then, signed or not.")));
	*size++ = '\0';
	*root++ = '\0';
	*end = '\0';

	v->anchor_log = *DatumGetUUIDP(DirectFunctionCall1(uuid_in,
													   CStringGetDatum(note + strlen(prefix))));
	for (digits = size; *digits >= '0' && *digits <= '9'; digits++)
		;
	if (digits == size || *digits != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the second line of the checkpoint is not a size")));
	v->anchor_size = DatumGetInt64(DirectFunctionCall1(int8in, CStringGetDatum(size)));
	bytes = DatumGetByteaPP(DirectFunctionCall2(binary_decode,
												CStringGetTextDatum(root),
												CStringGetTextDatum("base64")));
	if (VARSIZE_ANY_EXHDR(bytes) != sizeof(Sha256Hash))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the third line of the checkpoint is not a SHA-256 hash")));
	memcpy(&v->anchor_root, VARDATA_ANY(bytes), sizeof(Sha256Hash));
	v->has_anchor = true;
}

/*
 * Which logs have sealed in this tree; returns whether the checkpoint that was
 * kept elsewhere is of one of them.  A tree whose checkpoints are gone has at
 * least the id of the log that began it.
 */
static bool
scan_checkpoints(Verifier *v, const pg_uuid_t *tree_id)
{
	CheckpointScan *scan = sg_begin_checkpoints(tree_id);
	bool		anchored = sg_uuid_equal(tree_id, &v->anchor_log);
	Checkpoint	checkpoint;

	while (sg_next_checkpoint(scan, &checkpoint))
	{
		anchored = anchored || sg_uuid_equal(&checkpoint.log_id, &v->anchor_log);
		note_sealing(v, &checkpoint);
	}
	sg_end_checkpoints(scan);
	return v->has_anchor && anchored;
}

/* What this database itself is. */
static void
check_identity(Verifier *v, bool registered)
{
	ListCell   *lc;

	if (!registered && !v->own.has_parent)
		report(v, SEVERITY_ERROR, "identity_missing", NULL, -1,
			   "The table sharing_guard.log is empty: it cannot be told whose log this is.");
	else if (!registered && strcmp(v->own.cause, "copied") == 0)
		report(v, SEVERITY_WARNING, "database_copied", NULL, -1,
			   "This database is a copy of the one that wrote log %s; what it records itself is log %s.",
			   sg_event_id_text(&v->own.parent), sg_event_id_text(&v->own.log_id));

	foreach(lc, v->identities)
	{
		const LogIdentity *identity = lfirst(lc);

		if (!identity->received && identity->has_parent &&
			strcmp(identity->cause, "copied") == 0)
			report(v, SEVERITY_WARNING, "database_copied", NULL, -1,
				   "This database was made as a copy of the one that wrote log %s; what it has recorded since is log %s.",
				   sg_event_id_text(&identity->parent),
				   sg_event_id_text(&identity->log_id));
	}
}

/* What a restored dump held, or the log tells of, and is not here. */
static void
report_restore_defects(Verifier *v)
{
	SPI_connect();
	if (SPI_execute("SELECT d.severity, d.problem, d.event_id, d.detail"
					" FROM sharing_guard.restore_defects() AS d", true, 0) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute failed");	/* the query is ours */
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Datum		event_id = SPI_getbinval(tuple, desc, 3, &isnull);

		report(v, SPI_getvalue(tuple, desc, 1), SPI_getvalue(tuple, desc, 2),
			   isnull ? NULL : DatumGetUUIDP(event_id), -1,
			   "%s", SPI_getvalue(tuple, desc, 4));
	}
	SPI_finish();
}

/*
 * sharing_guard.verify_audit(first_leaf bigint, last_leaf bigint,
 *		checkpoint text) returns table (...)
 */
Datum
sg_sql_verify_audit(PG_FUNCTION_ARGS)
{
	Verifier   *v = palloc0(sizeof(Verifier));
	bool		registered;
	Checkpoint	last;
	bool		has_tree;
	List	   *trees;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	v->rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	v->ranged = !PG_ARGISNULL(0) || !PG_ARGISNULL(1);
	v->first_leaf = PG_ARGISNULL(0) ? 0 : Max(PG_GETARG_INT64(0), 0);
	v->last_leaf = PG_ARGISNULL(1) ? PG_INT64_MAX - 1 : Min(PG_GETARG_INT64(1), PG_INT64_MAX - 1);
	if (!PG_ARGISNULL(2))
		parse_anchor(v, text_to_cstring(PG_GETARG_TEXT_PP(2)));

	v->per_bundle = AllocSetContextCreate(CurrentMemoryContext,
										  "sharing_guard bundle being verified",
										  ALLOCSET_DEFAULT_SIZES);
	v->misfits = palloc(MISFITS_MAX * sizeof(Misfit));
	v->hasher = sg_sha256_begin();
	if (!pg_strong_random(&v->seed, sizeof(v->seed)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	v->identities = sg_log_identities();
	registered = sg_log_own(v->identities, &v->own);
	v->tree_id = v->own.log_id;
	v->timelines = RecoveryInProgress() ? NIL :
		readTimeLineHistory(GetWALInsertionTimeLine());

	v->events = sg_store_open("event", AccessShareLock);
	v->events_pkey = sg_store_open_index(v->events, "event_pkey");
	v->slot = MakeSingleTupleTableSlot(RelationGetDescr(v->events), &TTSOpsHeapTuple);
	sg_canonical_events(v->events, &v->event_id, &v->log_id, &v->occurred_at,
						&v->transaction_id);

	check_identity(v, registered);
	has_tree = sg_own_tree(v->identities, &v->own, &last);
	if (v->ranged)
		trees = has_tree ? list_make1(&last.tree_id) : NIL;
	else
		trees = all_trees();

	/* All logs that seal here, before any event is asked for its own. */
	foreach(lc, trees)
	{
		if (scan_checkpoints(v, lfirst(lc)))
		{
			v->anchor_tree = *(pg_uuid_t *) lfirst(lc);
			v->anchor_seen = true;
		}
	}
	foreach(lc, trees)
		verify_tree(v, lfirst(lc));
	if (v->has_anchor && !v->anchor_seen)
	{
		v->tree_id = v->anchor_log;
		report(v, SEVERITY_ERROR, "log_truncated", NULL, -1,
			   "Nothing is left of the tree that the checkpoint that was given is of.");
	}

	v->tree_id = has_tree ? last.tree_id : v->own.log_id;
	check_events(v, v->ranged);
	if (!v->ranged &&
		(v->sealed_count != v->ended_count || v->sealed_sum != v->ended_sum))
		check_events(v, true);
	if (!v->ranged)
		report_restore_defects(v);

	ExecDropSingleTupleTableSlot(v->slot);
	index_close(v->events_pkey, AccessShareLock);
	table_close(v->events, AccessShareLock);
	sg_sha256_end(v->hasher);
	return (Datum) 0;
}
