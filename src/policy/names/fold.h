/*-------------------------------------------------------------------------
 *
 * fold.h
 *		Folds text: removes case, accents and invisible characters.
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
 * (I.C.E., I C E), and words of letters with a hyphen, a dot or the like
 * between them (immi-gration, I.CE).  The data of the following words of the
 * chain stands directly behind a word's own, so that the rest of the chain can
 * be compared in one step.
 */
typedef struct Word
{
	const char *data;			/* of a chained word: a copy outside the text */
	int			len;
	int			chain;			/* length of this word and all that follow in
								 * the chain */
	int			start;			/* its position in the folded text */
	int			end;
} Word;

/* Does the text have anything but blanks? */
extern bool sg_is_given(TextSlice slice);

/*
 * All results are palloc'd.  The folded text is NUL-terminated, and UTF-8 in
 * every encoding of the database.  In another encoding, folding may access the
 * catalogs to find the conversion.
 */
extern char *sg_fold(const char *data, Size len, Size *folded_len);
extern Word *sg_split_words(const char *folded, Size len, int *nwords);

/*
 * Joins letters that are spelled one by one to one word; returns how many
 * words remain.  For terms, whose letters are always meant to be read
 * together.
 */
extern int	sg_join_letters(Word *words, int nwords);

/* Returns a name folded to its letters and digits. */
extern char *sg_fold_name(const char *data, Size len);

/*
 * Returns folded text in the database's encoding.  With "exact", letters that
 * the encoding lacks are written as escapes, so that different texts stay
 * different.  Otherwise they become question marks.
 */
extern text *sg_folded_text(const char *folded, Size len, bool exact);

/* Does a letter or digit begin here?  *width is its length in bytes. */
extern bool sg_is_word_char(const char *s, Size remaining, int *width);

#endif							/* SHARING_GUARD_FOLD_H */
