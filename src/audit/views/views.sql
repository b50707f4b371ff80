-- What an auditor reads.  The first columns of audit and audit_rows, and their
-- order, are fixed; new ones are added at the end.

-- One line for each event.  The period and the disposition are looked up for
-- each line that is shown, and only where they are asked for: a join would have
-- the planner read all that was ever sealed for one window of it.
CREATE VIEW sharing_guard.audit AS
SELECT
    e.event_id,
    sharing_guard.event_period(e.event_id) AS period_id,
    e.occurred_at,
    e.username,
    CASE WHEN e.username_source = 'login' AND e.authenticated_login IN (
            SELECT s.login FROM sharing_guard.shared_login s WHERE s.shared)
        THEN 'shared_login' ELSE e.username_source END AS username_source,
    e.organization,
    CASE WHEN k.requesting_person_index IS NULL AND pg_catalog.cardinality(k.requesting_persons) = 1
        THEN k.requesting_persons[1] END AS requesting_person,
    e.session_role,
    e.acting_role,
    e.client_address,
    e.application,
    e.channel,
    e.operation,
    e.relation,
    e.data_class,
    CASE WHEN k.query_element_index IS NULL AND pg_catalog.cardinality(k.query_elements) = 1
        THEN k.query_elements[1] END AS query_elements,
    CASE WHEN k.purpose_index IS NULL AND pg_catalog.cardinality(k.purposes) = 1
        THEN sharing_guard.purpose_shown(k.purposes[1], e.purpose_parts) END AS purpose,
    e.tags,
    CASE WHEN k.case_number_index IS NULL AND pg_catalog.cardinality(k.case_numbers) = 1
        THEN k.case_numbers[1] END AS case_number,
    e.destination,
    e.agency_id,
    e.destination_class,
    e.on_behalf_of_agency,
    e.outcome,
    e.would_be_outcome,
    e.rule_ids,
    e.authority,
    e.legal_basis_id,
    COALESCE(e.rows_disclosed, c.rows_disclosed) AS rows_disclosed,
    COALESCE(e.rows_blocked, c.rows_blocked) AS rows_blocked,
    e.flag_reasons,
    sharing_guard.event_disposition(e.event_id) AS disposition,
    e.policy_revision,
    e.agency_status,
    e.on_behalf_of_agency_id,
    e.on_behalf_of_class,
    e.lifted_by,
    e.transaction_id,
    CASE WHEN e.rows_disclosed IS NULL THEN COALESCE(c.ending, 'open') ELSE e.ending END
        AS ending,
    CASE WHEN e.ending IS NULL THEN c.occurred_at ELSE e.occurred_at END AS ended_at,
    e.log_id,
    e.matched_terms,
    e.authenticated_login,
    e.authenticated_identity,
    CASE WHEN k.recipient_person_index IS NULL AND pg_catalog.cardinality(k.recipient_persons) = 1
        THEN k.recipient_persons[1] END AS recipient_person,
    CASE WHEN k.purpose_index IS NULL AND pg_catalog.cardinality(k.purposes) = 1
        THEN sharing_guard.purpose_parts(k.purposes[1], e.purpose_parts) END AS purpose_parts,
    e.searched_at,
    e.search_details,
    sharing_guard.event_findings(e.event_id) AS findings
FROM sharing_guard.legible_event e
LEFT JOIN LATERAL (
    -- Looked up one by one, and only where it is wanted: joined as a whole, the
    -- completions of ten years would be read for a window of 90 days.
    SELECT x.* FROM sharing_guard.legible_event x
    WHERE x.completes = e.event_id AND e.rows_disclosed IS NULL
    OFFSET 0) c ON true
CROSS JOIN LATERAL (SELECT
    CASE WHEN c.record_keys IS NULL THEN e.purposes ELSE c.purposes END AS purposes,
    CASE WHEN c.record_keys IS NULL THEN e.purpose_index ELSE c.purpose_index END AS purpose_index,
    CASE WHEN c.record_keys IS NULL AND c.query_elements IS NULL THEN e.query_elements ELSE c.query_elements END AS query_elements,
    CASE WHEN c.record_keys IS NULL AND c.query_elements IS NULL THEN e.query_element_index ELSE c.query_element_index END AS query_element_index,
    CASE WHEN c.record_keys IS NULL THEN e.case_numbers ELSE c.case_numbers END AS case_numbers,
    CASE WHEN c.record_keys IS NULL THEN e.case_number_index ELSE c.case_number_index END AS case_number_index,
    CASE WHEN c.record_keys IS NULL THEN e.requesting_persons ELSE c.requesting_persons END AS requesting_persons,
    CASE WHEN c.record_keys IS NULL THEN e.requesting_person_index ELSE c.requesting_person_index END AS requesting_person_index,
    CASE WHEN c.record_keys IS NULL THEN e.recipient_persons ELSE c.recipient_persons END AS recipient_persons,
    CASE WHEN c.record_keys IS NULL THEN e.recipient_person_index ELSE c.recipient_person_index END AS recipient_person_index) k
