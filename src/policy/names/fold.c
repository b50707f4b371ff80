/*-------------------------------------------------------------------------
 *
 * fold.c
 *		Folds text: removes case, accents and invisible characters.
 *
 * Hurried people type purposes and names, and programs pass them on.  Both
 * sides of every comparison (the text, and the term or alias it is compared
 * with) are folded here, so that differences in such details never matter.
 *
 * Folded text is UTF-8 in every encoding of the database.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/namespace.h"
#include "common/unicode_norm.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "policy/names/fold.h"

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

/* A range of code points, both ends included. */
typedef struct Range
{
	pg_wchar	first;
	pg_wchar	last;
} Range;

/* Characters without width, and combining marks. */
static const Range ignored[] = {
	{0x00AD, 0x00AD},			/* soft hyphen */
	{0x0300, 0x036F},			/* combining marks, grapheme joiner */
	{0x0483, 0x0489},			/* Cyrillic marks */
	{0x0591, 0x05BD},			/* Hebrew points */
	{0x0610, 0x061A},			/* Arabic marks */
	{0x061C, 0x061C},			/* Arabic letter mark */
	{0x064B, 0x065F}, {0x0670, 0x0670}, /* Arabic vowels */
	{0x115F, 0x1160},			/* Hangul fillers */
	{0x17B4, 0x17B5},			/* Khmer inherent vowels */
	{0x180B, 0x180F},			/* Mongolian selectors, vowel separator */
	{0x1AB0, 0x1AFF},			/* more combining marks */
	{0x1DC0, 0x1DFF},
	{0x200B, 0x200F},			/* zero width, direction marks */
	{0x202A, 0x202E},			/* embeddings and overrides */
	{0x2060, 0x206F},			/* word joiner and the like */
	{0x20D0, 0x20FF},			/* marks for symbols */
	{0x3164, 0x3164},			/* Hangul filler */
	{0xFE00, 0xFE0F},			/* variation selectors */
	{0xFE20, 0xFE2F},			/* half marks */
	{0xFEFF, 0xFEFF},			/* byte order mark */
	{0xFFA0, 0xFFA0},			/* half-width Hangul filler */
	{0xFFF9, 0xFFFB},			/* annotations */
	{0xE0000, 0xE0FFF}			/* tags, more variation selectors */
};

/* Punctuation and blanks outside ASCII; other characters count as letters. */
static const Range separators[] = {
	{0x0080, 0x00A9}, {0x00AB, 0x00B4}, {0x00B6, 0x00B9}, {0x00BB, 0x00BF},
	{0x00D7, 0x00D7}, {0x00F7, 0x00F7},
	{0x2000, 0x206F},			/* general punctuation */
	{0x2190, 0x2BFF},			/* arrows, symbols, boxes */
	{0x2E00, 0x2E7F},			/* more punctuation */
	{0x3000, 0x303F},			/* CJK punctuation */
	{0xFFFC, 0xFFFD},			/* replacement characters */
	{0x1F000, 0x1FAFF}			/* emoji */
};

/*
 * Small letters that look like Latin ones, or whose capitals do.  The latter
 * are included so that the case of a word makes no difference.  Sorted.
 */
static const struct
{
	pg_wchar	letter;
	char		latin;
}			look_alikes[] =

