/*-------------------------------------------------------------------------
 *
 * lexicon.h
 *		The words of all terms, and which of them stand at a place of a text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_LEXICON_H
#define SHARING_GUARD_LEXICON_H

#include "policy/names/fold.h"

typedef struct Lexicon Lexicon;

/* Words of fewer letters are only recognised as they are spelled. */
#define LEXICON_MISSPELT_MIN 6

/* The fewest bytes of a word that stands for all that begin with it. */
#define LEXICON_PREFIX_LEN 4

/* How long is this, as people count? */
extern int	sg_letters_of(const char *data, int len);

/*
 * Made empty in CurrentMemoryContext; filled; finished; then only read.  The
 * words that are added must live as long.  A word that is added as "misspelt"
 * is also recognised with one letter wrong, whoever else has added it.
 */
extern Lexicon *sg_lexicon_create(void);
extern int	sg_lexicon_add(Lexicon *lexicon, const char *data, int len,
						   bool prefix, bool misspelt);
extern void sg_lexicon_finish(Lexicon *lexicon);

/* How many letters has this word of the lexicon? */
extern int	sg_lexicon_letters(const Lexicon *lexicon, int word);

/* The number of this very word; -1 where it is in no term. */
extern int	sg_lexicon_find(const Lexicon *lexicon, const char *data, int len);

/*
 * Tells of each word of the lexicon that the text has at words[at]: as it is
 * spelled, put together from chained words, as the beginning of a word, or with
 * one letter wrong; a word that is known as it is spelled is not taken for
 * another that is misspelt.  "to" is the word after it.
 */
typedef void (*LexiconSighting) (void *arg, int word, int to, bool misspelt);
extern void sg_lexicon_read(const Lexicon *lexicon, const Word *words, int at,
							LexiconSighting sighting, void *arg);

#endif							/* SHARING_GUARD_LEXICON_H */
