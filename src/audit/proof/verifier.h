/*-------------------------------------------------------------------------
 *
 * verifier.h
 *		What the passes of verify_audit() share.
 *
 * For audit/proof only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_VERIFIER_H
#define SHARING_GUARD_VERIFIER_H

#include "audit/log/identity.h"
#include "audit/proof/canonical.h"
#include "audit/proof/sealed.h"
#include "audit/proof/tree.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"

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

/*
 * Among so many events that do not fit their leaves, exchanges are looked for.
 */
#define MISFITS_MAX			512

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

/* One row of the result; without an event NULL, without a leaf -1. */
extern void sg_verify_report(Verifier *v, const char *severity,
							 const char *problem, const pg_uuid_t *event_id,
							 int64 leaf_index, const char *detail,...) pg_attribute_printf(6, 7);

/* Who a log is, and a log that has checkpoints in this tree; or NULL. */
extern const LogIdentity *sg_verify_identity(Verifier *v,
											 const pg_uuid_t *log_id);
extern SealingLog *sg_verify_sealing(Verifier *v, const pg_uuid_t *log_id);

/* Fetches one event by its id into the slot; false where there is none. */
extern bool sg_verify_fetch_event(Verifier *v, const pg_uuid_t *event_id);

#endif							/* SHARING_GUARD_VERIFIER_H */
