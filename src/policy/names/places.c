/*-------------------------------------------------------------------------
 *
 * places.c
 *		Finds the states that have a county, city, village or town of a name.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy/names/places.h"
#include "policy/names/places_table.h"

/*
 * Finds the states that have a place of this folded name; returns false if
 * none has.
 */
bool
sg_place_find(const char *name, PlaceStates *found)
{
	Size		low = 0;
	Size		high = sizeof(places) - 1;
	Size		len = strlen(name);

	/*
	 * Both always point to the beginning of a line, or high to the end of the
	 * table.
	 */
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

/* Is this state one of those found? */
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
 * Does the name without a state mean the place in this state?  True only where
 * no other state has one, or (great) where the place is so much larger than
 * all others that readers would think of it.
 */
bool
sg_place_means(const PlaceStates *found, const char *state, bool great)
{
	return memcmp(found->most, state, 2) == 0 &&
		(found->nothers == 0 || (great && found->dominant));
}
