# An auditor's own server: logical replication brings the logs of two agencies
# beside each other, with seals and reviews; what was changed at a source is
# found there, and a signature made there is brought back.
# One command: bash test/run 160_offhost

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my %node;
for my $agency (qw(city county))
{
	$node{$agency} = guarded_node($agency);
	set_up_policy($node{$agency});
	$node{$agency}->safe_psql('guarded', qq{
		CREATE ROLE clerk LOGIN;
		CREATE ROLE ${agency}_auditor LOGIN;
		SELECT sharing_guard.grant_auditor('${agency}_auditor');
		CREATE TABLE queue (id int PRIMARY KEY, dest text, why text);
		GRANT INSERT ON queue TO clerk;
		SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce');
		\\set superuser :USER
		\\c - clerk
		INSERT INTO queue SELECT i, 'oakdale-pd', CASE WHEN i % 3 = 0 THEN '' ELSE 'theft' END FROM generate_series(1, 9) i;
		\\c - :superuser
		SELECT sharing_guard.seal();
		SELECT sharing_guard.publish_audit();
		CREATE ROLE audit_copy LOGIN REPLICATION;
		GRANT USAGE ON SCHEMA sharing_guard TO audit_copy;
		GRANT SELECT ON ALL TABLES IN SCHEMA sharing_guard TO audit_copy});
}
my ($city, $county) = @node{qw(city county)};
my $city_tree = $city->safe_psql('guarded', 'SELECT sharing_guard.own_tree()');
my $county_tree = $county->safe_psql('guarded', 'SELECT sharing_guard.own_tree()');

# At the county somebody has changed an event before it was ever copied.
my $edited = $county->safe_psql('guarded', q{
	SELECT event_id FROM sharing_guard.audit_rows WHERE record_key = '2'});
$county->safe_psql('guarded', qq{
	ALTER TABLE sharing_guard.event DISABLE TRIGGER protect_rows;
	UPDATE sharing_guard.event SET destination = 'cedar-so' WHERE event_id = '$edited';
	ALTER TABLE sharing_guard.event ENABLE ALWAYS TRIGGER protect_rows});

my $auditor = guarded_node('auditor', conf => 'max_logical_replication_workers = 8');
$auditor->safe_psql('guarded', q{
	CREATE EXTENSION sharing_guard;
	SELECT sharing_guard.configure('US-CA', 'Office of the Auditor', 'America/Los_Angeles');
	CREATE ROLE alice LOGIN;
	SELECT sharing_guard.grant_auditor('alice')});
for my $agency (qw(city county))
{
	my $connection = $node{$agency}->connstr . ' dbname=guarded user=audit_copy';
	$auditor->safe_psql('guarded',
		"CREATE SUBSCRIPTION $agency CONNECTION '$connection' PUBLICATION sharing_guard_audit");
	$auditor->wait_for_subscription_sync($node{$agency}, $agency, 'guarded');
}

# All is there, each under its own tree.
my $digest = sub {
	my ($tree) = @_;
	return qq{SELECT count(*), md5(string_agg(e::text, '' ORDER BY e.event_id)) FROM sharing_guard.event e
		WHERE sharing_guard.event_tree(e.event_id) = '$tree'};
};
is($auditor->safe_psql('guarded', $digest->($city_tree)), $city->safe_psql('guarded', $digest->($city_tree)),
	'the city\'s events are the same here and there');
is( $auditor->safe_psql('guarded', 'SELECT count(*), count(DISTINCT log_id) FROM sharing_guard.audit_rows'),
	'18|2', 'both agencies are in the views, told apart by log_id');
is( $auditor->safe_psql('guarded', qq{
		SELECT period_id, state, disclosures FROM sharing_guard.review_status WHERE tree_id = '$city_tree'}),
	$city->safe_psql('guarded', q{SELECT period_id, state, disclosures FROM sharing_guard.review_status}),
	'and so is the review status');

# Verified on the auditor's server: the city's log is whole, and of the county's
# the event that was changed is named.
is($auditor->safe_psql('guarded', qq{SELECT count(*) FROM sharing_guard.period_defects('$city_tree', 1)}),
	'0', 'the city\'s log verifies');
like($auditor->safe_psql('guarded', qq{SELECT string_agg(detail, E'\\n') FROM sharing_guard.period_defects('$county_tree', 1)}),
	qr/\Q$edited\E/, 'the county\'s does not, and the event is named');

# What is appended comes by itself.
$city->safe_psql('guarded', q{
	\c - clerk
	INSERT INTO queue VALUES (10, 'oakdale-pd', 'arson');
	\c - city_auditor
	SELECT sharing_guard.review_events('lawful', tag => 'no_purpose');
	SELECT sharing_guard.close_period()});
$city->wait_for_catchup('city');
is($auditor->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.audit_rows WHERE record_key = '10'}),
	'1', 'a new event arrives');
is($auditor->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.audit_rows WHERE disposition = 'lawful'}),
	'3', 'and reviews made at the source');
is($auditor->safe_psql('guarded', qq{SELECT count(*) FROM sharing_guard.period_defects('$city_tree', 1)}),
	'0', 'it still verifies');
is( $auditor->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.act_defects()}),
	'0', 'reviews and their events agree');

# Signed there, brought to the source.
my $statement = $auditor->safe_psql('guarded', qq{
	\\c - alice
	SELECT sharing_guard.sign_off(1, 'I have reviewed the copy of this period.', 'three blank purposes', tree => '$city_tree')});
