-- Legal bases: what is refused, and what one lifts.
\set SHOW_CONTEXT never
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
RESET client_min_messages;
SET timezone = 'America/Los_Angeles';
SELECT sharing_guard.configure('US-CA', 'Anytown Police Department',
                               'America/Los_Angeles', 'the records unit');
SELECT count(*) > 100 AS adopted FROM sharing_guard.adopt_policy('us-ca');

-- A form of the immigration service is no judicial warrant, however spelled.
INSERT INTO sharing_guard.legal_basis
       (legal_basis_id, kind, issuer, form, valid_from, destination, data_classes, record_keys)
VALUES ('w', 'judicial_warrant', 'An officer', 'DHS Form I-200', '2026-01-01', 'us-ice', '{rms}', '{1}');
INSERT INTO sharing_guard.legal_basis
       (legal_basis_id, kind, issuer, form, valid_from, destination, data_classes, record_keys)
VALUES ('w', 'judicial_warrant', 'An officer', 'i 205', '2026-01-01', 'us-ice', '{rms}', '{1}');
INSERT INTO sharing_guard.legal_basis
       (legal_basis_id, kind, issuer, form, valid_from, destination, data_classes, record_keys)
VALUES ('w', 'court_order', 'An officer', 'Form I.247A', '2026-01-01', 'us-ice', '{rms}', '{1}');
-- Nor where the form is named in the number, turned round, or written in letters
-- that only look Latin.
CREATE FUNCTION pg_temp.enter(form text, number text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sharing_guard.legal_basis
           (legal_basis_id, kind, issuer, form, number, valid_from, destination, data_classes, record_keys)
    VALUES ('w', 'judicial_warrant', 'An officer', form, number, '2026-01-01', 'us-ice', '{rms}', '{1}');
    DELETE FROM sharing_guard.legal_basis WHERE legal_basis_id = 'w';
    RETURN 'entered';
EXCEPTION WHEN check_violation THEN
    RETURN SQLERRM;
END
$$;
\pset format unaligned
SELECT form, number, pg_temp.enter(form, number)
  FROM (VALUES (1, NULL, 'I-200 A123'), (2, NULL, 'i200'), (3, NULL, 'Form I-205'), (4, NULL, 'I-247A A123'),
               (5, NULL, 'A. I-200'), (6, NULL, U&'\0406-200'), (7, NULL, U&'I\200B-2\200B00'),
               (8, 'Form 200 (I)', NULL), (9, '247A-I', NULL), (10, U&'\0406-200', NULL),
               (11, U&'I\2011\FF12\FF10\FF15', NULL), (12, 'FormI-200', NULL), (13, '', 'I-200A123'),
               (14, '1-205', NULL), (15, 'l-200', NULL), (16, 'I-2O5', NULL), (17, 'DHS 205', NULL), (18, 'Form 247A', NULL),
               (30, 'Warrant of Removal/Deportation', NULL), (31, 'Warrant for Arrest of Alien', NULL),
               (32, 'ICE administrative warrant', NULL), (33, NULL, 'Immigration Detainer 7'), (34, 'Immigration   DETAINER', NULL),
               -- What is none
               (20, 'AO 93', '26-mj-1'), (21, 'AO 247', '26-cr-200-I'), (22, NULL, 'MI-205-26'),
               (23, NULL, 'I-2005'), (24, 'I-2001', NULL), (25, NULL, '2:26-mj-00205'), (26, NULL, NULL),
               (27, 'search warrant, Penal Code 1524', '205-26'), (28, 'AO 442, warrant for arrest', NULL), (29, 'Model 1200', NULL)
       ) AS x (n, form, number) ORDER BY n;
-- Nor is he a judge who signs them, whatever his title.
CREATE FUNCTION pg_temp.sign(who text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sharing_guard.legal_basis
           (legal_basis_id, kind, issuer, valid_from, destination, data_classes, record_keys)
    VALUES ('w', 'judicial_warrant', who, '2026-01-01', 'us-ice', '{rms}', '{1}');
    DELETE FROM sharing_guard.legal_basis WHERE legal_basis_id = 'w';
    RETURN 'entered';
EXCEPTION WHEN check_violation THEN
    RETURN SQLERRM;
END
$$;
SELECT who, pg_temp.sign(who)
  FROM unnest('{Immigration Judge Doe,SDDO Doe,Border Patrol Agent Doe,HSI Special Agent Doe,U.S. Immigration and Customs Enforcement,
                Executive Office for Immigration Review,Hon. J. Doe,Magistrate Judge Border,Judge of the Superior Court,U.S. District Court}'::text[]) AS w (who);
\pset format aligned
INSERT INTO sharing_guard.legal_basis (legal_basis_id, kind, form, valid_from)
VALUES ('form', 'administrative_form', 'I-247A', '2026-01-01');

-- A warrant, order or subpoena needs a scope.
INSERT INTO sharing_guard.legal_basis (legal_basis_id, kind, issuer, valid_from)
VALUES ('w', 'judicial_warrant', 'A judge', '2026-01-01');
INSERT INTO sharing_guard.legal_basis
       (legal_basis_id, kind, issuer, valid_from, destination, data_classes)
VALUES ('w', 'subpoena', 'A clerk', '2026-01-01', 'us-ice', '{rms}');
INSERT INTO sharing_guard.legal_basis
       (legal_basis_id, kind, valid_from, destination, data_classes, record_keys)
VALUES ('w', 'court_order', '2026-01-01', 'us-ice', '{rms}', '{1}');
INSERT INTO sharing_guard.legal_basis
       (legal_basis_id, kind, issuer, valid_from, destination, data_classes, record_keys)
VALUES ('w', 'court_order', 'A judge', '2026-01-01', 'us-ice', '{rms}', '{}');
INSERT INTO sharing_guard.legal_basis
       (legal_basis_id, kind, issuer, valid_from, destination, data_classes, record_keys)
VALUES ('w', 'court_order', 'A judge', '2026-01-01', 'us-ice', '{reports}', '{1}');
INSERT INTO sharing_guard.legal_basis (legal_basis_id, kind, valid_from, valid_until)
VALUES ('w', 'statute', '2026-01-01', '2026-01-01');
INSERT INTO sharing_guard.legal_basis (legal_basis_id, kind, valid_from, document_sha256)
VALUES ('w', 'statute', '2026-01-01', '\x00');
INSERT INTO sharing_guard.legal_basis (legal_basis_id, kind, valid_from)
VALUES ('w', 'verbal', '2026-01-01');

-- A judicial warrant for one agency, two kinds of data, two records.
INSERT INTO sharing_guard.legal_basis
       (legal_basis_id, kind, issuer, issuer_title, court, number, form,
        valid_from, valid_until, document_sha256, destination, data_classes, record_keys)
VALUES ('warrant-1', 'judicial_warrant', 'A. Judge', 'United States Magistrate Judge',
        'E.D. Cal.', '26-mj-1', 'AO 93', '2026-01-01', '2026-07-01',
        sha256('the document'), 'us-fbi', '{alpr,rms}', '{R-1,R-2}');
CREATE FUNCTION pg_temp.ask(destination text, data_class text, basis text,
                            record_key text, at timestamptz)
RETURNS TABLE (outcome text, rule_ids text[], reasons text)
LANGUAGE sql AS $$
    SELECT p.outcome, p.rule_ids, array_to_string(p.reasons, E'\n')
      FROM sharing_guard.preview_decision(destination, 'immigration', data_class,
               legal_basis => basis, at => at, record_key => record_key) AS p
$$;
\x on
\a
\t on
-- It lifts the rule about the purpose for an RMS record,
SELECT * FROM pg_temp.ask('FBI', 'rms', 'warrant-1', 'R-1', '2026-02-01');
-- but not the rule about ALPR information going to a federal agency.
SELECT * FROM pg_temp.ask('FBI', 'alpr', 'warrant-1', 'R-1', '2026-02-01');
-- Not for another record, or another destination, or other data;
SELECT * FROM pg_temp.ask('FBI', 'rms', 'warrant-1', 'R-9', '2026-02-01');
SELECT * FROM pg_temp.ask('FBI', 'rms', 'warrant-1', NULL, '2026-02-01');
SELECT * FROM pg_temp.ask('DEA', 'rms', 'warrant-1', 'R-1', '2026-02-01');
SELECT * FROM pg_temp.ask('FBI', 'cad', 'warrant-1', 'R-1', '2026-02-01');
-- not before its time, and not after.
SELECT * FROM pg_temp.ask('FBI', 'rms', 'warrant-1', 'R-1', '2025-12-31 23:59:59');
SELECT * FROM pg_temp.ask('FBI', 'rms', 'warrant-1', 'R-1', '2026-07-01');
-- A basis that nobody entered, or that lifts nothing.
SELECT * FROM pg_temp.ask('FBI', 'rms', 'warrant-2', 'R-1', '2026-02-01');
SELECT * FROM pg_temp.ask('FBI', 'rms', 'form', 'R-1', '2026-02-01');
-- Revoked.
UPDATE sharing_guard.legal_basis SET revoked_at = '2026-03-01' WHERE legal_basis_id = 'warrant-1';
SELECT * FROM pg_temp.ask('FBI', 'rms', 'warrant-1', 'R-1', '2026-02-28');
SELECT * FROM pg_temp.ask('FBI', 'rms', 'warrant-1', 'R-1', '2026-03-01');
-- On behalf of another agency it does not count.
SELECT p.outcome, p.rule_ids, array_to_string(p.reasons, E'\n')
  FROM sharing_guard.preview_decision('FBI', 'immigration', 'rms', legal_basis => 'warrant-1',
           on_behalf_of_agency => 'DEA', at => '2026-02-01', record_key => 'R-1') AS p;
-- A warrant for one case.
INSERT INTO sharing_guard.legal_basis
       (legal_basis_id, kind, issuer, valid_from, destination, data_classes, case_number)
VALUES ('warrant-3', 'judicial_warrant', 'A. Judge', '2026-01-01', 'us-ice', '{rms}', '26-100');
SELECT p.outcome, p.rule_ids, array_to_string(p.reasons, E'\n')
  FROM sharing_guard.preview_decision('ICE', 'immigration', 'rms', legal_basis => 'warrant-3',
           at => '2026-02-01', case_number => ' 26-100 ') AS p;
SELECT p.outcome, p.rule_ids, array_to_string(p.reasons, E'\n')
  FROM sharing_guard.preview_decision('ICE', 'immigration', 'rms', legal_basis => 'warrant-3',
           at => '2026-02-01', case_number => '26-101') AS p;
SELECT p.outcome, p.rule_ids, array_to_string(p.reasons, E'\n')
  FROM sharing_guard.preview_decision('ICE', 'immigration', 'rms', legal_basis => 'warrant-3',
           at => '2026-02-01') AS p;
-- For ourselves, a warrant for another agency lifts nothing; one for us does.
INSERT INTO sharing_guard.legal_basis
       (legal_basis_id, kind, issuer, valid_from, destination, data_classes, record_keys)
VALUES ('warrant-4', 'judicial_warrant', 'A. Judge', '2026-01-01', 'us-fbi', '{rms}', '{R-1}'),
       ('warrant-5', 'judicial_warrant', 'A. Judge', '2026-01-01', 'anytown-police-department', '{rms}', '{R-1}');
SELECT * FROM pg_temp.ask('anytown-police-department', 'rms', 'warrant-4', 'R-1', '2026-02-01');
SELECT * FROM pg_temp.ask('anytown-police-department', 'rms', 'warrant-5', 'R-1', '2026-02-01');
SELECT * FROM pg_temp.ask('FBI', 'rms', 'warrant-5', 'R-1', '2026-02-01');
SELECT p.outcome, p.rule_ids, array_to_string(p.reasons, E'\n')
  FROM sharing_guard.preview_decision('anytown-police-department', 'immigration', 'rms', legal_basis => 'warrant-4',
           on_behalf_of_agency => 'FBI', at => '2026-02-01', record_key => 'R-1') AS p;
SELECT p.outcome, p.rule_ids, array_to_string(p.reasons, E'\n')
  FROM sharing_guard.preview_decision('anytown-police-department', 'immigration', 'rms', legal_basis => 'warrant-4',
           on_behalf_of_agency => 'anytown-police-department', at => '2026-02-01', record_key => 'R-1') AS p;
