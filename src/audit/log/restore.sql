-- Restores: what a dump held is known in the database that it is restored into,
-- so that a part that is missing is told; and a restore is known as one.

-- A dump brings the rows that it counts while it is made, and none of the
-- table's: see the condition below.  It is never written to here.
CREATE TABLE sharing_guard.dumped_log (
    dumped_at timestamptz NOT NULL,
    log_id uuid NOT NULL,
    events bigint NOT NULL,
    checkpoints bigint NOT NULL,
    policy_revision bigint NOT NULL
);
REVOKE ALL ON TABLE sharing_guard.dumped_log FROM PUBLIC;
COMMENT ON TABLE sharing_guard.dumped_log IS
'What the dumps that were restored here held: one row for each dump and log. Written by pg_dump into the dump; verify_audit() compares it with what is here';
COMMENT ON COLUMN sharing_guard.dumped_log.dumped_at IS 'When the dump was made';
COMMENT ON COLUMN sharing_guard.dumped_log.log_id IS 'The log; see sharing_guard.log';
COMMENT ON COLUMN sharing_guard.dumped_log.events IS 'How many of its events the dump held';
COMMENT ON COLUMN sharing_guard.dumped_log.checkpoints IS 'How many of its seals the dump held';
COMMENT ON COLUMN sharing_guard.dumped_log.policy_revision IS
'The revision of the policy then: numbers go on from there';

-- pg_dump puts the condition behind its own SELECT ... FROM the table.
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.dumped_log',
'WHERE false UNION ALL
 SELECT d.dumped_at, d.log_id, d.events, d.checkpoints, d.policy_revision FROM sharing_guard.dumped_log d
 UNION ALL
 SELECT pg_catalog.transaction_timestamp(), l.log_id,
        (SELECT pg_catalog.count(*) FROM sharing_guard.event e WHERE e.log_id OPERATOR(pg_catalog.=) l.log_id),
        (SELECT pg_catalog.count(*) FROM sharing_guard.checkpoint c WHERE c.log_id OPERATOR(pg_catalog.=) l.log_id),
        GREATEST((SELECT pg_catalog.max(r.revision) FROM sharing_guard.policy_revision r),
                 (SELECT pg_catalog.max(d.policy_revision) FROM sharing_guard.dumped_log d), 0)
 FROM sharing_guard.log l');

-- A restore that is announced, because it cannot be known as one by itself.
CREATE TABLE sharing_guard.restore_window (
    restore_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    reason text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_by text NOT NULL DEFAULT session_user,
    until timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text
);
REVOKE ALL ON TABLE sharing_guard.restore_window FROM PUBLIC;
SELECT sharing_guard.is_policy_table('restore_window', 'restore_id');
COMMENT ON TRIGGER policy_changed ON sharing_guard.restore_window IS
'Makes a new policy revision and records who changed what';
COMMENT ON TRIGGER policy_truncated ON sharing_guard.restore_window IS
'Makes a new policy revision and records who changed what';
COMMENT ON TABLE sharing_guard.restore_window IS
'Restores that a superuser has announced with begin_restore()';
COMMENT ON COLUMN sharing_guard.restore_window.restore_id IS 'Identifies it';
COMMENT ON COLUMN sharing_guard.restore_window.reason IS 'Why';
COMMENT ON COLUMN sharing_guard.restore_window.started_at IS 'When it was announced';
COMMENT ON COLUMN sharing_guard.restore_window.started_by IS 'The login that announced it';
COMMENT ON COLUMN sharing_guard.restore_window.until IS 'When it ends by itself';
COMMENT ON COLUMN sharing_guard.restore_window.ended_at IS 'When it was ended with end_restore(); NULL: it was not';
COMMENT ON COLUMN sharing_guard.restore_window.ended_by IS 'The login that ended it';

CREATE FUNCTION sharing_guard.begin_restore(
    reason text, duration interval DEFAULT '4 hours'
) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    ends timestamptz := clock_timestamp() + begin_restore.duration;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = session_user AND r.rolsuper) THEN
        RAISE EXCEPTION 'only a superuser can announce a restore'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF coalesce(btrim(begin_restore.reason), '') = '' THEN
        RAISE EXCEPTION 'why is it restored?'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a reason.';
    END IF;
    IF begin_restore.duration IS NULL OR begin_restore.duration <= interval '0'
       OR begin_restore.duration > interval '1 day' THEN
        RAISE EXCEPTION 'a restore can be announced for a day at most'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Announce it again where it takes longer.';
    END IF;
    INSERT INTO sharing_guard.restore_window (reason, until) VALUES (begin_restore.reason, ends);
    RETURN format('until %s rights that are restored are recorded and flagged, and not refused; end it with sharing_guard.end_restore()',
                  to_char(ends, 'YYYY-MM-DD HH24:MI TZ'));
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.begin_restore(text, interval) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.begin_restore(text, interval) IS
'Announces a restore into this database: until end_restore(), or for the duration given, rights and publications that the policy would refuse come back, are recorded and flagged, and stand in exposure. For superusers. A dump that is restored whole into a new database needs no announcement';

