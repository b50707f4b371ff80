-- How the writer of the log is, and how it was.

CREATE FUNCTION sharing_guard.writer_health(
    OUT writer_state text,
    OUT writer_pid integer,
    OUT writer_started_at timestamptz,
    OUT writer_starts bigint,
    OUT queue_slots integer,
    OUT queue_depth integer,
    OUT queue_high_water integer,
    OUT oldest_waiting_at timestamptz,
    OUT open_disclosures integer,
    OUT open_high_water integer,
    OUT last_write_at timestamptz,
    OUT events_written bigint,
    OUT events_failed bigint,
    OUT refusals bigint,
    OUT last_error_code text,
    OUT last_error_at timestamptz,
    OUT heartbeat_seconds integer,
    OUT events_put_aside bigint)
    AS 'MODULE_PATHNAME', 'sg_sql_writer_health'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION sharing_guard.writer_health() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.writer_health() IS
'Figures of the writer of this database''s audit log, from shared memory, since the server started; read them through the view health';

-- Everybody's transactions count, and an auditor may not see them by himself.
CREATE FUNCTION sharing_guard.oldest_transaction_start() RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT LEAST(
        (SELECT pg_catalog.min(a.xact_start)
         FROM pg_catalog.pg_stat_activity a
         WHERE a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
             AND a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()),
        (SELECT pg_catalog.min(p.prepared)
         FROM pg_catalog.pg_prepared_xacts p
         WHERE p.database OPERATOR(pg_catalog.=) pg_catalog.current_database()))
$$;
REVOKE ALL ON FUNCTION sharing_guard.oldest_transaction_start() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.oldest_transaction_start() IS
'When the oldest transaction of this database that has not ended, other than the caller''s, began; prepared ones count. What it disclosed is not in the log yet';

-- What is wrong beside the writer, in sentences that say what to do.  As its
-- owner: a monitoring role has no rights on what it looks at.  It is read every
-- few seconds, so it reads catalogs and small tables alone, and of the log one
-- place of an index.  plpgsql, because what it calls comes later in this script.
CREATE FUNCTION sharing_guard.standing_problems() RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found text[] := '{}';
    sealed timestamptz;
