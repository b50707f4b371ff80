/*-------------------------------------------------------------------------
 *
 * event_id.h
 *		Identifiers of events: made, and as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_EVENT_ID_H
#define SHARING_GUARD_EVENT_ID_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

/*
 * A new event id: a version 7 UUID (RFC 9562, section 5.7), so ids sort by
 * the time they were made; strictly increasing within a backend.
 */
extern void sg_event_new_id(pg_uuid_t *id, TimestampTz at);

/* RFC 9562 text form, palloc'd. */
extern char *sg_event_id_text(const pg_uuid_t *id);

#endif							/* SHARING_GUARD_EVENT_ID_H */
