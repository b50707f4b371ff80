/*-------------------------------------------------------------------------
 *
 * places.c
 *		Which states have a county, city, village or town of a name.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy/names/places.h"
#include "policy/names/places_table.h"

/*
 * The states that have a place of this name, which is folded; false if none
 * has.
 */
bool
sg_place_find(const char *name, PlaceStates *found)
{
	Size		low = 0;
	Size		high = sizeof(places) - 1;
	Size		len = strlen(name);

	/* Both are always at the beginning of a line, or high at the end. */
	while (low < high)
	{
		Size		middle = low + (high - low) / 2;
		const char *line;
		const char *colon;
		int			cmp;

		while (middle > low && places[middle - 1] != '\n')
			middle--;
		line = places + middle;
		colon = strchr(line, ':');
		Assert(colon != NULL);	/* each line has one */
		cmp = memcmp(name, line, Min(len, (Size) (colon - line)));
		if (cmp == 0)
			cmp = (int) len - (int) (colon - line);
		if (cmp == 0)
		{
			const char *end = strchr(colon, '\n');

			found->most = colon + 1;
			found->dominant = colon[3] == '+';
			found->others = found->dominant ? colon + 4 : colon + 3;
			found->nothers = (end - found->others) / 2;
			return true;
		}
		if (cmp < 0)
			high = middle;
		else
			low = strchr(colon, '\n') + 1 - places;
	}
	return false;
}

/* Is the state one of them? */
bool
sg_place_is_in(const PlaceStates *found, const char *state)
{
	if (memcmp(found->most, state, 2) == 0)
		return true;
	for (int i = 0; i < found->nothers; i++)
	{
		if (memcmp(found->others + 2 * i, state, 2) == 0)
			return true;
	}
	return false;
}

/*
 * Does the name without a state mean the one in this state?  Only where no
 * other state has one, or (great) where it is so much greater than all the
 * others that nobody would think of them.
 */
bool
sg_place_means(const PlaceStates *found, const char *state, bool great)
{
	return memcmp(found->most, state, 2) == 0 &&
		(found->nothers == 0 || (great && found->dominant));
}
