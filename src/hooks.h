/*-------------------------------------------------------------------------
 *
 * hooks.h
 *		Installs the hooks of the server, each once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_HOOKS_H
#define SHARING_GUARD_HOOKS_H

/* Called once, at library load, when every room has been initialized. */
extern void sg_hooks_init(void);

#endif							/* SHARING_GUARD_HOOKS_H */
