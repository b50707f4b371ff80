/*-------------------------------------------------------------------------
 *
 * destination.h
 *		Resolves a name or id to an agency, its class and its status.
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

	/*
	 * The attestation is valid from, and until (exclusive); an empty range if
	 * none.
	 */
	TimestampTz attested_from;
	TimestampTz attested_until;
	/* The contract is valid until (exclusive); DT_NOBEGIN if there is none. */
	TimestampTz contract_until;
} Agency;

typedef struct Registry Registry;

/*
 * Reads the tables, during a load of the policy, into CurrentMemoryContext.
 * The home agency's class is self.
 */
extern Registry *sg_registry_load(const char *home_agency_id,
								  const char *home_jurisdiction);

extern const Agency *sg_registry_find(const Registry *registry,
									  const char *agency_id);

/* The result of resolving a name. */
typedef struct Destination
{
	DestinationClass class;
	AgencyStatus status;		/* NONE: unknown */

	/*
	 * The agency that the name stands for, or (inferred) is a spelling of. In
	 * both cases the agency's facts may make a decision stricter.  They may
	 * make it more lenient only in the first case.  NULL: not in the
	 * registry.
	 */
	const Agency *agency;
	bool		inferred;		/* matches no agency_id, ORI, name or alias */
} Destination;

/*
 * Resolves a name, with the state given beside it (optional).  A known name
 * with another state is a different agency.
 */
extern Destination sg_registry_resolve(const Registry *registry,
									   TextSlice name, TextSlice state);

/* One of the registry's spellings. */
typedef struct RegistrySpelling
{
	const Agency *agency;
	const char *text;			/* folded */
	bool		is_core;		/* a core made by spelling.c */
} RegistrySpelling;

/* Gets the spelling of this number; returns false after the last one. */
extern bool sg_registry_spelling(const Registry *registry, int number,
								 RegistrySpelling *spelling);

/* Reads a name with the registry's terms. */
extern void sg_registry_read(const Registry *registry, TextSlice name,
							 TextSlice state, NameReading *reading);

#endif							/* SHARING_GUARD_DESTINATION_H */
