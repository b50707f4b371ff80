/*-------------------------------------------------------------------------
 *
 * fold.c
 *		Text as people mean it: without case, accents, invisible characters.
 *
 * Purposes and names are typed by hurried people and passed on by programs.
 * Both sides of every comparison (the text, and the term or alias it is
 * compared with) go through here, so what the folding drops can never make
 * a difference.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_collation.h"
#include "common/unicode_norm.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

#include "compat.h"
#include "policy/fold.h"

PG_FUNCTION_INFO_V1(sg_sql_fold_name);

bool
sg_is_given(TextSlice slice)
{
	for (Size i = 0; slice.data != NULL && i < slice.len; i++)
	{
		if (!isspace((unsigned char) slice.data[i]))
			return true;
	}
	return false;
}

/* Characters that take no room on the screen. */
static bool
is_invisible(pg_wchar c)
{
	return c == 0x00AD ||		/* soft hyphen */
		c == 0x034F ||			/* combining grapheme joiner */
		(c >= 0x200B && c <= 0x200F) || /* zero width, direction marks */
		(c >= 0x202A && c <= 0x202E) || /* embeddings and overrides */
		(c >= 0x2060 && c <= 0x206F) || /* word joiner and the like */
		(c >= 0xFE00 && c <= 0xFE0F) || /* variation selectors */
		c == 0xFEFF;
}

static bool
is_combining_mark(pg_wchar c)
{
	return c >= 0x0300 && c <= 0x036F;
}

/* Punctuation and blanks outside ASCII; the rest counts as letters. */
static bool
is_wide_separator(pg_wchar c)
{
	return (c >= 0x0080 && c <= 0x00BF && c != 0x00AA && c != 0x00B5 &&
			c != 0x00BA) ||
		c == 0x00D7 || c == 0x00F7 ||
		(c >= 0x2000 && c <= 0x206F) || /* general punctuation */
		(c >= 0x2190 && c <= 0x2BFF) || /* arrows, symbols, boxes */
		(c >= 0x3000 && c <= 0x303F);	/* CJK punctuation */
}

static bool
is_ascii_text(const char *data, Size len)
{
	for (Size i = 0; i < len; i++)
	{
		if (IS_HIGHBIT_SET(data[i]))
			return false;
	}
	return true;
}

/*
 * Compatibility decomposition without the accents: full-width and styled
 * letters become plain ones, "inmigración" becomes "inmigracion".
 */
static char *
decompose(const char *data, Size len, Size *result_len)
{
	pg_wchar   *wide = palloc_extended((len + 1) * sizeof(pg_wchar),
									   MCXT_ALLOC_HUGE);
	pg_wchar   *plain;
	char	   *result;
	char	   *out;
	int			count = 0;
	Size		size = 0;

	for (const char *s = data; s < data + len; s += pg_utf_mblen((const unsigned char *) s))
	{
		pg_wchar	c = utf8_to_unicode((const unsigned char *) s);

		if (!is_invisible(c))
			wide[count++] = c;
	}
	wide[count] = 0;

	plain = unicode_normalize(UNICODE_NFKD, wide);
	for (pg_wchar *p = plain; *p; p++)
		size += 4;				/* at most */

	out = result = palloc_extended(size + 1, MCXT_ALLOC_HUGE);
	for (pg_wchar *p = plain; *p; p++)
	{
		if (is_combining_mark(*p) || is_invisible(*p))
			continue;
		unicode_to_utf8(*p, (unsigned char *) out);
		out += pg_utf_mblen((unsigned char *) out);
	}
	*out = '\0';
	*result_len = out - result;
	pfree(wide);
	pfree(plain);
	return result;
}

char *
sg_fold(const char *data, Size len, Size *folded_len)
{
	char	   *result;
	bool		ascii = is_ascii_text(data, len);

	if (ascii || GetDatabaseEncoding() != PG_UTF8)
	{
		result = palloc_extended(len + 1, MCXT_ALLOC_HUGE);
		memcpy(result, data, len);
		result[len] = '\0';
	}
	else
		result = decompose(data, len, &len);

	/*
	 * ASCII letters first and by ourselves: quick, and not dependent on the
	 * database's locale (Turkish has its own idea of a small I).
	 */
	for (Size i = 0; i < len; i++)
		result[i] = pg_ascii_tolower((unsigned char) result[i]);

	if (!ascii)
	{
		result = str_tolower(result, len, DEFAULT_COLLATION_OID);
		len = strlen(result);
	}
	*folded_len = len;
	return result;
}

