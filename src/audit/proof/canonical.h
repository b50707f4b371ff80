/*-------------------------------------------------------------------------
 *
 * canonical.h
 *		The one byte string that an event is, on every server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_CANONICAL_H
#define SHARING_GUARD_CANONICAL_H

#include "audit/proof/merkle.h"
#include "executor/tuptable.h"
#include "lib/stringinfo.h"
#include "utils/rel.h"
#include "utils/uuid.h"

/* What new seals are made with. */
#define CANONICAL_VERSION	1

#define NONCE_LEN 16

typedef struct Nonce
{
	uint8		bytes[NONCE_LEN];
} Nonce;

/* Knows where the columns of one version are in the table of this database. */
typedef struct CanonicalEncoder CanonicalEncoder;

/* NULL for a version we do not know; errors out where a column is missing. */
extern CanonicalEncoder *sg_canonical_begin(TupleDesc desc, int version);

/* Where the columns are that every event has.  Errors out likewise. */
extern void sg_canonical_events(Relation events, AttrNumber *event_id,
								AttrNumber *log_id, AttrNumber *occurred_at,
								AttrNumber *transaction_id);

/*
 * The row as the entry of a leaf, or that leaf's hash.  False where the event
 * is damaged and cannot be read; then its leaf is that of a tombstone.
 * Temporary memory is taken from CurrentMemoryContext, whose owner resets it.
 */
extern bool sg_canonical_entry(CanonicalEncoder *encoder, TupleTableSlot *slot,
							   const pg_uuid_t *tree_id, const Nonce *nonce,
							   StringInfo entry);
extern bool sg_canonical_hash(CanonicalEncoder *encoder, TupleTableSlot *slot,
							  const pg_uuid_t *tree_id, const Nonce *nonce,
							  Sha256Hasher *hasher, Sha256Hash *hash);

/* What stands for an event that could not be read when it was sealed. */
extern void sg_canonical_tombstone(CanonicalEncoder *encoder,
								   const pg_uuid_t *event_id,
								   const pg_uuid_t *tree_id, const Nonce *nonce,
								   StringInfo entry);
extern void sg_canonical_tombstone_hash(CanonicalEncoder *encoder,
										const pg_uuid_t *event_id,
										const pg_uuid_t *tree_id,
										const Nonce *nonce,
										Sha256Hasher *hasher, Sha256Hash *hash);

#endif							/* SHARING_GUARD_CANONICAL_H */
