# shellcheck shell=bash disable=SC2034
about='INSERT ... SELECT, every row its own purpose text; 1,000 destinations'
variants=(bare noop ours plpgsql_groups)
baseline=noop
target=2.5

statement() {
	say "INSERT INTO purposes_$1
	     SELECT export_id, agency, $(purpose), plate
	     FROM bench_source;"
}

purpose() { say "reason || ', case number 2026-' || export_id"; }

finish() {
	local alone
	[[ " ${variants[*]} " == *" ours "* ]] || return 0
	complete purposes_ours
	# Each text once more, and by itself.
	alone=$(sql -c "SELECT sum(bench_tag($(purpose))) / 1e9 FROM bench_source")
	figure ours 'the tagger alone, s' "$alone"
	figure ours "the tagger's share of ours, %" "100 * $alone / (
		SELECT seconds FROM bench_median WHERE \"case\" = 'purposes' AND variant = 'ours')"
}
