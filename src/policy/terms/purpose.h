/*-------------------------------------------------------------------------
 *
 * purpose.h
 *		Text -> tags.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_PURPOSE_H
#define SHARING_GUARD_PURPOSE_H

#include "base/disclosure.h"

typedef struct Tagger Tagger;

/*
 * Made empty in CurrentMemoryContext, given its terms, and finished: from then
 * on it is only read.  "match" as in purpose_term.match.  The strings must
 * live as long as the tagger.
 */
extern Tagger *sg_tagger_create(void);
extern void sg_tagger_add(Tagger *tagger, const char *term, const char *tag,
						  const char *match);
extern void sg_tagger_finish(Tagger *tagger);

/* All of that, with the terms of the table, within the policy's load. */
extern Tagger *sg_tagger_load(void);

/* Is this a tag that some term gives? */
extern bool sg_tagger_knows(const Tagger *tagger, TextSlice tag);

/*
 * The tags of a purpose, a List of char *, in no particular order, perhaps
 * with duplicates; and the terms that were found, as "tag: term".  The strings
 * live as long as the tagger.
 */
typedef struct Tagging
{
	struct List *tags;
	struct List *terms;
} Tagging;

extern Tagging sg_tag_purpose(const Tagger *tagger, TextSlice purpose);

#endif							/* SHARING_GUARD_PURPOSE_H */
