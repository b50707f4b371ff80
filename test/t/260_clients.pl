# (This one takes long: only in check-world.)
# What people use beside SQL of their own works as it did: psql's \d family,
# pg_dump, ANALYZE, VACUUM, autovacuum, and what the usual clients ask the catalogs,
# for every role.  Each thing is done in a database without the extension and in
# one where the same tables are protected, and has to show the same.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main', databases => [ 'plain', 'guarded' ],
	conf => "autovacuum_naptime = 1\nautovacuum_vacuum_threshold = 5\nautovacuum_analyze_threshold = 5\nautovacuum_vacuum_scale_factor = 0\nautovacuum_analyze_scale_factor = 0");
my @roles = qw(partner admin auditor owner plain backup);

$node->safe_psql('postgres', join '; ', map { "CREATE ROLE $_ LOGIN" } @roles);
foreach my $database ('plain', 'guarded')
{
	$node->safe_psql($database, q{
		CREATE SCHEMA alpr AUTHORIZATION owner;
		GRANT USAGE ON SCHEMA alpr TO PUBLIC;
		SET ROLE owner;
		CREATE TABLE alpr.read (id int PRIMARY KEY, plate text NOT NULL, seen timestamptz DEFAULT '2026-01-01', camera int);
		CREATE INDEX read_plate ON alpr.read (plate);
		CREATE TABLE alpr.camera (id int PRIMARY KEY, place text);
		ALTER TABLE alpr.read ADD FOREIGN KEY (camera) REFERENCES alpr.camera;
		CREATE VIEW alpr.plates AS SELECT DISTINCT plate FROM alpr.read;
		CREATE TABLE alpr.by_year (id int, year int) PARTITION BY LIST (year);
		CREATE TABLE alpr.by_year_2026 PARTITION OF alpr.by_year FOR VALUES IN (2026);
		COMMENT ON COLUMN alpr.read.plate IS 'as it was read';
		INSERT INTO alpr.camera VALUES (1, 'Main Street');
		INSERT INTO alpr.read SELECT i, 'P' || i, '2026-01-01', 1 FROM generate_series(1, 100) i;
		INSERT INTO alpr.by_year VALUES (1, 2026);
		GRANT SELECT ON alpr.read, alpr.camera, alpr.plates, alpr.by_year, alpr.by_year_2026 TO partner, backup;
		ANALYZE alpr.read, alpr.camera, alpr.by_year});
}
set_up_policy($node);
$node->safe_psql('guarded', q{
	SELECT sharing_guard.grant_auditor('auditor');
	SELECT sharing_guard.grant_policy_admin('admin');
	SELECT sharing_guard.bind_role('partner', 'oakdale-pd');
	SELECT sharing_guard.bind_backup('backup');
	SELECT sharing_guard.protect_records('alpr.read', data_class => 'alpr', query_elements => 'plate', record_self_access => true, mode => 'enforce');
	SELECT sharing_guard.protect_records('alpr.by_year', data_class => 'alpr', record_self_access => true, mode => 'enforce')});
# Until here, what was there was read by nobody.
my $events = 'SELECT count(*) FROM sharing_guard.audit';
is($node->safe_psql('guarded', $events), '0', 'nothing is recorded yet');

# What psql shows of relations.  (Not \d+ of partitioned tables' sizes and such,
# which are the same only by chance.)
my @psql = (
	'\d alpr.*', '\d+ alpr.read', '\d+ alpr.plates', '\d+ alpr.by_year', '\dt alpr.*', '\di alpr.*', '\dv+ alpr.*',
	'\dm alpr.*', '\ds alpr.*', '\dp alpr.*', '\z alpr.*', '\dP+ alpr.*', '\dn+ alpr', '\ddp', '\dE', '\det', '\des',
	'\dew', '\deu', '\dD', '\dC int4', '\dT alpr.*', '\do alpr.*', '\dRp', '\dRs', '\dX', '\du partner', '\drds', '\db',
	'\dA', '\dL', '\dF', '\sv alpr.plates');
# These show what the extension has, so that they only have to work.
my @psql_own = (
	'\d', '\d sharing_guard.audit', '\dx', '\dx+ sharing_guard', '\df sharing_guard.*', '\dn+', '\dy', '\l+', '\dt+ *.*',
	'\sf sharing_guard.begin_disclosure');

