/*-------------------------------------------------------------------------
 *
 * copy.h
 *		COPY ... TO, as far as it can carry rows past a guard.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_COPY_H
#define SHARING_GUARD_COPY_H

/* Called once, at library load. */
extern void sg_copy_init(void);

#endif							/* SHARING_GUARD_COPY_H */
