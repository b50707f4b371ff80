/*-------------------------------------------------------------------------
 *
 * context.h
 *		What the session declared of the disclosures in its transaction.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_CONTEXT_H
#define SHARING_GUARD_CONTEXT_H

#include "base/disclosure.h"

/*
 * As given to begin_disclosure(); NULL data where not given.  The strings
 * live until the end of the transaction.
 */
typedef struct DeclaredContext
{
	TextSlice	destination;
	TextSlice	purpose;
	TextSlice	legal_basis;
	TextSlice	case_number;
	TextSlice	requesting_person;
	TextSlice	on_behalf_of;
	TextSlice	recipient_person;
} DeclaredContext;

/* What this transaction declared, or NULL. */
extern const DeclaredContext *sg_context_declared(void);

#endif							/* SHARING_GUARD_CONTEXT_H */
