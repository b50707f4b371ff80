/*-------------------------------------------------------------------------
 *
 * gather.c
 *		Decides on rows, once per key, and gathers what was decided into
 *		events.
 *
 * What the policy said of rows that are alike is kept in decision_cache.c.  The
 * rows that were let out (or skipped) are kept in row_log.c, in the order in
 * which they came; which of them belong together, as they were decided alike
 * and sent to the same, is a group.  Groups are written as events with the
 * transaction: at its end, or before when memory runs out.
 *
 * Groups belong to a subtransaction.  When it aborts its rows are gone, and
 * so must be its groups; when it commits they become its parent's.
 *
 * What is held back is recorded whatever becomes of the transaction, by way of
 * audit/writer: the one row that ends a statement at once, rows that a guard
 * skips at the end of their statement, or when memory runs out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "audit/overdue.h"
#include "audit/writer.h"
#include "channel/context.h"
#include "channel/decision_cache.h"
#include "channel/gather.h"
#include "channel/row_log.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "policy/change.h"
#include "policy/legal_basis.h"
#include "policy/policy.h"
#include "prefetch.h"
#include "operational.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "vocabulary.h"

/*
 * All rows of one event were decided within this time of the first: an event
 * has one time for all of them, and an access record needs each one's (Cal.
 * Civ. Code 1798.90.52).
 */
#define EVENT_SPAN_USECS	USECS_PER_SEC

/* How many rows ahead the memory of a row is asked for. */
#define ROWS_AHEAD			8

/* No further row is added to an event whose rows' values take so much. */
#define EVENT_BYTES_MAX		(256 * 1024)

/*
 * Rows of one decision that have not been written yet.
 */
typedef struct Group
{
	/* What every row has to look at, together. */
	RowSet		set;
	struct Level *level;
	Oid			session_role;
	Oid			acting_role;
	Outcome		outcome;

	/* Of rows that go to another server: what was recorded before the first. */
	bool		is_open;
	OpenDisclosure open;
	int64		leaving;		/* how many were let go */

	Decision   *decision;
	Disclosure	disclosure;		/* without the per-row fields */
	Actor		actor;			/* but for a person whom the rows name */
} Group;

/* A group of this set. */
#define group_of_set(rowset)	((Group *) (rowset))

StaticAssertDecl(offsetof(Group, set) == 0, "a group begins with its rows");

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
	Group	   *group;
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
 * The groups of one subtransaction.  Levels form a stack, innermost first.  A
 * commit only relabels a level, so several may have the same subtransaction.
 */
typedef struct Level
{
	SubTransactionId subid;
	SubTransactionId written_in;	/* see write_before_subcommit */
	MemoryContext context;
	Size		bytes;			/* as of the last look */
	bool		grown;			/* since then */
	group_table_hash *groups;

	/*
	 * Rows that share the transaction's fate; those that do not: refused
	 * ones, and what goes to another server.
	 */
	RowLog		log;
	RowLog		held_back;
	RowLog		sent;
	struct Level *parent;
} Level;

static Level *levels = NULL;

/*
 * Changes whenever groups are freed or emptied, so that what decisions know of
 * them is stale.
 */
static uint64 group_epoch = 1;

/* Events are being written: nothing may be exported meanwhile. */
static bool writing_events = false;

/* The commit has begun, and the events of all rows were written. */
static bool all_written = false;

/* Memory held by all levels, as of the last look at each. */
static Size gathered_bytes = 0;

/* Rows in groups that are held back, and not recorded yet. */
static int64 held_back = 0;

/* Groups whose rows go to another server, and are not recorded yet. */
static int	open_groups = 0;

#define WHY_SKIPPED "rows were skipped"
#define WHY_FOREIGN "rows were to be sent to another server"
#define WHY_REFUSED "the statement was refused"

/*
 * Scratch for building the keys of groups.  A key longer than this does not
 * keep its buffer.
 */
#define KEY_BUFFER_KEPT		(64 * 1024)


static StringInfoData key_buffer;

static void gather_xact_callback(XactEvent event, void *arg);
static void gather_subxact_callback(SubXactEvent event,
									SubTransactionId mySubid,
									SubTransactionId parentSubid, void *arg);

/*
 * Called once, at library load.  Not by the first row: a callback that is
 * registered while others are being called is not called with them, and a row
 * that somebody exports there would be forgotten.
 */
void
sg_gather_init(void)
{
	RegisterXactCallback(gather_xact_callback, NULL);
	RegisterSubXactCallback(gather_subxact_callback, NULL);
}

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

/* The key as it stands in the scratch buffer: whoever keeps it copies it. */
static inline ByteKey
key_finish(void)
{
	ByteKey		key;

	key.data = key_buffer.data;
	key.len = key_buffer.len;
	key.hash = hash_bytes((const unsigned char *) key.data, key.len);
	return key;
}

/* ----------------------------------------------------------------
 *		Deciding
 * ----------------------------------------------------------------
 */

/* Does it reach anybody but the agency itself? */
static bool
leaves_agency(const Disclosure *disclosure, const Decision *decision)
{
	return decision->destination_class != DESTINATION_SELF ||
		(disclosure->on_behalf_of.data != NULL &&
		 decision->on_behalf_of_class != DESTINATION_SELF);
}

