# shellcheck shell=bash
#
# test/lib.sh: what every test, demo and benchmark script shares.  Source it.
#
#   sg_begin            a private directory $SG_WORK, removed on exit with all
#                       that was started
#   sg_build [VAR=...]  copies this tree to $SG_SRC, builds it there with make
#                       VAR=..., installs it into a private copy of PostgreSQL
#   sg_cluster DB...    starts a server that guards the databases DB; psql and
#                       the others then reach it without further options.
#                       Called again, it restarts the same server afresh.
#   sg_stop             stops it (also done on exit)
#   sg_as_user CMD...   runs CMD as the unprivileged user that owns it all
#
# Why a private copy: PostgreSQL finds its files relative to its own program,
# so a copy of 50 MB with the extension installed in it needs neither root nor
# a change to the machine, and two runs never disturb each other.

set -euo pipefail

# When make started us, the makes that we start are not parts of it.
unset MAKELEVEL MAKEFLAGS MFLAGS

SG_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export SG_CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/sharing_guard
PG_CONFIG=${PG_CONFIG:-pg_config}
export SG_LOG=$SG_ROOT/tmp_check		# where failures are kept
sg_postmaster=

# What in a log is never harmless.
export SG_HARM='TRAP:\|PANIC:\|terminated by signal\|AddressSanitizer:\|runtime error:\|VALGRINDERROR-BEGIN'

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

sg_as_user() { "${SG_AS[@]}" "$@"; }

