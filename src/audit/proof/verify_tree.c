/*-------------------------------------------------------------------------
 *
 * verify_tree.c
 *		Pass 1 of verify_audit(): the tree.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/timeline.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "audit/log/event_id.h"
#include "audit/proof/verifier.h"
#include "audit/proof/verify_tree.h"
#include "base/compat.h"

/*
 * The number of checkpoints with one kind of damage that are listed one by
 * one.
 */
#define LISTED_CHECKPOINTS	100

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
frontier_root(Verifier *v, const Frontier *frontier, Sha256Hash *root)
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
frontier_push(Verifier *v, Frontier *frontier, const Sha256Hash *leaf)
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
			const Sha256Hash *hashes;

			if (sg_tree_tile(v->tree, level, index / TILE_WIDTH, &hashes) <= index % TILE_WIDTH)
				sg_verify_report(v, SEVERITY_ERROR, "tile_missing", NULL,
								 index << height,
								 "Hash " INT64_FORMAT " of level %d is missing; it is over the leaves from this one on.",
								 index, level);
			else if (!sha256_hash_equal(&hashes[index % TILE_WIDTH],
										&frontier->stack[frontier->depth - 1]))
				sg_verify_report(v, SEVERITY_ERROR, "tile_altered", NULL,
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

	if (sg_verify_identity(v, &checkpoint->log_id) == NULL)
		sg_verify_report(v, SEVERITY_ERROR, "checkpoint_foreign", NULL,
						 checkpoint->tree_size - 1,
						 "The checkpoint of size " INT64_FORMAT " is of log %s, which is not known here.",
						 checkpoint->tree_size, sg_event_id_text(&checkpoint->log_id));

	if (before != NULL &&
		sg_uuid_equal(&before->log_id, &checkpoint->log_id) &&
		(checkpoint->timeline < before->timeline || checkpoint->lsn < before->lsn))
		sg_verify_report(v, SEVERITY_ERROR, "log_forked", NULL, checkpoint->tree_size - 1,
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
			sg_verify_report(v, SEVERITY_ERROR, "log_forked", NULL, checkpoint->tree_size - 1,
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
			sg_verify_report(v, SEVERITY_WARNING, "history_incomplete", NULL,
							 checkpoint->tree_size - 1,
							 "Checkpoints from size " INT64_FORMAT " on were made on timeline %u, and the timeline history of this server begins with timeline %u: whether they are of its own past cannot be told from it. A checkpoint that was kept elsewhere can tell.",
							 checkpoint->tree_size, checkpoint->timeline,
							 ((TimeLineHistoryEntry *) llast(v->timelines))->tli);
	}
	else if (!known && v->timelines != NIL)
		sg_verify_report(v, SEVERITY_ERROR, "log_forked", NULL, checkpoint->tree_size - 1,
						 "The checkpoint of size " INT64_FORMAT " was made on timeline %u, which is not in the history of this server.",
						 checkpoint->tree_size, checkpoint->timeline);
}

/* Remembers what the log's latest seal has taken; or frees it. */
void
sg_verify_note_sealing(Verifier *v, const Checkpoint *checkpoint)
{
	SealingLog *log = sg_verify_sealing(v, &checkpoint->log_id);

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
void
sg_verify_tree(Verifier *v)
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
			const Sha256Hash *hashes;
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
					sg_verify_report(v, SEVERITY_ERROR, "tile_missing", NULL, frontier.size,
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
					sg_verify_report(v, SEVERITY_ERROR, "log_forked", NULL, v->anchor_size - 1,
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
					sg_verify_report(v, SEVERITY_ERROR, "checkpoint_altered", NULL,
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
		sg_verify_report(v, SEVERITY_ERROR, "checkpoint_altered", NULL, -1,
						 "So it is with " INT64_FORMAT " more checkpoints.",
						 wrong - LISTED_CHECKPOINTS);
	if (anchored && v->anchor_size > v->tree_size)
		sg_verify_report(v, SEVERITY_ERROR, "log_truncated", NULL, v->tree_size,
						 "The checkpoint that was given has " INT64_FORMAT " leaves, and the tree has " INT64_FORMAT " now.",
						 v->anchor_size, v->tree_size);
}

/*
 * The tree's rows hold what its size says and nothing else.
 *
 * What is missing has been reported where it was missed.
 */
void
sg_verify_tile_rows(Verifier *v)
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
			sg_verify_report(v, SEVERITY_ERROR, "tile_extra", NULL, -1,
							 "At level %d there are " INT64_FORMAT " bytes of hashes instead of " INT64_FORMAT ": rows were added, or checkpoints removed.",
							 level, bytes, due);
	}
	SPI_finish();
}