WHERE e.kind = 'disclosure';
REVOKE ALL ON TABLE sharing_guard.audit FROM PUBLIC;
COMMENT ON VIEW sharing_guard.audit IS
'Every disclosure, allowed, flagged or blocked: one line for each event, that is for each group of rows that was decided alike. A value that differs from row to row is NULL here and found in audit_rows';
COMMENT ON COLUMN sharing_guard.audit.event_id IS
'Identifies the event: a version 7 UUID, so ids sort by the time they were made. Refusals quote it';
COMMENT ON COLUMN sharing_guard.audit.period_id IS
'The review period that covers the event; NULL until it is sealed';
COMMENT ON COLUMN sharing_guard.audit.occurred_at IS
'When the first row of the event was decided; all its rows were decided within one second';
COMMENT ON COLUMN sharing_guard.audit.username IS
'Who did it: the person named by the application, else the login. NULL where the rows name different persons';
COMMENT ON COLUMN sharing_guard.audit.username_source IS
'Where username comes from: person (named by the application), login (the login itself), shared_login (a login that several people use, as its binding says or as it has named several people, and no person was named)';
COMMENT ON COLUMN sharing_guard.audit.organization IS
'The agency that the user belongs to';
COMMENT ON COLUMN sharing_guard.audit.requesting_person IS
'The person on our side that the application named; NULL where the rows differ';
COMMENT ON COLUMN sharing_guard.audit.session_role IS
'The role that the session acts as: the login, or the role that a superuser has taken on with SET SESSION AUTHORIZATION';
COMMENT ON COLUMN sharing_guard.audit.acting_role IS
'The role whose privileges were used (SET ROLE, SECURITY DEFINER)';
COMMENT ON COLUMN sharing_guard.audit.client_address IS
'The network address of the client; NULL for a local socket or a background worker';
COMMENT ON COLUMN sharing_guard.audit.application IS
'The application_name of the session';
COMMENT ON COLUMN sharing_guard.audit.channel IS
'The way out: export_row, copy, query, foreign_table, replication, grant, copied_table, self_access';
COMMENT ON COLUMN sharing_guard.audit.operation IS
'The SQL operation: INSERT, UPDATE, COPY, SELECT, ...; for a policy change INSERT, UPDATE, DELETE or TRUNCATE';
COMMENT ON COLUMN sharing_guard.audit.relation IS
'The table, schema-qualified';
COMMENT ON COLUMN sharing_guard.audit.data_class IS
'The kind of record: alpr, cad, rms, criminal_history, ...';
COMMENT ON COLUMN sharing_guard.audit.query_elements IS
'The plate or other data elements searched by; NULL where the rows differ (see audit_rows)';
COMMENT ON COLUMN sharing_guard.audit.purpose IS
'The purpose as the application gave it; NULL where the rows differ (see audit_rows)';
COMMENT ON COLUMN sharing_guard.audit.tags IS
'What the words of the purpose matched. A tag says that terms matched, never that there was a violation';
COMMENT ON COLUMN sharing_guard.audit.case_number IS
'The case number given; NULL where the rows differ (see audit_rows)';
COMMENT ON COLUMN sharing_guard.audit.destination IS
'The receiving agency, as the application spelled it';
COMMENT ON COLUMN sharing_guard.audit.agency_id IS
'The receiving agency in the registry (agency.agency_id); NULL where the spelling is not registered';
COMMENT ON COLUMN sharing_guard.audit.destination_class IS
'What the receiving agency is to the home jurisdiction: self, in_state_public_agency, in_state_inferred, out_of_state, federal, tribal, non_us, private, service_provider, unregistered';
COMMENT ON COLUMN sharing_guard.audit.on_behalf_of_agency IS
'The agency it was done for, as the application spelled it; NULL where none was named';
COMMENT ON COLUMN sharing_guard.audit.outcome IS
'What happened: allow, flag (went out and is shown to the auditor), block';
COMMENT ON COLUMN sharing_guard.audit.would_be_outcome IS
'What the policy decided. Differs from outcome where only observed (mode observe): block here and flag there is a disclosure that enforcing would have stopped';
COMMENT ON COLUMN sharing_guard.audit.rule_ids IS
'Every rule that matched';
COMMENT ON COLUMN sharing_guard.audit.authority IS
'The laws and policies that the matched rules cite';
COMMENT ON COLUMN sharing_guard.audit.legal_basis_id IS
'The legal basis that the application named';
COMMENT ON COLUMN sharing_guard.audit.rows_disclosed IS
'Rows that went out; NULL while that is not known: see ending';
COMMENT ON COLUMN sharing_guard.audit.rows_blocked IS
'Rows that were held back';
COMMENT ON COLUMN sharing_guard.audit.flag_reasons IS
'One sentence for each matched rule that flags or blocks, strictest first';
COMMENT ON COLUMN sharing_guard.audit.disposition IS
'What the auditor found on review, the gravest word for any of its rules and tags; NULL until each of them is judged';
COMMENT ON COLUMN sharing_guard.audit.findings IS
'The last word on each rule or tag that was reviewed, as "rule or tag: word"; a word alone is about all of them. NULL where the event has not been reviewed';
COMMENT ON COLUMN sharing_guard.audit.policy_revision IS
'The revision of the policy that decided; for a policy change, the revision it made. NULL where the event outlived its transaction and that had changed the policy itself, without having committed the change';
COMMENT ON COLUMN sharing_guard.audit.agency_status IS
'Whether the receiving agency was active or inactive; NULL where not registered';
COMMENT ON COLUMN sharing_guard.audit.on_behalf_of_agency_id IS
'That agency in the registry; NULL where the spelling is not registered';
COMMENT ON COLUMN sharing_guard.audit.on_behalf_of_class IS
'What that agency is to the home jurisdiction; see destination_class';
COMMENT ON COLUMN sharing_guard.audit.lifted_by IS
'The legal basis that lifted a block; NULL where none did';
COMMENT ON COLUMN sharing_guard.audit.transaction_id IS
'The transaction that wrote the event';
COMMENT ON COLUMN sharing_guard.audit.ending IS
'How a read ended: open (still running), completed, failed (an error or a cancellation came between), unfinished (the session is gone, count unknown); NULL for rows recorded together with their disclosure';
COMMENT ON COLUMN sharing_guard.audit.ended_at IS
'When such a disclosure ended';
COMMENT ON COLUMN sharing_guard.audit.log_id IS
'The log that the event was written to: this database''s own, or one that is copied here; see log';
COMMENT ON COLUMN sharing_guard.audit.matched_terms IS
'The terms of the table purpose_term that gave the tags, each as "tag: term"; NULL where none did';
COMMENT ON COLUMN sharing_guard.audit.authenticated_login IS
'The role that logged in: SET SESSION AUTHORIZATION and SET ROLE do not change it. The name that it had at login; NULL for a background worker, which has no login';
COMMENT ON COLUMN sharing_guard.audit.authenticated_identity IS
'Who logged in, as the authentication method knows them: the method, a colon, and the identity, such as cert:CN=..., ldap:..., gss:name@REALM, scram-sha-256:role. NULL where the method knows no identity (trust)';
COMMENT ON COLUMN sharing_guard.audit.recipient_person IS
'The person at the receiving agency that the application named; NULL where the rows differ (see audit_rows)';
COMMENT ON COLUMN sharing_guard.audit.purpose_parts IS
'The parts of the purpose, where the table has several columns for it: one for each column, empty where the column says nothing; NULL where the rows differ (see audit_rows), and where the purpose is of one column';
COMMENT ON COLUMN sharing_guard.audit.searched_at IS
'When a search in a vendor''s system was made: the time that the vendor''s log gives. NULL for what this database let out';
COMMENT ON COLUMN sharing_guard.audit.search_details IS
'What else a vendor''s log says of a search, as a JSON object: the vendor''s own number of it (search_id), its kind (search_type), how far back in time it went (look_back), how many networks and cameras it went through (networks_searched, devices_searched), the words that were searched by (search_prompt) and what the vendor''s own review said of it (moderation)';

