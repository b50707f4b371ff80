/*-------------------------------------------------------------------------
 *
 * lexicon.c
 *		Finds the words of all terms that stand at a place of a text.
 *
 * Every look-up uses a hash of the bytes, so that its cost does not depend on
 * the number of words.  The hash is a polynomial.  Computing a word's hash
 * also gives the hashes of all its beginnings, and the hash of the word
 * without one of its letters follows from these by one multiplication.
 *
 * Two words are one mistake apart if one has a letter too many, one missing,
 * another in its place, or two that changed places.  Then deleting at most one
 * letter from each gives a common remainder.  So the lexicon holds the
 * remainders of each long word, and the reader looks up the remainders of a
 * text's word.  Each candidate is then compared letter by letter.  A filter of
 * single bits, which stays in the processor's cache, excludes nearly all words
 * that are not there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "policy/terms/lexicon.h"

/* Odd constants without a pattern. */
#define HASH_BASE UINT64CONST(0x9E3779B97F4A7C15)
#define HASH_MIX UINT64CONST(0xD6E8FEB86659FD93)

/* For longer words of a text, the hashes are palloc'd. */
#define HASHES_ON_STACK 64

typedef struct LexiconWord
{
	const char *data;
	int			len;
	bool		prefix;			/* matches all words that begin with it */
	bool		misspelt;		/* also recognized with one mistake */
} LexiconWord;

/*
 * A slot's position comes from a part of the 64-bit hash; the slot holds the
 * rest.
 */
typedef struct Slot
{
	uint32		hash;
	int32		word;			/* -1: free */
} Slot;

/* Several words may have the same hash; each has a slot of its own. */
typedef struct Table
{
	int			shift;			/* 64 - log2(size) */
	uint64		mask;			/* size - 1 */
	Slot	   *slots;
	int			filter_shift;
	uint64	   *filter;			/* NULL: none */
} Table;

struct Lexicon
{
	int			count;
	int			capacity;
	LexiconWord *words;

	/* Found by their hash; the words in each table are distinct. */
	Table		whole;
	Table		prefixes;
	Table		openings;		/* the first bytes of prefixes; has no words */
	Table		remains;

	/* The longest lengths, in bytes. */
	int			longest_whole;
	int			longest_prefix;
	int			longest_misspelt;
	uint64	   *powers;			/* powers of HASH_BASE, up to the longest word */
};

static inline uint64
hash_step(uint64 hash, char c)
{
	return hash * HASH_BASE + (unsigned char) c + 1;
}

static uint64
hash_word(const char *data, int len)
{
	uint64		hash = 0;

	for (int i = 0; i < len; i++)
		hash = hash_step(hash, data[i]);
	return hash;
}

/*
 * Makes an empty table with room for this many entries.  It is never more than
 * half full, so a search ends at a free slot.
 */
