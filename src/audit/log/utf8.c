/*-------------------------------------------------------------------------
 *
 * utf8.c
 *		Texts of this database in UTF-8, where they have such a form.
 *
 * Not every byte string that a database stores has one: SQL_ASCII stores
 * anything, a byte of WIN1252 may stand for nothing, and MULE_INTERNAL has no
 * conversion to UTF-8 at all.  The server's functions raise an error there;
 * these stop before the byte.  What they return depends on the text and on the
 * encoding of the database, and on no setting: the conversion is the server's
 * own, and never one that search_path would find before it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_conversion.h"
#include "catalog/pg_namespace.h"
#include "mb/pg_wchar.h"

#include "audit/log/utf8.h"

/*
 * The number of bytes converted at once; the result has room for the worst
 * case.
 */
#define PIECE_SIZE	4096

struct Utf8Converter
{
	int			encoding;
	Oid			conversion;		/* InvalidOid: ASCII alone is converted */
	unsigned char utf8[PIECE_SIZE * MAX_CONVERSION_GROWTH + 1];
};

Utf8Converter *
sg_utf8_begin(void)
{
	Utf8Converter *converter;

	if (GetDatabaseEncoding() == PG_UTF8)
		return NULL;

	converter = palloc(sizeof(Utf8Converter));
	converter->encoding = GetDatabaseEncoding();
	converter->conversion = converter->encoding == PG_SQL_ASCII ? InvalidOid :
		FindDefaultConversion(PG_CATALOG_NAMESPACE, converter->encoding, PG_UTF8);
	return converter;
}

/* Returns how many bytes at the beginning are ASCII. */
static size_t
ascii_length(const char *data, size_t len)
{
	size_t		i = 0;

	while (i < len && !IS_HIGHBIT_SET(data[i]) && data[i] != '\0')
		i++;
	return i;
}

size_t
sg_utf8_piece(Utf8Converter *converter, const char *data, size_t len,
			  const char **utf8, size_t *utf8_len)
{
	size_t		piece = Min(len, PIECE_SIZE);
	size_t		taken = ascii_length(data, piece);

	/* What is the same in both is not copied. */
	*utf8 = data;
	if (taken == 0 && converter->encoding == PG_SQL_ASCII)
		taken = pg_encoding_verifymbstr(PG_UTF8, data, (int) piece);
	else if (taken == 0 && OidIsValid(converter->conversion))
	{
		taken = pg_do_encoding_conversion_buf(converter->conversion,
											  converter->encoding, PG_UTF8,
											  (unsigned char *) unconstify(char *, data),
											  (int) piece, converter->utf8,
											  sizeof(converter->utf8), true);
		*utf8 = (const char *) converter->utf8;
		*utf8_len = strlen(*utf8);
		return taken;
	}
	*utf8_len = taken;
	return taken;
}

bool
sg_utf8_length(Utf8Converter *converter, const char *data, size_t len,
			   size_t *utf8_len)
{
	*utf8_len = 0;
	while (len > 0)
	{
		const char *utf8;
		size_t		piece;
		size_t		taken = sg_utf8_piece(converter, data, len, &utf8, &piece);

		if (taken == 0)
			return false;
		data += taken;
		len -= taken;
		*utf8_len += piece;
	}
	return true;
}
