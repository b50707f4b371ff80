/*-------------------------------------------------------------------------
 *
 * enum_names.c
 *		The words of disclosure.h as SQL spells them.
 *
 * Tables, views, error messages and packs all use these spellings, so they
 * are written down once.
 *
 * The tables keep words, not codes, so that a dump, a replica or a line of the
 * log can be read without this extension.  What is stored once stays stored: a
 * word may be added, but none can be spelled otherwise.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/enum_names.h"

/*
 * Each list is in the order of its enum in disclosure.h, whose values are its
 * subscripts.
 */
static const char *const outcome_names[] = {"allow", "flag", "block"};

static const char *const destination_class_names[] = {
	"self", "in_state_public_agency", "in_state_inferred", "out_of_state",
	"federal", "tribal", "non_us", "private", "service_provider",
	"unregistered"
};

/*
 * The first is no word: no status is what an agency has that is not in the
 * registry, and nobody can write it into one.
 */
static const char *const agency_status_names[] = {NULL, "active", "inactive"};

static const char *const channel_names[] = {
	"export_row", "copy", "query", "foreign_table", "replication", "grant",
	"copied_table", "self_access"
};

/*
 * A value that is added to an enum without its word would have these functions
 * read beyond the list.
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
 * Position of a word in a list, or -1.
 *
 * Byte for byte: a word that is nearly right is none, for in a rule it would
 * stand for something that nobody has written.
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
