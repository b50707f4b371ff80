/*-------------------------------------------------------------------------
 *
 * fuzz.c
 *		Texts that nobody thought of, for the code that reads purposes and
 *		names.
 *
 * An entry point for libFuzzer (test/fuzz/run).  The first byte of an input
 * says how the rest is taken: as a purpose or as a name and a state, and in
 * which encoding.  Beyond what the sanitizers see, it is checked that
 *
 *	- nothing ends in an error;
 *	- characters without width make no difference;
 *	- the lexicon finds a misspelt word exactly where comparing it with each
 *	  word does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "nodes/pg_list.h"

#include "policy/names/destination.h"
#include "policy/terms/lexicon.h"
#include "policy/terms/purpose.h"

#include "shim.h"

#define HOME "US-CA"

int			LLVMFuzzerInitialize(int *argc, char ***argv);
int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Tagger *tagger;
static Registry *registry;
static Lexicon *lexicon;

/* Words of like letters, so that one mistake leads to several. */
static const char *const words[] = {
	"deported", "deportee", "deportes", "immigration", "immigrations",
	"inmigracion", "abababab", "babababa", "aaaaaaaa", "aaaaaaaaa",
	"abcdef", "abcdfe", "marshals", "marshalls", "undocumented",
	"d\xC3\xA6porter", "\xE5\x85\xA5\xE5\x9B\xBD\xE7\xAE\xA1\xE7\x90\x86\xE5\xB1\x80x"
};

static void
load(void)
{
	RegistrySpelling first;

	tagger = sg_tagger_load();
	registry = sg_registry_load("home", HOME);

	/*
	 * What the registry makes when it is first asked is to stay, too: here it
	 * has no memory context of its own.
	 */
	(void) sg_registry_spelling(registry, 0, &first);
	lexicon = sg_lexicon_create();
	for (int i = 0; i < lengthof(words); i++)
		sg_lexicon_add(lexicon, words[i], strlen(words[i]), false, true);
	sg_lexicon_finish(lexicon);
}

/*
 * fuzz --queries prints what has to be asked of a server; SG_FUZZ_QUERIES is
 * the directory that has the answers.
 */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (*argc > 1 && strcmp((*argv)[1], "--queries") == 0)
	{
		load();
		exit(0);
	}
	shim_queries_dir = getenv("SG_FUZZ_QUERIES");
	if (shim_queries_dir == NULL)
	{
		fputs("SG_FUZZ_QUERIES is not set\n", stderr);
		exit(2);
	}
	load();
	return 0;
}

/*
 * What a server would let into a text: no zero bytes, and in UTF-8 nothing
 * ill-formed.  In a block of exactly its size.
 */
static TextSlice
sanitized(const uint8_t *data, size_t size)
{
	TextSlice	text;
	char	   *copy = palloc(size);

	for (size_t i = 0; i < size; i++)
		copy[i] = data[i] == 0 ? ' ' : data[i];
	for (size_t i = 0; shim_encoding == PG_UTF8 && i < size;)
	{
		int			width = pg_utf_mblen((unsigned char *) copy + i);

		if (i + width > size ||
			!pg_utf8_islegal((unsigned char *) copy + i, width))
		{
			copy[i] = '?';
			width = 1;
		}
		i += width;
	}
	text.data = copy;
	text.len = size;
	return text;
}

/* The same with U+200B behind each character. */
static TextSlice
widened(TextSlice text)
{
	TextSlice	wide;
	char	   *copy = palloc(text.len * 4);
	size_t		out = 0;

	for (size_t i = 0; i < text.len;)
	{
		int			width = pg_utf_mblen((const unsigned char *) text.data + i);

		memcpy(copy + out, text.data + i, width);
		memcpy(copy + out + width, "\xE2\x80\x8B", 3);
		out += width + 3;
		i += width;
	}
	wide.data = copy;
	wide.len = out;
	return wide;
}

static bool
is_among(const List *list, const char *string)
{
	ListCell   *lc;

	foreach(lc, list)
	{
		if (strcmp(lfirst(lc), string) == 0)
			return true;
	}
	return false;
}

static bool
are_subset(const List *some, const List *all)
{
	ListCell   *lc;

	foreach(lc, some)
	{
		if (!is_among(all, lfirst(lc)))
			return false;
	}
	return true;
}

