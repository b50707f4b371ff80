/*-------------------------------------------------------------------------
 *
 * enum_names.c
 *		Translates the enums of disclosure.h to SQL words and back.
 *
 * Tables, views, error messages and packs all use these spellings, so this
 * file is the only place that has them.
 *
 * The tables store words and not codes, so that a dump, a replica or a line of
 * the log can be read without this extension.  Stored words remain stored, so
 * a new word may be added, but the spelling of an existing one must not
 * change.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/enum_names.h"

/*
 * Each list is in the order of its enum in disclosure.h, so that the enum's
 * value is the subscript.
 */
static const char *const outcome_names[] = {"allow", "flag", "block"};

static const char *const destination_class_names[] = {
	"self", "in_state_public_agency", "in_state_inferred", "out_of_state",
	"federal", "tribal", "non_us", "private", "service_provider",
	"unregistered"
};

/*
 * The first has no word, because AGENCY_STATUS_NONE means that the agency is
 * not in the registry, so the registry cannot hold it.
 */
static const char *const agency_status_names[] = {NULL, "active", "inactive"};

static const char *const channel_names[] = {
	"export_row", "copy", "query", "foreign_table", "replication", "grant",
	"copied_table", "self_access"
};

/*
 * An enum value without its word would make these functions read beyond the
 * list.
 */
StaticAssertDecl(lengthof(outcome_names) == OUTCOME_BLOCK + 1,
				 "every outcome has a name");
StaticAssertDecl(lengthof(destination_class_names) == DESTINATION_CLASS_COUNT,
				 "every destination class has a name");
StaticAssertDecl(lengthof(agency_status_names) == AGENCY_STATUS_COUNT,
				 "every agency status has a name");
StaticAssertDecl(lengthof(channel_names) == CHANNEL_COUNT,
				 "every channel has a name");

/*
 * Returns the position of a word in a list, or -1.
 *
 * The comparison is exact.  A nearly right word does not match, because a rule
 * would then get a condition that its author did not write.
 */
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

const char *
sg_command_type_name(CmdType command)
{
	switch (command)
	{
		case CMD_INSERT:
			return "INSERT";
		case CMD_UPDATE:
			return "UPDATE";
		case CMD_DELETE:
			return "DELETE";
		case CMD_MERGE:
			return "MERGE";
		default:
			return "SELECT";
	}
}
