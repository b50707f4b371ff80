# shellcheck shell=bash disable=SC2034
about='INSERT ... SELECT, every row recorded; 1,000 destinations, 5 purposes'
variants=(bare noop ours plpgsql_groups plpgsql_set plpgsql_row)
baseline=noop
target=1.25

statement() { say "INSERT INTO insert_$1 SELECT * FROM bench_source;"; }

finish() {
	[[ " ${variants[*]} " != *" ours "* ]] || complete insert_ours
}
