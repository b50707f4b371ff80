# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The auditor's page, audit_90d_summary: the same 90 days in a log that holds
# nothing else and in one that holds ten years.
about='the 90-day summary: a log of ten years (ours) against one of these 90 days alone (window)'
variants=(window ours)
baseline=window
target=1.1
rounds=$((ROUNDS < 3 ? ROUNDS : 3))		# each fills the log anew
windows=41					# in ten years

# fill VARIANT: oldest first, as a log is written.
fill() {
	sql >/dev/null <<-SQL
		ALTER TABLE sharing_guard.event DISABLE TRIGGER ALL;
		TRUNCATE sharing_guard.event;
		ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER protect_rows;
		ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER protect_table;
		INSERT INTO sharing_guard.event SELECT * FROM bench_summary_event
		WHERE '$1' = 'ours' OR occurred_at > now() - interval '90 days' ORDER BY occurred_at;
		VACUUM ANALYZE sharing_guard.event;
	SQL
}

setup() {
	rows=$((ROWS / windows > 0 ? ROWS / windows : 1))
	sql >/dev/null <<-SQL
		CREATE TABLE bench_summary_page (page text, events bigint);
		CREATE TABLE bench_summary_event (LIKE sharing_guard.event);
		INSERT INTO bench_summary_event (event_id, log_id, occurred_at, transaction_id, policy_revision,
		    rows_disclosed, rows_blocked, kind, username, username_source, organization, session_role,
		    acting_role, application, operation, relation, channel, data_class, destination, agency_id,
		    destination_class, agency_status, outcome, would_be_outcome, tags, rule_ids, flag_reasons,
		    record_keys, purposes)
		SELECT (substr(t, 1, 8) || '-' || substr(t, 9, 4) || '-7' || substr(m, 13, 3) || '-8'
		        || substr(m, 1, 3) || '-' || substr(m, 4, 12))::uuid,
		    sharing_guard.log_id(), at, pg_current_xact_id(), 3, 1 + i % 9, 0, 'disclosure',
		    'officer ' || i % 50, 'login', 'bench-pd', 'app', 'app', 'psql', 'INSERT', 'public.queue',
		    'export_row', (ARRAY['rms', 'alpr'])[1 + i % 2], 'bench-pd-' || i % 200, 'bench-pd-' || i % 200,
		    'in_state_public_agency', 'active', o, o,
		    CASE WHEN i % 10 = 0 THEN ARRAY['vague_purpose', 'no_case'] ELSE '{}' END, '{}', '{}',
		    ARRAY[i::text], ARRAY['theft']
		FROM generate_series($((rows * windows)) - 1, 0, -1) i,
		    LATERAL (SELECT now() - interval '1 minute' - interval '89 days' * ((i + 0.5) / $rows)
		            - CASE WHEN i < $rows THEN interval '0' ELSE interval '3 days' END,
		        CASE WHEN i % 10 = 0 THEN 'flag' ELSE 'allow' END) w (at, o),
		    LATERAL (SELECT lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0'), md5(i::text)) u (t, m);
		-- A fifth are reads, whose rows are counted by an event of their own.
		UPDATE bench_summary_event SET rows_disclosed = NULL WHERE record_keys[1] ~ '[37]\$';
		INSERT INTO bench_summary_event (event_id, log_id, occurred_at, transaction_id, kind, completes, ending,
		    rows_disclosed, rows_blocked)
		SELECT gen_random_uuid(), log_id, occurred_at + interval '1 s', transaction_id, 'completion', event_id,
		    'completed', 5, 0
		FROM bench_summary_event WHERE rows_disclosed IS NULL AND kind = 'disclosure';
	SQL
	fill window
}

reset() { :; }

# The best of some in one session, warm: what is compared may be milliseconds.
measure() {
	local full
	full=$(sql -c "SELECT CASE WHEN min(occurred_at) < now() - interval '1 year' THEN 'ours' ELSE 'window' END FROM sharing_guard.event")
	[ "$full" = "$1" ] || fill "$1"
	sql <<-'SQL'
		CREATE FUNCTION pg_temp.took() RETURNS float8 LANGUAGE plpgsql AS $$
		DECLARE
		    start timestamptz := clock_timestamp();
		BEGIN
		    PERFORM * FROM sharing_guard.audit_90d_summary;
		    RETURN extract(epoch FROM clock_timestamp() - start);
		END
		$$;
		INSERT INTO bench_summary_page
		SELECT md5(string_agg(s::text, E'\n' ORDER BY s::text)), sum(events) FROM sharing_guard.audit_90d_summary s;
		SELECT pg_temp.took() AS warm \gset
		SELECT min(pg_temp.took()) FROM generate_series(1, 5);
	SQL
}

# Every page said the same, and of all events.
finish() {
	local pages
	pages=$(sql -c 'SELECT DISTINCT events, page FROM bench_summary_page')
	[[ $pages =~ ^$rows\|[0-9a-f]{32}$ ]] ||
		{ say "$name: the summaries differ or lack events of $rows: $pages"; status=1; }
}
