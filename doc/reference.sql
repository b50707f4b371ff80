-- Prints doc/reference.md from the comments in the database, so that the
-- manual and \d+ never differ.  Run in a database with the extension:
--   psql -XAtq -f doc/reference.sql > doc/reference.md     (make reference)
\pset format unaligned
\pset tuples_only on
SET search_path = pg_catalog;
\echo # Reference
\echo
\echo 'Every public name, made by `make reference` from the comments that psql shows'
\echo 'with `\\d+` and `\\df+`. Functions and tables marked internal in their comment'
\echo are left out.
\echo
\echo ## Settings
\echo
SELECT format(E'`%s` (%s; %s)\n: %s %s\n', name,
              CASE WHEN vartype = 'integer' THEN 'default ' || boot_val || ' ' || unit
                   ELSE 'default ' || quote_literal(boot_val) END,
              CASE context WHEN 'postmaster' THEN 'a change needs a restart'
                           ELSE 'a change needs a reload' END,
              short_desc, extra_desc)
FROM pg_settings WHERE name LIKE 'sharing\_guard.%' ORDER BY name;
\echo ## SQLSTATEs
\echo
\echo '| code | when |'
\echo '|---|---|'
\echo '| `SG001` | the sharing policy refuses a row; as a WARNING: rows were skipped |'
\echo '| `SG002` | COPY of a protected table whose destination nobody has declared, where setting.undeclared_copy is refuse |'
\echo '| `SG003` | the event cannot be written, so nothing is disclosed |'
\echo '| `SG004` | a review is overdue, and the settings stop disclosures until it is signed |'
\echo '| `SG006` | the library is not preloaded, the database is not listed, or a guard cannot work |'
\echo '| `SG007` | nothing is configured, or no policy is adopted |'
\echo '| `SG008` | an attempt to change the record |'
\echo
\echo '`SG005` (guard under maintenance) is reserved. Bad arguments and rows that make no sense have the'
\echo 'standard codes of PostgreSQL (22023, 22004, 23514, 42703, 42704, ...).'
\echo
\echo ## Functions
\echo
\echo 'Who may call them: `begin_disclosure()` everybody; `explain_event()` and'
\echo '`preview_decision()` also auditors; set-up functions policy administrators;'
\echo '`grant_...()` and `revoke_...()` superusers.'
\echo
SELECT format(E'`%s(%s)` → `%s`\n: %s.\n', p.proname,
              regexp_replace(regexp_replace(pg_get_function_arguments(p.oid),
                             '::(text|regclass|timestamp with time zone)', '', 'g'),
                             ', OUT .*$', ''),
              regexp_replace(pg_get_function_result(p.oid), '^record$',
                  'record (' || coalesce(substring(pg_get_function_arguments(p.oid) FROM 'OUT .*$'), '') || ')'),
              obj_description(p.oid, 'pg_proc'))
FROM pg_proc p
WHERE p.pronamespace = 'sharing_guard'::regnamespace
  AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND obj_description(p.oid, 'pg_proc') NOT LIKE 'Internal:%'
ORDER BY p.proname;
\echo ## Tables of policy and set-up
\echo
\echo Ordinary tables, changed with ordinary SQL by a policy administrator; every
\echo change is an event with the old and the new row.
\echo
SELECT format(E'### %s\n\n%s.\n\n| column | type | meaning |\n|---|---|---|\n%s\n', c.relname,
              obj_description(c.oid, 'pg_class'),
              (SELECT string_agg(format('| %s | %s | %s |', a.attname, format_type(a.atttypid, a.atttypmod),
                                        replace(col_description(c.oid, a.attnum), '|', '\|')), E'\n' ORDER BY a.attnum)
               FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
FROM pg_class c
WHERE c.relnamespace = 'sharing_guard'::regnamespace AND c.relkind = 'r' AND c.relname <> 'event'
ORDER BY c.relname;
\echo ## The log
\echo
SELECT format(E'### %s\n\n%s.\n\n| column | type | meaning |\n|---|---|---|\n%s\n', c.relname,
              obj_description(c.oid, 'pg_class'),
              (SELECT string_agg(format('| %s | %s | %s |', a.attname, format_type(a.atttypid, a.atttypmod),
                                        replace(col_description(c.oid, a.attnum), '|', '\|')), E'\n' ORDER BY a.attnum)
               FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
FROM pg_class c
WHERE c.relnamespace = 'sharing_guard'::regnamespace AND c.relname = 'event';
\echo ## Views for the auditor
\echo
SELECT format(E'### %s\n\n%s.\n\n| column | type | meaning |\n|---|---|---|\n%s\n', c.relname,
              obj_description(c.oid, 'pg_class'),
              (SELECT string_agg(format('| %s | %s | %s |', a.attname, format_type(a.atttypid, a.atttypmod),
                                        replace(col_description(c.oid, a.attnum), '|', '\|')), E'\n' ORDER BY a.attnum)
               FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
FROM pg_class c
WHERE c.relnamespace = 'sharing_guard'::regnamespace AND c.relkind = 'v'
ORDER BY c.relname;
