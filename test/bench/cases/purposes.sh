# shellcheck shell=bash disable=SC2034
about='INSERT ... SELECT, every row its own purpose text; 1,000 destinations'
variants=(bare noop ours plpgsql_groups)
baseline=noop
target=2.5

statement() {
	say "INSERT INTO purposes_$1
	     SELECT export_id, agency, reason || ', case number 2026-' || export_id, plate
	     FROM bench_source;"
}

finish() {
	[[ " ${variants[*]} " != *" ours "* ]] || complete purposes_ours
}
