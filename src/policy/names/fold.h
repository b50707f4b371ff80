/*-------------------------------------------------------------------------
 *
 * fold.h
 *		Text as people mean it: without case, accents, invisible characters.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_FOLD_H
#define SHARING_GUARD_FOLD_H

#include "base/disclosure.h"

/*
 * A word of a folded text: letters and digits only.
 *
 * Words that may be parts of one word are chained: letters spelled one by one
 * (I.C.E., I C E) and words of letters that a hyphen, a dot or the like parts
 * (immi-gration, I.CE).
 * The data of those that follow in the chain stands right behind a word's
 * own, so whatever the chain spells from here on can be compared in one go.
 */
typedef struct Word
{
	const char *data;			/* of a chained word, no part of the text */
	int			len;
	int			chain;			/* len, and that of all that follow in the
								 * chain */
	int			start;			/* where it stands in the folded text */
	int			end;
} Word;

/* Is there anything but blanks? */
extern bool sg_is_given(TextSlice slice);

/*
 * All results are palloc'd; the folded text is NUL-terminated, and UTF-8
 * whatever the encoding of the database.  Where that is another, folding may
 * look up the conversion.
 */
extern char *sg_fold(const char *data, Size len, Size *folded_len);
extern Word *sg_split_words(const char *folded, Size len, int *nwords);

/*
 * Makes one word of letters spelled one by one; returns how many words are
 * left.  For a term, which means them to be read together.
 */
extern int	sg_join_letters(Word *words, int nwords);

/* A name with nothing left but letters and digits. */
extern char *sg_fold_name(const char *data, Size len);

/*
 * Folded text as a text of the database.  Letters that it may not have are
 * written out, so that what differs stays different, or (not exact) become
 * question marks.
 */
extern text *sg_folded_text(const char *folded, Size len, bool exact);

/* Does a letter or digit begin here?  *width is its length in bytes. */
extern bool sg_is_word_char(const char *s, Size remaining, int *width);

#endif							/* SHARING_GUARD_FOLD_H */