-- One line for each row, where the rows are known one by one; else one line
-- for them all.  An event without rows (a search that found nothing,
-- a COPY of an empty table) is an access all the same, and has one line.
--
-- The person who acted: where rows name persons, each its own; a row that
-- names none was done by the login, as the event has it.
CREATE VIEW sharing_guard.audit_rows AS
SELECT
    e.event_id,
    sharing_guard.event_period(e.event_id) AS period_id,
    e.occurred_at,
    COALESCE(NULLIF(r.requesting_person, ''), e.username,
        e.authenticated_login, e.session_role)
        AS username,
    CASE WHEN r.requesting_person <> '' THEN 'person'
        WHEN (e.username_source = 'login' OR e.username_source = 'person' AND e.username IS NULL)
            AND e.authenticated_login IN (SELECT s.login FROM sharing_guard.shared_login s WHERE s.shared)
            THEN 'shared_login'
        WHEN e.username_source = 'person' AND e.username IS NULL THEN 'login'
        ELSE e.username_source END AS username_source,
    e.organization,
    r.requesting_person,
    e.session_role,
    e.acting_role,
    e.client_address,
    e.application,
    e.channel,
    e.operation,
    e.relation,
    e.data_class,
    r.query_elements,
    sharing_guard.purpose_shown(r.purpose, e.purpose_parts) AS purpose,
    e.tags,
    r.case_number,
    e.destination,
    e.agency_id,
    e.destination_class,
    e.on_behalf_of_agency,
    e.outcome,
    e.would_be_outcome,
    e.rule_ids,
    e.authority,
    e.legal_basis_id,
    CASE WHEN k.one_by_one
        THEN (r.row_number <= k.rows_disclosed)::integer::bigint
        ELSE k.rows_disclosed END AS rows_disclosed,
    CASE WHEN k.one_by_one
        THEN (r.row_number > k.rows_disclosed AND
            r.row_number <= k.rows_disclosed + k.rows_blocked)::integer::bigint
        ELSE k.rows_blocked END AS rows_blocked,
    e.flag_reasons,
    sharing_guard.event_disposition(e.event_id) AS disposition,
    e.policy_revision,
    r.record_key,
    r.row_number,
    e.agency_status,
    e.on_behalf_of_agency_id,
    e.on_behalf_of_class,
    e.lifted_by,
    e.transaction_id,
    CASE WHEN e.rows_disclosed IS NULL THEN COALESCE(c.ending, 'open') ELSE e.ending END
        AS ending,
    CASE WHEN e.ending IS NULL THEN c.occurred_at ELSE e.occurred_at END AS ended_at,
    e.log_id,
    e.matched_terms,
    e.authenticated_login,
    e.authenticated_identity,
    r.recipient_person,
    sharing_guard.purpose_parts(r.purpose, e.purpose_parts) AS purpose_parts,
    e.searched_at,
    e.search_details,
    sharing_guard.event_findings(e.event_id) AS findings
