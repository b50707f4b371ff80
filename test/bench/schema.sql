-- What every case of the benchmark finds: the rows, a policy, the peers' tables
-- and functions.  A case makes its own tables from them.
--
-- :rows rows go to 1,000 agencies of the home state for five purposes, so none
-- is refused; every plate differs.  :bench_module is the path of bench.so.

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
       'T' || to_char(n, 'FM00000000')
FROM generate_series(1, :rows) AS n;

CREATE FUNCTION noop_trigger() RETURNS trigger AS :'bench_module' LANGUAGE C;

-- The floor of a record: one row more, by a C trigger that does nothing else.
-- With its key's index alone, and with as many as a log needs that is asked for
-- a time, and for what a transaction has written.
CREATE FUNCTION record_trigger() RETURNS trigger AS :'bench_module' LANGUAGE C;
CREATE TABLE record_1 (
    transaction_id bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    export_id bigint PRIMARY KEY,
    agency text NOT NULL,
    reason text NOT NULL,
    plate text NOT NULL
);
CREATE TABLE record_3 (LIKE record_1 INCLUDING INDEXES);
CREATE INDEX ON record_3 (occurred_at);
CREATE INDEX ON record_3 (transaction_id);

-- Ours.
CREATE EXTENSION sharing_guard;
SELECT sharing_guard.configure('US-CA', 'Bench Police Department', 'America/Los_Angeles', 'nobody');
SELECT count(*) FROM sharing_guard.adopt_policy('us-ca');
INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, kind, attested_on)
SELECT 'bench-pd-' || n, 'Bench Town ' || n || ' Police', 'US-CA', 'local', 'police', '2026-01-01'
FROM generate_series(1, 1000) AS n;
CREATE FUNCTION bench_decide(text, text, integer) RETURNS float8
    AS :'bench_module' LANGUAGE C STRICT;
CREATE FUNCTION bench_load() RETURNS float8
    AS :'bench_module' LANGUAGE C;
CREATE FUNCTION bench_first(text, text, integer) RETURNS float8
    AS :'bench_module' LANGUAGE C STRICT;
CREATE FUNCTION bench_tag(text) RETURNS float8
    AS :'bench_module' LANGUAGE C STRICT;
CREATE FUNCTION bench_cpu() RETURNS float8 AS :'bench_module' LANGUAGE C;

-- What one would write instead: look the destination up, refuse, or keep the
-- same facts in a table of one's own.
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

-- Peer: a row trigger.
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

-- Peer: a statement trigger with a transition table, an audit row for each row.
CREATE FUNCTION plain_audit_set() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refused text;
BEGIN
    SELECT n.agency INTO refused
    FROM (SELECT DISTINCT agency FROM new_rows) AS n
         LEFT JOIN plain_agency AS a ON a.agency_id = n.agency
    WHERE a.agency_id IS NULL OR a.state <> 'CA' OR a.level = 'federal' OR NOT a.active
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'data may not be shared with %', refused;
    END IF;
    INSERT INTO plain_audit (relation, operation, record_key, destination, purpose,
                             query_elements, outcome)
    SELECT TG_TABLE_NAME, TG_OP, export_id, agency, reason, plate, 'allow' FROM new_rows;
    RETURN NULL;
END
$$;

-- Peer: the same, but an audit row for each destination and purpose, with the
-- rows' values as arrays: what one comes to when the log has grown too large.
CREATE TABLE plain_audit_groups (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    username text NOT NULL DEFAULT session_user,
    relation text NOT NULL,
    operation text NOT NULL,
    record_keys text[] NOT NULL,
    destination text,
    purpose text,
    query_elements text[],
    outcome text NOT NULL
);
CREATE INDEX ON plain_audit_groups (occurred_at);
CREATE FUNCTION plain_audit_groups() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refused text;
BEGIN
    SELECT n.agency INTO refused
    FROM (SELECT DISTINCT agency FROM new_rows) AS n
         LEFT JOIN plain_agency AS a ON a.agency_id = n.agency
    WHERE a.agency_id IS NULL OR a.state <> 'CA' OR a.level = 'federal' OR NOT a.active
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'data may not be shared with %', refused;
    END IF;
    INSERT INTO plain_audit_groups (relation, operation, record_keys, destination, purpose,
                                    query_elements, outcome)
    SELECT TG_TABLE_NAME, TG_OP, array_agg(export_id::text), agency, reason,
           array_agg(plate), 'allow'
    FROM new_rows GROUP BY agency, reason;
    RETURN NULL;