{
	/* Latin letters with strokes, dotless letters, phonetic alphabet */
	{0x00F8, 'o'}, {0x0111, 'd'}, {0x0127, 'h'}, {0x0131, 'i'}, {0x0142, 'l'},
	{0x0167, 't'}, {0x0180, 'b'}, {0x01B6, 'z'}, {0x01E5, 'g'}, {0x0237, 'j'},
	{0x023C, 'c'}, {0x0247, 'e'}, {0x0249, 'j'}, {0x024D, 'r'}, {0x024F, 'y'},
	{0x0251, 'a'}, {0x0254, 'o'}, {0x0261, 'g'}, {0x0262, 'g'}, {0x0268, 'i'},
	{0x0269, 'i'}, {0x026A, 'i'}, {0x0274, 'n'}, {0x0280, 'r'}, {0x028F, 'y'},
	{0x0299, 'b'}, {0x029C, 'h'}, {0x029F, 'l'},
	/* Greek */
	{0x03B1, 'a'}, {0x03B2, 'b'}, {0x03B5, 'e'}, {0x03B6, 'z'}, {0x03B7, 'h'},
	{0x03B9, 'i'}, {0x03BA, 'k'}, {0x03BC, 'm'}, {0x03BD, 'n'}, {0x03BF, 'o'},
	{0x03C1, 'p'}, {0x03C4, 't'}, {0x03C5, 'y'}, {0x03C7, 'x'}, {0x03F3, 'j'},
	/* Cyrillic */
	{0x0430, 'a'}, {0x0432, 'b'}, {0x0435, 'e'}, {0x043A, 'k'}, {0x043C, 'm'},
	{0x043D, 'h'}, {0x043E, 'o'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0442, 't'},
	{0x0443, 'y'}, {0x0445, 'x'}, {0x0455, 's'}, {0x0456, 'i'}, {0x0458, 'j'},
	{0x0491, 'r'}, {0x0493, 'f'}, {0x049B, 'k'}, {0x04A3, 'h'}, {0x04AB, 'c'},
	{0x04AF, 'y'}, {0x04B1, 'y'}, {0x04B3, 'x'}, {0x04BB, 'h'}, {0x04BD, 'e'},
	{0x04CF, 'i'}, {0x0501, 'd'}, {0x051B, 'q'}, {0x051D, 'w'},
	/* Armenian */
	{0x0570, 'h'}, {0x0575, 'j'}, {0x0578, 'n'}, {0x057D, 'u'}, {0x0581, 'g'},
	{0x0584, 'f'}, {0x0585, 'o'},
	/* Cherokee */
	{0x13A0, 'd'}, {0x13A1, 'r'}, {0x13A2, 't'}, {0x13A5, 'i'}, {0x13A9, 'y'},
	{0x13AA, 'a'}, {0x13AB, 'j'}, {0x13AC, 'e'}, {0x13B3, 'w'}, {0x13B7, 'm'},
	{0x13BB, 'h'}, {0x13BE, 'o'}, {0x13C0, 'g'}, {0x13C2, 'h'}, {0x13C3, 'z'},
	{0x13CF, 'b'}, {0x13D2, 'r'}, {0x13D4, 'w'}, {0x13D5, 's'}, {0x13D9, 'v'},
	{0x13DA, 's'}, {0x13DE, 'l'}, {0x13DF, 'c'}, {0x13E2, 'p'}, {0x13E6, 'k'},
	{0x13E7, 'd'}, {0x13F4, 'b'},
	/* small capitals */
	{0x1D00, 'a'}, {0x1D04, 'c'}, {0x1D05, 'd'}, {0x1D07, 'e'}, {0x1D0A, 'j'},
	{0x1D0B, 'k'}, {0x1D0D, 'm'}, {0x1D0F, 'o'}, {0x1D18, 'p'}, {0x1D1B, 't'},
	{0x1D1C, 'u'}, {0x1D20, 'v'}, {0x1D21, 'w'}, {0x1D22, 'z'},
	/* Coptic */
	{0x2C81, 'a'}, {0x2C83, 'b'}, {0x2C89, 'e'}, {0x2C93, 'i'}, {0x2C95, 'k'},
	{0x2C99, 'm'}, {0x2C9B, 'n'}, {0x2C9F, 'o'}, {0x2CA3, 'p'}, {0x2CA5, 'c'},
	{0x2CA7, 't'},
	/* Lisu */
	{0xA4D0, 'b'}, {0xA4D1, 'p'}, {0xA4D3, 'd'}, {0xA4D4, 't'}, {0xA4D6, 'g'},
	{0xA4D7, 'k'}, {0xA4D9, 'j'}, {0xA4DA, 'c'}, {0xA4DC, 'z'}, {0xA4DD, 'f'},
	{0xA4DF, 'm'}, {0xA4E0, 'n'}, {0xA4E1, 'l'}, {0xA4E2, 's'}, {0xA4E3, 'r'},
	{0xA4E6, 'v'}, {0xA4E7, 'h'}, {0xA4EA, 'w'}, {0xA4EB, 'x'}, {0xA4EC, 'y'},
	{0xA4EE, 'a'}, {0xA4F0, 'e'}, {0xA4F2, 'i'}, {0xA4F3, 'o'}, {0xA4F4, 'u'},
	/* more small capitals */
	{0xA730, 'f'}, {0xA731, 's'}
};

