/*-------------------------------------------------------------------------
 *
 * refusal.h
 *		What people are told whose rows may not go out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_REFUSAL_H
#define SHARING_GUARD_REFUSAL_H

#include "channel/guard/verdict.h"

extern void sg_raise_refusal(const Verdict *verdict,
							 const Disclosure *disclosure,
							 const char *event_id, const char *message,
							 const char *what_happened, const char *column);

/*
 * For use in ereport(): the error's fields name this schema-qualified relation,
 * or the event, which stands in the field of the constraint.
 */
extern int	sg_error_relation(const char *relation);
extern int	sg_error_event(const char *event_id);

#endif							/* SHARING_GUARD_REFUSAL_H */
