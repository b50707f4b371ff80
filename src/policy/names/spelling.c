/*-------------------------------------------------------------------------
 *
 * spelling.c
 *		Reads an organization's name in the ways that vendors write it.
 *
 * Vendors call agencies "Houston TX PD", "AR - Alma PD", "Arlington PD (WA)",
 * "Mendocino County SO-CA" or "[Federal] US Border Patrol [Inactive]".
 * Reading a name finds the state, the sort of body, and remarks.  The rest is
 * the core, by which two spellings of one agency are recognized.
 *
 * The sender of data writes the name, so the class that it gives is believed
 * only where it is the stricter one: one word makes a body federal, private or
 * inactive.  A public agency of the home state needs a state and a kind, or a
 * place that no other state has, and nothing that contradicts it.  Even then
 * the result is only "inferred".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "policy/names/fold.h"
#include "policy/names/jurisdiction.h"
#include "base/table_load.h"
#include "policy/names/name_states.h"
#include "policy/names/name_words.h"
#include "policy/names/places.h"
#include "policy/names/spelling.h"

/*
 * A longer text is not an organization's name and is not read, because names
 * are read for single rows.
 */
#define NAME_LENGTH_MAX 1000

/* The most words of a county's name, without "County". */
#define COUNTY_WORDS_MAX 4

/* Many bodies have these words, so a core of only these identifies none. */
static const char *const common_words[] = {
	"city", "county", "district", "elementary", "high", "joint", "local",
	"metro", "metropolitan", "municipal", "regional", "school", "schools",
	"state", "town", "unified", "village"
};

/* Colleges are written both with and without these. */
static const char *const campus_words[] = {
	"campus", "community", "district", "police", "public", "safety", "security"
};

/* ----------------------------------------------------------------
 *		The core
 * ----------------------------------------------------------------
 */

/*
 * Returns the kind by which agencies of one place differ; 0 if the name has
 * none.
 */
static char
kind_of(const uint32 found)
{
	if (found & ((1u << NAME_CAMPUS) | (1u << NAME_PUBLIC_CAMPUS)))
		return 'c';
	if (found & (1u << NAME_SHERIFF))
		return 's';
	if (found & (1u << NAME_PROSECUTOR))
		return 'd';
	if (found & (1u << NAME_PROBATION))
		return 'b';
	if (found & (1u << NAME_POLICE))
		return 'p';
	if (found & ((1u << NAME_STATE_AGENCY) | (1u << NAME_IN_STATE_AGENCY)))
		return 'a';
	if (found & ((1u << NAME_GOVERNMENT) | (1u << NAME_DISTRICT)))
		return 'g';
	return 0;
}

/*
 * Returns the name without its state, kind and brackets; palloc'd, and empty
 * if nothing is left.
 *
 * Words for a kind that the letter of kind_of() expresses are dropped; words
 * for other kinds stay, because they distinguish agencies.  A core that
 * consists only of common words is emptied, because "Park District" may be
 * any.
 */
