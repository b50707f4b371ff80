
-- Lists the names that match no agency.

CREATE VIEW sharing_guard.unresolved_destinations AS
SELECT
    n.name,
    r.destination_class,
    r.agency_status,
    n.as_destination,
    n.on_behalf,
    n.rows_disclosed,
    n.rows_blocked,
    n.first_seen,
    n.last_seen,
    s.agency_ids[1] AS suggested_agency,
    s.agency_names[1] AS suggested_name,
    s.agency_ids AS suggested_agencies
FROM (
    SELECT
        x.name,
        pg_catalog.count(*) FILTER (WHERE NOT x.on_behalf) AS as_destination,
        pg_catalog.count(*) FILTER (WHERE x.on_behalf) AS on_behalf,
        pg_catalog.sum(x.rows_disclosed)::bigint AS rows_disclosed,
        pg_catalog.sum(x.rows_blocked)::bigint AS rows_blocked,
        pg_catalog.min(x.occurred_at) AS first_seen,
        pg_catalog.max(x.occurred_at) AS last_seen
    FROM (
        SELECT e.destination AS name, false AS on_behalf,
               e.rows_disclosed, e.rows_blocked, e.occurred_at
          FROM sharing_guard.legible_event AS e
         WHERE e.kind OPERATOR(pg_catalog.=) 'disclosure' AND e.agency_id IS NULL
           AND e.destination IS NOT NULL
           AND e.occurred_at OPERATOR(pg_catalog.>=) sharing_guard.audit_window_start(
                   pg_catalog.statement_timestamp(), sharing_guard.time_zone())
         UNION ALL
        SELECT e.on_behalf_of_agency, true,
               e.rows_disclosed, e.rows_blocked, e.occurred_at
          FROM sharing_guard.legible_event AS e
         WHERE e.kind OPERATOR(pg_catalog.=) 'disclosure'
           AND e.on_behalf_of_agency_id IS NULL AND e.on_behalf_of_agency IS NOT NULL
           AND e.occurred_at OPERATOR(pg_catalog.>=) sharing_guard.audit_window_start(
                   pg_catalog.statement_timestamp(), sharing_guard.time_zone())
    ) AS x
    GROUP BY x.name
) AS n
CROSS JOIN LATERAL sharing_guard.resolve_destination(n.name) AS r
CROSS JOIN LATERAL (
    SELECT pg_catalog.array_agg(g.agency_id) AS agency_ids,
           pg_catalog.array_agg(g.agency_name) AS agency_names
      FROM sharing_guard.suggest_agencies(n.name) AS g
) AS s
-- Leave out names that match an agency by now.
WHERE r.agency_id IS NULL;
REVOKE ALL ON TABLE sharing_guard.unresolved_destinations FROM PUBLIC;
COMMENT ON VIEW sharing_guard.unresolved_destinations IS
'Destinations in the events of the last 90 days that match no id, ORI, name or alias of the registry, with agencies that may be meant; accept one with accept_alias(name, agency)';
COMMENT ON COLUMN sharing_guard.unresolved_destinations.name IS
'The name, as the application gave it';
COMMENT ON COLUMN sharing_guard.unresolved_destinations.destination_class IS
'The class that the spelling gives now: in_state_inferred at best, or unregistered';
COMMENT ON COLUMN sharing_guard.unresolved_destinations.agency_status IS
'inactive where the name says so, or where the agency with a similar name is inactive';
COMMENT ON COLUMN sharing_guard.unresolved_destinations.as_destination IS
'Events with this destination';
COMMENT ON COLUMN sharing_guard.unresolved_destinations.on_behalf IS
'Events on behalf of an agency of this name';
COMMENT ON COLUMN sharing_guard.unresolved_destinations.rows_disclosed IS
'Rows that went out in these events';
COMMENT ON COLUMN sharing_guard.unresolved_destinations.rows_blocked IS
'Rows that were refused or skipped in these events';
COMMENT ON COLUMN sharing_guard.unresolved_destinations.first_seen IS
'Time of the earliest of these events';
COMMENT ON COLUMN sharing_guard.unresolved_destinations.last_seen IS
'Time of the latest of these events';
COMMENT ON COLUMN sharing_guard.unresolved_destinations.suggested_agency IS
'The agency (agency_id) with the most similar spelling; NULL: no agency is similar';
COMMENT ON COLUMN sharing_guard.unresolved_destinations.suggested_name IS
'That agency''s name';
COMMENT ON COLUMN sharing_guard.unresolved_destinations.suggested_agencies IS
'Up to three agencies that may be meant, the most similar first';
