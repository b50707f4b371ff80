/*-------------------------------------------------------------------------
 *
 * decision_cache.c
 *		What the policy said, remembered for all rows that are alike.
 *
 * The cache knows what policy said of a decision key (guard, operation,
 * destination, purpose, legal basis, ...), until the policy or the guard
 * changes or a validity window that the decision looked at ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/rows.h"
#include "channel/decision_cache.h"
#include "channel/maintenance.h"
#include "common/hashfn.h"
#include "policy/decide.h"
#include "policy/fold.h"
#include "policy/policy.h"
#include "utils/memutils.h"

/*
 * The cache starts anew at either of these sizes.  Purposes are free text, so
 * there is no end to the keys; but a feed to some thousand agencies for some
 * purposes, one after the other, should find all of its decisions.  Memory is
 * taken in blocks that are small beside the limit, so that the limit means what
 * is in use.
 */
#define DECISIONS_MAX		20000
#define DECISIONS_BYTES_MAX (16 * 1024 * 1024)
#define DECISIONS_BLOCK		(64 * 1024)

/* A key longer than this does not keep its buffer. */
#define KEY_BUFFER_KEPT		(64 * 1024)
#define KEY_BUFFER_SIZE		1024

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

/* The cache, and what it was filled under. */
static MemoryContext decision_context = NULL;
static decision_table_hash *decisions = NULL;
static uint64 decisions_policy_load = 0;
static uint64 decisions_guard_load = 0;

/* A decision that holds for one row alone lives here until the next row. */
static MemoryContext row_context = NULL;

/*
 * Scratch for building keys, kept from row to row unless a huge value has
 * blown it up.
 */
static char *key_buffer = NULL;
static Size key_buffer_size = 0;

/*
 * Throws the cache away, and makes an empty one.  The pointer is cleared
 * first: if memory runs out, the next row finds no table rather than freed
 * memory.
 */
static void
forget_decisions(void)
{
	if (decision_context == NULL)
		decision_context = AllocSetContextCreate(TopMemoryContext,
												 "sharing_guard decisions",
												 ALLOCSET_DEFAULT_MINSIZE,
												 ALLOCSET_DEFAULT_INITSIZE,
												 DECISIONS_BLOCK);
	decisions = NULL;
	MemoryContextReset(decision_context);
	decisions = decision_table_create(decision_context, 256, NULL);
}

/*
 * A block stops the row only where guard and policy both enforce.  Else it
 * goes out, flagged, and would_be_outcome keeps what was decided.
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

Outcome
sg_decision_effective_outcome(const Guard *guard, const Decision *decision)
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
	gathered->basis_limited = gathered->decision->legal_basis_limited;
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

GatheredDecision *
sg_decision_cache_ask_anew(const Guard *guard, const Disclosure *disclosure)
{
	return decide_one_row(sg_policy_current(), guard, disclosure);
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

StaticAssertDecl(sizeof(DecisionKeyHead) ==
				 sizeof(char *) + sizeof(Oid) + 2 * sizeof(uint16),
				 "a decision key has no padding");

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

static pg_noinline void
enlarge_key_buffer(Size needed)
{
	/* No event could hold that either. */
	sg_rows_check_length(needed);
	if (key_buffer != NULL)
		pfree(key_buffer);
	key_buffer = NULL;
	key_buffer_size = 0;
	needed = Max(needed, KEY_BUFFER_SIZE);
	key_buffer = MemoryContextAlloc(TopMemoryContext, needed);
	key_buffer_size = needed;
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
	Size		needed;
	char	   *to;
	ByteKey		key;
	TextSlice	data_class = disclosure->data_class;

	/* What the guard says of all its rows need not be looked at. */
	if (data_class.data == guard->data_class)
		data_class.data = NULL;

	head.operation = disclosure->operation;
	head.protected_relid = guard->protected_relid;
	head.channel = disclosure->channel;
	head.given = 0;

	/* As policy sees it: blanks are no case number. */
	if (disclosure->case_number.data != NULL &&
		sg_is_given(disclosure->case_number))
		head.given |= 1u << DECISION_TEXTS;

	needed = sizeof(head) + text_size(&disclosure->destination) +
		text_size(&disclosure->purpose) + text_size(&data_class) +
		text_size(&disclosure->destination_state) +
		text_size(&disclosure->legal_basis) +
		text_size(&disclosure->on_behalf_of);
	for (int i = 0; i < disclosure->ndeclared_tags; i++)
		needed += text_size(&disclosure->declared_tags[i]);
	if (unlikely(needed > key_buffer_size || key_buffer_size > KEY_BUFFER_KEPT))
		enlarge_key_buffer(needed);

	to = key_buffer + sizeof(head);
	to = key_put_text(&head, 0, &disclosure->destination, to);
	to = key_put_text(&head, 1, &disclosure->purpose, to);
	to = key_put_text(&head, 2, &data_class, to);
	to = key_put_text(&head, 3, &disclosure->destination_state, to);
	to = key_put_text(&head, 4, &disclosure->legal_basis, to);
	to = key_put_text(&head, 5, &disclosure->on_behalf_of, to);
	for (int i = 0; i < disclosure->ndeclared_tags; i++)
		to = key_put_text(&head, DECISION_TEXTS + 1,
						  &disclosure->declared_tags[i], to);
	memcpy(key_buffer, &head, sizeof(head));

	/*
	 * It is the texts that tell keys apart.  The guard has a part in the
	 * hash, for many tables may send the same to the same.
	 */
	key.data = key_buffer;
	key.len = to - key_buffer;
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

GatheredDecision *
sg_decision_cache_ask(const Guard *guard, const Disclosure *disclosure)
{
	const Policy *policy;
	ByteKey		key;
	GatheredDecision *gathered;

	/* This may write, and so change the policy's revision. */
	sg_maintenance_check(disclosure);
	policy = sg_policy_as_heard();
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
