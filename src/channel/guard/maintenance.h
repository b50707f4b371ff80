/*-------------------------------------------------------------------------
 *
 * maintenance.h
 *		Exports are refused while guards may be taken away.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_MAINTENANCE_H
#define SHARING_GUARD_MAINTENANCE_H

#include "base/disclosure.h"

/*
 * Errors out (SG005) where maintenance is open; where one has ended by itself,
 * has the guards looked over first.  For each disclosure, so cheap.
 */
extern void sg_maintenance_check(const Disclosure *disclosure);

#endif							/* SHARING_GUARD_MAINTENANCE_H */