CREATE FUNCTION sharing_guard.end_restore() RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ended integer;
    t record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = session_user AND r.rolsuper) THEN
        RAISE EXCEPTION 'only a superuser can end a restore'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE sharing_guard.restore_window SET ended_at = clock_timestamp(), ended_by = session_user
     WHERE ended_at IS NULL AND until > clock_timestamp();
    GET DIAGNOSTICS ended = ROW_COUNT;
    -- pg_restore --disable-triggers leaves triggers enabled in the ordinary way,
    -- and nothing has numbered the columns of guards as their tables have them.
    FOR t IN
        SELECT g.tgrelid::regclass AS relation, g.tgname
          FROM pg_trigger AS g
          JOIN pg_class AS c ON c.oid = g.tgrelid AND c.relnamespace = 'sharing_guard'::regnamespace
         WHERE g.tgenabled <> 'A'
           AND g.tgfoid IN ('sharing_guard.policy_changed'::regproc, 'sharing_guard.protect_record'::regproc,
                            'sharing_guard.policy_revision_goes_on'::regproc, 'sharing_guard.guard_check'::regproc,
                            'sharing_guard.guard_restored'::regproc, 'sharing_guard.guard_column_number'::regproc,
                            'sharing_guard.mark_received_log'::regproc)
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.relation, t.tgname);
    END LOOP;
    UPDATE sharing_guard.guard_column SET attnum = attnum;
    PERFORM sharing_guard.install_triggers(g.guard_id) FROM sharing_guard.guard AS g
      WHERE EXISTS (SELECT FROM sharing_guard.guard_defects(g.guard_id));
    RETURN CASE ended WHEN 0 THEN 'no restore was announced'
                ELSE 'the restore has ended; sharing_guard.verify_audit() says whether anything is missing, the view exposure which rights came back' END;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.end_restore() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.end_restore() IS
'Ends the restore that begin_restore() announced. Also to be called where data was restored with triggers disabled: it enables our triggers always again, and finds the columns of guards in the restored tables';

-- Is a dump being restored here?  Known by the identity of another log beside
-- our own, as long as no row of ours has gone out; or because it was announced.
-- A right that is restored is itself recorded as a disclosure, and does not count.
CREATE FUNCTION sharing_guard.restore_going_on(by_superuser boolean) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM sharing_guard.restore_window AS w
                    WHERE w.ended_at IS NULL AND w.until > clock_timestamp())
        OR by_superuser AND EXISTS (
            SELECT FROM sharing_guard.log AS own
             WHERE own.log_id = sharing_guard.log_id() AND own.cause = 'created'
               AND EXISTS (SELECT FROM sharing_guard.log AS l
                            WHERE l.log_id <> own.log_id AND NOT l.received)
               AND NOT EXISTS (SELECT FROM sharing_guard.event AS e
                                WHERE e.log_id = own.log_id AND e.occurred_at >= own.created_at
                                  AND e.kind = 'disclosure'
                                  AND coalesce(e.channel, 'self_access') NOT IN ('grant', 'replication', 'copied_table')))
$$;
REVOKE ALL ON FUNCTION sharing_guard.restore_going_on(boolean) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.restore_going_on(boolean) IS
'Internal: whether a dump is being restored into this database';

-- The dump brings the number of the revision in dumped_log: a row of its own
-- here would be in the way of ours where triggers are disabled.
CREATE FUNCTION sharing_guard.revision_floor() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT coalesce(max(d.policy_revision), 0) FROM sharing_guard.dumped_log AS d $$;
REVOKE ALL ON FUNCTION sharing_guard.revision_floor() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.revision_floor() IS
'Internal: the greatest revision of the policy that a restored dump has used';

CREATE FUNCTION sharing_guard.policy_revision_goes_on() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.revision := NEW.revision + greatest(sharing_guard.revision_floor() - OLD.revision, 0);
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.policy_revision_goes_on() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.policy_revision_goes_on() IS
'Internal: trigger: after a restore, revisions are numbered behind those of the dump';
CREATE TRIGGER policy_revision_goes_on BEFORE UPDATE ON sharing_guard.policy_revision
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.policy_revision_goes_on();
ALTER TABLE sharing_guard.policy_revision ENABLE ALWAYS TRIGGER policy_revision_goes_on;
COMMENT ON TRIGGER policy_revision_goes_on ON sharing_guard.policy_revision IS
'After a restore, revisions are numbered behind those of the dump';

