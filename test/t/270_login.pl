# Who logged in, as events have it: by the authentication method, when the role
# has been renamed since, in processes that nobody logged in to, in the server
# log and in a copy on another server.
# One command: bash test/run 270_login

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main');
set_up_policy($node);
my $superuser = $node->safe_psql('guarded', 'SELECT current_user');
$node->safe_psql('guarded', q{
	SET password_encryption = 'scram-sha-256';
	CREATE ROLE clerk LOGIN PASSWORD 'secret';
	CREATE ROLE "Odd: Name" LOGIN SUPERUSER PASSWORD 'secret';
	CREATE TABLE queue (id int PRIMARY KEY, dest text, why text);
	GRANT INSERT ON queue TO clerk;
	SELECT sharing_guard.protect_export('queue', record_key => 'id', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce')});

my $hba = $node->data_dir . '/pg_hba.conf';
my $rules = slurp_file($hba);
open(my $out, '>', $hba) or die $!;
print $out "local all clerk scram-sha-256\nlocal all \"Odd: Name\" scram-sha-256\n$rules";
close $out;
$node->reload;
$ENV{PGPASSWORD} = 'secret';

my $as = sub {
	my ($role, $sql) = @_;
	return $node->safe_psql('guarded', $sql, extra_params => [ '-U', $role ]);
};
my $who = sub {
	my ($key) = @_;
	return $node->safe_psql('guarded', qq{
		SELECT username, session_role, authenticated_login, authenticated_identity
		FROM sharing_guard.audit_rows WHERE record_key = '$key'});
};

$as->('clerk', q{INSERT INTO queue VALUES (1, 'oakdale-pd', 'theft')});
is($who->(1), 'clerk|clerk|clerk|scram-sha-256:clerk', 'the identity is that of the authentication method');
$as->('Odd: Name', q{SET SESSION AUTHORIZATION clerk; INSERT INTO queue VALUES (2, 'oakdale-pd', 'theft')});
is($who->(2), 'Odd: Name|clerk|Odd: Name|scram-sha-256:Odd: Name', 'a superuser as another is named');
$node->safe_psql('guarded', q{INSERT INTO queue VALUES (3, 'oakdale-pd', 'theft')});
is($who->(3), "$superuser|$superuser|$superuser|", 'where the method knows nobody, there is no identity');

like(error_of($node, 'guarded', q{
		SET SESSION AUTHORIZATION clerk;
		SELECT sharing_guard.require_login('try')}), qr/permission denied/, 'the check is not for everybody');
$node->safe_psql('guarded', q{SELECT sharing_guard.grant_auditor('clerk')});
like(error_of($node, 'guarded', q{
		SET SESSION AUTHORIZATION clerk;
		SELECT sharing_guard.record_check('looked')}),
	qr/42501: cannot record a check in the name of another login.*logged in as "$superuser" and acts as "clerk"/s,
	'a refusal names both');

# A login that is renamed in the midst of its session.
$as->('Odd: Name', q{
	SET SESSION AUTHORIZATION clerk;
	RESET SESSION AUTHORIZATION;
	\setenv PGPASSWORD
	\! psql -X -U } . $superuser . q{ -c 'ALTER ROLE "Odd: Name" RENAME TO plain'
	SET SESSION AUTHORIZATION clerk;
	INSERT INTO queue VALUES (4, 'oakdale-pd', 'theft')});
is($who->(4), 'Odd: Name|clerk|Odd: Name|scram-sha-256:Odd: Name', 'a login keeps the name that it logged in with');

# A refusal goes through the writer: its own process has no login, and the event
# has the session's.
like($node->psql('guarded', q{INSERT INTO queue VALUES (5, 'springs-pd', 'civil immigration enforcement')},
	extra_params => [ '-U', 'clerk' ]), qr/[123]/, 'a refusal');
is($who->(5), 'clerk|clerk|clerk|scram-sha-256:clerk', 'and who was refused');
is($node->safe_psql('guarded', q{
		SELECT count(*) > 0, count(authenticated_login) FROM sharing_guard.event WHERE kind = 'health'}),
	't|0', 'nobody logged in to the writer');

# Where the log cannot be written to, the line of the server log has it.
$node->safe_psql('guarded', q{
	CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''full''; END';
	CREATE TRIGGER fail BEFORE INSERT ON sharing_guard.event FOR EACH ROW EXECUTE FUNCTION fail()});
my $offset = -s $node->logfile;
$node->psql('guarded', q{INSERT INTO queue VALUES (6, 'oakdale-pd', 'theft')}, extra_params => [ '-U', 'clerk' ]);
like(slurp_file($node->logfile, $offset), qr/"authenticated_login":"clerk","authenticated_identity":"scram-sha-256:clerk"/,
	'the line of the server log names the login');
$node->safe_psql('guarded', 'DROP TRIGGER fail ON sharing_guard.event');

# Parallel workers and an apply worker have no login, and do not mind.
is($as->('clerk', q{
		SET force_parallel_mode = on;
		SELECT count(*) FROM generate_series(1, 10)}), '10', 'parallel query')
  if $node->pg_version < 16;
my $subscriber = guarded_node('subscriber');
set_up_policy($subscriber);
$subscriber->safe_psql('guarded', q{
	CREATE TABLE outbox (id int PRIMARY KEY, dest text, why text);
	SELECT sharing_guard.protect_export('outbox', record_key => 'id', destination => 'dest', purpose => 'why', data_class => 'rms', mode => 'enforce')});
$node->safe_psql('guarded', q{
	CREATE TABLE outbox (id int PRIMARY KEY, dest text, why text);
	CREATE PUBLICATION p FOR TABLE outbox});
my $connection = $node->connstr . ' dbname=guarded';
$subscriber->safe_psql('guarded', "CREATE SUBSCRIPTION s CONNECTION '$connection' PUBLICATION p");
$subscriber->wait_for_subscription_sync($node, 's');
$node->safe_psql('guarded', q{INSERT INTO outbox VALUES (7, 'oakdale-pd', 'theft')});
$node->wait_for_catchup('s');
is($subscriber->safe_psql('guarded', q{
		SELECT username = session_role, authenticated_login IS NULL, authenticated_identity IS NULL
		FROM sharing_guard.audit_rows WHERE record_key = '7'}),
	't|t|t', 'an apply worker has no login');

$subscriber->safe_psql('guarded', 'DROP SUBSCRIPTION s');
$subscriber->stop;
$node->stop;
done_testing();
