-- The log: one plain table for events of every kind.

-- Columns are in the order that makes the smallest rows: fixed widths first,
-- widest alignment first, so nothing is padded; then short texts, which need
-- no alignment; last what is mostly NULL.  event_fields.h has the same order.
--
-- What other columns of the same event imply is not kept, but filled in by the
-- view legible_event: see event_narrow.c.  So a search by the agency's own people
-- has some 250 bytes here instead of 560.
--
-- Vocabulary (kind, channel, outcome, ...) is kept as words.  Codes would
-- save some fifty bytes an event, and make a dump, a replica or a line of the
-- log unreadable without this extension.  No CHECKs on them and no foreign
-- keys: C writes the words, and the record outlives what it names.
--
-- Three indexes, all growing at the right end: the event's id, its time, and
-- its transaction, by which the sealer finds what has been committed since the
-- seal before.  The others have what is rare, so that all else pays nothing for
-- them: completions (unique, for a disclosure ends once); the disclosures that
-- have one, and the writer's own events.
CREATE TABLE sharing_guard.event (
    event_id uuid NOT NULL,
    log_id uuid,
    occurred_at timestamptz NOT NULL,
    transaction_id xid8,
    policy_revision bigint,
    rows_disclosed bigint,
    rows_blocked bigint,
    searched_at timestamptz,
    purpose_parts int2,
    kind text NOT NULL,
    username text,
    username_source text,
    organization text,
    session_role text,
    acting_role text,
    authenticated_login text,
    authenticated_identity text,
    client_address text,
    application text,
    operation text,
    relation text,
    channel text,
    data_class text,
    destination text,
    agency_id text,
    destination_class text,
    agency_status text,
    on_behalf_of_agency text,
    on_behalf_of_agency_id text,
    on_behalf_of_class text,
    outcome text,
    would_be_outcome text,
    legal_basis_id text,
    lifted_by text,
    authority text,
    record_key text,
    purpose text,
    query_element text,
    case_number text,
    requesting_person text,
    recipient_person text,
    tags text[],
    matched_terms text[],
    rule_ids text[],
    flag_reasons text[],
    record_keys text[],
    record_key_index int2[],
    purposes text[],
    purpose_index int2[],
    query_elements text[],
    query_element_index int2[],
    case_numbers text[],
    case_number_index int2[],
    requesting_persons text[],
    requesting_person_index int2[],
    recipient_persons text[],
    recipient_person_index int2[],
    search_details json,
    completes uuid,
    ending text,
    changed_key text,
    old_row json,
    new_row json,
    -- Ids ascend, so pages need room only for those that sessions write at once.
    PRIMARY KEY (event_id) WITH (fillfactor = 97)
);
CREATE INDEX event_occurred_at ON sharing_guard.event USING brin (occurred_at)
    WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX event_transaction_id ON sharing_guard.event (transaction_id)
    WITH (fillfactor = 97);
CREATE UNIQUE INDEX event_completes ON sharing_guard.event (completes)
    WHERE completes IS NOT NULL;
CREATE INDEX event_rare ON sharing_guard.event (kind, occurred_at)
    WHERE kind = 'health' OR (kind = 'disclosure' AND rows_disclosed IS NULL);
REVOKE ALL ON TABLE sharing_guard.event FROM PUBLIC;

