/*-------------------------------------------------------------------------
 *
 * places.h
 *		Finds the states that have a county, city, village or town of a name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_PLACES_H
#define SHARING_GUARD_PLACES_H

/* Postal codes of two letters each, not NUL-terminated. */
typedef struct PlaceStates
{
	const char *most;			/* the state with the largest place */
	bool		dominant;		/* ten times as many people as the next */
	int			nothers;
	const char *others;			/* the other states, one after the other */
} PlaceStates;

extern bool sg_place_find(const char *name, PlaceStates *found);
extern bool sg_place_is_in(const PlaceStates *found, const char *state);
extern bool sg_place_means(const PlaceStates *found, const char *state,
						   bool great);

#endif							/* SHARING_GUARD_PLACES_H */
