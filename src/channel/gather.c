/*-------------------------------------------------------------------------
 *
 * gather.c
 *		Decides on rows, once per key, and gathers what was decided into
 *		events.
 *
 * Two caches make a protected row cheap.
 *
 * The decision cache remembers what policy said of a decision key (guard,
 * operation, destination, purpose, legal basis, ...), until the policy or the
 * guard changes or a validity window that the decision looked at ends.
 *
 * The gathering remembers which rows were let out (or skipped) under which
 * decision, as groups of parallel columns, and writes each group as one event
 * with the transaction: at its end, or before when memory runs out, when the
 * group is full, or when its rows would lie more than a second apart.
 *
 * Groups belong to a subtransaction.  When it aborts its rows are gone, and
 * so must be its groups; when it commits they become its parent's.
 *
 * What is held back is recorded whatever becomes of the transaction, by way of
 * audit/writer: the one row that ends a statement at once, rows that a guard
 * skips at the end of their statement, or with their group when that is full.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "audit/overdue.h"
#include "audit/writer.h"
#include "channel/context.h"
#include "channel/gather.h"
#include "channel/maintenance.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "policy/change.h"
#include "policy/decide.h"
#include "policy/fold.h"
#include "policy/legal_basis.h"
#include "policy/policy.h"
#include "operational.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "vocabulary.h"

/*
 * All rows of one event were decided within this time of the first: an event
 * has one time for all of them, and an access record needs each one's (Cal.
 * Civ. Code 1798.90.52).
 */
#define GROUP_SPAN_USECS	USECS_PER_SEC

/* A group is written when its per-row values take this much memory. */
#define GROUP_BYTES_MAX		(256 * 1024)

/*
 * How many rows may be gathered between two looks at the memory used: not
 * every row need pay for one.
 */
#define ROWS_BETWEEN_MEMORY_CHECKS 256

/*
 * The decision cache starts anew at either of these sizes.  Purposes are free
 * text, so there is no end to the keys.
 */
#define DECISIONS_MAX		10000
#define DECISIONS_BYTES_MAX (8 * 1024 * 1024)

/* A key longer than this does not keep its buffer. */
#define KEY_BUFFER_KEPT		(64 * 1024)

/*
 * Which per-row fields a group's rows have.  All rows of a group have the
 * same, so that a column holds either all of them or none.
 */
#define HAS_PURPOSE			0x01
#define HAS_QUERY_ELEMENTS	0x02
#define HAS_CASE_NUMBER		0x04
#define HAS_PERSON			0x08
#define HAS_RECORD_KEY		0x10

/*
 * Rows of one decision that have not been written yet.
 */
typedef struct Group
{
	/* What every row has to look at, together. */
	struct Level *level;
	TimestampTz first_at;
	Size		bytes;			/* of its rows' values, about */
	int			nrows;			/* 0: empty, the next row starts an event */
	int			fields;
	Oid			session_role;
	Oid			acting_role;
	uint64		fill_number;	/* changes each time it is emptied */
	Outcome		outcome;

	RowColumn  *record_keys;
	RowColumn  *purposes;
	RowColumn  *query_elements;
	RowColumn  *case_numbers;
	RowColumn  *requesting_persons;

	pg_uuid_t	event_id;
	Decision   *decision;
	Disclosure	disclosure;		/* without the per-row fields */
	Actor		actor;			/* but for a person whom the rows name */

	/* Of rows that go to another server: what was recorded before the first. */
	bool		is_open;
	OpenDisclosure open;
	int64		leaving;		/* how many were let go */
} Group;

/* Both tables below have a byte string as key, hashed once. */
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

#define byte_key_equal(a, b) \
	((a).hash == (b).hash && (a).len == (b).len && \
	 memcmp((a).data, (b).data, (a).len) == 0)

#define SH_PREFIX group_table
#define SH_ELEMENT_TYPE GroupEntry
#define SH_KEY_TYPE ByteKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) ((key).hash)
#define SH_EQUAL(tb, a, b) byte_key_equal(a, b)
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
	group_table_hash *groups;
	struct Level *parent;
} Level;

static Level *levels = NULL;

/* Changes whenever groups are freed, so that pointers to them are stale. */
static uint64 group_epoch = 1;