FROM sharing_guard.legible_event e
LEFT JOIN LATERAL (
    -- Looked up one by one, and only where it is wanted: joined as a whole, the
    -- completions of ten years would be read for a window of 90 days.
    SELECT x.* FROM sharing_guard.legible_event x
    WHERE x.completes = e.event_id AND e.rows_disclosed IS NULL
    OFFSET 0) c ON true
CROSS JOIN LATERAL (SELECT
    COALESCE(e.rows_disclosed, c.rows_disclosed) AS rows_disclosed,
    COALESCE(e.rows_blocked, c.rows_blocked) AS rows_blocked,
    (e.rows_disclosed IS NOT NULL AND e.ending IS NULL) OR c.record_keys IS NOT NULL AS one_by_one,
    CASE WHEN c.record_keys IS NULL THEN e.record_keys ELSE c.record_keys END AS record_keys,
    CASE WHEN c.record_keys IS NULL THEN e.record_key_index ELSE c.record_key_index END AS record_key_index,
    CASE WHEN c.record_keys IS NULL THEN e.purposes ELSE c.purposes END AS purposes,
    CASE WHEN c.record_keys IS NULL THEN e.purpose_index ELSE c.purpose_index END AS purpose_index,
    CASE WHEN c.record_keys IS NULL AND c.query_elements IS NULL THEN e.query_elements ELSE c.query_elements END AS query_elements,
    CASE WHEN c.record_keys IS NULL AND c.query_elements IS NULL THEN e.query_element_index ELSE c.query_element_index END AS query_element_index,
    CASE WHEN c.record_keys IS NULL THEN e.case_numbers ELSE c.case_numbers END AS case_numbers,
    CASE WHEN c.record_keys IS NULL THEN e.case_number_index ELSE c.case_number_index END AS case_number_index,
    CASE WHEN c.record_keys IS NULL THEN e.requesting_persons ELSE c.requesting_persons END AS requesting_persons,
    CASE WHEN c.record_keys IS NULL THEN e.requesting_person_index ELSE c.requesting_person_index END AS requesting_person_index,
    CASE WHEN c.record_keys IS NULL THEN e.recipient_persons ELSE c.recipient_persons END AS recipient_persons,
    CASE WHEN c.record_keys IS NULL THEN e.recipient_person_index ELSE c.recipient_person_index END AS recipient_person_index) k
