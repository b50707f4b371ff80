-- Another state's law in the same form: Illinois shares plates with other
-- states once they have declared in writing what they will not do with them.
\set SHOW_CONTEXT never
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
RESET client_min_messages;
SELECT sharing_guard.configure('US-IL', 'Anytown Police Department', 'America/Chicago', 'the records unit');
SELECT change, object, count(*) FROM sharing_guard.adopt_policy('us-il', dry_run => true) GROUP BY 1, 2 ORDER BY 2;
SELECT change, object, count(*) FROM sharing_guard.adopt_policy('us-il') GROUP BY 1, 2 ORDER BY 2;
SELECT pack, version, checked_on, settings, declared_tags, jsonb_array_length(sources) AS sources
  FROM sharing_guard.adopted_pack;
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, status,
    immigration_authority, attested_on, attestation_expires, contract_reference) VALUES
('own-city', 'Own City', 'US-IL', 'local', 'active', false, NULL, NULL, NULL),
('iowa-declared', 'Iowa Declared', 'US-IA', 'local', 'active', false, '2026-01-01', '2026-12-31', NULL),
('iowa-silent', 'Iowa Silent', 'US-IA', 'local', 'active', false, NULL, NULL, NULL),
('iowa-lapsed', 'Iowa Lapsed', 'US-IA', 'local', 'active', false, '2025-01-01', '2025-12-31', NULL),
('texas-287g', 'Texas 287g', 'US-TX', 'local', 'active', true, '2026-01-01', NULL, NULL),
('closed', 'Closed', 'US-IL', 'local', 'inactive', false, NULL, NULL, NULL),
('host', 'Host', 'US-IL', 'service_provider', 'active', false, NULL, NULL, 'C-1'),
('mall', 'Mall', 'US-IL', 'private', 'active', false, NULL, NULL, NULL);
-- Who
SELECT destination,
       max(p.outcome) FILTER (WHERE data_class = 'alpr') AS alpr,
       max(p.outcome) FILTER (WHERE data_class = 'rms') AS rms,
       max(p.outcome) FILTER (WHERE data_class = 'immigration_status') AS status
  FROM unnest('{anytown-police-department,own-city,iowa-declared,iowa-silent,iowa-lapsed,texas-287g,
                FBI,ICE,Border Patrol,closed,host,mall,nobody}'::text[]) WITH ORDINALITY AS d (destination, n),
       unnest('{alpr,rms,immigration_status}'::text[]) AS c (data_class),
       LATERAL sharing_guard.preview_decision(destination, 'burglary', data_class, at => '2026-06-01') AS p
 GROUP BY n, destination ORDER BY n;
-- For what
SELECT purpose, p.tags,
       p.outcome AS alpr, q.outcome AS rms
  FROM unnest('{burglary,deportation officers,287(g) lead,287PC,ice cream truck theft,caso de inmigracion,
                abortion clinic visit,reproductive health,inv,NULL}'::text[]) WITH ORDINALITY AS f (purpose, n),
       LATERAL sharing_guard.preview_decision('iowa-declared', purpose, 'alpr', at => '2026-06-01') AS p,
       LATERAL sharing_guard.preview_decision('iowa-declared', purpose, 'rms', at => '2026-06-01') AS q
 ORDER BY n;
-- The declaration runs out by itself
SELECT at, p.outcome, p.rule_ids
  FROM (VALUES (1, '2026-12-31 23:59:59 America/Chicago'), (2, '2027-01-01 00:00:00 America/Chicago')) AS x (n, at),
       LATERAL sharing_guard.preview_decision('iowa-declared', 'burglary', 'alpr', at => at::timestamptz) AS p
 ORDER BY n;
-- The law is in force from 2024: before, nothing spoke of other states
SELECT at, p.outcome, p.rule_ids
  FROM (VALUES (1, '2023-12-31 23:59:59 America/Chicago'), (2, '2024-01-01 00:00:00 America/Chicago')) AS x (n, at),
       LATERAL sharing_guard.preview_decision('iowa-silent', 'burglary', 'alpr', at => at::timestamptz) AS p
 ORDER BY n;
-- What a refused user reads
SELECT authority, reasons FROM sharing_guard.preview_decision('iowa-silent', 'burglary', 'alpr', at => '2026-06-01');
-- California's does not fit here
SELECT * FROM sharing_guard.adopt_policy('us-ca', dry_run => true);
