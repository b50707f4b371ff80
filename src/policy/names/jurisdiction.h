/*-------------------------------------------------------------------------
 *
 * jurisdiction.h
 *		Looks up states of the United States and countries by their codes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_JURISDICTION_H
#define SHARING_GUARD_JURISDICTION_H

#include "base/disclosure.h"

/* Return a constant: a state's postal code in capitals, or NULL. */
extern const char *sg_us_state_code(const char *letters);
extern const char *sg_us_state_named(const char *folded, bool *goes_on);
extern const char *sg_us_state_read(TextSlice state);

#endif							/* SHARING_GUARD_JURISDICTION_H */