CROSS JOIN LATERAL sharing_guard.event_rows(
    CASE WHEN k.one_by_one
        THEN GREATEST(k.rows_disclosed + k.rows_blocked, 1) ELSE 1 END,
    k.record_keys, k.record_key_index,
    k.purposes, k.purpose_index,
    k.query_elements, k.query_element_index,
    k.case_numbers, k.case_number_index,
    k.requesting_persons, k.requesting_person_index,
    k.recipient_persons, k.recipient_person_index) r
WHERE e.kind = 'disclosure';
REVOKE ALL ON TABLE sharing_guard.audit_rows FROM PUBLIC;
COMMENT ON VIEW sharing_guard.audit_rows IS
'Every disclosure, row by row: the record of access that Cal. Civ. Code 1798.90.52 requires (occurred_at; query_elements; username and organization; purpose), with the key of each record. An event without rows has one line';
COMMENT ON COLUMN sharing_guard.audit_rows.event_id IS
'Identifies the event: a version 7 UUID, so ids sort by the time they were made. Refusals quote it';
COMMENT ON COLUMN sharing_guard.audit_rows.period_id IS
'The review period that covers the event; NULL until it is sealed';
COMMENT ON COLUMN sharing_guard.audit_rows.occurred_at IS
'When the first row of the event was decided; all its rows were decided within one second';
COMMENT ON COLUMN sharing_guard.audit_rows.username IS
'Who did it: the person named for this row, else the login';
COMMENT ON COLUMN sharing_guard.audit_rows.username_source IS
'Where username comes from: person (named by the application), login (the login itself), shared_login (a login that several people use, as its binding says or as it has named several people, and no person was named)';
COMMENT ON COLUMN sharing_guard.audit_rows.organization IS
'The agency that the user belongs to';
COMMENT ON COLUMN sharing_guard.audit_rows.requesting_person IS
'The person on our side that the application named for this row';
COMMENT ON COLUMN sharing_guard.audit_rows.session_role IS
'The role that the session acts as: the login, or the role that a superuser has taken on with SET SESSION AUTHORIZATION';
COMMENT ON COLUMN sharing_guard.audit_rows.acting_role IS
'The role whose privileges were used (SET ROLE, SECURITY DEFINER)';
COMMENT ON COLUMN sharing_guard.audit_rows.client_address IS
'The network address of the client; NULL for a local socket or a background worker';
COMMENT ON COLUMN sharing_guard.audit_rows.application IS
'The application_name of the session';
COMMENT ON COLUMN sharing_guard.audit_rows.channel IS
'The way out: export_row, copy, query, foreign_table, replication, grant, copied_table, self_access';
COMMENT ON COLUMN sharing_guard.audit_rows.operation IS
'The SQL operation: INSERT, UPDATE, COPY, SELECT, ...; for a policy change INSERT, UPDATE, DELETE or TRUNCATE';
COMMENT ON COLUMN sharing_guard.audit_rows.relation IS
'The table, schema-qualified';
COMMENT ON COLUMN sharing_guard.audit_rows.data_class IS
'The kind of record: alpr, cad, rms, criminal_history, ...';
COMMENT ON COLUMN sharing_guard.audit_rows.query_elements IS
'The plate or other data elements searched by';
COMMENT ON COLUMN sharing_guard.audit_rows.purpose IS
'The purpose as the application gave it for this row';
COMMENT ON COLUMN sharing_guard.audit_rows.tags IS
'What the words of the purpose matched. A tag says that terms matched, never that there was a violation';
COMMENT ON COLUMN sharing_guard.audit_rows.case_number IS
'The case number given for this row';
COMMENT ON COLUMN sharing_guard.audit_rows.destination IS
'The receiving agency, as the application spelled it';
COMMENT ON COLUMN sharing_guard.audit_rows.agency_id IS
'The receiving agency in the registry (agency.agency_id); NULL where the spelling is not registered';
COMMENT ON COLUMN sharing_guard.audit_rows.destination_class IS
'What the receiving agency is to the home jurisdiction: self, in_state_public_agency, in_state_inferred, out_of_state, federal, tribal, non_us, private, service_provider, unregistered';
COMMENT ON COLUMN sharing_guard.audit_rows.on_behalf_of_agency IS
'The agency it was done for, as the application spelled it; NULL where none was named';
COMMENT ON COLUMN sharing_guard.audit_rows.outcome IS
'What happened: allow, flag (went out and is shown to the auditor), block';
COMMENT ON COLUMN sharing_guard.audit_rows.would_be_outcome IS
'What the policy decided. Differs from outcome where only observed (mode observe): block here and flag there is a disclosure that enforcing would have stopped';
COMMENT ON COLUMN sharing_guard.audit_rows.rule_ids IS
'Every rule that matched';
COMMENT ON COLUMN sharing_guard.audit_rows.authority IS
'The laws and policies that the matched rules cite';
COMMENT ON COLUMN sharing_guard.audit_rows.legal_basis_id IS
'The legal basis that the application named';
COMMENT ON COLUMN sharing_guard.audit_rows.rows_disclosed IS
'1 where this row went out, else 0: the sum counts rows';
COMMENT ON COLUMN sharing_guard.audit_rows.rows_blocked IS
'1 where this row was held back, else 0';
COMMENT ON COLUMN sharing_guard.audit_rows.flag_reasons IS
'One sentence for each matched rule that flags or blocks, strictest first';
COMMENT ON COLUMN sharing_guard.audit_rows.disposition IS
'What the auditor found on review, the gravest word for any of its rules and tags; NULL until each of them is judged';
COMMENT ON COLUMN sharing_guard.audit_rows.findings IS
'The last word on each rule or tag that was reviewed, as "rule or tag: word"; a word alone is about all of them. NULL where the event has not been reviewed';
COMMENT ON COLUMN sharing_guard.audit_rows.policy_revision IS
'The revision of the policy that decided; for a policy change, the revision it made. NULL where the event outlived its transaction and that had changed the policy itself, without having committed the change';
COMMENT ON COLUMN sharing_guard.audit_rows.record_key IS
'The key of the record that went out or was held back';
COMMENT ON COLUMN sharing_guard.audit_rows.row_number IS
'Position of the row in its event, from 1; rows that went out come first';
COMMENT ON COLUMN sharing_guard.audit_rows.agency_status IS
'Whether the receiving agency was active or inactive; NULL where not registered';
COMMENT ON COLUMN sharing_guard.audit_rows.on_behalf_of_agency_id IS
'That agency in the registry; NULL where the spelling is not registered';
COMMENT ON COLUMN sharing_guard.audit_rows.on_behalf_of_class IS
'What that agency is to the home jurisdiction; see destination_class';
COMMENT ON COLUMN sharing_guard.audit_rows.lifted_by IS
'The legal basis that lifted a block; NULL where none did';
COMMENT ON COLUMN sharing_guard.audit_rows.transaction_id IS
'The transaction that wrote the event';
COMMENT ON COLUMN sharing_guard.audit_rows.ending IS
'How a read ended: open (still running), completed, failed (an error or a cancellation came between), unfinished (the session is gone, count unknown); NULL for rows recorded together with their disclosure';
COMMENT ON COLUMN sharing_guard.audit_rows.ended_at IS
'When such a disclosure ended';
COMMENT ON COLUMN sharing_guard.audit_rows.log_id IS
'The log that the event was written to: this database''s own, or one that is copied here; see log';
COMMENT ON COLUMN sharing_guard.audit_rows.matched_terms IS
'The terms of the table purpose_term that gave the tags, each as "tag: term"; NULL where none did';
COMMENT ON COLUMN sharing_guard.audit_rows.authenticated_login IS
'The role that logged in: SET SESSION AUTHORIZATION and SET ROLE do not change it. The name that it had at login; NULL for a background worker, which has no login';
COMMENT ON COLUMN sharing_guard.audit_rows.authenticated_identity IS
'Who logged in, as the authentication method knows them: the method, a colon, and the identity, such as cert:CN=..., ldap:..., gss:name@REALM, scram-sha-256:role. NULL where the method knows no identity (trust)';
COMMENT ON COLUMN sharing_guard.audit_rows.recipient_person IS
'The person at the receiving agency that the application named for this row';
COMMENT ON COLUMN sharing_guard.audit_rows.purpose_parts IS
'The parts of the purpose, where the table has several columns for it: one for each column, empty where the column says nothing. NULL where the purpose is of one column';
COMMENT ON COLUMN sharing_guard.audit_rows.searched_at IS
'When a search in a vendor''s system was made: the time that the vendor''s log gives. NULL for what this database let out';
COMMENT ON COLUMN sharing_guard.audit_rows.search_details IS
'What else a vendor''s log says of a search, as a JSON object: the vendor''s own number of it (search_id), its kind (search_type), how far back in time it went (look_back), how many networks and cameras it went through (networks_searched, devices_searched), the words that were searched by (search_prompt) and what the vendor''s own review said of it (moderation)';