like($statement, qr/^sharing_guard sign-off 1\ntree: \Q$city_tree\E\nperiod: 1\n/, 'a signature under the copy is a statement');
like(error_of($auditor, 'guarded', qq{
		\\c - alice
		SELECT sharing_guard.sign_off(1, 'I have reviewed it.', tree => '$county_tree')}),
	qr/55000|XX001/, 'what is open or broken is not signed');
my $import = sub {
	my ($role, $text) = @_;
	return qq{\\c - $role
		SELECT sharing_guard.import_sign_off(\$statement\$$text\n\$statement\$, 'MEUCIQ') IS NOT NULL};
};
(my $forged = $statement) =~ s/root: "(.)/'root: "' . ($1 eq 'A' ? 'B' : 'A')/e;
like(error_of($city, 'guarded', $import->('city_auditor', $forged)), qr/XX001: what was signed is not what this log holds/,
	'another root is refused');
like(error_of($city, 'guarded', $import->('clerk', $statement)), qr/42501/, 'nobody but an auditor brings it');
like(error_of($county, 'guarded', $import->('county_auditor', $statement)), qr/22023: this statement is about another log/,
	'and to its own log alone');
is($city->safe_psql('guarded', $import->('city_auditor', $statement)), 't', 'the source takes it');
is( $city->safe_psql('guarded', q{SELECT state, signer, statement, findings FROM sharing_guard.review_status WHERE period_id = 1}),
	'signed|alice|I have reviewed the copy of this period.|three blank purposes', 'and the period is signed');
like(error_of($city, 'guarded', $import->('city_auditor', $statement)), qr/23505/, 'once');
$city->wait_for_catchup('city');
is( $auditor->safe_psql('guarded', qq{SELECT count(*) FROM sharing_guard.signatures WHERE tree_id = '$city_tree'}),
	'2', 'what the source recorded comes back beside what was signed here');

# A source that was truncated, or forged anew with all its seals, disagrees with
# the copy.
my $compare = sub {
	my ($proof) = @_;
	my $checkpoint = $city->safe_psql('guarded', 'SELECT sharing_guard.checkpoint()');
	my ($copied, $size) = ($auditor->safe_psql('guarded', qq{
		SELECT max(tree_size) FROM sharing_guard.checkpoint WHERE tree_id = '$city_tree'}),
		(split /\n/, $checkpoint)[1]);
	my $argument = $proof && $size > $copied
	  ? ", '" . $city->safe_psql('guarded', "SELECT sharing_guard.consistency_proof($copied, $size)") . "'" : '';

	return $auditor->safe_psql('guarded',
		qq{SELECT sharing_guard.compare_checkpoint(\$c\$$checkpoint\n\$c\$, '$city_tree'$argument)});
};
my $tamper = sub {
	my ($sql) = @_;
	return qq{DO \$\$
		DECLARE t text;
		BEGIN
			FOREACH t IN ARRAY ARRAY['event', 'checkpoint', 'tile', 'bundle', 'nonce'] LOOP
				EXECUTE format('ALTER TABLE sharing_guard.%I DISABLE TRIGGER protect_rows', t);
			END LOOP;
			$sql;
			FOREACH t IN ARRAY ARRAY['event', 'checkpoint', 'tile', 'bundle', 'nonce'] LOOP
				EXECUTE format('ALTER TABLE sharing_guard.%I ENABLE ALWAYS TRIGGER protect_rows', t);
			END LOOP;
		END \$\$};
};
like($compare->(), qr/^agrees/, 'an honest source agrees with the copy');
$auditor->safe_psql('guarded', 'ALTER SUBSCRIPTION city DISABLE');
$city->safe_psql('guarded', q{
	INSERT INTO queue VALUES (11, 'oakdale-pd', 'arson');
	SELECT sharing_guard.seal()});
like($compare->(), qr/^ahead/, 'one that goes on is ahead');
like($compare->(1), qr/^agrees/, 'and proves that it only appended');
$city->safe_psql('guarded', $tamper->(q{
	DELETE FROM sharing_guard.checkpoint WHERE tree_size IN (
		SELECT tree_size FROM sharing_guard.checkpoint ORDER BY tree_size DESC LIMIT 2)}));
like($compare->(), qr/^behind/, 'one that was truncated is behind');
$city->safe_psql('guarded', $tamper->(q{
	DELETE FROM sharing_guard.checkpoint; DELETE FROM sharing_guard.tile;
	DELETE FROM sharing_guard.bundle; DELETE FROM sharing_guard.nonce;
	DELETE FROM sharing_guard.event WHERE kind = 'disclosure' AND record_key = '10'}));
$city->safe_psql('guarded', 'SELECT sharing_guard.seal()');
like($compare->(1), qr/^differs/, 'one that was sealed anew, without an event, differs');
$auditor->safe_psql('guarded', 'ALTER SUBSCRIPTION city ENABLE');

# The copy is guarded like the log itself.
for my $attempt ("UPDATE sharing_guard.event SET destination = 'x'", 'DELETE FROM sharing_guard.bundle',
	'TRUNCATE sharing_guard.checkpoint')
{
	like(error_of($auditor, 'guarded', $attempt), qr/SG008/, "on the copy: $attempt");
}
like(error_of($auditor, 'guarded', q{SET SESSION AUTHORIZATION alice; SELECT * FROM sharing_guard.event}),
	qr/42501/, 'an auditor reads its views, not the table');

# The auditor's server has a log of its own.
is( $auditor->safe_psql('guarded', q{
		SELECT count(*) > 0 FROM sharing_guard.policy_changes c
		WHERE c.relation = 'sharing_guard.setting' AND c.log_id = sharing_guard.log_id()}),
	't', 'what is changed there is in its own log');

$auditor->safe_psql('guarded', "DROP SUBSCRIPTION $_") for qw(city county);
done_testing();
