/*-------------------------------------------------------------------------
 *
 * verify_leaves.h
 *		Passes 2 and 3 of verify_audit(): the leaves and the events.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_VERIFY_LEAVES_H
#define SHARING_GUARD_VERIFY_LEAVES_H

#include "audit/proof/verifier.h"

/* Pass 2, of one tree. */
extern void sg_verify_leaves(Verifier *v);

/* Pass 3, of all trees. */
extern void sg_verify_events(Verifier *v, bool look_up);

#endif							/* SHARING_GUARD_VERIFY_LEAVES_H */
