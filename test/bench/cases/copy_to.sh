# shellcheck shell=bash disable=SC2034
about='COPY TO a file; pgaudit logs the statement (object logging)'
variants=(bare pgaudit)
preload=pgaudit
packages=("postgresql-$SG_PG_MAJOR-pgaudit")

setup() {
	sql -c 'CREATE EXTENSION IF NOT EXISTS pgaudit' -c 'CREATE ROLE copy_to_auditor' \
		-c 'CREATE TABLE copy_to_bare AS TABLE bench_source' \
		-c 'CREATE TABLE copy_to_pgaudit AS TABLE bench_source' \
		-c 'GRANT SELECT ON copy_to_pgaudit TO copy_to_auditor' \
		-c 'VACUUM ANALYZE copy_to_bare, copy_to_pgaudit' \
		-c "ALTER DATABASE bench SET pgaudit.role = 'copy_to_auditor'"
	if [ -n "$(sql -c "SELECT to_regproc('sharing_guard.protect_records')")" ]; then
		variants+=(ours)
		sql -c 'CREATE TABLE copy_to_ours AS TABLE bench_source' -c 'VACUUM ANALYZE copy_to_ours' \
			-c "SELECT sharing_guard.protect_records('copy_to_ours', data_class => 'alpr', mode => 'enforce')" >/dev/null
	fi
}
reset() { :; }
warm() { say "SELECT count(*) FROM copy_to_$1 WHERE export_id < 0;"; }
statement() {
	local declare=
	if [ "$1" = ours ]; then
		declare="SELECT sharing_guard.begin_disclosure('bench-pd-7', 'stolen vehicle');"
	fi
	say "BEGIN; $declare COPY copy_to_$1 TO '$SG_WORK/out/copied'; COMMIT;"
}
finish() { sql -c 'ALTER DATABASE bench RESET pgaudit.role'; }
