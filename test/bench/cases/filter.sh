# shellcheck shell=bash disable=SC2034,SC2153
about="a partner reads an export table, and gets its own agency's rows: filter_reads, and a policy in SQL"
variants=(rls ours)
baseline=rls

# The policy asks for the agency alone; filter_reads for what the sharing policy
# says of each row, and it is recorded.
setup() {
	sql -c 'CREATE ROLE filter_partner' \
		-c "CREATE TABLE filter_agency AS SELECT 'filter_partner'::name AS role, 'bench-pd-7' AS agency_id" \
		-c 'CREATE TABLE filter_rls AS TABLE bench_source' \
		-c 'CREATE TABLE filter_ours (LIKE bench_source INCLUDING INDEXES)' \
		-c 'INSERT INTO filter_ours TABLE bench_source' \
		-c 'VACUUM ANALYZE filter_rls, filter_ours' \
		-c 'GRANT SELECT ON filter_rls, filter_ours, filter_agency TO filter_partner' \
		-c 'ALTER TABLE filter_rls ENABLE ROW LEVEL SECURITY' \
		-c 'CREATE POLICY partner ON filter_rls TO filter_partner USING (agency IN
		    (SELECT agency_id FROM filter_agency WHERE role = current_user))' \
		-c "SELECT sharing_guard.bind_role('filter_partner', 'bench-pd-7'),
		           sharing_guard.protect_export('filter_ours', destination => 'agency',
		               purpose => 'reason', query_elements => 'plate', data_class => 'alpr',
		               filter_reads => true)" >/dev/null
}
reset() { :; }
warm() { say "SET max_parallel_workers_per_gather = 0; SELECT count(*) FROM filter_$1;"; }
statement() {
	say "SET ROLE filter_partner;
	     \\o /dev/null
	     SELECT * FROM filter_$1;
	     \\o
	     RESET ROLE;"
}
