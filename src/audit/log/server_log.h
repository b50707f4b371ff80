/*-------------------------------------------------------------------------
 *
 * server_log.h
 *		Events that cannot be in the table, as lines of the server log.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_SERVER_LOG_H
#define SHARING_GUARD_SERVER_LOG_H

#include "audit/log/event_fields.h"

/*
 * The event as one line of JSON in the server log and nowhere else; "why" says
 * in a few words of ours why it is there.  Never sent to the client.
 */
extern void sg_event_to_server_log(const Event *event, const char *why);
extern void sg_event_fields_to_server_log(const EventFields *fields,
										  const char *why);

#endif							/* SHARING_GUARD_SERVER_LOG_H */
