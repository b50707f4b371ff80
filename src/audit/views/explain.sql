
-- One event in sentences, for the person who is asked about it.

-- A past event in plain sentences, for those whom explain_event() lets.
CREATE FUNCTION sharing_guard.event_in_sentences(event uuid) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    a record;
    c record;
    h record;
    v record;
    at_time text;
    who text;
    target text;
    lines text[] := '{}';
BEGIN
    IF event IS NULL THEN
        RETURN NULL;
    END IF;

    SELECT * INTO a FROM sharing_guard.audit x WHERE x.event_id = event;
    IF NOT FOUND THEN
        SELECT * INTO c FROM sharing_guard.policy_changes x
            WHERE x.event_id = event;
        IF NOT FOUND THEN
            SELECT * INTO h FROM sharing_guard.health_history x
                WHERE x.event_id = event;
            IF FOUND THEN
                RETURN format('On %s (%s), the writer of the audit log said: %s.',
                    to_char(h.occurred_at AT TIME ZONE sharing_guard.time_zone(),
                        'YYYY-MM-DD HH24:MI:SS'),
                    sharing_guard.time_zone(), h.what);
            END IF;
            RAISE EXCEPTION 'there is no audit event %', event
                USING ERRCODE = 'no_data_found',
                    DETAIL = 'No disclosure, policy change or sign of the writer in the audit log of this database has this id.',
                    HINT = 'An event that could not be written to the log is in the server log, in a line that begins with "sharing_guard event:".';
        END IF;

        RETURN concat_ws(E'\n',
            format('On %s (%s), %s made a change of policy: %s on %s%s.',
                to_char(c.occurred_at AT TIME ZONE sharing_guard.time_zone(),
                    'YYYY-MM-DD HH24:MI:SS'),
                sharing_guard.time_zone(),
                concat_ws(' of ', COALESCE(c.username, c.session_role, 'an unrecorded person'),
                    c.organization),
                COALESCE(c.operation, 'an unrecorded operation'),
                COALESCE(c.relation, 'an unrecorded table'),
                COALESCE(', row ' || c.changed_key,
                    CASE c.operation WHEN 'TRUNCATE' THEN ', all rows' END)),
            format('The login was %s%s%s.',
                COALESCE(c.authenticated_login, c.session_role, 'not recorded'),
                CASE WHEN c.acting_role <> COALESCE(c.authenticated_login, c.session_role)
                    THEN ', acting as ' || c.acting_role END,
                ', from ' || c.client_address),
            'It made revision ' || c.policy_revision || ' of the policy.',
            'The row before: ' || regexp_replace(c.old_row::text, '[[:cntrl:]]+', ' ', 'g'),
            'The row after: ' || regexp_replace(c.new_row::text, '[[:cntrl:]]+', ' ', 'g'));
    END IF;

    -- What differs from row to row is counted; few events have any such.
    SELECT count(DISTINCT r.requesting_person) AS persons,
        count(DISTINCT r.purpose) AS purposes,
        count(*) FILTER (WHERE btrim(r.purpose) <> '') AS rows_with_purpose,
        count(DISTINCT r.query_elements) AS query_elements,
        count(DISTINCT r.case_number) AS case_numbers,
        count(DISTINCT r.record_key) AS record_keys,
        min(r.record_key) AS record_key
        INTO v
        FROM sharing_guard.audit_rows r WHERE r.event_id = event;

    -- What an application says must not be able to add a sentence of its own.
    a.username := regexp_replace(a.username, '[[:cntrl:]]+', ' ', 'g');
    a.organization := regexp_replace(a.organization, '[[:cntrl:]]+', ' ', 'g');
    a.application := regexp_replace(a.application, '[[:cntrl:]]+', ' ', 'g');
    a.destination := regexp_replace(a.destination, '[[:cntrl:]]+', ' ', 'g');
    a.on_behalf_of_agency := regexp_replace(a.on_behalf_of_agency, '[[:cntrl:]]+', ' ', 'g');
    a.purpose := regexp_replace(a.purpose, '[[:cntrl:]]+', ' ', 'g');
    a.query_elements := regexp_replace(a.query_elements, '[[:cntrl:]]+', ' ', 'g');
    a.case_number := regexp_replace(a.case_number, '[[:cntrl:]]+', ' ', 'g');
    a.legal_basis_id := regexp_replace(a.legal_basis_id, '[[:cntrl:]]+', ' ', 'g');
    v.record_key := regexp_replace(v.record_key, '[[:cntrl:]]+', ' ', 'g');

    -- Who and when.
    at_time := format('On %s (%s)',
        to_char(a.occurred_at AT TIME ZONE sharing_guard.time_zone(),
            'YYYY-MM-DD HH24:MI:SS'),
        sharing_guard.time_zone());
    who := CASE
        WHEN a.username IS NOT NULL THEN a.username
        WHEN v.persons > 1 THEN format('%s different persons', v.persons)
        ELSE COALESCE(a.authenticated_login, a.session_role, 'an unrecorded person') END;
    who := concat_ws(' of ', who, a.organization);

    -- To whom.
    target := CASE a.destination_class
        WHEN 'self' THEN 'the agency itself'
        WHEN 'in_state_public_agency' THEN 'a public agency of this state'
        WHEN 'in_state_inferred' THEN 'by its name a public agency of this state, which is not confirmed'
        WHEN 'out_of_state' THEN 'an agency of another state'
        WHEN 'federal' THEN 'a federal agency'
        WHEN 'tribal' THEN 'a tribal agency'
        WHEN 'non_us' THEN 'an agency outside the United States'
        WHEN 'private' THEN 'a private body'
        WHEN 'service_provider' THEN 'a service provider under contract'
        WHEN 'unregistered' THEN 'not in the registry of agencies'
        ELSE a.destination_class END;
    IF a.agency_status = 'inactive' THEN
        target := concat_ws(', ', target, 'inactive');
    END IF;
    target := format('%s%s%s',
        COALESCE('"' || a.destination || '"', 'a destination that was not named'),
        CASE WHEN a.agency_id IS NOT NULL
            THEN format(' (%s in the registry of agencies)', a.agency_id) END,
        CASE WHEN target IS NOT NULL THEN ', ' || target END);

    lines := lines || format('%s, %s %s to %s.', at_time, who,
        CASE
            WHEN a.rows_blocked > 0 AND COALESCE(a.rows_disclosed, 0) = 0
                THEN format('tried to disclose %s %s', a.rows_blocked,
                    CASE a.rows_blocked WHEN 1 THEN 'row' ELSE 'rows' END)
            WHEN a.rows_blocked > 0
                THEN format('disclosed %s of %s rows', a.rows_disclosed,
                    a.rows_disclosed + a.rows_blocked)
            ELSE format('disclosed %s %s', COALESCE(a.rows_disclosed, 0),
                CASE a.rows_disclosed WHEN 1 THEN 'row' ELSE 'rows' END) END
        || COALESCE(' (' || NULLIF(concat_ws(', ',
            COALESCE(a.operation || ' on ' || a.relation, a.operation, a.relation),
            'data class ' || a.data_class,
            'channel ' || a.channel), '') || ')', ''),
        target);

    -- The login behind the name.
    lines := lines || format('%s The login was %s%s%s%s.',
        CASE a.username_source
            WHEN 'person' THEN 'The application named the person.'
            WHEN 'shared_login' THEN CASE WHEN v.persons > 0 THEN
                'Several people use this login; the application named a person for some rows.' ELSE 'Several people use this login and the application named none of them: who it was is not known.' END
            ELSE 'No person was named apart from the login.' END,
        COALESCE(a.authenticated_login, a.session_role, 'not recorded'),
        CASE WHEN a.acting_role <> COALESCE(a.authenticated_login, a.session_role)
            THEN format(', acting as %s', a.acting_role) END,
        CASE WHEN a.client_address IS NOT NULL
            THEN format(', from %s', a.client_address) END,
        CASE WHEN a.application IS NOT NULL
            THEN format(', application "%s"', a.application) END);

    IF a.on_behalf_of_agency IS NOT NULL THEN
        lines := lines || format('It was done on behalf of "%s"%s.',
            a.on_behalf_of_agency,
            CASE WHEN a.on_behalf_of_agency_id IS NOT NULL
                THEN format(' (%s in the registry of agencies, class %s)',
                    a.on_behalf_of_agency_id, a.on_behalf_of_class)
                ELSE ', which is not in the registry of agencies' END);
    END IF;

    -- For what.
    lines := lines || CASE
        WHEN v.rows_with_purpose = 0 THEN 'No purpose was given.'
        WHEN a.purpose IS NOT NULL
            THEN format('The purpose given was "%s".', a.purpose)
        ELSE format('Purposes given, all rows together: %s; the view audit_rows has each.',
            v.purposes) END;
    IF cardinality(a.tags) > 0 THEN
        lines := lines || format('It was tagged: %s%s. A tag says that terms matched, not that anything was unlawful.',
            array_to_string(a.tags, ', '),
            ' (matched: ' || array_to_string(a.matched_terms, '; ') || ')');
    END IF;
    IF v.query_elements > 0 THEN
        lines := lines || CASE WHEN a.query_elements IS NOT NULL
            THEN format('Searched by: %s.', a.query_elements)
            ELSE format('Query elements given, all rows together: %s.',
                v.query_elements) END;
    END IF;
    IF v.case_numbers > 0 THEN
        lines := lines || CASE WHEN a.case_number IS NOT NULL
            THEN format('The case number given was %s.', a.case_number)
            ELSE format('Case numbers given, all rows together: %s.',
                v.case_numbers) END;
    END IF;
    IF v.record_keys > 0 THEN
        lines := lines || CASE v.record_keys WHEN 1
            THEN format('The record was %s.', v.record_key)
            ELSE format('Records: %s; the view audit_rows names each.',
                v.record_keys) END;
    END IF;

    -- Under which rule and authority.
    lines := lines || concat_ws(' ',
        'Decided under revision ' || a.policy_revision || ' of the policy.',
        CASE WHEN cardinality(a.rule_ids) > 0
            THEN 'Rules that matched: ' || array_to_string(a.rule_ids, ', ') || '.'
            ELSE 'No rule matched; what holds for its class of destination decided.' END);
    lines := lines || ('Authority: ' || rtrim(a.authority, '.') || '.');
    IF cardinality(a.flag_reasons) > 0 THEN
        lines := lines || ('Why: ' || array_to_string(a.flag_reasons, ' '));
    END IF;
    IF a.legal_basis_id IS NOT NULL OR a.lifted_by IS NOT NULL THEN
        lines := lines || concat_ws(' ',
            'The application named the legal basis ' || a.legal_basis_id || '.',
            CASE WHEN a.lifted_by = a.legal_basis_id THEN 'It lifted a block.'
                WHEN a.lifted_by IS NOT NULL
                    THEN 'The legal basis ' || a.lifted_by || ' lifted a block.'
                ELSE 'It lifted nothing.' END);
    END IF;

    -- What happened, and what would have.
    lines := lines || CASE a.outcome
        WHEN 'allow' THEN 'What happened: it was allowed.'
        WHEN 'flag' THEN 'What happened: it went out, and is shown to the auditor.'
        WHEN 'block' THEN 'What happened: it was blocked.'
        ELSE 'What happened was not recorded.' END;
    IF a.would_be_outcome <> a.outcome THEN
        lines := lines || format('The policy was only observed here. Enforced, it would have %s.',
            CASE a.would_be_outcome
                WHEN 'allow' THEN 'been allowed'
                WHEN 'flag' THEN 'gone out flagged'
                WHEN 'block' THEN 'been blocked' END);
    END IF;

    -- Leaves out what is NULL.
    RETURN array_to_string(lines, E'\n');
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.event_in_sentences(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.event_in_sentences(uuid) IS
'Internal: what explain_event() says';

-- An application that was refused may know why: its own refusals are told to
-- the login that they were told to.  All else is for those who read the views.
CREATE FUNCTION sharing_guard.explain_event(event uuid) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT has_table_privilege(sharing_guard.acting_role(), 'sharing_guard.audit', 'SELECT')
       AND NOT EXISTS (
            SELECT FROM sharing_guard.legible_event AS e
             WHERE e.event_id = explain_event.event
               AND e.kind = 'disclosure' AND e.outcome = 'block'
               AND e.session_role = session_user
               AND e.authenticated_login = sharing_guard.authenticated_login()) THEN
        RAISE EXCEPTION 'permission denied for audit event %', event
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'A login is told of its own refused disclosures; an auditor of every event.';
    END IF;
    RETURN sharing_guard.event_in_sentences(event);
END
$$;
GRANT EXECUTE ON FUNCTION sharing_guard.explain_event(uuid) TO PUBLIC;
COMMENT ON FUNCTION sharing_guard.explain_event(uuid) IS
'One event of the audit log in plain sentences: who, when, what, to whom, for what, under which rule and authority, what happened, and what enforcing would have done. For those who read the audit; a login is told of its own refused disclosures';
