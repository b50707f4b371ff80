# shellcheck shell=bash disable=SC2034
about='a million purposes of 40 ASCII bytes read for the first time, with 10, 1,000, 10,000 terms and those of us-ca; and of 400 bytes'
variants=(terms_10 terms_1000 terms_10000 us_ca us_ca_400)
baseline=terms_10
rows=1000000
packages=(valgrind)

# The program is test/bench/tagger.c, and needs no server.  What it takes of ours
# is compiled with the server's own flags, but for those that only a server needs.
setup() {
	local lib
	lib=$("$PG_CONFIG" --pkglibdir)
	perl -MJSON::PP -0777 -ne '
		print join("\t", @$_{qw(term tag match)}), "\n" for @{ decode_json($_)->{purpose_terms} }
	' "$SG_ROOT/src/policy/packs/sharing_guard.us-ca.json" >"$SG_WORK/terms"
	gcc -O2 -g -w -DSHIM_ARENA -I"$("$PG_CONFIG" --includedir-server)" -I"$SG_ROOT/src" \
		-Wl,--unresolved-symbols=ignore-all -Wl,--allow-multiple-definition -no-pie \
		"$BENCH/tagger.c" "$SG_ROOT/test/fuzz/shim.c" \
		"$SG_ROOT"/src/{policy/names/fold,policy/terms/lexicon,base/table_load,policy/terms/purpose}.c \
		-x none "$lib/libpgcommon.a" "$lib/libpgport.a" -lm -o "$SG_WORK/tagger"
}
reset() { :; }

# terms_of VARIANT: how many terms, how many different texts, and how long.
terms_of() {
	case $1 in
		terms_*) say "${1#terms_}" 20000 40 ;;
		us_ca) say "$(wc -l <"$SG_WORK/terms")" 20000 40 ;;
		us_ca_400) say "$(wc -l <"$SG_WORK/terms")" 2000 400 ;;
	esac
}

# Nanoseconds are the least of several rounds over all texts.
measure() {
	local terms texts len ns
	read -r terms texts len < <(terms_of "$1")
	read -r ns _ < <("$SG_WORK/tagger" "$SG_WORK/terms" "$terms" "$texts" 15 "$len")
	figure "$1" 'a text, ns' "$ns"
	say "$ns / 1e9 * $rows"
}

# Instructions for a text: 200 texts read once and three times; what the program
# does besides is the same.
finish() {
	local variant terms len times counted=()
	for variant in "${variants[@]}"; do
		read -r terms _ len < <(terms_of "$variant")
		counted=()
		for times in 1 3; do
			valgrind --tool=callgrind --callgrind-out-file=/dev/null "$SG_WORK/tagger" \
				"$SG_WORK/terms" "$terms" 200 "$times" "$len" >"$SG_WORK/counted" 2>&1
			counted+=("$(sed -n 's/.*Collected : //p' "$SG_WORK/counted")")
		done
		figure "$variant" 'a text, instructions' "(${counted[1]} - ${counted[0]}) / 400.0"
	done
}
