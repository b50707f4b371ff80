/*-------------------------------------------------------------------------
 *
 * sealed.h
 *		Reads what is sealed: checkpoints, and which event is which leaf.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_SEALED_H
#define SHARING_GUARD_SEALED_H

#include "audit/log/identity.h"
#include "audit/proof/canonical.h"
#include "audit/proof/transaction_set.h"
#include "utils/rel.h"

/* The columns of the tables of seals, in their order. */
enum
{
	CHECKPOINT_TREE_ID = 1,
	CHECKPOINT_LOG_ID,
	CHECKPOINT_TREE_SIZE,
	CHECKPOINT_SEALED_AT,
	CHECKPOINT_LSN,
	CHECKPOINT_LATE_EVENTS,
	CHECKPOINT_TIMELINE,
	CHECKPOINT_ROOT,
	CHECKPOINT_SNAPSHOT
};
#define CHECKPOINT_COLUMNS CHECKPOINT_SNAPSHOT

enum
{
	BUNDLE_TREE_ID = 1,
	BUNDLE_LAST_EVENT,
	BUNDLE_FIRST_LEAF,
	BUNDLE_ENCODING,
	BUNDLE_LATE,
	BUNDLE_EVENT_IDS
};
#define BUNDLE_COLUMNS BUNDLE_EVENT_IDS

enum
{
	NONCE_TREE_ID = 1,
	NONCE_FIRST_LEAF,
	NONCE_NONCES
};
#define NONCE_COLUMNS NONCE_NONCES

/*
 * Events whose ids are further apart in time than this are not in one bundle.
 * So a bundle spans at most TILE_WIDTH times as much, and a search for an
 * event knows when to stop.
 */
#define BUNDLE_GAP_MS	10000
#define BUNDLE_SPAN_MS	(BUNDLE_GAP_MS * TILE_WIDTH)

/* The latest checkpoint of a tree. */
typedef struct Checkpoint
{
	pg_uuid_t	tree_id;
	pg_uuid_t	log_id;
	int64		tree_size;
	TimestampTz sealed_at;
	XLogRecPtr	lsn;
	TimeLineID	timeline;
	Sha256Hash	root;
	TransactionSet *snapshot;
} Checkpoint;

/*
 * For the sealer: a row of "checkpoint"; the last row that a table has of a
 * tree, or NULL; the time in a version 7 UUID, in milliseconds.
 */
extern void sg_read_checkpoint(Relation rel, HeapTuple tuple,
							   Checkpoint *checkpoint);
extern HeapTuple sg_last_row_of_tree(Relation rel, const char *primary_key,
									 const pg_uuid_t *tree_id);
extern int64 sg_uuid_ms(const pg_uuid_t *id);

/* Needs an active snapshot.  False where the tree has none. */
extern bool sg_last_checkpoint(const pg_uuid_t *tree_id, Checkpoint *checkpoint);

/* Which tree our events are sealed in; false before the first seal. */
extern bool sg_own_tree(List *identities, const LogIdentity *own,
						Checkpoint *last);

/*
 * The checkpoints of a tree in their order.  What a checkpoint points to is the
 * caller's.  Needs an active snapshot.
 */
typedef struct CheckpointScan CheckpointScan;
extern CheckpointScan *sg_begin_checkpoints(const pg_uuid_t *tree_id);
extern bool sg_next_checkpoint(CheckpointScan *scan, Checkpoint *checkpoint);
extern void sg_end_checkpoints(CheckpointScan *scan);

/* Which events are which leaves: one row, with its nonces. */
typedef struct Bundle
{
	int64		first_leaf;
	int			encoding;
	bool		late;
	pg_uuid_t	last_event;
	int			count;
	const pg_uuid_t *event_ids;
	bool		ascending;		/* as they must be */
	bool		has_nonces;
	const Nonce *nonces;
} Bundle;

/*
 * The bundles of a tree in their order, from the one that this leaf is in.
 * What a bundle points to is in the caller's CurrentMemoryContext.
 */
typedef struct BundleScan BundleScan;
extern BundleScan *sg_begin_bundles(const pg_uuid_t *tree_id, int64 from_leaf);
extern bool sg_next_bundle(BundleScan *scan, Bundle *bundle);
extern void sg_end_bundles(BundleScan *scan);

/* Which leaf an event is; false where it is not sealed. */
typedef struct EventLeaf
{
	pg_uuid_t	tree_id;
	int64		leaf_index;
	int			encoding;
	bool		has_nonce;
	Nonce		nonce;
} EventLeaf;

extern bool sg_find_leaf(const pg_uuid_t *event_id, EventLeaf *leaf);

#endif							/* SHARING_GUARD_SEALED_H */
