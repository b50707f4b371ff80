/*-------------------------------------------------------------------------
 *
 * merkle.h
 *		Merkle trees as in RFC 6962, section 2.1: hashes and proofs.
 *
 * Knows nothing of tables or events.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_MERKLE_H
#define SHARING_GUARD_MERKLE_H

#include "base/sha256.h"

/*
 * The hashes of a tile (C2SP tlog-tiles), and the levels of a tree below 2^63.
 */
#define TILE_WIDTH		256
#define TILE_HEIGHT		8
#define TILE_LEVELS		8

extern void sg_merkle_leaf(Sha256Hasher *hasher, const void *entry, size_t len,
						   Sha256Hash *hash);
extern void sg_merkle_node(Sha256Hasher *hasher, const Sha256Hash *left,
						   const Sha256Hash *right, Sha256Hash *hash);

/* The root over so many hashes of complete subtrees of one size. */
extern void sg_merkle_root(Sha256Hasher *hasher, const Sha256Hash *hashes,
						   int count, Sha256Hash *root);

/* The largest power of two that is smaller than n, which is at least 2. */
extern uint64 sg_merkle_split(uint64 n);

#endif							/* SHARING_GUARD_MERKLE_H */