/*
 * Refuses what policy would let out: the agency's auditors are behind, and it
 * has chosen to share nothing meanwhile.
 *
 * Not policy's word, which is a function of policy and disclosure alone; what
 * policy decided stays in the event, beside the reason that overruled it.
 */
static void
refuse_unreviewed(const Decision *decided, const Disclosure *disclosure,
				  int64 period, TimestampTz since)
{
	GatheredDecision refused = {0};
	Decision	decision = *decided;
	const char *reason = psprintf("Review period " INT64_FORMAT " of the sharing log was to be signed by %s.",
								  period, timestamptz_to_str(since));
	const char *contact = sg_gather_contact();
	char	   *event_id;

	decision.reasons = &reason;
	decision.nreasons = 1;
	decision.nblocking = 1;
	if (disclosure->channel == CHANNEL_EXPORT_ROW)
	{
		refused.decision = &decision;
		refused.outcome = OUTCOME_BLOCK;
		event_id = sg_gather_refusal(&refused, disclosure);
	}
	else
	{
		DisclosureEvent event;

		/* How many rows it would have been nobody knows. */
		sg_gather_read_event(&event, &decision, OUTCOME_BLOCK, disclosure);
		event.rows_disclosed = 0;
		sg_writer_record_disclosure(&event, WHY_REFUSED);
		event_id = sg_event_id_text(&event.event_id);
	}

	ereport(ERROR,
			(errcode(ERRCODE_SG_REVIEW_OVERDUE),
			 errmsg("a review of the sharing log is overdue, so nothing leaves the agency"),
			 errdetail_internal("%s", reason),
			 errhint("An auditor signs it with sharing_guard.sign_off(); ask %s and quote event %s.",
					 contact ? contact : "whoever administers the sharing policy",
					 event_id)));
}

void
sg_gather_check_review(const Decision *decision, const Disclosure *disclosure)
{
	int64		period;
	TimestampTz since;

	if (sg_review_refuses(disclosure->at, &period, &since) &&
		leaves_agency(disclosure, decision))
		refuse_unreviewed(decision, disclosure, period, since);
}

/*
 * The decision on this row, or an error where a review is overdue.
 */
GatheredDecision *
sg_gather_decide(const Guard *guard, const Disclosure *disclosure)
{
	GatheredDecision *gathered = sg_decision_cache_ask(guard, disclosure);
	int64		period;
	TimestampTz since;

	/* Policy's mode last: it need not be asked again for every row. */
	if (gathered->outcome != OUTCOME_BLOCK && guard->enforce &&
		sg_review_refuses(disclosure->at, &period, &since) &&
		sg_policy_enforces(sg_policy_current()))
		sg_gather_check_review(gathered->decision, disclosure);
	return gathered;
}

GatheredDecision *
sg_gather_use_basis(const Guard *guard, Disclosure *disclosure,
					GatheredDecision *gathered, bool ahead)
{
	const Decision *decision = gathered->decision;
	const Policy *policy;

	/* A basis that did not suffice is not used, whatever the mode. */
	if (likely(!gathered->basis_limited) || decision->outcome == OUTCOME_BLOCK)
		return gathered;
	policy = sg_policy_current();
	if (ahead ?
		sg_legal_basis_use_ahead(policy, decision->legal_basis_id) :
		sg_legal_basis_use(policy, decision->legal_basis_id, 1))
		return gathered;
	/* There may have been a long wait: the policy as it is now. */
	disclosure->legal_basis_used_up = true;
	return sg_decision_cache_ask_anew(guard, disclosure);
}

Outcome
sg_gather_effective_outcome(const Guard *guard, const Decision *decision)
{
	return sg_decision_effective_outcome(guard, decision);
}

const Decision *
sg_gather_decision(const GatheredDecision *gathered)
{
	return gathered->decision;
}

Outcome
sg_gather_outcome(const GatheredDecision *gathered)
{
	return gathered->outcome;
}

/* Whom a refusal tells people to ask; the policy's own string. */
const char *
sg_gather_contact(void)
{
	return sg_policy_contact(sg_policy_current());
}

/* ----------------------------------------------------------------
 *		Copies that outlive the decision cache
 * ----------------------------------------------------------------
 */

static char *
copy_string(const char *string)
{
	return string == NULL ? NULL : pstrdup(string);
}

static TextSlice
copy_slice(const TextSlice *slice)
{
	TextSlice	copy = {NULL, 0};

	if (slice->data != NULL)
	{
		copy.data = pnstrdup(slice->data, slice->len);
		copy.len = slice->len;
	}
	return copy;
}

static const char **
copy_strings(const char **strings, int count)
{
	const char **copy = palloc(sizeof(char *) * Max(count, 1));

	for (int i = 0; i < count; i++)
		copy[i] = pstrdup(strings[i]);
	return copy;
}

/*
 * Into CurrentMemoryContext.
 *
 * A group may be written long after the decision cache was emptied, with the
 * policy as it was when its rows went out.
 */
