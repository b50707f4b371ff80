
-- Settings of the whole installation, in one row that configure() makes.

CREATE TABLE sharing_guard.setting (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    home_jurisdiction text NOT NULL,
    agency text NOT NULL,
    time_zone text NOT NULL,
    contact text,
    mode text NOT NULL DEFAULT 'enforce'
        CONSTRAINT setting_mode CHECK (mode IN ('enforce', 'observe')),
    copied_tables text NOT NULL DEFAULT 'flag',
    undeclared_copy text NOT NULL DEFAULT 'flag'
        CONSTRAINT setting_undeclared_copy CHECK (undeclared_copy IN ('flag', 'refuse')),
    review_period_days integer NOT NULL DEFAULT 90
        CONSTRAINT setting_review_period_days CHECK (review_period_days BETWEEN 1 AND 90),
    review_due_days integer NOT NULL DEFAULT 30
        CONSTRAINT setting_review_due_days CHECK (review_due_days BETWEEN 0 AND 90),
    review_auditor text,
    overdue_refuses boolean NOT NULL DEFAULT false,
    attestations boolean,
    retention_floor interval NOT NULL DEFAULT '3 years'
        CONSTRAINT setting_retention_floor CHECK (retention_floor >= '90 days'),
    log_capacity bigint
        CONSTRAINT setting_log_capacity CHECK (log_capacity > 0)
);
COMMENT ON TABLE sharing_guard.setting IS
'One row: the settings of the whole installation; see configure() and set_mode()';
COMMENT ON COLUMN sharing_guard.setting.only_row IS
'Always true, so that there is only one row';
COMMENT ON COLUMN sharing_guard.setting.home_jurisdiction IS
'ISO 3166-2 code of the state whose law applies, such as US-CA';
COMMENT ON COLUMN sharing_guard.setting.agency IS
'The agency that keeps this database: its agency_id in the table agency';
COMMENT ON COLUMN sharing_guard.setting.time_zone IS
'The time zone in which days begin and end, such as America/Los_Angeles: for effective dates, expiry dates and the 90-day view';
COMMENT ON COLUMN sharing_guard.setting.contact IS
'The contact that a refused user is told to ask';
COMMENT ON COLUMN sharing_guard.setting.mode IS
'enforce, or observe: nothing is blocked, and the audit shows what would have been blocked';
COMMENT ON COLUMN sharing_guard.setting.copied_tables IS
'The treatment of a table that receives a copy of rows of a protected source table: flag (recorded and shown to the auditor), refuse, or protect (the copy is protected like its source)';
COMMENT ON COLUMN sharing_guard.setting.undeclared_copy IS
'The treatment of a COPY of a protected table by the agency''s own people who have not declared its destination: flag, or refuse (SG002)';
COMMENT ON COLUMN sharing_guard.setting.review_period_days IS
'How many days a review period lasts, at most 90; a change takes effect with the next period';
COMMENT ON COLUMN sharing_guard.setting.review_due_days IS
'How many days after its end a review period must be signed; then it is overdue';
COMMENT ON COLUMN sharing_guard.setting.review_auditor IS
'The role of the auditor who signs; another auditor may sign only as a named stand-in. NULL: any auditor may sign';
COMMENT ON COLUMN sharing_guard.setting.overdue_refuses IS
'Whether every disclosure outside the agency itself is refused while a review is overdue; otherwise there is only a daily alert';
COMMENT ON COLUMN sharing_guard.setting.attestations IS
'Whether written attestations of other agencies are kept here (agency.attested_on): rules that flag an agency without one apply only where this is true; NULL: not chosen yet';
COMMENT ON COLUMN sharing_guard.setting.retention_floor IS
'The minimal retention: younger events cannot be purged. At least 90 days, by default three years; an adopted pack may require more';
COMMENT ON COLUMN sharing_guard.setting.log_capacity IS
'How many bytes the log may use on its disk, for the view log_capacity; NULL: not known. The database cannot see the free space of a disk';
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.setting', '');

SELECT sharing_guard.is_policy_table('setting', 'only_row');

