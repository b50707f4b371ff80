/*-------------------------------------------------------------------------
 *
 * aborted_changes.h
 *		Changes of guards that are rolled back.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_ABORTED_CHANGES_H
#define SHARING_GUARD_ABORTED_CHANGES_H

#include "policy/rules/change.h"

/* Called once, at library load. */
extern void sg_aborted_changes_init(void);

/* The policy, a guard or a setting is being changed. */
extern void sg_aborted_changes_note(const PolicyChange *change);

#endif							/* SHARING_GUARD_ABORTED_CHANGES_H */
