/*-------------------------------------------------------------------------
 *
 * sha256.c
 *		Computes SHA-256 hashes with the server's own cryptographic library.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"

#include "base/compat.h"
#include "base/sha256.h"

StaticAssertDecl(SHA256_HASH_LEN == PG_SHA256_DIGEST_LENGTH,
				 "the hash is SHA-256");
StaticAssertDecl(sizeof(Sha256Hash) == SHA256_HASH_LEN,
				 "an array of hashes is their concatenation");

struct Sha256Hasher
{
	pg_cryptohash_ctx *ctx;
};

static void
report_hash_failure(Sha256Hasher *hasher)
{
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("could not compute a SHA-256 hash: %s",
					pg_cryptohash_error(hasher->ctx)),
			 errhint("The server's cryptographic library refused; its configuration may not permit SHA-256.")));
}

Sha256Hasher *
sg_sha256_begin(void)
{
	Sha256Hasher *hasher = palloc(sizeof(Sha256Hasher));

	hasher->ctx = pg_cryptohash_create(PG_SHA256);
	if (hasher->ctx == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	return hasher;
}

void
sg_sha256_end(Sha256Hasher *hasher)
{
	pg_cryptohash_free(hasher->ctx);
	pfree(hasher);
}

void
sg_sha256_init(Sha256Hasher *hasher)
{
	if (pg_cryptohash_init(hasher->ctx) < 0)
		report_hash_failure(hasher);
}

void
sg_sha256_update(Sha256Hasher *hasher, const void *data, size_t len)
{
	if (pg_cryptohash_update(hasher->ctx, data, len) < 0)
		report_hash_failure(hasher);
}

void
sg_sha256_final(Sha256Hasher *hasher, Sha256Hash *hash)
{
	if (pg_cryptohash_final(hasher->ctx, hash->bytes, SHA256_HASH_LEN) < 0)
		report_hash_failure(hasher);
}

bytea *
sg_sha256_bytea(const Sha256Hash *hash)
{
	bytea	   *result = palloc(VARHDRSZ + SHA256_HASH_LEN);

	SET_VARSIZE(result, VARHDRSZ + SHA256_HASH_LEN);
	memcpy(VARDATA(result), hash, SHA256_HASH_LEN);
	return result;
}
