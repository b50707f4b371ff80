# Seals and reviews through dump and restore, promotion and a copied database:
# the same root over what was sealed, its own events behind it, and what the log
# is now is said.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $errors = q{SELECT count(*), string_agg(problem || ' ' || detail, E'\n') FROM sharing_guard.verify_audit() WHERE severity = 'error'};
my $insert = sub { "INSERT INTO queue VALUES ($_[0], 'oakdale-pd', 'theft')" };

my $old = guarded_node('old', init => [ allows_streaming => 1 ]);
set_up_policy($old);
$old->safe_psql('guarded', q{
	\set superuser :USER
	CREATE ROLE alice LOGIN;
	SELECT sharing_guard.grant_auditor('alice');
	CREATE TABLE queue (id int PRIMARY KEY, dest text, why text);
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce');
	INSERT INTO queue SELECT i, 'oakdale-pd', '' FROM generate_series(1, 300) i;
	SELECT sharing_guard.seal();
	\c - alice
	SELECT sharing_guard.review_events('lawful', tag => 'no_purpose');
	SELECT sharing_guard.record_check('looked');
	SELECT sharing_guard.legal_hold('Doe v. Riverbend', record_key => '7');
	SELECT sharing_guard.close_period();
	SELECT sharing_guard.sign_off(1, 'I have reviewed this period.', 'nothing');
	\c - :superuser
	SELECT sharing_guard.seal()});

# What must be the same afterwards, by any means.
my $state = q{
	SELECT c.tree_size, c.root FROM sharing_guard.checkpoint c ORDER BY 1, 2;
	SELECT period_id, state, events, by_tag, end_index, root_at_close, signer, statement FROM sharing_guard.review_status ORDER BY 1;
	SELECT event_id, period_id, disposition FROM sharing_guard.audit ORDER BY 1;
	SELECT * FROM sharing_guard.signatures ORDER BY signature_id;
	SELECT * FROM sharing_guard.legal_holds};
my $at_dump = $old->safe_psql('guarded', $state);
my $size = $old->safe_psql('guarded', 'SELECT max(tree_size) FROM sharing_guard.checkpoint');
my $root = $old->safe_psql('guarded', "SELECT sharing_guard.tree_root($size)");

# Dump and restore.
my $new = guarded_node('new');
my $dump = $old->basedir . '/dump';
$old->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $old->connstr('guarded') ], 'pg_dump');
$new->safe_psql('postgres', 'CREATE ROLE alice LOGIN');
$new->command_ok([ 'pg_restore', '-1', '-d', $new->connstr('guarded'), $dump ], 'pg_restore');
is($new->safe_psql('guarded', $state), $at_dump, 'seals, periods, dispositions, signatures and holds are the same');
is($new->safe_psql('guarded', $errors), '0|', 'and verify');
is($new->safe_psql('guarded', 'SELECT count(*) FROM sharing_guard.act_defects()'), '0',
	'no act was recorded a second time');
$new->safe_psql('guarded', $insert->(1001));
ok($new->safe_psql('guarded', 'SELECT sharing_guard.seal()') > 0, 'the restore seals its own events');
is($new->safe_psql('guarded', "SELECT sharing_guard.tree_root($size)"), $root,
	'over what was sealed before, the root is the same');
is( $new->safe_psql('guarded', q{
		SELECT period_id, log_id = sharing_guard.log_id() FROM sharing_guard.audit_rows WHERE record_key = '1001'}),
	'2|t', 'its own events are in the open period, under an identity of its own');
is($new->safe_psql('guarded', $errors), '0|', 'and it all verifies');
$new->safe_psql('guarded', q{
	\c - alice
	SELECT sharing_guard.close_period()});
like(error_of($new, 'guarded', qq{\\c - alice\nSELECT sharing_guard.sign_off(1, '')}), qr/22023/, 'reviews go on');
is($new->safe_psql('guarded', q{
		\c - alice
		SELECT sharing_guard.sign_off(2, 'Reviewed after the restore.') IS NOT NULL}),
	't', 'and the next period is signed there');

# A standby that is promoted goes on with the same tree, on a new timeline.
$old->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($old, 'b', has_streaming => 1);
$standby->start;
$old->safe_psql('guarded', $insert->(1002));
$old->safe_psql('guarded', 'SELECT sharing_guard.seal()');
$old->wait_for_catchup($standby, 'replay', $old->lsn('write'));
is($standby->safe_psql('guarded', $errors), '0|', 'a standby verifies what it has');
$old->stop;
$standby->promote;
$standby->safe_psql('guarded', $insert->(1003));
$standby->safe_psql('guarded', 'SELECT sharing_guard.seal()');
is( $standby->safe_psql('guarded', 'SELECT string_agg(DISTINCT timeline::text, $$,$$ ORDER BY timeline::text) FROM sharing_guard.checkpoint'),
	'1,2', 'sealing goes on, and the new timeline is recorded');
is($standby->safe_psql('guarded', $errors), '0|', 'an honest failover is no fault');
is($standby->safe_psql('guarded', "SELECT sharing_guard.tree_root($size)"), $root, 'the root of before is that of before');

# A database that is made as a copy of another says so.
$standby->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'guarded' AND backend_type = 'client backend'");
$standby->stop;
$standby->append_conf('postgresql.conf', "sharing_guard.databases = 'copy'");
$standby->start;
$standby->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE guarded');
like($standby->safe_psql('copy', q{SELECT problem FROM sharing_guard.verify_audit() WHERE severity = 'warning'}),
	qr/database_copied/, 'a copied database is reported as one');

# One alert a day is in the server log.
my $late = guarded_node('late');
$late->safe_psql('guarded', q{
	CREATE EXTENSION sharing_guard;
	BEGIN;
	INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
	VALUES ('riverbend-pd', 'Riverbend Police Department', 'US-CA', 'local');
	INSERT INTO sharing_guard.setting (home_jurisdiction, agency, time_zone)
	VALUES ('US-CA', 'riverbend-pd', 'America/Los_Angeles');
	SELECT sharing_guard.open_periods(now() - interval '150 days', NULL);
	COMMIT;
	SELECT sharing_guard.review_tick()});
$late->safe_psql('guarded', 'SELECT sharing_guard.review_tick()') for 1 .. 3;
my $log = slurp_file($late->logfile);
my @alerts = $log =~ /(LOG:  review overdue: review period 1 of the sharing log must be signed since \d{4}-\d\d-\d\d; an auditor signs with sharing_guard\.sign_off\(\))$/mg;
is(scalar(@alerts), 1, 'an overdue review is said once a day in the server log');

done_testing();
