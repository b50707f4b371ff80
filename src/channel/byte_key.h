/*-------------------------------------------------------------------------
 *
 * byte_key.h
 *		Byte strings as keys of hash tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_BYTE_KEY_H
#define SHARING_GUARD_BYTE_KEY_H

#include "disclosure.h"

/* A key, hashed once. */
typedef struct ByteKey
{
	const char *data;
	uint32		len;
	uint32		hash;
} ByteKey;

static inline bool
byte_key_equal(ByteKey a, ByteKey b)
{
	return a.hash == b.hash && a.len == b.len &&
		memcmp(a.data, b.data, a.len) == 0;
}

#endif							/* SHARING_GUARD_BYTE_KEY_H */
