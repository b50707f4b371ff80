
-- The registry of agencies, which alone determines a destination's class.

CREATE TABLE sharing_guard.agency (
    agency_id text PRIMARY KEY,
    name text NOT NULL,
    jurisdiction text NOT NULL,
    level text NOT NULL CONSTRAINT agency_level CHECK (level IN
        ('local', 'state', 'federal', 'tribal', 'private', 'foreign',
         'service_provider', 'fusion', 'unknown')),
    kind text,
    place text,
    county text,
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT agency_status CHECK (status IN ('active', 'inactive')),
    ori text,
    immigration_authority boolean NOT NULL DEFAULT false,
    attested_on date,
    attestation_expires date,
    contract_reference text,
    contract_expires date,
    note text,
    pack text,
    CONSTRAINT agency_attestation CHECK
        (attestation_expires IS NULL OR attested_on <= attestation_expires)
);
CREATE UNIQUE INDEX agency_ori ON sharing_guard.agency (ori);
COMMENT ON TABLE sharing_guard.agency IS
'The agencies that data may be shared with, or must not be shared with; a destination that is not in this table is unregistered';
COMMENT ON COLUMN sharing_guard.agency.agency_id IS
'A short name that we choose and never reuse';
COMMENT ON COLUMN sharing_guard.agency.name IS
'The agency''s name; other spellings are in agency_alias';
COMMENT ON COLUMN sharing_guard.agency.jurisdiction IS
'ISO 3166-2 code of the state (US-CA), or the country (US for a federal agency, MX)';
COMMENT ON COLUMN sharing_guard.agency.level IS
'local, state, federal, tribal, private, foreign, service_provider (data hosting, towing under contract), fusion or unknown; the last two count as unregistered';
COMMENT ON COLUMN sharing_guard.agency.kind IS
'The sort of agency, in plain words: police, sheriff, university police, ...';
COMMENT ON COLUMN sharing_guard.agency.place IS
'The city, county, campus or district that it serves, without the words for the agency: Davis for Davis Police Department';
COMMENT ON COLUMN sharing_guard.agency.county IS
'The county that it is in, without the word County';
COMMENT ON COLUMN sharing_guard.agency.status IS
'active or inactive';
COMMENT ON COLUMN sharing_guard.agency.ori IS
'Originating agency identifier, nine characters, where known';
COMMENT ON COLUMN sharing_guard.agency.immigration_authority IS
'Whether its officers perform immigration enforcement functions (Gov. Code 7284.4(c)), at any level';
COMMENT ON COLUMN sharing_guard.agency.attested_on IS
'Day on which the agency attested in writing how it will use the data';
COMMENT ON COLUMN sharing_guard.agency.attestation_expires IS
'Last day on which the attestation is valid; NULL: it does not expire';
COMMENT ON COLUMN sharing_guard.agency.contract_reference IS
'Where the contract with a service provider is filed';
COMMENT ON COLUMN sharing_guard.agency.contract_expires IS
'Last day of the contract; NULL: it does not expire';
COMMENT ON COLUMN sharing_guard.agency.note IS
'Free text';
COMMENT ON COLUMN sharing_guard.agency.pack IS
'The policy pack that brought the row; NULL: entered here';
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.agency', '');

CREATE TABLE sharing_guard.agency_alias (
    alias text PRIMARY KEY,
    agency_id text NOT NULL REFERENCES sharing_guard.agency,
    pack text
);
CREATE INDEX agency_alias_agency ON sharing_guard.agency_alias (agency_id);
COMMENT ON TABLE sharing_guard.agency_alias IS
'Other spellings of agencies'' names, as applications and vendors write them; case, spacing and punctuation do not matter';
COMMENT ON COLUMN sharing_guard.agency_alias.alias IS
'The spelling';
COMMENT ON COLUMN sharing_guard.agency_alias.agency_id IS
'The agency it stands for';
COMMENT ON COLUMN sharing_guard.agency_alias.pack IS
'The policy pack that brought the row; NULL: entered here';
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.agency_alias', '');

