# Events that are damaged, or hold bytes that have no form in UTF-8: they are
# sealed, told of, and keep neither sealing nor signing nor reading from going on.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my %odd = (
	sql_ascii => [ "convert_from('\\x63616ee9ff', 'SQL_ASCII')", 'can\\xe9\\xff' ],
	win1252 => [ "'stra' || chr(223) || 'e' || chr(129)", "stra\xc3\x9fe\\x81" ],
	euc_jp => [ "convert_from('\\x61a9a1', 'EUC_JP')", 'a\\xa9\\xa1' ]);

my $node = guarded_node('main', init => [ $ENV{SG_PG_MAJOR} >= 18 ? (extra => ['--no-data-checksums']) : () ]);
$node->safe_psql('postgres',
	"CREATE DATABASE $_ ENCODING '$_' LOCALE 'C' TEMPLATE template0") for sort keys %odd;
$node->append_conf('postgresql.conf', "sharing_guard.databases = 'guarded, " . join(', ', sort keys %odd) . "'");
$node->restart;

my $problems = q{SELECT coalesce(string_agg(DISTINCT severity || ' ' || problem, ','), 'none') FROM sharing_guard.verify_audit()};

sub prepare
{
	my ($database) = @_;
	set_up_policy($node, $database);
	$node->safe_psql($database, q{
		CREATE TABLE queue (id text PRIMARY KEY, dest text, why text, case_no text);
		SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why',
			case_number => 'case_no', data_class => 'rms', mode => 'enforce')});
	return;
}

sub signed
{
	my ($database, $statement) = @_;
	$node->psql('postgres', 'CREATE ROLE alice LOGIN');
	$node->safe_psql($database, q{SELECT sharing_guard.grant_auditor('alice')});
	$node->safe_psql($database, q{SELECT sharing_guard.close_period()}, extra_params => [ '-U', 'alice' ]);
	return $node->safe_psql($database, "SELECT sharing_guard.sign_off(1, '$statement') LIKE 'sharing_guard sign-off 1%'",
		extra_params => [ '-U', 'alice' ]);
}

for my $encoding (sort keys %odd)
{
	my ($value, $shown) = @{ $odd{$encoding} };
	prepare($encoding);
	$node->safe_psql($encoding, qq{
		INSERT INTO queue VALUES (1, 'oakdale-pd', 'theft', $value), (2, 'oakdale-pd', 'theft', 'plain');
		INSERT INTO queue VALUES ($value, 'oakdale-pd', $value, NULL);
		INSERT INTO sharing_guard.agency (agency_id, name, jurisdiction, level)
		VALUES ('odd', $value, 'US-CA', 'local')});
	ok($node->safe_psql($encoding, 'SELECT sharing_guard.seal()') > 0, "$encoding: it is sealed");
	is($node->safe_psql($encoding, $problems), 'none', 'and verifies');
	is( $node->safe_psql($encoding, q{
			SET client_encoding = 'UTF8';
			SELECT string_agg(DISTINCT coalesce(case_number, record_key), ' ')
			FROM sharing_guard.audit_rows WHERE case_number IS DISTINCT FROM 'plain'}),
		$shown, 'a client in UTF-8 reads it');
	$node->safe_psql($encoding, q{
		SET client_encoding = 'UTF8';
		SELECT * FROM sharing_guard.audit; SELECT * FROM sharing_guard.policy_changes;
		SELECT sharing_guard.explain_event(event_id) FROM sharing_guard.audit;
		SELECT sharing_guard.explain_event(event_id) FROM sharing_guard.policy_changes});
	is(signed($encoding, 'looked'), 't', 'the period is signed');

	# Raw bytes and the same as text are two values.
	is( $node->safe_psql($encoding, qq{
			BEGIN;
			ALTER TABLE sharing_guard.event DISABLE TRIGGER ALL;
			UPDATE sharing_guard.event SET record_key = 'can\\xe9\\xff' WHERE record_key = $value;
			$problems}),
		'error event_altered', 'other bytes in their place are a change');
}

# A conversion that somebody has created, and that search_path finds before the
# server's own, changes nothing that is sealed.
is( $node->safe_psql('euc_jp', qq{
		CREATE SCHEMA s;
		CREATE DEFAULT CONVERSION s.c FOR 'EUC_JP' TO 'UTF8' FROM euc_jp_to_utf8;
		SET search_path = s, pg_catalog;
		$problems}),
	'none', 'only the server\'s own conversions count');