/*
 * Enclosed letters and the like that compatibility decomposition leaves as is.
 */
static const struct
{
	pg_wchar	first;			/* stands for A, the next for B, ... */
	int			count;
	char		latin;			/* the letter that the first stands for */
}			stand_ins[] =

{
	{0x03F2, 1, 'c'}, {0x03F9, 1, 'C'}, /* lunate sigma: looks like a C */
	{0x1F150, 26, 'A'},			/* white on black circles */
	{0x1F170, 26, 'A'},			/* white on black squares */
	{0x1F1E6, 26, 'A'}			/* regional indicators */
};

/* The number of characters that are decomposed at a time. */
#define CHUNK 4096

static bool
is_in(pg_wchar c, const Range *ranges, int count)
{
	for (int i = 0; i < count && c >= ranges[i].first; i++)
	{
		if (c <= ranges[i].last)
			return true;
	}
	return false;
}

/*
 * Does a letter or digit begin here?  Also works for capitals, before folding.
 */
static inline bool
is_word_char(const char *s, Size remaining, int *width)
{
	unsigned char c = (unsigned char) *s;

	*width = 1;
	if (!IS_HIGHBIT_SET(c))
		return (unsigned char) ((c | 0x20) - 'a') < 26 ||
			(unsigned char) (c - '0') < 10;

	*width = Min(pg_utf_mblen((const unsigned char *) s), (int) remaining);
	return !is_in(utf8_to_unicode((const unsigned char *) s), separators,
				  lengthof(separators));
}

bool
sg_is_word_char(const char *s, Size remaining, int *width)
{
	return is_word_char(s, remaining, width);
}

static bool
is_ignored(pg_wchar c)
{
	return is_in(c, ignored, lengthof(ignored));
}

