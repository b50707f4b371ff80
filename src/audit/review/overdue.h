/*-------------------------------------------------------------------------
 *
 * overdue.h
 *		Reviews that are not signed in time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_OVERDUE_H
#define SHARING_GUARD_OVERDUE_H

#include "datatype/timestamp.h"

/* Called once, at library load. */
extern void sg_review_init(void);

/*
 * Opens the review periods that should be open and, once a day, has the server
 * log told of overdue ones.  For the background worker, about once a minute;
 * needs a transaction.  Where it would have to wait for another session, it
 * does so if "wait", else does nothing or errors out, and is called again.
 */
extern void sg_review_tick(bool wait);

/*
 * Is everything beyond the agency to be refused at this time, since a review
 * is overdue and the settings say so?  Then tells which period and since when.
 *
 * Cheap enough for every row; the caller has accepted invalidations.
 */
extern bool sg_review_refuses(TimestampTz at, int64 *period,
							  TimestampTz *since);

/* From when on it refuses; infinity where it never does. */
extern TimestampTz sg_review_refuses_from(void);

#endif							/* SHARING_GUARD_OVERDUE_H */
