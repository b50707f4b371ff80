/*-------------------------------------------------------------------------
 *
 * legal_basis.h
 *		How often a legal basis has been used, where that is limited.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_LEGAL_BASIS_H
#define SHARING_GUARD_LEGAL_BASIS_H

#include "policy/rules/policy.h"

/*
 * For a channel whose decision says legal_basis_limited, before it obeys it:
 * uses the basis for so many rows.  False, and nothing used, where that is more
 * than what is left; then the channel sets legal_basis_used_up in the
 * disclosure and asks for another decision.
 *
 * The use is the transaction's: it is undone with it, and another transaction
 * that would use the same basis waits for this one's end.
 */
extern bool sg_legal_basis_use(const Policy *policy,
							   const char *legal_basis_id, int64 rows);

/*
 * The same for one row that is not stored yet, and may never be.  The use that
 * is asked for when it is stored is then this one.
 */
extern bool sg_legal_basis_use_ahead(const Policy *policy,
									 const char *legal_basis_id);

/* Is nothing left of it?  As committed, for a preview: another may be first. */
extern bool sg_legal_basis_is_used_up(const Policy *policy,
									  const char *legal_basis_id);

#endif							/* SHARING_GUARD_LEGAL_BASIS_H */
