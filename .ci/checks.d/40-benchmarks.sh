#!/usr/bin/env bash
# The benchmarks still run to their end. What they measure is not looked at here: this build is not the one that is measured.
set -euo pipefail
build=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in call_cost resolver_hang hanging_portal queue_cost key_cost; do
  "$build/bin/${name}_benchmark" > "$work/out" 2>&1 || { cat "$work/out"; echo "$name: ended with an error"; exit 1; }
  [ -s "$work/out" ] || { echo "$name: printed nothing"; exit 1; }
  echo "$name: $(tail -n 1 "$work/out")"
done