COMMENT ON TABLE sharing_guard.event IS
'The audit log: one row for each decision on a group of rows that left or tried to leave, and for each change of policy. Written by the extension alone, never changed. What the rest of an event implies is not kept: read it through the views audit, audit_rows and policy_changes, which fill it in';
COMMENT ON COLUMN sharing_guard.event.event_id IS
'Identifies the event: a version 7 UUID, so ids sort by the time they were made. Refusals quote it';
COMMENT ON COLUMN sharing_guard.event.log_id IS
'The log that the event was written to: see sharing_guard.log. Tells events of several agencies apart where their logs are kept in one database';
COMMENT ON COLUMN sharing_guard.event.occurred_at IS
'When the first row of the event was decided; all its rows were decided within one second';
COMMENT ON COLUMN sharing_guard.event.transaction_id IS
'The transaction that wrote the event';
COMMENT ON COLUMN sharing_guard.event.policy_revision IS
'The revision of the policy that decided; for a policy change, the revision it made. NULL where the event outlived its transaction and that had changed the policy itself, without having committed the change';
COMMENT ON COLUMN sharing_guard.event.rows_disclosed IS
'Rows that went out. NULL where that was not known when the event was written, before the first row: its completion says how many';
COMMENT ON COLUMN sharing_guard.event.rows_blocked IS
'Rows that were held back; NULL as in rows_disclosed';
COMMENT ON COLUMN sharing_guard.event.searched_at IS
'When a search in another system was made, where the event is a line of that system''s log (channel vendor): the line''s own time. NULL elsewhere, where occurred_at says it';
COMMENT ON COLUMN sharing_guard.event.purpose_parts IS
'How many columns the purpose was made of, where they were several. Then their values stand in purpose one after the other, with the character U+001F between them. NULL: one column';
COMMENT ON COLUMN sharing_guard.event.kind IS
'What the event is: disclosure, completion (the end of a disclosure that was recorded before its first row), policy_change, attempt (a change that was refused), review (an act of an auditor: a period, a disposition, a signature, a hold, a purge), health (of the writer of this log)';
COMMENT ON COLUMN sharing_guard.event.username IS
'Who did it: the person named by the application, else the login. NULL where the rows name different persons';
COMMENT ON COLUMN sharing_guard.event.username_source IS
'Where username comes from: person (named by the application), login (the login itself), shared_login (a login that several people use, and no person was named)';
COMMENT ON COLUMN sharing_guard.event.organization IS
'The agency that the user belongs to';
COMMENT ON COLUMN sharing_guard.event.session_role IS
'The role that the session acts as: the login, or the role that a superuser has taken on with SET SESSION AUTHORIZATION';
COMMENT ON COLUMN sharing_guard.event.acting_role IS
'The role whose privileges were used (SET ROLE, SECURITY DEFINER)';
COMMENT ON COLUMN sharing_guard.event.authenticated_login IS
'The role that logged in: SET SESSION AUTHORIZATION and SET ROLE do not change it. The name that it had at login; NULL for a background worker, which has no login';
COMMENT ON COLUMN sharing_guard.event.authenticated_identity IS
'Who logged in, as the authentication method knows them: the method, a colon, and the identity, such as cert:CN=..., ldap:..., gss:name@REALM, scram-sha-256:role. NULL where the method knows no identity (trust)';
COMMENT ON COLUMN sharing_guard.event.client_address IS
'The network address of the client; NULL for a local socket or a background worker';
COMMENT ON COLUMN sharing_guard.event.application IS
'The application_name of the session';
COMMENT ON COLUMN sharing_guard.event.operation IS
'The SQL operation: INSERT, UPDATE, COPY, SELECT, ...; for a policy change INSERT, UPDATE, DELETE or TRUNCATE';
COMMENT ON COLUMN sharing_guard.event.relation IS
'The table, schema-qualified';
COMMENT ON COLUMN sharing_guard.event.channel IS
'The way out: export_row, copy, query, foreign_table, replication, grant, copied_table, self_access';
COMMENT ON COLUMN sharing_guard.event.data_class IS
'The kind of record: alpr, cad, rms, criminal_history, ...';
COMMENT ON COLUMN sharing_guard.event.destination IS
'The receiving agency, as the application spelled it';
COMMENT ON COLUMN sharing_guard.event.agency_id IS
'The receiving agency in the registry (agency.agency_id); NULL where the spelling is not registered';
COMMENT ON COLUMN sharing_guard.event.destination_class IS
'What the receiving agency is to the home jurisdiction: self, in_state_public_agency, in_state_inferred, out_of_state, federal, tribal, non_us, private, service_provider, unregistered';
COMMENT ON COLUMN sharing_guard.event.agency_status IS
'Whether the receiving agency was active or inactive; NULL where not registered';
COMMENT ON COLUMN sharing_guard.event.on_behalf_of_agency IS
'The agency it was done for, as the application spelled it; NULL where none was named';
COMMENT ON COLUMN sharing_guard.event.on_behalf_of_agency_id IS
'That agency in the registry; NULL where the spelling is not registered';
COMMENT ON COLUMN sharing_guard.event.on_behalf_of_class IS
'What that agency is to the home jurisdiction; see destination_class';
COMMENT ON COLUMN sharing_guard.event.outcome IS
'What happened: allow, flag (went out and is shown to the auditor), block';
COMMENT ON COLUMN sharing_guard.event.would_be_outcome IS
'What the policy decided. Differs from outcome where only observed (mode observe): block here and flag there is a disclosure that enforcing would have stopped';
COMMENT ON COLUMN sharing_guard.event.legal_basis_id IS
'The legal basis that the application named';
COMMENT ON COLUMN sharing_guard.event.lifted_by IS
'The legal basis that lifted a block; NULL where none did';
COMMENT ON COLUMN sharing_guard.event.authority IS
'The laws and policies that the matched rules cite';
COMMENT ON COLUMN sharing_guard.event.tags IS
'What the words of the purpose matched. A tag says that terms matched, never that there was a violation';
COMMENT ON COLUMN sharing_guard.event.matched_terms IS
'The terms of the table purpose_term that gave the tags, each as "tag: term"; NULL where none did';
COMMENT ON COLUMN sharing_guard.event.rule_ids IS
'Every rule that matched';
COMMENT ON COLUMN sharing_guard.event.flag_reasons IS
'One sentence for each matched rule that flags or blocks, strictest first';
COMMENT ON COLUMN sharing_guard.event.record_key IS
'The key of the record, where the event is of one';
COMMENT ON COLUMN sharing_guard.event.purpose IS
'The purpose, where all rows have one; else see purposes';
COMMENT ON COLUMN sharing_guard.event.query_element IS
'The plate or other data elements searched by, where all rows share them; else see query_elements';
COMMENT ON COLUMN sharing_guard.event.case_number IS
'The case number, where all rows have one; else see case_numbers';
COMMENT ON COLUMN sharing_guard.event.requesting_person IS
'The person named, where all rows have one; else see requesting_persons';
COMMENT ON COLUMN sharing_guard.event.recipient_person IS
'The person at the receiving agency, where all rows have one; else see recipient_persons';
COMMENT ON COLUMN sharing_guard.event.record_keys IS
'The key of each record. Parallel columns: with the index column NULL, one value for all rows or one for each row; else the index says for each row which value, from 1, is its own. The view audit_rows puts them together';
COMMENT ON COLUMN sharing_guard.event.record_key_index IS
'Which of record_keys each row has; see there';
COMMENT ON COLUMN sharing_guard.event.purposes IS
'The purpose given for each row; see record_keys';
COMMENT ON COLUMN sharing_guard.event.purpose_index IS
'Which of purposes each row has; see record_keys';
COMMENT ON COLUMN sharing_guard.event.query_elements IS
'The plate or other data elements searched by, for each row; see record_keys';
COMMENT ON COLUMN sharing_guard.event.query_element_index IS
'Which of query_elements each row has; see record_keys';
COMMENT ON COLUMN sharing_guard.event.case_numbers IS
'The case number given for each row; see record_keys';
COMMENT ON COLUMN sharing_guard.event.case_number_index IS
'Which of case_numbers each row has; see record_keys';
COMMENT ON COLUMN sharing_guard.event.requesting_persons IS
'The person named for each row; see record_keys';
COMMENT ON COLUMN sharing_guard.event.requesting_person_index IS
'Which of requesting_persons each row has; see record_keys';
COMMENT ON COLUMN sharing_guard.event.recipient_persons IS
'The person at the receiving agency for each row; see record_keys';
COMMENT ON COLUMN sharing_guard.event.recipient_person_index IS
'Which of recipient_persons each row has; see record_keys';
COMMENT ON COLUMN sharing_guard.event.search_details IS
'What else a vendor''s log says of a search, as a JSON object: the vendor''s own number of it (search_id), its kind (search_type), how far back in time it went (look_back), how many networks and cameras it went through (networks_searched, devices_searched), the words that were searched by (search_prompt) and what the vendor''s own review said of it (moderation)';
COMMENT ON COLUMN sharing_guard.event.completes IS
'Completion: the event of the disclosure that ended';
COMMENT ON COLUMN sharing_guard.event.ending IS
'How a read ended, in its completion, or in its own event where that was written when it was over: completed, failed (an error or a cancellation ended it), unfinished (its session is gone, how many rows left is not known)';
COMMENT ON COLUMN sharing_guard.event.changed_key IS
'Policy change: the key of the changed row';
COMMENT ON COLUMN sharing_guard.event.old_row IS
'Policy change: the row before';
COMMENT ON COLUMN sharing_guard.event.new_row IS
'Policy change: the row after. Health: figures of that moment';