/* Returns the Latin letter that this one looks like; 0 if none. */
static char
look_alike(pg_wchar c)
{
	int			low = 0;
	int			high = lengthof(look_alikes);

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (look_alikes[middle].letter == c)
			return look_alikes[middle].latin;
		if (look_alikes[middle].letter < c)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

/*
 * Returns the letter that this character depicts; else the character itself.
 */
static pg_wchar
pictured(pg_wchar c)
{
	for (int i = 0; i < lengthof(stand_ins) && c >= stand_ins[i].first; i++)
	{
		if (c - stand_ins[i].first < stand_ins[i].count)
			return stand_ins[i].latin + (c - stand_ins[i].first);
	}
	return c;
}

/*
 * Returns the small letter of a capital without accents, for the scripts in
 * use that have capitals.  The server's function is not used, because it works
 * only in the database's encoding and follows its locale (Turkish has a
 * different small I).
 */
static pg_wchar
small_letter(pg_wchar c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	if (c < 0x0100)
		return c >= 0x00C0 && c <= 0x00DE && c != 0x00D7 ? c + 32 : c;
	if (c < 0x0180)
	{
		if (c == 0x0130 || c == 0x0131 || c == 0x0138 || c == 0x0149 ||
			c == 0x0178 || c == 0x017F)
			return c;
		if ((c >= 0x0139 && c <= 0x0148) || c > 0x0178)
			return c + (c & 1);
		return c | 1;
	}
	if (c >= 0x0391 && c <= 0x03A9)
		return c + 32;
	if (c == 0x03C2)			/* final sigma */
		return 0x03C3;
	if (c >= 0x0400 && c <= 0x040F)
		return c + 80;
	if (c >= 0x0410 && c <= 0x042F)
		return c + 32;
	if (c == 0x04C0)
		return 0x04CF;
	if (c >= 0x04C1 && c <= 0x04CE)
		return c + (c & 1);
	if ((c >= 0x0460 && c <= 0x0481) || (c >= 0x048A && c <= 0x04BF) ||
		(c >= 0x04D0 && c <= 0x052F))
		return c | 1;
	if (c >= 0x0531 && c <= 0x0556) /* Armenian */
		return c + 48;
	if (c >= 0x10A0 && c <= 0x10C5) /* Georgian */
		return c + 7264;
	if (c >= 0xAB70 && c <= 0xABBF) /* Cherokee, where capitals are usual */
		return c - 0xAB70 + 0x13A0;
	if (c >= 0x2C80 && c <= 0x2CB1) /* Coptic */
		return c | 1;
	if (c == 0x0197)			/* I with a stroke */
		return 0x0268;
	if (c == 0x1E9E)			/* sharp s */
		return 0x00DF;
	return c;
}

static bool
is_ascii_text(const char *data, Size len)
{
	Size		i = 0;

	for (; i + sizeof(uint64) <= len; i += sizeof(uint64))
	{
		uint64		chunk;

		memcpy(&chunk, data + i, sizeof(chunk));
		if ((chunk & UINT64CONST(0x8080808080808080)) != 0)
			return false;
	}
	for (; i < len; i++)
	{
		if (IS_HIGHBIT_SET(data[i]))
			return false;
	}
	return true;
}

/*
 * Returns a text of the database as UTF-8.  A character without a counterpart
 * becomes a blank.  Bytes of unknown meaning are left to decode().
 */
static const char *
to_utf8(const char *data, Size len, Size *utf8_len)
{
	int			encoding = GetDatabaseEncoding();
	Oid			conversion = InvalidOid;
	unsigned char buffer[CHUNK * MAX_CONVERSION_GROWTH + 1];
	char	   *result;
	Size		out = 0;

	*utf8_len = len;
	if (encoding != PG_UTF8 && encoding != PG_SQL_ASCII)
		conversion = FindDefaultConversionProc(encoding, PG_UTF8);
	if (!OidIsValid(conversion))
		return data;

	result = palloc_extended(len * MAX_CONVERSION_GROWTH + 1,
							 MCXT_ALLOC_HUGE);
	while (len > 0)
	{
		int			done;
		int			got;

		CHECK_FOR_INTERRUPTS();
		done = pg_do_encoding_conversion_buf(conversion, encoding, PG_UTF8,
											 (unsigned char *) unconstify(char *, data),
											 Min(len, CHUNK), buffer,
											 sizeof(buffer), true);
		got = strlen((char *) buffer);	/* the conversion ends it with a NUL */
		memcpy(result + out, buffer, got);
		out += got;
		if (done == 0)
		{
			done = Min((Size) pg_encoding_mblen(encoding, data), len);
			result[out++] = ' ';
		}
		data += done;
		len -= done;
	}
	*utf8_len = out;
	return result;
}

/*
 * Returns the character that begins here.  A byte that is not part of valid
 * UTF-8 is read as Latin 1.  That is only a guess, but more likely than any
 * other, and better than a letter that joins words.
 */
static pg_wchar
decode(const char *s, Size remaining, int *width)
{
	*width = pg_utf_mblen((const unsigned char *) s);
	if (*width <= remaining &&
		pg_utf8_islegal((const unsigned char *) s, *width))
		return utf8_to_unicode((const unsigned char *) s);
	*width = 1;
	return (unsigned char) *s;
}

/*
 * Returns the text in small letters (except ASCII, which stays as it is) in
 * compatibility decomposition without the accents.  Full-width and styled
 * letters become plain ones, and "Inmigración" becomes "Inmigracion".
 *
 * The text is decomposed in pieces, because decomposition also sorts combining
 * marks, which takes quadratic time in a long row of them.
 */
static char *
decompose(const char *data, Size len, Size *result_len)
{
	pg_wchar	wide[CHUNK + 1];
	Size		capacity = len + 1;
	char	   *result = palloc_extended(capacity, MCXT_ALLOC_HUGE);
	Size		out = 0;
	Size		i = 0;

	while (i < len)
	{
		pg_wchar   *plain;
		int			count = 0;

		CHECK_FOR_INTERRUPTS();
		while (i < len && count < CHUNK)
		{
			int			width;
			pg_wchar	c = decode(data + i, len - i, &width);

			if (!is_ignored(c))
				wide[count++] = pictured(c);
			i += width;
		}
		wide[count] = 0;

		plain = unicode_normalize(UNICODE_NFKD, wide);
		for (pg_wchar *p = plain; *p; p++)
		{
			if (is_ignored(*p))
				continue;
			if (capacity - out < 5)
			{
				capacity *= 2;
				capacity += 8;
				result = repalloc_huge(result, capacity);
			}
			unicode_to_utf8(*p < 0x80 ? *p : small_letter(*p),
							(unsigned char *) result + out);
			out += pg_utf_mblen((unsigned char *) result + out);
		}
		pfree(plain);
	}
	result[out] = '\0';
	*result_len = out;
	return result;
}

/*
 * Replaces letters of other scripts that look Latin with Latin ones, in place,
 * in a word that also has Latin letters, or that has no other letters.  A word
 * of another script that is changed by mistake hardly ever becomes one of our
 * terms.
 */
static void
unmask(char *folded, Size *len)
{
	Size		in = 0;
	Size		out = 0;

	while (in < *len)
	{
		Size		end = in;
		bool		latin = false;
		bool		foreign = false;
		int			width;

		CHECK_FOR_INTERRUPTS();
		while (end < *len && is_word_char(folded + end, *len - end, &width))
		{
			if (folded[end] >= 'a' && folded[end] <= 'z')
				latin = true;
			else if (IS_HIGHBIT_SET(folded[end]) &&
					 look_alike(utf8_to_unicode((unsigned char *) folded + end)) == 0)
				foreign = true;
			end += width;
		}
		while (in < end)
		{
			char		c = 0;

			width = pg_utf_mblen((unsigned char *) folded + in);
			if (width > 1 && (latin || !foreign))
				c = look_alike(utf8_to_unicode((unsigned char *) folded + in));
			if (c != 0)
				folded[out++] = c;
			else
			{
				memmove(folded + out, folded + in, width);
				out += width;
			}
			in += width;
		}
		/* Copy the separator before the next word. */
		while (in < *len && !is_word_char(folded + in, *len - in, &width))
		{
			memmove(folded + out, folded + in, width);
			out += width;
			in += width;
		}
	}
	folded[out] = '\0';
	*len = out;
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/*
 * Does a series of single capitals follow, separated only by blanks and
 * without small letters?
 */
static bool
capitals_follow(const char *s, Size len)
{
	bool		found = false;
	Size		i = 0;

	for (;;)
	{
		Size		start = i;
		int			width;
		char		c;

		while (i < len && is_blank(s[i]))
			i++;
		if (i == start || i >= len || !is_word_char(s + i, len - i, &width))
			return found;
		c = s[i];
		i += width;
		if ((c >= '0' && c <= '9') ||
			(i < len && is_word_char(s + i, len - i, &width)))
			return found;
		if (c >= 'a' && c <= 'z')
			return false;
		found = true;
	}
}

/*
 * Marks a single small letter before spelled-out capitals with a vertical tab
 * behind it, because in "a I C E hold" only the case tells that "a" is not one
 * of the letters that are spelled.  Other blanks never are a vertical tab in
 * folded text.
 *
 * No letter is looked at more than twice, because capitals_follow() stops at
 * the next small one.
 */
static void
part_small_letters(char *s, Size len)
{
	/* Blanks are few, so checking only behind each of them is fast. */
	for (Size i = 0; i < len; i++)
	{
		int			width;

		if (!is_blank(s[i]))
			continue;
		if (s[i] == '\v')
			s[i] = ' ';
		if (i > 0 && s[i - 1] >= 'a' && s[i - 1] <= 'z' &&
			(i == 1 || !(IS_HIGHBIT_SET(s[i - 2]) ||
						 is_word_char(s + i - 2, 1, &width))) &&
			capitals_follow(s + i, len - i))
			s[i] = '\v';
	}
}

char *
sg_fold(const char *data, Size len, Size *folded_len)
{
	bool		ascii = is_ascii_text(data, len);
	char	   *result;

	if (ascii)
	{
		result = palloc_extended(len + 1, MCXT_ALLOC_HUGE);
		memcpy(result, data, len);
		result[len] = '\0';
	}
	else
	{
		data = to_utf8(data, len, &len);
		result = decompose(data, len, &len);
	}
	part_small_letters(result, len);
	for (Size i = 0; i < len; i++)
		result[i] |= result[i] >= 'A' && result[i] <= 'Z' ? 0x20 : 0;
	if (!ascii)
		unmask(result, &len);
	*folded_len = len;
	return result;
}

text *
sg_folded_text(const char *folded, Size len, bool exact)
{
	StringInfoData buf;
	int			width;

	if (GetDatabaseEncoding() == PG_UTF8 || is_ascii_text(folded, len))
		return cstring_to_text_with_len(folded, len);

	initStringInfo(&buf);
	for (const char *s = folded; s < folded + len; s += width)
	{
		pg_wchar	c = decode(s, folded + len - s, &width);

		if (c < 0x80)
			appendStringInfoChar(&buf, (char) c);
		else if (exact)
			appendStringInfo(&buf, "\\%X", c);
		else
			appendStringInfoChar(&buf, '?');
	}
	return cstring_to_text_with_len(buf.data, buf.len);
}

static bool
is_single_letter(const Word *word)
{
	return word->len == 1 && word->data[0] >= 'a' && word->data[0] <= 'z';
}

/*
 * Does the word have only letters?  Numbers are not chained: 13-25 is not
 * 1325.
 */
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

/*
 * Can this text between two words be part of one word?  A hyphen or dash
 * (U+2010 to U+2015), minus sign, dot, bullet or the like can, without blanks.
 * A separator of lists (slash, comma, plus) cannot.
 */
static bool
is_joiner(const char *s, int len)
{
	if (len == 1)
		return s[0] != ' ' && strchr("-._*'`~|", s[0]) != NULL;
	if (len == 2)
		return memcmp(s, "\xC2\xB7", 2) == 0;
	return len == 3 &&
		((memcmp(s, "\xE2\x80", 2) == 0 && (unsigned char) s[2] >= 0x90 &&
		  (unsigned char) s[2] <= 0x95) ||
		 memcmp(s, "\xE2\x80\x99", 3) == 0 ||
		 memcmp(s, "\xE2\x80\xA2", 3) == 0 ||
		 memcmp(s, "\xE2\x88\x92", 3) == 0);
}

/* Can two neighbors be parts of one word? */
static inline bool
are_chained(const char *folded, const Word *word, const Word *next)
{
	if (word->len == 1 && next->len == 1)
		return is_single_letter(word) && is_single_letter(next);
	return next->start - word->end <= 3 &&
		is_joiner(folded + word->end, next->start - word->end) &&
		is_of_letters(word) && is_of_letters(next);
}

Word *
sg_split_words(const char *folded, Size len, int *nwords)
{
	int			capacity = 16;
	Word	   *words = palloc(capacity * sizeof(Word));
	char	   *chained = NULL;
	int			count = 0;
	int			nchained = 0;
	Size		i = 0;

	while (i < len)
	{
		int			width;
		Size		start = i;

		if (!is_word_char(folded + i, len - i, &width))
		{
			i += width;
			continue;
		}
		while (i < len && is_word_char(folded + i, len - i, &width))
			i += width;

		if (count == capacity)
		{
			CHECK_FOR_INTERRUPTS();
			capacity *= 2;
			words = repalloc_huge(words, capacity * sizeof(Word));
		}
		words[count].data = folded + start;
		words[count].len = i - start;
		words[count].chain = i - start;
		words[count].start = start;
		words[count].end = i;
		if (count > 0 && are_chained(folded, &words[count - 1], &words[count]))
			nchained++;
		count++;
	}

	for (int from = 0, to; nchained > 0 && from < count; from = to)
	{
		int			length = words[from].len;

		CHECK_FOR_INTERRUPTS();
		for (to = from + 1; to < count &&
			 are_chained(folded, &words[to - 1], &words[to]); to++)
			length += words[to].len;
		if (to - from < 2)
			continue;
		nchained -= to - from - 1;

		/* The chains together are never longer than the text. */
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
	char	   *folded;
	Size		out = 0;
	Size		i = 0;

	/*
	 * Shortcut, because nearly every name of the many in a registry is ASCII.
	 */
	if (is_ascii_text(data, len))
	{
		folded = palloc_extended(len + 1, MCXT_ALLOC_HUGE);
		for (i = 0; i < len; i++)
		{
			unsigned char c = data[i];
			unsigned char small = c | 0x20;

			if ((unsigned char) (small - 'a') < 26)
				folded[out++] = small;
			else if ((unsigned char) (c - '0') < 10)
				folded[out++] = c;
		}
		folded[out] = '\0';
		return folded;
	}

	/* Squeeze in place; the write position never passes the read position. */
	folded = sg_fold(data, len, &folded_len);
	while (i < folded_len)
	{
		int			width;

		if (is_word_char(folded + i, folded_len - i, &width))
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
	char	   *folded = sg_fold_name(VARDATA_ANY(name),
									  VARSIZE_ANY_EXHDR(name));

	PG_RETURN_TEXT_P(sg_folded_text(folded, strlen(folded), true));
}
