# A plate-reader application's day: people search, pages are looked at, reads are
# taken in, each with a look for its duplicate before and a clean-up after it.  The
# record has at most one event for each search, and none is flagged for want of a
# purpose that a program cannot have.
#

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my ($searches, $pages, $ingested) = (10000, 100, 5000);

my $node = guarded_node('main');
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE plate_reads (id bigserial PRIMARY KEY, plate text NOT NULL, camera int NOT NULL,
		seen_at timestamptz NOT NULL, confidence real, image text);
	CREATE INDEX ON plate_reads (plate, camera);
	CREATE INDEX ON plate_reads (seen_at);
	INSERT INTO plate_reads (plate, camera, seen_at, confidence)
	SELECT '7ABC' || i, i % 20, now() - i * interval '1 minute', 0.9 FROM generate_series(1, 2000) i;
	ANALYZE plate_reads;
	CREATE ROLE app LOGIN;
	CREATE ROLE ingest LOGIN;
	GRANT SELECT, INSERT, DELETE ON plate_reads TO app, ingest;
	GRANT USAGE ON SEQUENCE plate_reads_id_seq TO app, ingest;
	SELECT sharing_guard.protect_records('plate_reads', data_class => 'alpr', query_elements => 'plate');
	SELECT sharing_guard.bind_service('ingest');
	SELECT sharing_guard.bind_service('app');
	SELECT sharing_guard.declare_service_statement('ingest',
		'SELECT id FROM public.plate_reads WHERE plate = $1 AND camera = $2 AND seen_at > $3');
	SELECT sharing_guard.declare_service_statement('ingest',
		'INSERT INTO public.plate_reads (plate, camera, seen_at) VALUES ($1, $2, $3) RETURNING id');
	SELECT sharing_guard.declare_service_statement('ingest',
		'DELETE FROM public.plate_reads WHERE seen_at < $1 RETURNING image');
	SELECT sharing_guard.declare_service_statement('app',
		'SELECT id, plate, camera, seen_at FROM public.plate_reads ORDER BY seen_at DESC LIMIT 50')});

# As the application's driver does it: prepared once, run with parameters.
sub run_as
{
	my ($role, @statements) = @_;
	my $file = $node->basedir . "/$role.sql";
	append_to_file($file, join(";\n", @statements, ''));
	$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null',
		'-d', $node->connstr('guarded') . " user=$role", '-f', $file ], "$role has run");
	return;
}

# How large the log is: the table with what is kept out of line, and with its indexes.
sub size_of_log
{
	return split /\|/, $node->safe_psql('guarded',
		q{SELECT pg_table_size('sharing_guard.event'), pg_total_relation_size('sharing_guard.event')});
}
my ($table_before, $before) = size_of_log();
run_as('ingest',
	q{PREPARE known (text, int, timestamptz) AS SELECT id FROM plate_reads WHERE plate = $1 AND camera = $2 AND seen_at > $3},
	q{PREPARE add (text, int, timestamptz) AS INSERT INTO plate_reads (plate, camera, seen_at) VALUES ($1, $2, $3) RETURNING id},
	q{PREPARE clean (timestamptz) AS DELETE FROM plate_reads WHERE seen_at < $1 RETURNING image},
	map { (
		"EXECUTE known('8XYZ$_', 3, now() - interval '10 seconds')",
		"EXECUTE add('8XYZ$_', 3, now())",
		"EXECUTE clean(now() - interval '1 year')")
	} 1 .. $ingested);
run_as('app',
	q{PREPARE page AS SELECT id, plate, camera, seen_at FROM plate_reads ORDER BY seen_at DESC LIMIT 50},
	q{PREPARE search (text) AS SELECT id, plate, camera, seen_at, image FROM plate_reads WHERE plate = $1 ORDER BY seen_at DESC},
	(map { 'EXECUTE page' } 1 .. $pages),
	map { (
		'BEGIN',
		"SELECT sharing_guard.begin_disclosure(purpose => 'stolen vehicle, report 26-$_', case_number => '26-$_', requesting_person => 'Officer Reyes')",
		"EXECUTE search('7ABC$_')",
		'COMMIT')
	} 1 .. $searches);
$node->poll_query_until('guarded',
	q{SELECT count(*) = 0 FROM sharing_guard.audit WHERE ending = 'open'});

my ($events, $completions) = split /\|/, $node->safe_psql('guarded', q{
	SELECT count(*) FILTER (WHERE kind = 'disclosure'), count(*) FILTER (WHERE kind = 'completion')
	FROM sharing_guard.event});
cmp_ok($events - $searches, '<=', 2 * 4, "one event for each search, and a few for the program ($events)");
cmp_ok($completions, '<=', 2 * 4, "which alone have a completion ($completions)");
is($node->safe_psql('guarded', q{SELECT count(*) FROM sharing_guard.audit WHERE outcome <> 'allow'}),
	0, 'none is flagged');
is($node->safe_psql('guarded', q{
	SELECT count(*) FROM sharing_guard.audit WHERE query_elements ~ '^7ABC\d+$' AND username = 'Officer Reyes' AND ending = 'completed'}),
	$searches, 'each search has its plate and its person');
is($node->safe_psql('guarded', q{
	SELECT sum(substring(query_elements FROM '^\d+')::int) FROM sharing_guard.audit WHERE purpose LIKE 'service, in summary:%'}),
	2 * $ingested + $pages, 'the summaries count every statement by which the program reads');
# What the day adds.
my ($table_size, $size) = size_of_log();
$table_size -= $table_before;
$size -= $before;
note "the log: $table_size bytes, with indexes $size";
cmp_ok($size, '<=', 3 * 1024 * 1024, "the log is small, its indexes included ($size)");

done_testing();
