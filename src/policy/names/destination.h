/*-------------------------------------------------------------------------
 *
 * destination.h
 *		Name or id -> agency -> class, status.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_DESTINATION_H
#define SHARING_GUARD_DESTINATION_H

#include "base/disclosure.h"
#include "policy/names/spelling.h"

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
 * What becomes of a name.
 */
typedef struct Destination
{
	DestinationClass class;
	AgencyStatus status;		/* NONE: nothing is known of it */

	/*
	 * The agency that the name stands for, or (inferred) is a spelling of.
	 * What speaks against an agency counts in both cases, what speaks for it
	 * in the first alone.  NULL: there is none in the registry.
	 */
	const Agency *agency;
	bool		inferred;		/* no agency_id, ORI, name or alias */
} Destination;

/*
 * Whom a name stands for, with the state given beside it (optional): a known
 * name in another state is another agency.
 */
extern Destination sg_registry_resolve(const Registry *registry,
									   TextSlice name, TextSlice state);

/* One of the spellings that the registry has. */
typedef struct RegistrySpelling
{
	const Agency *agency;
	const char *text;			/* folded */
	bool		is_core;		/* what spelling.c makes of it */
} RegistrySpelling;

/* The spelling of this number; false when there are no more. */
extern bool sg_registry_spelling(const Registry *registry, int number,
								 RegistrySpelling *spelling);

/* Reads a name by the registry's terms. */
extern void sg_registry_read(const Registry *registry, TextSlice name,
							 TextSlice state, NameReading *reading);

#endif							/* SHARING_GUARD_DESTINATION_H */
