-- Logins that have named several people: where such a login names none, it must not
-- read as one person's.
--
-- Noted by an auditor's session, from what the log has got since the last time, and
-- by a digest of the first name alone: the names stay in the log.  Not by the
-- worker, which must not read rows by SQL that may be damaged.

CREATE TABLE sharing_guard.shared_login (
    login text PRIMARY KEY,
    first_person bytea NOT NULL,
    shared boolean NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.shared_login', '');
REVOKE ALL ON TABLE sharing_guard.shared_login FROM PUBLIC;
COMMENT ON TABLE sharing_guard.shared_login IS
'Logins that have named people in the log. Where one has named several, the views show an event of it that names none as shared_login';
COMMENT ON COLUMN sharing_guard.shared_login.login IS 'The login';
COMMENT ON COLUMN sharing_guard.shared_login.first_person IS 'SHA-256 of the first name that it gave';
COMMENT ON COLUMN sharing_guard.shared_login.shared IS 'Whether it has given another name since';
COMMENT ON COLUMN sharing_guard.shared_login.noted_at IS 'When that was noted last';

CREATE TABLE sharing_guard.shared_login_noted (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    until timestamptz NOT NULL
);
REVOKE ALL ON TABLE sharing_guard.shared_login_noted FROM PUBLIC;
COMMENT ON TABLE sharing_guard.shared_login_noted IS
'Internal: up to when the log has been looked through for shared_login';
COMMENT ON COLUMN sharing_guard.shared_login_noted.one IS 'There is one row';
COMMENT ON COLUMN sharing_guard.shared_login_noted.until IS 'Events before this time have been looked at';

CREATE FUNCTION sharing_guard.note_shared_logins() RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- An event may commit a while after its time.
    since timestamptz := coalesce((SELECT n.until - interval '10 minutes' FROM sharing_guard.shared_login_noted AS n),
                                  statement_timestamp() - interval '90 days');
BEGIN
    INSERT INTO sharing_guard.shared_login AS s (login, first_person, shared)
    SELECT e.authenticated_login, sha256(convert_to(min(p.person COLLATE "C"), 'UTF8')),
           min(p.person COLLATE "C") <> max(p.person COLLATE "C")
      FROM sharing_guard.legible_event AS e, unnest(e.requesting_persons) AS p (person)
     WHERE e.kind = 'disclosure' AND e.occurred_at >= since
       AND e.authenticated_login IS NOT NULL AND btrim(p.person) <> ''
     GROUP BY e.authenticated_login
    ON CONFLICT (login) DO UPDATE
       SET shared = true, noted_at = clock_timestamp()
     WHERE NOT s.shared AND (excluded.shared OR excluded.first_person <> s.first_person);
    INSERT INTO sharing_guard.shared_login_noted AS n (until) VALUES (statement_timestamp())
    ON CONFLICT (one) DO UPDATE SET until = excluded.until;
    RETURN (SELECT count(*) FROM sharing_guard.shared_login AS s WHERE s.shared);
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.note_shared_logins() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.note_shared_logins() IS
'Notes logins that have named several people, so that the views show their events without a person as shared_login; an auditor calls it before reading a period. Returns how many such logins there are';
