/*-------------------------------------------------------------------------
 *
 * purpose.h
 *		Finds the tags of a purpose text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_PURPOSE_H
#define SHARING_GUARD_PURPOSE_H

#include "base/disclosure.h"

typedef struct Tagger Tagger;

/*
 * Make an empty tagger in CurrentMemoryContext, add terms, and finish it;
 * after that it is read-only.  "match" is as in purpose_term.match.  The
 * strings must live as long as the tagger.
 */
extern Tagger *sg_tagger_create(void);
extern void sg_tagger_add(Tagger *tagger, const char *term, const char *tag,
						  const char *match);
extern void sg_tagger_finish(Tagger *tagger);

/* Makes a tagger with the table's terms, during a load of the policy. */
extern Tagger *sg_tagger_load(void);

/* Does some term give this tag? */
extern bool sg_tagger_knows(const Tagger *tagger, TextSlice tag);

/*
 * The tags of a purpose as a List of char *, unsorted and possibly with
 * duplicates, and the terms that were found, as "tag: term".  The strings live
 * as long as the tagger.
 */
typedef struct Tagging
{
	struct List *tags;
	struct List *terms;
} Tagging;

extern Tagging sg_tag_purpose(const Tagger *tagger, TextSlice purpose);

#endif							/* SHARING_GUARD_PURPOSE_H */
