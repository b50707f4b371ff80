/*-------------------------------------------------------------------------
 *
 * inval.h
 *		Tells all rooms of relations that have changed, by one callback.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_INVAL_H
#define SHARING_GUARD_INVAL_H

#include "utils/inval.h"

/*
 * As CacheRegisterRelcacheCallback() does; the argument is always 0.  To be
 * called once, at library load.
 */
extern void sg_on_relation_change(RelcacheCallbackFunction callback);

#endif							/* SHARING_GUARD_INVAL_H */
