/*-------------------------------------------------------------------------
 *
 * command.h
 *		The hooks on commands and on objects.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_COMMAND_H
#define SHARING_GUARD_COMMAND_H

/* Called once, at library load. */
extern void sg_ddl_init(void);

#endif							/* SHARING_GUARD_COMMAND_H */
