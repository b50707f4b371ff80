/*-------------------------------------------------------------------------
 *
 * spelling.h
 *		What the name of an organisation gives away, as vendors write it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_SPELLING_H
#define SHARING_GUARD_SPELLING_H

#include "base/disclosure.h"

struct NameTerms;				/* name_words.h */

/*
 * What a name says.  All of it is the word of whoever wrote the name: none of
 * it makes an agency one that we know.
 */
typedef struct NameReading
{
	bool		inactive;		/* [Inactive], (deactivated), DNU, ... */

	/* The name without the brackets at its ends. */
	TextSlice	bare;
	bool		only_inactive;	/* that is all that is said in brackets */

	/* Something speaks against it: no agency of like name makes it better. */
	bool		settled;
	DestinationClass class;		/* never better than in_state_inferred */

	const char *state;			/* postal code, or NULL: none is named */
	bool		elsewhere;		/* none is, and other states have such a place */
	bool		greatest;		/* but the home state's is by far the greatest */

	/*
	 * The kind of agency and what is left of the name without kind, state,
	 * and brackets; NULL if nothing.  Two names that have the same are of the
	 * same agency, if they are of the same state.
	 */
	const char *core;
} NameReading;

/*
 * Reads a name, and the state given beside it, if any.  What the result points
 * to is in CurrentMemoryContext, or the name's own.
 */
extern void sg_spelling_read(const struct NameTerms *terms, TextSlice name,
							 TextSlice state, NameReading *reading);

#endif							/* SHARING_GUARD_SPELLING_H */
