/*-------------------------------------------------------------------------
 *
 * pack.c
 *		Reads a policy pack from the server's extension directory.
 *
 * Packs are installed beside the extension's script, by whoever installs
 * software on the server.  What is done with one is SQL (policy/rules/pack.sql).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(sg_sql_pack_content);

#define PACK_PREFIX "sharing_guard."
#define PACK_SUFFIX ".json"

/*
 * Names of packs: they become part of a path, so nothing else will do.
 * Without a slash or a dot none leads out of the directory.
 */
static bool
is_pack_name(const char *name)
{
	return name[0] != '\0' && strlen(name) < NAMEDATALEN &&
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

/*
 * Where the running server finds its extensions; palloc'd.  Worked out from
 * the place of its program, so an installation that was moved is found, too.
 */
static char *
extension_directory(void)
{
	char		share[MAXPGPATH];

	get_share_path(my_exec_path, share);
	return psprintf("%s/extension", share);
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * The packs that are installed, for a hint; palloc'd.
 *
 * A directory that cannot be read is only logged: the error that the hint is
 * for must not be lost over it.
 */
static char *
installed_packs(void)
{
	StringInfoData names;
	List	   *found = NIL;
	ListCell   *lc;
	char	   *path = extension_directory();
	DIR		   *dir = AllocateDir(path);
	struct dirent *entry;

	while ((entry = ReadDirExtended(dir, path, LOG)) != NULL)
	{
		int			len = strlen(entry->d_name);
		int			prefix = strlen(PACK_PREFIX);
		int			suffix = strlen(PACK_SUFFIX);

		if (len > prefix + suffix &&
			strncmp(entry->d_name, PACK_PREFIX, prefix) == 0 &&
			strcmp(entry->d_name + len - suffix, PACK_SUFFIX) == 0)
			found = lappend(found, pnstrdup(entry->d_name + prefix,
											len - prefix - suffix));
	}
	FreeDir(dir);

	/* A directory has no order of its own. */
	list_sort(found, compare_names);
	initStringInfo(&names);
	foreach(lc, found)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 (char *) lfirst(lc));
	return names.data;
}

/* The line of a text in which a byte is, counted from 1. */
static int
line_of(const char *text, int byte)
{
	int			line = 1;

	for (int i = 0; i < byte; i++)
	{
		if (text[i] == '\n')
			line++;
	}
	return line;
}

/*
 * sharing_guard.pack_content(pack text) returns text
 *
 * The file as one text in the database's encoding.  Errors out where no such
 * pack is installed, and where the file cannot be read or is not UTF-8.
 * Whether it is a pack, or JSON at all, pack_adopt() finds out.
 */
Datum
sg_sql_pack_content(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *path;
	FILE	   *file;
	struct stat st;
	StringInfoData content;
	int			valid;
	char	   *converted;

	if (!is_pack_name(name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not the name of a policy pack", name),
				 errdetail("Names of packs are made of at most %d small letters, digits and hyphens.",
						   NAMEDATALEN - 1),
				 errhint("Installed packs: %s.", installed_packs())));

	path = psprintf("%s/" PACK_PREFIX "%s" PACK_SUFFIX,
					extension_directory(), name);
	file = AllocateFile(path, PG_BINARY_R);
	/* A misspelt name is the user's to correct, an unreadable file is not. */
	if (file == NULL && errno == ENOENT)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("policy pack \"%s\" is not installed", name),
				 errhint("Installed packs: %s.", installed_packs())));
	if (file == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\": %m", path)));
	if (fstat(fileno(file), &st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat file \"%s\": %m", path)));
	/* Conversion may make four bytes of one, and the result is a text. */
	if (st.st_size > MaxAllocSize / 8)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("policy pack \"%s\" is too large", name)));

	initStringInfo(&content);
	enlargeStringInfo(&content, (int) st.st_size + 1);
	content.len = fread(content.data, 1, st.st_size, file);
	content.data[content.len] = '\0';
	if (ferror(file) || content.len != st.st_size)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read file \"%s\": %m", path)));
	FreeFile(file);

	/*
	 * Packs are JSON, hence UTF-8.  Verified here: where the database has the
	 * same encoding, nothing else would look at the bytes before they become
	 * a text.  A NUL byte, at which the text would end, is none either.
	 */
	valid = pg_encoding_verifymbstr(PG_UTF8, content.data, content.len);
	if (valid < content.len)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("policy pack \"%s\" is not UTF-8", name),
				 errdetail("Line %d has a byte that does not belong there.",
						   line_of(content.data, valid)),
				 errhint("Save the file as UTF-8.")));
	converted = pg_any_to_server(content.data, content.len, PG_UTF8);
	PG_RETURN_TEXT_P(cstring_to_text(converted));
}