CREATE VIEW sharing_guard.policy_changes AS
SELECT
    e.event_id,
    sharing_guard.event_period(e.event_id) AS period_id,
    e.occurred_at,
    e.username,
    e.username_source,
    e.organization,
    e.session_role,
    e.acting_role,
    e.client_address,
    e.application,
    e.operation,
    e.relation,
    e.changed_key,
    e.old_row,
    e.new_row,
    sharing_guard.event_disposition(e.event_id) AS disposition,
    e.policy_revision,
    e.transaction_id,
    e.log_id,
    e.authenticated_login,
    e.authenticated_identity
FROM sharing_guard.legible_event e
WHERE e.kind = 'policy_change';
REVOKE ALL ON TABLE sharing_guard.policy_changes FROM PUBLIC;
COMMENT ON VIEW sharing_guard.policy_changes IS
'Every change of the policy, of the registry of agencies, of guards and of settings: one line for each changed row, with the row before and after';
COMMENT ON COLUMN sharing_guard.policy_changes.event_id IS
'Identifies the event: a version 7 UUID, so ids sort by the time they were made. Refusals quote it';
COMMENT ON COLUMN sharing_guard.policy_changes.period_id IS
'The review period that covers the event; NULL until it is sealed';
COMMENT ON COLUMN sharing_guard.policy_changes.occurred_at IS
'When the first row of the event was decided; all its rows were decided within one second';
COMMENT ON COLUMN sharing_guard.policy_changes.username IS
'Who did it: the person named by the application, else the login. NULL where the rows name different persons';
COMMENT ON COLUMN sharing_guard.policy_changes.username_source IS
'Where username comes from: person (named by the application), login (the login itself), shared_login (a login that several people use, and no person was named)';
COMMENT ON COLUMN sharing_guard.policy_changes.organization IS
'The agency that the user belongs to';
COMMENT ON COLUMN sharing_guard.policy_changes.session_role IS
'The role that the session acts as: the login, or the role that a superuser has taken on with SET SESSION AUTHORIZATION';
COMMENT ON COLUMN sharing_guard.policy_changes.acting_role IS
'The role whose privileges were used (SET ROLE, SECURITY DEFINER)';
COMMENT ON COLUMN sharing_guard.policy_changes.client_address IS
'The network address of the client; NULL for a local socket or a background worker';
COMMENT ON COLUMN sharing_guard.policy_changes.application IS
'The application_name of the session';
COMMENT ON COLUMN sharing_guard.policy_changes.operation IS
'INSERT, UPDATE, DELETE or TRUNCATE';
COMMENT ON COLUMN sharing_guard.policy_changes.relation IS
'The table that was changed';
COMMENT ON COLUMN sharing_guard.policy_changes.changed_key IS
'The key of the changed row; NULL for TRUNCATE';
COMMENT ON COLUMN sharing_guard.policy_changes.old_row IS
'The row before; NULL for an INSERT';
COMMENT ON COLUMN sharing_guard.policy_changes.new_row IS
'The row after; NULL for a DELETE';
COMMENT ON COLUMN sharing_guard.policy_changes.disposition IS
'What the auditor found on review; NULL while not reviewed';
COMMENT ON COLUMN sharing_guard.policy_changes.policy_revision IS
'The revision of the policy that the change made';
COMMENT ON COLUMN sharing_guard.policy_changes.transaction_id IS
'The transaction that wrote the event';
COMMENT ON COLUMN sharing_guard.policy_changes.log_id IS
'The log that the event was written to: this database''s own, or one that is copied here; see log';
COMMENT ON COLUMN sharing_guard.policy_changes.authenticated_login IS
'The role that logged in: SET SESSION AUTHORIZATION and SET ROLE do not change it. The name that it had at login; NULL for a background worker, which has no login';
COMMENT ON COLUMN sharing_guard.policy_changes.authenticated_identity IS
'Who logged in, as the authentication method knows them: the method, a colon, and the identity, such as cert:CN=..., ldap:..., gss:name@REALM, scram-sha-256:role. NULL where the method knows no identity (trust)';

