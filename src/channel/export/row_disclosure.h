/*-------------------------------------------------------------------------
 *
 * row_disclosure.h
 *		The disclosure that a row of an export table is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_ROW_DISCLOSURE_H
#define SHARING_GUARD_ROW_DISCLOSURE_H

#include "base/disclosure.h"
#include "channel/guard/guard.h"
#include "executor/tuptable.h"

extern void sg_row_clock_reset(void);

/*
 * The disclosure that a row of an export table is.  Points into the row and
 * CurrentMemoryContext; "operation" is a constant.
 */
extern void sg_export_row_disclosure(Disclosure *disclosure, TextSlice **tags,
									 const Guard *guard,
									 const char *operation,
									 TupleTableSlot *slot);

extern void sg_leave_one_person(const Guard *guard, Disclosure *disclosure,
								const Decision *decision);

/* For a row that is decided on, before it is recorded. */
static inline void
sg_settle_person(const Guard *guard, Disclosure *disclosure,
				 const Decision *decision)
{
	if (unlikely(guard->either_person))
		sg_leave_one_person(guard, disclosure, decision);
}

#endif							/* SHARING_GUARD_ROW_DISCLOSURE_H */
