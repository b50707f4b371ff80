-- Each kind of change, as a superuser makes it with all triggers off, is named.
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
-- The writer may announce itself in the new log.
SELECT pg_sleep(0.3);
\pset format unaligned
\pset tuples_only on

-- A log of a few seals; leaf 0 is the first event, leaf 305 the last.
CREATE FUNCTION pg_temp.more(events int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO sharing_guard.event (event_id, log_id, occurred_at, transaction_id, kind, username, purposes)
    SELECT (substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-7' || substr(h, 13, 3) || '-8' || substr(md5(i::text), 1, 3)
            || '-' || substr(md5(i::text), 4, 12))::uuid,
        sharing_guard.log_id(), at, pg_current_xact_id(), 'disclosure', 'user ' || i, ARRAY['purpose ' || i]
    FROM generate_series(1, events) i, LATERAL (SELECT clock_timestamp() + i * interval '1 ms') t (at),
        LATERAL (SELECT lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '000') u (h)
$$;
SELECT 306 - count(*) AS missing FROM sharing_guard.event \gset
SELECT pg_temp.more(:missing - 6), pg_sleep(0.4);
SELECT sharing_guard.seal() > 0;
SELECT pg_temp.more(3), pg_sleep(0.1);
SELECT sharing_guard.seal();
SELECT pg_temp.more(3), pg_sleep(0.1);
SELECT sharing_guard.seal();
SELECT tree_size FROM sharing_guard.checkpoint ORDER BY 1;
SELECT sharing_guard.checkpoint() AS kept \gset
SELECT sharing_guard.log_id() AS log_id \gset

CREATE VIEW pg_temp.leaf AS SELECT leaf_index, event_id FROM sharing_guard.sealed_event;
CREATE FUNCTION pg_temp.event_of(n bigint) RETURNS uuid LANGUAGE sql STABLE AS
$$ SELECT event_id FROM pg_temp.leaf WHERE leaf_index = n $$;

-- Does what a superuser can do, says what is reported, and takes it back.
CREATE FUNCTION pg_temp.tamper(change text, first_leaf bigint DEFAULT NULL, last_leaf bigint DEFAULT NULL, kept text DEFAULT NULL)
    RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    t text;
    reports text[];
BEGIN
    BEGIN
        FOREACH t IN ARRAY ARRAY['event', 'log', 'checkpoint', 'tile', 'bundle', 'nonce', 'purged_leaf'] LOOP
            EXECUTE format('ALTER TABLE sharing_guard.%I DISABLE TRIGGER ALL', t);
        END LOOP;
        EXECUTE change;
        -- Ids, moments and places differ from run to run.
        SELECT array_agg(regexp_replace(regexp_replace(regexp_replace(concat_ws(' ', v.severity, v.problem,
                'leaf ' || v.leaf_index, 'event ' || coalesce(l.leaf_index::text, CASE WHEN v.event_id IS NOT NULL THEN 'new' END), v.detail),
                '[0-9a-f]{8}-[-0-9a-f]{27}', 'UUID', 'g'), '2[0-9]{3}-[^,]*[-+][0-9]+', 'MOMENT', 'g'), '[0-9A-F]+/[0-9A-F]+', 'LSN', 'g')
            ORDER BY v.leaf_index, l.leaf_index, v.severity, v.problem, v.detail)
        INTO reports
        FROM sharing_guard.verify_audit(first_leaf, last_leaf, kept) v LEFT JOIN pg_temp.leaf l ON l.event_id = v.event_id;
        RAISE EXCEPTION 'take it back' USING ERRCODE = 'XX999';
    EXCEPTION WHEN SQLSTATE 'XX999' THEN NULL;
    END;
    RETURN QUERY SELECT unnest(coalesce(reports, ARRAY['nothing']));
END
$$;

\echo === an honest log
SELECT pg_temp.tamper('SELECT 1');
SELECT pg_temp.tamper('SELECT 1', kept => :'kept');
\echo === a column edited
SELECT pg_temp.tamper('UPDATE sharing_guard.event SET username = ''somebody else'' WHERE event_id = pg_temp.event_of(290)');
SELECT pg_temp.tamper('UPDATE sharing_guard.event SET purposes = NULL WHERE event_id = pg_temp.event_of(304)');
SELECT pg_temp.tamper('UPDATE sharing_guard.event SET purposes = ''[0:0]={purpose 3}'' WHERE event_id = pg_temp.event_of((SELECT leaf_index FROM sharing_guard.event JOIN pg_temp.leaf USING (event_id) WHERE purposes = ''{purpose 3}'' ORDER BY 1 LIMIT 1))') ~ '^error event_altered' AS lower_bound;
SELECT pg_temp.tamper('UPDATE sharing_guard.event SET organization = '''' WHERE event_id = pg_temp.event_of(305) AND organization IS NULL');
\echo === any column, NULL or not
SELECT column_name, r FROM sharing_guard.canonical_columns() c,
    pg_temp.tamper(format('UPDATE sharing_guard.event SET %I = %s WHERE event_id = pg_temp.event_of(304)', column_name,
        CASE data_type WHEN 'text'::regtype THEN '''changed''' WHEN 'bigint'::regtype THEN '77' WHEN 'xid8'::regtype THEN '''3'''
            WHEN 'uuid'::regtype THEN '''00000000-0000-7000-8000-000000000001''' WHEN 'json'::regtype THEN '''{}'''
            WHEN 'timestamptz'::regtype THEN 'occurred_at + interval ''1 us''' WHEN 'smallint'::regtype THEN '7' ELSE '''{1}''' END)) r
