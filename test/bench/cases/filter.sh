# shellcheck shell=bash disable=SC2034,SC2153
about='a partner counts an export table, each row filtered: filter_reads, and a policy in SQL'
variants=(bare rls ours)
baseline=rls

# The policy in SQL asks whether a row's own agency may have it; filter_reads
# whether that one may, and whether the reader's agency may, by the sharing policy;
# and the read is recorded.  All rows pass.
setup() {
	sql -c 'CREATE ROLE filter_partner' \
		-c 'CREATE TABLE filter_bare AS TABLE bench_source' \
		-c 'CREATE TABLE filter_rls AS TABLE bench_source' \
		-c 'CREATE TABLE filter_ours (LIKE bench_source INCLUDING INDEXES)' \
		-c 'INSERT INTO filter_ours TABLE bench_source' \
		-c 'VACUUM ANALYZE filter_bare, filter_rls, filter_ours' \
		-c 'GRANT SELECT ON filter_bare, filter_rls, filter_ours, plain_agency TO filter_partner' \
		-c 'ALTER TABLE filter_rls ENABLE ROW LEVEL SECURITY' \
		-c "CREATE POLICY partner ON filter_rls TO filter_partner USING (agency IN
		    (SELECT agency_id FROM plain_agency WHERE state = 'CA' AND level <> 'federal' AND active))" \
		-c "SELECT sharing_guard.bind_role('filter_partner', 'bench-pd-7'),
		           sharing_guard.protect_export('filter_ours', destination => 'agency',
		               purpose => 'reason', query_elements => 'plate', data_class => 'alpr',
		               filter_reads => true, mode => 'enforce')" >/dev/null
}
reset() { :; }
warm() { say "SET max_parallel_workers_per_gather = 0; SELECT count(*) FROM filter_$1;"; }
statement() { say "SET ROLE filter_partner; SELECT count(*) FROM filter_$1; RESET ROLE;"; }
