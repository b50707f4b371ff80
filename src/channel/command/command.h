/*-------------------------------------------------------------------------
 *
 * command.h
 *		The hooks on commands and on objects.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_COMMAND_H
#define SHARING_GUARD_COMMAND_H

#include "catalog/objectaccess.h"
#include "tcop/utility.h"

/* Called once, at library load. */
extern void sg_ddl_init(void);

/* For hooks.c: takes the next function of a hook and returns its own. */
extern ProcessUtility_hook_type sg_ddl_wrap_ProcessUtility(ProcessUtility_hook_type next);
extern object_access_hook_type sg_ddl_wrap_object_access(object_access_hook_type next);

#endif							/* SHARING_GUARD_COMMAND_H */