# A long value that is torn: before it is sealed, and after.
prepare('guarded');
my $keys = sub { "INSERT INTO queue SELECT '$_[0]' || md5('$_[0]' || i), 'oakdale-pd', 'theft', '$_[0]' FROM generate_series(1, 3000) i" };
$node->safe_psql('guarded', $keys->('sealed'));
$node->safe_psql('guarded', 'SELECT sharing_guard.seal()');
my $toast = $node->safe_psql('guarded', q{SELECT pg_relation_filepath(reltoastrelid) FROM pg_class WHERE oid = 'sharing_guard.event'::regclass});
my $heap = $node->safe_psql('guarded', q{SELECT pg_relation_filepath('sharing_guard.event')});
my $sealed_to = $node->safe_psql('guarded', q{CHECKPOINT; SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = 'sharing_guard.event'::regclass});
$node->safe_psql('guarded', $keys->('torn'));
$node->safe_psql('guarded', q{INSERT INTO queue VALUES ('whole', 'oakdale-pd', 'theft', 'whole')});

sub damage
{
	my ($file, $change) = @_;
	my $path = $node->data_dir . "/$file";
	my $bytes = slurp_file($path);
	$change->($bytes);
	open(my $out, '>:raw', $path) or die;
	print $out $bytes;
	close($out);
	return;
}

$node->stop;
damage($toast, sub {
	die if length($_[0]) < $sealed_to + 16384;
	substr($_[0], -8192) = "\0" x 8192 });
$node->start;
ok($node->safe_psql('guarded', 'SELECT sharing_guard.seal()') >= 3, 'a torn value does not end sealing');
is($node->safe_psql('guarded', $problems), 'warning event_unreadable', 'and is told of');
is( $node->safe_psql('guarded', q{
		SELECT case_number, count(*) FROM sharing_guard.audit_rows WHERE case_number IN ('torn', 'whole') GROUP BY 1 ORDER BY 1}),
	"torn|3000\nwhole|1", 'the views go on');
is($node->safe_psql('guarded', q{SELECT count(DISTINCT record_key) FROM sharing_guard.audit_rows WHERE case_number = 'torn'}),
	'1', 'and say what is damaged');
like($node->safe_psql('guarded', q{SELECT sharing_guard.explain_event(event_id) FROM sharing_guard.audit WHERE case_number = 'torn'}),
	qr/oakdale/i, 'it is explained as far as it can be read');
is( $node->safe_psql('guarded', q{
		SELECT count(*) FROM sharing_guard.audit a, sharing_guard.inclusion_proof(a.event_id) p
		WHERE case_number = 'torn' AND sharing_guard.verify_inclusion(p.leaf_hash, p.index, p.size, p.proof, p.root)}),
	'1', 'that it took place is proved');
like($node->safe_psql('guarded', q{SELECT encode(sharing_guard.canonical_entry(event_id), 'escape') FROM sharing_guard.audit WHERE case_number = 'torn'}),
	qr/^SGU/, 'and its entry is a tombstone');
is(signed('guarded', 'looked'), 't', 'the period is signed');

# A row whose lengths lead out of its page: the server itself cannot show it.
$node->safe_psql('guarded', q{SET application_name = 'this row is damaged'; INSERT INTO queue VALUES ('row', 'oakdale-pd', 'theft', 'row')});
$node->stop;
damage($heap, sub {
	my $at = rindex($_[0], 'this row is damaged');
	die if $at < 0;
	substr($_[0], $at - 1, 4) = "\xfc\xff\xff\xff" });
$node->start;
is($node->safe_psql('guarded', 'SELECT sharing_guard.seal() > 0'), 't', 'a damaged row does not end sealing');
is($node->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.verify_audit() WHERE severity = 'warning' AND problem = 'event_unreadable'}),
	'2', 'and is told of');

# What was whole when it was sealed is missed.
$node->stop;
damage($toast, sub { substr($_[0], 0, 8192) = "\0" x 8192 });
$node->start;
is($node->safe_psql('guarded', $problems), 'error event_unreadable,warning event_unreadable',
	'a value that is torn after it was sealed is an error');

done_testing();
