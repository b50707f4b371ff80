/*-------------------------------------------------------------------------
 *
 * merkle.c
 *		Merkle trees as in RFC 6962, section 2.1: hashes and proofs.
 *
 * The verifiers are those of RFC 9162, sections 2.1.3.2 and 2.1.4.2, which
 * describe the same trees and proofs and spell the checks out.  They are given
 * input from outside, so nothing in a proof may raise an error: what
 * does not prove its claim is false.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "audit/proof/merkle.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(sg_sql_leaf_hash);
PG_FUNCTION_INFO_V1(sg_sql_node_hash);
PG_FUNCTION_INFO_V1(sg_sql_verify_inclusion);
PG_FUNCTION_INFO_V1(sg_sql_verify_consistency);

/* What keeps the hash of a leaf from ever being taken for that of a node. */
static const uint8 leaf_prefix = 0x00;
static const uint8 node_prefix = 0x01;

/*-------------------------------------------------------------------------
 * Hashes
 *-------------------------------------------------------------------------
 */

void
sg_merkle_leaf(Sha256Hasher *hasher, const void *entry, size_t len,
			   Sha256Hash *hash)
{
	sg_sha256_init(hasher);
	sg_sha256_update(hasher, &leaf_prefix, 1);
	sg_sha256_update(hasher, entry, len);
	sg_sha256_final(hasher, hash);
}

/* "hash" may be one of the two. */
void
sg_merkle_node(Sha256Hasher *hasher, const Sha256Hash *left,
			   const Sha256Hash *right, Sha256Hash *hash)
{
	uint8		node[1 + 2 * SHA256_HASH_LEN];

	node[0] = node_prefix;
	memcpy(node + 1, left, SHA256_HASH_LEN);
	memcpy(node + 1 + SHA256_HASH_LEN, right, SHA256_HASH_LEN);
	sg_sha256_init(hasher);
	sg_sha256_update(hasher, node, sizeof(node));
	sg_sha256_final(hasher, hash);
}

/*
 * Complete subtrees are merged as soon as there are two of a size, as in a
 * binary counter; what is left at the end is merged from the right.  That is
 * the RFC's recursion, which splits at the largest power of two, without
 * recursion.
 */
void
sg_merkle_root(Sha256Hasher *hasher, const Sha256Hash *hashes, int count,
			   Sha256Hash *root)
{
	Sha256Hash	stack[32];
	int			depth = 0;

	Assert(count > 0);

	for (int i = 0; i < count; i++)
	{
		stack[depth++] = hashes[i];
		for (int n = i; (n & 1) == 1; n >>= 1)
		{
			depth--;
			sg_merkle_node(hasher, &stack[depth - 1], &stack[depth],
						   &stack[depth - 1]);
		}
	}
	while (depth > 1)
	{
		depth--;
		sg_merkle_node(hasher, &stack[depth - 1], &stack[depth],
					   &stack[depth - 1]);
	}
	*root = stack[0];
}

uint64
sg_merkle_split(uint64 n)
{
	Assert(n > 1);
	return UINT64CONST(1) << pg_leftmost_one_pos64(n - 1);
}

/*-------------------------------------------------------------------------
 * Proofs, checked
 *-------------------------------------------------------------------------
 */

/* A bytea as a hash; false if it cannot be one. */
static bool
get_hash(Datum value, Sha256Hash *hash)
{
	bytea	   *bytes = DatumGetByteaPP(value);

	if (VARSIZE_ANY_EXHDR(bytes) != SHA256_HASH_LEN)
		return false;
	memcpy(hash, VARDATA_ANY(bytes), SHA256_HASH_LEN);
	return true;
}

/*
 * A bytea[] as hashes; false if it cannot be a proof.
 *
 * No proof has more elements than a size has bits, so none of a hostile
 * length is taken apart.
 */
#define PROOF_MAX	128

