/*-------------------------------------------------------------------------
 *
 * destination.h
 *		Name or id -> agency -> class, status.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DESTINATION_H
#define SHARING_GUARD_DESTINATION_H

#include "disclosure.h"

/* A row of the registry, compiled. */
typedef struct Agency
{
	const char *agency_id;
	const char *name;
	const char *ori;			/* or NULL */
	const char *jurisdiction;
	DestinationClass class;
	AgencyStatus status;
	bool		immigration_authority;

	/* The attestation counts from, and until (exclusive); empty if none. */
	TimestampTz attested_from;
	TimestampTz attested_until;
	/* The contract counts until (exclusive); DT_NOBEGIN if none. */
	TimestampTz contract_until;
} Agency;

typedef struct Registry Registry;

/*
 * Reads the tables, within the policy's load, into CurrentMemoryContext.
 * The home agency's class is self.
 */
extern Registry *sg_registry_load(const char *home_agency_id,
								  const char *home_jurisdiction);

extern const Agency *sg_registry_find(const Registry *registry,
									  const char *agency_id);

/*
 * Whom a name stands for.  NULL where it stands for nobody or could stand
 * for several, and where the state given beside it (optional) is another
 * than the agency's: a known name in another state is another agency.
 */
extern const Agency *sg_registry_resolve(const Registry *registry,
										 TextSlice name, TextSlice state);

/*
 * The class of a destination that is in no registry.  The one place for
 * whatever may be inferred from its spelling.
 */
extern DestinationClass sg_infer_destination(TextSlice name, TextSlice state);

#endif							/* SHARING_GUARD_DESTINATION_H */
