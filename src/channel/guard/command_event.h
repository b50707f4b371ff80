/*-------------------------------------------------------------------------
 *
 * command_event.h
 *		The event of a command that touches what is protected.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_COMMAND_EVENT_H
#define SHARING_GUARD_COMMAND_EVENT_H

#include "audit/log/event.h"

/* What is known of a command when it is given. */
typedef struct CommandFacts
{
	const char *operation;
	const char *object;			/* or NULL */
	const char *key;			/* or NULL */
	TimestampTz at;
	Oid			session_role;
	Oid			acting_role;
} CommandFacts;

extern void sg_command_event(ChangeEvent *event, const char *kind,
							 const CommandFacts *command);

/* Record a command that cannot be rolled back. */
extern void sg_command_record_now(const char *kind, const char *operation,
								  const char *object, const char *key);

/* Record an attempt that the caller refuses; returns the event's id. */
extern const char *sg_command_record_refused(const char *operation,
											 const char *object,
											 const char *key);

#endif							/* SHARING_GUARD_COMMAND_EVENT_H */