/* Events are being written: nothing may be exported meanwhile. */
static bool writing_events = false;

/* Memory held by all levels, as of the last look at each. */
static Size gathered_bytes = 0;
static int	rows_since_memory_check = 0;

/* Rows in groups that are held back, and not recorded yet. */
static int64 held_back = 0;

/* Groups whose rows go to another server, and are not recorded yet. */
static int	open_groups = 0;

#define WHY_SKIPPED "rows were skipped"
#define WHY_FOREIGN "rows were to be sent to another server"
#define WHY_REFUSED "the statement was refused"

/*
 * A decision in the cache: itself the entry of the hash table.  A statement
 * goes from one to the next, and none stays in the processor's cache for its
 * next row; so what a row needs is together, and short.
 */
struct GatheredDecision
{
	ByteKey		key;
	char		status;
	bool		one_row;		/* the decision's depends_on_record */

	/* Where in the group's purposes this decision's purpose stands. */
	int16		purpose_index;
	Outcome		outcome;		/* the modes considered */
	uint64		purpose_fill_number;

	/* While does the decision hold? */
	TimestampTz decided_at;
	TimestampTz valid_until;

	/* The group that the last row under this decision went to. */
	Group	   *group;
	uint64		group_epoch;

	const Decision *decision;
};

#define SH_PREFIX decision_table
#define SH_ELEMENT_TYPE GatheredDecision
#define SH_KEY_TYPE ByteKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) ((key).hash)
#define SH_EQUAL(tb, a, b) byte_key_equal(a, b)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* The decision cache, and what it was filled under. */
static MemoryContext decision_context = NULL;
static decision_table_hash *decisions = NULL;
static uint64 decisions_policy_load = 0;
static uint64 decisions_guard_load = 0;

/* A decision that holds for one row alone lives here until the next row. */
static MemoryContext row_context = NULL;

/* Scratch for building keys. */
static StringInfoData key_buffer;

static void gather_xact_callback(XactEvent event, void *arg);
static void gather_subxact_callback(SubXactEvent event,
									SubTransactionId mySubid,
									SubTransactionId parentSubid, void *arg);

/* Called once, at library load: each call would register another callback. */
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
 * Begin a key in the scratch buffer, which holds one at a time.  It is kept
 * from row to row, unless a huge value has blown it up.
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

/*
 * Throws the decision cache away, and makes an empty one.  The pointer is
 * cleared first: if memory runs out, the next row finds no table rather than
 * freed memory.
 */
static void
forget_decisions(void)
{
	if (decision_context == NULL)
		decision_context = AllocSetContextCreate(TopMemoryContext,
												 "sharing_guard decisions",
												 ALLOCSET_DEFAULT_SIZES);
	decisions = NULL;
	MemoryContextReset(decision_context);
	decisions = decision_table_create(decision_context, 256, NULL);
}

/*
 * What a policy decision means under this guard, the modes considered: a block
 * stops the row only where guard and policy both enforce.  Else it goes out,
 * flagged, and would_be_outcome keeps what was decided.
 */
static Outcome
effective_outcome(const Policy *policy, const Guard *guard,
				  const Decision *decision)
{
	if (decision->outcome == OUTCOME_BLOCK &&
		!(guard->enforce && sg_policy_enforces(policy)))
		return OUTCOME_FLAG;
	return decision->outcome;
}

/* The same for a decision that a channel has made stricter. */
Outcome
sg_gather_effective_outcome(const Guard *guard, const Decision *decision)
{
	return effective_outcome(sg_policy_current(), guard, decision);
}

/* Asks policy; what the answer points to is in the given context. */
static void
make_decision(GatheredDecision *gathered, const Policy *policy,
			  const Guard *guard, const Disclosure *disclosure,
			  MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);

	gathered->decision = sg_decide(policy, disclosure);
	gathered->outcome = effective_outcome(policy, guard, gathered->decision);
	gathered->one_row = gathered->decision->depends_on_record;
	gathered->decided_at = disclosure->at;
	gathered->valid_until = gathered->decision->valid_until;
	gathered->group = NULL;
	MemoryContextSwitchTo(oldcontext);
}

