-- Values of many types as record keys, query elements and purposes; names that
-- have to be quoted, and names that need not be; a review, a hold, a signature.
-- test/t/280_settings.pl runs this under the strangest settings of a session, so
-- every literal here means the same whatever is set.
SET client_min_messages = error;
CREATE SCHEMA "Odd ""Schema""";
CREATE TYPE public.pair AS (at timestamptz, gone interval);
CREATE TYPE public.colour AS ENUM ('red', 'Dark blue');
CREATE DOMAIN public.span AS interval;
CREATE DOMAIN public.weight AS float8;
CREATE TYPE public.floats AS RANGE (subtype = float8);
CREATE TABLE public.typed (
    n int PRIMARY KEY, dest text, why text, ts timestamp, tstz timestamptz, d date, tm time, tmtz timetz,
    gone interval, span public.span, f4 float4, f8 float8, weight public.weight, amount money, bytes bytea,
    x xml, colour public.colour, r int4range, tr tstzrange, fr public.floats, tstzs timestamptz[],
    floats float8[], pair public.pair, rel regclass, typ regtype, p point, b bit(4), j jsonb, num numeric, ip inet);
INSERT INTO public.typed
SELECT 1, 'oakdale-pd', 'theft', t AT TIME ZONE 'UTC', t, (t AT TIME ZONE 'UTC')::date, make_time(13, 5, 6.5),
    timezone('UTC', timetz '13:05:06+02'), g, g, 0.1::numeric::float4, 1.0::float8 / 3, 1.0::float8 / 3,
    1234.56::numeric::money, decode('00ff41', 'hex'), '<a>1</a>'::xml, 'Dark blue', int4range(1, 5),
    tstzrange(t, t + interval 'PT1H'), public.floats(1.0::float8 / 3, 2), ARRAY[t, NULL], ARRAY[1.0::float8 / 3],
    ROW(t, g)::public.pair, 'pg_catalog.pg_class'::regclass, 'public.pair'::regtype, point(1.0::float8 / 3, 2),
    B'0101', '{"a": 1.10}', 1.50, '10.0.0.1'
FROM (SELECT make_timestamptz(2026, 3, 8, 23, 4, 5, 'UTC') AS t, make_interval(1, 2, 0, 3, -4, 5, 6.7) AS g) x;

CREATE FUNCTION public.guard_as(key text, elements text) RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
    EXECUTE format('CREATE TABLE "Odd ""Schema""".%I (LIKE public.typed)', 'key ' || key);
    EXECUTE format('ALTER TABLE "Odd ""Schema""".%I ALTER COLUMN %I SET NOT NULL', 'key ' || key, key);
    PERFORM sharing_guard.protect_export(format('"Odd ""Schema""".%I', 'key ' || key)::regclass,
        destination => 'dest', purpose => 'why', record_key => key, query_elements => elements, data_class => 'rms', mode => 'enforce');
    EXECUTE format('INSERT INTO "Odd ""Schema""".%I SELECT * FROM public.typed', 'key ' || key);
END
$f$;
SELECT public.guard_as('ts', 'tstz, d');
SELECT public.guard_as('tstz', 'tmtz, gone, span');
SELECT public.guard_as('d', 'f4, f8, weight, amount');
SELECT public.guard_as('bytes', 'x, colour, r, tr, fr');
SELECT public.guard_as('num', 'tstzs, floats, pair, rel, typ');
SELECT public.guard_as('n', 'p, b, j, ip, tm');

-- Names: what need not be quoted is not.
CREATE TABLE public.pexp (id int PRIMARY KEY, dest text, why text);
CREATE TABLE public."select" (id int PRIMARY KEY, dest text, why text);
CREATE TABLE public.serial (id int PRIMARY KEY, dest text, why text);
SELECT sharing_guard.protect_export(t::regclass, destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce')
FROM unnest(ARRAY['public.pexp', 'public."select"', 'public.serial']) t;
INSERT INTO public.pexp VALUES (1, 'oakdale-pd', ''), (2, 'oakdale-pd', 'NULL');
INSERT INTO public."select" VALUES (1, 'oakdale-pd', '');
INSERT INTO public.serial VALUES (1, 'reno-test-pd', 'civil immigration enforcement');

-- Searched by.
CREATE TABLE public.plates (plate text, seen timestamptz, lat float8, gone interval, colour public.colour, raw bytea, price money);
INSERT INTO public.plates SELECT '8ABC123', tstz, f8, gone, colour, bytes, amount FROM public.typed;
SELECT sharing_guard.protect_records('public.plates', data_class => 'alpr', record_self_access => true, mode => 'enforce',
    query_elements => 'plate, seen, lat, gone, colour, raw, price');
SELECT count(*) FROM public.plates WHERE seen = make_timestamptz(2026, 3, 8, 23, 4, 5, 'UTC');
SELECT count(*) FROM public.plates WHERE seen > TIMESTAMPTZ '2026-03-01 00:00:00Z' AND lat > 1.0::float8 / 3;
SELECT count(*) FROM public.plates WHERE gone = make_interval(1, 2, 0, 3, -4, 5, 6.7) AND colour = 'Dark blue';
SELECT count(*) FROM public.plates WHERE raw = decode('00ff41', 'hex') AND price = 1234.56::numeric::money;
SELECT count(*) FROM public.plates WHERE seen = ANY (ARRAY[make_timestamptz(2026, 3, 8, 23, 4, 5, 'UTC')]);

-- An administrative form is none of a judge's, whatever a backslash means.
INSERT INTO sharing_guard.legal_basis (legal_basis_id, kind, issuer, court, form, valid_from, destination, data_classes)
VALUES ('w-1', 'judicial_warrant', 'J. Doe', 'Superior Court', 'I-200', TIMESTAMPTZ '2026-01-01 00:00:00Z', 'oakdale-pd', ARRAY['rms']);
INSERT INTO sharing_guard.legal_basis (legal_basis_id, kind, issuer, issuer_title, court, valid_from, valid_until,
    destination, data_classes, record_keys)
VALUES ('w-2', 'judicial_warrant', 'J. Doe', 'Judge', 'Superior Court', TIMESTAMPTZ '2020-01-01 00:00:00Z',
    TIMESTAMPTZ '2020-07-01 00:00:00Z', 'reno-test-pd', ARRAY['rms'], ARRAY['1']);
CREATE TABLE public.used (id int PRIMARY KEY, dest text, why text, basis text);
SELECT sharing_guard.protect_export('public.used', destination => 'dest', purpose => 'why', legal_basis => 'basis', data_class => 'rms', mode => 'enforce');
INSERT INTO public.used VALUES (1, 'reno-test-pd', 'civil immigration enforcement', 'w-2');

-- Reviews, a hold and a signature, by relation.
CREATE ROLE regress_sg_ann LOGIN;
SELECT sharing_guard.grant_auditor('regress_sg_ann');
\set superuser :USER
\c - regress_sg_ann
SELECT sharing_guard.review_events('lawful', relation => 'public.pexp', since => TIMESTAMPTZ '2026-01-01 00:00:00Z');
SELECT sharing_guard.legal_hold('Doe v. Riverbend', relation => 'public.pexp', until => TIMESTAMPTZ '2036-01-01 00:00:00Z');
SELECT sharing_guard.close_period();
SELECT sharing_guard.sign_off(1, 'I have reviewed this period.');
\c - :superuser
