# A portal that the client reads in pieces, by the extended protocol: each piece
# is decided on as of then, and all of it is one disclosure.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use RawSession;
use SharingGuard;

my $node = guarded_node('main');
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE read (id int PRIMARY KEY, plate text);
	INSERT INTO read SELECT i, 'P' || i FROM generate_series(1, 10) i;
	CREATE ROLE oakdale LOGIN;
	GRANT SELECT ON read TO oakdale;
	SELECT sharing_guard.bind_role('oakdale', 'oakdale-pd');
	SELECT sharing_guard.protect_records('read', data_class => 'alpr', query_elements => 'plate', mode => 'enforce')});

# The event and its ending, when that is written.
sub last_event
{
	my ($columns) = @_;
	$node->poll_query_until('guarded',
		q{SELECT count(*) = 0 FROM sharing_guard.audit WHERE ending = 'open'});
	return $node->safe_psql('guarded',
		"SELECT $columns FROM sharing_guard.audit ORDER BY event_id DESC LIMIT 1");
}

my $session = RawSession->new($node, 'guarded', 'oakdale');
$session->query('BEGIN');
$session->bind('SELECT * FROM read WHERE plate <> $1 ORDER BY id', 'P2');
is(join(' ', $session->execute(3)), '3 suspended', 'three rows');
is($node->safe_psql('guarded', q{SELECT ending, query_elements FROM sharing_guard.audit}),
	'open|<> P2', 'are on record before they are read on');
is(join(' ', $session->execute(4)), '4 suspended', 'four more');
is(join(' ', $session->execute(0)), '2 complete', 'and the rest');
$session->sync;
$session->query('COMMIT');
is(last_event('rows_disclosed, ending, destination'), '9|completed|oakdale-pd', 'are one disclosure');
is($node->safe_psql('guarded', 'SELECT count(*) FROM sharing_guard.audit'), '1', 'and one event');

# Left half-read.
$session->query('BEGIN');
$session->bind('SELECT * FROM read');
is(join(' ', $session->execute(3)), '3 suspended', 'three rows');
$session->sync;
$session->query('ROLLBACK');
is(last_event('rows_disclosed, ending'), '3|completed', 'that were read are counted though all is rolled back');

# The policy changes while the portal is suspended.
$session->query('BEGIN');
$session->bind('SELECT * FROM read');
is(join(' ', $session->execute(3)), '3 suspended', 'three rows');
$node->safe_psql('guarded', q{UPDATE sharing_guard.agency SET status = 'inactive' WHERE agency_id = 'oakdale-pd'});
is(join(' ', $session->execute(3)), '0 SG001', 'then the policy changes, and no more come');
$session->sync;
$session->query('ROLLBACK');
is(last_event('outcome'), 'block', 'which is on record');
is( $node->safe_psql('guarded', q{SELECT rows_disclosed || ending FROM sharing_guard.audit ORDER BY event_id DESC OFFSET 1 LIMIT 1}),
	'3failed', 'and so are those that had left');
$node->safe_psql('guarded', q{UPDATE sharing_guard.agency SET status = 'active' WHERE agency_id = 'oakdale-pd'});

# The role is bound to another agency meanwhile; or to none.
$session->query('BEGIN');
$session->bind('SELECT * FROM read');
is(join(' ', $session->execute(1)), '1 suspended', 'one row');
$node->safe_psql('guarded', q{SELECT sharing_guard.bind_role('oakdale', 'springs-pd')});
is(join(' ', $session->execute(1)), '0 SG001', 'a binding counts at once');
$session->sync;
$session->query('ROLLBACK');
$node->safe_psql('guarded', q{SELECT sharing_guard.unbind_role('oakdale')});
$session->query('BEGIN');
$session->bind('SELECT * FROM read');
is(join(' ', $session->execute(1)), '1 suspended', 'unbound, it is one of our own');
$node->safe_psql('guarded', q{SELECT sharing_guard.bind_role('oakdale', 'oakdale-pd')});
is(join(' ', $session->execute(2)), '2 suspended', 'then bound');
$session->sync;
$session->query('COMMIT');
is(last_event('channel, rows_disclosed'), 'query|2', 'and the partner is on record');
is($node->safe_psql('guarded', q{SELECT channel, rows_disclosed FROM sharing_guard.audit ORDER BY event_id DESC OFFSET 1 LIMIT 1}),
	'self_access|3', 'beside the self access that it began as');

# Protected while a portal is open.
$node->safe_psql('guarded', q{SELECT sharing_guard.unprotect('read')});
my $events = $node->safe_psql('guarded', 'SELECT count(*) FROM sharing_guard.audit');
$session->query('BEGIN');
$session->bind('SELECT * FROM read');
is(join(' ', $session->execute(1)), '1 suspended', 'not protected: one row');
is($node->safe_psql('guarded', 'SELECT count(*) FROM sharing_guard.audit'), $events, 'without an event');
$node->safe_psql('guarded', q{SELECT sharing_guard.protect_records('read', data_class => 'alpr', mode => 'enforce')});
is(join(' ', $session->execute(4)), '4 suspended', 'then protected: four');
$session->sync;
$session->query('COMMIT');
is(last_event('channel, rows_disclosed'), 'query|4', 'which are on record');

# The session is gone in the midst of it.
$session->query('BEGIN');
$session->bind('SELECT * FROM read');
is(join(' ', $session->execute(2)), '2 suspended', 'two rows');
$session->close;
is(last_event('rows_disclosed, ending'), '2|failed', 'are counted when the session goes');
my $killed = RawSession->new($node, 'guarded', 'oakdale');
$killed->query('BEGIN');
$killed->bind('SELECT * FROM read');
is(join(' ', $killed->execute(2)), '2 suspended', 'two rows');
$node->safe_psql('guarded', q{SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'raw'});
like(last_event('rows_disclosed, ending'), qr/^(2\|failed|\|unfinished)$/, 'a killed session is found out');

done_testing();
