# Purposes are read alike whatever the encoding of the database.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SharingGuard;

# Each purpose as the bytes that are stored, in hexadecimal, and its tags.
my %purposes = (
	LATIN1 => [
		[ 'a no-break space', '494345a0686f6c64', 'immigration' ],
		[ 'guillemets', 'ab494345bb', 'immigration' ],
		[ 'soft hyphens', '49ad43ad45', 'immigration' ],
		[ 'an accent', '696d6dED6772617469 6f6e', 'immigration' ],
		[ 'a capital accent', '494d4dCD4752415449 4f4e', 'immigration' ],
		[ 'a letter of no other encoding', 'b5 494345', '' ],
		[ 'a word', 'e6f8e5', '' ] ],
	SQL_ASCII => [
		[ 'UTF-8: a no-break space', '494345c2a0686f6c64', 'immigration' ],
		[ 'UTF-8: an accent', '696d6dc3ad67726174696f6e', 'immigration' ],
		[ 'a no-break space', '494345a0686f6c64', 'immigration' ],
		[ 'guillemets', 'ab494345bb', 'immigration' ],
		[ 'an accent', '696d6ded67726174696f6e', 'immigration' ],
		[ 'UTF-8 with a stray byte', '696d6dc3ad67726174696f6e20ff', 'immigration' ],
		[ 'a character cut off', '49434520e280', 'immigration' ],
		[ 'a surrogate', 'eda080 20 494345', 'immigration' ] ],
	WIN1251 => [
		[ 'letters that only look Latin', 'b2d1c520686f6c64', 'immigration' ],
		[ 'a Cyrillic word', 'eff0eee4e0e6e0', '' ] ],
	WIN1252 => [
		[ 'a byte that stands for nothing', '49434581686f6c64', 'immigration' ] ],
	EUC_JP => [
		[ 'full-width letters', 'a3c9a3c3a3c5', 'immigration' ],
		[ 'an ideographic space', 'a1a1494345a1a1', 'immigration' ] ]);

for my $encoding (sort keys %purposes)
{
	my $node = guarded_node(lc $encoding, init => [ extra => [ '-E', $encoding, '--locale=C' ] ]);
	set_up_policy($node);
	for (@{ $purposes{$encoding} })
	{
		my ($what, $bytes, $tags) = @$_;
		$bytes =~ s/ //g;
		is($node->safe_psql('guarded', qq{
			SET client_encoding = '$encoding';
			SELECT array_to_string(tags, ',')
			FROM sharing_guard.preview_decision('oakdale-pd', convert_from('\\x$bytes', '$encoding'), 'alpr')}),
			$tags, "$encoding: $what");
	}
	if ($encoding eq 'LATIN1')
	{
		is($node->safe_psql('guarded', q{
			SELECT sharing_guard.fold_name(chr(198) || 'ON') = sharing_guard.fold_name(chr(230) || 'on'),
				sharing_guard.fold_name(chr(181)) <> sharing_guard.fold_name(chr(230)),
				sharing_guard.purpose_words('5 ' || chr(230) || 'm')}),
			't|t|{5,?m}', 'what the encoding lacks is not in the way');
		like(error_of($node, 'guarded', q{
			INSERT INTO sharing_guard.purpose_term (term, tag, match) VALUES (chr(198), 'x', 'prefix')}),
			qr/too short for a prefix/, 'a prefix too short is refused');
	}
	$node->stop;
}

done_testing();
