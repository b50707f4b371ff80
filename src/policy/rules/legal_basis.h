/*-------------------------------------------------------------------------
 *
 * legal_basis.h
 *		Counts the uses of a legal basis where they are limited.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_LEGAL_BASIS_H
#define SHARING_GUARD_LEGAL_BASIS_H

#include "policy/rules/policy.h"

/*
 * Uses the basis for a number of rows.  A channel whose decision says
 * legal_basis_limited calls this before it obeys the decision.  Returns false
 * and uses nothing where fewer rows are left.  Then the channel sets
 * legal_basis_used_up in the disclosure and asks for another decision.
 *
 * The use belongs to the transaction.  A rollback undoes it, and another
 * transaction that uses the same basis waits until this one ends.
 */
extern bool sg_legal_basis_use(const Policy *policy,
							   const char *legal_basis_id, int64 rows);

/*
 * Uses the basis for one row that is not stored yet, and may never be.  When
 * the row is stored, sg_legal_basis_use() counts this use and no second one.
 */
extern bool sg_legal_basis_use_ahead(const Policy *policy,
									 const char *legal_basis_id);

/*
 * Is the basis used up by committed transactions?  For a preview: another
 * transaction may use the rest before the row is disclosed.
 */
extern bool sg_legal_basis_is_used_up(const Policy *policy,
									  const char *legal_basis_id);

#endif							/* SHARING_GUARD_LEGAL_BASIS_H */
