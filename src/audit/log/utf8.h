/*-------------------------------------------------------------------------
 *
 * utf8.h
 *		Texts of this database in UTF-8, where they have such a form.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_UTF8_H
#define SHARING_GUARD_UTF8_H

typedef struct Utf8Converter Utf8Converter;

/* NULL where the database is in UTF-8: then every text is as it should be. */
extern Utf8Converter *sg_utf8_begin(void);

/*
 * Converts the beginning of a text; returns how many bytes of it that was, and
 * the result, which is valid until the next call.  0 where the next character
 * has no form in UTF-8.  Raises nothing.
 */
extern size_t sg_utf8_piece(Utf8Converter *converter, const char *data,
							size_t len, const char **utf8, size_t *utf8_len);

/* The length of the whole text in UTF-8; false where it has no such form. */
extern bool sg_utf8_length(Utf8Converter *converter, const char *data,
						   size_t len, size_t *utf8_len);

#endif							/* SHARING_GUARD_UTF8_H */
