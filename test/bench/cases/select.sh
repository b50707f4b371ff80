# shellcheck shell=bash disable=SC2034,SC2153
about='a partner reads its tenth of the rows: a WHERE, row-level security, pgaudit, and ours with a WHERE'
variants=(bare rls pgaudit ours)
preload=pgaudit
packages=("postgresql-$SG_PG_MAJOR-pgaudit")
rows=$((ROWS / 10 + 1))

setup() {
	local variant
	sql -c 'CREATE EXTENSION IF NOT EXISTS pgaudit' -c 'CREATE ROLE select_auditor' \
		-c 'CREATE ROLE select_partner' \
		-c 'CREATE TABLE select_partner_agency (role name, agency_id text)' \
		-c "INSERT INTO select_partner_agency
		    SELECT 'select_partner', 'bench-pd-' || n FROM generate_series(1, 100) AS n"
	for variant in "${variants[@]}"; do
		sql -c "CREATE TABLE select_$variant AS TABLE bench_source" \
			-c "VACUUM ANALYZE select_$variant" \
			-c "GRANT SELECT ON select_$variant, select_partner_agency TO select_partner"
	done
	sql -c 'GRANT SELECT ON select_pgaudit TO select_auditor' \
		-c 'ALTER TABLE select_rls ENABLE ROW LEVEL SECURITY' \
		-c 'CREATE POLICY partner ON select_rls TO select_partner USING (agency IN
		    (SELECT agency_id FROM select_partner_agency WHERE role = current_user))' \
		-c "ALTER DATABASE bench SET pgaudit.role = 'select_auditor'" \
		-c 'CREATE ROLE select_bound IN ROLE select_partner' \
		-c "INSERT INTO select_partner_agency
		    SELECT 'select_bound', agency_id FROM select_partner_agency" \
		-c "SELECT sharing_guard.bind_role('select_bound', 'bench-pd-7'),
		           sharing_guard.protect_records('select_ours', data_class => 'alpr',
		                                         query_elements => 'plate', mode => 'enforce')" >/dev/null
}
reset() { :; }
warm() { say "SET max_parallel_workers_per_gather = 0; SELECT count(*) FROM select_$1;"; }
statement() {
	local where role=select_partner
	if [ "$1" = ours ]; then role=select_bound; fi
	where=" WHERE agency IN (SELECT agency_id FROM select_partner_agency WHERE role = current_user)"
	if [ "$1" = rls ]; then where=; fi
	say "SET ROLE $role;
	     \\o /dev/null
	     SELECT * FROM select_$1$where;
	     \\o
	     RESET ROLE;"
}
finish() { sql -c 'ALTER DATABASE bench RESET pgaudit.role'; }
