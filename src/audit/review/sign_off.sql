
-- Signatures.  One says: I have looked at this stretch of the sealed log, and
-- this was its root.  It is never taken back; a later one supersedes it.

CREATE TABLE sharing_guard.signature (
    signature_id uuid NOT NULL DEFAULT sharing_guard.new_event_id() PRIMARY KEY,
    tree_id uuid NOT NULL,
    period_id bigint NOT NULL,
    first_index bigint NOT NULL,
    end_index bigint NOT NULL,
    root bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    signer text NOT NULL,
    stands_in_for text,
    statement text NOT NULL,
    findings text,
    totals jsonb NOT NULL,
    supersedes uuid,
    signed_elsewhere text,
    detached_signature text,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    recorded_by text NOT NULL DEFAULT session_user,
    recorded_in uuid NOT NULL DEFAULT sharing_guard.log_id()
);
CREATE INDEX signature_period ON sharing_guard.signature (tree_id, period_id, signature_id);
-- One signature is superseded once, also by two sessions at a time; in each
-- database that signs.
CREATE UNIQUE INDEX signature_supersedes ON sharing_guard.signature
    (recorded_in, tree_id, period_id, COALESCE(supersedes, '00000000-0000-0000-0000-000000000000'));
SELECT sharing_guard.protect_table('sharing_guard.signature');
CREATE TRIGGER record_act AFTER INSERT ON sharing_guard.signature
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.record_act('signature_id', 'period_id');
COMMENT ON TABLE sharing_guard.signature IS
'The signatures of review periods, superseded ones included; see sign_off()';
COMMENT ON COLUMN sharing_guard.signature.signature_id IS 'Identifies it; the event that says so has the same id';
COMMENT ON COLUMN sharing_guard.signature.tree_id IS 'The log that was signed';
COMMENT ON COLUMN sharing_guard.signature.period_id IS 'The review period';
COMMENT ON COLUMN sharing_guard.signature.first_index IS 'The first leaf that is signed';
COMMENT ON COLUMN sharing_guard.signature.end_index IS 'The leaf after the last that is signed: the size of the tree with this root';
COMMENT ON COLUMN sharing_guard.signature.root IS 'The root of the log at that size';
COMMENT ON COLUMN sharing_guard.signature.signed_at IS 'When it was signed';
COMMENT ON COLUMN sharing_guard.signature.signer IS 'The login of the auditor who signed';
COMMENT ON COLUMN sharing_guard.signature.stands_in_for IS
'Who should have signed, where another auditor was named to stand in';
COMMENT ON COLUMN sharing_guard.signature.statement IS 'What the auditor states';
COMMENT ON COLUMN sharing_guard.signature.findings IS 'What was found, in the auditor''s words';
COMMENT ON COLUMN sharing_guard.signature.totals IS 'The totals of the period as they were signed; see review_totals';
COMMENT ON COLUMN sharing_guard.signature.supersedes IS 'The signature in whose place this one stands';
COMMENT ON COLUMN sharing_guard.signature.signed_elsewhere IS
'Signed on an auditor''s own server: the statement as it was brought here, byte for byte';
COMMENT ON COLUMN sharing_guard.signature.detached_signature IS
'Such a statement''s signature by a key outside the database, as it was brought; checked outside, with openssl';
COMMENT ON COLUMN sharing_guard.signature.recorded_at IS 'When the signature was recorded';
COMMENT ON COLUMN sharing_guard.signature.recorded_by IS 'The login that recorded it';
COMMENT ON COLUMN sharing_guard.signature.recorded_in IS 'The log of the database where it was recorded: an auditor''s own, for a signature under a copy';

CREATE TABLE sharing_guard.stand_in (
    stand_in_id uuid NOT NULL DEFAULT sharing_guard.new_event_id() PRIMARY KEY,
    tree_id uuid NOT NULL,
    period_id bigint NOT NULL,
    auditor text NOT NULL,
    reason text NOT NULL,
    named_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    named_by text NOT NULL DEFAULT session_user
);
SELECT sharing_guard.protect_table('sharing_guard.stand_in');
CREATE TRIGGER record_act AFTER INSERT ON sharing_guard.stand_in
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.record_act('stand_in_id', 'period_id');
COMMENT ON TABLE sharing_guard.stand_in IS
'Auditors who were named to sign a period in another''s place; see name_stand_in()';
COMMENT ON COLUMN sharing_guard.stand_in.stand_in_id IS 'Identifies it; the event that says so has the same id';
COMMENT ON COLUMN sharing_guard.stand_in.tree_id IS 'The log that it is a period of';
COMMENT ON COLUMN sharing_guard.stand_in.period_id IS 'The review period';
COMMENT ON COLUMN sharing_guard.stand_in.auditor IS 'Who may sign it';
COMMENT ON COLUMN sharing_guard.stand_in.reason IS 'Why';
COMMENT ON COLUMN sharing_guard.stand_in.named_at IS 'When';
COMMENT ON COLUMN sharing_guard.stand_in.named_by IS 'The login that named them';

