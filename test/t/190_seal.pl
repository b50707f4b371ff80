# (This one takes long: only in check-world.)
# The seal through crashes, prepared transactions, dump and restore, copies of
# the database, failover, another encoding; and files that others can check.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $problems = q{SELECT count(*) FROM sharing_guard.verify_audit()};
my $largest = q{SELECT max(tree_size) FROM sharing_guard.checkpoint};

# Something that is recorded.
my $count = 0;
sub change
{
	my ($node, $database) = @_;
	$count++;
	$node->safe_psql($database // 'guarded',
		"INSERT INTO sharing_guard.data_class (data_class, description) VALUES ('class_$count', 'x')");
	return;
}

my $node = guarded_node('primary', databases => [ 'guarded', 'copy' ], init => [ allows_streaming => 1 ]);
set_up_policy($node);
ok($node->safe_psql('guarded', 'SELECT sharing_guard.seal()') > 200, 'the policy is sealed');

# A prepared transaction stalls nothing, through a restart as well.
$node->safe_psql('guarded', q{
	BEGIN;
	INSERT INTO sharing_guard.event (event_id, log_id, occurred_at, transaction_id, kind)
	VALUES ('01900000-0000-7000-8000-000000000001', sharing_guard.log_id(), clock_timestamp(), pg_current_xact_id(), 'disclosure');
	PREPARE TRANSACTION 'p'});
change($node);
is($node->safe_psql('guarded', 'SELECT sharing_guard.seal()'), '1', 'beside a prepared transaction');
$node->stop('immediate');
$node->start;
change($node);
is($node->safe_psql('guarded', 'SELECT sharing_guard.seal() > 0'), 't', 'after a crash');
$node->safe_psql('guarded', q{COMMIT PREPARED 'p'});
is($node->safe_psql('guarded', 'SELECT sharing_guard.seal()'), '1', 'what was prepared is sealed when it is committed');
is($node->safe_psql('guarded', q{SELECT late FROM sharing_guard.sealed_event WHERE event_id = '01900000-0000-7000-8000-000000000001'}),
	't', 'and is late');
is($node->safe_psql('guarded', $problems), '0', 'nothing to report');

# A crash in the middle of a seal.
change($node);
my $before = $node->safe_psql('guarded', $largest);
my $session = $node->background_psql('guarded');
$session->query_safe('BEGIN');
$session->query_safe('SELECT sharing_guard.seal()');
$node->stop('immediate');
eval { $session->quit };
$node->start;
is($node->safe_psql('guarded', $largest), $before, 'a seal that was not committed has not been');
is($node->safe_psql('guarded', 'SELECT sharing_guard.seal() > 0'), 't', 'and is made again');
is($node->safe_psql('guarded', $problems), '0', 'nothing to report');

# The background worker seals by itself.
change($node);
$before = $node->safe_psql('guarded', $largest);
$node->append_conf('postgresql.conf', 'sharing_guard.seal_interval = 100');
$node->reload;
ok($node->poll_query_until('guarded', "SELECT ($largest) > $before"), 'the worker seals');
$node->append_conf('postgresql.conf', 'sharing_guard.seal_interval = 0');
$node->reload;
sleep 1;
is($node->safe_psql('guarded', $problems), '0', 'nothing to report');