static Decision *
copy_decision(const Decision *decision)
{
	Decision   *copy = palloc(sizeof(Decision));

	*copy = *decision;
	copy->agency_id = copy_string(decision->agency_id);
	copy->agency_name = copy_string(decision->agency_name);
	copy->on_behalf_of_agency_id = copy_string(decision->on_behalf_of_agency_id);
	copy->tags = copy_strings(decision->tags, decision->ntags);
	copy->matched_terms = copy_strings(decision->matched_terms,
									   decision->nmatched_terms);
	copy->rule_ids = copy_strings(decision->rule_ids, decision->nrules);
	copy->reasons = copy_strings(decision->reasons, decision->nreasons);
	copy->lawful_ways = copy_strings(decision->lawful_ways,
									 decision->nlawful_ways);
	copy->authority = copy_string(decision->authority);
	copy->legal_basis_id = copy_string(decision->legal_basis_id);
	return copy;
}

/*
 * What all rows of a group share, into CurrentMemoryContext.
 *
 * The other fields differ from row to row, and are in the group's columns.
 */
static Disclosure
copy_shared_fields(const Disclosure *disclosure)
{
	Disclosure	copy = {0};

	copy.channel = disclosure->channel;
	copy.operation = copy_string(disclosure->operation);
	copy.relation = copy_string(disclosure->relation);
	copy.data_class = copy_slice(&disclosure->data_class);
	copy.destination = copy_slice(&disclosure->destination);
	copy.destination_state = copy_slice(&disclosure->destination_state);
	copy.legal_basis = copy_slice(&disclosure->legal_basis);
	copy.on_behalf_of = copy_slice(&disclosure->on_behalf_of);
	copy.at = disclosure->at;
	return copy;
}

/* ----------------------------------------------------------------
 *		Groups
 * ----------------------------------------------------------------
 */

/*
 * All that an event says once for all its rows.  Rows that differ in any of
 * this cannot be in one event.  The revision of the policy is part of it: the
 * same rule_id may have said something else before.  The names of roles are
 * looked up when the event is written, their OIDs tell them apart until then.
 *
 * The key is in the scratch buffer.
 */