sg_begin() {
	# Short, because the path of a Unix socket may have 107 bytes at most.
	SG_WORK=$(mktemp -d /tmp/sg.XXXXXX)
	trap sg_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	# PostgreSQL refuses to run as root.  (An array, so that a server started
	# with it is our direct child.)
	SG_USER=$(id -un)
	SG_AS=()
	if [ "$(id -u)" = 0 ]; then
		SG_USER=nobody
		! id postgres >/dev/null 2>&1 || SG_USER=postgres
		SG_AS=(env HOME="$SG_WORK" setpriv --reuid="$SG_USER"
			--regid="$(id -g "$SG_USER")" --clear-groups)
	fi
	PG_CONFIG=$(command -v "$PG_CONFIG") || die "no pg_config; put it on the PATH or give PG_CONFIG=..."
	SG_SRC=$SG_WORK/src
	SG_DATA=$SG_WORK/data
	SG_PG_MAJOR=$("$PG_CONFIG" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
	SG_BIN=$SG_WORK$("$PG_CONFIG" --bindir)
	SG_PGXS_SRC=$SG_WORK$(cd "$(dirname "$("$PG_CONFIG" --pgxs)")/.." && pwd)
	export SG_SRC SG_BIN SG_PGXS_SRC SG_PG_MAJOR
	mkdir "$SG_WORK/out"
	if [ "$(id -u)" = 0 ]; then chown "$SG_USER:" "$SG_WORK" "$SG_WORK/out"; fi
	sg_shared
}

# sg_end_jobs PID: ends what PID has started in the background, and what that has
# started; a shell's background jobs do not hear an interruption.
sg_end_jobs() {
	local child
	for child in $(ps -o pid= --ppid "$1" 2>/dev/null); do
		sg_end_jobs "$child"
		kill "$child" 2>/dev/null || :
	done
}

sg_end() {
	local status=$?
	trap '' INT TERM
	sg_stop
	sg_end_jobs $$
	sg_stop_nodes "$SG_WORK"
	rm -rf "$SG_WORK"
	exit $status
}

# SG_SHARED: the shared material, by an absolute path that the unprivileged
# user can read; empty where there is none.
sg_shared() {
	local given=${SG_SHARED:-$SG_ROOT/../shared}
	SG_SHARED=
	if [ -d "$given" ]; then
		SG_SHARED=$(cd "$given" && pwd)
		if ! sg_as_user test -r "$SG_SHARED/data" -a -x "$SG_SHARED/data"; then
			cp -RL "$SG_SHARED" "$SG_WORK/shared"
			SG_SHARED=$SG_WORK/shared
			chmod -R u+rwX,go+rX "$SG_SHARED"
		fi
	fi
	export SG_SHARED
}

# sg_copy_tree TARGET: this tree without what a build or git leaves in it.
sg_copy_tree() {
	mkdir -p "$1"
	tar -C "$SG_ROOT" --exclude-vcs --exclude='*.o' --exclude='*.bc' \
		--exclude='*.so' --exclude='./tmp_check*' --exclude=./results \
		--exclude='./sharing_guard--?.?.?.sql' -cf - . | tar -C "$1" --no-same-owner -xf -
}

# The private copy of PostgreSQL.
sg_copy_postgres() {
	local dir
	for dir in --bindir --libdir --pkglibdir --sharedir; do
		dir=$("$PG_CONFIG" $dir)
		case $dir in
			/usr/lib | /usr/lib64 | /usr/lib/*-linux-gnu*) continue ;;
		esac
		if [ ! -e "$SG_WORK$dir" ]; then
			mkdir -p "$SG_WORK$dir"
			cp -RL "$dir/." "$SG_WORK$dir/"
		fi
	done
	dir=$SG_WORK$("$PG_CONFIG" --libdir)
	if [ -d "$dir" ]; then export LD_LIBRARY_PATH=$dir; fi
	export PATH=$SG_BIN:$PATH
}

# sg_make DIR [VAR=...]: builds DIR and installs it into that copy.
sg_make() {
	local dir=$1
	shift
	make -C "$dir" -s -j"$(nproc)" PG_CONFIG="$PG_CONFIG" "$@" all &&
		make -C "$dir" -s PG_CONFIG="$PG_CONFIG" "$@" DESTDIR="$SG_WORK" install ||
		return 1
	if [ "$(id -u)" = 0 ]; then chown -R "$SG_USER:" "$SG_WORK"; fi
}

sg_build() {
	sg_copy_tree "$SG_SRC"
	sg_copy_postgres
	sg_make "$SG_SRC" "$@"
}

# What a script may set: words put before the server's command (valgrind ...),
# and lines for its configuration.
SG_WRAP=()
SG_CONF=

sg_cluster() {
	local db list
	list=$(IFS=, && say "$*")
	export PGHOST=$SG_WORK PGPORT=65432 PGUSER=postgres PGDATABASE=postgres
	sg_stop
	rm -rf "$SG_DATA"
	sg_as_user "$SG_BIN/initdb" -D "$SG_DATA" -U postgres -A trust -N \
		-E UTF8 --locale=C.UTF-8 >"$SG_WORK/initdb.log" 2>&1 ||
		{ cat "$SG_WORK/initdb.log" >&2; return 1; }
	{
		cat "$SG_ROOT/test/server.conf"
		say "unix_socket_directories = '$SG_WORK'"
		say "port = $PGPORT"
		say "sharing_guard.databases = '$list'"
		say "$SG_CONF"
	} >>"$SG_DATA/postgresql.conf"
	# The databases come first, so that the workers find them.
	for db in "$@"; do
		say "CREATE DATABASE \"$db\" TEMPLATE template0;"
	done | sg_as_user "$SG_BIN/postgres" --single -D "$SG_DATA" \
		-c shared_preload_libraries= -c exit_on_error=on postgres \
		>"$SG_WORK/create.log" 2>&1 ||
		{ cat "$SG_WORK/create.log" >&2; return 1; }
	sg_start
}

sg_start() {
	local try
	"${SG_AS[@]}" "${SG_WRAP[@]}" "$SG_BIN/postgres" -D "$SG_DATA" \
		>>"$SG_WORK/server.log" 2>&1 &
	sg_postmaster=$!
	for ((try = 0; try < 600; try++)); do
		! "$SG_BIN/pg_isready" -q || return 0
		kill -0 "$sg_postmaster" 2>/dev/null || break
		sleep 0.2
	done
	say "the server did not start; its log ends:" >&2
	tail -20 "$SG_WORK/server.log" >&2
	return 1
}

sg_stop() {
	local try pid=$sg_postmaster
	[ -n "$pid" ] || return 0
	sg_postmaster=
	kill -INT "$pid" 2>/dev/null || return 0
	for ((try = 0; try < 600; try++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -QUIT "$pid" 2>/dev/null || :
	wait "$pid" 2>/dev/null || :
}

# sg_stop_nodes DIR: ends what a TAP test that was cut short left running.
sg_stop_nodes() {
	local file pid
	find "$1" -name postmaster.pid 2>/dev/null | while IFS= read -r file; do
		pid=$(head -n 1 "$file")
		say "still running, ended: ${file%/postmaster.pid}"
		kill -QUIT "$pid" 2>/dev/null || :
	done || :
}

# sg_lock NAME COMMAND...: two runs at once make a cached thing only once.
sg_lock() {
	mkdir -p "$SG_CACHE"
	(exec 9>"$SG_CACHE/$1.lock" && flock 9 && shift && "$@" 9>&-)
}

# sg_mirror LABEL: the address from which this machine takes the packages of
# the part of Debian called LABEL ("Debian", "Debian-Security").
sg_mirror() {
	# shellcheck disable=SC2016	# the words are apt's, not the shell's
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' \
		'Created-By: Packages' | sed -n "s/^Debian|$1|//p" | head -n 1
}

# sg_verdicts: of what PostgreSQL's test driver says, in one form until 15 and in
# TAP since 16, one line for each test: "ok" or "FAIL", its name, and how long.
# Where the schedule itself ignores a failure, it is none.
sg_verdicts() {
	sed -nuE -e 's/^(ok|not ok) +[0-9]+ +[-+] +([^ ]+) +([0-9.]+ ms)/\1|\2 \3|/' \
		-e 's/^(test)? +([^ ]+) +\.\.\. (ok|FAILED|failed)(.*) ([0-9.]+ ms)$/\3|\2 \5|\4/' \
		-e '/\(ignored\)/s/^[^|]*/ok/' -e 's/^(not ok|FAILED|failed)\|/FAIL|/' \
		-e 's/^(ok|FAIL)\|([^|]*)\|.*/\1 \2/p'
}

# sg_count PASSED FAILED SKIPPED: the one form of a total line.
sg_count() {
	if [ "$3" -gt 0 ]; then
		say "$1 passed, $2 failed, $3 skipped"
	else
		say "$1 passed, $2 failed"
	fi
}
