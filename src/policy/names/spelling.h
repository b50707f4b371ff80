/*-------------------------------------------------------------------------
 *
 * spelling.h
 *		Reads an organization's name in the ways that vendors write it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_SPELLING_H
#define SHARING_GUARD_SPELLING_H

#include "base/disclosure.h"

struct NameTerms;				/* name_words.h */

/*
 * The result of reading a name.  It is only a claim of the person who wrote
 * the name, so it never makes an agency a registered one.
 */
typedef struct NameReading
{
	bool		inactive;		/* [Inactive], (deactivated), DNU, ... */

	/* The name without the brackets at its ends. */
	TextSlice	bare;
	bool		only_inactive;	/* the brackets say nothing else */

	/*
	 * The name contradicts a public agency, so a similar registered agency
	 * cannot improve the class.
	 */
	bool		settled;
	DestinationClass class;		/* never better than in_state_inferred */

	const char *state;			/* postal code; NULL: the name has no state */
	bool		elsewhere;		/* it has none, and other states have the
								 * place */
	bool		greatest;		/* but the home state's is by far the largest */

	/*
	 * The kind of agency and the name without kind, state and brackets; NULL
	 * if nothing is left.  Two names with the same core are of the same
	 * agency, if they are of the same state.
	 */
	const char *core;
} NameReading;

/*
 * Reads a name, and the state given beside it, if any.  The result points into
 * CurrentMemoryContext or into the name.
 */
extern void sg_spelling_read(const struct NameTerms *terms, TextSlice name,
							 TextSlice state, NameReading *reading);

#endif							/* SHARING_GUARD_SPELLING_H */