# What clients ask when they show a tree of objects or a table's columns, in
# their manner: DatabaseMetaData of a driver, object browsers, ORMs.
my @queries = (
	# tables
	q{SELECT NULL AS table_cat, n.nspname AS table_schem, c.relname AS table_name,
		CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'PARTITIONED TABLE' WHEN 'v' THEN 'VIEW' WHEN 'i' THEN 'INDEX' END AS table_type,
		d.description AS remarks
	FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c
		LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass)
	WHERE c.relnamespace = n.oid AND n.nspname LIKE 'alpr' ORDER BY table_type, table_schem, table_name},
	# columns
	q{SELECT n.nspname, c.relname, a.attname, a.atttypid::regtype, a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,
		a.atttypmod, a.attlen, row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') AS attidentity,
		pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc, dsc.description
	FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)
		JOIN pg_catalog.pg_attribute a ON (a.attrelid = c.oid) JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)
		LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid = def.adrelid AND a.attnum = def.adnum)
		LEFT JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid)
	WHERE c.relkind IN ('r', 'p', 'v', 'f', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname = 'alpr' ORDER BY 1, 2, attnum},
	# keys and indexes
	q{SELECT ct.relname, i.indisunique, ci.relname, am.amname, pg_catalog.pg_get_indexdef(ci.oid, k.n, false), ci.reltuples >= 0
	FROM pg_catalog.pg_class ct JOIN pg_catalog.pg_index i ON ct.oid = i.indrelid JOIN pg_catalog.pg_class ci ON ci.oid = i.indexrelid
		JOIN pg_catalog.pg_am am ON ci.relam = am.oid, generate_series(1, i.indnatts) AS k (n)
	WHERE ct.relnamespace = 'alpr'::regnamespace ORDER BY 1, 3, k.n},
	q{SELECT conname, contype, conrelid::regclass, confrelid::regclass, pg_catalog.pg_get_constraintdef(oid, true)
	FROM pg_catalog.pg_constraint WHERE connamespace = 'alpr'::regnamespace ORDER BY 1},
	# rights, and whether one may
	q{SELECT c.relname, has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE'), pg_catalog.array_to_string(c.relacl, ',')
	FROM pg_catalog.pg_class c WHERE c.relnamespace = 'alpr'::regnamespace ORDER BY 1},
	# an object browser's tables, with size, rows and partitions
	q{SELECT c.relname, pg_catalog.pg_get_userbyid(c.relowner), c.reltuples, c.relrowsecurity, c.relforcerowsecurity, c.relhassubclass,
		pg_catalog.pg_get_expr(c.relpartbound, c.oid), pg_catalog.pg_get_partkeydef(c.oid), pg_catalog.obj_description(c.oid, 'pg_class')
	FROM pg_catalog.pg_class c WHERE c.relnamespace = 'alpr'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1},
	q{SELECT c.relname, pg_catalog.pg_total_relation_size(c.oid) >= 0, pg_catalog.pg_relation_filepath(c.oid) IS NOT NULL
	FROM pg_catalog.pg_class c WHERE c.oid IN ('alpr.read'::regclass, 'alpr.by_year'::regclass) ORDER BY 1},
	q{SELECT t.tgname, t.tgrelid::regclass FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
	WHERE c.relnamespace = 'alpr'::regnamespace AND NOT t.tgisinternal ORDER BY 1},
	q{SELECT r.rulename, pg_catalog.pg_get_ruledef(r.oid, true) FROM pg_catalog.pg_rewrite r WHERE r.ev_class = 'alpr.plates'::regclass},
	# information_schema
	q{SELECT table_name, table_type, is_insertable_into FROM information_schema.tables WHERE table_schema = 'alpr' ORDER BY 1},
	q{SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'alpr' ORDER BY 1, ordinal_position},
	q{SELECT table_name, constraint_name, constraint_type FROM information_schema.table_constraints WHERE table_schema = 'alpr' AND constraint_name NOT LIKE '%not_null' ORDER BY 1, 2},
	q{SELECT grantee, table_name, privilege_type FROM information_schema.role_table_grants WHERE table_schema = 'alpr' ORDER BY 1, 2, 3},
	q{SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = 'alpr'},
	# statistics, activity, settings
	q{SELECT tablename, attname, n_distinct, most_common_vals FROM pg_catalog.pg_stats WHERE schemaname = 'alpr' ORDER BY 1, 2},
	q{SELECT relname, n_live_tup >= 0 FROM pg_catalog.pg_stat_user_tables WHERE schemaname = 'alpr' ORDER BY 1},
	q{SELECT count(*) > 0 FROM pg_catalog.pg_stat_activity},
	q{SELECT count(*) >= 0 FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation},
	q{SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ('server_version', 'TimeZone', 'search_path')},
	# a session's beginning and a pooler's end of it
	q{SET extra_float_digits = 3; SET application_name = 'Browser - Main'; SHOW search_path; SELECT current_schema(), session_user, pg_catalog.pg_is_in_recovery()},
	q{BEGIN READ ONLY; SELECT 1; ROLLBACK; DISCARD ALL},
	# the plan of a query, which is not run
	q{EXPLAIN (COSTS OFF) SELECT * FROM alpr.read WHERE plate = 'P1'});

