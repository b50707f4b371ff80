/*-------------------------------------------------------------------------
 *
 * prefetch.h
 *		Prefetches memory that will be needed soon.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_PREFETCH_H
#define SHARING_GUARD_PREFETCH_H

/*
 * Loads the cache line of this address into the processor's cache.  Safe for
 * every address, because an invalid one is ignored.  Does nothing where the
 * compiler has no such instruction.
 */
#ifdef __GNUC__
#define sg_prefetch(address)	__builtin_prefetch(address)
#else
#define sg_prefetch(address)	((void) (address))
#endif

/*
 * The size on most processors; where it is larger, one line too many is
 * prefetched.
 */
#define SG_CACHE_LINE	64

#endif							/* SHARING_GUARD_PREFETCH_H */
