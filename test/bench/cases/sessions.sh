# shellcheck shell=bash disable=SC2034
about='16 sessions, each transaction one row; seconds for 10,000 transactions'
variants=(bare record_1 record_3 ours plpgsql_row)
baseline=bare
# 0.88 of the transactions in a second
target=1.136
rows=10000

# The clock ticks of all sessions of the server that are over.
server_ticks() {
	awk '{ sub(/.*\) /, ""); print $14 + $15 }' "/proc/$(head -n 1 "$SG_DATA/postmaster.pid")/stat"
}

# The sessions stay; in their first two seconds they are not counted, for they
# read the policy then.
measure() {
	local before wal tps transactions
	cat >"$SG_WORK/out/sessions.sql" <<-SQL
		\\set agency random(1, 1000)
		INSERT INTO sessions_$1 VALUES (nextval('sessions_id'), 'bench-pd-' || :agency,
		    'stolen vehicle', 'T' || :agency);
	SQL
	before=$(server_ticks)
	wal=$(sql -c 'SELECT pg_current_wal_insert_lsn()')
	pgbench -n -c 16 -j 2 -T $((${SECONDS_EACH:-6} + 2)) -P 1 -f "$SG_WORK/out/sessions.sql" bench \
		>"$SG_WORK/out/sessions" 2>&1
	tps=$(awk '$1 == "progress:" && $2 > 2.5 { sum += $4; n++ } END { print sum / n }' "$SG_WORK/out/sessions")
	transactions=$(sed -n 's/^number of transactions actually processed: //p' "$SG_WORK/out/sessions")
	figure "$1" 'transactions per second' "$tps"
	figure "$1" 'server: microseconds of processor time each' \
		$(((($(server_ticks) - before) * 1000000 / $(getconf CLK_TCK)) / transactions))
	figure "$1" 'WAL bytes each' \
		"$(sql -c "SELECT (pg_current_wal_insert_lsn() - '$wal') / $transactions")"
	say "$(awk -v rows="$rows" -v tps="$tps" 'BEGIN { print rows / tps }')"
}

setup() {
	local variant
	sql -c 'CREATE SEQUENCE sessions_id CACHE 1000'
	for variant in "${variants[@]}"; do
		sql -c "SELECT bench_target('sessions_$variant', '$variant')" >/dev/null
	done
}
