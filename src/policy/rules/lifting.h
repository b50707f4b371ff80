/*-------------------------------------------------------------------------
 *
 * lifting.h
 *		Whether a legal basis lifts what a rule blocks.
 *
 * For policy/rules only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_LIFTING_H
#define SHARING_GUARD_LIFTING_H

#include "policy/rules/deliberation.h"

/* Returns why the legal basis does not lift this rule; NULL if it does. */
extern const char *sg_why_not_lifted(Deliberation *d, const Rule *rule,
									 const Party *party);

#endif							/* SHARING_GUARD_LIFTING_H */
