#!/usr/bin/env bash
# What is shipped: it builds, with gRPC in itself and hardened, and does the main job.
set -euo pipefail
build=$(readlink -f "$1")
top=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
release=$top/build/release/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make -C "$top" --no-print-directory release

for program in "$release/imbot-gateway" "$release/imbot"; do
  echo "--- $program"
  readelf --dynamic --wide "$program" > "$work/dynamic"
  if grep -E 'NEEDED.*lib(grpc|gpr|absl|upb|protobuf)' "$work/dynamic"; then echo "these libraries should be in the program"; exit 1; fi
  for want in 'FLAGS_1.*\bNOW\b' 'FLAGS_1.*\bPIE\b'; do
    grep -qE "$want" "$work/dynamic" || { echo "no $want among"; cat "$work/dynamic"; exit 1; }
  done
  readelf --segments --wide "$program" > "$work/segments"
  grep -q GNU_RELRO "$work/segments" || { echo "no GNU_RELRO"; exit 1; }
  grep -qE 'GNU_STACK .* RW +0x' "$work/segments" || { echo "its stack can be executed"; exit 1; }
  if grep -E 'RUNPATH|RPATH' "$work/dynamic"; then echo "it looks for libraries where it was built"; exit 1; fi
done
# The check finds what it looks for: the everyday build has gRPC's libraries outside.
readelf --dynamic --wide "$build/bin/imbot-gateway" > "$work/dynamic"
grep -qE 'NEEDED.*libgrpc' "$work/dynamic" || { echo "the check of libraries finds none in $build"; exit 1; }

echo "--- the main job"
cp "$build/bin/imbot_demo" "$build/bin/imbot_simulator" "$release/imbot-gateway" "$work"
"$work/imbot_demo" > "$work/out" || { cat "$work/out"; exit 1; }
grep '^Done: ' "$work/out"
