# (This one takes long: only in check-world.)
# Every line of test/evasion/attempts is tried twice: in a database that is not
# guarded, where it must get its rows out, and in one that is, where it must be
# refused, or be on record, or be a limit that the manual and the view exposure
# name.  How a line is written is said at the head of that file.
#
#   T=evasion EVASION='name or part of one' make test    tries some of them

use strict;
use warnings;
use File::Basename;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $here = dirname(__FILE__);
my $secret = '7SECRET9';
my $limits_allowed = 8;

# ---------------------------------------------------------------------------
# The table of attempts.

my @attempts;
my %seen;
foreach my $line (split /\n/, slurp_file("$here/attempts"))
{
	next if $line =~ /^\s*(#|$)/;
	my ($name, $role, $expected, $setup, $attempt, $reason) =
	  map { s/^\s+|\s+$//gr } split /@@/, $line;

	BAIL_OUT("attempts: \"$name\" is not whole")
	  unless defined $attempt &&
	  $expected =~ s/^(refused|recorded|limit:\w+)(?:, from (\d+))?$/$1/;
	my $from = $2 // 0;
	BAIL_OUT("attempts: \"$name\" is there twice") if $seen{$name}++;
	push @attempts,
	  {
		name => $name,
		role => $role,
		expected => $expected,
		from => $from,
		setup => $setup,
		attempt => $attempt,
		reason => $reason
	  };
}
my @limits = grep { $_->{expected} =~ /^limit/ } @attempts;
cmp_ok(scalar @attempts, '>=', 80, 'there are enough attempts: ' . @attempts);
cmp_ok(scalar @limits, '<=', $limits_allowed, 'there are few limits: ' . @limits);
ok(!(grep { !$_->{reason} } @limits), 'each limit has its reason');
@attempts = grep { index($_->{name}, $ENV{EVASION}) >= 0 } @attempts
  if $ENV{EVASION};

# ---------------------------------------------------------------------------
# The server: the same tables and people in both databases.

my $node = guarded_node('main', conf => 'max_replication_slots = 10');
my $scratch = PostgreSQL::Test::Utils::tempdir();
chmod 0777, $scratch;
$node->safe_psql('postgres', slurp_file("$here/people.sql"));
$node->safe_psql('postgres', 'CREATE DATABASE unguarded TEMPLATE template0');
set_up_policy($node);
$node->safe_psql('guarded', slurp_file("$here/policy.sql"));

# What stands for something else in the table.
sub spelled_out
{
	my ($database, $sql) = @_;
	my $export = q{INSERT INTO alpr.export (id, dest, plate) VALUES (9, 'springs-pd', '7SEC' || 'RET9');} .
	  "\nSELECT * FROM alpr.export;";
	my $foreign = q{CREATE EXTENSION postgres_fdw SCHEMA public;
		CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '@HOST@', port '@PORT@', dbname '@DB@');
		CREATE USER MAPPING FOR owner SERVER loop OPTIONS (user 'owner', password_required 'false');
		CREATE FOREIGN TABLE public.ft (id int, plate text) SERVER loop OPTIONS (schema_name 'public', table_name 'plain');
		ALTER FOREIGN TABLE public.ft OWNER TO owner};
	my $tell = q{CREATE FUNCTION public.tell(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE NOTICE '%', t; RETURN t; END $$};
	my %stands_for = (
		'@DB@' => $database,
		'@DIR@' => $scratch,
		'@HOST@' => $node->host,
		'@PORT@' => $node->port);

	$sql =~ s/LET!\((.*?)\)!/SELECT sharing_guard.unbind_role('partner'); $1; SELECT sharing_guard.bind_role('partner', 'springs-pd')/g;
	$sql =~ s/TELL!/$tell/g;
	$sql =~ s/STOP!/\\set ON_ERROR_STOP on/g;
	$sql =~ s/EXPORT!/$export/g;
	$sql =~ s/FOREIGN!/$foreign/g;
	$sql =~ s/\s+>>\s+/\n/g;
	$sql =~ s/(\@[A-Z]+\@)/$stands_for{$1}/g;
	return $sql;
}

# Runs SQL as somebody, to its end whatever goes wrong; returns all that this
# somebody could read on the screen.
sub try_as
{
	my ($database, $role, $sql) = @_;
	my ($file) = "$scratch/attempt.sql";
	my $seen = '';

	$sql = spelled_out($database, $sql);
	open my $out, '>:encoding(UTF-8)', $file or die $!;
	print $out "\\set VERBOSITY verbose\n$sql\n";
	close $out;
	chmod 0644, $file;
	my $run = IPC::Run::start(
		[
			$node->installed_command('psql'), '-XAtq', '-U', $role,
			'-h', $node->host, '-p', $node->port, '-d', $database, '-f', $file
		],
		'>', \$seen, '2>&1', IPC::Run::timeout(60));
	eval { $run->finish; 1 } or do { $run->kill_kill; $seen .= "\ntimed out: $@" };
	return $seen;
}

# Everything as it was before the attempt, by a superuser.
sub begin_anew
{
	my ($database, $attempt) = @_;
	my $said = '';

	foreach my $sql (slurp_file("$here/reset.sql"),
		slurp_file("$here/$database.sql"), $attempt->{setup})
	{
		next unless $sql;
		$said .= try_as($database, 'postgres', $sql);
	}
	# In the unguarded database there is nobody to ask.
	$said =~ s/^.*ERROR.*(?:schema "sharing_guard"|function sharing_guard).*\n(?:(?:LINE|LOCATION).*\n|\s+\^\n)*//mg;
	$said =~ s/^.*NOTICE.*\n(?:DETAIL.*\n|drop cascades.*\n|and \d+ other.*\n|LOCATION.*\n)*//mg;
	return $said;
}

# What the record has grown by since that moment.
sub recorded_since
{
	my ($last) = @_;
	return split /\n/, $node->safe_psql(
		'guarded', qq{
		SELECT concat_ws(' ', kind, channel, operation, relation, outcome)
		FROM sharing_guard.legible_event
		WHERE occurred_at > '$last' AND kind <> 'health'
		ORDER BY event_id});
}

sub try_attempt
{
	my ($attempt) = @_;
	my $name = $attempt->{name};

	# Unguarded, the rows get out: else the attempt would prove nothing.
	my $said = begin_anew('unguarded', $attempt);
	diag("$name: the set-up said:\n$said") if $said =~ /ERROR|FATAL/;
	my $out = try_as('unguarded', $attempt->{role}, $attempt->{attempt});
	like($out, qr/$secret/, "$name: unguarded, rows get out");

	$said = begin_anew('guarded', $attempt);
	diag("$name: the set-up said:\n$said") if $said =~ /ERROR|FATAL/;
	my $since = $node->safe_psql('guarded', 'SELECT clock_timestamp()');
	my $log_offset = -s $node->logfile;
	$out = try_as('guarded', $attempt->{role}, $attempt->{attempt});
	my @events = recorded_since($since);
	my $log = substr(slurp_file($node->logfile), $log_offset);
	push @events, "server log: $1" if $log =~ /LOG:  (sharing_guard: .*)/;
	my $story = "said:\n$out\nrecorded:\n" . join("\n", @events);

	if ($attempt->{expected} eq 'refused')
	{
		my $refused = $out !~ /$secret/ && $out =~ /(?:ERROR|FATAL):/;
		# A refusal of ours is on record; the server's own is not ours to keep.
		my $on_record = $out !~ /ERROR:  SG0/ || @events > 0;
		ok($refused && $on_record, "$name: refused") or diag($story);
	}
	elsif ($attempt->{expected} eq 'recorded')
	{
		ok(@events > 0, "$name: recorded") or diag($story);
	}
	else
	{
		my ($kind) = $attempt->{expected} =~ /^limit:(\w+)/;
		my $rows = $node->safe_psql('guarded',
			"SELECT count(*) FROM sharing_guard.exposure WHERE kind = '$kind'");
		cmp_ok($rows, '>', 0, "$name: a limit, and exposure has $kind")
		  or diag($story);
		diag("$name: no limit any more:\n$story")
		  if $out !~ /$secret/ || @events > 0;
	}
	return;
}

# An assertion server may be built without.
my $has_xml = $node->psql('postgres', q{SELECT xml '<a/>'}) == 0;

foreach my $attempt (@attempts)
{
  SKIP:
	{
		skip "$attempt->{name}: this server has no XML", 2
		  if !$has_xml && $attempt->{attempt} =~ /xml|xpath/i;
		skip "$attempt->{name}: needs PostgreSQL $attempt->{from}", 2
		  if $node->pg_version < $attempt->{from};
		try_attempt($attempt);
	}
}

is(() = slurp_file($node->logfile) =~ /terminated by signal|PANIC:|TRAP:/g,
	0, 'the server never crashed');
done_testing();
