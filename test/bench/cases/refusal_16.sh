# shellcheck shell=bash disable=SC2034
about='durable refusals, 16 sessions at once; psql'
rows=24000
target=2
sessions=16
# shellcheck source=/dev/null
. "$BENCH/refusals.sh"