-- The rolling 90 days.  Both bounds are STABLE, so the planner reads the
-- index on occurred_at between them: the cost is that of the window, however
-- long the log.
CREATE VIEW sharing_guard.audit_90d AS
SELECT a.*
FROM sharing_guard.audit a
WHERE a.occurred_at >= sharing_guard.audit_window_start(
        pg_catalog.statement_timestamp(), sharing_guard.time_zone())
    AND a.occurred_at <= pg_catalog.statement_timestamp();
REVOKE ALL ON TABLE sharing_guard.audit_90d FROM PUBLIC;
COMMENT ON VIEW sharing_guard.audit_90d IS
'The disclosures of the last 90 days, one line for each event: the view audit from local midnight of the day 90 days ago, inclusive, until now';

CREATE VIEW sharing_guard.audit_rows_90d AS
SELECT a.*
FROM sharing_guard.audit_rows a
WHERE a.occurred_at >= sharing_guard.audit_window_start(
        pg_catalog.statement_timestamp(), sharing_guard.time_zone())
    AND a.occurred_at <= pg_catalog.statement_timestamp();
REVOKE ALL ON TABLE sharing_guard.audit_rows_90d FROM PUBLIC;
COMMENT ON VIEW sharing_guard.audit_rows_90d IS
'The disclosures of the last 90 days, row by row: the view audit_rows from local midnight of the day 90 days ago, inclusive, until now';

