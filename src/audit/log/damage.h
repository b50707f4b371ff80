/*-------------------------------------------------------------------------
 *
 * damage.h
 *		Reading rows that a disk, a crash or a hand may have damaged.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DAMAGE_H
#define SHARING_GUARD_DAMAGE_H

#include "access/htup.h"
#include "access/tupdesc.h"
#include "utils/array.h"

extern bool sg_tuple_is_sound(HeapTuple tuple, TupleDesc desc, bool *plain);
extern bool sg_array_is_sound(ArrayType *array, Oid element);
extern bool sg_read_damaged(void (*read) (void *arg), void *arg);

#endif							/* SHARING_GUARD_DAMAGE_H */
