/*-------------------------------------------------------------------------
 *
 * event_narrow.h
 *		An event in the form in which the table keeps it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_EVENT_NARROW_H
#define SHARING_GUARD_EVENT_NARROW_H

#include "audit/log/event_fields.h"

/*
 * Takes out what other fields of the event imply.  What is put in its place is
 * in CurrentMemoryContext, or part of what was there.
 */
extern void sg_event_narrow(EventFields *fields);

#endif							/* SHARING_GUARD_EVENT_NARROW_H */