BEGIN
    IF NOT sharing_guard.library_preloaded() THEN
        found := found || 'The library is not loaded by shared_preload_libraries on this server: nothing is decided on or recorded here. Add sharing_guard to it and restart the server.'::text;
    ELSIF NOT sharing_guard.database_listed() THEN
        found := found || 'This database is not listed in sharing_guard.databases, so it has no writer. Add it and restart the server.'::text;
    END IF;
    found := found || ARRAY(
        SELECT 'Listed in sharing_guard.databases, but no database that accepts connections: ' || string_agg(m.name, ', ')
               || '; correct the setting, or create it.'
          FROM sharing_guard.missing_databases() AS m (name) HAVING count(*) > 0)::text[];

    found := found || ARRAY(
        SELECT format('The overall mode is observe%s: nothing is stopped. When you have read would_be_outcome, SELECT sharing_guard.set_mode(''enforce'').',
                      CASE WHEN EXISTS (SELECT FROM sharing_guard.guard AS g WHERE g.mode = 'enforce')
                           THEN ', though guards are set to enforce' END)
          FROM sharing_guard.setting AS s WHERE s.mode = 'observe')::text[];
    found := found || ARRAY(
        SELECT format('%s guard%s only: %s. Each stops nothing until sharing_guard.set_mode(''enforce'', table).',
                      count(*), CASE count(*) WHEN 1 THEN ' observes' ELSE 's observe' END,
                      string_agg(g.table_name, ', ' ORDER BY g.table_name))
          FROM sharing_guard.guard AS g WHERE g.mode = 'observe' HAVING count(*) > 0)::text[];
    found := found || ARRAY(
        SELECT format('The guard of %s lacks column %I, which it needs as its %s, and lets no row through. Call sharing_guard.protect_%s() again with the columns of the table.',
                      g.table_name, c.column_name, c.role, g.kind)
          FROM sharing_guard.guard_column AS c JOIN sharing_guard.guard AS g ON g.guard_id = c.guard_id
         WHERE NOT EXISTS (SELECT FROM pg_attribute AS a
                            WHERE a.attrelid = g.relation AND a.attnum = c.attnum
                              AND a.attnum > 0 AND NOT a.attisdropped)
           AND c.role <> 'bookkeeping'
         ORDER BY g.table_name, c.column_name)::text[];
    found := found || ARRAY(
        SELECT format('A restore is announced until %s: rights that the policy refuses are only flagged. SELECT sharing_guard.end_restore() when it is over.', w.until)
          FROM sharing_guard.restore_window AS w
         WHERE w.ended_at IS NULL AND w.until > clock_timestamp())::text[];

    found := found || ARRAY(
        SELECT format('The guard of %s does not filter what is read: %s, %s. SELECT sharing_guard.set_filter(%L).',
                      g.table_name, d.relation, d.defect, g.table_name)
          FROM sharing_guard.guard AS g, sharing_guard.filter_defects(g.relation) AS d
         WHERE g.filter_reads ORDER BY g.table_name, d.relation::text)::text[];

    -- The superuser of initdb is always there, and is no news.
    found := found || ARRAY(
        WITH e AS MATERIALIZED (
            SELECT x.* FROM sharing_guard.exposures() AS x
             WHERE x.severity = 'high' AND x.kind NOT IN ('library', 'observe')
               AND NOT (x.kind = 'superuser' AND x.subject = x.held_by
                        AND x.subject = (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = 10))
        )
        SELECT p.sentence FROM (
            SELECT 1, format('%s: %s. Mend it: %s', e.subject, e.finding, e.command)
              FROM e WHERE e.kind = 'guard_defect'
            UNION ALL
            SELECT 2, format('The view exposure has %s of kind %s and severity high (%s): its column command says what closes %s.',
                             CASE count(*) WHEN 1 THEN 'an entry' ELSE count(*) || ' entries' END, e.kind,
                             string_agg(DISTINCT e.subject, ', ' ORDER BY e.subject),
                             CASE count(*) WHEN 1 THEN 'it' ELSE 'them' END)
              FROM e WHERE e.kind <> 'guard_defect' GROUP BY e.kind) AS p (place, sentence)
         ORDER BY p.place, p.sentence)::text[];

    found := found || ARRAY(
        SELECT 'Not signed in time: review period ' || string_agg(o.period_id::text, ', ' ORDER BY o.period_id)
               || '; see review_status.'
          FROM sharing_guard.review_overdue AS o HAVING count(*) > 0)::text[];
    found := found || ARRAY(
        SELECT format('Review period %s has ended and is to be signed by %s; see review_status.', p.period_id,
                      to_char(p.due_at AT TIME ZONE sharing_guard.time_zone(), 'YYYY-MM-DD'))
          FROM sharing_guard.period_span AS p
         WHERE p.tree_id = sharing_guard.own_tree() AND p.closed_at IS NOT NULL
           AND p.due_at BETWEEN statement_timestamp() AND statement_timestamp() + interval '14 days'
           AND NOT EXISTS (SELECT FROM sharing_guard.signature AS g
                            WHERE g.tree_id = p.tree_id AND g.period_id = p.period_id)
         ORDER BY p.period_id)::text[];

    -- What the sealer should have taken by now.  A standby seals nothing.
    IF NOT pg_is_in_recovery()
       AND EXISTS (SELECT FROM pg_settings AS p WHERE p.name = 'sharing_guard.seal_interval' AND p.setting <> '0') THEN
        SELECT c.sealed_at INTO sealed FROM sharing_guard.checkpoint AS c
         WHERE c.tree_id = sharing_guard.own_tree() ORDER BY c.tree_size DESC LIMIT 1;
        IF EXISTS (SELECT FROM sharing_guard.event AS e
                    WHERE e.occurred_at > coalesce(sealed, '-infinity')
                      AND e.occurred_at < statement_timestamp() - interval '15 minutes'
                      AND e.log_id = sharing_guard.log_id())
           AND coalesce(sealed, '-infinity') < statement_timestamp() - interval '15 minutes'
           AND EXISTS (SELECT FROM sharing_guard.setting) THEN
            found := found || format('Events have not been sealed since %s: the server log says why, and SELECT sharing_guard.seal() tries again.',
                                     coalesce(sealed::text, 'the beginning'));
        END IF;
    END IF;
    RETURN found;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.standing_problems() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.standing_problems() IS
'Internal: what is wrong beside the writer, for the view health: modes, guards, entries of severity high in exposure, reviews, seals';