static void
table_init(Table *table, uint64 count, bool filtered)
{
	int			bits = Max(pg_leftmost_one_pos64(Max(count, 1)) + 2, 4);

	table->shift = 64 - bits;
	table->mask = (UINT64CONST(1) << bits) - 1;
	table->slots = palloc_extended((Size) (table->mask + 1) * sizeof(Slot),
								   MCXT_ALLOC_HUGE);
	for (uint64 i = 0; i <= table->mask; i++)
		table->slots[i].word = -1;
	table->filter = NULL;
	if (filtered)
	{
		/*
		 * Sixteen bits for each entry, so that one in sixteen misses passes
		 * the filter.
		 */
		bits += 3;
		table->filter_shift = 64 - bits;
		table->filter = palloc_extended(Max((Size) 1 << (bits - 3),
											sizeof(uint64)),
										MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	}
}

static inline void
table_add(Table *table, uint64 hash, int word)
{
	uint64		mixed = hash * HASH_MIX;
	uint64		i = mixed >> table->shift;

	while (table->slots[i].word >= 0)
		i = (i + 1) & table->mask;
	table->slots[i].hash = (uint32) mixed;
	table->slots[i].word = word;
	if (table->filter != NULL)
	{
		uint64		bit = mixed >> table->filter_shift;

		table->filter[bit / 64] |= UINT64CONST(1) << (bit % 64);
	}
}

/* Can this hash be in the table? */
static inline bool
table_may_have(const Table *table, uint64 hash)
{
	uint64		bit = (hash * HASH_MIX) >> table->filter_shift;

	return (table->filter[bit / 64] & (UINT64CONST(1) << (bit % 64))) != 0;
}

/*
 * Returns the next word with this hash; -1 when there are no more.  *slot must
 * be 0 at first, and is advanced.
 */
static inline int
table_next(const Table *table, uint64 hash, uint64 *slot)
{
	uint64		mixed = hash * HASH_MIX;

	for (;;)
	{
		const Slot *s = &table->slots[((mixed >> table->shift) + (*slot)++) &
									  table->mask];

		if (s->word < 0)
			return -1;
		if (s->hash == (uint32) mixed)
			return s->word;
	}
}

/* Returns the word with this spelling; -1 if there is none. */
static inline int
find_spelled(const Lexicon *lexicon, const Table *table, uint64 hash,
			 const char *data, int len)
{
	uint64		slot = 0;
	int			word;

	while ((word = table_next(table, hash, &slot)) >= 0)
	{
		if (lexicon->words[word].len == len &&
			memcmp(lexicon->words[word].data, data, len) == 0)
			return word;
	}
	return -1;
}

/*
 * Folded text is valid UTF-8, so every byte but a continuation begins a
 * letter.
 */
static inline bool
begins_letter(char c)
{
	return ((unsigned char) c & 0xC0) != 0x80;
}

/* Returns the position after the letter that begins here. */
static inline int
next_letter(const char *data, int len, int i)
{
	do
		i++;
	while (i < len && !begins_letter(data[i]));
	return i;
}

int
sg_letters_of(const char *data, int len)
{
	int			count = 0;

	for (int i = 0; i < len; i++)
		count += begins_letter(data[i]);
	return count;
}

Lexicon *
sg_lexicon_create(void)
{
	Lexicon    *lexicon = palloc0(sizeof(Lexicon));

	lexicon->capacity = 64;
	lexicon->words = palloc(lexicon->capacity * sizeof(LexiconWord));
	table_init(&lexicon->whole, lexicon->capacity, false);
	table_init(&lexicon->prefixes, lexicon->capacity, false);
	return lexicon;
}

/* Doubles the room. */
static void
grow(Lexicon *lexicon)
{
	lexicon->capacity *= 2;
	lexicon->words = repalloc_huge(lexicon->words, (Size) lexicon->capacity *
								   sizeof(LexiconWord));
	pfree(lexicon->whole.slots);
	pfree(lexicon->prefixes.slots);
	table_init(&lexicon->whole, lexicon->capacity, false);
	table_init(&lexicon->prefixes, lexicon->capacity, false);
	for (int i = 0; i < lexicon->count; i++)
	{
		const LexiconWord *word = &lexicon->words[i];

		table_add(word->prefix ? &lexicon->prefixes : &lexicon->whole,
				  hash_word(word->data, word->len), i);
	}
}

/*
 * Returns the number of this word, and adds it if it is new.  A word and a
 * prefix with the same letters are two entries.
 */
int
sg_lexicon_add(Lexicon *lexicon, const char *data, int len, bool prefix,
			   bool misspelt)
{
	Table	   *table = prefix ? &lexicon->prefixes : &lexicon->whole;
	uint64		hash = hash_word(data, len);
	int			word = find_spelled(lexicon, table, hash, data, len);

	Assert(!prefix || len >= LEXICON_PREFIX_LEN);
	Assert(!misspelt || sg_letters_of(data, len) >= LEXICON_MISSPELT_MIN);
	if (word >= 0)
	{
		lexicon->words[word].misspelt |= misspelt;
		return word;
	}

	if (lexicon->count == lexicon->capacity)
	{
		grow(lexicon);
		table = prefix ? &lexicon->prefixes : &lexicon->whole;
	}
	word = lexicon->count++;
	lexicon->words[word].data = data;
	lexicon->words[word].len = len;
	lexicon->words[word].prefix = prefix;
	lexicon->words[word].misspelt = misspelt;
	table_add(table, hash, word);
	return word;
}

/* Returns a word's hash without the letter between "from" and "to". */
static inline uint64
hash_without(const Lexicon *lexicon, const uint64 *hashes, int len,
			 int from, int to)
{
	return (hashes[from] - hashes[to]) * lexicon->powers[len - to] + hashes[len];
}

/* Computes the hash of each beginning of a word, into an array of len + 1. */
static void
hash_beginnings(uint64 *hashes, const char *data, int len)
{
	hashes[0] = 0;
	for (int i = 0; i < len; i++)
		hashes[i + 1] = hash_step(hashes[i], data[i]);
}

/*
 * Finishes the lexicon when all words have been added.  The remainders of long
 * words are added here, because the tables' size depends on the number and
 * length of all words.
 */
void
sg_lexicon_finish(Lexicon *lexicon)
{
	uint64		nremains = 0;
	uint64	   *hashes;

	for (int i = 0; i < lexicon->count; i++)
	{
		const LexiconWord *word = &lexicon->words[i];

		if (word->prefix)
			lexicon->longest_prefix = Max(lexicon->longest_prefix, word->len);
		else
			lexicon->longest_whole = Max(lexicon->longest_whole, word->len);
		if (word->misspelt)
		{
			lexicon->longest_misspelt = Max(lexicon->longest_misspelt,
											word->len);
			nremains += word->len + 1;
		}
	}

	lexicon->powers = palloc_extended((lexicon->longest_misspelt + 5) *
									  sizeof(uint64), MCXT_ALLOC_HUGE);
	lexicon->powers[0] = 1;
	for (int i = 1; i < lexicon->longest_misspelt + 5; i++)
		lexicon->powers[i] = lexicon->powers[i - 1] * HASH_BASE;

	table_init(&lexicon->openings, lexicon->count, true);
	table_init(&lexicon->remains, nremains, true);
	hashes = palloc_extended((lexicon->longest_misspelt + 1) * sizeof(uint64),
							 MCXT_ALLOC_HUGE);
	for (int i = 0; i < lexicon->count; i++)
	{
		const LexiconWord *word = &lexicon->words[i];

		CHECK_FOR_INTERRUPTS();
		if (word->prefix)
			table_add(&lexicon->openings,
					  hash_word(word->data, LEXICON_PREFIX_LEN), i);
		if (!word->misspelt)
			continue;
		hash_beginnings(hashes, word->data, word->len);
		table_add(&lexicon->remains, hashes[word->len], i);
		for (int from = 0, to; from < word->len; from = to)
		{
			to = next_letter(word->data, word->len, from);
			/* It does not matter which of two equal neighbors is deleted. */
			if (from > 0 && word->data[from] == word->data[from - 1])
				continue;
			table_add(&lexicon->remains,
					  hash_without(lexicon, hashes, word->len, from, to), i);
		}
	}
	pfree(hashes);
}

int
sg_lexicon_letters(const Lexicon *lexicon, int word)
{
	return sg_letters_of(lexicon->words[word].data, lexicon->words[word].len);
}

int
sg_lexicon_find(const Lexicon *lexicon, const char *data, int len)
{
	if (len > lexicon->longest_whole)
		return -1;
	return find_spelled(lexicon, &lexicon->whole, hash_word(data, len),
						data, len);
}

/*
 * Does one mistake turn one of these into the other?  Skips their common
 * beginning and end and looks at the rest, which must be short.
 */
static bool
is_one_mistake(const char *a, int a_len, const char *b, int b_len)
{
	int			same = 0;

	while (same < a_len && same < b_len && a[same] == b[same])
		same++;
	while (same > 0 && ((same < a_len && !begins_letter(a[same])) ||
						(same < b_len && !begins_letter(b[same]))))
		same--;
	a += same;
	b += same;
	a_len -= same;
	b_len -= same;

	same = 0;
	while (same < a_len && same < b_len &&
		   a[a_len - 1 - same] == b[b_len - 1 - same])
		same++;
	while (same > 0 && (!begins_letter(a[a_len - same]) ||
						!begins_letter(b[b_len - same])))
		same--;
	a_len -= same;
	b_len -= same;

	/* One letter too many, missing, or replaced. */
	if (sg_letters_of(a, a_len) <= 1 && sg_letters_of(b, b_len) <= 1)
		return true;

	/* Two letters that changed places. */
	if (a_len == b_len && sg_letters_of(a, a_len) == 2)
	{
		int			a_first = next_letter(a, a_len, 0);
		int			b_first = next_letter(b, b_len, 0);

		return a_first + b_first == a_len &&
			memcmp(a, b + b_first, a_first) == 0 &&
			memcmp(b, a + a_first, b_first) == 0;
	}
	return false;
}

/* Reports the words with this remainder that are one mistake away. */
static void
sight_misspelt_by(const Lexicon *lexicon, uint64 hash, const char *data,
				  int len, int *last, int to, LexiconSighting sighting,
				  void *arg)
{
	uint64		slot = 0;
	int			word;

	if (!table_may_have(&lexicon->remains, hash))
		return;
	while ((word = table_next(&lexicon->remains, hash, &slot)) >= 0)
	{
		/*
		 * A word is often found by two of its remainders, one after the
		 * other.
		 */
		if (word != *last &&
			is_one_mistake(lexicon->words[word].data, lexicon->words[word].len,
						   data, len))
		{
			*last = word;
			sighting(arg, word, to, true);
		}
	}
}

static void
sight_misspelt(const Lexicon *lexicon, const uint64 *hashes, const char *data,
			   int len, int to, LexiconSighting sighting, void *arg)
{
	int			last = -1;

	sight_misspelt_by(lexicon, hashes[len], data, len, &last, to, sighting,
					  arg);
	for (int from = 0, end; from < len; from = end)
	{
		end = next_letter(data, len, from);
		if (from > 0 && data[from] == data[from - 1])
			continue;
		sight_misspelt_by(lexicon,
						  hash_without(lexicon, hashes, len, from, end),
						  data, len, &last, to, sighting, arg);
	}
}

/*
 * Reports all prefixes that the words begin with.  Most words begin with none,
 * which their first letters show.  Returns whether the first of the words has
 * one.
 */
static bool
sight_prefixes(const Lexicon *lexicon, const uint64 *hashes, const char *data,
			   int len, const Word *words, int at, LexiconSighting sighting,
			   void *arg)
{
	bool		known = false;
	int			to = at + 1;
	int			end = words[at].len;

	if (len < LEXICON_PREFIX_LEN || lexicon->longest_prefix == 0 ||
		!table_may_have(&lexicon->openings, hashes[LEXICON_PREFIX_LEN]))
		return false;
	for (int i = LEXICON_PREFIX_LEN; i <= Min(len, lexicon->longest_prefix);
		 i++)
	{
		int			word = find_spelled(lexicon, &lexicon->prefixes,
										hashes[i], data, i);

		if (word < 0)
			continue;
		while (end < i)
			end += words[to++].len;
		known |= to == at + 1;
		sighting(arg, word, to, false);
	}
	return known;
}

/*
 * Replaces digits that look like letters, in a long word that has both:
 * imm1grati0n.  Returns false where there is nothing to replace.
 */
static bool
replace_digits(char *copy, const char *data, int len)
{
	static const char letters[] = "oizeasbtbg";
	bool		has_digit = false;
	bool		has_letter = false;

	for (int i = 0; i < len; i++)
	{
		bool digit = data[i] >= '0' && data[i] <= '9';

		copy[i] = digit ? letters[data[i] - '0'] : data[i];
		has_digit |= digit;

		has_letter |= !digit;
	}
	return has_digit && has_letter;
}

/*
 * Reads a word whose exact spelling is in no term: replaces digits by letters,
 * and allows one mistake.
 */
static void
read_unknown(const Lexicon *lexicon, const uint64 *hashes, const Word *words,
			 int at, LexiconSighting sighting, void *arg)
{
	char		copy[HASHES_ON_STACK];
	uint64		copy_hashes[HASHES_ON_STACK + 1];
	const char *data = words[at].data;
	int			len = words[at].len;

	/*
	 * A misspelt word has at most one letter more than the longest word, and
	 * letters have up to four bytes.
	 */
	if (len < LEXICON_MISSPELT_MIN - 1 || len > lexicon->longest_misspelt + 4)
		return;

	if (len >= LEXICON_MISSPELT_MIN && len <= HASHES_ON_STACK &&
		replace_digits(copy, data, len))
	{
		int			word;
		bool		known;

		hash_beginnings(copy_hashes, copy, len);
		word = find_spelled(lexicon, &lexicon->whole, copy_hashes[len],
							copy, len);
		if (word >= 0)
			sighting(arg, word, at + 1, true);
		known = sight_prefixes(lexicon, copy_hashes, copy, len, words, at,
							   sighting, arg);
		if (word >= 0 || known)
			return;
		data = copy;
		hashes = copy_hashes;
	}
	sight_misspelt(lexicon, hashes, data, len, at + 1, sighting, arg);
}

void
sg_lexicon_read(const Lexicon *lexicon, const Word *words, int at,
				LexiconSighting sighting, void *arg)
{
	const char *data = words[at].data;
	int			longest = Max(Max(lexicon->longest_whole,
								  lexicon->longest_prefix),
							  lexicon->longest_misspelt + 4);
	int			len = Min(words[at].chain, longest);
	int			to = at;
	int			end = 0;
	bool		known = false;
	uint64		on_stack[HASHES_ON_STACK + 1];
	uint64	   *hashes = on_stack;

	if (len > HASHES_ON_STACK)
		hashes = palloc((len + 1) * sizeof(uint64));
	hash_beginnings(hashes, data, len);

	/* Try the word alone, and then with one more chained word each time. */
	while ((end += words[to++].len) <= Min(len, lexicon->longest_whole))
	{
		int			word = find_spelled(lexicon, &lexicon->whole, hashes[end],
										data, end);

		if (word >= 0)
		{
			known |= to == at + 1;
			sighting(arg, word, to, false);
		}
		if (end == words[at].chain)
			break;
	}

	known |= sight_prefixes(lexicon, hashes, data, len, words, at, sighting,
							arg);
	if (!known && words[at].len <= len)
		read_unknown(lexicon, hashes, words, at, sighting, arg);
	if (hashes != on_stack)
		pfree(hashes);
}
