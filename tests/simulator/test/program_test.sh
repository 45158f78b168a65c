#!/bin/bash
# The program: one line of JSON on stdout, exit code 0 on SIGTERM and when stdin closes, a usage text for wrong flags.
set -u
program=$1
fail() { echo "FAILED: $1" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

start() {  # starts the program with these flags and waits for its line
  : > "$work/out"
  "$program" --tls-dir="$work/tls" "$@" > "$work/out" < "$work/stdin" 3>&- 4>&- &
  pid=$!
  for _ in $(seq 400); do [ -s "$work/out" ] && return; sleep 0.05; done
  fail "no line within 20 seconds"
}

exec 4</dev/null
mkfifo "$work/stdin"
exec 3<>"$work/stdin"
start
line=$(cat "$work/out")
[ "$(wc -l < "$work/out")" = 1 ] || fail "more than one line: $line"
port=$(sed -n 's/.*"http_port":\([0-9]*\).*/\1/p' <<< "$line")
[ "$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' <<< "$line")" = "$pid" ] || fail "wrong pid: $line"
ca=$(sed -n 's/.*"ca":"\([^"]*\)".*/\1/p' <<< "$line")
[ "$ca" = "$work/tls/ca.pem" ] && [ -s "$ca" ] || fail "no certificate authority at $ca"
exec 4<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /rest/1/simulator/server.time HTTP/1.0\r\n\r\n' >&4
read -r status <&4
[[ "$status" == "HTTP/1.1 200 OK"* ]] || fail "answered $status"
exec 4>&-
kill -TERM "$pid"
wait "$pid"
[ $? = 0 ] || fail "SIGTERM did not end it with 0"

start --exit-with-stdin
exec 3>&-
wait "$pid"
[ $? = 0 ] || fail "closing stdin did not end it with 0"

"$program" --no-such-flag 2> "$work/err"
[ $? = 2 ] && grep -q 'unknown flag' "$work/err" || fail "a wrong flag was taken"
"$program" --http-port=many 2> "$work/err"
[ $? = 2 ] && grep -q 'bad value' "$work/err" || fail "a wrong value was taken"
echo PASSED