static char *
make_core(const OrgName *name, char kind)
{
	StringInfoData core;
	Size		county = 0;
	bool		county_of = false;
	bool		proper = false;

	initStringInfo(&core);
	for (int i = 0; i < name->nwords; i++)
	{
		const NameWord *word = &name->words[i];

		if (word->bracket != 0)
			continue;
		/* "County of Yuba" is Yuba County. */
		if (word->meaning == NAME_GOVERNMENT && i + 1 < name->nwords &&
			strcmp(word->text, "county") == 0 &&
			strcmp(word[1].text, "of") == 0)
			county_of = true;
		if (word->state != NULL && (kind != 'c' || word->state_name == NULL))
			continue;
		switch (word->meaning)
		{
			case NAME_NOTHING:
			case NAME_PLACE:
			case NAME_CAMPUS:
			case NAME_PUBLIC_CAMPUS:
				break;
			case NAME_STATE_AGENCY:
			case NAME_IN_STATE_AGENCY:
				if (kind == 'a')
					break;
				continue;
			case NAME_DISTRICT:
				if (kind == 'g' || kind == 'p')
					break;
				continue;
			case NAME_TRIBAL:
			case NAME_PRIVATE:
			case NAME_FEDERAL:
			case NAME_UNCLEAR:
				break;
			default:
				continue;
		}
		if (word->meaning == NAME_NOTHING && strcmp(word->text, "of") == 0 &&
			kind != 'c')
			continue;
		if (kind == 'c' &&
			sg_is_one_of(word->text, campus_words, lengthof(campus_words)))
			continue;
		county = 0;
		if (strcmp(word->text, "county") == 0)
			county = strlen("county");
		proper |= word->meaning == NAME_PLACE ||
			(word->meaning != NAME_DISTRICT && word->meaning != NAME_CAMPUS &&
			 !sg_is_one_of(word->text, common_words, lengthof(common_words)));
		appendStringInfoString(&core, word->text);
	}
	if (!proper)
	{
		resetStringInfo(&core);
		return core.data;
	}

	if (county_of && kind == 'g' && core.len > 0)
		appendStringInfoString(&core, "county");

	/*
	 * Drop "county", because sheriffs and prosecutors always belong to a
	 * county.
	 */
	if (county > 0 && (kind == 's' || kind == 'd' || kind == 'b') &&
		core.len > county)
		core.data[core.len -= county] = '\0';
	return core.data;
}

/* Finds the states that have a place with this core; false if none has. */
static bool
find_place(const char *core, char kind, PlaceStates *found)
{
	char	   *key;

	if (kind == 's' || kind == 'd' || kind == 'b')
	{
		key = psprintf("%scounty", core);
		if (sg_place_find(key, found))
			return true;
	}
	if (sg_place_find(core, found))
		return true;
	return false;
}

/* ----------------------------------------------------------------
 *		The reading
 * ----------------------------------------------------------------
 */

/*
 * Returns the part of the name without blanks and bracketed remarks at its
 * ends, and without a copy; brackets in the middle stay.
 */
static TextSlice
without_brackets(TextSlice name)
{
	static const char open[] = "([{";
	static const char close[] = ")]}";
	bool		again = true;

	while (again)
	{
		const char *kind;

		again = false;
		while (name.len > 0 &&
			   strchr(" \t\r\n-", name.data[0]) != NULL && name.data[0])
		{
			name.data++;
			name.len--;
		}
		while (name.len > 0 && name.data[name.len - 1] &&
			   strchr(" \t\r\n-", name.data[name.len - 1]) != NULL)
			name.len--;
		if (name.len == 0)
			break;
		if (name.data[0] && (kind = strchr(open, name.data[0])) != NULL)
		{
			const char *end = memchr(name.data, close[kind - open], name.len);

			if (end != NULL)
			{
				name.len -= end + 1 - name.data;
				name.data = end + 1;
				again = true;
				continue;
			}
		}
		if (name.data[name.len - 1] &&
			(kind = strchr(close, name.data[name.len - 1])) != NULL)
		{
			Size		i = name.len - 1;

			while (i > 0 && name.data[i] != open[kind - close])
				i--;
			if (name.data[i] == open[kind - close])
			{
				name.len = i;
				again = true;
			}
		}
	}
	return name;
}

/*
 * Do the words up to this one, or the last of them, name a county in this
 * state?  "Co" may also be a company.
 */
static bool
is_county_of(const OrgName *name, int at, const char *state)
{
	for (int from = at - 1; from >= Max(0, at - COUNTY_WORDS_MAX); from--)
	{
		StringInfoData key;
		PlaceStates place;

		initStringInfo(&key);
		for (int i = from; i <= at; i++)
			appendStringInfoString(&key, name->words[i].text);
		if (sg_place_find(key.data, &place) && sg_place_is_in(&place, state))
			return true;
		pfree(key.data);
	}
	return false;
}

/*
 * Returns the meanings in the name, as a set of bits.  The state is the one
 * that the name names, or else the home state.
 */