END
$$;

-- bench_target(name, way): a table for rows as in bench_source, guarded in one
-- of these ways.
CREATE FUNCTION bench_target(name text, way text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    make_trigger CONSTANT text := 'CREATE TRIGGER audit AFTER INSERT ON %I ';
    by_set CONSTANT text := make_trigger
        || 'REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ';
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE bench_source INCLUDING INDEXES)', name);
    CASE way
        WHEN 'bare' THEN NULL;
        WHEN 'noop' THEN
            EXECUTE format(make_trigger || 'FOR EACH ROW EXECUTE FUNCTION noop_trigger()', name);
        WHEN 'record_1', 'record_3' THEN
            EXECUTE format(make_trigger || 'FOR EACH ROW EXECUTE FUNCTION record_trigger(%L)', name, way);
        WHEN 'ours' THEN
            PERFORM sharing_guard.protect_export(name, destination => 'agency',
                purpose => 'reason', query_elements => 'plate', data_class => 'alpr', mode => 'enforce');
        WHEN 'plpgsql_row' THEN
            EXECUTE format(make_trigger || 'FOR EACH ROW EXECUTE FUNCTION plain_audit_row()', name);
        WHEN 'plpgsql_set' THEN
            EXECUTE format(by_set || 'plain_audit_set()', name);
        WHEN 'plpgsql_groups' THEN
            EXECUTE format(by_set || 'plain_audit_groups()', name);
    END CASE;
END
$$;

-- What was measured; seconds of the statement, and what it left behind.
CREATE TABLE bench_case (
    position integer PRIMARY KEY,
    name text NOT NULL,
    about text NOT NULL,
    rows float8 NOT NULL,
    variants text[] NOT NULL,
    baseline text NOT NULL,
    target numeric
);
CREATE TABLE bench_result (
    "case" text NOT NULL,
    variant text NOT NULL,
    round integer NOT NULL,
    seconds float8 NOT NULL,
    cpu float8,
    events bigint,
    log_bytes bigint,
    wal_bytes bigint
);

-- Whatever else a case has to say.
CREATE TABLE bench_figure (
    "case" text NOT NULL,
    variant text NOT NULL,
    name text NOT NULL,
    value float8 NOT NULL
);
VACUUM ANALYZE bench_source, plain_agency;

-- How that becomes the tables which are shown.

CREATE VIEW bench_median AS
SELECT c.position, r."case", r.variant, array_position(c.variants, r.variant) AS place,
       c.baseline, c.target, c.rows,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY cpu) AS cpu, max(events) AS events, max(log_bytes) AS log_bytes, max(wal_bytes) AS wal_bytes,
       array_agg(seconds ORDER BY round) AS rounds
FROM bench_result AS r JOIN bench_case AS c ON c.name = r."case"
GROUP BY c.position, r."case", r.variant, c.variants, c.baseline, c.target, c.rows;

-- The ratio is that of the medians; least and most are those of single rounds,
-- each with the baseline of its own round.
CREATE VIEW bench_ratio AS
SELECT m.*, m.seconds / b.seconds AS ratio, least, most, m.cpu / b.cpu AS cpu_ratio
FROM bench_median AS m
     LEFT JOIN bench_median AS b ON b."case" = m."case" AND b.variant = m.baseline
     LEFT JOIN LATERAL (
         SELECT min(x / y) AS least, max(x / y) AS most
         FROM unnest(m.rounds, b.rounds) AS u (x, y)) AS extremes ON true;

CREATE VIEW bench_table AS
SELECT "case", variant,
       round(seconds::numeric, 3) AS "seconds",
       to_char(rows / seconds, 'FM999,999,999') AS "rows/s",
       baseline AS "to",
       round(ratio::numeric, 2) AS "ratio",
       round(least::numeric, 2) AS "min",
       round(most::numeric, 2) AS "max",
       round(cpu_ratio::numeric, 2) AS "cpu ratio",
       CASE WHEN variant = 'ours' THEN
           target || CASE WHEN ratio <= target THEN ' held' ELSE ' MISSED' END END AS "target",
       events AS "events",
       round(log_bytes / 1e6, 1) AS "log MB",
       round(wal_bytes / 1e6, 1) AS "WAL MB"
FROM bench_ratio ORDER BY position, place;
