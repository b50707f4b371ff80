-- What patterns are held against: who works here, and when; and the thresholds.
-- A policy administrator loads the tables with COPY; each row is a recorded
-- change.

CREATE TABLE sharing_guard.staff (
    person text PRIMARY KEY CHECK (btrim(person) <> ''),
    unit text,
    active_from date NOT NULL,
    active_until date,
    CONSTRAINT staff_dates CHECK (active_until >= active_from)
);
SELECT sharing_guard.is_policy_table('staff', 'person');
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.staff', '');
REVOKE ALL ON TABLE sharing_guard.staff FROM PUBLIC;
COMMENT ON TABLE sharing_guard.staff IS
'The agency''s own people, for patterns(): searches in the name of a person who has left, or is not in it, are listed. Leave it empty and nothing is compared with it';
COMMENT ON COLUMN sharing_guard.staff.person IS 'The person as applications name them (requesting_person), or the login';
COMMENT ON COLUMN sharing_guard.staff.unit IS 'The unit';
COMMENT ON COLUMN sharing_guard.staff.active_from IS 'The first day';
COMMENT ON COLUMN sharing_guard.staff.active_until IS 'The last day; NULL: still active';

CREATE TABLE sharing_guard.shift (
    person text NOT NULL CHECK (btrim(person) <> ''),
    starts_local timestamp NOT NULL,
    ends_local timestamp NOT NULL,
    PRIMARY KEY (person, starts_local),
    CONSTRAINT shift_times CHECK (ends_local > starts_local AND ends_local <= starts_local + interval '36 hours')
);
SELECT sharing_guard.is_policy_table('shift', 'person', 'starts_local');
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.shift', '');
REVOKE ALL ON TABLE sharing_guard.shift FROM PUBLIC;
COMMENT ON TABLE sharing_guard.shift IS
'When people worked, overtime and swapped shifts included, for patterns(). A person is compared with it only on days from their first to their last shift in it';
COMMENT ON COLUMN sharing_guard.shift.person IS 'The person, as in staff';
COMMENT ON COLUMN sharing_guard.shift.starts_local IS 'When the shift began, on the agency''s clocks';
COMMENT ON COLUMN sharing_guard.shift.ends_local IS 'When it ended';

CREATE TABLE sharing_guard.pattern_threshold (
    pattern text PRIMARY KEY
        CONSTRAINT pattern_threshold_pattern CHECK (pattern IN ('same_plate', 'outside_shift',
            'consecutive_days', 'burst', 'no_case', 'after_leaving', 'not_in_staff', 'relay')),
    at_least integer NOT NULL CHECK (at_least > 0)
);
SELECT sharing_guard.is_policy_table('pattern_threshold', 'pattern');
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.pattern_threshold', '');
REVOKE ALL ON TABLE sharing_guard.pattern_threshold FROM PUBLIC;
COMMENT ON TABLE sharing_guard.pattern_threshold IS
'Thresholds that an agency has set instead of those in the view pattern_kinds';
COMMENT ON COLUMN sharing_guard.pattern_threshold.pattern IS 'A pattern of the view pattern_kinds';
COMMENT ON COLUMN sharing_guard.pattern_threshold.at_least IS 'From how many on it is listed';

CREATE VIEW sharing_guard.pattern_kinds AS
SELECT k.pattern, COALESCE(t.at_least, k.at_least) AS at_least, k.counts
FROM (VALUES
    ('same_plate', 10, 'searches of one plate by one person, on at least three days'),
    ('outside_shift', 5, 'searches by one person outside their shifts, by more than an hour'),
    ('consecutive_days', 9, 'days in a row with searches by one person'),
    ('burst', 60, 'searches by one person within one hour'),
    ('no_case', 30, 'searches by one person, of which nine in ten have no case number'),
    ('after_leaving', 1, 'searches in the name of a person who was not active that day'),
    ('not_in_staff', 1, 'searches in the name of a person who is not in table staff'),
    ('relay', 1, 'searches by own people of a plate that another agency was refused in the seven days before'))
    k (pattern, at_least, counts)
LEFT JOIN sharing_guard.pattern_threshold t ON t.pattern = k.pattern;
REVOKE ALL ON TABLE sharing_guard.pattern_kinds FROM PUBLIC;
COMMENT ON VIEW sharing_guard.pattern_kinds IS
'What patterns() looks for, and from how many on it lists it; a policy administrator changes that in table pattern_threshold';
COMMENT ON COLUMN sharing_guard.pattern_kinds.pattern IS 'The pattern';
COMMENT ON COLUMN sharing_guard.pattern_kinds.at_least IS 'From how many on it is listed';
COMMENT ON COLUMN sharing_guard.pattern_kinds.counts IS 'What is counted';
