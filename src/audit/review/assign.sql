-- The auditors' work list: who is to look at which events, by when.

CREATE TABLE sharing_guard.review_assignment (
    assignment_id uuid NOT NULL DEFAULT sharing_guard.new_event_id() PRIMARY KEY,
    assigned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    assigned_by text NOT NULL DEFAULT session_user,
    assignee text NOT NULL,
    due_on date NOT NULL,
    note text,
    event_ids uuid[] NOT NULL
);
SELECT sharing_guard.protect_table('sharing_guard.review_assignment');
CREATE TRIGGER record_act AFTER INSERT ON sharing_guard.review_assignment
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.record_act('assignment_id', 'assignment_id');
COMMENT ON TABLE sharing_guard.review_assignment IS
'Each time that events were given to an auditor to look at; written by assign_review(). review_queue shows what is left';
COMMENT ON COLUMN sharing_guard.review_assignment.assignment_id IS 'Identifies it; the event that says so has the same id';
COMMENT ON COLUMN sharing_guard.review_assignment.assigned_at IS 'When';
COMMENT ON COLUMN sharing_guard.review_assignment.assigned_by IS 'The login that assigned it';
COMMENT ON COLUMN sharing_guard.review_assignment.assignee IS 'The login that is to look at the events';
COMMENT ON COLUMN sharing_guard.review_assignment.due_on IS 'The day by which it is to be done';
COMMENT ON COLUMN sharing_guard.review_assignment.note IS 'What to look for';
COMMENT ON COLUMN sharing_guard.review_assignment.event_ids IS 'The events';

CREATE FUNCTION sharing_guard.assign_review(
    assignee text, due_on date, event_ids uuid[], note text DEFAULT NULL
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    chosen uuid[];
BEGIN
    PERFORM sharing_guard.require_login('assign a review');
    IF NOT EXISTS (SELECT FROM sharing_guard.role_duty AS d
                    WHERE d.duty = 'auditor' AND d.role = to_regrole(quote_ident(assignee))) THEN
        RAISE EXCEPTION 'role "%" is not an auditor', coalesce(assignee, 'NULL')
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Only an auditor can review; see role_duty.';
    END IF;
    SELECT array_agg(DISTINCT e.event_id ORDER BY e.event_id) INTO chosen
      FROM sharing_guard.event AS e WHERE e.event_id = ANY (assign_review.event_ids) AND e.kind <> 'review';
    IF chosen IS NULL OR due_on IS NULL THEN
        RAISE EXCEPTION 'nothing to assign'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give a day, and the ids of events: for example ARRAY(SELECT event_id FROM sharing_guard.chosen_events(tag => ''no_purpose'')).';
    END IF;
    -- As one event holds.
    FOR n IN 0 .. (cardinality(chosen) - 1) / 10000 LOOP
        INSERT INTO sharing_guard.review_assignment (assignee, due_on, note, event_ids)
        VALUES (assign_review.assignee, assign_review.due_on, nullif(btrim(assign_review.note), ''),
                chosen[n * 10000 + 1 : (n + 1) * 10000]);
    END LOOP;
    RETURN cardinality(chosen);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.assign_review(text, date, uuid[], text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.assign_review(text, date, uuid[], text) IS
'Gives events to an auditor to look at, by a day; said again for an event, the last word counts. Returns how many events';

CREATE VIEW sharing_guard.review_queue AS
SELECT q.assignee, q.due_on,
    q.due_on < (pg_catalog.statement_timestamp() AT TIME ZONE sharing_guard.time_zone())::date AS overdue,
    q.note, q.assigned_by, q.event_id,
    a.occurred_at AT TIME ZONE sharing_guard.time_zone() AS local_time,
    COALESCE(a.username, a.session_role) AS username, COALESCE(g.name, a.destination) AS recipient,
    a.purpose AS reason, a.flag_reasons, a.findings
FROM (
    SELECT DISTINCT ON (u.event_id) s.assignee, s.due_on, s.note, s.assigned_by, u.event_id
    FROM sharing_guard.review_assignment s
    CROSS JOIN LATERAL pg_catalog.unnest(s.event_ids) u (event_id)
    ORDER BY u.event_id, s.assignment_id DESC) q
LEFT JOIN sharing_guard.audit a ON a.event_id = q.event_id
LEFT JOIN sharing_guard.agency g ON g.agency_id = a.agency_id
WHERE sharing_guard.event_disposition(q.event_id) IS NULL;
REVOKE ALL ON TABLE sharing_guard.review_queue FROM PUBLIC;
COMMENT ON VIEW sharing_guard.review_queue IS
'What auditors still have to look at: assigned events of which not every reason is judged yet';
COMMENT ON COLUMN sharing_guard.review_queue.assignee IS 'The login that is to look at it';
COMMENT ON COLUMN sharing_guard.review_queue.due_on IS 'The day by which it is to be done';
COMMENT ON COLUMN sharing_guard.review_queue.overdue IS 'Whether that day is over, on the agency''s clocks';
COMMENT ON COLUMN sharing_guard.review_queue.note IS 'What to look for';
COMMENT ON COLUMN sharing_guard.review_queue.assigned_by IS 'The login that assigned it';
COMMENT ON COLUMN sharing_guard.review_queue.event_id IS 'The event';
COMMENT ON COLUMN sharing_guard.review_queue.local_time IS 'When it occurred, on the agency''s clocks; NULL for an event that is no disclosure';
COMMENT ON COLUMN sharing_guard.review_queue.username IS 'Who did it';
COMMENT ON COLUMN sharing_guard.review_queue.recipient IS 'The receiving agency by the registry''s name, or as the application spelled it';
COMMENT ON COLUMN sharing_guard.review_queue.reason IS 'The purpose as it was given';
COMMENT ON COLUMN sharing_guard.review_queue.flag_reasons IS 'Why the policy shows it';
COMMENT ON COLUMN sharing_guard.review_queue.findings IS 'What was found of it so far';
