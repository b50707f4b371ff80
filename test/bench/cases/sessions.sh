# shellcheck shell=bash disable=SC2034
about='16 sessions, each transaction one row; seconds for 10,000 transactions'
variants=(bare ours plpgsql_row)
baseline=bare
# 0.88 of the transactions in a second
target=1.136
rows=10000

measure() {
	local tps
	cat >"$SG_WORK/out/sessions.sql" <<-SQL
		\\set agency random(1, 1000)
		INSERT INTO sessions_$1 VALUES (nextval('sessions_id'), 'bench-pd-' || :agency,
		    'stolen vehicle', 'T' || :agency);
	SQL
	tps=$(pgbench -n -c 16 -j 2 -T "${SECONDS_EACH:-6}" -f "$SG_WORK/out/sessions.sql" bench 2>/dev/null |
		sed -n 's/^tps = \([0-9.]*\).*/\1/p')
	figure "$1" 'transactions per second' "$tps"
	say "$rows / $tps"
}

setup() {
	sql -c 'CREATE SEQUENCE sessions_id CACHE 1000' \
		-c "SELECT bench_target('sessions_' || way, way)
		    FROM unnest(ARRAY['bare', 'ours', 'plpgsql_row']) AS u (way)" >/dev/null
}