-- How long columns are kept.  Measured on events of ten thousand rows, per
-- row: 0.38 us with pglz, the default; 0.08 us uncompressed, at two and a half
-- times the size; 0.07 us with lz4, at the size of pglz.  So lz4, and
-- uncompressed where the server was built without it.
DO $$
DECLARE
    long_column text;
BEGIN
    FOREACH long_column IN ARRAY ARRAY[
        'record_keys', 'record_key_index', 'purposes', 'purpose_index',
        'query_elements', 'query_element_index', 'case_numbers',
        'case_number_index', 'requesting_persons', 'requesting_person_index']
    LOOP
        BEGIN
            EXECUTE pg_catalog.format('ALTER TABLE sharing_guard.event ALTER COLUMN %I SET COMPRESSION lz4', long_column);
        EXCEPTION WHEN feature_not_supported THEN
            EXECUTE pg_catalog.format('ALTER TABLE sharing_guard.event ALTER COLUMN %I SET STORAGE EXTERNAL', long_column);
        END;
    END LOOP;
END
$$;

-- Rows are written as the extension: no role has, or needs, a
-- privilege on the log, and what is written stays.  BEFORE ROW rather than
-- statement triggers for UPDATE and DELETE, for those fire in logical
-- replication's apply workers as well; ALWAYS, so that
-- session_replication_role does not pass by them.
CREATE TRIGGER protect_rows BEFORE UPDATE OR DELETE ON sharing_guard.event
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.protect_record();
CREATE TRIGGER protect_table BEFORE TRUNCATE ON sharing_guard.event
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_guard.protect_record();
ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER protect_rows;
ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER protect_table;
COMMENT ON TRIGGER protect_rows ON sharing_guard.event IS
'Refuses every UPDATE and DELETE';
COMMENT ON TRIGGER protect_table ON sharing_guard.event IS
'Refuses TRUNCATE';

-- Without this pg_dump would leave the log out, as part of the extension.
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.event', '');
