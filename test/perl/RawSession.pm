# RawSession: a session that speaks the wire protocol itself, since libpq
# always asks for all rows of a portal at once.
#
#   my $session = RawSession->new($node, 'guarded', 'alice');
#   $session->query('BEGIN');                  # simple protocol
#   $session->bind('SELECT ... $1', 'value');  # Parse and Bind, unnamed portal
#   my ($rows, $end) = $session->execute(5);   # at most five rows
#   $session->queries(@statements);            # sent before any answer is read
#
# Instead of a node, anything that has a host (a directory) and a port will do.
# $end is "suspended", "complete" or, after an error, its SQLSTATE.

package RawSession;

use strict;
use warnings;
use IO::Socket::UNIX;

sub new
{
	my ($class, $node, $database, $user) = @_;
	my $self = bless {
		socket => IO::Socket::UNIX->new(
			Peer => $node->host . '/.s.PGSQL.' . $node->port)
		  // die "cannot connect: $!" }, $class;
	my $startup = pack('N', 196608)
	  . "user\0$user\0database\0$database\0application_name\0raw\0\0";

	$self->{socket}->syswrite(pack('N', length($startup) + 4) . $startup);
	$self->_until_ready;
	return $self;
}

sub _send
{
	my ($self, $type, $body) = @_;
	$self->{socket}->syswrite($type . pack('N', length($body) + 4) . $body);
	return;
}

sub _read
{
	my ($self, $length) = @_;
	my $data = '';
	while (length $data < $length)
	{
		$self->{socket}->sysread($data, $length - length $data, length $data)
		  or die 'the server closed the connection';
	}
	return $data;
}

sub _message
{
	my ($self) = @_;
	my ($type, $length) = unpack('aN', $self->_read(5));
	return ($type, $self->_read($length - 4));
}

# What comes until the session is ready again: rows, and the last error's code.
sub _until_ready
{
	my ($self) = @_;
	my ($rows, $error) = (0, '');
	while (1)
	{
		my ($type, $body) = $self->_message;
		$rows++ if $type eq 'D';
		$error = $1 if $type eq 'E' && $body =~ /\0?C(\w{5})\0/;
		return ($rows, $error) if $type eq 'Z';
	}
	return;
}

sub query
{
	my ($self, $sql) = @_;
	$self->_send('Q', "$sql\0");
	return $self->_until_ready;
}

# The server never waits for us in between.
sub queries
{
	my ($self, @statements) = @_;
	my $messages =
	  join '', map { 'Q' . pack('N', length($_) + 5) . "$_\0" } @statements;

	$self->{socket}->syswrite($messages) == length $messages
	  or die "not all was sent: $!";
	my @failed = grep { $_ } map { ($self->_until_ready)[1] } @statements;
	return @failed;
}

sub bind
{
	my ($self, $sql, @values) = @_;
	$self->_send('P', "\0$sql\0" . pack('n', 0));
	$self->_send('B', "\0\0" . pack('n', 0) . pack('n', scalar @values)
		  . join('', map { pack('N/a*', $_) } @values) . pack('n', 0));
	return;
}

# Executes the portal; Flush and not Sync, which would end it outside of BEGIN.
sub execute
{
	my ($self, $limit) = @_;
	my $rows = 0;
	$self->_send('E', "\0" . pack('N', $limit));
	$self->_send('H', '');
	while (1)
	{
		my ($type, $body) = $self->_message;
		$rows++ if $type eq 'D';
		return ($rows, 'suspended') if $type eq 's';
		return ($rows, 'complete') if $type eq 'C';
		return ($rows, $1) if $type eq 'E' && $body =~ /\0?C(\w{5})\0/;
	}
	return;
}

sub sync
{
	my ($self) = @_;
	$self->_send('S', '');
	return $self->_until_ready;
}

sub close
{
	my ($self) = @_;
	$self->_send('X', '');
	$self->{socket}->close;
	return;
}

1;
