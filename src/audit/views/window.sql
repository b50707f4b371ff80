-- Where the rolling 90 days begin.

-- IMMUTABLE as PostgreSQL's own timezone(text, timestamptz) is: the time zone
-- database changes only with the server's files.
CREATE FUNCTION sharing_guard.audit_window_start(at timestamptz, zone text)
    RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'sg_sql_audit_window_start'
    LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.audit_window_start(timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.audit_window_start(timestamptz, text) IS
'The first moment of the day 90 days before the day of "at", on the clocks of that time zone: where the rolling 90 days of the _90d views begin, inclusive. Where clocks are changed at midnight, the first moment of that day';
