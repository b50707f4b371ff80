-- Purposes and their tags.
\set SHOW_CONTEXT never
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
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
        -- a longer word that is spelled out, and what visibly is another group
        (19.94, 'V.I.C.E. unit'), (19.941, 'V I C E unit'), (19.942, 'P O L I C E'),
        (19.943, 'O.F.F.I.C.E.'), (19.944, 'I.C.E.D. tea'), (19.945, 'I.C.E. R. Smith'),
        (19.946, 'Doe v. I.C.E.'), (19.947, 'a  V I C E unit'), (19.948, 'i  I C E hold'),
        (19.9491, 'I I C E hold'), (19.9492, 'a i c e hold'), (19.9493, 'x a I C E hold'),
        (19.9494, 'a I C E D tea'), (19.9495, U&'a I C E\2014 hold'),
        (19.94951, U&'a\00A0I C E'), (19.9496, 'V. I. C.  E. unit'),
        (19.94961, 'P.O.L..I.C.E.'), (19.9497, 'Q. B.L.A.C.K. I.C.E.'),
        (19.9498, 'V.I-CE'), (19.9499, 'V-I-CE'),
        (19.94991, 'D.U.I. 247A'), (19.94992, 'a I-247A'), (19.94993, 'D.E.P.O.R.T.E.D R. Smith'),
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

-- What hides or splits a word, and what only looks like one: code points in
-- its place.
SELECT p.what, d.tags
  FROM (VALUES
        (1, 'no-break space', U&'ICE\00A0hold'), (2, 'quoted', U&'\00ABICE\00BB'),
        (3, 'soft hyphen', U&'I\00ADCE'), (4, 'tag characters', U&'I\+0E0001C\+0E007FE'),
        (5, 'marks for symbols', U&'I\20DDC\20FFE'), (6, 'more marks', U&'I\1DC0C\1DFFE'),
        (7, 'vowel separator', U&'I\180ECE'), (8, 'Hangul fillers', U&'I\3164C\115FE\1160'),
        (9, 'Arabic letter mark', U&'I\061CCE'), (10, 'zero width', U&'I\200BC\200FE'),
        (11, 'direction', U&'\202EI\202AC\2066E\202C'), (12, 'word joiner', U&'I\2060C\2064E'),
        (13, 'byte order mark', U&'I\FEFFCE'), (14, 'variation selectors', U&'I\FE0FC\+0E0100E'),
        (15, 'half-width filler', U&'I\FFA0CE'), (16, 'half marks', U&'I\FE20CE'),
        (17, 'accents', U&'\00CCC\0327\00C9'), (18, 'full width', U&'\FF29\FF23\FF25'),
        (19, 'emoji', U&'\+01F6A8ICE\+01F6A8'), (20, 'replacement character', U&'ICE\FFFDhold'),
        (21, 'dashes', U&'immi\2011gration'), (22, 'dotless', U&'\0131ce'),
        (30, 'Cyrillic', U&'\0406\0421\0415'), (31, 'Cyrillic, small', U&'\0456\0441\0435 hold'),
        (32, 'Greek and Latin', U&'\0399C\0395'), (33, 'Cyrillic, one letter', U&'imm\0456gration'),
        (34, 'Cyrillic, spelled', U&'\0406.\0421.\0415. hold'),
        (35, 'Cyrillic word', U&'\043B\0438\0441\0456\0441\0435'),
        (36, 'Cyrillic beside another letter', U&'\0436\0456\0441\0435'),
        (37, 'Greek word', U&'\03C0\03BF\03BB\03B9\03C4\03B9\03BA\03B7')
       ) AS p (n, what, purpose),
       LATERAL sharing_guard.preview_decision('Davis PD', p.purpose, 'alpr') AS d
 ORDER BY p.n;
SELECT sharing_guard.fold_name(U&'\041C\041E\0421\0422') = sharing_guard.fold_name(U&'\043C\043E\0441\0442') AS cyrillic_case,
       sharing_guard.fold_name(U&'\00D8STERG\00C5RD') = sharing_guard.fold_name(U&'\00F8sterg\00E5rd') AS latin_case,
       sharing_guard.fold_name(U&'\039F\0394\039F\03A3') = sharing_guard.fold_name(U&'\03BF\03B4\03CC\03C2') AS greek_case;