CREATE VIEW sharing_guard.health AS
SELECT
    h.writer_state,
    h.writer_pid,
    h.writer_started_at,
    h.writer_starts,
    h.queue_slots,
    h.queue_depth,
    h.queue_high_water,
    pg_catalog.clock_timestamp() - h.oldest_waiting_at AS oldest_waiting_age,
    h.open_disclosures,
    h.open_high_water,
    h.last_write_at,
    pg_catalog.clock_timestamp() - h.last_write_at AS last_write_age,
    h.events_written,
    h.events_failed,
    h.refusals,
    h.events_put_aside,
    h.last_error_code,
    h.last_error_at,
    pg_catalog.clock_timestamp() - sharing_guard.oldest_transaction_start()
        AS oldest_transaction_age,
    pg_catalog.array_remove(ARRAY[
        -- A standby has no writer, as it should be, and gets one when it is promoted.
        CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN CASE h.writer_state
            WHEN 'not_registered' THEN 'The server could not start the writer: raise max_worker_processes and restart.'
            WHEN 'not_running' THEN 'The writer is not running; the server starts it again within a second, or the server log says why not.'
            WHEN 'waiting' THEN 'The writer cannot connect to this database yet; the server log says why.'
        END END,
        CASE WHEN pg_catalog.current_setting('sharing_guard.emergency_observe', true) = 'on'
            THEN 'The emergency switch sharing_guard.emergency_observe is on: nothing is stopped by the policy, in any database of this server.' END,
        CASE WHEN h.queue_depth >= h.queue_slots
            THEN 'The queue is full: refusals and reads wait.' END,
        CASE WHEN pg_catalog.clock_timestamp() - h.oldest_waiting_at > '2 seconds'
            THEN 'Events have been waiting for the writer for more than two seconds: look at it in pg_stat_activity and at locks on sharing_guard.event; a synchronous standby may be away.' END,
        CASE WHEN h.last_error_at > COALESCE(h.last_write_at, '-infinity')
            THEN 'The last attempt to write failed; the server log says why.' END,
        CASE WHEN h.events_put_aside > 0
            THEN h.events_put_aside::text || ' events that the audit log would not take are in the server log alone: look there for "could not be written to the audit log", and at triggers and constraints on sharing_guard.event.' END,
        NULL], NULL) || sharing_guard.standing_problems() AS problems
FROM sharing_guard.writer_health() h;
REVOKE ALL ON TABLE sharing_guard.health FROM PUBLIC;
COMMENT ON VIEW sharing_guard.health IS
'How the writer of the audit log is now, in one row, and what is wrong here in all; figures count from the start of the server. Nothing is wrong where problems is empty: that is what to monitor';
COMMENT ON COLUMN sharing_guard.health.writer_state IS
'running; waiting (for its database, or for a command that needs it without sessions); not_running; not_registered (max_worker_processes was exhausted at start). A standby has none: not_running. NULL: the library is not loaded, or the database not listed';
COMMENT ON COLUMN sharing_guard.health.writer_pid IS
'Its process; NULL where there is none';
COMMENT ON COLUMN sharing_guard.health.writer_started_at IS
'When it last began to work';
COMMENT ON COLUMN sharing_guard.health.writer_starts IS
'How often it was started; each time but the first something had ended it';
COMMENT ON COLUMN sharing_guard.health.queue_slots IS
'How many sessions can wait for their events at once (sharing_guard.queue_slots)';
COMMENT ON COLUMN sharing_guard.health.queue_depth IS
'How many slots are taken now';
COMMENT ON COLUMN sharing_guard.health.queue_high_water IS
'The most that were ever taken at once';
COMMENT ON COLUMN sharing_guard.health.oldest_waiting_age IS
'How long the event that has waited longest for the writer has been waiting; NULL where none is';
COMMENT ON COLUMN sharing_guard.health.open_disclosures IS
'Reads of guarded tables that are under way now, open cursors among them';
COMMENT ON COLUMN sharing_guard.health.open_high_water IS
'The most that ever were at once; sharing_guard.open_disclosures is the limit';
COMMENT ON COLUMN sharing_guard.health.last_write_at IS
'When the writer last committed events of sessions';
COMMENT ON COLUMN sharing_guard.health.last_write_age IS
'How long ago that is';
COMMENT ON COLUMN sharing_guard.health.events_written IS
'Events it has written for sessions: refusals, skipped rows, reads';
COMMENT ON COLUMN sharing_guard.health.events_failed IS
'Queue slots whose events could not be written; they are in the server log';
COMMENT ON COLUMN sharing_guard.health.refusals IS
'How often a session was refused because its event could not be recorded, cancelled waits among them';
COMMENT ON COLUMN sharing_guard.health.events_put_aside IS
'Events that the audit log would not take and that no session waited for, the end of a disclosure for example: they are in the server log alone. The end of a disclosure is tried again at each heartbeat, twelve times, and no longer counts when it is written';
COMMENT ON COLUMN sharing_guard.health.last_error_code IS
'The SQLSTATE of the writer''s last error; the message is in the server log';
COMMENT ON COLUMN sharing_guard.health.last_error_at IS
'When that was';
COMMENT ON COLUMN sharing_guard.health.oldest_transaction_age IS
'How long the oldest unfinished transaction of this database has been open: what it disclosed is not in the log yet';
COMMENT ON COLUMN sharing_guard.health.problems IS
'What is wrong, in sentences that say what to do: the writer, modes left on observe, guards that are not whole, entries of severity high in exposure, reviews that are overdue, seals that are late; empty where nothing is';

