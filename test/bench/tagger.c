/*-------------------------------------------------------------------------
 *
 * tagger.c
 *		What the first sight of a purpose costs (make bench CASE=tagger).
 *
 *		tagger FILE TERMS TEXTS ROUNDS [LENGTH]
 *
 * FILE has the terms, as COPY writes them: term, tag, match.  TERMS is how many
 * there are to be: some of the file's, or the file's and made-up ones of every
 * kind.  TEXTS is how many different texts of LENGTH bytes (40) are read, each
 * in so many ROUNDS.  Linked with test/fuzz/shim.c in place of a server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "nodes/pg_list.h"

#include "policy/terms/purpose.h"

#include "../fuzz/shim.h"

#define TEXT_LEN 40

/* So many bytes of texts are timed together. */
#define BATCH_BYTES 80000

/* Words as officers write them, tagged and not, spelled right and wrong. */
static const char *const vocabulary[] = {
	"stolen", "vehicle", "suspect", "burglary", "investigation", "warrant",
	"residential", "narcotics", "follow", "robbery", "assist", "license",
	"plate", "missing", "juvenile", "homicide", "battery", "domestic",
	"hit", "and", "run", "felony", "evading", "officer", "recovered", "imigration",
	"ICE", "ice", "cream", "detainer", "traffic", "stop", "catalytic", "converter",
	"theft", "25-138337", "P.O.", "wanted", "person", "deprotation"
};

static uint64 state = 88172645463325252;

/* The same sequence each time. */
static uint32
next_random(uint32 below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32) (state >> 33) % below;
}

static void
make_text(char *text, int len)
{
	int			used = 0;

	while (used < len)
	{
		const char *word = vocabulary[next_random(lengthof(vocabulary))];

		used += snprintf(text + used, len + 1 - used, "%s ", word);
	}
	text[len] = '\0';
}

/* A word that nobody writes: of syllables, and as long as words are. */
static char *
make_word(void)
{
	static const char *const syllables[] = {"ka", "ro", "mi", "ten", "sul", "ba",
	"der", "fo", "ni", "gra", "pel", "tu", "vas", "ler", "zo", "qui"};
	char	   *word = malloc(64);
	int			count = 2 + next_random(4);

	word[0] = '\0';
	for (int i = 0; i < count; i++)
		strcat(word, syllables[next_random(lengthof(syllables))]);
	return word;
}

static void
add_made_up(Tagger *tagger, int number)
{
	char	   *term = malloc(256);

	switch (number % 4)
	{
		case 0:
			snprintf(term, 256, "%s", make_word());
			sg_tagger_add(tagger, term, "made_up", "word");
			break;
		case 1:
			/* Many that begin alike. */
			snprintf(term, 256, "stolen %s %s", make_word(), make_word());
			sg_tagger_add(tagger, term, "made_up", "phrase");
			break;
		case 2:
			snprintf(term, 256, "%s %s", make_word(), make_word());
			sg_tagger_add(tagger, term, "made_up", "exception");
			break;
		default:
			snprintf(term, 256, "%sx", make_word());
			sg_tagger_add(tagger, term, "made_up", "prefix");
	}
}

static Tagger *
make_tagger(const char *path, int wanted)
{
	Tagger	   *tagger = sg_tagger_create();
	FILE	   *in = fopen(path, "r");
	char	   *line = NULL;
	size_t		room = 0;
	int			count = 0;

	if (in == NULL)
	{
		perror(path);
		exit(2);
	}
	while (count < wanted && getline(&line, &room, in) > 0)
	{
		char	   *rest = strdup(line);
		char	   *term = strsep(&rest, "\t");
		char	   *tag = strsep(&rest, "\t");
		char	   *match = strsep(&rest, "\t\n");

		sg_tagger_add(tagger, term, tag, match);
		count++;
	}
	fclose(in);
	for (; count < wanted; count++)
		add_made_up(tagger, count);
	sg_tagger_finish(tagger);
	return tagger;
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	Tagger	   *tagger;
	int			ntexts;
	int			rounds;
	int			len = TEXT_LEN;
	char	   *texts;
	double		total = 0;
	uint64		tags = 0;

	if (argc < 5)
	{
		fputs("usage: tagger FILE TERMS TEXTS ROUNDS [LENGTH]\n", stderr);
		return 2;
	}
	tagger = make_tagger(argv[1], atoi(argv[2]));
	ntexts = atoi(argv[3]);
	rounds = atoi(argv[4]);
	if (argc > 5)
		len = atoi(argv[5]);

	texts = malloc((size_t) ntexts * (len + 1));
	for (int i = 0; i < ntexts; i++)
		make_text(texts + (size_t) i * (len + 1), len);

	/* Of each batch the least counts: nobody interrupts all of its rounds. */
	for (int from = 0, to; from < ntexts; from = to)
	{
		double		best = 1e9;

		to = Min(from + BATCH_BYTES / len, ntexts);
		for (int round = 0; round < rounds; round++)
		{
			double		start = seconds();

			for (int i = from; i < to; i++)
			{
				TextSlice	text = {texts + (size_t) i * (len + 1), len};

				shim_begin();
				tags += list_length(sg_tag_purpose(tagger, text).tags);
				shim_end();
			}
			best = Min(best, seconds() - start);
		}
		total += best;
	}
	printf("%.0f %llu\n", total * 1e9 / ntexts, (unsigned long long) tags);
	return 0;
}
