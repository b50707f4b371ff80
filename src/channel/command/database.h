/*-------------------------------------------------------------------------
 *
 * database.h
 *		Commands that need a whole database for themselves.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DATABASE_H
#define SHARING_GUARD_DATABASE_H

/* Called once, at library load. */
extern void sg_database_init(void);

#endif							/* SHARING_GUARD_DATABASE_H */