# An outsider checks, with Python and openssl alone.
SKIP:
{
	my ($python) = grep { -x $_ && system($_, '-c', '') == 0 } map { "$_/python3" } split /:/, $ENV{PATH};
	my ($openssl) = grep { -x $_ } map { "$_/openssl" } split /:/, $ENV{PATH};
	skip 'needs python3 and openssl', 8 unless $python && $openssl;

	my $dir = PostgreSQL::Test::Utils::tempdir;
	my $older = $node->safe_psql('guarded', 'SELECT sharing_guard.checkpoint(min(tree_size)) FROM sharing_guard.checkpoint');
	my $newer = $node->safe_psql('guarded', 'SELECT sharing_guard.checkpoint()');
	my $write = sub {
		my ($name, $text) = @_;
		open my $file, '>:raw', "$dir/$name" or die $!;
		print $file $text;
		close $file;
		return;
	};
	my $hex = sub { return unpack 'H*', slurp_file("$dir/$_[0]") };

	# As doc/sealing.md says it.
	system("$openssl genpkey -algorithm ed25519 -out $dir/key.pem 2>/dev/null && $openssl pkey -in $dir/key.pem -pubout -outform DER | tail -c 32 > $dir/public") == 0 or die;
	my %note;
	my $name = 'privacy.riverbend.example/auditor';
	foreach ([ older => $older ], [ newer => $newer ])
	{
		my ($file, $text) = @$_;
		$write->($file, $text);
		system("$openssl pkeyutl -sign -rawin -inkey $dir/key.pem -in $dir/$file -out $dir/$file.sig") == 0 or die;
		$note{$file} = $node->safe_psql('guarded', sprintf(
			q{SELECT sharing_guard.signed_note(E'%s', '%s', '\x%s', '\x%s')},
			$text =~ s/\n/\\n/gr, $name, $hex->('public'), $hex->("$file.sig")));
		$write->("$file.note", $note{$file});
	}
	my $vkey = $node->safe_psql('guarded', sprintf(q{SELECT sharing_guard.verifier_key('%s', '\x%s')}, $name, $hex->('public')));
	my $event = $node->safe_psql('guarded', 'SELECT event_id FROM sharing_guard.sealed_event WHERE leaf_index = 100');
	my $proof = $node->safe_psql('guarded', "SELECT sharing_guard.tlog_proof('$event', \$\$$note{newer}\$\$)");
	$write->('event.tlog-proof', $proof);
	$write->('consistency', $node->safe_psql('guarded', q{
		SELECT encode(h, 'base64') FROM unnest(sharing_guard.consistency_proof(
			(SELECT min(tree_size) FROM sharing_guard.checkpoint), (SELECT max(tree_size) FROM sharing_guard.checkpoint))) h}));

	my $check = sub {
		my ($file, @more) = @_;
		my ($out, $err);
		my $ok = IPC::Run::run([ $python, 'test/check-proof', "$dir/$file", $vkey, @more ], '>', \$out, '2>', \$err);
		return $ok ? $out : $err;
	};
	like($check->('event.tlog-proof'), qr/"event_id": "$event"/, 'the proof tells the event');
	like($check->('event.tlog-proof'), qr/"kind": "policy_change".*"new_row": "\{/, 'and what it says');
	like($check->('event.tlog-proof', "$dir/older.note", "$dir/consistency"), qr/"event_id": "$event"/, 'and that the log has only grown');
	my $others = $node->safe_psql('guarded', "SELECT string_agg(event_id::text, '|') FROM sharing_guard.event WHERE event_id <> '$event'");
	unlike($check->('event.tlog-proof'), qr/"event_id": "(?:$others)"/, 'it reveals no other event');

	# In the extra line's first bytes the tree, in its last the event's end.
	my ($extra) = $proof =~ /^extra (.*)$/m;
	my $entry = $node->safe_psql('guarded', "SELECT encode(set_byte(d, length(d) - 1, 33), 'base64') FROM decode('$extra', 'base64') d") =~ s/\n//gr;
	$write->('bad', $proof =~ s/^extra .*$/extra $entry/mr);
	like($check->('bad'), qr/refused: the event is not in the tree/, 'a changed event is refused');
	$write->('bad', $proof =~ s/^index 100$/index 101/mr);
	like($check->('bad'), qr/refused: the event is not in the tree/, 'another place is refused');
	$write->('bad', $proof =~ s{^(sharing_guard/\S+\n)\d+}{${1}1000000}mr);
	like($check->('bad'), qr/refused: the signature does not hold/, 'another checkpoint is refused');
	like($check->('event.tlog-proof', "$dir/newer.note", "$dir/consistency"), qr/refused: trees of one size differ/, 'another history is refused');

	# And the log itself, against what was kept.
	is($node->safe_psql('guarded', "SELECT count(*) FROM sharing_guard.verify_audit(checkpoint => \$\$$note{older}\$\$)"), '0',
		'the log continues the checkpoint that was kept');
}

# Dump and restore: the same roots, and the restore's own events behind them.
change($node);		# not sealed when it is dumped
my $roots = q{SELECT string_agg(tree_size || ' ' || encode(root, 'hex'), ',' ORDER BY tree_size) FROM sharing_guard.checkpoint};
my $sizes = $node->safe_psql('guarded', $largest);
my $old_roots = $node->safe_psql('guarded', $roots);
my $old_checkpoint = $node->safe_psql('guarded', 'SELECT sharing_guard.checkpoint()');
my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('guarded') ], 'pg_dump');
foreach my $how ([ '-1' ], [])
{
	# Without -1, with a worker that seals in the middle of it.
	my $restored = guarded_node(@$how ? 'restored_at_once' : 'restored', conf => @$how ? undef : 'sharing_guard.seal_interval = 1');
	$restored->command_ok([ 'pg_restore', @$how, '-d', $restored->connstr('guarded'), $dump ], "pg_restore @$how");
	$restored->poll_query_until('guarded', "SELECT ($largest) > $sizes") unless @$how;
	$restored->append_conf('postgresql.conf', 'sharing_guard.seal_interval = 0');
	$restored->reload;
	sleep 1 unless @$how;
	change($restored);
	is($restored->safe_psql('guarded', 'SELECT sharing_guard.seal() > 0'), 't', 'its own events are sealed');
	is($restored->safe_psql('guarded', "SELECT $sizes < max(tree_size) FROM sharing_guard.checkpoint"), 't', 'behind those of the dump');
	is($restored->safe_psql('guarded', $roots . " WHERE tree_size <= $sizes"), $old_roots, 'which have the same roots');
	is($restored->safe_psql('guarded', $problems), '0', 'nothing to report');
	is($restored->safe_psql('guarded', "SELECT count(*) FROM sharing_guard.verify_audit(checkpoint => \$\$$old_checkpoint\$\$)"), '0',
		'it continues the checkpoint of the old log');
	is($restored->safe_psql('guarded', 'SELECT count(*) - count(s.event_id) FROM sharing_guard.event e LEFT JOIN sharing_guard.sealed_event s USING (event_id)'),
		'0', 'every event is sealed');
	is($restored->safe_psql('guarded', q{SELECT sharing_guard.tree_id() <> sharing_guard.log_id() AND count(DISTINCT tree_id) = 1
			AND count(DISTINCT log_id) = 2 FROM sharing_guard.checkpoint}),
		't', 'in the same tree, as another log');
	$restored->stop;
}

