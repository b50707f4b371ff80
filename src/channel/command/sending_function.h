/*-------------------------------------------------------------------------
 *
 * sending_function.h
 *		Functions that carry rows out of the database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_SENDING_FUNCTION_H
#define SHARING_GUARD_SENDING_FUNCTION_H

/* A function is about to be called. */
extern bool sg_sending_function(Oid function);

#endif							/* SHARING_GUARD_SENDING_FUNCTION_H */