static void
fuzz_purpose(TextSlice text)
{
	Tagging		tagging = sg_tag_purpose(tagger, text);

#ifdef SG_FUZZ_FAULT
	/* Found only by one who gets through to a code of three parts. */
	if (is_among(tagging.terms, "immigration: 287(g)"))
	{
		volatile char *beyond = palloc(4);

		beyond[4] = 0;
	}
#endif

	if (shim_encoding == PG_UTF8 && text.len < 300)
	{
		Tagging		wide = sg_tag_purpose(tagger, widened(text));

		if (!are_subset(tagging.tags, wide.tags) ||
			!are_subset(wide.tags, tagging.tags) ||
			!are_subset(tagging.terms, wide.terms) ||
			!are_subset(wide.terms, tagging.terms))
		{
			fputs("characters without width make a difference\n", stderr);
			abort();
		}
	}
}

static int
decode(const char *s, int len, pg_wchar *chars)
{
	int			count = 0;

	for (int i = 0; i < len; count++)
	{
		chars[count] = utf8_to_unicode((const unsigned char *) s + i);
		i += pg_utf_mblen((const unsigned char *) s + i);
	}
	return count;
}

/* The distance that counts neighbours that changed places as one, by tables. */
static int
distance(const pg_wchar *a, int a_len, const pg_wchar *b, int b_len)
{
	static int	d[130][130];

	for (int i = 0; i <= a_len; i++)
		d[i][0] = i;
	for (int j = 0; j <= b_len; j++)
		d[0][j] = j;
	for (int i = 1; i <= a_len; i++)
		for (int j = 1; j <= b_len; j++)
		{
			d[i][j] = Min(Min(d[i - 1][j], d[i][j - 1]) + 1,
						  d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = Min(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[a_len][b_len];
}

static void
see(void *arg, int word, int to, bool misspelt)
{
	((bool *) arg)[word] = true;
}

/* The first word of the text, against every word of a lexicon of our own. */
static void
fuzz_misspelling(TextSlice text)
{
	Size		len;
	char	   *folded = sg_fold(text.data, text.len, &len);
	int			count;
	Word	   *read = sg_split_words(folded, len, &count);
	bool		seen[lengthof(words)] = {false};
	pg_wchar	mine[128];
	int			mine_len;
	bool		known = false;

	if (count == 0 || read[0].len > 100 || read[0].chain != read[0].len)
		return;
	for (int i = 0; i < read[0].len; i++)
	{
		if (read[0].data[i] >= '0' && read[0].data[i] <= '9')
			return;
	}
	sg_lexicon_read(lexicon, read, 0, see, seen);
	mine_len = decode(read[0].data, read[0].len, mine);
	for (int i = 0; i < lengthof(words); i++)
		known |= strlen(words[i]) == read[0].len &&
			memcmp(words[i], read[0].data, read[0].len) == 0;
	for (int i = 0; i < lengthof(words); i++)
	{
		pg_wchar	theirs[128];
		int			d = distance(mine, mine_len, theirs,
								 decode(words[i], strlen(words[i]), theirs));

		if (seen[i] != (d == 0 || (d == 1 && !known)))
		{
			fprintf(stderr, "misspelling of \"%s\": distance %d, %s\n",
					words[i], d, seen[i] ? "found" : "not found");
			abort();
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int encodings[] = {PG_UTF8, PG_UTF8, PG_SQL_ASCII, PG_LATIN1};
	TextSlice	text;
	TextSlice	state = {NULL, 0};

	if (size < 1)
		return 0;
	shim_encoding = encodings[data[0] & 3];
	shim_begin();
	text = sanitized(data + 1, size - 1);
	if (data[0] & 4)
	{
		/* "name|state" */
		const char *bar = memchr(text.data, '|', text.len);

		if (bar != NULL)
		{
			state.data = bar + 1;
			state.len = text.data + text.len - state.data;
			text.len = bar - text.data;
		}
		(void) sg_registry_resolve(registry, text, state);
	}
	else if (data[0] & 8)
		fuzz_misspelling(text);
	else
		fuzz_purpose(text);
	shim_end();
	return 0;
}
