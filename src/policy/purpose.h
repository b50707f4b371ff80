/*-------------------------------------------------------------------------
 *
 * purpose.h
 *		Text -> tags.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_PURPOSE_H
#define SHARING_GUARD_PURPOSE_H

#include "disclosure.h"

typedef struct Tagger Tagger;

/* Reads the terms, within the policy's load, into CurrentMemoryContext. */
extern Tagger *sg_tagger_load(void);

/* Is this a tag that some term gives? */
extern bool sg_tagger_knows(const Tagger *tagger, TextSlice tag);

/*
 * The tags of a purpose: a List of char *, in no particular order, perhaps
 * with duplicates.  The strings live as long as the tagger.
 */
extern struct List *sg_tag_purpose(const Tagger *tagger, TextSlice purpose);

#endif							/* SHARING_GUARD_PURPOSE_H */
