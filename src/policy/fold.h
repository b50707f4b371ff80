/*-------------------------------------------------------------------------
 *
 * fold.h
 *		Text as people mean it: without case, accents, invisible characters.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_FOLD_H
#define SHARING_GUARD_FOLD_H

#include "disclosure.h"

/*
 * A word of a folded text: letters and digits only.  Letters spelled one by
 * one (I.C.E., I C E) are one word, whose data is then not part of the text.
 */
typedef struct Word
{
	const char *data;
	int			len;
	int			start;			/* where it stands in the folded text */
	int			end;
} Word;

/* Is there anything but blanks? */
extern bool sg_is_given(TextSlice slice);

/* All results are palloc'd; the folded text is NUL-terminated. */
extern char *sg_fold(const char *data, Size len, Size *folded_len);
extern Word *sg_split_words(const char *folded, Size len, int *nwords);

/* A name with nothing left but letters and digits. */
extern char *sg_fold_name(const char *data, Size len);

/* Does a letter or digit begin here?  *width is its length in bytes. */
extern bool sg_is_word_char(const char *s, Size remaining, int *width);

#endif							/* SHARING_GUARD_FOLD_H */