/*
 * A decision for this row alone: a legal basis has looked at its key or its
 * case.  Never in the cache, or the next row would go out on this one's
 * warrant.
 */
static GatheredDecision *
decide_one_row(const Policy *policy, const Guard *guard,
			   const Disclosure *disclosure)
{
	static GatheredDecision gathered;

	if (row_context == NULL)
		row_context = AllocSetContextCreate(TopMemoryContext,
											"sharing_guard row decision",
											ALLOCSET_SMALL_SIZES);
	MemoryContextReset(row_context);
	make_decision(&gathered, policy, guard, disclosure, row_context);
	return &gathered;
}

/* The texts that a decision may depend on. */
#define DECISION_TEXTS 6

/* What a decision key begins with; the texts follow, end to end. */
typedef struct DecisionKeyHead
{
	const char *operation;		/* a constant of the channel's */
	Oid			protected_relid;
	uint16		channel;
	uint16		given;			/* one bit for each text, one for a case */
} DecisionKeyHead;

/*
 * Puts text number i, behind its length, at "to", and returns where the next
 * goes.
 */
static inline char *
key_put_text(DecisionKeyHead *head, int i, const TextSlice *text, char *to)
{
	uint32		len = (uint32) text->len;

	if (text->data == NULL)
		return to;
	head->given |= 1u << i;
	memcpy(to, &len, sizeof(len));
	to += sizeof(len);
	memcpy(to, text->data, len);
	return to + len;
}

/* What key_put_text() needs. */
static inline Size
text_size(const TextSlice *text)
{
	return text->data == NULL ? 0 : sizeof(uint32) + text->len;
}

/*
 * All that a decision may depend on, but for what depends_on_record tells.
 *
 * This is done for every row, so room is made once and the key is short: what
 * is not given takes one bit.
 *
 * The operation is in it although no rule asks for it, since a decision
 * remembers the group that its last row went to, and the guard for its mode as
 * well.  Whether there is a case number is a condition of rules; which one it
 * is, only depends_on_record asks.  The key is in the scratch buffer.
 */
static ByteKey
decision_key(const Guard *guard, const Disclosure *disclosure)
{
	DecisionKeyHead head;
	char	   *to;
	ByteKey		key;

	/* Padding, if there is any, is part of the key. */
	memset(&head, 0, sizeof(head));
	head.operation = disclosure->operation;
	head.protected_relid = guard->protected_relid;
	head.channel = disclosure->channel;

	/* As policy sees it: blanks are no case number. */
	if (disclosure->case_number.data != NULL &&
		sg_is_given(disclosure->case_number))
		head.given |= 1u << DECISION_TEXTS;

	key_start();
	enlargeStringInfo(&key_buffer, sizeof(head) +
					  text_size(&disclosure->destination) +
					  text_size(&disclosure->purpose) +
					  text_size(&disclosure->data_class) +
					  text_size(&disclosure->destination_state) +
					  text_size(&disclosure->legal_basis) +
					  text_size(&disclosure->on_behalf_of));
	to = key_buffer.data + sizeof(head);
	to = key_put_text(&head, 0, &disclosure->destination, to);
	to = key_put_text(&head, 1, &disclosure->purpose, to);
	to = key_put_text(&head, 2, &disclosure->data_class, to);
	to = key_put_text(&head, 3, &disclosure->destination_state, to);
	to = key_put_text(&head, 4, &disclosure->legal_basis, to);
	to = key_put_text(&head, 5, &disclosure->on_behalf_of, to);
	memcpy(key_buffer.data, &head, sizeof(head));
	key_buffer.len = to - key_buffer.data;
	for (int i = 0; i < disclosure->ndeclared_tags; i++)
		key_add_slice(&disclosure->declared_tags[i]);

	/*
	 * It is the texts that tell keys apart.  The guard has a part in the
	 * hash, for many tables may send the same to the same.
	 */
	key.data = key_buffer.data;
	key.len = key_buffer.len;
	key.hash = hash_combine(head.protected_relid,
							hash_bytes((const unsigned char *) key.data + sizeof(head),
									   key.len - sizeof(head)));
	return key;
}

/*
 * Asks policy, and keeps the answer in the cache, in the place of an older one
 * under this key.
 */
