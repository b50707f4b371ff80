/*-------------------------------------------------------------------------
 *
 * verify_tree.h
 *		Pass 1 of verify_audit(): the tree.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_VERIFY_TREE_H
#define SHARING_GUARD_VERIFY_TREE_H

#include "audit/proof/verifier.h"

/* Remembers which log made this checkpoint, and its latest seal. */
extern void sg_verify_note_sealing(Verifier *v, const Checkpoint *checkpoint);

/* The hashes of the tree, and the rows of its tiles. */
extern void sg_verify_tree(Verifier *v);
extern void sg_verify_tile_rows(Verifier *v);

#endif							/* SHARING_GUARD_VERIFY_TREE_H */