static ByteKey
group_key(const GatheredDecision *gathered, const Disclosure *disclosure,
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

/*
 * Who acts, in CurrentMemoryContext.  A login that several people share must
 * never pass for one of them.
 *
 * Looked up when the first row comes: an event may have to be written where
 * the catalog can be looked at no more.
 */
static void
set_actor(Actor *actor, Oid session_role, Oid acting_role)
{
	const char *organization = NULL;

	sg_actor_from_session(actor, session_role, acting_role);
	if (sg_context_role_shared(session_role, &organization))
		actor->username_source = "shared_login";
	if (organization == NULL)
		organization = sg_policy_home_agency_name(sg_policy_current());
	actor->organization = copy_string(organization);
}

/*
 * An empty group, in CurrentMemoryContext, with copies of all that its rows
 * share.
 */
static Group *
new_group(const GatheredDecision *gathered, const Disclosure *disclosure,
		  int fields, Oid session_role, Oid acting_role)
{
	Group	   *group = palloc0(sizeof(Group));

	group->outcome = gathered->outcome;
	group->decision = copy_decision(gathered->decision);
	group->disclosure = copy_shared_fields(disclosure);
	set_actor(&group->actor, session_role, acting_role);
	if (group->outcome == OUTCOME_BLOCK)
		sg_writer_prepare();
	group->set.fields = fields;
	group->session_role = session_role;
	group->acting_role = acting_role;
	return group;
}

/*
 * The group for these rows in this level, made where there is none yet.  It
 * lives as long as the level.
 */
static Group *
find_group(Level *level, const GatheredDecision *gathered,
		   const Disclosure *disclosure, int fields, Oid session_role,
		   Oid acting_role)
{
	ByteKey		key = group_key(gathered, disclosure, fields, session_role,
								acting_role);
	GroupEntry *entry = group_table_lookup(level->groups, key);
	MemoryContext oldcontext;
	Group	   *group;
	bool		found;

	if (entry != NULL)
		return entry->group;

	oldcontext = MemoryContextSwitchTo(level->context);
	key.data = memcpy(palloc(key.len), key.data, key.len);
	group = new_group(gathered, disclosure, fields, session_role, acting_role);
	group->level = level;
	entry = group_table_insert(level->groups, key, &found);
	entry->group = group;
	MemoryContextSwitchTo(oldcontext);

	/* Many small groups take memory as surely as many rows do. */
	level->grown = true;
	return group;
}

/*
 * The event outlives the transaction, and a change of policy that it has made
 * may not: then the revision's number will be another's.
 */
static void
forget_uncommitted_revision(DisclosureEvent *event, Decision *decision)
{
	if (!sg_policy_changed_in_transaction())
		return;
	*decision = *event->decision;
	decision->policy_revision = 0;
	event->decision = decision;
}

/*
 * A group's rows as an event, which points into both; what is made anew is in
 * CurrentMemoryContext.  The event's id and time are the caller's to set.
 */
static void
fill_event(DisclosureEvent *event, const Group *group, const RowColumns *rows,
		   int64 nrows)
{
	const RowColumn *persons = rows->column[ROW_PERSON];
	TextSlice	person;

	memset(event, 0, sizeof(*event));
	event->actor = group->actor;

	/* Whoever the application says is at the keyboard comes first. */
	if (persons != NULL)
	{
		event->actor.username_source = "person";
		event->actor.username = NULL;
		if (sg_rows_shared_value(persons, &person))
			event->actor.username = pnstrdup(person.data, person.len);
	}

	event->disclosure = &group->disclosure;
	event->decision = group->decision;
	event->outcome = group->outcome;
	event->rows_disclosed = group->outcome == OUTCOME_BLOCK ? 0 : nrows;
	event->rows_blocked = group->outcome == OUTCOME_BLOCK ? nrows : 0;
	event->rows = *rows;
}

/* Columns for these fields of rows, in CurrentMemoryContext. */
static void
make_columns(RowColumns *columns, int fields)
{
	for (int i = 0; i < ROW_FIELDS; i++)
		columns->column[i] = (fields & HAS_FIELD(i)) ?
			sg_rows_column(CurrentMemoryContext) : NULL;
}

/* The event of one disclosure, as of a group of its own. */
static void
fill_lone_event(DisclosureEvent *event, const Group *group,
				const Disclosure *disclosure, int fields)
{
	const TextSlice *values[ROW_FIELDS] = {
		[ROW_PURPOSE] = &disclosure->purpose,
		[ROW_RECORD_KEY] = &disclosure->record_key,
		[ROW_QUERY_ELEMENTS] = &disclosure->query_elements,
		[ROW_CASE_NUMBER] = &disclosure->case_number,
		[ROW_PERSON] = &disclosure->requesting_person
	};
	RowColumns	columns;

	make_columns(&columns, fields);
	for (int i = 0; i < ROW_FIELDS; i++)
	{
		if (columns.column[i] != NULL)
			sg_rows_append(columns.column[i], values[i]);
	}
	fill_event(event, group, &columns, 1);
	event->occurred_at = disclosure->at;
	sg_event_new_id(&event->event_id, disclosure->at);
}

/* ----------------------------------------------------------------
 *		Pieces: as many of a group's rows as one event may hold
 * ----------------------------------------------------------------
 */

typedef struct Piece
{
	const RowSet *set;
	int64		next;			/* which of the rows comes next */
	int16	   *purposes;		/* which of the piece's purposes is this one
								 * of the set's; 0: none yet */

	/* The piece at hand. */
	RowColumns	columns;
	int64		nrows;
	TimestampTz at;				/* of its first row */
} Piece;

/* To be called when the log was sorted. */
static void
start_pieces(Piece *piece, const RowSet *set)
{
	memset(piece, 0, sizeof(*piece));
	piece->set = set;
	if (set->npurposes > 1)
		piece->purposes = MemoryContextAllocExtended(CurrentMemoryContext,
													 set->npurposes * sizeof(int16),
													 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static inline void
append_purpose(Piece *piece, int number)
{
	RowColumn  *column = piece->columns.column[ROW_PURPOSE];

	if (piece->purposes == NULL)
		sg_rows_append(column, &piece->set->purposes[number]);
	else if (piece->purposes[number] != 0)
		sg_rows_append_index(column, piece->purposes[number]);
	else
		piece->purposes[number] =
			sg_rows_append(column, &piece->set->purposes[number]);
}

/*
 * Does this row fill an event by itself?  Such a one is not put beside others:
 * together they might be more than any event can hold.
 */
static inline bool
fills_event(const RowSet *set, const LoggedRow *row)
{
	return row->words > EVENT_BYTES_MAX / MAXIMUM_ALIGNOF ||
		((set->fields & HAS_FIELD(ROW_PURPOSE)) != 0 &&
		 set->purposes[row->purpose].len > EVENT_BYTES_MAX);
}

/*
 * The next piece, its columns in CurrentMemoryContext; false where there are
 * no more rows.
 */
static bool
next_piece(Piece *piece)
{
	const RowSet *set = piece->set;
	int64		first = piece->next;
	Size		bytes = 0;

	if (first >= set->nrows)
		return false;
	make_columns(&piece->columns, set->fields);
	for (int64 i = first; i < set->nrows; i++)
	{
		const LoggedRow *row = set->rows[i];
		TextSlice	fields[ROW_FIELDS];

		/* Rows of one group lie far from one another. */
		if (i + ROWS_AHEAD < set->nrows)
		{
			sg_prefetch(set->rows[i + ROWS_AHEAD]);
			sg_prefetch((char *) set->rows[i + ROWS_AHEAD] + SG_CACHE_LINE);
		}
		if (i == first)
			piece->at = row->at;
		else if (row->at < piece->at || /* the clock was set back */
				 row->at - piece->at > EVENT_SPAN_USECS ||
				 bytes >= EVENT_BYTES_MAX || i - first >= ROWS_PER_EVENT_MAX ||
				 fills_event(set, row))
			break;
		sg_row_fields(fields, row);
		for (int field = ROW_RECORD_KEY; field < ROW_FIELDS; field++)
		{
			if (piece->columns.column[field] == NULL)
				continue;
			sg_rows_append(piece->columns.column[field], &fields[field]);
			bytes += fields[field].len;
		}
		if (piece->columns.column[ROW_PURPOSE] != NULL)
		{
			append_purpose(piece, row->purpose);
			bytes += set->purposes[row->purpose].len;
		}
		piece->next = i + 1;
	}
	piece->nrows = piece->next - first;

	/* The next piece has purposes of its own. */
	if (piece->purposes != NULL)
	{
		for (int64 i = first; i < piece->next; i++)
			piece->purposes[set->rows[i]->purpose] = 0;
	}
	return true;
}

/* The piece as an event. */
static void
fill_piece_event(DisclosureEvent *event, const Piece *piece)
{
	fill_event(event, group_of_set(piece->set), &piece->columns, piece->nrows);
	event->occurred_at = piece->at;
	sg_event_new_id(&event->event_id, piece->at);
}

/* ----------------------------------------------------------------
 *		Levels: the groups of each subtransaction
 * ----------------------------------------------------------------
 */

bool
sg_gather_is_writing(void)
{
	return writing_events;
}

/* Forgets the rows of a log; whatever decisions know of its groups is stale. */
static void
reset_log(RowLog *log)
{
	if (log->nrows == 0)
		return;
	group_epoch++;
	sg_row_log_reset(log);
}

/* The rows are in nobody's keeping but the caller's from here on. */
static void
reset_held_back(Level *level)
{
	held_back -= level->held_back.nrows;
	reset_log(&level->held_back);
}

/*
 * Has each piece of a log's groups handled, in a memory context that is emptied
 * between them.  Changes nothing in the log.
 */
static void
handle_pieces(RowLog *log, void (*handle) (const Piece *piece, void *arg),
			  void *arg)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "sharing_guard rows by event",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext piece_context = AllocSetContextCreate(scratch,
														"sharing_guard rows of an event",
														ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(scratch);

	sg_row_log_sort(log);
	for (RowSet *set = log->first_set; set != NULL; set = set->next)
	{
		Piece		piece;

		start_pieces(&piece, set);
		MemoryContextSwitchTo(piece_context);
		while (next_piece(&piece))
		{
			handle(&piece, arg);
			MemoryContextReset(piece_context);
		}
		MemoryContextSwitchTo(scratch);
		if (piece.purposes != NULL)
			pfree(piece.purposes);
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(scratch);
}

static void
write_piece(const Piece *piece, void *arg)
{
	DisclosureEvent event;

	fill_piece_event(&event, piece);
	sg_event_write_disclosure((EventWriter *) arg, &event);
}

/*
 * Writes the rows of a level that share the transaction's fate.  Changes
 * nothing in it: the caller knows whether the rows' fate is known yet.
 *
 * While the log is being written to, a trigger that somebody has put on it may
 * run; were that to export rows, what is being written would change under our
 * hands.
 */
static void
write_level(Level *level)
{
	EventWriter *writer;

	if (level->log.nrows == 0)
		return;

	writer = sg_event_writer_open();
	writing_events = true;
	PG_TRY();
	{
		handle_pieces(&level->log, write_piece, writer);
		sg_event_writer_close(writer);
	}
	PG_FINALLY();
	{
		writing_events = false;
	}
	PG_END_TRY();
}

/* A piece for the writer. */
static void
add_piece(const Piece *piece, void *arg)
{
	DisclosureEvent event;
	Decision	decision;

	fill_piece_event(&event, piece);
	forget_uncommitted_revision(&event, &decision);
	sg_writer_batch_add_disclosure((EventBatch *) arg, &event);
}

/*
 * Takes the rows of a level that are held back, for events that do not share
 * the transaction's fate.  They are in the batch then and in no group, so that
 * none is recorded twice: what the writer does not take goes to the server log.
 */
static EventBatch *
take_held_back(Level *level)
{
	EventBatch *batch = sg_writer_batch(WHY_SKIPPED);

	handle_pieces(&level->held_back, add_piece, batch);
	reset_held_back(level);
	return batch;
}

/* What cannot be made an event of has left its line in the server log. */
static void
leave_piece(const Piece *piece, void *arg)
{
	MemoryContext oldcontext = CurrentMemoryContext;

	PG_TRY();
	{
		add_piece(piece, arg);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(oldcontext);
		FlushErrorState();
	}
	PG_END_TRY();
}

/*
 * take_held_back() where a transaction has failed.  An error there is answered
 * by ending the transaction once more, so it must not find the same rows again.
 */
static void
leave_held_back(Level *level)
{
	EventBatch *batch = sg_writer_batch(WHY_SKIPPED);

	PG_TRY();
	{
		handle_pieces(&level->held_back, leave_piece, batch);
	}
	PG_FINALLY();
	{
		reset_held_back(level);
	}
	PG_END_TRY();
	sg_writer_batch_leave(batch);
}

/*
 * Ends what was begun before the first of these rows left, with the rows: the
 * last of them that fit into one event, and the others in events of their own.
 * Or, where the statement goes on, all of them in events of their own.
 *
 * Should it fail, the transaction's end will say so of the group, which is
 * still open.
 */
static void
record_open_group(Group *group, bool complete)
{
	CompletionEvent event = {0};
	Piece		piece;

	start_pieces(&piece, &group->set);
	while (next_piece(&piece))
	{
		EventBatch *batch;

		if (complete && piece.next == group->set.nrows)
			break;
		batch = sg_writer_batch(WHY_FOREIGN);
		add_piece(&piece, batch);
		sg_writer_batch_record(batch);

		/* They need not be counted again, should the statement fail. */
		group->leaving = Max(group->leaving - piece.nrows, 0);
	}
	if (!complete)
		return;

	event.occurred_at = GetCurrentTimestamp();
	event.ending = sg_ending_name(ENDING_COMPLETED);
	event.rows_disclosed = piece.nrows;
	event.rows = piece.columns;
	sg_writer_complete(&group->open, &event, WHY_FOREIGN);

	group->is_open = false;
	group->leaving = 0;
	open_groups--;
}

/* Those of a level, also such as no row came to after all. */
static void
record_open_groups(Level *level, bool complete, const char *relation)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "sharing_guard rows sent",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(scratch);
	group_table_iterator iterator;
	GroupEntry *entry;

	sg_row_log_sort(&level->sent);
	group_table_start_iterate(level->groups, &iterator);
	while ((entry = group_table_iterate(level->groups, &iterator)) != NULL)
	{
		Group	   *group = entry->group;

		if (group->is_open)
			record_open_group(group, complete &&
							  (relation == NULL ||
							   strcmp(relation, group->disclosure.relation) == 0));
	}
	reset_log(&level->sent);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(scratch);
}

/*
 * Records the rows of a level that do not share the transaction's fate.
 * Returns when the events are durable.  With "complete" the statement is over,
 * and what was begun for rows that go to another server is ended; of that
 * relation alone, if one is given.
 *
 * The level is on the stack: what an error leaves is found there when the
 * transaction ends.
 */
static void
record_level_apart(Level *level, bool complete, const char *relation)
{
	if (level->held_back.nrows > 0)
		sg_writer_batch_record(take_held_back(level));
	if (open_groups > 0)
		record_open_groups(level, complete, relation);
}

bool
sg_gather_has_apart(void)
{
	return held_back > 0 || open_groups > 0;
}

/*
 * Records what does not share the transaction's fate: called at the end of
 * each statement that can do so.  Returns when the events are durable.
 */
void
sg_gather_record_apart(const char *relation)
{
	for (Level *level = levels; level != NULL; level = level->parent)
		record_level_apart(level, true, relation);
}

/*
 * The statement failed before its end came.  What it had skipped before was
 * tried all the same, and what it had sent may have arrived; no time is left to
 * wait until that is recorded.
 */
static void
leave_level(Level *level)
{
	group_table_iterator iterator;
	GroupEntry *entry;

	if (level->held_back.nrows > 0)
		leave_held_back(level);

	group_table_start_iterate(level->groups, &iterator);
	while (open_groups > 0 &&
		   (entry = group_table_iterate(level->groups, &iterator)) != NULL)
	{
		Group	   *group = entry->group;

		if (!group->is_open)
			continue;
		group->is_open = false;
		open_groups--;
		sg_writer_end(&group->open, group->leaving, 0, ENDING_FAILED);
	}
}

/*
 * Takes the level's memory into account anew: what is in use.  Asked of the
 * memory context and not added up, so that what the allocator itself needs is
 * counted, too.
 */
static void
measure_level(Level *level)
{
	Size		bytes = MemoryContextMemAllocated(level->context, true) -
	level->log.spare_bytes - level->held_back.spare_bytes -
	level->sent.spare_bytes;

	gathered_bytes += bytes - level->bytes;
	level->bytes = bytes;
	level->grown = false;
}

/* Writes the rows of a level but keeps its groups, for the rows to come. */
static void
write_rows_in_place(Level *level)
{
	record_level_apart(level, false, NULL);
	write_level(level);
	reset_log(&level->log);
	measure_level(level);
}

/* Is more gathered than sharing_guard.gather_memory allows? */
static bool
gathered_too_much(void)
{
	return gathered_bytes > (Size) sg_gather_memory * 1024;
}

/* Frees a level that is off the stack; pointers to its groups become stale. */
static void
free_level(Level *level)
{
	group_epoch++;
	gathered_bytes -= level->bytes;
	MemoryContextDelete(level->context);
	pfree(level);
}

/*
 * Writes the innermost level and is done with it.
 *
 * Taken off the stack before it is written, so that an error leaves no row to
 * be written twice.
 */
static void
write_and_pop_level(void)
{
	Level	   *level = levels;

	record_level_apart(level, true, NULL);
	levels = level->parent;
	group_epoch++;
	write_level(level);
	free_level(level);
}

/*
 * The level of the current subtransaction, made where it has none that takes
 * rows.
 *
 * Its memory is below the top transaction's, whose end frees what no callback
 * has freed before.
 */
static Level *
current_level(void)
{
	SubTransactionId subid = GetCurrentSubTransactionId();
	Level	   *level;
	MemoryContext context;

	/* What is written already, or being written, takes no more rows. */
	if (likely(levels != NULL && levels->subid == subid &&
			   levels->written_in == InvalidSubTransactionId))
		return levels;

	/* Somebody else's callback, after ours: nobody would write the event. */
	if (all_written)
		ereport(ERROR,
				(errcode(ERRCODE_SG_AUDIT_UNAVAILABLE),
				 errmsg("rows cannot be exported while their transaction is being committed"),
				 errdetail("The events of this transaction are written already."),
				 errhint("Export the rows in a transaction of their own.")));
	context = AllocSetContextCreate(TopTransactionContext,
									"sharing_guard gathered events",
									ALLOCSET_SMALL_SIZES);
	level = MemoryContextAllocZero(TopTransactionContext, sizeof(Level));
	level->subid = subid;
	level->written_in = InvalidSubTransactionId;
	level->context = context;
	level->log.context = context;
	level->held_back.context = context;
	level->sent.context = context;
	level->groups = group_table_create(context, 8, NULL);
	level->parent = levels;
	levels = level;
	return level;
}

/* The group that takes this row. */
static Group *
group_for_row(GatheredDecision *gathered, const Disclosure *disclosure)
{
	Oid			session_role = GetSessionUserId();
	Oid			acting_role = GetUserId();
	int			fields = sg_row_has(disclosure);
	Level	   *level = current_level();
	Group	   *group = gathered->group;

	/* The group that the decision's last row went to, unless stale. */
	if (unlikely(group == NULL ||
				 gathered->group_epoch != group_epoch ||
				 group->level != level ||
				 group->session_role != session_role ||
				 group->acting_role != acting_role ||
				 group->set.fields != fields))
	{
		group = find_group(level, gathered, disclosure, fields,
						   session_role, acting_role);
		gathered->group = group;
		gathered->group_epoch = group_epoch;
		gathered->purpose = -1;
	}
	return group;
}

/*
 * The intent has what is known when the first row is about to leave: its own
 * purpose and person among it, but no record key, since this row need not be
 * stored.
 */
void
sg_gather_begin(GatheredDecision *gathered, const Disclosure *disclosure,
				bool leaving)
{
	Group	   *group = group_for_row(gathered, disclosure);
	DisclosureEvent event;
	Decision	decision;

	if (!group->is_open)
	{
		fill_lone_event(&event, group, disclosure,
						group->set.fields & ~HAS_FIELD(ROW_RECORD_KEY));
		event.rows_disclosed = event.rows_blocked = ROWS_UNKNOWN;
		forget_uncommitted_revision(&event, &decision);
		sg_writer_begin(&event, WHY_FOREIGN, &group->open);
		group->is_open = true;
		group->leaving = 0;
		open_groups++;
	}
	if (leaving)
		group->leaving++;
}

/*
 * More is gathered than may be: writes it.  Only what is the current
 * subtransaction's own: an outer one's groups, written here, would vanish if
 * this one aborted.
 *
 * The groups go, too, where it is they that take the memory; not those that
 * are open, for the rows they are still to get have left already.
 */
static pg_noinline void
write_some(void)
{
	SubTransactionId subid = levels->subid;

	write_rows_in_place(levels);
	if (open_groups > 0 ||
		gathered_bytes <= (Size) sg_gather_memory * 1024 / 2)
		return;
	while (levels != NULL && levels->subid == subid)
		write_and_pop_level();
}

/*
 * Records the row that was decided last.  Errors out where events have to be
 * written to make room, and cannot be; then the row does not go out either.
 */
void
sg_gather_row(GatheredDecision *gathered, const Disclosure *disclosure)
{
	Group	   *group = group_for_row(gathered, disclosure);
	Level	   *level = group->level;
	RowLog	   *log = &level->log;

	if (unlikely(group->outcome == OUTCOME_BLOCK))
	{
		log = &level->held_back;
		held_back++;
	}
	else if (unlikely(group->is_open))
		log = &level->sent;

	/*
	 * The purpose is part of the decision key, so all rows under this
	 * decision have the same, and need not have it compared.
	 */
	gathered->purpose = sg_row_log_append(log, &group->set, disclosure,
										  gathered->purpose, &level->grown);

	if (unlikely(level->grown))
	{
		measure_level(level);
		if (gathered_too_much())
			write_some();
	}
}

/*
 * The event of one disclosure, whose fate is not the transaction's.  A group
 * of its own, outside all levels: those go with the transaction.
 */
static void
fill_apart_event(DisclosureEvent *event, const GatheredDecision *gathered,
				 const Disclosure *disclosure)
{
	int			fields = sg_row_has(disclosure);
	Group	   *group = new_group(gathered, disclosure, fields,
								  GetSessionUserId(), GetUserId());

	if (sg_policy_changed_in_transaction())
		group->decision->policy_revision = 0;
	fill_lone_event(event, group, disclosure, fields);
}

/*
 * Records a row whose refusal is about to end the statement, and returns its
 * event's id as text, palloc'd.  When it returns the event is durable.
 */
char *
sg_gather_refusal(const GatheredDecision *gathered,
				  const Disclosure *disclosure)
{
	DisclosureEvent event;

	fill_apart_event(&event, gathered, disclosure);
	sg_writer_record_disclosure(&event, WHY_REFUSED);
	return sg_event_id_text(&event.event_id);
}

/*
 * The event of a disclosure whose rows are not looked at one by one, because
 * they are read and not written; with a decision of the caller's, who may know
 * more of it than policy does.  How many rows is for the caller to say; until
 * then it is not known.  All in CurrentMemoryContext.
 */
void
sg_gather_read_event(DisclosureEvent *event, const Decision *decision,
					 Outcome outcome, const Disclosure *disclosure)
{
	GatheredDecision gathered = {0};

	gathered.decision = decision;
	gathered.outcome = outcome;
	fill_apart_event(event, &gathered, disclosure);
	event->rows_disclosed = ROWS_UNKNOWN;
	event->rows_blocked = 0;
}

/* ----------------------------------------------------------------
 *		The end of transactions and subtransactions
 * ----------------------------------------------------------------
 */

/*
 * Writes all events before the commit, while it can still fail, and forgets
 * whatever is left when the transaction is over.
 *
 * A prepared transaction is written when it is prepared: COMMIT PREPARED may
 * come from another session, which knows nothing of the rows.
 */
static void
gather_xact_callback(XactEvent event, void *arg)
{
	bool		begins = event == XACT_EVENT_PRE_COMMIT ||
	event == XACT_EVENT_PRE_PREPARE;

	/* Most transactions of most sessions. */
	if (likely(levels == NULL && gathered_bytes == 0 && held_back == 0))
	{
		all_written = begins;
		return;
	}

	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			/* An error here aborts the transaction: no event, no export. */
			while (levels != NULL)
				write_and_pop_level();
			all_written = true;
			break;

		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_ABORT:
			all_written = false;
			for (Level *level = levels; level != NULL; level = level->parent)
				leave_level(level);

			/* The levels' memory goes with the transaction's. */
			if (levels != NULL)
				group_epoch++;
			levels = NULL;
			gathered_bytes = 0;
			held_back = 0;
			open_groups = 0;
			break;

		default:
			break;
	}
}

/*
 * Keeps memory bounded where a transaction writes its rows in many small
 * subtransactions: a loop in PL/pgSQL with an exception block, say.
 *
 * While one of them runs, nothing of its parent's may be written, since the
 * subtransaction may still abort.  When it is about to commit its fate becomes
 * the parent's, so both are written now, within it.  They are freed once it
 * has committed, and forgotten to be written should it abort after all.
 */
static void
write_before_subcommit(SubTransactionId subid, SubTransactionId parent_subid)
{
	Level	   *level;

	if (levels == NULL || levels->subid != subid)
		return;
	measure_level(levels);
	if (!gathered_too_much())
		return;

	for (level = levels; level != NULL; level = level->parent)
	{
		if (level->written_in != InvalidSubTransactionId ||
			(level->subid != subid && level->subid != parent_subid))
			continue;
		record_level_apart(level, true, NULL);
		level->written_in = subid;
		group_epoch++;
		write_level(level);
	}
}

/*
 * Its levels become its parent's; what was written in it is done with.
 *
 * Relabelled and not merged with the parent's groups: a merge would copy every
 * row's values once for each level of nesting.
 */
static void
after_subcommit(SubTransactionId subid, SubTransactionId parent_subid)
{
	Level	  **link = &levels;

	while (*link != NULL)
	{
		Level	   *level = *link;

		if (level->written_in == subid)
		{
			*link = level->parent;
			free_level(level);
			continue;
		}
		if (level->subid == subid)
		{
			level->subid = parent_subid;

			/* The next subtransaction's rows go to a level of its own. */
			sg_row_log_trim(&level->log);
			sg_row_log_trim(&level->held_back);
			sg_row_log_trim(&level->sent);
		}
		link = &level->parent;
	}
}

/*
 * Its rows are gone, and its groups with them.  What was written in it of the
 * parent's has vanished from the log, so it is to be written again.
 */
static void
after_subabort(SubTransactionId subid)
{
	while (levels != NULL && levels->subid == subid)
	{
		Level	   *level = levels;

		leave_level(level);
		levels = level->parent;
		free_level(level);
	}
	for (Level *level = levels; level != NULL; level = level->parent)
	{
		if (level->written_in == subid)
			level->written_in = InvalidSubTransactionId;
	}
}

/*
 * Keeps the levels in step with the subtransactions.  Only the first of these
 * events may fail; after it the subtransaction's fate is sealed.
 */
static void
gather_subxact_callback(SubXactEvent event, SubTransactionId mySubid,
						SubTransactionId parentSubid, void *arg)
{
	if (levels == NULL)
		return;

	switch (event)
	{
		case SUBXACT_EVENT_PRE_COMMIT_SUB:
			write_before_subcommit(mySubid, parentSubid);
			break;
		case SUBXACT_EVENT_COMMIT_SUB:
			after_subcommit(mySubid, parentSubid);
			break;
		case SUBXACT_EVENT_ABORT_SUB:
			after_subabort(mySubid);
			break;
		default:
			break;
	}
}
