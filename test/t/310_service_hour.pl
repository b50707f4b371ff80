# A service's summary ends when its hour is over, whatever its session does then:
# nothing, another statement, or waiting in the midst of a cursor.  What is lost when
# the session or the server is killed is the number of the hour that was running.
#
# An hour has two seconds here.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main', conf => "sharing_guard.debug_summary_hour = 2\nrestart_after_crash = on");
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE plate_reads (id int PRIMARY KEY, plate text);
	INSERT INTO plate_reads SELECT i, 'PLATE' || i FROM generate_series(1, 9) i;
	CREATE ROLE ingest LOGIN;
	GRANT SELECT ON plate_reads TO ingest;
	SELECT sharing_guard.protect_records('plate_reads', data_class => 'alpr', query_elements => 'plate');
	SELECT sharing_guard.bind_service('ingest');
	SELECT sharing_guard.declare_service_statement('ingest', 'SELECT id FROM public.plate_reads WHERE plate = $1');
	SELECT sharing_guard.declare_service_statement('ingest', 'SELECT plate FROM public.plate_reads WHERE id > $1')});

my @summary = (q{SELECT query_elements, rows_disclosed, ending FROM sharing_guard.audit
	WHERE purpose LIKE 'service, in summary:%' ORDER BY event_id});

sub ends_as
{
	my ($expected, $name) = @_;
	ok($node->poll_query_until('guarded',
		"SELECT string_agg(concat_ws(' ', substring(query_elements FROM '^[0-9]+'), rows_disclosed, ending), ', ' ORDER BY event_id)
		 FROM sharing_guard.audit WHERE purpose LIKE 'service, in summary:%'", $expected), $name)
	  or diag $node->safe_psql('guarded', $summary[0]);
}

sub begin_of_hour
{
	$node->safe_psql('guarded', q{SELECT pg_sleep(2 - extract(epoch FROM clock_timestamp())::numeric % 2 + 0.1)});
}

my $ingest = $node->background_psql('guarded', extra_params => [ '-U', 'ingest' ]);

# The session does nothing any more.
begin_of_hour();
$ingest->query_safe(q{SELECT id FROM plate_reads WHERE plate = 'PLATE1'});
$ingest->query_safe(q{SELECT id FROM plate_reads WHERE plate = 'PLATE2'});
ends_as('2 2 completed', 'the hour of a session that does nothing ends');
is($node->safe_psql('guarded', 'SELECT open_disclosures FROM sharing_guard.health'), 0,
	'and holds no place any more');

# The next hour is another summary.
begin_of_hour();
$ingest->query_safe(q{SELECT id FROM plate_reads WHERE plate = 'PLATE1'});
ends_as('2 2 completed, 1 1 completed', 'the next statement is in a summary of its own');

# A cursor reads in two hours: its rows are counted once each.
begin_of_hour();
$ingest->query_safe(q{BEGIN; DECLARE c CURSOR FOR SELECT plate FROM plate_reads WHERE id > 1; FETCH 3 FROM c});
ends_as('2 2 completed, 1 1 completed, 1 3 completed', 'the hour of a cursor that waits ends');
$ingest->query_safe(q{FETCH 9 FROM c; COMMIT});
ends_as('2 2 completed, 1 1 completed, 1 3 completed, 1 5 completed', 'what it reads later is in a later hour');

# Killed: the hours before have their number, this one its beginning.
begin_of_hour();
my $pid = $ingest->query_safe(q{SELECT pg_backend_pid()});
$ingest->query_safe(q{SELECT id FROM plate_reads WHERE plate = 'PLATE1'});
kill 'KILL', $pid;
eval { $ingest->{run}->kill_kill };
$node->poll_query_until('guarded', 'SELECT writer_state = $$running$$ FROM sharing_guard.health');
ends_as('2 2 completed, 1 1 completed, 1 3 completed, 1 5 completed, unfinished', 'a killed session leaves the beginning of its hour');

$ingest = $node->background_psql('guarded', extra_params => [ '-U', 'ingest' ]);
begin_of_hour();
$ingest->query_safe(q{SELECT id FROM plate_reads WHERE plate = 'PLATE1'});
$node->stop('immediate');
eval { $ingest->{run}->kill_kill };
$node->start;
ends_as('2 2 completed, 1 1 completed, 1 3 completed, 1 5 completed, unfinished, unfinished', 'and so does a killed server');

# Ended by somebody: its count is written.
$ingest = $node->background_psql('guarded', extra_params => [ '-U', 'ingest' ]);
begin_of_hour();
$pid = $ingest->query_safe(q{SELECT pg_backend_pid()});
$ingest->query_safe(q{SELECT id FROM plate_reads WHERE plate = 'PLATE1'});
$node->safe_psql('guarded', "SELECT pg_terminate_backend($pid, 5000)");
ends_as('2 2 completed, 1 1 completed, 1 3 completed, 1 5 completed, unfinished, unfinished, 1 1 completed', 'a session that is ended leaves its count');
eval { $ingest->{run}->kill_kill };

done_testing();