WHERE r !~ '^error event_altered leaf 304 ';
\echo === deleted: the first, one in the middle, the last, all
SELECT pg_temp.tamper('DELETE FROM sharing_guard.event WHERE event_id = pg_temp.event_of(0)');
SELECT pg_temp.tamper('DELETE FROM sharing_guard.event WHERE event_id = pg_temp.event_of(150)');
SELECT pg_temp.tamper('DELETE FROM sharing_guard.event WHERE event_id = pg_temp.event_of(305)');
SELECT left(r, 19), count(*) FROM pg_temp.tamper('TRUNCATE sharing_guard.event') r GROUP BY 1;
\echo === inserted
SELECT pg_temp.tamper('INSERT INTO sharing_guard.event (event_id, log_id, occurred_at, kind) VALUES (gen_random_uuid(), sharing_guard.log_id(), ''infinity'', ''disclosure'')');
SELECT pg_temp.tamper('INSERT INTO sharing_guard.event (event_id, occurred_at, transaction_id, kind) VALUES (gen_random_uuid(), ''infinity'', pg_current_xact_id(), ''disclosure'')');
SELECT pg_temp.tamper('INSERT INTO sharing_guard.event (event_id, log_id, occurred_at, transaction_id, kind) VALUES (gen_random_uuid(), sharing_guard.log_id(), ''infinity'', ''99999999999'', ''disclosure'')');
\echo === back-dated
SELECT pg_temp.tamper('INSERT INTO sharing_guard.event (event_id, log_id, occurred_at, transaction_id, kind)
    SELECT gen_random_uuid(), log_id, occurred_at, transaction_id, kind FROM sharing_guard.event WHERE event_id = pg_temp.event_of(3)');
\echo === reordered: two leaves, two bundles
SELECT pg_temp.tamper('UPDATE sharing_guard.bundle SET event_ids = ARRAY[event_ids[2], event_ids[1]] || event_ids[3:] WHERE first_leaf = 300');
SELECT pg_temp.tamper('UPDATE sharing_guard.bundle SET first_leaf = CASE first_leaf WHEN 300 THEN 1303 ELSE 1300 END WHERE first_leaf >= 300;
    UPDATE sharing_guard.bundle SET first_leaf = first_leaf - 1000 WHERE first_leaf > 1000');
\echo === contents exchanged between two events
SELECT pg_temp.tamper('UPDATE sharing_guard.event e SET purposes = o.purposes, username = o.username FROM sharing_guard.event o
    WHERE (e.event_id, o.event_id) IN ((pg_temp.event_of(303), pg_temp.event_of(304)), (pg_temp.event_of(304), pg_temp.event_of(303)))');
\echo === replaced by an event of another database
SELECT pg_temp.tamper('DELETE FROM sharing_guard.event WHERE event_id = pg_temp.event_of(20);
    INSERT INTO sharing_guard.event (event_id, log_id, occurred_at, transaction_id, kind)
    VALUES (gen_random_uuid(), gen_random_uuid(), ''2026-01-01'', ''800'', ''disclosure'')');
\echo === seals of another database
SELECT regexp_replace(r, '(leaf|event) .*', ''), count(*) FROM pg_temp.tamper('UPDATE sharing_guard.checkpoint SET tree_id = md5(''x'')::uuid, log_id = md5(''x'')::uuid;
    UPDATE sharing_guard.tile SET tree_id = md5(''x'')::uuid; UPDATE sharing_guard.bundle SET tree_id = md5(''x'')::uuid;
    UPDATE sharing_guard.nonce SET tree_id = md5(''x'')::uuid') r GROUP BY 1 ORDER BY 1;
\echo === the tail cut off: events and seals, as if they had never been
SELECT pg_temp.tamper('DELETE FROM sharing_guard.event WHERE event_id IN (SELECT event_id FROM pg_temp.leaf WHERE leaf_index >= 303)');
SELECT pg_temp.tamper('DELETE FROM sharing_guard.checkpoint WHERE tree_size > 303');
SELECT pg_temp.tamper('DELETE FROM sharing_guard.event WHERE event_id IN (SELECT event_id FROM pg_temp.leaf WHERE leaf_index >= 303);
    DELETE FROM sharing_guard.checkpoint WHERE tree_size > 303; DELETE FROM sharing_guard.bundle WHERE first_leaf >= 303;
    DELETE FROM sharing_guard.nonce WHERE first_leaf >= 303; DELETE FROM sharing_guard.tile WHERE level = 0 AND first_hash >= 303', kept => :'kept');
SELECT pg_temp.tamper('DELETE FROM sharing_guard.event; DELETE FROM sharing_guard.checkpoint; DELETE FROM sharing_guard.bundle;
    DELETE FROM sharing_guard.nonce; DELETE FROM sharing_guard.tile', kept => :'kept');
\echo === forked: another history under the same log
SELECT pg_temp.tamper('SELECT 1', kept => replace(:'kept', split_part(:'kept', E'\n', 3), encode(sha256('x'), 'base64')));
SELECT pg_temp.tamper('UPDATE sharing_guard.checkpoint SET timeline = 2 WHERE tree_size = 303');
SELECT pg_temp.tamper('UPDATE sharing_guard.checkpoint SET timeline = 2 WHERE tree_size >= 303');
SELECT pg_temp.tamper('UPDATE sharing_guard.checkpoint SET lsn = ''0/1'' WHERE tree_size = 303');
\echo === a copied database, one that was moved, one without identity
SELECT pg_temp.tamper('UPDATE sharing_guard.log SET database_oid = 1');
SELECT pg_temp.tamper('UPDATE sharing_guard.log SET database_oid = 1, system_identifier = 1');
SELECT DISTINCT left(t, 70) AS problem FROM pg_temp.tamper('DELETE FROM sharing_guard.log') t ORDER BY 1;
\echo === upgraded: another cluster, the same oid; that is honest
SELECT pg_temp.tamper('UPDATE sharing_guard.log SET system_identifier = 1');
\echo === tiles, checkpoints, bundles, nonces
SELECT pg_temp.tamper('UPDATE sharing_guard.checkpoint SET root = sha256(root) WHERE tree_size = 303');
SELECT pg_temp.tamper('UPDATE sharing_guard.tile SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE level = 0 AND first_hash = 303');
SELECT pg_temp.tamper('UPDATE sharing_guard.tile SET hashes = sha256(hashes) WHERE level = 1');
SELECT pg_temp.tamper('DELETE FROM sharing_guard.tile WHERE level = 1');
SELECT pg_temp.tamper('DELETE FROM sharing_guard.tile WHERE level = 0 AND first_hash = 300');
SELECT pg_temp.tamper('INSERT INTO sharing_guard.tile SELECT tree_id, 306, 0, sha256(''x'') FROM sharing_guard.checkpoint LIMIT 1');
SELECT regexp_replace(r, 'says that it is of .*, before', 'says that it is of MOMENT, before') FROM pg_temp.tamper('DELETE FROM sharing_guard.bundle WHERE first_leaf = 300') r ORDER BY 1;
SELECT pg_temp.tamper('UPDATE sharing_guard.bundle SET encoding = 9 WHERE first_leaf = 300');
SELECT pg_temp.tamper('DELETE FROM sharing_guard.nonce WHERE first_leaf = 300');
SELECT pg_temp.tamper('UPDATE sharing_guard.nonce SET nonces = set_byte(nonces, 16, get_byte(nonces, 16) # 1) WHERE first_leaf = 300');
SELECT pg_temp.tamper('INSERT INTO sharing_guard.purged_leaf SELECT tree_id, 0, 10, md5(''x'')::uuid FROM sharing_guard.checkpoint LIMIT 1');
\echo === purged: the event that says so is there
SELECT pg_temp.tamper('INSERT INTO sharing_guard.purged_leaf SELECT tree_id, 301, 302, pg_temp.event_of(305) FROM sharing_guard.checkpoint LIMIT 1;
    DELETE FROM sharing_guard.event WHERE event_id IN (pg_temp.event_of(301), pg_temp.event_of(302), pg_temp.event_of(303))');
\echo === in a range, what is outside it is not looked at
SELECT pg_temp.tamper('DELETE FROM sharing_guard.event WHERE event_id IN (pg_temp.event_of(10), pg_temp.event_of(304))', 300, 303);
SELECT pg_temp.tamper('DELETE FROM sharing_guard.event WHERE event_id IN (pg_temp.event_of(10), pg_temp.event_of(304))', 304);
\echo === several at once
SELECT pg_temp.tamper('DELETE FROM sharing_guard.event WHERE event_id IN (pg_temp.event_of(1), pg_temp.event_of(304));
    UPDATE sharing_guard.event SET kind = ''x'' WHERE event_id IN (pg_temp.event_of(2), pg_temp.event_of(303));
    INSERT INTO sharing_guard.event (event_id, log_id, occurred_at, transaction_id, kind)
    SELECT gen_random_uuid(), log_id, occurred_at, transaction_id, kind FROM sharing_guard.event WHERE event_id = pg_temp.event_of(3)');
\echo === and the log is as it was
SELECT count(*) FROM sharing_guard.verify_audit();
\echo === what is no checkpoint
\set VERBOSITY terse
SELECT sharing_guard.verify_audit(checkpoint => 'x');
SELECT sharing_guard.verify_audit(checkpoint => E'sharing_guard/00000000-0000-0000-0000-000000000000\nx\ny\n');

\echo === late, and of long ago: sealed, and said
INSERT INTO sharing_guard.event (event_id, log_id, occurred_at, transaction_id, kind)
VALUES ('01900000-0000-7000-8000-000000000001', sharing_guard.log_id(), now() - interval '3 days', pg_current_xact_id(), 'disclosure');
SELECT sharing_guard.seal();
SELECT late, leaf_index FROM sharing_guard.sealed_event WHERE event_id = '01900000-0000-7000-8000-000000000001';
SELECT severity, problem, event_id, leaf_index FROM sharing_guard.verify_audit();
