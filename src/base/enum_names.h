/*-------------------------------------------------------------------------
 *
 * enum_names.h
 *		Translates the enums of disclosure.h to SQL words and back.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_ENUM_NAMES_H
#define SHARING_GUARD_ENUM_NAMES_H

#include "base/disclosure.h"
#include "nodes/nodes.h"

extern const char *sg_outcome_name(Outcome outcome);
extern const char *sg_destination_class_name(DestinationClass class);
extern const char *sg_agency_status_name(AgencyStatus status);	/* NULL for none */
extern const char *sg_channel_name(Channel channel);

/* These return false for an unknown word. */
extern bool sg_outcome_from_name(const char *name, Outcome *outcome);
extern bool sg_destination_class_from_name(const char *name,
										   DestinationClass *class);
extern bool sg_agency_status_from_name(const char *name, AgencyStatus *status);
extern bool sg_channel_from_name(const char *name, Channel *channel);

/*
 * Returns the SQL command of a plan: INSERT, UPDATE, DELETE, MERGE, else
 * SELECT.
 */
extern const char *sg_command_type_name(CmdType command);

#endif							/* SHARING_GUARD_ENUM_NAMES_H */