CREATE FUNCTION sharing_guard.name_stand_in(
    period bigint, auditor text, reason text, tree uuid DEFAULT NULL
) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    of_tree uuid := coalesce(name_stand_in.tree, sharing_guard.own_tree());
    id uuid;
BEGIN
    PERFORM sharing_guard.require_login('name who signs');
    IF NOT EXISTS (SELECT FROM sharing_guard.period AS p
                    WHERE p.tree_id = of_tree AND p.period_id = period) THEN
        RAISE EXCEPTION 'there is no review period %', coalesce(period::text, 'NULL')
            USING ERRCODE = 'no_data_found', HINT = 'The view review_status lists them.';
    END IF;
    IF NOT coalesce(sharing_guard.holds_duty(auditor, 'auditor'), false) THEN
        RAISE EXCEPTION 'role "%" is not an auditor', coalesce(auditor, 'NULL')
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Make it one first, with sharing_guard.grant_auditor().';
    END IF;
    IF coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'why is another to sign?'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a reason.';
    END IF;
    INSERT INTO sharing_guard.stand_in (tree_id, period_id, auditor, reason)
    VALUES (of_tree, period, name_stand_in.auditor, name_stand_in.reason)
    RETURNING stand_in_id INTO id;
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.name_stand_in(bigint, text, text, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.name_stand_in(bigint, text, text, uuid) IS
'Names an auditor who may sign a review period in the place of the one that configure() named; recorded with who named them and why';

-- Who took part in what is signed cannot sign it.  Looking at one's own
-- agency's records does not count, and reviewing is no disclosure.
CREATE FUNCTION sharing_guard.signing_conflict(
    tree uuid, period bigint, roles text[]
) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    -- These roles, and the names that they had before.
    WITH RECURSIVE names (name, until) AS (
        SELECT r.role, 'infinity'::timestamptz FROM unnest(roles) AS r (role)
        UNION
        SELECT e.relation, e.occurred_at
          FROM names AS n
          JOIN sharing_guard.legible_event AS e
            ON e.operation = 'ALTER ROLE RENAME' AND e.changed_key = n.name AND e.occurred_at < n.until
    )
    SELECT format('%s by "%s" at %s, event %s',
                  CASE e.kind WHEN 'disclosure' THEN 'A disclosure' ELSE 'A change of policy' END,
                  coalesce(e.username, e.authenticated_login, e.session_role),
                  to_char(e.occurred_at AT TIME ZONE sharing_guard.time_zone(), 'YYYY-MM-DD HH24:MI:SS'),
                  e.event_id)
      FROM sharing_guard.period_leaves(period, tree) AS l
      JOIN sharing_guard.legible_event AS e ON e.event_id = l.event_id
     WHERE EXISTS (SELECT FROM names AS n
                    WHERE e.occurred_at <= n.until
                      AND (n.name IN (e.session_role, e.acting_role, e.authenticated_login, e.username)
                           OR n.name = ANY (e.requesting_persons)))
       AND (e.kind IN ('policy_change', 'attempt')
            OR e.kind = 'disclosure' AND e.channel <> 'self_access'
               AND NOT (e.destination_class = 'self' AND e.channel IN ('copy', 'query')))
     ORDER BY l.leaf_index LIMIT 1
$$;
REVOKE ALL ON FUNCTION sharing_guard.signing_conflict(uuid, bigint, text[]) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.signing_conflict(uuid, bigint, text[]) IS
'Internal: the first event of a period by which one of these roles, also under a former name, disclosed something, tried to, or changed the policy; NULL where there is none';

-- May this login sign?  Raises an error that says why not.
CREATE FUNCTION sharing_guard.check_signer(
    tree uuid, period bigint, signer text, acting text,
    OUT stands_in_for text
)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    appointed text;
    conflict text;
BEGIN
    -- A superuser is an auditor only where made one.
    IF NOT (sharing_guard.holds_duty(signer, 'auditor')
            AND sharing_guard.holds_duty(acting, 'auditor')) THEN
        RAISE EXCEPTION 'only an auditor can sign a review period'
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = format('The login "%s"%s is not an auditor.', signer,
                                  CASE WHEN acting <> signer THEN format(', acting as "%s",', acting) ELSE '' END),
                  HINT = 'Log in as a role that was given grant_auditor().';
    END IF;
    SELECT s.review_auditor INTO appointed FROM sharing_guard.setting AS s;
    IF tree = sharing_guard.own_tree()
       AND NOT coalesce(sharing_guard.is_member(signer, to_regrole(quote_ident(appointed))), true) THEN
        IF NOT EXISTS (SELECT FROM sharing_guard.stand_in AS s
                        WHERE s.tree_id = check_signer.tree AND s.period_id = period
                          AND s.auditor IN (signer, acting)) THEN
            RAISE EXCEPTION 'auditor "%" is to sign review period %', appointed, period
                USING ERRCODE = 'insufficient_privilege',
                      HINT = 'A second auditor can be named to stand in: sharing_guard.name_stand_in().';
        END IF;
        stands_in_for := appointed;
    END IF;
    conflict := sharing_guard.signing_conflict(tree, period,
        ARRAY[signer, acting, sharing_guard.authenticated_login()]);
    IF conflict IS NOT NULL THEN
        RAISE EXCEPTION 'who took part in review period % cannot sign it', period
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = conflict || '.',
                  HINT = 'Another auditor signs. Where configure() names the one who signs, a second can be named to stand in: sharing_guard.name_stand_in().';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.check_signer(uuid, bigint, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.check_signer(uuid, bigint, text, text) IS
'Internal: errors out unless this login may sign this period; returns in whose place';

-- Is there something to sign, and is it whole?
CREATE FUNCTION sharing_guard.check_signable(
    tree uuid, period bigint, OUT span sharing_guard.period_span
)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    defect record;
    defects bigint;
BEGIN
    SELECT * INTO span FROM sharing_guard.period_span AS p
     WHERE p.tree_id = check_signable.tree AND p.period_id = period;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no review period %', coalesce(period::text, 'NULL')
            USING ERRCODE = 'no_data_found', HINT = 'The view review_status lists them.';
    END IF;
    IF span.closed_at IS NULL THEN
        RAISE EXCEPTION 'review period % is still open', period
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('It ends at %s (%s).',
                                  to_char(span.ends_at AT TIME ZONE sharing_guard.time_zone(), 'YYYY-MM-DD HH24:MI'),
                                  sharing_guard.time_zone()),
                  HINT = 'Sign it then, or end it now: sharing_guard.close_period().';
    END IF;
    SELECT * INTO defect FROM sharing_guard.period_defects(tree, period) LIMIT 1;
    IF FOUND THEN
        SELECT count(*) INTO defects FROM sharing_guard.period_defects(tree, period);
        RAISE EXCEPTION 'the log of review period % does not verify', period
            USING ERRCODE = 'data_corrupted',
                  DETAIL = format('%s (%s in all.)', defect.detail,
                                  CASE defects WHEN 1 THEN '1 inconsistency'
                                       ELSE defects || ' inconsistencies' END),
                  HINT = 'SELECT * FROM sharing_guard.verify_audit() names each. What is broken is not signed.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.check_signable(uuid, bigint) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.check_signable(uuid, bigint) IS
'Internal: errors out unless this period is closed, sealed and whole; returns its span';

CREATE FUNCTION sharing_guard.sign_off(
    period bigint, statement text, findings text DEFAULT NULL, tree uuid DEFAULT NULL
) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    of_tree uuid := coalesce(sign_off.tree, sharing_guard.own_tree());
    span sharing_guard.period_span;
    place text;
    s sharing_guard.signature;
BEGIN
    IF coalesce(btrim(statement), '') = '' THEN
        RAISE EXCEPTION 'what is stated by the signature?'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give a statement, such as: I have reviewed this period.';
    END IF;
    PERFORM sharing_guard.require_login('sign a review period');
    place := sharing_guard.check_signer(of_tree, period, session_user::text,
                                        sharing_guard.acting_role());
    span := sharing_guard.check_signable(of_tree, period);
    s.supersedes := (SELECT g.signature_id FROM sharing_guard.signature AS g
                      WHERE g.tree_id = of_tree AND g.period_id = period
                      ORDER BY g.signature_id DESC LIMIT 1);
    BEGIN
        INSERT INTO sharing_guard.signature (tree_id, period_id, first_index, end_index,
               root, signed_at, signer, stands_in_for, statement, findings, totals, supersedes)
        VALUES (of_tree, period, span.first_index, span.end_index, span.root_at_close,
                clock_timestamp(), session_user, place, sign_off.statement,
                nullif(btrim(sign_off.findings), ''),
                sharing_guard.period_totals(of_tree, period), s.supersedes)
        RETURNING * INTO s;
    EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'review period % was signed by another session at the same time', period
            USING ERRCODE = 'unique_violation',
                  HINT = 'The view signatures shows that signature. Sign again if yours is to supersede it.';
    END;
    RETURN sharing_guard.signed_statement(s.signature_id);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.sign_off(bigint, text, text, uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.sign_off(bigint, text, text, uuid) IS
'An auditor''s signature under a review period that has ended: verifies it first, refuses it where it is open or broken, and refuses a signer who disclosed something or changed the policy in it. Cannot be undone; signed again, the new signature supersedes the old. Returns the statement; on a copy of another server''s log (tree) this is what import_sign_off() takes there';

-- Text that is signed outside and brought to the source: lines of "name:
-- value", each value a JSON string or number, so none can run into the next.
CREATE FUNCTION sharing_guard.signed_statement(signature uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format(E'sharing_guard sign-off 1\ntree: %s\nperiod: %s\nfirst_index: %s\nend_index: %s\nroot: "%s"\nsigned_at: "%s"\nsigner: %s\nstatement: %s\nfindings: %s\n',
                  g.tree_id, g.period_id, g.first_index, g.end_index,
                  encode(g.root, 'base64'),
                  to_char(g.signed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                  to_json(g.signer), to_json(g.statement), coalesce(to_json(g.findings), 'null'))
      FROM sharing_guard.signature AS g WHERE g.signature_id = signature
$$;
REVOKE ALL ON FUNCTION sharing_guard.signed_statement(uuid) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.signed_statement(uuid) IS
'A signature as the text that an auditor signs with a key of their own, outside the database';

CREATE FUNCTION sharing_guard.import_sign_off(
    statement text, signature text DEFAULT NULL
) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    -- A signed note (C2SP) has the signatures behind an empty line.
    note text := CASE WHEN strpos(statement, E'\n\n') > 0
                      THEN left(statement, strpos(statement, E'\n\n')) ELSE statement END;
    signatures text := nullif(btrim(concat_ws(E'\n', substring(statement FROM strpos(statement, E'\n\n') + 2
        FOR CASE WHEN strpos(statement, E'\n\n') > 0 THEN length(statement) ELSE 0 END), signature), E'\n'), '');
    part text[];
    tree uuid;
    period bigint;
    signer text;
    span sharing_guard.period_span;
    id uuid;
BEGIN
    PERFORM sharing_guard.require_login('bring a signature');
    part := regexp_match(note, E'^sharing_guard sign-off 1\ntree: ([0-9a-f-]{36})\nperiod: ([0-9]{1,18})\nfirst_index: ([0-9]{1,18})\nend_index: ([0-9]{1,18})\nroot: "([A-Za-z0-9+/=]+)"\nsigned_at: "([0-9TZ:.-]+)"\nsigner: ("[^\n]*")\nstatement: ("[^\n]*")\nfindings: ("[^\n]*"|null)\n?$');
    IF part IS NULL THEN
        RAISE EXCEPTION 'this is not a sign-off statement'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Bring the text that sharing_guard.sign_off() returned, byte for byte, its last line break included.';
    END IF;
    tree := part[1]::uuid;
    period := part[2];
    signer := part[7]::json #>> '{}';
    IF tree <> sharing_guard.own_tree() THEN
        RAISE EXCEPTION 'this statement is about another log'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('It signs the tree %s; that of this log is %s.', tree, sharing_guard.own_tree());
    END IF;
    IF NOT sharing_guard.holds_duty(session_user::text, 'auditor') THEN
        RAISE EXCEPTION 'only an auditor can bring a signature'
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Log in as a role that was given grant_auditor().';
    END IF;
    span := sharing_guard.check_signable(tree, period);
    IF span.first_index <> part[3]::bigint OR span.end_index <> part[4]::bigint
       OR span.root_at_close <> decode(part[5], 'base64') THEN
        RAISE EXCEPTION 'what was signed is not what this log holds'
            USING ERRCODE = 'data_corrupted',
                  DETAIL = format('Signed: leaves %s to %s, root %s. Here: leaves %s to %s, root %s.',
                                  part[3], part[4], part[5], span.first_index,
                                  span.end_index, encode(span.root_at_close, 'base64')),
                  HINT = 'The copy and this log differ: keep both as they are and find out which was changed.';
    END IF;
    -- The signer has a login on the auditor's server; where the same name was
    -- at work here it is taken to be the same person.
    IF sharing_guard.signing_conflict(tree, period, ARRAY[signer, session_user::text, sharing_guard.authenticated_login()]) IS NOT NULL THEN
        RAISE EXCEPTION 'who took part in review period % cannot sign it', period
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = sharing_guard.signing_conflict(tree, period, ARRAY[signer, session_user::text, sharing_guard.authenticated_login()]) || '.',
                  HINT = 'Another auditor signs, and brings the statement.';
    END IF;
    IF EXISTS (SELECT FROM sharing_guard.signature AS g
                WHERE g.signed_elsewhere = note) THEN
        RAISE EXCEPTION 'this statement was brought before'
            USING ERRCODE = 'unique_violation',
                  HINT = 'The view signatures shows it.';
    END IF;
    INSERT INTO sharing_guard.signature (tree_id, period_id, first_index, end_index,
           root, signed_at, signer, statement, findings, totals, supersedes,
           signed_elsewhere, detached_signature)
    VALUES (tree, period, span.first_index, span.end_index, span.root_at_close,
            part[6]::timestamptz, signer, part[8]::json #>> '{}', part[9]::json #>> '{}',
            sharing_guard.period_totals(tree, period),
            (SELECT g.signature_id FROM sharing_guard.signature AS g
              WHERE g.tree_id = span.tree_id AND g.period_id = span.period_id
              ORDER BY g.signature_id DESC LIMIT 1),
            note, signatures)
    RETURNING signature_id INTO id;
    RETURN id;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.import_sign_off(text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.import_sign_off(text, text) IS
'Brings the statement of an auditor who signed a period on a copy of this log: checks that the root and the leaves are those of this log, and records it. Its signature by the auditor''s own key, as the second argument or in a signed note, is kept as it is: openssl checks it, outside';

-- Where a copy is kept, the source cannot forget or rewrite what was copied:
-- each checkpoint it shows later must be one of the copy's own tree.
CREATE FUNCTION sharing_guard.compare_checkpoint(
    checkpoint text, tree uuid, proof bytea[] DEFAULT NULL
) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    line text[] := string_to_array(checkpoint, E'\n');
    size bigint;
    here bigint;
BEGIN
    IF coalesce(line[2], '') !~ '^[0-9]{1,18}$' OR coalesce(line[3], '') !~ '^[A-Za-z0-9+/]{43}=$' THEN
        RAISE EXCEPTION 'this is not a checkpoint'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Bring the text that sharing_guard.checkpoint() returned at the source.';
    END IF;
    size := line[2];
    SELECT max(k.tree_size) INTO here FROM sharing_guard.checkpoint AS k WHERE k.tree_id = tree;
    IF here IS NULL THEN
        RETURN 'unknown: there is no copy of this tree here';
    END IF;
    IF size > here THEN
        IF proof IS NULL THEN
            RETURN format('ahead: the source has sealed %s events, %s have arrived; compare again when they have, or bring consistency_proof(%s, %s) of the source',
                          size, here, here, size);
        END IF;
        IF sharing_guard.verify_consistency(here, size, proof,
               (SELECT k.root FROM sharing_guard.checkpoint AS k
                 WHERE k.tree_id = tree AND k.tree_size = here),
               decode(line[3], 'base64')) THEN
            RETURN format('agrees: the source has appended %s events to the %s that were copied', size - here, here);
        END IF;
        RETURN format('differs: the source''s %s events do not continue the %s that were copied', size, here);
    END IF;
    IF size > 0 AND sharing_guard.tree_root(size, tree) <> decode(line[3], 'base64') THEN
        RETURN format('differs: with %s events the source has another root than the copy; one of them was changed', size);
    END IF;
    IF size < here THEN
        RETURN format('behind: the source shows %s sealed events, and %s were copied; unless it showed an old checkpoint it has lost the rest', size, here);
    END IF;
    RETURN format('agrees: the same %s events', size);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.compare_checkpoint(text, uuid, bytea[]) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.compare_checkpoint(text, uuid, bytea[]) IS
'On an auditor''s server: whether a checkpoint that the source shows now is one of the copied tree, or, with the source''s consistency_proof() from the copy''s size to its own, continues it. Answers agrees, ahead, behind (truncated, or an old one), differs (changed or forged), unknown; and why';
