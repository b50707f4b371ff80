/*-------------------------------------------------------------------------
 *
 * undone.h
 *		Changes of guards that are rolled back.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_UNDONE_H
#define SHARING_GUARD_UNDONE_H

#include "policy/change.h"

/* Called once, at library load. */
extern void sg_undone_init(void);

/* The policy, a guard or a setting is being changed. */
extern void sg_undone_note(const PolicyChange *change);

#endif							/* SHARING_GUARD_UNDONE_H */
