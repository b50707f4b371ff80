# A refused statement's event is in the log before the client hears of it, under
# the id that the error quotes; the client gets no row data.

use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

my $node = guarded_node('main', conf => 'log_statement = none');
set_up_policy($node);
$node->safe_psql('guarded', q{
	CREATE TABLE queue (id int PRIMARY KEY, dest text, why text, plate text, officer text);
	SELECT sharing_guard.protect_export('queue', destination => 'dest', purpose => 'why',
		query_elements => 'plate', requesting_person => 'officer', data_class => 'alpr', mode => 'enforce');
	CREATE ROLE clerk LOGIN;
	GRANT SELECT, INSERT ON queue TO clerk;
});

sub as_clerk { return "SET SESSION AUTHORIZATION clerk; SET client_min_messages = log; $_[0]" }

my $error = error_of($node, 'guarded',
	as_clerk(q{INSERT INTO queue VALUES (7, 'springs-pd', 'stolen "car"' || chr(10) || 'line two', '7SECRET9', 'Ofc. Lee')}));
like($error, qr/ERROR:  SG001:/, 'refused with our own SQLSTATE');
like($error, qr/1798\.90\.55/, 'the detail names the authority');
like($error, qr/HINT:  .*privacy\@riverbend\.example/, 'the hint names whom to ask');
unlike($error, qr/7SECRET9|stolen|line two|sharing_guard event:/,
	'the client sees no row data and not the log line');
my ($id) = $error =~ /event ([0-9a-f-]{36})/;
ok($id, 'the error quotes the event');
like($id, qr/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-/, 'whose id is a version 7 UUID');

my $event = decode_json($node->safe_psql('guarded',
	"SELECT to_json(e) FROM sharing_guard.legible_event e WHERE event_id = '$id'"));
is($event->{outcome}, 'block', 'the event is in the log: outcome');
is($event->{rows_blocked}, 1, 'rows_blocked');
is($event->{destination}, 'springs-pd', 'destination');
is($event->{destination_class}, 'out_of_state', 'destination class');
is($event->{session_role}, 'clerk', 'session role');
is($event->{username}, 'Ofc. Lee', 'the person');
is_deeply($event->{record_keys}, ['7'], 'record key');
is_deeply($event->{query_elements}, ['7SECRET9'], 'query elements');
is_deeply($event->{purposes}, ["stolen \"car\"\nline two"], 'purpose, with its line break');
is(logged_event($node, $id), '', 'and it is not in the server log: there was no need');

# It outlives a swallowed exception and a rollback.
$node->safe_psql('guarded', as_clerk(q{
	DO $$ BEGIN
		INSERT INTO queue VALUES (8, 'springs-pd', 'swallowed', 'x', NULL);
	EXCEPTION WHEN OTHERS THEN NULL; END $$}));
is($node->safe_psql('guarded',
	"SELECT count(*), min(username_source) FROM sharing_guard.audit WHERE purpose = 'swallowed'"),
	'1|login', 'a swallowed refusal is recorded all the same, under the login where no person was named');

# However long a value is, its event is there.
$error = error_of($node, 'guarded',
	as_clerk(q{INSERT INTO queue VALUES (9, 'springs-pd', repeat(E'\\x01', 30000000), 'x', NULL)}));
like($error, qr/ERROR:  SG001:/, 'a purpose of 30 MB is refused like any other');
($id) = $error =~ /event ([0-9a-f-]{36})/;
is($node->safe_psql('guarded',
	"SELECT length(purpose) FROM sharing_guard.audit WHERE event_id = '$id'"),
	'30000000', 'and the event has it whole');

done_testing();