static uint32
meanings_found(const OrgName *name, const char *state)
{
	uint32		found = 0;
	bool		outside = false;

	for (int i = 0; i < name->nwords; i++)
		outside = outside || name->words[i].bracket == 0;
	for (int i = 0; i < name->nwords; i++)
	{
		const NameWord *word = &name->words[i];

		/*
		 * "(Stark County)" and "[Law Enforcement]" do not name a kind of
		 * agency.
		 */
		if (word->bracket != 0 && outside &&
			(sg_name_is_public_kind(word->meaning) || word->meaning == NAME_CAMPUS ||
			 word->meaning == NAME_PUBLIC_CAMPUS))
			continue;
		if (word->meaning == NAME_NOTHING && word->bracket == 0 && i > 0 &&
			sg_name_is_county_word(word) && word->state == NULL &&
			is_county_of(name, i, state))
			found |= 1u << NAME_GOVERNMENT;
		found |= 1u << word->meaning;
	}
	return found;
}

/* Does the name have a term that only bodies of the home state use? */
static bool
is_of_home_state(const OrgName *name)
{
	for (int i = 0; i < name->nwords; i++)
	{
		if (name->words[i].local &&
			(name->words[i].meaning == NAME_IN_STATE_AGENCY ||
			 name->words[i].meaning == NAME_PUBLIC_CAMPUS))
			return true;
	}
	return false;
}

/*
 * Does the name call it a university of this state, by the state's own name?
 * Such universities are public; the few that are not are terms of their own.
 */
static bool
is_state_university(const OrgName *name, const char *state)
{
	const NameWord *words = name->words;

	for (int i = 0; i < name->nwords; i++)
	{
		int			next = i + words[i].extent;

		if (words[i].state_name == NULL || words[i].extent == 0 ||
			strcmp(words[i].state_name, state) != 0)
			continue;
		if (i == 0 && next < name->nwords &&
			strcmp(words[next].text, "university") == 0)
			return true;
		if (i == 2 && strcmp(words[0].text, "university") == 0 &&
			strcmp(words[1].text, "of") == 0)
			return true;
	}
	return false;
}

/*
 * Sets the class that excludes a public agency of any state, if the name has a
 * word for one.  The class is unregistered if the name has several, or says
 * that it is no organization.
 */
static bool
is_something_else(uint32 found, DestinationClass *class)
{
	static const struct
	{
		NameMeaning meaning;
		DestinationClass class;
	}			others[] =

	{
		{NAME_FEDERAL, DESTINATION_FEDERAL},
		{NAME_TRIBAL, DESTINATION_TRIBAL},
		{NAME_PRIVATE, DESTINATION_PRIVATE},
		{NAME_FOREIGN, DESTINATION_NON_US},
		{NAME_UNCLEAR, DESTINATION_UNREGISTERED},
		{NAME_NOBODY, DESTINATION_UNREGISTERED}
	};
	bool		any = false;

	for (int i = 0; i < lengthof(others); i++)
	{
		if ((found & (1u << others[i].meaning)) == 0)
			continue;
		*class = any ? DESTINATION_UNREGISTERED : others[i].class;
		any = true;
	}
	return any;
}

/*
 * Returns the class of a body that has no contradicting word.  The state is
 * the one that the name names, or NULL.
 */
static DestinationClass
class_by_state(const NameTerms *terms, const char *state, uint32 found,
			   char kind, const char *core, const PlaceStates *place)
{
	bool		public_campus = (found & (1u << NAME_PUBLIC_CAMPUS)) != 0;
	const char *home = terms->home;

	if (state != NULL && strcmp(state, home) != 0)
		return kind != 0 ? DESTINATION_OUT_OF_STATE : DESTINATION_UNREGISTERED;

	if (state != NULL)
	{
		/* Universities are as often private as public. */
		if (kind == 'c')
			return public_campus ? DESTINATION_IN_STATE_INFERRED :
				DESTINATION_UNREGISTERED;
		if (kind != 0 && core[0] != '\0')
			return DESTINATION_IN_STATE_INFERRED;
		/* "Cal Expo PD": this word alone identifies the agency. */
		if ((found & (1u << NAME_IN_STATE_AGENCY)) != 0)
			return DESTINATION_IN_STATE_INFERRED;
		/* The name is only that of a city or county. */
		if (place != NULL && sg_place_is_in(place, home))
			return DESTINATION_IN_STATE_INFERRED;
		return DESTINATION_UNREGISTERED;
	}

	/*
	 * Without a state, the place must be one that only one state has.  For
	 * police, it may also be one of the home state that is much larger than
	 * all others of the name, because vendors write "Sacramento PD" for it.
	 */
	if (kind == 0 || kind == 'c' || place == NULL)
		return DESTINATION_UNREGISTERED;
	if (kind == 'p' && sg_place_means(place, home, true))
		return DESTINATION_IN_STATE_INFERRED;
	if (place->nothers > 0)
		return DESTINATION_UNREGISTERED;
	return sg_place_is_in(place, home) ? DESTINATION_IN_STATE_INFERRED :
		DESTINATION_OUT_OF_STATE;
}

