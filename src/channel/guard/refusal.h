/*-------------------------------------------------------------------------
 *
 * refusal.h
 *		What people are told whose rows may not go out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_REFUSAL_H
#define SHARING_GUARD_REFUSAL_H

#include "base/disclosure.h"

/*
 * Does not return: ends the statement with ERRCODE_SG_BLOCKED_BY_POLICY.
 * "message" says what is refused, "what_happened" is the sentence that ends the
 * detail; the event is recorded already.
 */
extern void sg_raise_refusal(const Decision *decision,
							 const Disclosure *disclosure,
							 const char *event_id, const char *message,
							 const char *what_happened);

/*
 * The same for a row: "column" is the column of its record key where that is
 * one, else NULL.
 */
extern void sg_raise_row_refusal(const Decision *decision,
								 const Disclosure *disclosure,
								 const char *event_id, const char *message,
								 const char *what_happened,
								 const char *column);

/*
 * For ereport(): fill the fields of an error that drivers hand to an
 * application as they are.  The schema and table of a relation by its qualified
 * name (nothing, where it is none, as of a command); the event's id, as the
 * name of the constraint.
 */
extern int	sg_error_relation(const char *relation);
extern int	sg_error_event(const char *event_id);

/* The agency's configured contact, or NULL; the policy's own string. */
extern const char *sg_refusal_contact(void);

#endif							/* SHARING_GUARD_REFUSAL_H */
