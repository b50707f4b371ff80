# A statement fails at a page that cannot be read: it is on record, and what was
# being read then is left to nobody to wait for.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

# With few buffers nothing of the catalogs is found in memory.
my $node = guarded_node('main',
	conf => "shared_buffers = 128kB\nautovacuum = off\n",
	init => [ $ENV{SG_PG_MAJOR} >= 18 ? (extra => ['--no-data-checksums']) : () ]);
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE read (id int, plate text) WITH (autovacuum_enabled = off);
	INSERT INTO read SELECT i, repeat('P', 1000) FROM generate_series(1, 100) i;
	CREATE ROLE officer LOGIN;
	CREATE ROLE oakdale LOGIN;
	GRANT ALL ON read TO officer, oakdale;
	SELECT sharing_guard.bind_role('oakdale', 'oakdale-pd');
	SELECT sharing_guard.protect_records('read', data_class => 'alpr', mode => 'enforce')});
my $path = $node->data_dir . '/' . $node->safe_psql('guarded', q{SELECT pg_relation_filepath('read')});
$node->stop;
open my $file, '+<:raw', $path or die $!;
seek $file, 8192 * 9, 0;
print $file "damaged " x 1024 or die $!;
close $file or die $!;
$node->start;

sub fails
{
	my ($user, $statement, $name) = @_;
	my ($status, undef, $error) = $node->psql('guarded', $statement,
		extra_params => [ '-U', $user ], timeout => 60);
	like($error, qr/ERROR:  invalid page in block 9/, "$name: the error is the server's own");
	return;
}

fails('officer', q{UPDATE read SET id = id + 1000 WHERE plate = 'x'}, 'a change by one of our own');
fails('oakdale', 'SELECT count(*) FROM read', q{another agency's query});
$node->safe_psql('guarded', 'CREATE TABLE other (a int)');
fails('oakdale', 'SELECT * FROM read', 'one whose rows leave');
fails('postgres', q{SET statement_timeout = '20s'; SELECT count(*) FROM read}, 'read once more');
$node->poll_query_until('guarded', q{SELECT count(*) = 0 FROM sharing_guard.audit WHERE ending = 'open'});
is( $node->safe_psql('guarded', q{
		SELECT string_agg(acting_role || ' ' || operation || ' ' || ending, ', ' ORDER BY event_id)
		FROM sharing_guard.audit}),
	'officer UPDATE failed, oakdale SELECT failed, oakdale SELECT failed, postgres SELECT failed', 'what failed is on record');
unlike(slurp_file($node->logfile), qr/TRAP:|terminated by signal/, 'and nothing broke');
$node->stop;
done_testing();
