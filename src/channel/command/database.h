/*-------------------------------------------------------------------------
 *
 * database.h
 *		Commands that need a whole database for themselves.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DATABASE_H
#define SHARING_GUARD_DATABASE_H

#include "tcop/utility.h"

/* For hooks.c: takes the next function of a hook and returns its own. */
extern ProcessUtility_hook_type sg_database_wrap_ProcessUtility(ProcessUtility_hook_type next);

#endif							/* SHARING_GUARD_DATABASE_H */
