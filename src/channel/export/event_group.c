/*-------------------------------------------------------------------------
 *
 * event_group.c
 *		What rows have in common that may be in one event.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/writer/client.h"
#include "channel/export/event_group.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "utils/memutils.h"

/* A key, hashed once. */
typedef struct ByteKey
{
	const char *data;
	uint32		len;
	uint32		hash;
} ByteKey;

typedef struct GroupEntry
{
	ByteKey		key;
	char		status;
	EventGroup *group;
} GroupEntry;

#define SH_PREFIX group_table
#define SH_ELEMENT_TYPE GroupEntry
#define SH_KEY_TYPE ByteKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) ((key).hash)
#define SH_EQUAL(tb, a, b) \
	((a).hash == (b).hash && (a).len == (b).len && \
	 memcmp((a).data, (b).data, (a).len) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/*
 * Scratch for building the keys of groups.  A key longer than this does not
 * keep its buffer.
 */
#define KEY_BUFFER_KEPT		(64 * 1024)

static StringInfoData key_buffer;

/* ----------------------------------------------------------------
 *		Keys
 * ----------------------------------------------------------------
 */

/*
 * Begin a key in the scratch buffer, which holds one at a time.  It is kept,
 * unless a huge value has blown it up.
 */
static void
key_start(void)
{
	if (key_buffer.data != NULL && key_buffer.maxlen > KEY_BUFFER_KEPT)
	{
		pfree(key_buffer.data);
		key_buffer.data = NULL;
	}
	if (key_buffer.data == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(TopMemoryContext);

		initStringInfo(&key_buffer);
		MemoryContextSwitchTo(oldcontext);
	}
	resetStringInfo(&key_buffer);
}

static inline void
key_add_bytes(const void *data, Size len)
{
	appendBinaryStringInfoNT(&key_buffer, data, len);
}

/*
 * Length first, so that no two lists of texts give the same bytes.  NULL has a
 * length that no text has, and so is not the empty text.
 */
static inline void
key_add_slice(const TextSlice *slice)
{
	uint32		len = slice->data == NULL ? PG_UINT32_MAX : (uint32) slice->len;

	key_add_bytes(&len, sizeof(len));
	if (slice->data != NULL)
		key_add_bytes(slice->data, slice->len);
}

static inline void
key_add_string(const char *string)
{
	TextSlice	slice = {string, 0};

	if (string != NULL)
		slice.len = strlen(string);
	key_add_slice(&slice);
}

/*
 * Returns the key in the scratch buffer; a caller that keeps it must copy it.
 */
static inline ByteKey
key_finish(void)
{
	ByteKey		key;

	key.data = key_buffer.data;
	key.len = key_buffer.len;
	key.hash = hash_bytes((const unsigned char *) key.data, key.len);
	return key;
}

/*
 * All that an event says once for all its rows.  Rows that differ in any of
 * this cannot be in one event.  The revision of the policy is part of it: the
 * same rule_id may have said something else before.  The names of roles are
 * looked up when the event is written, their OIDs tell them apart until then.
 *
 * The key is in the scratch buffer.
 */
static ByteKey
group_key(const CachedDecision *gathered, const Disclosure *disclosure,
		  int fields, Oid session_role, Oid acting_role)
{
	const Decision *decision = gathered->decision;

	struct
	{
		int64		policy_revision;
		Oid			session_role;
		Oid			acting_role;
		int			fields;
		int			channel;
		int			outcome;
		int			decided;
		int			destination_class;
		int			agency_status;
		int			ntags;
		int			nmatched_terms;
		int			nrules;
	}			fixed;

	/* Bytes, so that what pads them must not be left to chance. */
	memset(&fixed, 0, sizeof(fixed));
	fixed.policy_revision = decision->policy_revision;
	fixed.session_role = session_role;
	fixed.acting_role = acting_role;
	fixed.fields = fields;
	fixed.channel = disclosure->channel;
	fixed.outcome = gathered->outcome;
	fixed.decided = decision->outcome;
	fixed.destination_class = decision->destination_class;
	fixed.agency_status = decision->agency_status;
	fixed.ntags = decision->ntags;
	fixed.nmatched_terms = decision->nmatched_terms;
	fixed.nrules = decision->nrules;

	key_start();
	key_add_bytes(&fixed, sizeof(fixed));
	key_add_string(disclosure->relation);
	key_add_string(disclosure->operation);
	key_add_slice(&disclosure->data_class);
	key_add_slice(&disclosure->destination);
	key_add_slice(&disclosure->destination_state);
	key_add_slice(&disclosure->legal_basis);
	key_add_slice(&disclosure->on_behalf_of);
	key_add_string(decision->agency_id);
	key_add_string(decision->on_behalf_of_agency_id);
	key_add_string(decision->legal_basis_id);
	for (int i = 0; i < decision->ntags; i++)
		key_add_string(decision->tags[i]);
	for (int i = 0; i < decision->nmatched_terms; i++)
		key_add_string(decision->matched_terms[i]);
	for (int i = 0; i < decision->nrules; i++)
		key_add_string(decision->rule_ids[i]);

	/* The same rules may give other reasons: why a legal basis did not lift. */
	for (int i = 0; i < decision->nreasons; i++)
		key_add_string(decision->reasons[i]);
	return key_finish();
}

/* ----------------------------------------------------------------
 *		Groups
 * ----------------------------------------------------------------
 */

/*
 * An empty group, in CurrentMemoryContext, with copies of all that its rows
 * share.
 */
static EventGroup *
group_new(const CachedDecision *gathered, const Disclosure *disclosure,
		  int fields, Oid session_role, Oid acting_role)
{
	EventGroup *group = palloc0(sizeof(EventGroup));

	group->outcome = gathered->outcome;
	group->decision = sg_copy_decision(gathered->decision);
	group->disclosure = sg_copy_shared_fields(disclosure);
	sg_set_actor(&group->actor, session_role, acting_role);
	if (group->outcome == OUTCOME_BLOCK)
		sg_writer_prepare();
	group->set.fields = fields;
	group->session_role = session_role;
	group->acting_role = acting_role;
	return group;
}

EventGroup *
sg_group_known(GroupTable *table, const CachedDecision *gathered,
			   const Disclosure *disclosure, int fields, Oid session_role,
			   Oid acting_role)
{
	GroupEntry *entry;

	if (table->by_key == NULL)
		return NULL;
	entry = group_table_lookup(table->by_key,
							   group_key(gathered, disclosure, fields,
										 session_role, acting_role));
	return entry != NULL ? entry->group : NULL;
}

EventGroup *
sg_group_find(GroupTable *table, const CachedDecision *gathered,
			  const Disclosure *disclosure, int fields, Oid session_role,
			  Oid acting_role)
{
	ByteKey		key = group_key(gathered, disclosure, fields, session_role,
								acting_role);
	GroupEntry *entry;
	MemoryContext oldcontext;
	EventGroup *group;
	bool		found;

	if (table->by_key == NULL)
		table->by_key = group_table_create(table->context, 8, NULL);
	else
	{
		entry = group_table_lookup(table->by_key, key);
		if (entry != NULL)
			return entry->group;
	}

	oldcontext = MemoryContextSwitchTo(table->context);
	key.data = memcpy(palloc(key.len), key.data, key.len);
	group = group_new(gathered, disclosure, fields, session_role, acting_role);
	entry = group_table_insert(table->by_key, key, &found);
	entry->group = group;
	group->older = table->newest;
	table->newest = group;
	MemoryContextSwitchTo(oldcontext);
	return group;
}
