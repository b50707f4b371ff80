# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Sealing and verifying as in the case "seal", with what most events are: groups
# of rows that were decided alike.  What counts here is bytes.
# shellcheck source=/dev/null
. "$BENCH/cases/seal.sh"
about='events of 1,000 rows each, about 26 kB: sealing and verifying them, by bytes'

setup() {
	sql >/dev/null <<-SQL
		ALTER TABLE sharing_guard.event DISABLE TRIGGER ALL;
		TRUNCATE sharing_guard.event;
		ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER protect_rows;
		ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER protect_table;
		INSERT INTO sharing_guard.event (event_id, log_id, occurred_at, transaction_id, policy_revision,
		    rows_disclosed, rows_blocked, kind, username, username_source, organization, session_role,
		    acting_role, application, operation, relation, channel, data_class, destination, agency_id,
		    destination_class, agency_status, outcome, would_be_outcome, tags, rule_ids, flag_reasons,
		    record_keys, purposes, purpose_index, query_elements)
		SELECT (substr(t, 1, 8) || '-' || substr(t, 9, 4) || '-7' || substr(t, 13, 3) || '-8'
		        || substr(m, 1, 3) || '-' || substr(m, 4, 12))::uuid,
		    sharing_guard.log_id(), clock_timestamp(), pg_current_xact_id(), 3, 1000, 0, 'disclosure',
		    'officer', 'login', 'riverbend-pd', 'app', 'app', 'psql', 'INSERT', 'public.queue',
		    'export_row', 'rms', 'oakdale-pd', 'oakdale-pd', 'in_state_public_agency', 'active',
		    'allow', 'allow', '{}', '{}', '{}', k.keys, ARRAY['theft', 'robbery'], k.places, k.plates
		FROM generate_series(1, greatest($ROWS / 1000, 1)) i,
		    LATERAL (SELECT lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
		        || lpad(to_hex(i % 4096), 3, '0'), md5(i::text)) u (t, m),
		    LATERAL (SELECT array_agg((i * 1000 + j)::text), array_agg((1 + j % 2)::int2),
		        array_agg(upper(substr(md5((i * 1000 + j)::text), 1, 7))) FROM generate_series(1, 1000) j) k (keys, places, plates);
		VACUUM ANALYZE sharing_guard.event;
	SQL
	rows=$(sql -c 'SELECT count(*) FROM sharing_guard.event')
}

finish() {
	local variant
	[ "$(sql -c 'SELECT count(*) FROM sharing_guard.verify_audit()')" = 0 ] || { say "$name: verify_audit() reports problems"; status=1; }
	for variant in "${variants[@]}"; do
		figure "$variant" 'MB of canonical entries a second' "(SELECT
			(SELECT sum(octet_length(sharing_guard.canonical_entry(event_id))) FROM sharing_guard.sealed_event) / 1e6
			/ percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)
			FROM bench_result WHERE \"case\" = '$name' AND variant = '$variant')"
	done
}
