/*-------------------------------------------------------------------------
 *
 * compiled.h
 *		Defines the inside of a Policy, for the policy room only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_COMPILED_H
#define SHARING_GUARD_COMPILED_H

#include "base/disclosure.h"
#include "nodes/bitmapset.h"
#include "policy/names/destination.h"
#include "base/table_load.h"
#include "policy/terms/purpose.h"

/*
 * A rule's condition on a fact: it must hold, must not hold, or is not asked
 * for.
 */
typedef enum Condition
{
	CONDITION_ANY,
	CONDITION_FALSE,
	CONDITION_TRUE
} Condition;

typedef struct Rule
{
	const char *rule_id;
	const char *description;
	Outcome		outcome;

	/* Conditions on a party to the disclosure. */
	bool		about_destination;	/* has any condition on a party */
	uint32		destination_classes;	/* one bit for each; 0: any */
	AgencyStatus agency_status; /* NONE: any */
	WordList	agencies;
	Condition	immigration_authority;
	Condition	attestation;	/* on file? */
	Condition	contract;		/* on file? */

	/* Conditions on the disclosure itself. */
	WordList	purpose_tags;
	Bitmapset  *data_classes;	/* places in the policy's list; NULL: any */
	Bitmapset  *except_data_classes;
	uint32		channels;		/* one bit for each; 0: any */
	Condition	case_number;	/* present? */

	WordList	lifted_by;
	TimestampTz effective_from;
	TimestampTz effective_until;	/* exclusive */

	const char *citation;		/* or NULL */
	const char *authority_kind;
	bool		contested;
	const char *lawful_way;		/* or NULL */
} Rule;

typedef struct LegalBasis
{
	const char *legal_basis_id;
	const char *kind;
	TimestampTz valid_from;
	TimestampTz valid_until;	/* exclusive */
	TimestampTz revoked_at;
	/* The same moments as text for messages, in the configured time zone. */
	const char *valid_from_text;
	const char *valid_until_text;
	const char *revoked_at_text;
	const char *destination;	/* agency_id; NULL: any */
	WordList	data_classes;
	WordList	record_keys;
	const char *case_number;	/* NULL: any */
	int64		row_limit;		/* 0: none */
	bool		single_use;		/* of one transaction */
} LegalBasis;

/* A joint task force and the agreement that it works under. */
typedef struct TaskForce
{
	const char *name;
	const char *agreement;		/* legal_basis_id */
	WordList	agencies;
	TimestampTz starts;
	TimestampTz ends;			/* exclusive */
	bool		for_immigration;	/* its primary purpose is immigration */
} TaskForce;

typedef struct RuleIndex RuleIndex;

struct Policy
{
	MemoryContext context;
	uint64		load_number;
	int64		revision;
	bool		enforces;
	bool		uses_attestations;	/* else rules do not flag a missing one */
	const char *home_jurisdiction;
	const char *home_agency_id;
	const char *home_agency_name;
	const char *contact;

	Registry   *registry;
	Tagger	   *tagger;
	WordList	data_classes;
	int			nrules;
	Rule	   *rules;			/* the enabled ones, in no order */
	RuleIndex  *rule_index;
	int			nbases;
	LegalBasis *bases;			/* by legal_basis_id */
	int			ntask_forces;
	TaskForce  *task_forces;	/* the ones that have an agreement */
};

extern const LegalBasis *sg_policy_legal_basis(const struct Policy *policy,
											   TextSlice id);

#endif							/* SHARING_GUARD_COMPILED_H */
