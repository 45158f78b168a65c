#!/usr/bin/env bash
# The C++ client library as its users have it: installed, found by a project outside the tree, and at work against the
# gateway and the simulator. Nothing of the source tree or the build is on its path.
set -euo pipefail
build=$(readlink -f "$1")
top=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
work=$(mktemp -d)
demo=
finish() { [ -z "$demo" ] || { kill "$demo" 2>/dev/null || true; wait "$demo" 2>/dev/null || true; }; rm -rf "$work"; }
trap finish EXIT

echo "--- install, and what is in it"
cmake --build "$build" --target imbot_client imbot_client_testing imbot_client_contract imbot_demo imbot-gateway imbot_simulator
cmake --install "$build" --component client --prefix "$work/prefix" > /dev/null
(cd "$work/prefix" && find . -name '*.a' -o -name '*.cmake' -o -path './include/imbot/client*' -name '*.h' | sort)
if grep -rIlE "$top|service/|bitrix24/rest/options" "$work/prefix" --include='*.h' --include='*.cmake' | grep -v '\.pb\.h$'; then
  echo "the files above name the source tree, service/ or options"; exit 1
fi

echo "--- a project outside the tree: at most 10 lines of CMakeLists.txt, at most 30 of main.cc"
cp -r "$top/tests/client_lib/quickstart" "$work/quickstart"
cd "$work/quickstart"
awk '$0 == "<!-- check: quickstart -->" {found = 1} found && /^```/ {if (inside) exit; inside = 1; next} found && inside' "$top/README.md" > "$work/block"
python3 -c 'import sys; block, main = (open(path).read() for path in sys.argv[1:]); sys.exit(not block.strip() or block not in main)' "$work/block" main.cc ||
  { echo "the README's block is not in the quickstart's main.cc"; exit 1; }
[ "$(wc -l < CMakeLists.txt)" -le 10 ] && [ "$(wc -l < main.cc)" -le 30 ]
cmake -S . -B build -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror" > "$work/configure.log" || { cat "$work/configure.log"; exit 1; }
cmake --build build
echo "--- a caller's own test, with the fake gateway"
cp -r "$top/tests/client_lib/quickstart_testing" "$work/quickstart_testing"
cmake -S "$work/quickstart_testing" -B "$work/quickstart_testing/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror" > "$work/configure.log" || { cat "$work/configure.log"; exit 1; }
cmake --build "$work/quickstart_testing/build"
"$work/quickstart_testing/build/quickstart_testing"
echo "--- another version is not found"
sed 's/imbot_client 0.1 /imbot_client 0.2 /' CMakeLists.txt > "$work/newer.txt"
mkdir "$work/newer" && cp main.cc "$work/newer/" && mv "$work/newer.txt" "$work/newer/CMakeLists.txt"
if cmake -S "$work/newer" -B "$work/newer/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" > "$work/newer.log" 2>&1; then
  echo "version 0.2 was found where 0.1 is installed"; exit 1
fi
grep -q 'version: 0.1' "$work/newer.log"

echo "--- the library alone is configured without the gateway's own libraries"
without=(); for package in CURL SQLite3 yaml-cpp spdlog prometheus-cpp simdjson nlohmann_json GTest; do without+=("-DCMAKE_DISABLE_FIND_PACKAGE_$package=ON"); done
cmake --preset client -S "$top" -B "$work/alone" "${without[@]}" > "$work/alone.log" 2>&1 || { cat "$work/alone.log"; exit 1; }

echo "--- and at work"
: > "$work/demo.out"
"$build/bin/imbot_demo" --stay >> "$work/demo.out" & demo=$!
for _ in $(seq 300); do grep -q '^gRPC: ' "$work/demo.out" && break; sleep 0.1; done
port=$(sed -n 's/^gRPC: 127.0.0.1:\([0-9]*\) .*/\1/p' "$work/demo.out")
state=$(sed -n "s/.*portal's state: \(http:[^ ]*\)$/\1/p" "$work/demo.out")
[ -n "$port" ] || { cat "$work/demo.out"; exit 1; }
build/quickstart "127.0.0.1:$port" | tee "$work/out"
grep -Eq '^sent [0-9]+, request .+' "$work/out"
grep -Eq '^refused: INVALID_ARGUMENT VALIDATION_FAILED \(NOT_EXECUTED\): .*\[dialogId: .*required' "$work/out"
id=$(sed -n 's/^sent \([0-9]*\),.*/\1/p' "$work/out")
python3 - "$state" "$id" <<'P'
import json, sys, urllib.request
state = json.load(urllib.request.urlopen(sys.argv[1]))
message = next(m for m in state["messages"] if str(m["id"]) == sys.argv[2])
keyboard = json.dumps(message.get("keyboard") or message)
assert "requests/142" in keyboard and "Open" in keyboard, message
print("the portal has message", sys.argv[2], "with its button")
P
echo "--- nobody there"
if build/quickstart 127.0.0.1:1 2> "$work/err"; then echo "a call to nobody succeeded"; exit 1; fi
grep -q '^not sent: UNAVAILABLE GATEWAY_UNREACHABLE (NOT_EXECUTED)' "$work/err" || { cat "$work/err"; exit 1; }
kill -TERM "$demo"; wait "$demo"; demo=
echo "the quickstart works"