static GatheredDecision *
decide_anew(const Policy *policy, const Guard *guard,
			const Disclosure *disclosure, ByteKey key)
{
	GatheredDecision made;
	GatheredDecision *gathered;
	bool		found;

	/* What was replaced takes memory until the cache starts anew. */
	if (decisions->members >= DECISIONS_MAX ||
		MemoryContextMemAllocated(decision_context, true) > DECISIONS_BYTES_MAX)
		forget_decisions();

	/* Decide first: an error must not leave an entry without a decision. */
	make_decision(&made, policy, guard, disclosure, decision_context);
	key.data = memcpy(MemoryContextAlloc(decision_context, key.len),
					  key.data, key.len);
	gathered = decision_table_insert(decisions, key, &found);
	made.key = key;
	made.status = gathered->status;
	*gathered = made;
	return gathered;
}

/*
 * What policy says of this row, from the cache where that still holds.  Errors
 * out as sg_policy_current() does.  Good until the next call, which may empty
 * the cache.
 */
static GatheredDecision *
ask_policy(const Guard *guard, const Disclosure *disclosure)
{
	const Policy *policy;
	ByteKey		key;
	GatheredDecision *gathered;

	/* This may write, and so change the policy's revision. */
	sg_maintenance_check(disclosure);
	policy = sg_policy_current();
	if (unlikely(decisions == NULL ||
				 decisions_policy_load != sg_policy_load_number(policy) ||
				 decisions_guard_load != guard->load_number))
	{
		forget_decisions();
		decisions_policy_load = sg_policy_load_number(policy);
		decisions_guard_load = guard->load_number;
	}

	key = decision_key(guard, disclosure);
	gathered = decision_table_lookup(decisions, key);
	if (unlikely(gathered == NULL))
		return decide_anew(policy, guard, disclosure, key);
	if (unlikely(gathered->one_row))
		return decide_one_row(policy, guard, disclosure);

	/*
	 * A validity window may have opened or closed since (or the clock was set
	 * back).
	 */
	if (unlikely(disclosure->at >= gathered->valid_until ||
				 disclosure->at < gathered->decided_at))
		return decide_anew(policy, guard, disclosure, key);
	return gathered;
}

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
	GatheredDecision *gathered = ask_policy(guard, disclosure);
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
	if (!decision->legal_basis_limited || decision->outcome == OUTCOME_BLOCK)
		return gathered;
	policy = sg_policy_current();
	if (ahead ?
		sg_legal_basis_use_ahead(policy, decision->legal_basis_id) :
		sg_legal_basis_use(policy, decision->legal_basis_id, 1))
		return gathered;
	/* There may have been a long wait: the policy as it is now. */
	disclosure->legal_basis_used_up = true;
	return decide_one_row(sg_policy_current(), guard, disclosure);
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

