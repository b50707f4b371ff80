
-- The script uses this only while it creates the tables.
DROP FUNCTION sharing_guard.is_policy_table(name, name[]);
-- Pins settings for all functions of the extension, so that none depends on
-- the session's settings.  This must be the last part of the script.
-- search_path is pinned where each function is created.  These settings change
-- how text becomes a value and a value text, and what a name or a backslash
-- means.  A function that already has one of them keeps it.
--
-- Functions in C fix their settings themselves: fixed_form.c has the same
-- list.
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT pg_catalog.format('ALTER FUNCTION %s SET %I = %L',
                                 p.oid::pg_catalog.regprocedure, s.name, s.value)
          FROM pg_catalog.pg_proc AS p
          JOIN pg_catalog.pg_language AS l ON l.oid OPERATOR(pg_catalog.=) p.prolang
         CROSS JOIN (VALUES ('array_nulls', 'on'), ('bytea_output', 'hex'),
                ('DateStyle', 'ISO, MDY'), ('extra_float_digits', '1'),
                ('IntervalStyle', 'postgres'), ('quote_all_identifiers', 'off'),
                ('standard_conforming_strings', 'on'), ('TimeZone', 'UTC'),
                ('transform_null_equals', 'off')) AS s (name, value)
         WHERE p.pronamespace OPERATOR(pg_catalog.=) 'sharing_guard'::pg_catalog.regnamespace
           AND l.lanname IN ('sql', 'plpgsql')
           AND p.prokind OPERATOR(pg_catalog.=) 'f'
           AND p.proconfig IS NOT NULL
           AND NOT EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) AS c (setting)
                            WHERE pg_catalog.lower(pg_catalog.split_part(c.setting, '=', 1))
                                  OPERATOR(pg_catalog.=) pg_catalog.lower(s.name))
    LOOP
        EXECUTE statement;
    END LOOP;
END
$$;
