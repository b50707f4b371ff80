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

#define MERKLE_HASH_LEN 32		/* SHA-256 */

typedef struct MerkleHash
{
	uint8		bytes[MERKLE_HASH_LEN];
} MerkleHash;

/* The hashes of a tile (C2SP tlog-tiles), and the levels of a tree below 2^63. */
#define TILE_WIDTH		256
#define TILE_HEIGHT		8
#define TILE_LEVELS		8

/*
 * One context for any number of hashes: making one costs more than most of
 * the hashes do.  Belongs to the resource owner it was made under.
 */
typedef struct MerkleHasher MerkleHasher;
extern MerkleHasher *sg_merkle_begin(void);
extern void sg_merkle_end(MerkleHasher *hasher);

/* A hash in pieces; sg_merkle_init() starts a new one. */
extern void sg_merkle_init(MerkleHasher *hasher);
extern void sg_merkle_update(MerkleHasher *hasher, const void *data, size_t len);
extern void sg_merkle_final(MerkleHasher *hasher, MerkleHash *hash);

extern void sg_merkle_leaf(MerkleHasher *hasher, const void *entry, size_t len,
						   MerkleHash *hash);
extern void sg_merkle_node(MerkleHasher *hasher, const MerkleHash *left,
						   const MerkleHash *right, MerkleHash *hash);

/* The root over so many hashes of complete subtrees of one size. */
extern void sg_merkle_root(MerkleHasher *hasher, const MerkleHash *hashes,
						   int count, MerkleHash *root);

/* The largest power of two that is smaller than n, which is at least 2. */
extern uint64 sg_merkle_split(uint64 n);

static inline bool
merkle_hash_equal(const MerkleHash *a, const MerkleHash *b)
{
	return memcmp(a, b, MERKLE_HASH_LEN) == 0;
}

#endif							/* SHARING_GUARD_MERKLE_H */
