/*-------------------------------------------------------------------------
 *
 * tree.h
 *		The Merkle tree as it is stored: read, proved from, appended to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_TREE_H
#define SHARING_GUARD_TREE_H

#include "audit/proof/merkle.h"
#include "utils/snapshot.h"
#include "utils/uuid.h"

/*
 * Reads the tiles of one tree.  Needs an active snapshot; errors out (data
 * corrupted) where a hash is missing.
 */
typedef struct TreeReader TreeReader;
extern TreeReader *sg_tree_begin(const pg_uuid_t *tree_id, Sha256Hasher *hasher);
extern void sg_tree_end(TreeReader *reader);

/*
 * The hashes of one tile that are there, from its first on; returns how many.
 * With *rest, what follows a gap is counted there.
 */
extern int	sg_tree_tile(TreeReader *reader, int level, int64 tile,
						 const Sha256Hash **hashes);

/* The root over the leaves from start to end - 1, and over the first "size". */
extern void sg_tree_range(TreeReader *reader, uint64 start, uint64 end,
						  Sha256Hash *root);
extern void sg_tree_root(TreeReader *reader, uint64 size, Sha256Hash *root);

/* Proofs as in RFC 6962, 2.1.1 and 2.1.2; return how many hashes. */
#define TREE_PROOF_MAX 128
extern int	sg_tree_inclusion(TreeReader *reader, uint64 index, uint64 size,
							  Sha256Hash proof[TREE_PROOF_MAX]);
extern int	sg_tree_consistency(TreeReader *reader, uint64 size1, uint64 size2,
								Sha256Hash proof[TREE_PROOF_MAX]);

/*
 * Appends leaves to the tree.  False where the stored tree is not complete up
 * to its size.
 */
typedef struct TreeAppender TreeAppender;
extern TreeAppender *sg_tree_begin_append(const pg_uuid_t *tree_id, int64 size,
										  Sha256Hasher *hasher);
extern void sg_tree_append(TreeAppender *appender, const Sha256Hash *leaf);

/* Stores what is not stored yet; the root of the whole. */
extern void sg_tree_end_append(TreeAppender *appender, Sha256Hash *root);

#endif							/* SHARING_GUARD_TREE_H */
