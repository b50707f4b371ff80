
-- Kinds of records.

CREATE TABLE sharing_guard.data_class (
    data_class text PRIMARY KEY
        CONSTRAINT data_class_name CHECK (data_class ~ '^[a-z][a-z0-9_]*$'),
    description text NOT NULL,
    built_in boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE sharing_guard.data_class IS
'Kinds of records that rules distinguish';
COMMENT ON COLUMN sharing_guard.data_class.data_class IS
'Its name: small letters, digits, underscores';
COMMENT ON COLUMN sharing_guard.data_class.description IS
'The records that belong to it';
COMMENT ON COLUMN sharing_guard.data_class.built_in IS
'Part of the extension, cannot be changed';

CREATE FUNCTION sharing_guard.data_class_check() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.data_class !~ '^[a-z][a-z0-9_]*$' THEN
        RAISE EXCEPTION 'data class "%" is not made of small letters, digits and underscores', NEW.data_class
            USING ERRCODE = 'check_violation',
                  HINT = 'For example: body_camera.';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.data_class_check() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.data_class_check() IS
'Trigger: refuses invalid names of data classes';
CREATE TRIGGER data_class_check BEFORE INSERT OR UPDATE ON sharing_guard.data_class
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.data_class_check();

INSERT INTO sharing_guard.data_class (data_class, description, built_in) VALUES
('alpr', 'Automated licence plate reader data: plates, times, places, images', true),
('cad', 'Computer-aided dispatch: calls for service and incidents', true),
('rms', 'Records management: reports, persons, property, field interviews', true),
('criminal_history', 'A specific person''s criminal history', true),
('immigration_status', 'Information regarding citizenship or immigration status', true);
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.data_class', 'WHERE NOT built_in');

-- Legal bases: the evidence that allows a disclosure that a rule would block.

CREATE TABLE sharing_guard.legal_basis (
    legal_basis_id text PRIMARY KEY
        CONSTRAINT legal_basis_id_not_blank CHECK (btrim(legal_basis_id) <> ''),
    kind text NOT NULL CONSTRAINT legal_basis_kind CHECK (kind IN
        ('judicial_warrant', 'court_order', 'subpoena', 'administrative_form',
         'task_force_agreement', 'statute', 'written_agreement')),
    issuer text,
    issuer_title text,
    court text,
    number text,
    form text,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    document_sha256 bytea CONSTRAINT legal_basis_digest CHECK
        (octet_length(document_sha256) = 32),
    destination text REFERENCES sharing_guard.agency,
    data_classes text[],
    record_keys text[],
    case_number text,
    row_limit bigint CONSTRAINT legal_basis_row_limit CHECK (row_limit > 0),
    single_use boolean NOT NULL DEFAULT false,
    revoked_at timestamptz,
    note text
);
CREATE INDEX legal_basis_destination ON sharing_guard.legal_basis (destination);
COMMENT ON TABLE sharing_guard.legal_basis IS
'Warrants, orders, agreements and statutes that lift a block, where the rule accepts their kind; every scope that is given must cover the disclosure';
COMMENT ON COLUMN sharing_guard.legal_basis.legal_basis_id IS
'Short name that disclosures give';
COMMENT ON COLUMN sharing_guard.legal_basis.kind IS
'judicial_warrant, court_order, subpoena, administrative_form (I-200, I-205, I-247: lifts nothing), task_force_agreement, statute or written_agreement';
COMMENT ON COLUMN sharing_guard.legal_basis.issuer IS
'The person who signed it; required for warrants, court orders and subpoenas';
COMMENT ON COLUMN sharing_guard.legal_basis.issuer_title IS
'The signer''s office, such as United States Magistrate Judge';
COMMENT ON COLUMN sharing_guard.legal_basis.court IS
'The signer''s court';
COMMENT ON COLUMN sharing_guard.legal_basis.number IS
'Its docket, case or agreement number, or the section of the statute';
COMMENT ON COLUMN sharing_guard.legal_basis.form IS
'The number of its form, where it has one';
COMMENT ON COLUMN sharing_guard.legal_basis.valid_from IS
'Valid from this time';
COMMENT ON COLUMN sharing_guard.legal_basis.valid_until IS
'Valid until this time, exclusive; NULL: it does not expire';
COMMENT ON COLUMN sharing_guard.legal_basis.document_sha256 IS
'SHA-256 of the document';
COMMENT ON COLUMN sharing_guard.legal_basis.destination IS
'The agency it is for (agency_id); NULL: any';
COMMENT ON COLUMN sharing_guard.legal_basis.data_classes IS
'The data classes it covers; NULL: any';
COMMENT ON COLUMN sharing_guard.legal_basis.record_keys IS
'The records it covers; NULL: any';
COMMENT ON COLUMN sharing_guard.legal_basis.case_number IS
'The case it covers; NULL: any';
COMMENT ON COLUMN sharing_guard.legal_basis.row_limit IS
'The rows that it may allow to go out in total; NULL: any number. legal_basis_status shows how many are left';
COMMENT ON COLUMN sharing_guard.legal_basis.single_use IS
'True: only one transaction may use it';
COMMENT ON COLUMN sharing_guard.legal_basis.revoked_at IS
'Not valid from this time on';
COMMENT ON COLUMN sharing_guard.legal_basis.note IS
'Free text';
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.legal_basis', '');

CREATE TABLE sharing_guard.task_force (
    task_force_id text PRIMARY KEY
        CONSTRAINT task_force_id_not_blank CHECK (btrim(task_force_id) <> ''),
    name text NOT NULL,
    primary_purpose text NOT NULL
        CONSTRAINT task_force_purpose CHECK (btrim(primary_purpose) <> ''),
    agencies text[] NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    agreement text REFERENCES sharing_guard.legal_basis,
    note text,
    CONSTRAINT task_force_dates CHECK (starts_on <= ends_on)
);
COMMENT ON TABLE sharing_guard.task_force IS
'Joint task forces that we take part in, for the yearly report (Gov. Code 7284.6(c)). The agreement itself is a legal_basis. It lifts a rule only while a task force under it is active, only for its members, and never for immigration enforcement';
COMMENT ON COLUMN sharing_guard.task_force.task_force_id IS
'Short name';
COMMENT ON COLUMN sharing_guard.task_force.name IS
'Its name';
COMMENT ON COLUMN sharing_guard.task_force.primary_purpose IS
'Its primary purpose';
COMMENT ON COLUMN sharing_guard.task_force.agencies IS
'The member agencies (agency_id)';
COMMENT ON COLUMN sharing_guard.task_force.starts_on IS
'Its first day';
COMMENT ON COLUMN sharing_guard.task_force.ends_on IS
'Its last day; NULL: no end is set';
COMMENT ON COLUMN sharing_guard.task_force.agreement IS
'Its agreement (legal_basis_id)';
COMMENT ON COLUMN sharing_guard.task_force.note IS
'Free text';
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.task_force', '');

-- The rules.  A condition that is NULL always holds; several conditions must
-- all hold; the order of rules never matters.

CREATE TABLE sharing_guard.rule (
    rule_id text PRIMARY KEY
        CONSTRAINT rule_id_form CHECK (rule_id ~ '^[a-z0-9][a-z0-9_.-]*$'),
    description text NOT NULL
        CONSTRAINT rule_description CHECK (btrim(description) <> ''),
    outcome text NOT NULL
        CONSTRAINT rule_outcome CHECK (outcome IN ('allow', 'flag', 'block')),
    destination_classes text[],
    agency_status text
        CONSTRAINT rule_agency_status CHECK (agency_status IN ('active', 'inactive')),
    agencies text[],
    immigration_authority boolean,
    attestation text
        CONSTRAINT rule_attestation CHECK (attestation IN ('missing', 'on_file')),
    contract text
        CONSTRAINT rule_contract CHECK (contract IN ('missing', 'on_file')),
    purpose_tags text[],
    data_classes text[],
    except_data_classes text[],
    channels text[],
    case_number text
        CONSTRAINT rule_case_number CHECK (case_number IN ('present', 'missing')),
    lifted_by text[],
    effective_from date,
    effective_until date,
    citation text,
    authority_kind text NOT NULL DEFAULT 'agency'
        CONSTRAINT rule_authority_kind CHECK (authority_kind IN
            ('statute', 'attorney_general', 'city_policy', 'agency')),
    contested boolean NOT NULL DEFAULT false,
    checked_on date,
    lawful_way text,
    enabled boolean NOT NULL DEFAULT true,
    pack text
);
COMMENT ON TABLE sharing_guard.rule IS
'The rules that allow, flag or block; every rule that matches is recorded and the strictest wins, in any order; a condition that is NULL always holds';
COMMENT ON COLUMN sharing_guard.rule.rule_id IS
'Short name, as it appears in the audit';
COMMENT ON COLUMN sharing_guard.rule.description IS
'One plain sentence that a refused user understands';
COMMENT ON COLUMN sharing_guard.rule.outcome IS
'allow, flag (goes out and is shown to the auditor) or block';
COMMENT ON COLUMN sharing_guard.rule.destination_classes IS
'Condition: class of the destination, or of the agency on whose behalf it is';
COMMENT ON COLUMN sharing_guard.rule.agency_status IS
'Condition: active or inactive agency';
COMMENT ON COLUMN sharing_guard.rule.agencies IS
'Condition: one of these agencies (agency_id)';
COMMENT ON COLUMN sharing_guard.rule.immigration_authority IS
'Condition: a registered agency that is, or is not, an immigration authority';
COMMENT ON COLUMN sharing_guard.rule.attestation IS
'Condition: a registered agency whose attestation is missing (or has expired) or on_file';
COMMENT ON COLUMN sharing_guard.rule.contract IS
'Condition: a registered agency whose contract is missing (or has expired) or on_file';
COMMENT ON COLUMN sharing_guard.rule.purpose_tags IS
'Condition: the purpose has one of these tags';
COMMENT ON COLUMN sharing_guard.rule.data_classes IS
'Condition: data of one of these classes';
COMMENT ON COLUMN sharing_guard.rule.except_data_classes IS
'Condition: data of none of these classes';
COMMENT ON COLUMN sharing_guard.rule.channels IS
'Condition: one of these channels';
COMMENT ON COLUMN sharing_guard.rule.case_number IS
'Condition: the disclosure has a case number (present) or none (missing)';
COMMENT ON COLUMN sharing_guard.rule.lifted_by IS
'Kinds of legal basis that turn this rule''s block into a flag';
COMMENT ON COLUMN sharing_guard.rule.effective_from IS
'First day on which the rule is in force, in the configured time zone';
COMMENT ON COLUMN sharing_guard.rule.effective_until IS
'Last day on which the rule is in force, in the configured time zone';
COMMENT ON COLUMN sharing_guard.rule.citation IS
'The law or policy that it is based on';
COMMENT ON COLUMN sharing_guard.rule.authority_kind IS
'statute, attorney_general, city_policy or agency';
COMMENT ON COLUMN sharing_guard.rule.contested IS
'Whether the reading is disputed in court';
COMMENT ON COLUMN sharing_guard.rule.checked_on IS
'Day on which the citation was last looked up';
COMMENT ON COLUMN sharing_guard.rule.lawful_way IS
'One plain sentence that tells a refused user the lawful alternative';
COMMENT ON COLUMN sharing_guard.rule.enabled IS
'False: kept, but not used';
COMMENT ON COLUMN sharing_guard.rule.pack IS
'The policy pack that brought the row; NULL: entered here';
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.rule', '');

SELECT sharing_guard.is_policy_table('data_class', 'data_class');

SELECT sharing_guard.is_policy_table('legal_basis', 'legal_basis_id');

SELECT sharing_guard.is_policy_table('task_force', 'task_force_id');

SELECT sharing_guard.is_policy_table('rule', 'rule_id');

-- Rules, legal bases and task forces name agencies and data classes in arrays,
-- which foreign keys do not cover.
CREATE FUNCTION sharing_guard.data_class_in_use_check() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    user_row text;
BEGIN
    IF OLD.built_in THEN
        RAISE EXCEPTION 'data class "%" comes with the extension and stays as it is', OLD.data_class
            USING ERRCODE = 'object_in_use',
                  HINT = 'Insert a data class of your own.';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.data_class = OLD.data_class THEN
        RETURN NEW;
    END IF;
    SELECT x.what INTO user_row
      FROM (SELECT format('rule "%s"', r.rule_id) AS what
              FROM sharing_guard.rule AS r
             WHERE OLD.data_class = ANY (r.data_classes || r.except_data_classes)
             UNION ALL
            SELECT format('legal basis "%s"', b.legal_basis_id)
              FROM sharing_guard.legal_basis AS b
             WHERE OLD.data_class = ANY (b.data_classes)) AS x
     ORDER BY x.what LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'data class "%" is in use by %', OLD.data_class, user_row
            USING ERRCODE = 'object_in_use',
                  HINT = 'Change that first.';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        RETURN NEW;
    END IF;
    RETURN OLD;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.data_class_in_use_check() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.data_class_in_use_check() IS
'Trigger: refuses to remove data classes that are named in lists';
CREATE TRIGGER data_class_in_use_check
    BEFORE UPDATE OR DELETE ON sharing_guard.data_class
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.data_class_in_use_check();

-- Runs once for a statement, because it searches every list for each agency,
-- and both may be thousands.
CREATE FUNCTION sharing_guard.agency_in_use_check() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gone CONSTANT text[] := ARRAY(
        SELECT o.agency_id FROM old_rows AS o
         WHERE NOT EXISTS (SELECT FROM sharing_guard.agency AS a
                            WHERE a.agency_id = o.agency_id));
    named record;
BEGIN
    IF cardinality(gone) = 0 THEN
        RETURN NULL;
    END IF;
    SELECT agency_id, x.what INTO named
      FROM unnest(gone) AS g (agency_id)
           JOIN (SELECT format('rule "%s"', r.rule_id) AS what, unnest(r.agencies) AS agency_id
                   FROM sharing_guard.rule AS r
                  UNION ALL
                 SELECT format('task force "%s"', t.task_force_id), unnest(t.agencies)
                   FROM sharing_guard.task_force AS t) AS x USING (agency_id)
     ORDER BY agency_id, x.what LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'agency "%" is in use by %', named.agency_id, named.what
            USING ERRCODE = 'object_in_use',
                  HINT = 'Change that first, or set the agency''s status to inactive.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.agency_in_use_check() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.agency_in_use_check() IS
'Trigger: refuses to remove agencies that are named in lists';
CREATE TRIGGER agency_in_use_check_update AFTER UPDATE ON sharing_guard.agency
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.agency_in_use_check();
CREATE TRIGGER agency_in_use_check_delete AFTER DELETE ON sharing_guard.agency
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.agency_in_use_check();

CREATE FUNCTION sharing_guard.task_force_check() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF btrim(NEW.task_force_id) = '' OR btrim(NEW.primary_purpose) = '' THEN
        RAISE EXCEPTION 'a task force has an id and a primary purpose that are not empty'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.ends_on < NEW.starts_on THEN
        RAISE EXCEPTION 'task force "%" ends before it begins', NEW.task_force_id
            USING ERRCODE = 'check_violation',
                  HINT = 'ends_on is its last day; leave it NULL while it goes on.';
    END IF;
    PERFORM sharing_guard.check_list(
        format('task force "%s"', NEW.task_force_id), 'agencies', NEW.agencies,
        -- Select only the named agencies and not all, because this runs for
        -- each row.
        ARRAY(SELECT a.agency_id FROM sharing_guard.agency AS a
               WHERE a.agency_id = ANY (NEW.agencies)),
        'Give agency_id from sharing_guard.agency, or insert the agency there first.');
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.task_force_check() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.task_force_check() IS
'Trigger: refuses invalid task forces';
CREATE TRIGGER task_force_check BEFORE INSERT OR UPDATE ON sharing_guard.task_force
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.task_force_check();

CREATE FUNCTION sharing_guard.legal_basis_check() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    what text := format('legal basis "%s"', NEW.legal_basis_id);
    court_paper boolean := NEW.kind IN ('judicial_warrant', 'court_order', 'subpoena');
    officers_form text;
BEGIN
    IF btrim(NEW.legal_basis_id) = '' OR NEW.legal_basis_id <> btrim(NEW.legal_basis_id)
       OR NEW.legal_basis_id ~ '[[:cntrl:]]' THEN
        RAISE EXCEPTION 'legal_basis_id is empty or has blanks around it'
            USING ERRCODE = 'check_violation',
                  HINT = 'Give a short name, such as the docket number.';
    END IF;
    PERFORM sharing_guard.check_word(what, 'kind', NEW.kind,
        '{judicial_warrant,court_order,subpoena,administrative_form,task_force_agreement,statute,written_agreement}');
    IF octet_length(NEW.document_sha256) <> 32 THEN
        RAISE EXCEPTION 'the document_sha256 of % is not 32 bytes long', what
            USING ERRCODE = 'check_violation',
                  HINT = 'Give the SHA-256 digest of the document, such as sha256(...) or decode(''...'', ''hex'').';
    END IF;
    -- Recognizes every spelling: DHS Form I-247A, i 200, Form 200 (I), ...  In
    -- a number, which may have any letters, the I must begin a word: MI-205 is
    -- no such form.
    IF court_paper THEN
        officers_form := CASE
            WHEN sharing_guard.fold_name(NEW.form) ~ 'i(200|205|247[a-z]*)(?![0-9])'
                 -- Also with a letter O for a zero, or with another character
                 -- for the I.
                 OR translate(lower(NEW.form), 'o', '0') ~ '(^|[^[:alnum:]])([il|!][^[:alnum:]]*|1[^[:alnum:]]+)(200|205|247)(?![0-9])'
                 OR NEW.form ~* '\m(form|dhs|ice|ins)[^[:alnum:]]*(200|205|247)[a-z]?\M'
                 OR array_to_string(sharing_guard.purpose_words(NEW.form), ' ')
                    ~ '(^| |form)(200|205|247)[a-z]? ?i( |$)'
            THEN NEW.form
            WHEN array_to_string(sharing_guard.purpose_words(NEW.number), ' ')
                 ~ '(^| )i ?(200|205|247)(?![0-9])'
                 -- Also beside another single letter.
                 OR NEW.number ~* '(^|[^[:alpha:]])i[^[:alnum:]]*(200|205|247)(?![0-9])'
            THEN NEW.number
            -- Otherwise look for the form's title.
            ELSE substring(array_to_string(sharing_guard.purpose_words(
                     concat_ws(' ', NEW.form, NEW.number, NEW.issuer_title, NEW.court)), ' ')
                 FROM '\m((?:warrant of (?:removal|deportation)|warrant (?:for|of) (?:the )?arrest of (?:an )?alien|(?:immigration|ice|dhs|alien) detainer|(?:administrative|ice|immigration) warrant|immigration court|executive office for immigration review|eoir))\M')
        END;
    END IF;
    IF officers_form IS NOT NULL THEN
        RAISE EXCEPTION '% is on form %, which is not a %', what, officers_form,
                replace(NEW.kind, '_', ' ')
            USING ERRCODE = 'check_violation',
                  DETAIL = 'Forms I-200, I-205 and I-247 are signed by immigration officers, not by a judge.',
                  HINT = 'Enter it with the kind administrative_form, which lifts no rule.';
    END IF;
    IF NEW.valid_until <= NEW.valid_from THEN
        RAISE EXCEPTION '% is valid until before it is valid from', what
            USING ERRCODE = 'check_violation',
                  HINT = 'valid_until is the first moment at which it no longer counts; leave it NULL where it does not run out.';
    END IF;
    IF NOT isfinite(NEW.valid_from) THEN
        RAISE EXCEPTION '% is valid from no moment in particular', what
            USING ERRCODE = 'check_violation',
                  HINT = 'Give the moment at which it was issued.';
    END IF;
    IF NEW.row_limit <= 0 THEN
        RAISE EXCEPTION '% has a row_limit of %', what, NEW.row_limit
            USING ERRCODE = 'check_violation',
                  HINT = 'Leave it NULL to mean any number; set revoked_at where no more may go out.';
    END IF;
    -- Gov. Code 7284.4(i): a federal judge or magistrate judge.
    IF NEW.kind = 'judicial_warrant'
       AND concat_ws(' ', NEW.issuer, NEW.issuer_title)
           ~* '\m((immigration|deportation|removal|detention)( and \w+)* (officer|agent|judge)|field office director|supervisory detention|ICE (officer|agent)|border patrol( agent)?|special agent|SDDO|AFOD|immigration (and )?customs enforcement|customs (and )?border protection|department of homeland security|immigration review)\M' THEN
        RAISE EXCEPTION '% is not signed by a judge of a court', what
            USING ERRCODE = 'check_violation',
                  DETAIL = 'Immigration officers and immigration judges sign administrative warrants.',
                  HINT = 'Enter it with the kind administrative_form, which lifts no rule.';
    END IF;
    IF btrim(NEW.case_number) = '' THEN
        RAISE EXCEPTION '% has an empty case_number', what
            USING ERRCODE = 'check_violation',
                  HINT = 'Leave it NULL to mean any.';
    END IF;
    PERFORM sharing_guard.check_list(what, 'data_classes', NEW.data_classes,
        ARRAY(SELECT d.data_class FROM sharing_guard.data_class AS d),
        'Give names from sharing_guard.data_class.');
    PERFORM sharing_guard.check_list(what, 'record_keys', NEW.record_keys);
    IF court_paper THEN
        IF NEW.issuer IS NULL OR btrim(NEW.issuer) = '' THEN
            RAISE EXCEPTION '% does not say who issued it', what
                USING ERRCODE = 'check_violation',
                      HINT = 'Enter the name of the judge, magistrate or clerk as issuer.';
        END IF;
        IF NEW.destination IS NULL OR NEW.data_classes IS NULL
           OR (NEW.record_keys IS NULL AND NEW.case_number IS NULL) THEN
            RAISE EXCEPTION '% has no scope', what
                USING ERRCODE = 'check_violation',
                      DETAIL = 'A warrant, court order or subpoena is for one agency, for certain data, and for certain records or one case.',
                      HINT = 'Give destination, data_classes, and record_keys or case_number.';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.legal_basis_check() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.legal_basis_check() IS
'Trigger: refuses invalid legal bases';
CREATE TRIGGER legal_basis_check BEFORE INSERT OR UPDATE ON sharing_guard.legal_basis
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.legal_basis_check();

CREATE FUNCTION sharing_guard.rule_check() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    what text := format('rule "%s"', NEW.rule_id);
    -- Classes of destinations that are not in the registry.
    nowhere text[] := '{unregistered,in_state_inferred}';
    odd text;
BEGIN
    IF NEW.rule_id !~ '^[a-z0-9][a-z0-9_.-]*$' THEN
        RAISE EXCEPTION 'rule_id "%" is not made of small letters, digits, dots, hyphens and underscores', NEW.rule_id
            USING ERRCODE = 'check_violation',
                  HINT = 'For example: local.no-sharing-with-x.';
    END IF;
    IF btrim(NEW.description) = '' THEN
        RAISE EXCEPTION '% has an empty description', what
            USING ERRCODE = 'check_violation',
                  HINT = 'Say in one plain sentence what the rule does; refused users read it.';
    END IF;
    PERFORM sharing_guard.check_word(what, 'outcome', NEW.outcome, '{allow,flag,block}');
    PERFORM sharing_guard.check_word(what, 'agency_status', NEW.agency_status, '{active,inactive}');
    PERFORM sharing_guard.check_word(what, 'attestation', NEW.attestation, '{missing,on_file}');
    PERFORM sharing_guard.check_word(what, 'contract', NEW.contract, '{missing,on_file}');
    PERFORM sharing_guard.check_word(what, 'case_number', NEW.case_number, '{present,missing}');
    PERFORM sharing_guard.check_word(what, 'authority_kind', NEW.authority_kind,
        '{statute,attorney_general,city_policy,agency}');
    PERFORM sharing_guard.check_list(what, 'destination_classes', NEW.destination_classes,
        '{self,in_state_public_agency,in_state_inferred,out_of_state,federal,tribal,non_us,private,service_provider,unregistered}',
        'The classes are self, in_state_public_agency, in_state_inferred, out_of_state, federal, tribal, non_us, private, service_provider and unregistered.');
    PERFORM sharing_guard.check_list(what, 'agencies', NEW.agencies,
        -- Select only the named agencies and not all, because this runs for
        -- each row.
        ARRAY(SELECT a.agency_id FROM sharing_guard.agency AS a
               WHERE a.agency_id = ANY (NEW.agencies)),
        'Give agency_id from sharing_guard.agency, or insert the agency there first.');
    PERFORM sharing_guard.check_list(what, 'purpose_tags', NEW.purpose_tags);
    PERFORM sharing_guard.check_list(what, 'data_classes', NEW.data_classes,
        ARRAY(SELECT d.data_class FROM sharing_guard.data_class AS d),
        'Give names from sharing_guard.data_class, or insert the data class there first.');
    PERFORM sharing_guard.check_list(what, 'except_data_classes', NEW.except_data_classes,
        ARRAY(SELECT d.data_class FROM sharing_guard.data_class AS d),
        'Give names from sharing_guard.data_class, or insert the data class there first.');
    PERFORM sharing_guard.check_list(what, 'channels', NEW.channels,
        '{export_row,copy,query,foreign_table,replication,grant,copied_table,self_access}',
        'The channels are export_row, copy, query, foreign_table, replication, grant, copied_table and self_access.');
    PERFORM sharing_guard.check_list(what, 'lifted_by', NEW.lifted_by,
        '{judicial_warrant,court_order,subpoena,task_force_agreement,statute,written_agreement}',
        'The kinds that can lift a rule are judicial_warrant, court_order, subpoena, task_force_agreement, statute and written_agreement; an administrative form lifts nothing.');

    IF NEW.lifted_by IS NOT NULL AND NEW.outcome <> 'block' THEN
        RAISE EXCEPTION '% has lifted_by, but it blocks nothing', what
            USING ERRCODE = 'check_violation',
                  HINT = 'Only a rule with the outcome block can be lifted; leave lifted_by NULL.';
    END IF;
    IF NEW.effective_until < NEW.effective_from THEN
        RAISE EXCEPTION '% ends before it begins', what
            USING ERRCODE = 'check_violation',
                  HINT = 'effective_until is the last day on which the rule counts.';
    END IF;
    -- A window ends the day after, so keep clear of the largest timestamp.
    IF NEW.effective_until NOT BETWEEN '1000-01-01' AND '9999-12-30'
       OR NEW.effective_from NOT BETWEEN '1000-01-01' AND '9999-12-30' THEN
        RAISE EXCEPTION '% has an effective date out of range', what
            USING ERRCODE = 'datetime_field_overflow',
                  HINT = 'Leave effective_from or effective_until NULL where there is no limit.';
    END IF;

    -- Refuse rules that could never match.
    IF coalesce(NEW.data_classes,
                (SELECT array_agg(c.data_class) FROM sharing_guard.data_class AS c))
       <@ NEW.except_data_classes THEN
        RAISE EXCEPTION '% could never match: it excepts every data class that it is for', what
            USING ERRCODE = 'check_violation',
                  HINT = 'Give data_classes or except_data_classes, not both.';
    END IF;
    IF (NEW.agency_status IS NOT NULL OR NEW.agencies IS NOT NULL
        OR NEW.immigration_authority IS NOT NULL
        OR NEW.attestation IS NOT NULL OR NEW.contract IS NOT NULL)
       AND NEW.destination_classes <@ nowhere THEN
        RAISE EXCEPTION '% could never match: its destination classes have no agency in the registry', what
            USING ERRCODE = 'check_violation',
                  DETAIL = 'agency_status, agencies, immigration_authority, attestation and contract are facts of a registered agency.',
                  HINT = 'Leave those NULL, or add classes of registered agencies.';
    END IF;
    IF NEW.agencies IS NOT NULL AND NEW.destination_classes IS NOT NULL
       AND EXISTS (SELECT FROM sharing_guard.setting)
       AND NOT EXISTS (
            SELECT FROM sharing_guard.agency AS a, sharing_guard.setting AS s
             WHERE a.agency_id = ANY (NEW.agencies)
               AND CASE WHEN a.agency_id = s.agency THEN 'self'
                        ELSE sharing_guard.agency_destination_class(
                                a.level, a.jurisdiction, s.home_jurisdiction)
                   END = ANY (NEW.destination_classes)) THEN
        RAISE EXCEPTION '% could never match: none of its agencies is of its destination classes', what
            USING ERRCODE = 'check_violation',
                  HINT = 'Give agencies or destination_classes, not both.';
    END IF;

    -- Warn of rules that have no effect yet.
    IF NEW.purpose_tags IS NOT NULL THEN
        odd := sharing_guard.unknown_word(NEW.purpose_tags,
            ARRAY(SELECT w FROM unnest(NEW.purpose_tags) AS w
                   WHERE w IN ('no_purpose', 'vague_purpose')
                      OR EXISTS (SELECT FROM sharing_guard.purpose_term AS t WHERE t.tag = w)
                      -- Tags that a pack leaves to applications to declare.
                      OR EXISTS (SELECT FROM sharing_guard.adopted_pack AS p
                                  WHERE w = ANY (p.declared_tags))));
    END IF;
    IF odd IS NOT NULL THEN
        RAISE WARNING '% is for the purpose tag "%", which no purpose term gives', what, odd
            USING HINT = 'Check its spelling, or insert terms for it into sharing_guard.purpose_term.';
    END IF;
    IF NEW.outcome = 'allow' AND NEW.destination_classes IS NULL
       AND NEW.agency_status IS NULL AND NEW.agencies IS NULL
       AND NEW.immigration_authority IS NULL AND NEW.attestation IS NULL
       AND NEW.contract IS NULL THEN
        RAISE WARNING '% allows, but names no destination, so it changes nothing', what
            USING DETAIL = 'The strictest matching rule wins, and what may go to a destination is decided by rules about destinations.';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.rule_check() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.rule_check() IS
'Trigger: refuses invalid rules';
CREATE TRIGGER rule_check BEFORE INSERT OR UPDATE ON sharing_guard.rule
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.rule_check();
