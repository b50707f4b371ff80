/*-------------------------------------------------------------------------
 *
 * sha256.h
 *		Computes SHA-256 hashes with the server's own cryptographic library.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_SHA256_H
#define SHARING_GUARD_SHA256_H

#define SHA256_HASH_LEN 32		/* SHA-256 */

typedef struct Sha256Hash
{
	uint8		bytes[SHA256_HASH_LEN];
} Sha256Hash;

/*
 * One context for any number of hashes, because making a context costs more
 * than most hashes do.  It belongs to the resource owner that was current when
 * it was made.
 */
typedef struct Sha256Hasher Sha256Hasher;
extern Sha256Hasher *sg_sha256_begin(void);
extern void sg_sha256_end(Sha256Hasher *hasher);

/* Compute a hash in pieces; sg_sha256_init() starts a new one. */
extern void sg_sha256_init(Sha256Hasher *hasher);
extern void sg_sha256_update(Sha256Hasher *hasher, const void *data, size_t len);
extern void sg_sha256_final(Sha256Hasher *hasher, Sha256Hash *hash);

/* The hash as a value of SQL, palloc'd. */
extern bytea *sg_sha256_bytea(const Sha256Hash *hash);

static inline bool
sha256_hash_equal(const Sha256Hash *a, const Sha256Hash *b)
{
	return memcmp(a, b, SHA256_HASH_LEN) == 0;
}

#endif							/* SHARING_GUARD_SHA256_H */