-- Terms are data: what is inserted counts at once.
INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES ('migratory status', 'immigration', 'phrase');
SELECT tags FROM sharing_guard.preview_decision('Davis PD', 'check Migratory  Status of driver');
UPDATE sharing_guard.purpose_term SET enabled = false WHERE term = 'migratory status';
SELECT tags FROM sharing_guard.preview_decision('Davis PD', 'check Migratory  Status of driver');

-- Long words are recognised with one letter wrong; words of other terms, and
-- what an exception names, are not taken for misspelt.
SELECT p.purpose, d.tags, d.matched_terms
  FROM unnest('{imigration,immigrtaion,immigratiion,emmigration,immigraiton hold,iimmigration,imm1grat10n,
                immigation checkpoint,deprotation,deportd,reported,departed,undocumentted,Boarder Patrol,
                custms and border protection,homland securty,homeland securrity,secrte service,trafic stop,
                investgation,immigration,imigrant,im migration,imgration,inmigracion,enmigración}'::text[]) WITH ORDINALITY AS p (purpose, n),
       LATERAL sharing_guard.tag_purpose(p.purpose) AS d ORDER BY p.n;

-- Exceptions hold within a sentence, for terms that are not longer.
INSERT INTO sharing_guard.purpose_term (term, tag, match)
VALUES ('ice road convoy', 'immigration', 'phrase'), ('9 usc (x)', 'title_nine', 'code');
SELECT p.purpose, d.tags, d.matched_terms
  FROM unnest(ARRAY['ice road', 'ice road convoy', 'black ice', 'black; ICE hold', E'sheet of\nICE', 'suspect in black. ICE hold',
                    '2 oz. of ice', 'black ice, ICE hold', 'ICE hold on black ice', 'black, ice cream',
                    '9 USC (X)', '9 usc(x)', '9 usc x', '9 usc (xx)', '19 usc (x)', '9 u.s.c. (x)']) WITH ORDINALITY AS p (purpose, n),
       LATERAL sharing_guard.tag_purpose(p.purpose) AS d ORDER BY p.n;

-- Letters in boxes, of further scripts, and with strokes.
SELECT p.what, d.tags
  FROM (VALUES (1, 'squares', U&'\+01F178\+01F172\+01F174'), (2, 'circles', U&'\+01F158\+01F152\+01F154 hold'),
               (3, 'open squares', U&'\+01F138\+01F132\+01F134'), (4, 'circled', U&'\24BE\24B8\24BA'),
               (5, 'flags', U&'\+01F1EE\+01F1E8\+01F1EA'), (6, 'mathematical', U&'\+01D408\+01D402\+01D404'),
               (7, 'small capitals', U&'\026A\1D04\1D07'), (8, 'lunate sigma', U&'I\03F9E'),
               (9, 'Cherokee', U&'\13A5\13DF\13AC'), (10, 'Lisu', U&'\A4F2\A4DA\A4F0'),
               (11, 'Armenian', U&'immigrati\0585n'), (12, 'Coptic', U&'\2C92\2CA4\2C88'),
               (13, 'strokes', U&'immigrati\00F8n'), (14, 'struck through', U&'I\0336C\0336E\0336'),
               (15, 'Roman numerals', U&'\2160\216DE'), (16, 'middle dots', U&'I\00B7C\00B7E'),
               (17, 'emoji between', U&'I\+01F9CAC\+01F9CAE'), (18, 'parenthesised', U&'\24A4\249E\24A0'),
               (19, 'Japanese', U&'\5165\56FD\7BA1\7406'), (20, 'Arabic', U&'\0647\062C\0631\0629')
       ) AS p (n, what, purpose),
       LATERAL sharing_guard.tag_purpose(p.purpose) AS d ORDER BY p.n;

-- Long texts take the time of their length, whatever is in them.
SELECT d.tags FROM sharing_guard.tag_purpose(repeat('black ice ', 100000)) AS d;
SELECT d.tags FROM sharing_guard.tag_purpose(repeat('I C E ', 100000)) AS d;
SELECT d.tags FROM sharing_guard.tag_purpose(repeat('x-', 200000) || ' deported') AS d;
SELECT d.tags FROM sharing_guard.tag_purpose(repeat('q', 3000000) || ' ICE') AS d;
SELECT d.tags FROM sharing_guard.tag_purpose(repeat(U&'e\0301', 300000) || ' ICE') AS d;
SELECT d.tags FROM sharing_guard.tag_purpose(repeat('penal code 287(g ', 50000)) AS d;