-- Is this a jurisdiction?  An ISO 3166-2:US code or an ISO 3166-1 alpha-2
-- country code.
CREATE FUNCTION sharing_guard.is_jurisdiction(code text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sg_sql_is_jurisdiction'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.is_jurisdiction(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.is_jurisdiction(text) IS
'Whether this is an ISO 3166-2:US code (US-CA) or an ISO 3166-1 country code (MX)';

CREATE FUNCTION sharing_guard.fold_name(name text) RETURNS text
    AS 'MODULE_PATHNAME', 'sg_sql_fold_name'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.fold_name(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.fold_name(text) IS
'A name without case, accents, spacing and punctuation: names that fold alike are the same name';

-- Checks that several policy tables share.  They run before the tables' own
-- constraints, whose messages would show the whole row and give no advice.
-- "what" names the row in plain words: rule "x".  The function is STRICT,
-- because a rule leaves most of its columns NULL, and there may be thousands
-- of rules.
CREATE FUNCTION sharing_guard.check_word(
    what text, column_name text, word text, known text[]
) RETURNS void
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF word <> ALL (known) THEN
        RAISE EXCEPTION '% has an unknown word in %: "%"', what, column_name, word
            USING ERRCODE = 'check_violation',
                  HINT = format('One of these is expected: %s.', array_to_string(known, ', '));
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.check_word(text, text, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.check_word(text, text, text, text[]) IS
'Internal: refuses a word that is not among the known ones';

-- Returns the first word of a list that is not among the known ones; NULL
-- where all are known.  A NULL in the list is returned as an empty word.
CREATE FUNCTION sharing_guard.unknown_word(words text[], known text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    -- EXCEPT hashes, which matters because a rule may name thousands of
    -- agencies.
    SELECT coalesce(w, '')
      FROM (SELECT unnest(words) EXCEPT SELECT unnest(known)) AS u (w)
     ORDER BY 1 LIMIT 1
$$;
REVOKE ALL ON FUNCTION sharing_guard.unknown_word(text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.unknown_word(text[], text[]) IS
'Internal: the first word of a list that is not among the known ones';

CREATE FUNCTION sharing_guard.check_list(what text, list_name text, words text[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF cardinality(words) = 0 THEN
        RAISE EXCEPTION '% has an empty list of %', what, list_name
            USING ERRCODE = 'check_violation',
                  HINT = 'Leave it NULL to mean any.';
    END IF;
    IF array_position(words, NULL) IS NOT NULL THEN
        RAISE EXCEPTION '% has a NULL in its list of %', what, list_name
            USING ERRCODE = 'check_violation',
                  HINT = 'Leave the whole list NULL to mean any.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.check_list(text, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.check_list(text, text, text[]) IS
'Internal: refuses an empty list';

CREATE FUNCTION sharing_guard.check_list(
    what text, list_name text, words text[], known text[], hint text
) RETURNS void
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    odd text;
BEGIN
    PERFORM sharing_guard.check_list(what, list_name, words);
    odd := sharing_guard.unknown_word(words, known);
    IF odd IS NOT NULL THEN
        RAISE EXCEPTION '% names "%" in %, which is unknown', what, odd, list_name
            USING ERRCODE = 'check_violation', HINT = hint;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.check_list(text, text, text[], text[], text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.check_list(text, text, text[], text[], text) IS
'Internal: refuses an empty list, or one with unknown words';

-- The trigger checks the settings, because the table is changed by SQL as well
-- as by the functions below.  It runs as its owner, because it only reads.
CREATE FUNCTION sharing_guard.setting_check() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.home_jurisdiction !~ '^US-'
       OR NOT sharing_guard.is_jurisdiction(NEW.home_jurisdiction) THEN
        RAISE EXCEPTION 'unknown home jurisdiction "%"', NEW.home_jurisdiction
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give the ISO 3166-2 code of the state, district or territory, such as US-CA.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_timezone_names AS z
                   WHERE z.name = NEW.time_zone) THEN
        RAISE EXCEPTION 'unknown time zone "%"', NEW.time_zone
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give a name from the view pg_timezone_names, such as America/Los_Angeles.';
    END IF;
    PERFORM sharing_guard.check_word('setting', 'mode', NEW.mode, '{enforce,observe}');
    PERFORM sharing_guard.check_word('setting', 'copied_tables', NEW.copied_tables,
                                     '{flag,refuse,protect}');
    PERFORM sharing_guard.check_word('setting', 'undeclared_copy', NEW.undeclared_copy, '{flag,refuse}');
    IF NEW.review_period_days NOT BETWEEN 1 AND 90 THEN
        RAISE EXCEPTION 'a review period cannot last % days', NEW.review_period_days
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'It lasts 1 to 90 days.';
    END IF;
    IF NEW.review_due_days NOT BETWEEN 0 AND 90 THEN
        RAISE EXCEPTION 'a review cannot be due % days after the end of its period', NEW.review_due_days
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'It is due 0 to 90 days after it.';
    END IF;
    -- An adopted pack may require a longer minimum.
    IF NEW.retention_floor < sharing_guard.retention_minimum() THEN
        RAISE EXCEPTION 'events cannot be kept for % only', NEW.retention_floor
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = format('The least is %s: 90 days, or what the adopted policy packs insist on.',
                                sharing_guard.retention_minimum());
    END IF;
    IF NEW.log_capacity <= 0 THEN
        RAISE EXCEPTION 'the capacity of the log must be greater than zero'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give what its disk holds, such as 200 GB.';
    END IF;
    IF NEW.contact ~ '[[:cntrl:]]' THEN
        RAISE EXCEPTION 'the contact contains control characters'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give one line of text, such as a name and a telephone number.';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.setting_check() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.setting_check() IS
'Trigger: refuses invalid settings';
CREATE TRIGGER setting_check BEFORE INSERT OR UPDATE ON sharing_guard.setting
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.setting_check();

-- Runs with the caller's rights and not the owner's, so that the change is
-- recorded with the role that made it.
CREATE FUNCTION sharing_guard.configure(
    home_jurisdiction text,
    agency text,
    time_zone text,
    contact text DEFAULT NULL,
    review_period_days integer DEFAULT NULL,
    review_due_days integer DEFAULT NULL,
    review_auditor text DEFAULT NULL,
    overdue_refuses boolean DEFAULT NULL,
    retention_floor interval DEFAULT NULL,
    log_capacity text DEFAULT NULL,
    copied_tables text DEFAULT NULL,
    undeclared_copy text DEFAULT NULL,
    attestations boolean DEFAULT NULL
) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    arg_home text := configure.home_jurisdiction;
    arg_agency text := btrim(configure.agency);
    arg_zone text := configure.time_zone;
    arg_contact text := configure.contact;
    arg_period integer := configure.review_period_days;
    arg_due integer := configure.review_due_days;
    arg_auditor text := configure.review_auditor;
    arg_refuses boolean := configure.overdue_refuses;
    arg_retention interval := configure.retention_floor;
    arg_capacity bigint := pg_size_bytes(nullif(btrim(configure.log_capacity), ''));
    old sharing_guard.setting;
    new sharing_guard.setting;
    difference text;
    home text;
    zone text;
    ids text[];
    id text;
    done text[] := '{}';
BEGIN
    SELECT * INTO old FROM sharing_guard.setting;
    home := coalesce(arg_home, old.home_jurisdiction);
    zone := coalesce(arg_zone, old.time_zone);
    IF home IS NULL OR zone IS NULL
       OR coalesce(arg_agency, old.agency) IS NULL THEN
        RAISE EXCEPTION 'sharing_guard has not been configured yet, so home_jurisdiction, agency and time_zone are all needed'
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'For example: SELECT sharing_guard.configure(''US-CA'', ''Name of the agency'', ''America/Los_Angeles'', ''whom to ask'').';
    END IF;
    -- Checked here too, because the agency's row is inserted before the
    -- settings.
    IF home !~ '^US-' OR NOT sharing_guard.is_jurisdiction(home) THEN
        RAISE EXCEPTION 'unknown home jurisdiction "%"', home
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give the ISO 3166-2 code of the state, district or territory, such as US-CA.';
    END IF;
    -- Accept any capitalization of the zone, and store the official one.
    zone := coalesce((SELECT min(z.name) FROM pg_timezone_names AS z
                      WHERE lower(z.name) = lower(zone)), zone);

    IF arg_agency IS NULL THEN
        id := old.agency;
    ELSIF arg_agency = '' THEN
        RAISE EXCEPTION 'the name of the agency is empty'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give the name of the agency that keeps this database.';
    ELSE
        SELECT array_agg(a.agency_id) INTO ids
          FROM sharing_guard.agency AS a
         WHERE a.agency_id = arg_agency;
        IF ids IS NULL THEN
            SELECT array_agg(a.agency_id ORDER BY a.agency_id) INTO ids
              FROM sharing_guard.agency AS a
             WHERE sharing_guard.fold_name(a.name)
                   = sharing_guard.fold_name(arg_agency);
        END IF;
        IF cardinality(ids) > 1 THEN
            RAISE EXCEPTION 'several agencies are named "%"', arg_agency
                USING ERRCODE = 'ambiguous_parameter',
                      DETAIL = format('Their agency_id are: %s.',
                                      array_to_string(ids, ', ')),
                      HINT = 'Give the agency_id instead of the name.';
        ELSIF ids IS NOT NULL THEN
            id := ids[1];
        ELSE
            id := btrim(regexp_replace(lower(arg_agency), '[^a-z0-9]+', '-', 'g'), '-');
            IF id = '' OR EXISTS (SELECT FROM sharing_guard.agency AS a
                                  WHERE a.agency_id = id) THEN
                RAISE EXCEPTION 'cannot make an agency_id from the name "%"', arg_agency
                    USING ERRCODE = 'invalid_parameter_value',
                          HINT = 'Insert the agency into sharing_guard.agency yourself and give its agency_id here.';
            END IF;
            INSERT INTO sharing_guard.agency
                   (agency_id, name, jurisdiction, level, note)
            VALUES (id, arg_agency, home, 'local', 'the home agency, entered by configure()');
            done := done || format('agency "%s" entered as %s', arg_agency, id);
        END IF;
    END IF;

    -- The home agency is in the home jurisdiction, also where another was
    -- entered.
    UPDATE sharing_guard.agency AS a SET jurisdiction = home
     WHERE a.agency_id = id AND a.jurisdiction <> home;
    IF FOUND THEN
        done := done || format('jurisdiction of agency %s set to %s', id, home);
    END IF;

    IF old.only_row IS NULL THEN
        INSERT INTO sharing_guard.setting
               (home_jurisdiction, agency, time_zone, contact)
        VALUES (home, id, zone, nullif(btrim(arg_contact), ''));
        done := done || format('home jurisdiction %s, agency %s, time zone %s',
                               home, id, zone);
    ELSE
        IF home <> old.home_jurisdiction THEN
            done := done || format('home jurisdiction %s (was %s)',
                                   home, old.home_jurisdiction);
        END IF;
        IF id <> old.agency THEN
            done := done || format('agency %s (was %s)', id, old.agency);
        END IF;
        IF zone <> old.time_zone THEN
            done := done || format('time zone %s (was %s)', zone, old.time_zone);
        END IF;
        IF arg_contact IS NOT NULL
           AND nullif(btrim(arg_contact), '') IS DISTINCT FROM old.contact THEN
            done := done || 'contact changed'::text;
        END IF;
        UPDATE sharing_guard.setting
           SET home_jurisdiction = home,
               agency = id,
               time_zone = zone,
               contact = CASE WHEN arg_contact IS NULL THEN contact
                              ELSE nullif(btrim(arg_contact), '') END;
    END IF;

    -- The following is the same on the first and on later calls.
    IF nullif(btrim(arg_auditor), '') IS NOT NULL
       AND NOT coalesce(sharing_guard.holds_duty(btrim(arg_auditor), 'auditor'), false) THEN
        RAISE EXCEPTION 'role "%" is not an auditor', arg_auditor
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Make it one first, with sharing_guard.grant_auditor().';
    END IF;
    SELECT * INTO old FROM sharing_guard.setting;
    UPDATE sharing_guard.setting
       SET review_period_days = coalesce(arg_period, review_period_days),
           review_due_days = coalesce(arg_due, review_due_days),
           review_auditor = CASE WHEN arg_auditor IS NULL THEN review_auditor
                                 ELSE nullif(btrim(arg_auditor), '') END,
           overdue_refuses = coalesce(arg_refuses, overdue_refuses),
           retention_floor = coalesce(arg_retention, retention_floor),
           log_capacity = CASE WHEN configure.log_capacity IS NULL THEN log_capacity
                               ELSE arg_capacity END,
           copied_tables = coalesce(configure.copied_tables, copied_tables),
           undeclared_copy = coalesce(configure.undeclared_copy, undeclared_copy),
           attestations = coalesce(configure.attestations, attestations)
     WHERE num_nonnulls(arg_period, arg_due, arg_auditor, arg_refuses,
                        arg_retention, configure.log_capacity,
                        configure.copied_tables, configure.undeclared_copy,
                        configure.attestations) > 0
    RETURNING * INTO new;
    IF FOUND THEN
        SELECT string_agg(format('%s %s (was %s)', n.key, coalesce(n.value, 'none'),
                                 coalesce(o.value, 'none')), '; ' ORDER BY n.key)
          INTO difference
          FROM json_each_text(to_json(new)) AS n
          JOIN json_each_text(to_json(old)) AS o USING (key)
         WHERE n.value IS DISTINCT FROM o.value;
        done := done || difference;
    END IF;
    -- The first review period begins with the first configuration.
    PERFORM sharing_guard.begin_review();
    RETURN coalesce(nullif(array_to_string(done, '; '), ''), 'nothing changed');
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.configure(text, text, text, text, integer, integer, text, boolean, interval, text, text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.configure(text, text, text, text, integer, integer, text, boolean, interval, text, text, text, boolean) IS
'Sets whose database this is: home jurisdiction (US-CA), agency (its name, or an agency_id), time zone, and the contact for refused users; the review cycle: length of a period, days until a review is due, the auditor who signs, whether overdue reviews refuse disclosures, the minimal retention, the capacity of the log''s disk (200 GB); the treatment of copies of protected tables (copied_tables: flag, refuse, protect) and of a COPY with undeclared destination (undeclared_copy: flag, refuse); and whether other agencies'' written attestations are kept (attestations: only then do rules flag an agency without one). A later call changes the given settings and keeps those that are NULL (an empty text removes contact, auditor or capacity); returns the changes';

CREATE FUNCTION sharing_guard.set_mode(
    mode text,
    relation regclass DEFAULT NULL
) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    emergency constant text := CASE WHEN current_setting('sharing_guard.emergency_observe', true) = 'on'
        THEN '; nothing is stopped while sharing_guard.emergency_observe is on' ELSE '' END;
    old text;
    overall text;
    enforcing bigint;
    guards bigint;
BEGIN
    IF set_mode.mode IS NULL
       OR set_mode.mode NOT IN ('enforce', 'observe') THEN
        RAISE EXCEPTION 'unknown mode "%"', coalesce(set_mode.mode, 'NULL')
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'The mode is enforce or observe.';
    END IF;
    SELECT s.mode INTO overall FROM sharing_guard.setting s;

    IF set_mode.relation IS NULL THEN
        UPDATE sharing_guard.setting SET mode = set_mode.mode;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'sharing_guard has not been configured yet'
                USING ERRCODE = 'SG007',
                      HINT = 'Call sharing_guard.configure() first.';
        END IF;
        SELECT count(*) FILTER (WHERE g.mode = 'enforce'), count(*) INTO enforcing, guards
        FROM sharing_guard.guard g;
        RETURN format('the overall mode is %s%s: ', set_mode.mode,
                   CASE WHEN overall = set_mode.mode THEN ' already'
                        ELSE format(' (was %s)', overall) END)
            || CASE WHEN set_mode.mode = 'observe'
                    THEN 'nothing is stopped, also where a protected table enforces'
                    ELSE format('%s of %s protected tables enforce', enforcing, guards) END
            || emergency;
    END IF;

    SELECT g.mode INTO old FROM sharing_guard.guard g WHERE g.relation = set_mode.relation;
    UPDATE sharing_guard.guard AS g SET mode = set_mode.mode
     WHERE g.relation = set_mode.relation;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'relation "%" is not protected', set_mode.relation
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Protect it first, with sharing_guard.protect_export() for example.';
    END IF;
    RETURN format('the mode of %s is %s%s: ', set_mode.relation, set_mode.mode,
               CASE WHEN old = set_mode.mode THEN ' already'
                    ELSE format(' (was %s)', old) END)
        || CASE WHEN set_mode.mode = 'observe' THEN 'nothing is stopped there, everything is recorded'
                WHEN overall = 'observe'
                THEN 'nothing is stopped while the overall mode is observe; set_mode(''enforce'') ends that'
                ELSE 'what the policy blocks is stopped' || emergency END;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.set_mode(text, regclass) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.set_mode(text, regclass) IS
'Sets the mode, enforce or observe, of one protected relation, or of the whole installation if none is named; a guard enforces only where both modes are enforce. Returns the resulting mode';

-- SECURITY DEFINER, because functions in a view run with the rights of the
-- view's reader, who has none on the table.
CREATE FUNCTION sharing_guard.time_zone() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce((SELECT s.time_zone FROM sharing_guard.setting AS s), 'UTC')
$$;
REVOKE ALL ON FUNCTION sharing_guard.time_zone() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.time_zone() IS
'The configured time zone, in which days begin and end; UTC before configure()';
