/*-------------------------------------------------------------------------
 *
 * name_words.h
 *		The words of an organisation's name, and what each may mean.
 *
 * For policy/names alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_NAME_WORDS_H
#define SHARING_GUARD_NAME_WORDS_H

#include "base/disclosure.h"

/* No state's name has more words than this, or more letters. */
#define STATE_WORDS_MAX 4
#define STATE_LETTERS_MAX 31

/* What a word or several may mean; name_meanings has the SQL spellings. */
typedef enum NameMeaning
{
	NAME_NOTHING,
	NAME_FILLER,				/* no part of the name proper */
	NAME_PLACE,					/* part of a place's name, whatever it says */
	NAME_INACTIVE,
	NAME_NOBODY,				/* no organisation at all */
	NAME_UNCLEAR,				/* may be public or not */
	NAME_FEDERAL,
	NAME_TRIBAL,
	NAME_PRIVATE,
	NAME_FOREIGN,
	NAME_POLICE,
	NAME_SHERIFF,
	NAME_PROSECUTOR,
	NAME_PROBATION,
	NAME_GOVERNMENT,
	NAME_DISTRICT,
	NAME_STATE_AGENCY,
	NAME_IN_STATE_AGENCY,		/* an agency by itself, and of the home state */
	NAME_CAMPUS,
	NAME_PUBLIC_CAMPUS
} NameMeaning;

/* In the order of the enum; the first is no word. */
/* A term, as a list of words such as read_words() makes of a name. */
typedef struct Term
{
	int			nwords;
	const char **words;
	NameMeaning meaning;
	bool		local;			/* counts in the home state alone */
} Term;

/* The words that say what sort of body a name is of, compiled. */
typedef struct NameTerms
{
	const char *home;			/* postal code; "" where not of the US */
	int			count;
	Term	   *terms;			/* by first word, those of most words first */
} NameTerms;

/* A word of a name. */
typedef struct NameWord
{
	const char *text;			/* folded, abbreviations written out */
	const char *written;		/* folded, as it stands there */
	bool		upper;			/* all of it capitals */
	bool		title;			/* the first letter alone */
	int			bracket;		/* 0: in none; else which one */
	bool		dash_before;	/* a hyphen, comma, colon or slash */
	bool		dash_after;

	/* What it was found to be, alone or with its neighbours. */
	NameMeaning meaning;
	bool		local;			/* a term of the home state's */
	int			extent;			/* words of the term or state's name, if this
								 * is the first of them; else 0 */
	const char *state_name;		/* part of this state's name */
	const char *state;			/* names this state */
} NameWord;

typedef struct OrgName
{
	const NameTerms *terms;
	bool		one_case;		/* case tells nothing */
	int			nwords;
	NameWord   *words;
} OrgName;

/*
 * What became of the states in a name.
 */
typedef struct States
{
	const char *one;			/* the only one, or NULL */
	bool		several;
	const char *passing;		/* may be but a town's name; or NULL */
	bool		passing_first;	/* and the name begins with it */
} States;

/* Reads the table, within the policy's load, into CurrentMemoryContext. */
extern NameTerms *sg_name_terms_load(const char *home_jurisdiction);

/* Is this text in the list? */
static inline bool
sg_is_one_of(const char *text, const char *const *list, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (list[i][0] == text[0] && strcmp(text, list[i]) == 0)
			return true;
	}
	return false;
}

extern void sg_name_words(OrgName *name, TextSlice text);
extern void sg_name_find_terms(OrgName *name);

static inline bool
sg_name_is_county_word(const NameWord *word)
{
	return strcmp(word->text, "county") == 0 ||
		strcmp(word->text, "parish") == 0 || strcmp(word->text, "co") == 0;
}

/* The kinds of bodies that may be public agencies. */
static inline bool
sg_name_is_public_kind(NameMeaning meaning)
{
	switch (meaning)
	{
		case NAME_POLICE:
		case NAME_SHERIFF:
		case NAME_PROSECUTOR:
		case NAME_PROBATION:
		case NAME_GOVERNMENT:
		case NAME_DISTRICT:
		case NAME_STATE_AGENCY:
		case NAME_IN_STATE_AGENCY:
			return true;
		default:
			return false;
	}
}

/* In name_states.c. */
extern void sg_name_take_state(States *states, const char *state);
extern void sg_name_find_states(OrgName *name, States *states);

#endif							/* SHARING_GUARD_NAME_WORDS_H */
