#!/usr/bin/perl
#
# test/bench/send.pl DATABASE: executes the statements that it is given, one on
# each line, each by itself.  A server that is being counted should not wait for
# its client, for what it does when it waits depends on how long; so whatever
# stands up to a line with bench_stop() is sent at once.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../perl";
use RawSession;

package Server
{
	sub host { return $ENV{PGHOST} }
	sub port { return $ENV{PGPORT} }
}

my $session = RawSession->new('Server', $ARGV[0], $ENV{PGUSER});
my @statements;
while (my $line = <STDIN>)
{
	chomp $line;
	push @statements, $line;
	next unless eof STDIN || $line =~ /bench_stop/;
	my @failed = $session->queries(@statements);
	die "failed: @failed\n" if @failed;
	@statements = ();
}
$session->close;
