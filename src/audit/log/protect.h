/*-------------------------------------------------------------------------
 *
 * protect.h
 *		Refuses changes of what is on record.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_PROTECT_H
#define SHARING_GUARD_PROTECT_H

/*
 * Set while retention.c removes what may be removed; the triggers that protect
 * the record then let a DELETE of events and an UPDATE of nonces pass.
 */
extern bool sg_record_purging;

#endif							/* SHARING_GUARD_PROTECT_H */
