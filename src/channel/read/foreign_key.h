/*-------------------------------------------------------------------------
 *
 * foreign_key.h
 *		The queries by which the server keeps foreign keys.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_FOREIGN_KEY_H
#define SHARING_GUARD_FOREIGN_KEY_H

/*
 * Does the statement that is about to be run, or is running, belong to a
 * foreign key?
 */
extern bool sg_foreign_key_query(void);

/*
 * To be called around each run of a statement under InNoForceRLSOperation(),
 * the second also after an error.
 */
extern void sg_foreign_key_enter(void);
extern void sg_foreign_key_leave(void);

/* A function of a user's is made ready under InNoForceRLSOperation(). */
extern void sg_foreign_key_function(void);

#endif							/* SHARING_GUARD_FOREIGN_KEY_H */