CREATE VIEW sharing_guard.health_history AS
SELECT
    e.event_id,
    e.occurred_at,
    e.operation AS what,
    e.occurred_at - pg_catalog.lag(e.occurred_at) OVER written AS since_previous,
    pg_catalog.lag(e.operation) OVER written IS NOT NULL
        AND pg_catalog.lag(e.operation) OVER written <> 'writer_stopped'
        AND e.occurred_at - pg_catalog.lag(e.occurred_at) OVER written >
            2 * pg_catalog.make_interval(secs => COALESCE(
                (pg_catalog.lag(e.new_row) OVER written ->> 'heartbeat_interval')::double precision, 300))
        AS gap,
    (e.new_row ->> 'last_sign_of_life')::timestamptz AS last_sign_of_life,
    (e.new_row ->> 'writer_pid')::integer AS writer_pid,
    (e.new_row ->> 'queue_depth')::integer AS queue_depth,
    (e.new_row ->> 'queue_high_water')::integer AS queue_high_water,
    (e.new_row ->> 'open_disclosures')::integer AS open_disclosures,
    (e.new_row ->> 'open_high_water')::integer AS open_high_water,
    (e.new_row ->> 'events_written')::bigint AS events_written,
    (e.new_row ->> 'events_failed')::bigint AS events_failed,
    (e.new_row ->> 'refusals')::bigint AS refusals
FROM sharing_guard.legible_event e
WHERE e.kind = 'health'
WINDOW written AS (ORDER BY e.occurred_at, e.event_id);
REVOKE ALL ON TABLE sharing_guard.health_history FROM PUBLIC;
COMMENT ON VIEW sharing_guard.health_history IS
'What the writer said of itself, from the audit log: that it came and went, that one was lost, and its heartbeats. A time without any is a time when refusals and reads could not be recorded';
COMMENT ON COLUMN sharing_guard.health_history.event_id IS
'Identifies the event';
COMMENT ON COLUMN sharing_guard.health_history.occurred_at IS
'When it was said';
COMMENT ON COLUMN sharing_guard.health_history.what IS
'writer_started, heartbeat, writer_stopped (by request: a shutdown, for example), writer_lost (said by its successor: it ended without a word)';
COMMENT ON COLUMN sharing_guard.health_history.since_previous IS
'How long after the one before';
COMMENT ON COLUMN sharing_guard.health_history.gap IS
'True where more than two heartbeats are missing before it, and the writer had not said that it would stop';
COMMENT ON COLUMN sharing_guard.health_history.last_sign_of_life IS
'writer_lost: what is known of when';
COMMENT ON COLUMN sharing_guard.health_history.writer_pid IS
'The process that said it';
COMMENT ON COLUMN sharing_guard.health_history.queue_depth IS
'Slots of the queue taken at that moment';
COMMENT ON COLUMN sharing_guard.health_history.queue_high_water IS
'The most that had been taken at once since the server started';
COMMENT ON COLUMN sharing_guard.health_history.open_disclosures IS
'Reads of guarded tables under way at that moment';
COMMENT ON COLUMN sharing_guard.health_history.open_high_water IS
'The most that had been under way at once since the server started';
COMMENT ON COLUMN sharing_guard.health_history.events_written IS
'Events written for sessions since the server started';
COMMENT ON COLUMN sharing_guard.health_history.events_failed IS
'Slots whose events could not be written since the server started';
COMMENT ON COLUMN sharing_guard.health_history.refusals IS
'Sessions refused for want of a record since the server started';