ALTER TABLE sharing_guard.setting ADD CONSTRAINT setting_agency
    FOREIGN KEY (agency) REFERENCES sharing_guard.agency;

SELECT sharing_guard.is_policy_table('agency', 'agency_id');

SELECT sharing_guard.is_policy_table('agency_alias', 'alias');

CREATE FUNCTION sharing_guard.agency_destination_class(
    level text,
    jurisdiction text,
    home_jurisdiction text
) RETURNS text
    AS 'MODULE_PATHNAME', 'sg_sql_agency_destination_class'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.agency_destination_class(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.agency_destination_class(text, text, text) IS
'Internal: the destination class of an agency other than the home agency';

-- The validation triggers run as their owner, because they only read, so that
-- the user needs no grants on tables other than the changed one.
CREATE FUNCTION sharing_guard.agency_check() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    what text := format('agency "%s"', NEW.agency_id);
BEGIN
    IF btrim(NEW.agency_id) = '' OR NEW.agency_id <> btrim(NEW.agency_id)
       OR NEW.agency_id ~ '[[:cntrl:]]' THEN
        RAISE EXCEPTION 'agency_id is empty or has blanks around it'
            USING ERRCODE = 'check_violation',
                  HINT = 'Give a short name without blanks around it, such as anytown-pd.';
    END IF;
    PERFORM sharing_guard.check_word(what, 'level', NEW.level,
        '{local,state,federal,tribal,private,foreign,service_provider,fusion,unknown}');
    PERFORM sharing_guard.check_word(what, 'status', NEW.status, '{active,inactive}');
    IF NEW.attestation_expires < NEW.attested_on THEN
        RAISE EXCEPTION 'the attestation of % expires before it was made', what
            USING ERRCODE = 'check_violation',
                  HINT = 'attestation_expires is the last day on which it counts.';
    END IF;
    IF NOT sharing_guard.is_jurisdiction(NEW.jurisdiction) THEN
        RAISE EXCEPTION 'unknown jurisdiction "%" of agency "%"',
                NEW.jurisdiction, NEW.agency_id
            USING ERRCODE = 'check_violation',
                  DETAIL = 'A jurisdiction is the ISO 3166-2 code of a US state, district or territory (US-CA), or an ISO 3166-1 country code (MX).',
                  HINT = 'A federal agency has the jurisdiction US.';
    END IF;
    IF NEW.level IN ('local', 'state') AND NEW.jurisdiction !~ '^US-' THEN
        RAISE EXCEPTION 'agency "%" has level "%" but its jurisdiction "%" is not a US state',
                NEW.agency_id, NEW.level, NEW.jurisdiction
            USING ERRCODE = 'check_violation',
                  HINT = 'Name the state, such as US-CA; an agency of another country has level foreign.';
    END IF;
    IF NEW.level IN ('federal', 'tribal') AND NEW.jurisdiction !~ '^US(-|$)' THEN
        RAISE EXCEPTION 'agency "%" has level "%" but its jurisdiction "%" is not in the United States',
                NEW.agency_id, NEW.level, NEW.jurisdiction
            USING ERRCODE = 'check_violation',
                  HINT = 'Use the jurisdiction US, or level foreign.';
    END IF;
    IF NEW.level = 'foreign' AND NEW.jurisdiction ~ '^US(-|$)' THEN
        RAISE EXCEPTION 'agency "%" has level foreign but its jurisdiction "%" is in the United States',
                NEW.agency_id, NEW.jurisdiction
            USING ERRCODE = 'check_violation',
                  HINT = 'Give the ISO 3166-1 code of its country, such as MX.';
    END IF;
    IF NEW.ori IS NOT NULL AND NEW.ori !~ '^[A-Z0-9]{9}$' THEN
        RAISE EXCEPTION 'the ORI of agency "%" is not nine capital letters and digits',
                NEW.agency_id
            USING ERRCODE = 'check_violation',
                  HINT = 'Leave it NULL where it is not known.';
    END IF;
    IF NEW.attestation_expires IS NOT NULL AND NEW.attested_on IS NULL THEN
        RAISE EXCEPTION 'agency "%" has an attestation_expires but no attested_on',
                NEW.agency_id
            USING ERRCODE = 'check_violation',
                  HINT = 'Say on which day the agency attested.';
    END IF;
    IF NEW.contract_expires IS NOT NULL AND NEW.contract_reference IS NULL THEN
        RAISE EXCEPTION 'agency "%" has a contract_expires but no contract_reference',
                NEW.agency_id
            USING ERRCODE = 'check_violation',
                  HINT = 'Say where the contract is filed.';
    END IF;
    IF btrim(NEW.contract_reference) = '' THEN
        RAISE EXCEPTION 'the contract_reference of agency "%" is empty', NEW.agency_id
            USING ERRCODE = 'check_violation',
                  HINT = 'Leave it NULL where there is no contract.';
    END IF;
    -- A window ends the day after, so keep clear of the largest timestamp.
    IF NEW.attestation_expires NOT BETWEEN '1000-01-01' AND '9999-12-30'
       OR NEW.contract_expires NOT BETWEEN '1000-01-01' AND '9999-12-30'
       OR NEW.attested_on NOT BETWEEN '1000-01-01' AND '9999-12-30' THEN
        RAISE EXCEPTION 'agency "%" has a date out of range', NEW.agency_id
            USING ERRCODE = 'datetime_field_overflow',
                  HINT = 'Leave an expiry NULL where there is none.';
    END IF;
    IF sharing_guard.fold_name(NEW.name) = '' THEN
        RAISE EXCEPTION 'the name of agency "%" has no letters or digits',
                NEW.agency_id
            USING ERRCODE = 'check_violation',
                  HINT = 'Give the name by which applications call it.';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.agency_check() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.agency_check() IS
'Trigger: refuses contradictory or incomplete agencies';
CREATE TRIGGER agency_check BEFORE INSERT OR UPDATE ON sharing_guard.agency
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.agency_check();

-- Returns all folded spellings by which a destination may be given.
CREATE FUNCTION sharing_guard.spellings()
RETURNS TABLE (agency_id text, spelling text, is_name boolean, folded text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT x.agency_id, x.spelling, x.is_name, sharing_guard.fold_name(x.spelling)
      FROM (SELECT a.agency_id, s.spelling, s.is_name
              FROM sharing_guard.agency AS a,
                   LATERAL (VALUES (a.agency_id, false), (a.ori, false),
                                   (a.name, true)) AS s (spelling, is_name)
             UNION ALL
            SELECT l.agency_id, l.alias, false
              FROM sharing_guard.agency_alias AS l) AS x
     WHERE x.spelling IS NOT NULL
$$;
REVOKE ALL ON FUNCTION sharing_guard.spellings() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.spellings() IS
'Internal: every spelling of every agency, folded';

-- Warns of two agencies with the same spelling.  A warning is enough, because
-- the registry shows it.  Such a spelling stands for neither agency.
--
-- The trigger runs once for a statement and not for each row, because it has
-- to fold every spelling that exists, and a policy pack brings thousands of
-- agencies.
CREATE FUNCTION sharing_guard.agency_twin_check() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    changed text[];
    twin record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        changed := ARRAY(SELECT n.agency_id FROM new_rows AS n);
    ELSE
        changed := ARRAY(
            SELECT n.agency_id FROM new_rows AS n
             WHERE NOT EXISTS (SELECT FROM old_rows AS o
                                WHERE o.agency_id = n.agency_id AND o.name = n.name
                                  AND o.ori IS NOT DISTINCT FROM n.ori));
    END IF;
    IF cardinality(changed) = 0 THEN
        RETURN NULL;
    END IF;
    FOR twin IN
        WITH s AS MATERIALIZED (
            SELECT * FROM sharing_guard.spellings()
        ), mine AS MATERIALIZED (
            SELECT s.* FROM s JOIN unnest(changed) AS c (agency_id) USING (agency_id)
        )
        SELECT DISTINCT ON (m.agency_id)
               m.agency_id, o.agency_id AS other, o.spelling,
               m.is_name AND o.is_name AS same_name
          FROM mine AS m JOIN s AS o USING (folded)
         WHERE o.agency_id <> m.agency_id AND folded <> ''
           -- Aliases are checked when they are entered.
           AND EXISTS (SELECT FROM sharing_guard.agency AS a
                        WHERE a.agency_id = m.agency_id
                          AND m.spelling IN (a.agency_id, a.name, a.ori))
           -- Of two agencies in one statement, report the second only.
           AND (o.agency_id < m.agency_id OR o.agency_id <> ALL (changed))
         ORDER BY m.agency_id, 4 DESC, o.agency_id, o.spelling
    LOOP
        IF twin.same_name THEN
            RAISE WARNING 'agencies "%" and "%" have the same name', twin.agency_id, twin.other
                USING DETAIL = 'A destination given by that name counts as unregistered, because it could be either.',
                      HINT = 'Give one of them a name that tells them apart, or have applications send the agency_id or ORI.';
        ELSE
            RAISE WARNING 'a spelling of agency "%" is read like "%", which stands for agency "%"',
                    twin.agency_id, twin.spelling, twin.other
                USING DETAIL = 'A destination given so counts as unregistered, because it could be either, unless it is exactly an agency_id or ORI.',
                      HINT = 'Change or delete one of the two, or have applications send the agency_id or ORI.';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.agency_twin_check() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.agency_twin_check() IS
'Trigger: warns of agencies with the same spelling';
CREATE TRIGGER agency_twin_check_insert AFTER INSERT ON sharing_guard.agency
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.agency_twin_check();
CREATE TRIGGER agency_twin_check_update AFTER UPDATE ON sharing_guard.agency
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.agency_twin_check();

CREATE FUNCTION sharing_guard.alias_taken(alias text, agency_id text, spelling text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'alias "%" already stands for agency "%"',
            alias_taken.alias, alias_taken.agency_id
        USING ERRCODE = 'unique_violation',
              DETAIL = format('It is read like "%s": case, spacing and punctuation do not matter.',
                              alias_taken.spelling),
              HINT = 'Delete the other spelling first if it is wrong, or have the application send an agency_id or ORI.';
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.alias_taken(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.alias_taken(text, text, text) IS
'Internal: refuses an alias that would stand for two agencies';

-- Checks the row itself.  Also checks for the same alias, because the primary
-- key would refuse it before the check below, with a less helpful message.
CREATE FUNCTION sharing_guard.agency_alias_check() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    other text;
BEGIN
    IF sharing_guard.fold_name(NEW.alias) = '' THEN
        RAISE EXCEPTION 'alias "%" has no letters or digits', NEW.alias
            USING ERRCODE = 'check_violation',
                  HINT = 'Give the spelling that applications use.';
    END IF;
    SELECT l.agency_id INTO other FROM sharing_guard.agency_alias AS l
     WHERE l.alias = NEW.alias AND l.agency_id <> NEW.agency_id
       -- Ignore the old version of the row that is being changed.
       AND (TG_OP = 'INSERT' OR l.alias <> OLD.alias);
    IF FOUND THEN
        PERFORM sharing_guard.alias_taken(NEW.alias, other, NEW.alias);
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.agency_alias_check() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.agency_alias_check() IS
'Trigger: refuses an alias without letters, or one that another agency has';
CREATE TRIGGER agency_alias_check
    BEFORE INSERT OR UPDATE ON sharing_guard.agency_alias
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.agency_alias_check();

-- Runs once for a statement, for the same reason as agency_twin_check().
CREATE FUNCTION sharing_guard.agency_alias_twin_check() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    twin record;
BEGIN
    SELECT n.alias, s.agency_id, s.spelling INTO twin
      FROM (SELECT r.alias, r.agency_id, sharing_guard.fold_name(r.alias) AS folded
              FROM new_rows AS r) AS n
           JOIN sharing_guard.spellings() AS s USING (folded)
     WHERE s.agency_id <> n.agency_id
     ORDER BY n.alias, s.agency_id, s.spelling LIMIT 1;
    IF FOUND THEN
        PERFORM sharing_guard.alias_taken(twin.alias, twin.agency_id, twin.spelling);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.agency_alias_twin_check() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.agency_alias_twin_check() IS
'Trigger: refuses an alias that would stand for two agencies';
CREATE TRIGGER agency_alias_twin_check_insert AFTER INSERT ON sharing_guard.agency_alias
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.agency_alias_twin_check();
CREATE TRIGGER agency_alias_twin_check_update AFTER UPDATE ON sharing_guard.agency_alias
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.agency_alias_twin_check();

-- Runs with the caller's rights, so that the caller is the recorded author.
CREATE FUNCTION sharing_guard.accept_alias(
    name text, agency text, confirm boolean DEFAULT false
) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    said record;
    meant record;
    ours boolean;
    doubt text;
BEGIN
    IF accept_alias.name IS NULL OR accept_alias.agency IS NULL THEN
        RAISE EXCEPTION 'accept_alias() needs a name and an agency'
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF NOT EXISTS (SELECT FROM sharing_guard.agency AS a
                   WHERE a.agency_id = accept_alias.agency) THEN
        RAISE EXCEPTION 'there is no agency "%"', accept_alias.agency
            USING ERRCODE = 'undefined_object',
                  HINT = 'Give an agency_id from sharing_guard.agency, or insert the agency there first.';
    END IF;
    -- Accepting the same alias again is allowed.
    IF EXISTS (SELECT FROM sharing_guard.agency_alias AS l
               WHERE l.alias = accept_alias.name
                 AND l.agency_id = accept_alias.agency) THEN
        RETURN format('"%s" stands for agency %s already', accept_alias.name, accept_alias.agency);
    END IF;
    -- The caller may know better than the spelling, but must confirm it,
    -- because the alias may make an agency of another state one of ours, or
    -- give one of ours a stricter class.
    SELECT r.agency_id, r.destination_class INTO said
      FROM sharing_guard.resolve_destination(accept_alias.name) AS r;
    SELECT r.destination_class INTO meant
      FROM sharing_guard.resolve_destination(accept_alias.agency) AS r;
    ours := meant.destination_class IN ('self', 'in_state_public_agency');
    IF said.agency_id IS NULL THEN
        doubt := CASE
            WHEN said.destination_class NOT IN ('unregistered', 'in_state_inferred', meant.destination_class)
            THEN format('It is spelled like a destination of the class %s.', said.destination_class)
            WHEN said.destination_class = 'in_state_inferred' AND NOT ours
            THEN 'It is spelled like a public agency of the home state.'
            WHEN ours AND sharing_guard.is_spelled_elsewhere(accept_alias.name)
            THEN 'It fits a place of another state.'
        END;
    END IF;
    IF doubt IS NOT NULL AND NOT coalesce(confirm, false) THEN
        RAISE EXCEPTION '"%" does not look like agency "%", which is %',
                accept_alias.name, accept_alias.agency, meant.destination_class
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = doubt,
                  HINT = 'Where you know that it is that agency, say so: sharing_guard.accept_alias(name, agency, confirm => true). An agency that the registry lacks is inserted into sharing_guard.agency.';
    END IF;
    INSERT INTO sharing_guard.agency_alias (alias, agency_id)
    VALUES (accept_alias.name, accept_alias.agency);
    IF doubt IS NOT NULL THEN
        RAISE WARNING '"%" stands now for agency "%", which is %',
                accept_alias.name, accept_alias.agency, meant.destination_class
            USING DETAIL = doubt,
                  HINT = 'If that is a mistake, delete the alias from sharing_guard.agency_alias.';
    END IF;
    RETURN format('"%s" stands for agency %s, of the class %s', accept_alias.name, accept_alias.agency, meant.destination_class);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.accept_alias(text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.accept_alias(text, text, boolean) IS
'Adds this spelling of a destination as an alias of this agency (its agency_id). A name that fits a place of another state, or another class of agency, is accepted only with confirm => true';
