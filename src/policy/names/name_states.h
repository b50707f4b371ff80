/*-------------------------------------------------------------------------
 *
 * name_states.h
 *		Which states an organisation's name names.
 *
 * For policy/names only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_NAME_STATES_H
#define SHARING_GUARD_NAME_STATES_H

#include "policy/names/name_words.h"

extern void sg_name_take_state(States *states, const char *state);
extern void sg_name_find_states(OrgName *name, States *states);

#endif							/* SHARING_GUARD_NAME_STATES_H */
