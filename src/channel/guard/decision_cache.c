/*-------------------------------------------------------------------------
 *
 * decision_cache.c
 *		What the policy said, remembered for all rows that are alike.
 *
 * The cache knows what policy said of a decision key (guard, operation,
 * destination, purpose, legal basis, ...), until the policy or the guard
 * changes or a validity window that the decision looked at ends.
 *
 * Rows come in an order of their own: the same again, or one agency after the
 * other and then from the beginning.  So each decision remembers which
 * followed it.  That one is fetched into the processor's cache in time for the
 * next row, and where the guess was right the row's key is only compared,
 * neither made nor hashed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/log/rows.h"
#include "channel/guard/decision_cache.h"
#include "channel/guard/maintenance.h"
#include "common/hashfn.h"
#include "policy/rules/decide.h"
#include "policy/names/fold.h"
#include "policy/rules/policy.h"
#include "port/pg_bitutils.h"
#include "base/prefetch.h"
#include "utils/memutils.h"

/*
 * The cache is emptied at either of these sizes.  Purposes are free text, so
 * there is no end to the keys; but a feed to some thousand agencies for some
 * purposes, one after the other, should find all of its decisions.  Memory is
 * taken in blocks that are small beside the limit, so that the limit means what
 * is in use.
 */
#define DECISIONS_MAX		20000
#define DECISIONS_BYTES_MAX (16 * 1024 * 1024)
#define DECISIONS_BLOCK		(64 * 1024)

/*
 * Decisions lie in whole lines of the processor's cache, one behind the other.
 */
#define DECISIONS_ALIGN		SG_CACHE_LINE
#define DECISIONS_AT_ONCE	8000

/* A key longer than this does not keep its buffer. */
#define PROBE_KEPT			(64 * 1024)
#define PROBE_SIZE			1024

/* What a decision key begins with; the texts follow, end to end. */
typedef struct DecisionKeyHead
{
	const char *operation;		/* a constant of the channel's */
	Oid			protected_relid;
	uint16		channel;
	uint16		given;			/* one bit for each text, and three more */
} DecisionKeyHead;

StaticAssertDecl(sizeof(DecisionKeyHead) ==
				 sizeof(char *) + sizeof(Oid) + 2 * sizeof(uint16),
				 "a decision key has no padding");

/* The texts that a decision may depend on. */
#define DECISION_TEXTS		6
#define ALL_TEXTS			((1 << DECISION_TEXTS) - 1)
#define HAS_CASE			(1 << DECISION_TEXTS)
#define HAS_TAGS			(1 << (DECISION_TEXTS + 1))
#define HAS_MEANING			(1 << (DECISION_TEXTS + 2)) /* the purpose's, in its
														 * place */
#define PURPOSE_TEXT		1

/*
 * The texts distinguish the keys.  The guard has a part in the hash, for
 * many tables may send the same to the same.
 */
static inline uint32
key_hash(const CachedDecision *decision)
{
	DecisionKeyHead head;

	memcpy(&head, decision->key, sizeof(head));
	return hash_combine(head.protected_relid,
						hash_bytes((const unsigned char *) decision->key + sizeof(head),
								   decision->key_len - sizeof(head)));
}

/* The decisions stay where they are; the table only points to them. */
typedef struct DecisionEntry
{
	CachedDecision *decision;
	uint32		hash;
	char		status;			/* simplehash's */
} DecisionEntry;

#define SH_PREFIX decision_table
#define SH_ELEMENT_TYPE DecisionEntry
#define SH_KEY_TYPE CachedDecision *
#define SH_KEY decision
#define SH_HASH_KEY(tb, key) key_hash(key)
#define SH_EQUAL(tb, a, b) \
	((a)->key_len == (b)->key_len && \
	 memcmp((a)->key, (b)->key, (a)->key_len) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, entry) ((entry)->hash)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* The cache, and what it was filled under. */
static MemoryContext decision_context = NULL;
static decision_table_hash *decisions = NULL;
static uint64 decisions_policy_load = 0;
static uint64 decisions_guard_load = 0;