static bool
get_proof(Datum value, Sha256Hash *proof, int *count)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	Datum	   *elements;
	bool	   *nulls;

	*count = 0;
	if (ARR_NDIM(array) == 0)
		return true;
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] > PROOF_MAX)
		return false;

	deconstruct_array(array, BYTEAOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, count);
	for (int i = 0; i < *count; i++)
	{
		if (nulls[i] || !get_hash(elements[i], &proof[i]))
			return false;
	}
	return true;
}

/*
 * fn is the place of our node and sn that of the last one, on the level the
 * proof has come to.  A node that has no sibling on its level goes up as it
 * is.
 */
static bool
verify_inclusion(Sha256Hasher *hasher, const Sha256Hash *leaf, uint64 index,
				 uint64 size, const Sha256Hash *proof, int count,
				 const Sha256Hash *root)
{
	uint64		fn = index;
	uint64		sn = size - 1;
	Sha256Hash	r = *leaf;

	if (index >= size)
		return false;

	for (int i = 0; i < count; i++)
	{
		if (sn == 0)
			return false;		/* trailing elements */
		if ((fn & 1) == 1 || fn == sn)
		{
			sg_merkle_node(hasher, &proof[i], &r, &r);
			while ((fn & 1) == 0 && fn != 0)
			{
				fn >>= 1;
				sn >>= 1;
			}
		}
		else
			sg_merkle_node(hasher, &r, &proof[i], &r);
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && sha256_hash_equal(&r, root);
}

/*
 * Both roots are computed from the proof; the smaller tree's is where the
 * proof begins if that tree is complete.
 */
static bool
verify_consistency(Sha256Hasher *hasher, uint64 size1, uint64 size2,
				   const Sha256Hash *proof, int count,
				   const Sha256Hash *root1, const Sha256Hash *root2)
{
	uint64		fn = size1 - 1;
	uint64		sn = size2 - 1;
	Sha256Hash	fr;
	Sha256Hash	sr;
	int			next = 0;

	Assert(size1 > 0 && size1 < size2);

	if (count == 0)
		return false;

	while ((fn & 1) == 1)
	{
		fn >>= 1;
		sn >>= 1;
	}
	if (fn == 0)
		fr = sr = *root1;		/* size1 is a power of two */
	else
		fr = sr = proof[next++];

	for (; next < count; next++)
	{
		const Sha256Hash *c = &proof[next];

		if (sn == 0)
			return false;		/* trailing elements */
		if ((fn & 1) == 1 || fn == sn)
		{
			sg_merkle_node(hasher, c, &fr, &fr);
			sg_merkle_node(hasher, c, &sr, &sr);
			while ((fn & 1) == 0 && fn != 0)
			{
				fn >>= 1;
				sn >>= 1;
			}
		}
		else
			sg_merkle_node(hasher, &sr, c, &sr);
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && sha256_hash_equal(&fr, root1) &&
		sha256_hash_equal(&sr, root2);
}

/*-------------------------------------------------------------------------
 * SQL
 *-------------------------------------------------------------------------
 */

/* sharing_guard.leaf_hash(entry bytea) returns bytea */
Datum
sg_sql_leaf_hash(PG_FUNCTION_ARGS)
{
	bytea	   *entry = PG_GETARG_BYTEA_PP(0);
	Sha256Hasher *hasher = sg_sha256_begin();
	Sha256Hash	hash;

	sg_merkle_leaf(hasher, VARDATA_ANY(entry), VARSIZE_ANY_EXHDR(entry), &hash);
	sg_sha256_end(hasher);
	PG_RETURN_BYTEA_P(sg_sha256_bytea(&hash));
}

/*
 * sharing_guard.node_hash(left_hash bytea, right_hash bytea) returns bytea
 *
 * Of any input, as the RFC defines it; only of two hashes of 32
 * bytes is it a node.
 */
Datum
sg_sql_node_hash(PG_FUNCTION_ARGS)
{
	bytea	   *left = PG_GETARG_BYTEA_PP(0);
	bytea	   *right = PG_GETARG_BYTEA_PP(1);
	Sha256Hasher *hasher = sg_sha256_begin();
	Sha256Hash	hash;

	sg_sha256_init(hasher);
	sg_sha256_update(hasher, &node_prefix, 1);
	sg_sha256_update(hasher, VARDATA_ANY(left), VARSIZE_ANY_EXHDR(left));
	sg_sha256_update(hasher, VARDATA_ANY(right), VARSIZE_ANY_EXHDR(right));
	sg_sha256_final(hasher, &hash);
	sg_sha256_end(hasher);
	PG_RETURN_BYTEA_P(sg_sha256_bytea(&hash));
}

/*
 * sharing_guard.verify_inclusion(leaf_hash bytea, index bigint, size bigint,
 *								  proof bytea[], root bytea) returns boolean
 */
Datum
sg_sql_verify_inclusion(PG_FUNCTION_ARGS)
{
	Sha256Hash	proof[PROOF_MAX];
	Sha256Hash	leaf;
	Sha256Hash	root;
	Sha256Hasher *hasher;
	int64		index;
	int64		size;
	int			count;
	bool		valid;

	for (int i = 0; i < 5; i++)
	{
		if (PG_ARGISNULL(i))
			PG_RETURN_BOOL(false);
	}

	index = PG_GETARG_INT64(1);
	size = PG_GETARG_INT64(2);
	if (index < 0 || index >= size ||
		!get_hash(PG_GETARG_DATUM(0), &leaf) ||
		!get_proof(PG_GETARG_DATUM(3), proof, &count) ||
		!get_hash(PG_GETARG_DATUM(4), &root))
		PG_RETURN_BOOL(false);

	hasher = sg_sha256_begin();
	valid = verify_inclusion(hasher, &leaf, index, size, proof, count, &root);
	sg_sha256_end(hasher);
	PG_RETURN_BOOL(valid);
}

/*
 * sharing_guard.verify_consistency(size1 bigint, size2 bigint, proof bytea[],
 *									root1 bytea, root2 bytea) returns boolean
 *
 * Of the empty tree nothing can be proved: every tree would be consistent
 * with it, for any root.
 */
Datum
sg_sql_verify_consistency(PG_FUNCTION_ARGS)
{
	Sha256Hash	proof[PROOF_MAX];
	Sha256Hash	root1;
	Sha256Hash	root2;
	Sha256Hasher *hasher;
	int64		size1;
	int64		size2;
	int			count;
	bool		valid;

	for (int i = 0; i < 5; i++)
	{
		if (PG_ARGISNULL(i))
			PG_RETURN_BOOL(false);
	}

	size1 = PG_GETARG_INT64(0);
	size2 = PG_GETARG_INT64(1);
	if (size1 <= 0 || size1 > size2 ||
		!get_proof(PG_GETARG_DATUM(2), proof, &count))
		PG_RETURN_BOOL(false);

	/* One tree: there is nothing to prove, but that they are the same. */
	if (size1 == size2)
	{
		bytea	   *first = PG_GETARG_BYTEA_PP(3);
		bytea	   *second = PG_GETARG_BYTEA_PP(4);

		PG_RETURN_BOOL(count == 0 &&
					   VARSIZE_ANY_EXHDR(first) == VARSIZE_ANY_EXHDR(second) &&
					   memcmp(VARDATA_ANY(first), VARDATA_ANY(second),
							  VARSIZE_ANY_EXHDR(first)) == 0);
	}

	if (!get_hash(PG_GETARG_DATUM(3), &root1) ||
		!get_hash(PG_GETARG_DATUM(4), &root2))
		PG_RETURN_BOOL(false);

	hasher = sg_sha256_begin();
	valid = verify_consistency(hasher, size1, size2, proof, count, &root1, &root2);
	sg_sha256_end(hasher);
	PG_RETURN_BOOL(valid);
}
