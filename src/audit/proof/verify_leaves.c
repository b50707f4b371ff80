/*-------------------------------------------------------------------------
 *
 * verify_leaves.c
 *		Passes 2 and 3 of verify_audit(): the leaves and the events.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/timeline.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

#include "audit/proof/verifier.h"
#include "audit/proof/verify_leaves.h"
#include "base/compat.h"

/* Reports progress each time that so many leaves are done. */
#define PROGRESS_LEAVES		1000000

/* A late event may be this much older than the seal before, and be honest. */
#define BACKDATED_USECS		USECS_PER_HOUR

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
	log = sg_verify_sealing(v, DatumGetUUIDP(log_id));
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
		   Sha256Hash *hash)
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
	const Sha256Hash *hashes;
	Sha256Hash	hash;

	if (!bundle->has_nonces || v->encoders[bundle->encoding] == NULL ||
		sg_tree_tile(v->tree, 0, leaf_index / TILE_WIDTH, &hashes) <= leaf_index % TILE_WIDTH)
		return false;
	sg_canonical_tombstone_hash(v->encoders[bundle->encoding],
								&bundle->event_ids[place], &v->tree_id,
								&bundle->nonces[place], v->hasher, &hash);
	if (!sha256_hash_equal(&hash, &hashes[leaf_index % TILE_WIDTH]))
		return false;
	sg_verify_report(v, SEVERITY_WARNING, "event_unreadable", &bundle->event_ids[place],
					 leaf_index,
					 "The event could not be read when it was sealed: its row, or a long value of it, was damaged. That it took place is sealed; %s",
					 now);
	return true;
}

static void
report_altered(Verifier *v, const pg_uuid_t *event_id, int64 leaf_index)
{
	sg_verify_report(v, SEVERITY_ERROR, "event_altered", event_id, leaf_index,
					 "The event is not what was sealed as this leaf: it was changed, or replaced by another.");
}

/* An event that is not its leaf: kept for report_misfits(). */
static void
note_misfit(Verifier *v, const Bundle *bundle, int place, const Sha256Hash *sealed)
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
 * Some events that do not match their leaves may match each other's: then they
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
			sg_verify_report(v, SEVERITY_ERROR, "event_reordered", &misfit->event_id,
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
	const Sha256Hash *hashes;
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
		const Sha256Hash *sealed = &hashes[leaf_index % TILE_WIDTH];

		if (sealed_unreadable(v, bundle, place, readable ?
							  "it can be read now, and nothing proves what it says." :
							  "what it said is lost, unless a copy of the log outside this database has it."))
			return;
		if (readable)
			note_misfit(v, bundle, place, sealed);
		else
			sg_verify_report(v, SEVERITY_ERROR, "event_unreadable",
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
			sg_verify_report(v, SEVERITY_WARNING, "event_backdated",
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
		sg_verify_report(v, SEVERITY_ERROR, "event_deleted", &bundle->event_ids[place],
						 bundle->first_leaf + place,
						 "The event was sealed and is not there.");
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
		if (sg_verify_fetch_event(v, &bundle->event_ids[place]))
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
		sg_verify_report(v, SEVERITY_ERROR, "bundle_altered", NULL, bundle->first_leaf,
						 "The events of the bundle that begins with this leaf are not in their order, or not all there.");
	if (bundle->count > 0 &&
		!sg_uuid_equal(&bundle->last_event, &bundle->event_ids[bundle->count - 1]))
		sg_verify_report(v, SEVERITY_ERROR, "bundle_altered", NULL, bundle->first_leaf,
						 "The last event of the bundle that begins with this leaf is not the one it names.");
	if (!bundle->has_nonces)
	{
		bool		purged = true;

		for (int i = 0; i < bundle->count; i++)
			purged = purged && is_purged(v, bundle->first_leaf + i);
		if (!purged)
			sg_verify_report(v, SEVERITY_ERROR, "nonce_missing", NULL, bundle->first_leaf,
							 "The nonces of the bundle that begins with this leaf are missing; its events could not be verified.");
	}
}

/*
 * All bundles of the tree, and the events of those in the range.  Every leaf is
 * in one bundle and one alone.
 */
void
sg_verify_leaves(Verifier *v)
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
			sg_verify_report(v, SEVERITY_ERROR, "bundle_missing", NULL, next_leaf,
							 "Nothing says which events the leaves " INT64_FORMAT " to " INT64_FORMAT " are.",
							 next_leaf, bundle.first_leaf - 1);
		if (bundle.first_leaf < next_leaf ||
			bundle.first_leaf + bundle.count > v->tree_size)
			sg_verify_report(v, SEVERITY_ERROR, "bundle_extra", NULL, bundle.first_leaf,
							 "The bundle that begins with this leaf names leaves that are not, or not only, its own: it was added, or checkpoints were removed.");
		next_leaf = Max(next_leaf, bundle.first_leaf + bundle.count);

		check_bundle(v, &bundle);
		if (bundle.encoding < 1 || bundle.encoding > CANONICAL_VERSION)
			sg_verify_report(v, SEVERITY_ERROR, "encoding_unknown", NULL, bundle.first_leaf,
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

		/* The ids of a late bundle are far from those of the range. */
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
		sg_verify_report(v, SEVERITY_ERROR, "bundle_missing", NULL, next_leaf,
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
		log = sg_verify_sealing(v, DatumGetUUIDP(log_id));
	occurred_at = DatumGetTimestampTz(slot_getattr(slot, v->occurred_at, &isnull));
	if (log != NULL && !isnull && occurred_at < log->sealed_at)
		sg_verify_report(v, SEVERITY_ERROR, "event_backdated", event_id, -1,
						 "The event is not sealed, and says that it is of %s, before the last seal: %s",
						 timestamptz_to_str(occurred_at), why);
	else
		sg_verify_report(v, SEVERITY_ERROR, "event_inserted", event_id, -1,
						 "The event is not sealed, and never will be: %s", why);
}

/*
 * Every event there is.  "look_up": each that must be sealed is looked up,
 * those of the range alone if there is one; otherwise they are only counted.
 */
void
sg_verify_events(Verifier *v, bool look_up)
{
	uint64		next_xid = RecoveryInProgress() ? PG_UINT64_MAX :
	U64FromFullTransactionId(ReadNextFullTransactionId());
	TupleTableSlot *slot = table_slot_create(v->events, NULL);
	TableScanDesc scan = SG_TABLE_BEGINSCAN(v->events, GetActiveSnapshot());

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
			sg_verify_report(v, SEVERITY_ERROR, "event_inserted", NULL, -1,
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

		/*
		 * Among events that need not be sealed, look for those that cannot be
		 * genuine.
		 */
		if (look_up && !v->ranged)
			continue;			/* looked at the first time */

		/* An upgraded or copied database registers with its first seal. */
		if (log_null ||
			(sg_verify_identity(v, DatumGetUUIDP(log_id)) == NULL &&
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