CREATE VIEW sharing_guard.flagged_90d AS
SELECT a.*
FROM sharing_guard.audit a
WHERE a.occurred_at >= sharing_guard.audit_window_start(
        pg_catalog.statement_timestamp(), sharing_guard.time_zone())
    AND a.occurred_at <= pg_catalog.statement_timestamp()
    AND a.outcome = 'flag';
REVOKE ALL ON TABLE sharing_guard.flagged_90d FROM PUBLIC;
COMMENT ON VIEW sharing_guard.flagged_90d IS
'The disclosures of the last 90 days that went out flagged. Where would_be_outcome is block, enforcing would have stopped it. Refused disclosures did not go out and are in refused_90d';

CREATE VIEW sharing_guard.refused_90d AS
SELECT a.*
FROM sharing_guard.audit a
WHERE a.occurred_at >= sharing_guard.audit_window_start(
        pg_catalog.statement_timestamp(), sharing_guard.time_zone())
    AND a.occurred_at <= pg_catalog.statement_timestamp()
    AND a.outcome = 'block';
REVOKE ALL ON TABLE sharing_guard.refused_90d FROM PUBLIC;
COMMENT ON VIEW sharing_guard.refused_90d IS
'The disclosures of the last 90 days that were refused: nothing went out. Disclosures that went out flagged are in flagged_90d; refused attempts to remove a guard are in attempts_90d';

CREATE VIEW sharing_guard.policy_changes_90d AS
SELECT c.*
FROM sharing_guard.policy_changes c
WHERE c.occurred_at >= sharing_guard.audit_window_start(
        pg_catalog.statement_timestamp(), sharing_guard.time_zone())
    AND c.occurred_at <= pg_catalog.statement_timestamp();
REVOKE ALL ON TABLE sharing_guard.policy_changes_90d FROM PUBLIC;
COMMENT ON VIEW sharing_guard.policy_changes_90d IS
'The changes of policy, registry, guards and settings of the last 90 days: the view policy_changes from local midnight of the day 90 days ago, inclusive, until now';

-- The columns mean what they mean in the view behind.
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT pg_catalog.format('COMMENT ON COLUMN sharing_guard.%I.%I IS %L',
            pair.rolling, att.attname,
            pg_catalog.col_description(att.attrelid, att.attnum))
        FROM (VALUES ('audit_90d', 'audit'), ('flagged_90d', 'audit'), ('refused_90d', 'audit'),
            ('audit_rows_90d', 'audit_rows'),
            ('policy_changes_90d', 'policy_changes')) pair (rolling, base)
        JOIN pg_catalog.pg_attribute att
            ON att.attrelid OPERATOR(pg_catalog.=) ('sharing_guard.' || pair.base)::regclass
            AND att.attnum OPERATOR(pg_catalog.>) 0
    LOOP
        EXECUTE statement;
    END LOOP;
END
$$;
