/*-------------------------------------------------------------------------
 *
 * lexicon.h
 *		Finds the words of all terms that stand at a place of a text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_LEXICON_H
#define SHARING_GUARD_LEXICON_H

#include "policy/names/fold.h"

typedef struct Lexicon Lexicon;

/* Shorter words are recognized only in their exact spelling. */
#define LEXICON_MISSPELT_MIN 6

/* The minimal number of bytes of a prefix. */
#define LEXICON_PREFIX_LEN 4

/* Returns the number of letters, in characters and not bytes. */
extern int	sg_letters_of(const char *data, int len);

/*
 * Make an empty lexicon in CurrentMemoryContext, add words, and finish it;
 * after that it is read-only.  The added words must live as long as the
 * lexicon.  A word that is added as "misspelt" by one caller is also
 * recognized with one letter wrong for all others.
 */
extern Lexicon *sg_lexicon_create(void);
extern int	sg_lexicon_add(Lexicon *lexicon, const char *data, int len,
						   bool prefix, bool misspelt);
extern void sg_lexicon_finish(Lexicon *lexicon);

/* Returns the number of letters of a word of the lexicon. */
extern int	sg_lexicon_letters(const Lexicon *lexicon, int word);

/* Returns the number of exactly this word; -1 if it is in no term. */
extern int	sg_lexicon_find(const Lexicon *lexicon, const char *data, int len);

/*
 * Reports each word of the lexicon that the text has at words[at]: spelled
 * exactly, joined from chained words, as a prefix, or with one letter wrong.
 * A text's word with an exact match is not reported as a misspelling of
 * another.  "to" is the position of the following word.
 */
typedef void (*LexiconSighting) (void *arg, int word, int to, bool misspelt);
extern void sg_lexicon_read(const Lexicon *lexicon, const Word *words, int at,
							LexiconSighting sighting, void *arg);

#endif							/* SHARING_GUARD_LEXICON_H */
