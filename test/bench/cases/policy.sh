# shellcheck shell=bash disable=SC2034
about='a million decisions in the cache; 20,000 agencies and 10, 1,000, 10,000 rules besides the pack'
variants=(rules_10 rules_1000 rules_10000)
baseline=rules_10
rows=1000000

setup() {
	sql <<-'SQL' >/dev/null
		SELECT bench_target('policy', 'ours');
		-- Triggers that compare each row with all agencies are not what is measured.
		SET session_replication_role = replica;
		INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level, kind, attested_on)
		SELECT 'more-pd-' || n, 'More Town ' || n || ' Police', 'US-CA', 'local', 'police',
		       '2026-01-01'
		FROM generate_series(1, 19000) AS n;
		INSERT INTO sharing_guard.rule (rule_id, description, outcome, agencies, data_classes,
		                                authority_kind, enabled)
		SELECT 'bench-' || n, 'Bench rule ' || n, 'flag', ARRAY['more-pd-' || n], ARRAY['alpr'],
		       'agency', false
		FROM generate_series(1, 10000) AS n;
		ANALYZE sharing_guard.agency, sharing_guard.rule;
	SQL
}
reset() { :; }

# The rules are switched on for the transaction that measures: nobody else sees
# them, and the record of 10,000 changes is rolled back.
measure() {
	local figures
	figures=$(sql -F ' ' <<-SQL
		BEGIN;
		SET LOCAL session_replication_role = replica;
		UPDATE sharing_guard.rule SET enabled = true
		WHERE rule_id LIKE 'bench-%' AND substring(rule_id FROM 7)::int <= ${1#rules_};
		SELECT bench_load() / 1e6, bench_first('bench-pd-500', 'stolen vehicle', 500) / 1e3,
		       bench_first('Bench Town %d Police', 'stolen vehicle', 500) / 1e3,
		       bench_decide('policy', 'stolen vehicle', $rows);
		ROLLBACK;
	SQL
	)
	# shellcheck disable=SC2086	# four numbers
	set -- "$1" $figures
	figure "$1" 'policy read anew, ms' "$2"
	figure "$1" 'first decision, us' "$3"
	figure "$1" 'first decision, and a destination not seen before, us' "$4"
	figure "$1" 'decision in the cache, ns' "$5"
	say "$5 * $rows / 1e9"
}
