/*-------------------------------------------------------------------------
 *
 * seal.h
 *		Sealing what is not sealed yet, and finding what is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_SEAL_H
#define SHARING_GUARD_SEAL_H

#include "audit/proof/canonical.h"
#include "audit/log/identity.h"
#include "base/errcodes.h"
#include "utils/snapshot.h"

/*
 * Seals every event that is committed now and was not at the seal before;
 * returns how many that were, 0 if there was nothing to do.
 *
 * Needs a READ COMMITTED transaction that may write; what it appends is
 * committed with that transaction or not at all.  Waits for another sealer,
 * and nobody but one waits for it.  Errors out (ERRCODE_SG_AUDIT_UNAVAILABLE)
 * where the stored tree is incomplete, as in the middle of a restore.
 *
 * The background worker passes must_stop.  The function then returns 0 where
 * another sealer is at work and where nothing is configured yet.  It calls
 * must_stop between two events; when that returns true, it seals the events it
 * has and sets *more.
 */
extern int64 sg_seal_once(bool (*must_stop) (void), bool *more);

/*
 * The transactions that had ended when a snapshot was taken; parsed from a
 * pg_snapshot.
 */
typedef struct TransactionSet
{
	uint64		xmin;
	uint64		xmax;
	int			count;
	uint64	   *running;		/* ascending */
} TransactionSet;

extern TransactionSet *sg_transaction_set(Datum pg_snapshot);
extern void sg_transaction_set_free(TransactionSet *set);
extern bool sg_transaction_ended(const TransactionSet *set, uint64 xid);

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

#endif							/* SHARING_GUARD_SEAL_H */