/* Reads the words of a name, and the states that it or the caller names. */
static void
read_parts(OrgName *name, States *states, TextSlice text, TextSlice state)
{
	sg_name_words(name, text);
	sg_name_find_terms(name);
	sg_name_find_states(name, states);
	if (sg_is_given(state))
	{
		const char *given = sg_us_state_read(state);

		/* An unreadable state may be any other state. */
		if (given == NULL)
			states->several = true;
		else
			sg_name_take_state(states, given);
	}
}

/* Do the brackets say only that the agency is inactive? */
static bool
has_only_inactive(const OrgName *name)
{
	for (int i = 0; i < name->nwords; i++)
	{
		if (name->words[i].bracket != 0 &&
			name->words[i].meaning != NAME_INACTIVE)
			return false;
	}
	return true;
}

void
sg_spelling_read(const NameTerms *terms, TextSlice text, TextSlice state,
				 NameReading *reading)
{
	OrgName		name = {.terms = terms};
	States		states = {0};
	uint32		found;
	char		kind;
	char	   *core;
	PlaceStates place_states;
	const PlaceStates *place = NULL;

	memset(reading, 0, sizeof(NameReading));
	reading->class = DESTINATION_UNREGISTERED;
	reading->bare = text;

	if (text.data == NULL)
		return;
	reading->bare = without_brackets(text);
	if (text.len > NAME_LENGTH_MAX)
	{
		reading->settled = true;
		return;
	}

	read_parts(&name, &states, text, state);
	reading->only_inactive = has_only_inactive(&name);
	found = meanings_found(&name, states.one ? states.one : terms->home);
	if (is_state_university(&name, terms->home))
		found |= 1u << NAME_PUBLIC_CAMPUS;
	reading->inactive = (found & (1u << NAME_INACTIVE)) != 0;
	kind = kind_of(found);
	core = make_core(&name, kind);
	if (core[0] != '\0')
		reading->core = psprintf("%c:%s", kind ? kind : 'g', core);
	if (find_place(core, kind, &place_states))
		place = &place_states;

	/*
	 * Speedway in Indiana is a town, and State College in Pennsylvania too,
	 * and their police are public.
	 */
	if (place != NULL && states.one != NULL && !states.several &&
		sg_place_is_in(place, states.one) && (found & (1u << NAME_POLICE)))
	{
		found &= ~((1u << NAME_PRIVATE) | (1u << NAME_UNCLEAR) |
				   (1u << NAME_CAMPUS) | (1u << NAME_PUBLIC_CAMPUS));
		kind = kind_of(found);
	}

	/* A home state's own term implies that state. */
	if (is_of_home_state(&name))
		sg_name_take_state(&states, terms->home);
	reading->state = states.several ? NULL : states.one;

	if (is_something_else(found, &reading->class))
	{
		reading->settled = true;
		return;
	}
	if (states.several)
	{
		reading->settled = true;
		return;
	}
	if (states.one == NULL && states.passing != NULL)
	{
		/* "California Exposition Police": no town has this name. */
		if (states.passing_first && place == NULL &&
			strcmp(states.passing, terms->home) == 0)
			states.one = reading->state = states.passing;
		else
		{
			reading->elsewhere = true;
			if (place == NULL || place->nothers > 0)
				return;
		}
	}
	if (states.one == NULL && place != NULL)
	{
		reading->elsewhere = !sg_place_means(place, terms->home, false);
		reading->greatest = sg_place_means(place, terms->home, true);
	}
	reading->class = class_by_state(terms, states.one, found, kind, core,
									place);
}
