# shellcheck shell=bash disable=SC2034
about='durable refusals, one session; psql'
rows=2000
target=2
sessions=1
# shellcheck source=/dev/null
. "$BENCH/refusals.sh"
