# shellcheck shell=bash disable=SC2034
about='COPY FROM a file, every row recorded; the same rows'
variants=(bare noop ours plpgsql_groups plpgsql_set plpgsql_row)
baseline=noop
target=1.25

statement() { say "COPY copy_$1 FROM '$SG_WORK/out/rows';"; }

finish() {
	[[ " ${variants[*]} " != *" ours "* ]] || complete copy_ours
}
