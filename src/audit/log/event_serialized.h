/*-------------------------------------------------------------------------
 *
 * event_serialized.h
 *		Events as bytes, for handing them over to another process.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_EVENT_SERIALIZED_H
#define SHARING_GUARD_EVENT_SERIALIZED_H

#include "lib/stringinfo.h"

#include "audit/log/event_fields.h"

/*
 * Events as bytes, which mean the same in every process of this server.
 * Appended to the buffer; several may follow one another.
 */
extern void sg_event_serialize(StringInfo buf, const Event *event);

/* Once this was called, the others do not look at the catalog. */
extern void sg_event_prepare(void);

/*
 * The next event of such a buffer, which must be MAXALIGNed, at *offset, which
 * is moved on; false at the end.  The fields point into the buffer.
 */
extern bool sg_event_next_serialized(const char *data, Size length,
									 Size *offset, EventFields *fields);

/* All of them to the server log, as sg_event_to_server_log() does. */
extern void sg_event_serialized_to_server_log(const char *data, Size length,
											  const char *why);

#endif							/* SHARING_GUARD_EVENT_SERIALIZED_H */