bool
sg_is_word_char(const char *s, Size remaining, int *width)
{
	unsigned char c = (unsigned char) *s;

	*width = 1;
	if (!IS_HIGHBIT_SET(c))
		return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			(c >= 'A' && c <= 'Z');

	if (GetDatabaseEncoding() != PG_UTF8)
	{
		*width = Min(pg_mblen(s), (int) remaining);
		return true;
	}
	*width = Min(pg_utf_mblen((const unsigned char *) s), (int) remaining);
	return !is_wide_separator(utf8_to_unicode((const unsigned char *) s));
}

static bool
is_single_letter(const Word *word)
{
	return word->len == 1 && word->data[0] >= 'a' && word->data[0] <= 'z';
}

/* Digits are left alone: 13-25 is not 1325. */
static bool
is_of_letters(const Word *word)
{
	for (int i = 0; i < word->len; i++)
	{
		if (word->data[i] >= '0' && word->data[i] <= '9')
			return false;
	}
	return true;
}

/* Is this one hyphen or dash (U+2010 to U+2015), or minus sign? */
static bool
is_hyphen(const char *s, int len)
{
	if (len == 1)
		return s[0] == '-';
	return len == 3 &&
		((memcmp(s, "\xE2\x80", 2) == 0 && (unsigned char) s[2] >= 0x90 &&
		  (unsigned char) s[2] <= 0x95) ||
		 memcmp(s, "\xE2\x88\x92", 3) == 0);
}

/* May two neighbours be parts of one word? */
static bool
are_chained(const char *folded, const Word *word, const Word *next)
{
	if (is_single_letter(word) && is_single_letter(next))
		return true;
	return is_hyphen(folded + word->end, next->start - word->end) &&
		is_of_letters(word) && is_of_letters(next);
}

Word *
sg_split_words(const char *folded, Size len, int *nwords)
{
	int			capacity = 16;
	Word	   *words = palloc(capacity * sizeof(Word));
	char	   *chained = NULL;
	int			count = 0;
	Size		i = 0;

	while (i < len)
	{
		int			width;
		Size		start = i;

		if (!sg_is_word_char(folded + i, len - i, &width))
		{
			i += width;
			continue;
		}
		while (i < len && sg_is_word_char(folded + i, len - i, &width))
			i += width;

		CHECK_FOR_INTERRUPTS();
		if (count == capacity)
		{
			capacity *= 2;
			words = repalloc_huge(words, capacity * sizeof(Word));
		}
		words[count].data = folded + start;
		words[count].len = i - start;
		words[count].chain = i - start;
		words[count].start = start;
		words[count].end = i;
		count++;
	}

	for (int from = 0, to; from < count; from = to)
	{
		int			length = words[from].len;

		CHECK_FOR_INTERRUPTS();
		for (to = from + 1; to < count &&
			 are_chained(folded, &words[to - 1], &words[to]); to++)
			length += words[to].len;
		if (to - from < 2)
			continue;

		/* All chains together are no longer than the text. */
		if (chained == NULL)
			chained = palloc_extended(len, MCXT_ALLOC_HUGE);
		for (int k = from; k < to; k++)
		{
			memcpy(chained, words[k].data, words[k].len);
			words[k].data = chained;
			words[k].chain = length;
			chained += words[k].len;
			length -= words[k].len;
		}
	}
	*nwords = count;
	return words;
}

int
sg_join_letters(Word *words, int nwords)
{
	int			kept = 0;
	bool		spelling = false;

	for (int i = 0; i < nwords; i++)
	{
		bool		letter = is_single_letter(&words[i]);

		if (letter && spelling)
		{
			words[kept - 1].len++;
			words[kept - 1].end = words[i].end;
		}
		else
			words[kept++] = words[i];
		spelling = letter;
	}
	return kept;
}

char *
sg_fold_name(const char *data, Size len)
{
	Size		folded_len;
	char	   *folded = sg_fold(data, len, &folded_len);
	Size		out = 0;
	Size		i = 0;

	/* Squeeze in place: what is written never overtakes what is read. */
	while (i < folded_len)
	{
		int			width;

		if (sg_is_word_char(folded + i, folded_len - i, &width))
		{
			memmove(folded + out, folded + i, width);
			out += width;
		}
		i += width;
	}
	folded[out] = '\0';
	return folded;
}

/* sharing_guard.fold_name(name text) returns text */
Datum
sg_sql_fold_name(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);

	PG_RETURN_TEXT_P(cstring_to_text(sg_fold_name(VARDATA_ANY(name),
												  VARSIZE_ANY_EXHDR(name))));
}
