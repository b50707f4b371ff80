/*-------------------------------------------------------------------------
 *
 * vocabulary.c
 *		The words of disclosure.h as SQL spells them.
 *
 * Tables, views, error messages and packs all use these spellings, so they
 * are written down once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "vocabulary.h"

static const char *const outcome_names[] = {"allow", "flag", "block"};

static const char *const destination_class_names[] = {
	"self", "in_state_public_agency", "in_state_inferred", "out_of_state",
	"federal", "tribal", "non_us", "private", "service_provider",
	"unregistered"
};

static const char *const agency_status_names[] = {NULL, "active", "inactive"};

static const char *const channel_names[] = {
	"export_row", "copy", "query", "foreign_table", "replication", "grant",
	"copied_table", "self_access"
};

StaticAssertDecl(lengthof(outcome_names) == OUTCOME_BLOCK + 1,
				 "every outcome has a name");
StaticAssertDecl(lengthof(destination_class_names) == DESTINATION_CLASS_COUNT,
				 "every destination class has a name");
StaticAssertDecl(lengthof(agency_status_names) == AGENCY_STATUS_COUNT,
				 "every agency status has a name");
StaticAssertDecl(lengthof(channel_names) == CHANNEL_COUNT,
				 "every channel has a name");

/* Position of a word in a list, or -1. */
static int
find_word(const char *word, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (words[i] != NULL && strcmp(words[i], word) == 0)
			return i;
	}
	return -1;
}

const char *
sg_outcome_name(Outcome outcome)
{
	return outcome_names[outcome];
}

const char *
sg_destination_class_name(DestinationClass class)
{
	return destination_class_names[class];
}

const char *
sg_agency_status_name(AgencyStatus status)
{
	return agency_status_names[status];
}

const char *
sg_channel_name(Channel channel)
{
	return channel_names[channel];
}

bool
sg_outcome_from_name(const char *name, Outcome *outcome)
{
	int			i = find_word(name, outcome_names, lengthof(outcome_names));

	if (i >= 0)
		*outcome = (Outcome) i;
	return i >= 0;
}

bool
sg_destination_class_from_name(const char *name, DestinationClass *class)
{
	int			i = find_word(name, destination_class_names,
							  lengthof(destination_class_names));

	if (i >= 0)
		*class = (DestinationClass) i;
	return i >= 0;
}

bool
sg_agency_status_from_name(const char *name, AgencyStatus *status)
{
	int			i = find_word(name, agency_status_names,
							  lengthof(agency_status_names));

	if (i >= 0)
		*status = (AgencyStatus) i;
	return i >= 0;
}

bool
sg_channel_from_name(const char *name, Channel *channel)
{
	int			i = find_word(name, channel_names, lengthof(channel_names));

	if (i >= 0)
		*channel = (Channel) i;
	return i >= 0;
}
