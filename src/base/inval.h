/*-------------------------------------------------------------------------
 *
 * inval.h
 *		Distributes relcache invalidations to all rooms, through one callback.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_INVAL_H
#define SHARING_GUARD_INVAL_H

#include "utils/inval.h"

/*
 * Works like CacheRegisterRelcacheCallback(), but the argument is always 0.
 * Call it only once for each callback, at library load.
 */
extern void sg_on_relation_change(RelcacheCallbackFunction callback);

#endif							/* SHARING_GUARD_INVAL_H */