sub as_role
{
	my ($role, $database, $sql) = @_;
	my ($status, $out, $err) = $node->psql($database, $sql,
		connstr => $node->connstr($database) . " user=$role", on_error_stop => 1);

	return "$status\n$out\n$err";
}

foreach my $role (@roles)
{
	my @other;

	foreach my $sql (@psql, @queries)
	{
		my ($before, $now) = map { as_role($role, $_, $sql) } 'plain', 'guarded';

		$before =~ s/ in database "plain"//g;
		push @other, "$sql\n$before\nis now\n$now" if $before ne $now;
	}
	is(join("\n", @other), '', "$role: " . (@psql + @queries) . ' commands and queries show what they did');

	my @failed = grep { as_role($role, 'guarded', $_) !~ /^0\n.*\n$/s } @psql_own;
	is(join("\n", map { "$_\n" . as_role($role, 'guarded', $_) } @failed), '', "$role: " . @psql_own . ' more work');
}
is($node->safe_psql('guarded', $events), '0', 'and nothing of that is a disclosure');

# Maintenance of tables, by their owner.
my %maintenance = (
	'ANALYZE' => 'ANALYZE alpr.read',
	'VACUUM' => 'VACUUM alpr.read; VACUUM (FULL, ANALYZE) alpr.read',
	'REINDEX' => 'REINDEX TABLE alpr.read',
	'CLUSTER' => 'CLUSTER alpr.read USING read_plate',
	'ALTER TABLE' => 'ALTER TABLE alpr.read ADD note text, ALTER note SET DEFAULT 1',
	'CREATE INDEX' => 'CREATE INDEX ON alpr.read (seen)',
	'UPDATE' => 'UPDATE alpr.read SET camera = 1');
foreach my $name (sort keys %maintenance)
{
	is(as_role('owner', 'guarded', $maintenance{$name}), as_role('owner', 'plain', $maintenance{$name}), "$name by the owner");
}

# (The last of them may have left autovacuum nothing to do.)
as_role('owner', 'guarded', 'UPDATE alpr.read SET camera = 1');
$node->poll_query_until('guarded', q{SELECT autovacuum_count > 0 AND autoanalyze_count > 0 FROM pg_stat_user_tables WHERE relid = 'alpr.read'::regclass});
is($node->safe_psql('guarded', $events), '0', 'nor is that, or what autovacuum did');
# pg_dump by whoever could: the same script, which restores.
sub dump_as
{
	my ($role, $database, @options) = @_;
	my ($out, $err);

	run_log([ 'pg_dump', '--no-sync', '-U', $role, '-d', $node->connstr($database), @options ], '>', \$out, '2>', \$err);
	$out =~ s/^\\(un)?restrict .*\n//mg;
	return "$out$err";
}
foreach my $role ('owner', 'backup')
{
	my ($before, $now) = map { [ split /\n/, dump_as($role, $_, '--schema-only', '--schema', 'alpr') ] } 'plain', 'guarded';
	is_deeply($now, $before, "$role: pg_dump of the tables' definitions");
	ok((grep { /CREATE TABLE alpr.read/ } @$now), 'which are there');
}
my ($before, $now) = map { [ sort split /\n/, dump_as('backup', $_, '--schema', 'alpr', '--exclude-table', 'alpr.by_year*') ] } 'plain', 'guarded';
is_deeply($now, $before, 'backup: pg_dump with the rows');
is($node->safe_psql('guarded', q{SELECT channel || ' ' || destination_class || ' ' || outcome || ' ' || count(*) FROM sharing_guard.audit GROUP BY channel, destination_class, outcome}),
	'copy self allow 1', 'which is on record, as a backup');
$node->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
my $script = dump_as('backup', 'guarded', '--schema', 'alpr');
$script =~ s/^.*?(?=^--)//s;
$node->safe_psql('restored', $script);
is($node->safe_psql('restored', 'SELECT count(*) FROM alpr.read'), '100', 'and restores, where nothing is guarded');

done_testing();
