-- Purposes and their tags.
\set SHOW_CONTEXT never
SET client_min_messages = error;
DROP EXTENSION IF EXISTS sharing_guard CASCADE;
CREATE EXTENSION sharing_guard;
RESET client_min_messages;
SELECT sharing_guard.configure('US-CA', 'Anytown Police Department',
                               'America/Los_Angeles', 'the records unit');
SELECT count(*) > 100 AS adopted FROM sharing_guard.adopt_policy('us-ca');
SELECT p.purpose, d.tags
  FROM (VALUES
        -- plainly
        (1, 'ICE'), (2, 'assist ice w/ warrant'), (3, 'Immigration'), (4, 'IMMIGRATION/Drugs'),
        (5, 'deportation order'), (6, 'ICE+ERO'), (7, 'Assist CBP'), (8, 'Border Patrol'),
        -- spelled out
        (10, 'I.C.E.'), (11, 'I C E'), (12, 'i-c-e hold'), (13, '8 U.S.C. 1326'),
        -- the section and its namesakes
        (20, '287(g)'), (21, '287 ( G ) program'), (22, '287(B) vehicle'), (23, '287PC'),
        (24, '26-13287 follow up on stolen car'), (25, '287(g) PC'), (26, 'PC 287(g)'),
        -- words that only look like it
        (30, 'police officer'), (31, 'vice'), (32, 'license plate'), (33, 'Justice'),
        (34, 'hero'), (35, 'black ice collision'), (36, 'black ice, then ICE hold'),
        -- federal, perhaps immigration
        (40, 'HSI drug lead'), (41, 'DHS'), (42, 'USMS fugitive'), (43, 'FBI bank robbery'),
        (44, 'Secret Service'),
        -- nothing, or nothing in particular
        (50, NULL), (51, ''), (52, '  '), (53, '***'), (54, 'inv'), (55, '26-1234'),
        (56, 'case 26-1234'), (57, 'INVESTIGATION.'), (58, 'stolen vehicle'),
        -- the city's own
        (60, 'Traffic infraction'), (61, 'personal use')
       ) AS p (n, purpose),
       LATERAL sharing_guard.preview_decision('Davis PD', p.purpose, 'alpr') AS d
 ORDER BY p.n;

-- Terms are data: what is inserted counts at once.
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('migratory status', 'immigration', 'phrase');
SELECT tags FROM sharing_guard.preview_decision('Davis PD', 'check Migratory  Status of driver');
UPDATE sharing_guard.purpose_term SET enabled = false WHERE term = 'migratory status';
SELECT tags FROM sharing_guard.preview_decision('Davis PD', 'check Migratory  Status of driver');
