/*-------------------------------------------------------------------------
 *
 * spelling.c
 *		What the name of an organisation gives away, as vendors write it.
 *
 * Vendors call agencies "Houston TX PD", "AR - Alma PD", "Arlington PD (WA)",
 * "Mendocino County SO-CA" or "[Federal] US Border Patrol [Inactive]".  A
 * reading of such a name looks for the state, for the sort of body, and for
 * remarks; what is left is the core, by which two spellings of one agency can
 * be told to be the same.
 *
 * Whoever sends data writes the name, so a reading may make things worse: it
 * is believed at once that a body is federal, private or inactive.  That it is
 * a public agency of the home state takes a state and a kind, or a place that
 * no other state has, and nothing that speaks against it; and even then the
 * reading says no more than that it seems so.
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
#include "policy/names/name_words.h"
#include "policy/names/places.h"
#include "policy/names/spelling.h"

/*
 * A longer text is no organisation's name, and is not looked into: readings
 * are made for single rows.
 */
#define NAME_LENGTH_MAX 1000

/* Nor any county's, "County" not counted. */
#define COUNTY_WORDS_MAX 4

/* Many bodies are called these, so by themselves they tell none from another. */
static const char *const common_words[] = {
	"city", "county", "district", "elementary", "high", "joint", "local",
	"metro", "metropolitan", "municipal", "regional", "school", "schools",
	"state", "town", "unified", "village"
};

/* Colleges are called with and without these. */
static const char *const campus_words[] = {
	"campus", "community", "district", "police", "public", "safety", "security"
};

/* ----------------------------------------------------------------
 *		The core
 * ----------------------------------------------------------------
 */

/*
 * The kind by which agencies of one place are told apart; 0 if none is named.
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
 * What is left of a name without its state, its kind, and brackets; palloc'd,
 * and empty if nothing is left.
 *
 * The words that name a kind which is all in the letter kind_of() gives are
 * dropped; other kinds are what tells agencies apart.  A core of nothing but
 * words that many bodies have in common is none: "Park District" is any.
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

	/* Sheriffs and prosecutors are a county's in any case. */
	if (county > 0 && (kind == 's' || kind == 'd' || kind == 'b') &&
		core.len > county)
		core.data[core.len -= county] = '\0';
	return core.data;
}

/* The states that have a place of which this is the core; false if none. */
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
 * Which part of the name is neither a bracket with a remark in it at either
 * end, nor blank.  No copy is made: brackets in the middle stay.
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
 * Is the name, as far as this word, or the end of that, the name of a county
 * in this state?  "Co" may as well be a company.
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
 * Which meanings there are, as a set of bits.  The state is the one that the
 * name names, or else the home state.
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

		/* "(Stark County)" and "[Law Enforcement]" are no kind of agency. */
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

/* Is there a term that only bodies of the home state are called by? */
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
 * Is it called a university of this state by the state's own name?  Those are
 * public; the few that are not are terms of their own.
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
 * The class that speaks against a public agency of any state, if the name has
 * a word for one; unregistered if it has several, or says that it is nobody.
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
 * The class of a body that nothing speaks against.  The state is the one it
 * names, or NULL.
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
		/* Universities are private as often as not. */
		if (kind == 'c')
			return public_campus ? DESTINATION_IN_STATE_INFERRED :
				DESTINATION_UNREGISTERED;
		if (kind != 0 && core[0] != '\0')
			return DESTINATION_IN_STATE_INFERRED;
		/* "Cal Expo PD", by the one word that says which. */
		if ((found & (1u << NAME_IN_STATE_AGENCY)) != 0)
			return DESTINATION_IN_STATE_INFERRED;
		/* A city's or county's name and nothing else. */
		if (place != NULL && sg_place_is_in(place, home))
			return DESTINATION_IN_STATE_INFERRED;
		return DESTINATION_UNREGISTERED;
	}

	/*
	 * Without a state, only a place tells it that one state alone has; or, of
	 * a police, one of the home state that is so much greater than all others
	 * of the name that nobody thinks of them: vendors write "Sacramento PD".
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

		/* One that cannot be read may be any other. */
		if (given == NULL)
			states->several = true;
		else
			sg_name_take_state(states, given);
	}
}

/* Does nothing stand in brackets but that the agency is inactive? */
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
	 * Speedway in Indiana is a town, and State College in Pennsylvania, whose
	 * police are as public as any.
	 */
	if (place != NULL && states.one != NULL && !states.several &&
		sg_place_is_in(place, states.one) && (found & (1u << NAME_POLICE)))
	{
		found &= ~((1u << NAME_PRIVATE) | (1u << NAME_UNCLEAR) |
				   (1u << NAME_CAMPUS) | (1u << NAME_PUBLIC_CAMPUS));
		kind = kind_of(found);
	}

	/* What is called by a home state's own term is in that. */
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
		/* "California Exposition Police": there is no such town. */
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
