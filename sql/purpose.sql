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
        -- spelled out beside other single letters
        (14, 'Agent John Q. I.C.E. hold'), (15, 'a I.C.E. officer'), (16, 'U.S. I.C.E. assist'),
        (17, 'assist agency B C.B.P.'), (18, 'assist E.R.O. x'), (19, 'A I C E cream'),
        (19.1, 'a I C E hold'), (19.2, 'X I C E C R E A M'), (19.3, 'B L A C K I C E'),
        (19.4, 'form I 200 A'), (19.5, 'x D E P O R T E D'), (19.6, '(g) I.C.E.'),
        (19.7, 'P.C. 287(g)'), (19.8, 'I C'),
        (19.91, 'J. R. Smith, unit A B C'), (19.92, 'N/A'), (19.93, 'I.N.V.'),
        -- that may be a word of its own, but is nothing that people write
        (19.94, 'V.I.C.E.'),
        -- words cut by a hyphen
        (19.95, 'immi-gration'), (19.96, 'de-portation order'), (19.97, 'I-CE hold'),
        (19.98, 'ice-cream'), (19.981, '8 USC 13-25'), (19.982, 'border-pat-rol'),
        -- digits stay where they are glued: it may be a plate
        (19.991, 'ICE123'), (19.992, '2026ICE'), (19.993, 'ICE-2026'),
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