/* The one of the last row, if it is in the cache. */
static CachedDecision *latest = NULL;

/*
 * How many decisions are kept under the text of their purpose, and how often
 * one of them has served another row.  Where each row has a text of its own the
 * one grows alone; then no more are kept than so many ahead of the other.
 */
#define KEPT_AHEAD			5000
static int64 texts_kept = 0;
static int64 texts_found = 0;

/* Where the next decision goes, and how much room there is. */
static char *decision_room = NULL;
static Size decision_room_left = 0;

/* A decision that holds for one row alone lives here until the next row. */
static MemoryContext row_context = NULL;

/*
 * What is looked for: nothing but a key.  Kept from row to row unless a huge
 * value has blown it up.
 */
static CachedDecision *probe = NULL;
static Size probe_size = 0;

/*
 * Throws the cache away, and makes an empty one.  The pointers are cleared
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
	latest = NULL;
	decision_room_left = 0;
	texts_kept = 0;
	texts_found = 0;
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

/* Asks policy; what the answer points to is in the given context. */
static void
make_decision(CachedDecision *gathered, const Policy *policy,
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
static CachedDecision *
decide_one_row(const Policy *policy, const Guard *guard,
			   const Disclosure *disclosure)
{
	static CachedDecision gathered;

	if (row_context == NULL)
		row_context = AllocSetContextCreate(TopMemoryContext,
											"sharing_guard row decision",
											ALLOCSET_SMALL_SIZES);
	MemoryContextReset(row_context);
	make_decision(&gathered, policy, guard, disclosure, row_context);
	return &gathered;
}

CachedDecision *
sg_decision_cache_ask_anew(const Guard *guard, const Disclosure *disclosure)
{
	return decide_one_row(sg_policy_current(), guard, disclosure);
}

/*
 * All that a decision may depend on, but for what depends_on_record tells, in
 * one order; a text that is not given has no data.
 *
 * The operation is in it although no rule asks for it, since a decision
 * remembers the group that its last row went to, and the guard for its mode as
 * well.  Whether there is a case number is a condition of rules; which one it
 * is, only depends_on_record asks.
 */
static inline void
key_parts(DecisionKeyHead *head, TextSlice *texts, const Guard *guard,
		  const Disclosure *disclosure)
{
	texts[0] = disclosure->destination;
	texts[PURPOSE_TEXT] = disclosure->purpose;
	texts[2] = disclosure->data_class;
	texts[3] = disclosure->destination_state;
	texts[4] = disclosure->legal_basis;
	texts[5] = disclosure->on_behalf_of;

	/* What the guard says of all its rows need not be looked at. */
	if (texts[2].data == guard->data_class)
		texts[2].data = NULL;

	head->operation = disclosure->operation;
	head->protected_relid = guard->protected_relid;
	head->channel = disclosure->channel;
	head->given = (texts[0].data != NULL) | (texts[1].data != NULL) << 1 |
		(texts[2].data != NULL) << 2 | (texts[3].data != NULL) << 3 |
		(texts[4].data != NULL) << 4 | (texts[5].data != NULL) << 5;
	if (disclosure->ndeclared_tags > 0)
		head->given |= HAS_TAGS;

	/* The policy does not take blanks for a case number. */
	if (disclosure->case_number.data != NULL &&
		sg_is_given(disclosure->case_number))
		head->given |= HAS_CASE;
}

/* Is this the decision with that key?  Tags are left to the table. */
static inline bool
has_key(const CachedDecision *decision, const DecisionKeyHead *head,
		const TextSlice *texts)
{
	const char *at = decision->key + sizeof(*head);

	if (memcmp(decision->key, head, sizeof(*head)) != 0 ||
		(head->given & HAS_TAGS) != 0)
		return false;
	for (int left = head->given & ALL_TEXTS; left != 0; left &= left - 1)
	{
		const TextSlice *text = &texts[pg_rightmost_one_pos32(left)];
		uint32		len;

		memcpy(&len, at, sizeof(len));
		at += sizeof(len);
		if (len != text->len || memcmp(at, text->data, len) != 0)
			return false;
		at += len;
	}
	return true;
}

static pg_noinline void
enlarge_probe(Size needed)
{
	/* No event could hold that either. */
	sg_rows_check_length(needed);
	if (probe != NULL)
		pfree(probe);
	probe = NULL;
	probe_size = 0;
	needed = Max(needed, PROBE_SIZE);
	probe = MemoryContextAlloc(TopMemoryContext, needed);
	probe_size = needed;
}

static inline Size
text_size(const TextSlice *text)
{
	return text->data == NULL ? 0 : sizeof(uint32) + text->len;
}

/* Behind its length, so that no two lists of texts are the same bytes. */
static inline char *
put_text(char *to, const TextSlice *text)
{
	uint32		len = (uint32) text->len;

	if (text->data == NULL)
		return to;
	memcpy(to, &len, sizeof(len));
	to += sizeof(len);
	memcpy(to, text->data, len);
	return to + len;
}

/* Makes the key, in the probe. */
static void
make_key(const DecisionKeyHead *head, const TextSlice *texts,
		 const Disclosure *disclosure)
{
	Size		needed = offsetof(CachedDecision, key) + sizeof(*head);
	char	   *to;

	for (int i = 0; i < DECISION_TEXTS; i++)
		needed += text_size(&texts[i]);
	for (int i = 0; i < disclosure->ndeclared_tags; i++)
		needed += text_size(&disclosure->declared_tags[i]);
	if (unlikely(needed > probe_size || probe_size > PROBE_KEPT))
		enlarge_probe(needed);

	memcpy(probe->key, head, sizeof(*head));
	to = probe->key + sizeof(*head);
	for (int i = 0; i < DECISION_TEXTS; i++)
		to = put_text(to, &texts[i]);
	for (int i = 0; i < disclosure->ndeclared_tags; i++)
		to = put_text(to, &disclosure->declared_tags[i]);
	probe->key_len = to - probe->key;
}

/* Memory for a decision, with its key. */
static void *
allocate_decision(Size size)
{
	void	   *result;

	size = TYPEALIGN(DECISIONS_ALIGN, size);
	if (size > decision_room_left)
	{
		Size		bytes = Max(size, DECISIONS_AT_ONCE) + DECISIONS_ALIGN;
		char	   *room = MemoryContextAlloc(decision_context, bytes);

		decision_room = (char *) TYPEALIGN(DECISIONS_ALIGN, room);
		decision_room_left = bytes - (decision_room - room);
	}
	result = decision_room;
	decision_room += size;
	decision_room_left -= size;
	return result;
}

/* Purposes are free text, so there is no end to the keys. */
static bool
cache_is_full(void)
{
	return decisions->members >= DECISIONS_MAX ||
		MemoryContextMemAllocated(decision_context, true) > DECISIONS_BYTES_MAX;
}

/* A decision in the cache, under the probe's key. */
static CachedDecision *
keep(const CachedDecision *made)
{
	CachedDecision *kept = allocate_decision(offsetof(CachedDecision, key) +
											 probe->key_len);
	bool		found;

	memcpy(kept, made, offsetof(CachedDecision, key));
	memcpy(kept->key, probe->key, probe->key_len);
	kept->key_len = probe->key_len;
	kept->follower = NULL;
	(void) decision_table_insert(decisions, kept, &found);
	return kept;
}

/*
 * Asks policy, and keeps the answer in the cache under the probe's key: in the
 * place of "old", which has that key and does not hold any more.
 */
static CachedDecision *
decide_anew(const Policy *policy, const Guard *guard,
			const Disclosure *disclosure, CachedDecision *old)
{
	CachedDecision made = {0};

	/* What was replaced takes memory until the cache is emptied. */
	if (cache_is_full())
	{
		forget_decisions();
		old = NULL;
	}

	/* Decide first: an error must not leave an entry without a decision. */
	make_decision(&made, policy, guard, disclosure, decision_context);
	if (old == NULL)
		return keep(&made);
	made.key_len = old->key_len;
	made.follower = old->follower;
	memcpy(old, &made, offsetof(CachedDecision, key));
	return old;
}

/* Does it hold at the time of this disclosure? */
static inline bool
holds(const CachedDecision *gathered, const Disclosure *disclosure)
{
	/*
	 * A validity window may have opened or closed (or the clock was set
	 * back).
	 */
	return likely(disclosure->at < gathered->valid_until &&
				  disclosure->at >= gathered->decided_at);
}

/* The decision under this key, which goes into the probe; made if need be. */
static CachedDecision *
find_or_make(const Policy *policy, const Guard *guard,
			 const Disclosure *disclosure, const DecisionKeyHead *head,
			 const TextSlice *texts)
{
	DecisionEntry *entry;

	make_key(head, texts, disclosure);
	entry = decision_table_lookup(decisions, probe);
	if (entry != NULL && holds(entry->decision, disclosure))
		return entry->decision;
	return decide_anew(policy, guard, disclosure,
					   entry != NULL ? entry->decision : NULL);
}

/*
 * The decision on a row whose key is not the expected one.
 *
 * Where each row has a purpose text of its own, none would ever be found.  So a
 * text that is not known is looked for by what it means, which many texts have
 * in common; that takes reading the text, but no deciding.  The answer is kept
 * under the text as well, for it may come again.
 */
static pg_noinline CachedDecision *
find_or_decide(const Policy *policy, const Guard *guard,
			   const Disclosure *disclosure, DecisionKeyHead *head,
			   TextSlice *texts)
{
	DecisionEntry *entry;
	CachedDecision *gathered;

	if (!sg_is_given(disclosure->purpose))
		return find_or_make(policy, guard, disclosure, head, texts);

	make_key(head, texts, disclosure);
	entry = decision_table_lookup(decisions, probe);
	if (entry != NULL)
	{
		texts_found++;
		return entry->decision;
	}
	if (cache_is_full())
		forget_decisions();

	texts[PURPOSE_TEXT] = sg_purpose_meaning(policy, disclosure->purpose);
	head->given |= HAS_MEANING;
	gathered = find_or_make(policy, guard, disclosure, head, texts);

	/* The rows of this decision do not all have the same purpose. */
	gathered->purpose = -1;
	if (texts_kept >= texts_found + KEPT_AHEAD)
		return gathered;

	texts[PURPOSE_TEXT] = disclosure->purpose;
	head->given &= ~HAS_MEANING;
	make_key(head, texts, disclosure);
	texts_kept++;
	return keep(gathered);
}

/*
 * Remembers what follows what, and asks for the memory that the next rows will
 * need, if they come in the order of the last time: the next one's group, and
 * the decision after that.
 */
static inline void
expect_followers(CachedDecision *gathered)
{
	const CachedDecision *next = gathered->follower;

	if (latest != NULL)
		latest->follower = gathered;
	latest = gathered;
	if (next != NULL)
	{
		sg_prefetch(next->group);
		sg_prefetch(next->follower);
		sg_prefetch((const char *) next->follower + DECISIONS_ALIGN);
	}
}

CachedDecision *
sg_decision_cache_ask(const Guard *guard, const Disclosure *disclosure)
{
	const Policy *policy;
	DecisionKeyHead head;
	TextSlice	texts[DECISION_TEXTS];
	CachedDecision *gathered;

	policy = sg_policy_as_heard();
	if (unlikely(decisions == NULL ||
				 decisions_policy_load != sg_policy_load_number(policy) ||
				 decisions_guard_load != guard->load_number))
	{
		forget_decisions();
		decisions_policy_load = sg_policy_load_number(policy);
		decisions_guard_load = guard->load_number;
	}

	key_parts(&head, texts, guard, disclosure);
	gathered = latest != NULL ? latest->follower : NULL;
	if (likely(gathered != NULL && has_key(gathered, &head, texts)))
		texts_found++;
	else
		gathered = find_or_decide(policy, guard, disclosure, &head, texts);
	if (unlikely(!holds(gathered, disclosure)))
		gathered = find_or_make(policy, guard, disclosure, &head, texts);
	if (unlikely(gathered->one_row))
		return decide_one_row(policy, guard, disclosure);
	expect_followers(gathered);
	return gathered;
}