-- What a dump held, or the log tells of, and is not here.  The log has each row
-- of each policy table as it was written last; a row that it does not say was
-- deleted must be there.
CREATE FUNCTION sharing_guard.restore_defects()
    RETURNS TABLE (severity text, problem text, event_id uuid, detail text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    t record;
    -- Read once: the log is large, and these are few.
    changes sharing_guard.logged_change[] := ARRAY(
        SELECT c FROM sharing_guard.logged_changes('policy_change') AS c
         WHERE c.operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
           AND NOT EXISTS (SELECT FROM sharing_guard.log AS l WHERE l.log_id = c.log_id AND l.received));
BEGIN
    RETURN QUERY
    SELECT 'error', 'restore_incomplete', NULL::uuid,
           format('A dump of %s held %s %s of log %s, and %s are here: a part of it was not restored. Restore it again into an empty database, or the data of sharing_guard.%s alone: pg_restore --data-only --schema=sharing_guard --table=%5$s.',
                  to_char(d.dumped_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), x.held, x.what, d.log_id, x.here, x.relation)
    FROM sharing_guard.dumped_log AS d
    CROSS JOIN LATERAL (VALUES
        ('events', 'event', d.events,
         (SELECT count(*) FROM sharing_guard.event AS e WHERE e.log_id = d.log_id)
         + (SELECT coalesce(sum(p.events), 0) FROM sharing_guard.purge_record AS p WHERE p.purged_at > d.dumped_at)),
        ('seals', 'checkpoint', d.checkpoints,
         (SELECT count(*) FROM sharing_guard.checkpoint AS c WHERE c.log_id = d.log_id))) AS x (what, relation, held, here)
    WHERE x.here < x.held
    ORDER BY d.dumped_at, d.log_id;

    FOR t IN
        SELECT DISTINCT format('%I.%I', n.nspname, c.relname) AS relation,
               (SELECT string_agg(format('format(''%%s'', r.%I)', a.name), ' || ''/'' || ' ORDER BY a.place)
                  FROM unnest(k.columns) WITH ORDINALITY AS a (name, place)) AS key
          FROM pg_trigger AS g
          JOIN pg_class AS c ON c.oid = g.tgrelid
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         CROSS JOIN LATERAL (
            SELECT string_to_array(rtrim(encode(g.tgargs, 'escape'), E'\\000'), E'\\000') AS columns) AS k
         WHERE g.tgfoid = 'sharing_guard.policy_changed'::regproc AND g.tgnargs > 0
           -- Those alone that a dump has, and whose keys read alike for everybody.
           AND c.oid = ANY ((SELECT x.extconfig FROM pg_extension AS x WHERE x.extname = 'sharing_guard')::oid[])
           AND NOT EXISTS (SELECT FROM pg_attribute AS a JOIN pg_type AS y ON y.oid = a.atttypid
                            WHERE a.attrelid = c.oid AND a.attname = ANY (k.columns) AND y.typname LIKE 'reg%')
         ORDER BY 1
    LOOP
        RETURN QUERY EXECUTE format($q$
            WITH change AS MATERIALIZED (
                SELECT e.event_id, e.operation, e.changed_key, e.old_row, e.new_row
                  FROM unnest($1) AS e WHERE e.relation = %1$L
            ), latest AS (
                SELECT DISTINCT ON (c.changed_key) c.* FROM change AS c
                 WHERE c.changed_key IS NOT NULL ORDER BY c.changed_key, c.event_id DESC
            ), gone AS (
                SELECT l.event_id, l.changed_key FROM latest AS l
                 WHERE l.operation <> 'DELETE'
                   AND NOT EXISTS (SELECT FROM %1$s AS r WHERE %2$s = l.changed_key)
                   AND NOT EXISTS (SELECT FROM change AS c WHERE c.event_id > l.event_id
                                      AND (c.operation = 'TRUNCATE' OR c.old_row = l.new_row))
            )
            SELECT 'warning', 'policy_row_missing', (array_agg(g.event_id ORDER BY g.event_id))[1],
                   pg_catalog.format('%%s of %%s that the log tells of %%s not there, and the log does not say that %%s deleted: a part of a dump was not restored, or a superuser has removed %%s unseen. The first: %%s.',
                          CASE count(*) WHEN 1 THEN 'A row' ELSE count(*) || ' rows' END, %1$L,
                          CASE count(*) WHEN 1 THEN 'is' ELSE 'are' END,
                          CASE count(*) WHEN 1 THEN 'it was' ELSE 'they were' END,
                          CASE count(*) WHEN 1 THEN 'it' ELSE 'them' END,
                          (array_agg(g.changed_key ORDER BY g.event_id))[1])
              FROM gone AS g HAVING count(*) > 0 $q$, t.relation, t.key) USING changes;
    END LOOP;

    RETURN QUERY
    SELECT 'error', 'act_missing', a.event_id,
           format('A row of %s is gone that the log tells of: a part of a dump was not restored, or a superuser has removed it.', a.relation)
    FROM sharing_guard.act_defects() AS a WHERE a.detail = 'an event whose row is gone';
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.restore_defects() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.restore_defects() IS
'Internal: what a restored dump held, or the log tells of, and is not in this database; verify_audit() reports it';