# Another encoding: the same entries.
my $latin = guarded_node('latin', databases => ['latin'], init => [ extra => [ '-E', 'LATIN1', '--locale=C' ] ]);
set_up_policy($latin, 'latin');
$latin->safe_psql('latin', q{
	SET client_encoding = 'UTF8';
	INSERT INTO sharing_guard.data_class (data_class, description) VALUES ('umlaut', 'Größe façade')});
$latin->safe_psql('latin', 'SELECT sharing_guard.seal()');
is($latin->safe_psql('latin', $problems), '0', 'in LATIN1, nothing to report');
$latin->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.latin", '-d', $latin->connstr('latin') ], 'pg_dump');
my $utf = guarded_node('utf', databases => ['latin'], init => [ extra => [ '-E', 'UTF8', '--locale=C' ] ]);
$utf->command_ok([ 'pg_restore', '-1', '-d', $utf->connstr('latin'), "$dump.latin" ], 'pg_restore into UTF8');
is($utf->safe_psql('latin', $problems), '0', 'in UTF8 the hashes are the same');
$utf->stop;
$latin->stop;

# A copy made in the cluster is said to be one, and goes on as a log of its own.
$node->safe_psql('guarded', 'SELECT sharing_guard.seal()');
my ($log_id, $tree_id) = split /\|/, $node->safe_psql('guarded', 'SELECT sharing_guard.log_id(), sharing_guard.tree_id()');
$node->safe_psql('postgres', 'DROP DATABASE copy');
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE guarded');
my $kinds = q{SELECT string_agg(severity || ' ' || problem, ',' ORDER BY problem) FROM sharing_guard.verify_audit()};
is($node->safe_psql('copy', $kinds), 'warning database_copied', 'a copied database is reported, and nothing else');
change($node, 'copy');
is($node->safe_psql('copy', 'SELECT sharing_guard.seal() > 0'), 't', 'the copy seals');
is($node->safe_psql('copy', $kinds), 'warning database_copied', 'and is what it is');
isnt($node->safe_psql('copy', 'SELECT sharing_guard.log_id()'), $log_id, 'under an id of its own');
is($node->safe_psql('copy', 'SELECT sharing_guard.tree_id()'), $tree_id, 'in the tree that it has');
is($node->safe_psql('guarded', $problems), '0', 'of the original there is nothing to report');

# Failover.  What the lost server seals afterwards is no part of the log.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
change($node);
$node->safe_psql('guarded', 'SELECT sharing_guard.seal()');
$node->wait_for_catchup($standby, 'replay');
is($standby->safe_psql('guarded', $problems), '0', 'a standby can be verified');
like(error_of($standby, 'guarded', 'SELECT sharing_guard.seal()'), qr/25006/, 'and cannot seal');
$standby->promote;
change($standby);
$standby->safe_psql('guarded', 'SELECT sharing_guard.seal()');
is($standby->safe_psql('guarded', 'SELECT timeline FROM sharing_guard.checkpoint ORDER BY tree_size DESC LIMIT 1'), '2', 'it seals on the new timeline');
is($standby->safe_psql('guarded', $problems), '0', 'nothing to report after a failover');
for (1 .. 3)
{
	change($node);
	$node->safe_psql('guarded', 'SELECT sharing_guard.seal()');
}
my $fork = $node->safe_psql('guarded', 'SELECT sharing_guard.checkpoint()');
like($standby->safe_psql('guarded', "SELECT problem FROM sharing_guard.verify_audit(checkpoint => \$\$$fork\$\$)"),
	qr/log_forked|log_truncated/, 'a checkpoint of the other side shows the fork');

# The standby's worker seals, too, so which sizes it has a checkpoint of is not
# known beforehand.  One that it lacks is brought over, for a size has one row.
change($standby) for 1 .. 5;
$standby->safe_psql('guarded', 'SELECT sharing_guard.seal()');
my $there = $standby->safe_psql('guarded', q{SELECT array_agg(tree_size) FROM sharing_guard.checkpoint});
my $row = $node->safe_psql('guarded', qq{SELECT quote_literal(c::text) FROM sharing_guard.checkpoint c
	WHERE tree_size <> ALL ('$there') ORDER BY tree_size DESC LIMIT 1});
$standby->safe_psql('guarded', "INSERT INTO sharing_guard.checkpoint SELECT (($row)::sharing_guard.checkpoint).*");
like($standby->safe_psql('guarded', 'SELECT string_agg(problem, $$,$$) FROM sharing_guard.verify_audit()'), qr/log_forked/,
	'so does one that was brought over');

done_testing();
