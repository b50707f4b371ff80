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

extern bool sg_maintenance_forbids(const Disclosure *disclosure,
								   TimestampTz *until);

#endif							/* SHARING_GUARD_MAINTENANCE_H */