/* Which of the per-row fields this row has. */
static int
fields_of(const Disclosure *disclosure)
{
	return (disclosure->purpose.data ? HAS_PURPOSE : 0) |
		(disclosure->query_elements.data ? HAS_QUERY_ELEMENTS : 0) |
		(disclosure->case_number.data ? HAS_CASE_NUMBER : 0) |
		(disclosure->requesting_person.data ? HAS_PERSON : 0) |
		(disclosure->record_key.data ? HAS_RECORD_KEY : 0);
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
group_key(const GatheredDecision *gathered, const Disclosure *disclosure,
		  int fields, Oid session_role, Oid acting_role)
{
	const Decision *decision = gathered->decision;

	key_start();
	key_add_bytes(&fields, sizeof(fields));
	key_add_bytes(&session_role, sizeof(session_role));
	key_add_bytes(&acting_role, sizeof(acting_role));
	key_add_bytes(&disclosure->channel, sizeof(disclosure->channel));
	key_add_bytes(&gathered->outcome, sizeof(gathered->outcome));
	key_add_bytes(&decision->outcome, sizeof(decision->outcome));
	key_add_bytes(&decision->destination_class,
				  sizeof(decision->destination_class));
	key_add_bytes(&decision->agency_status, sizeof(decision->agency_status));
	key_add_bytes(&decision->policy_revision,
				  sizeof(decision->policy_revision));
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
	key_add_bytes(&decision->ntags, sizeof(decision->ntags));
	for (int i = 0; i < decision->ntags; i++)
		key_add_string(decision->tags[i]);
	key_add_bytes(&decision->nmatched_terms, sizeof(decision->nmatched_terms));
	for (int i = 0; i < decision->nmatched_terms; i++)
		key_add_string(decision->matched_terms[i]);
	for (int i = 0; i < decision->nrules; i++)
		key_add_string(decision->rule_ids[i]);

	/* The same rules may give other reasons: why a legal basis did not lift. */
	for (int i = 0; i < decision->nreasons; i++)
		key_add_string(decision->reasons[i]);
	return key_finish();
}

/* A column for a field that this group's rows have; NULL where they do not. */
static RowColumn *
column_for(int fields, int field, MemoryContext context)
{
	return (fields & field) ? sg_rows_column(context) : NULL;
}

static void
add_columns(Group *group, int fields, MemoryContext context)
{
	group->record_keys = column_for(fields, HAS_RECORD_KEY, context);
	group->purposes = column_for(fields, HAS_PURPOSE, context);
	group->query_elements = column_for(fields, HAS_QUERY_ELEMENTS, context);
	group->case_numbers = column_for(fields, HAS_CASE_NUMBER, context);
	group->requesting_persons = column_for(fields, HAS_PERSON, context);
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

	/* First of all, so that they lie beside it. */
	add_columns(group, fields, CurrentMemoryContext);
	group->outcome = gathered->outcome;
	group->decision = copy_decision(gathered->decision);
	group->disclosure = copy_shared_fields(disclosure);
	set_actor(&group->actor, session_role, acting_role);
	if (group->outcome == OUTCOME_BLOCK)
		sg_writer_prepare();
	group->fields = fields;
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
	rows_since_memory_check = ROWS_BETWEEN_MEMORY_CHECKS;
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
 * A group as an event, which points into the group; what is made anew is in
 * CurrentMemoryContext.
 */
static void
fill_event(DisclosureEvent *event, const Group *group)
{
	TextSlice	person;

	memset(event, 0, sizeof(*event));
	event->event_id = group->event_id;
	event->occurred_at = group->first_at;
	event->actor = group->actor;

	/* Whoever the application says is at the keyboard comes first. */
	if (group->requesting_persons != NULL)
	{
		event->actor.username_source = "person";
		event->actor.username = NULL;
		if (sg_rows_shared_value(group->requesting_persons, &person))
			event->actor.username = pnstrdup(person.data, person.len);
	}

	event->disclosure = &group->disclosure;
	event->decision = group->decision;
	event->outcome = group->outcome;
	event->rows_disclosed = group->outcome == OUTCOME_BLOCK ? 0 : group->nrows;
	event->rows_blocked = group->outcome == OUTCOME_BLOCK ? group->nrows : 0;
	event->record_keys = group->record_keys;
	event->purposes = group->purposes;
	event->query_elements = group->query_elements;
	event->case_numbers = group->case_numbers;
	event->requesting_persons = group->requesting_persons;
}

/*
 * Opens the log.  While it is being written to, a trigger that somebody has
 * put on it may run; were that to export rows, the groups that are being
 * written would change under our hands.
 */
static EventWriter *
begin_writing(void)
{
	EventWriter *writer = sg_event_writer_open();

	writing_events = true;
	return writer;
}

bool
sg_gather_is_writing(void)
{
	return writing_events;
}

/* Is this group recorded apart from the transaction? */
static inline bool
is_apart(const Group *group)
{
	return group->outcome == OUTCOME_BLOCK || group->is_open;
}

/*
 * Writes a group as one event.  An empty one has been written in the middle of
 * the statement and has got no rows since.
 */
static void
write_group(EventWriter *writer, const Group *group)
{
	DisclosureEvent event;

	if (group->nrows == 0 || is_apart(group))
		return;
	fill_event(&event, group);
	sg_event_write_disclosure(writer, &event);
}

/* May a row decided at this time still join the group's event? */
static bool
group_has_room(const Group *group, TimestampTz at)
{
	return group->nrows < ROWS_PER_EVENT_MAX &&
		at - group->first_at <= GROUP_SPAN_USECS &&
		group->bytes < GROUP_BYTES_MAX;
}

static void
free_column(RowColumn *column)
{
	if (column != NULL)
		sg_rows_free(column);
}

/* Makes a group that is about to be written, or left, one without rows. */
static void
restart_group(Level *level, Group *group)
{
	Group		empty = *group;

	/* First what may fail. */
	add_columns(&empty, group->fields, level->context);
	empty.nrows = 0;
	empty.bytes = 0;
	empty.fill_number++;
	if (group->outcome == OUTCOME_BLOCK)
		held_back -= group->nrows;
	*group = empty;
}

static void
free_columns(Group *group)
{
	free_column(group->record_keys);
	free_column(group->purposes);
	free_column(group->query_elements);
	free_column(group->case_numbers);
	free_column(group->requesting_persons);
}

/*
 * Writes a group's rows now and starts it anew.
 *
 * Anew before they are written, so that an error leaves no row to be written
 * twice.
 */
static void
write_and_restart_group(Level *level, Group *group)
{
	Group		full = *group;
	EventWriter *writer;

	restart_group(level, group);
	if (is_apart(&full))
	{
		DisclosureEvent event;
		Decision	decision;

		/* What is open stays so: its completion will have the last rows. */
		fill_event(&event, &full);
		forget_uncommitted_revision(&event, &decision);
		sg_writer_record_disclosure(&event, full.is_open ? WHY_FOREIGN :
									WHY_SKIPPED);
		free_columns(&full);
		return;
	}

	writer = begin_writing();
	PG_TRY();
	{
		write_group(writer, &full);
		sg_event_writer_close(writer);
	}
	PG_FINALLY();
	{
		writing_events = false;
	}
	PG_END_TRY();

	free_columns(&full);
}

/* ----------------------------------------------------------------
 *		Levels: the groups of each subtransaction
 * ----------------------------------------------------------------
 */

/*
 * Takes the rows of a level that are held back, for events that do not share
 * the transaction's fate.  They are in the batch then and in no group.
 */
static void
take_held_back(EventBatch *batch, Level *level)
{
	group_table_iterator iterator;
	GroupEntry *entry;

	group_table_start_iterate(level->groups, &iterator);
	while (held_back > 0 &&
		   (entry = group_table_iterate(level->groups, &iterator)) != NULL)
	{
		Group	   *group = entry->group;
		Group		full = *group;
		DisclosureEvent event;
		Decision	decision;

		if (group->outcome != OUTCOME_BLOCK || group->nrows == 0)
			continue;
		restart_group(level, group);
		fill_event(&event, &full);
		forget_uncommitted_revision(&event, &decision);
		sg_writer_batch_add_disclosure(batch, &event);
		free_columns(&full);
	}
}

/*
 * Ends what was begun before the first of these rows left, with the rows.
 *
 * Should it fail, the transaction's end will say so of the group, which is
 * still open.
 */
static void
complete_group(Level *level, Group *group)
{
	CompletionEvent event = {0};
	Group		full = *group;

	event.occurred_at = GetCurrentTimestamp();
	event.ending = sg_ending_name(ENDING_COMPLETED);
	event.rows_disclosed = group->nrows;
	event.record_keys = group->record_keys;
	event.purposes = group->purposes;
	event.query_elements = group->query_elements;
	event.case_numbers = group->case_numbers;
	event.requesting_persons = group->requesting_persons;
	sg_writer_complete(&group->open, &event, WHY_FOREIGN);

	group->is_open = false;
	group->leaving = 0;
	open_groups--;
	restart_group(level, group);
	free_columns(&full);
}

static void
complete_groups(Level *level)
{
	group_table_iterator iterator;
	GroupEntry *entry;

	group_table_start_iterate(level->groups, &iterator);
	while (open_groups > 0 &&
		   (entry = group_table_iterate(level->groups, &iterator)) != NULL)
	{
		if (entry->group->is_open)
			complete_group(level, entry->group);
	}
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
sg_gather_record_apart(void)
{
	if (held_back > 0)
	{
		EventBatch *batch = sg_writer_batch(WHY_SKIPPED);

		for (Level *level = levels; level != NULL; level = level->parent)
			take_held_back(batch, level);
		sg_writer_batch_record(batch);
	}
	for (Level *level = levels; level != NULL && open_groups > 0;
		 level = level->parent)
		complete_groups(level);
}

/*
 * The same for one level, which is on the stack: what an error leaves is found
 * there when the transaction ends.
 */
static void
record_level_apart(Level *level)
{
	if (held_back > 0)
	{
		EventBatch *batch = sg_writer_batch(WHY_SKIPPED);

		take_held_back(batch, level);
		sg_writer_batch_record(batch);
	}
	complete_groups(level);
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

	if (held_back > 0)
	{
		EventBatch *batch = sg_writer_batch(WHY_SKIPPED);

		take_held_back(batch, level);
		sg_writer_batch_leave(batch);
	}

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
 * Writes all groups of a level that share the transaction's fate, each as one
 * event.  Frees nothing: the caller knows whether the rows' fate is known yet.
 */
static void
write_level(Level *level)
{
	EventWriter *writer;
	group_table_iterator iterator;
	GroupEntry *entry;

	if (level->groups->members == 0)
		return;

	writer = begin_writing();
	PG_TRY();
	{
		group_table_start_iterate(level->groups, &iterator);
		while ((entry = group_table_iterate(level->groups, &iterator)) != NULL)
			write_group(writer, entry->group);
		sg_event_writer_close(writer);
	}
	PG_FINALLY();
	{
		writing_events = false;
	}
	PG_END_TRY();
}

/*
 * Takes the level's memory into account anew.  Asked of the memory context and
 * not added up, so that what the allocator itself needs is counted, too.
 */
static void
measure_level(Level *level)
{
	Size		bytes = MemoryContextMemAllocated(level->context, true);

	gathered_bytes += bytes - level->bytes;
	level->bytes = bytes;
}

/*
 * Writes the rows of a level but keeps its groups: some of them are open, and
 * the rows they are still to get have left already.
 */
static void
write_rows_in_place(Level *level)
{
	group_table_iterator iterator;
	GroupEntry *entry;

	group_table_start_iterate(level->groups, &iterator);
	while ((entry = group_table_iterate(level->groups, &iterator)) != NULL)
	{
		if (entry->group->nrows > 0)
			write_and_restart_group(level, entry->group);
	}
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
 * Taken off the stack before it is written: see write_and_restart_group().
 */
static void
write_and_pop_level(void)
{
	Level	   *level = levels;

	record_level_apart(level);
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
	if (levels != NULL && levels->subid == subid &&
		levels->written_in == InvalidSubTransactionId)
		return levels;

	context = AllocSetContextCreate(TopTransactionContext,
									"sharing_guard gathered events",
									ALLOCSET_SMALL_SIZES);
	level = MemoryContextAllocZero(TopTransactionContext, sizeof(Level));
	level->subid = subid;
	level->written_in = InvalidSubTransactionId;
	level->context = context;
	level->groups = group_table_create(context, 8, NULL);
	level->parent = levels;
	levels = level;
	return level;
}

/*
 * Adds a row's values to a group, all but the purpose.  The first row of an
 * event gives it its id and its time.
 */
static void
add_row(Group *group, const Disclosure *disclosure)
{
	if (group->nrows == 0)
	{
		sg_event_new_id(&group->event_id, disclosure->at);
		group->first_at = disclosure->at;
	}
	group->nrows++;
	if (group->outcome == OUTCOME_BLOCK)
		held_back++;
	group->bytes += disclosure->record_key.len + disclosure->purpose.len +
		disclosure->query_elements.len + disclosure->case_number.len +
		disclosure->requesting_person.len;

	if (group->record_keys)
		sg_rows_append(group->record_keys, &disclosure->record_key);
	if (group->query_elements)
		sg_rows_append(group->query_elements, &disclosure->query_elements);
	if (group->case_numbers)
		sg_rows_append(group->case_numbers, &disclosure->case_number);
	if (group->requesting_persons)
		sg_rows_append(group->requesting_persons,
					   &disclosure->requesting_person);
}

/* The group that takes this row; its event has room for it. */
static Group *
group_for_row(GatheredDecision *gathered, const Disclosure *disclosure)
{
	Oid			session_role = GetSessionUserId();
	Oid			acting_role = GetUserId();
	int			fields = fields_of(disclosure);

	for (;;)
	{
		Level	   *level = current_level();
		Group	   *group = gathered->group;

		/* The group that the decision's last row went to, unless stale. */
		if (unlikely(group == NULL ||
					 gathered->group_epoch != group_epoch ||
					 group->level != level ||
					 group->session_role != session_role ||
					 group->acting_role != acting_role ||
					 group->fields != fields))
		{
			group = find_group(level, gathered, disclosure, fields,
							   session_role, acting_role);
			gathered->group = group;
			gathered->group_epoch = group_epoch;
			gathered->purpose_fill_number = PG_UINT64_MAX;
		}

		if (group->nrows == 0 || group_has_room(group, disclosure->at))
			return group;

		/* Once it is written, nothing need be where it was: look again. */
		write_and_restart_group(level, group);
	}
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
	Group		first;

	if (!group->is_open)
	{
		first = *group;
		add_columns(&first, fields_of(disclosure) & ~HAS_RECORD_KEY,
					CurrentMemoryContext);
		first.nrows = 0;
		add_row(&first, disclosure);
		if (first.purposes)
			sg_rows_append(first.purposes, &disclosure->purpose);
		fill_event(&event, &first);
		event.rows_disclosed = event.rows_blocked = ROWS_UNKNOWN;
		forget_uncommitted_revision(&event, &decision);
		sg_writer_begin(&event, WHY_FOREIGN, &group->open);
		free_columns(&first);
		group->is_open = true;
		group->leaving = 0;
		open_groups++;
	}
	if (leaving)
		group->leaving++;
}

/*
 * Records the row that was decided last.  Errors out where an event has to be
 * written to make room, and cannot be; then the row does not go out either.
 */
void
sg_gather_row(GatheredDecision *gathered, const Disclosure *disclosure)
{
	Group	   *group = group_for_row(gathered, disclosure);

	add_row(group, disclosure);
	if (group->purposes)
	{
		/*
		 * The purpose is part of the decision key, so all rows under this
		 * decision have the same, and need not have it compared.
		 */
		if (gathered->purpose_fill_number == group->fill_number)
			sg_rows_append_index(group->purposes, gathered->purpose_index);
		else
		{
			gathered->purpose_index = sg_rows_append(group->purposes,
													 &disclosure->purpose);
			gathered->purpose_fill_number = group->fill_number;
		}
	}

	if (++rows_since_memory_check >= ROWS_BETWEEN_MEMORY_CHECKS)
	{
		SubTransactionId subid = levels->subid;

		rows_since_memory_check = 0;
		measure_level(levels);
		if (gathered_too_much() && open_groups > 0)
			write_rows_in_place(levels);
		else if (gathered_too_much())
		{
			/*
			 * Only what is the current subtransaction's own: an outer one's
			 * groups, written here, would vanish if this one aborted.
			 */
			while (levels != NULL && levels->subid == subid)
				write_and_pop_level();
		}
	}
}

/*
 * The event of one disclosure, whose fate is not the transaction's.  A group
 * of its own, outside all levels: those go with the transaction.
 */
static void
fill_lone_event(DisclosureEvent *event, const GatheredDecision *gathered,
				const Disclosure *disclosure)
{
	Group	   *group = new_group(gathered, disclosure, fields_of(disclosure),
								  GetSessionUserId(), GetUserId());

	if (sg_policy_changed_in_transaction())
		group->decision->policy_revision = 0;
	add_row(group, disclosure);
	if (group->outcome == OUTCOME_BLOCK)
		held_back--;			/* for the caller to record */
	if (group->purposes)
		sg_rows_append(group->purposes, &disclosure->purpose);
	fill_event(event, group);
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

	fill_lone_event(&event, gathered, disclosure);
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
	fill_lone_event(event, &gathered, disclosure);
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
	/* Most transactions of most sessions. */
	if (likely(levels == NULL && gathered_bytes == 0 && held_back == 0))
		return;

	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			/* An error here aborts the transaction: no event, no export. */
			while (levels != NULL)
				write_and_pop_level();
			break;

		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_ABORT:
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
		record_level_apart(level);
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
			level->subid = parent_subid;
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
