/*-------------------------------------------------------------------------
 *
 * prefetch.h
 *		Asks for memory that will be needed soon.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_PREFETCH_H
#define SHARING_GUARD_PREFETCH_H

/*
 * The line of the processor's cache that holds this address.  Never wrong: an
 * address that is none is not looked at, and a compiler without such a thing
 * leaves it out.
 */
#ifdef __GNUC__
#define sg_prefetch(address)	__builtin_prefetch(address)
#else
#define sg_prefetch(address)	((void) (address))
#endif

/* As most processors have it; elsewhere it is asked for a line too many. */
#define SG_CACHE_LINE	64

#endif							/* SHARING_GUARD_PREFETCH_H */
