-- What test/bench/run measures with: rows to insert, and one target table for
-- each way of guarding.  :rows rows go to 1,000 agencies of the home state for
-- five purposes, so none is refused.  :noop_module is the path of noop_trigger.

-- The rows.  Every plate differs.
CREATE TABLE bench_source (
    export_id bigint PRIMARY KEY,
    agency text NOT NULL,
    reason text NOT NULL,
    plate text NOT NULL
);
INSERT INTO bench_source
SELECT n, 'bench-pd-' || 1 + n % 1000,
       (ARRAY['stolen vehicle', 'hit and run', 'missing person',
              'armed robbery', 'commercial burglary'])[1 + n / 1000 % 5],
       'T' || to_char(n, 'FM0000000')
FROM generate_series(1, :rows) AS n;

-- Unguarded.
CREATE TABLE bench_unguarded (LIKE bench_source INCLUDING INDEXES);

-- A trigger in C that does nothing.
CREATE TABLE bench_noop (LIKE bench_source INCLUDING INDEXES);
CREATE FUNCTION noop_trigger() RETURNS trigger AS :'noop_module' LANGUAGE C;
CREATE TRIGGER noop AFTER INSERT ON bench_noop
    FOR EACH ROW EXECUTE FUNCTION noop_trigger();

-- Ours.
CREATE EXTENSION sharing_guard;
SELECT sharing_guard.configure('US-CA', 'Bench Police Department', 'America/Los_Angeles', 'nobody');
SELECT count(*) FROM sharing_guard.adopt_policy('us-ca');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, kind, attested_on)
SELECT 'bench-pd-' || n, 'Bench Town ' || n || ' Police', 'US-CA', 'local', 'police', '2026-01-01'
FROM generate_series(1, 1000) AS n;
CREATE TABLE bench_guarded (LIKE bench_source INCLUDING INDEXES);
SELECT sharing_guard.protect_export('bench_guarded', destination => 'agency', purpose => 'reason',
                                    query_elements => 'plate', data_class => 'alpr');

-- What one would write instead: look the destination up, refuse or insert a
-- row into an audit table with the same facts.
CREATE TABLE plain_agency (
    agency_id text PRIMARY KEY,
    state text NOT NULL,
    level text NOT NULL,
    active boolean NOT NULL
);
INSERT INTO plain_agency
SELECT 'bench-pd-' || n, 'CA', 'local', true FROM generate_series(1, 1000) AS n;
CREATE TABLE plain_audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    username text NOT NULL DEFAULT session_user,
    relation text NOT NULL,
    operation text NOT NULL,
    record_key text NOT NULL,
    destination text,
    purpose text,
    query_elements text,
    outcome text NOT NULL
);
CREATE INDEX ON plain_audit (occurred_at);
CREATE FUNCTION plain_audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    agency plain_agency;
BEGIN
    SELECT * INTO agency FROM plain_agency WHERE agency_id = NEW.agency;
    IF NOT FOUND OR agency.state <> 'CA' OR agency.level = 'federal' OR NOT agency.active THEN
        RAISE EXCEPTION 'data may not be shared with %', NEW.agency;
    END IF;
    INSERT INTO plain_audit (relation, operation, record_key, destination, purpose,
                             query_elements, outcome)
    VALUES (TG_TABLE_NAME, TG_OP, NEW.export_id, NEW.agency, NEW.reason, NEW.plate, 'allow');
    RETURN NULL;
END
$$;
CREATE TABLE bench_plpgsql (LIKE bench_source INCLUDING INDEXES);
CREATE TRIGGER audit AFTER INSERT ON bench_plpgsql
    FOR EACH ROW EXECUTE FUNCTION plain_audit_row();

-- What was measured.
CREATE TABLE bench_result (
    position integer NOT NULL,
    name text NOT NULL,
    round integer NOT NULL,
    seconds float8 NOT NULL,
    events bigint,
    audit_bytes bigint
);
CREATE TABLE bench_memory (
    name text NOT NULL,
    peak_kb bigint,
    context_bytes bigint
);
VACUUM ANALYZE bench_source, plain_agency;

-- How the measured seconds become the table that is shown.

CREATE VIEW bench_rows AS SELECT count(*)::float8 AS rows FROM bench_source;

CREATE VIEW bench_case AS
SELECT position, name, split_part(name, '_', 1) AS family,
       min(seconds) AS least,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median,
       max(seconds) AS most
FROM bench_result GROUP BY position, name;

CREATE VIEW bench_ratio AS
SELECT c.*, rows / c.median AS rows_per_second,
       c.median / n.median AS to_noop,
       c.median / u.median AS to_unguarded
FROM bench_rows, bench_case c
     LEFT JOIN bench_case n ON n.name = c.family || '_noop'
     LEFT JOIN bench_case u ON u.name = c.family || '_unguarded';

CREATE VIEW bench_table AS
SELECT name AS "case",
       round(least::numeric, 2) AS "min s",
       round(median::numeric, 2) AS "median s",
       round(most::numeric, 2) AS "max s",
       to_char(rows_per_second, 'FM999,999,999') AS "rows/s",
       round(to_noop::numeric, 2) AS "x no-op",
       round(to_unguarded::numeric, 2) AS "x unguarded"
FROM bench_ratio ORDER BY position;
