/*-------------------------------------------------------------------------
 *
 * restoring.h
 *		Commands by which a dump is restored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_RESTORING_H
#define SHARING_GUARD_RESTORING_H

#include "base/disclosure.h"

extern bool sg_restores(Channel channel, const char *operation);

#endif							/* SHARING_GUARD_RESTORING_H */
