# shellcheck shell=bash disable=SC2034,SC2153
about='one statement of ten times the rows, and the most memory its backend had'
variants=(noop ours)
baseline=noop
rows=$((ROWS * 10))
rounds=1

statement() {
	say "INSERT INTO memory_$1
	     SELECT export_id + n * $ROWS, agency, reason, plate
	     FROM generate_series(0, 9) AS n, bench_source;"
}

finish() {
	for variant in "${variants[@]}"; do measure_memory "$variant"; done
}
