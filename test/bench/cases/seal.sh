# shellcheck shell=bash disable=SC2034,SC2153,SC2154
about='events of about 300 bytes: sealing them (300,000 a second), verifying them (500,000 a second)'
variants=(seal verify)
baseline=seal

# The events once; each round seals them anew, and then verifies.
setup() {
	sql >/dev/null <<-SQL
		INSERT INTO sharing_guard.event (event_id, log_id, occurred_at, transaction_id, policy_revision,
		    rows_disclosed, rows_blocked, kind, username, username_source, organization, session_role,
		    acting_role, application, operation, relation, channel, data_class, destination, agency_id,
		    destination_class, agency_status, outcome, would_be_outcome, tags, rule_ids, flag_reasons,
		    record_keys, purposes)
		SELECT (substr(t, 1, 8) || '-' || substr(t, 9, 4) || '-7' || substr(t, 13, 3) || '-8'
		        || substr(m, 1, 3) || '-' || substr(m, 4, 12))::uuid,
		    sharing_guard.log_id(), clock_timestamp(), pg_current_xact_id(), 3, 1, 0, 'disclosure',
		    'officer', 'login', 'riverbend-pd', 'app', 'app', 'psql', 'INSERT', 'public.queue',
		    'export_row', 'rms', 'oakdale-pd', 'oakdale-pd', 'in_state_public_agency', 'active',
		    'allow', 'allow', '{}', '{}', '{}', ARRAY[i::text], ARRAY['theft']
		FROM generate_series(1, $ROWS) i,
		    LATERAL (SELECT lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
		        || lpad(to_hex(i % 4096), 3, '0'), md5(i::text)) u (t, m);
		VACUUM ANALYZE sharing_guard.event;
	SQL
	rows=$(sql -c 'SELECT count(*) FROM sharing_guard.event')
}

reset() {
	[ "$1" = seal ] || return 0
	say "DO \$\$
	DECLARE t text;
	BEGIN
	    FOREACH t IN ARRAY ARRAY['checkpoint', 'tile', 'bundle', 'nonce'] LOOP
	        EXECUTE format('ALTER TABLE sharing_guard.%I DISABLE TRIGGER ALL', t);
	        EXECUTE format('TRUNCATE sharing_guard.%I', t);
	        EXECUTE format('ALTER TABLE sharing_guard.%I ENABLE ALWAYS TRIGGER protect_rows', t);
	        EXECUTE format('ALTER TABLE sharing_guard.%I ENABLE ALWAYS TRIGGER protect_table', t);
	    END LOOP;
	END
	\$\$"
}

log_of() { :; }

statement() {
	case $1 in
		seal) say 'SELECT sharing_guard.seal() > 0 AS sealed \gset' ;;
		verify) say 'SELECT count(*) AS problems FROM sharing_guard.verify_audit() \gset' ;;
	esac
}

# A proof, warm; and the same from the worst place of the tree.
finish() {
	local ms
	[[ " ${variants[*]} " == *" seal "* ]] || return 0
	[ "$(sql -c 'SELECT count(*) FROM sharing_guard.verify_audit()')" = 0 ] || { say "$name: verify_audit() reports problems"; status=1; }
	ms=$(sql <<-'SQL'
		SELECT event_id FROM sharing_guard.sealed_event
		WHERE leaf_index = (SELECT max(tree_size) / 2 + 77 FROM sharing_guard.checkpoint) \gset
		SELECT count(*) AS warm FROM generate_series(1, 100), sharing_guard.inclusion_proof(:'event_id') \gset
		SELECT extract(epoch FROM clock_timestamp()) AS start \gset
		SELECT count(p.root) AS proofs FROM generate_series(1, 1000) i, LATERAL sharing_guard.inclusion_proof(CASE WHEN i > 0 THEN :'event_id'::uuid END) p \gset
		SELECT extract(epoch FROM clock_timestamp()) - :start
	SQL
	)
	figure seal 'ms for the proof of one event, warm' "$ms"
}
