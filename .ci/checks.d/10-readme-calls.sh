#!/usr/bin/env bash
# The README's calls, as they stand there, against the gateway and the simulator; and ghz, old and new, with nothing but reflection.
set -euo pipefail
build=$(readlink -f "$1")
top=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
tools=$top/build/tools/bin
work=$(mktemp -d)
demo=
finish() { [ -z "$demo" ] || { kill "$demo" 2>/dev/null || true; wait "$demo" 2>/dev/null || true; }; rm -rf "$work"; }
trap finish EXIT
block() {  # the fenced block behind <!-- check: NAME -->
  awk -v mark="<!-- check: $1 -->" '$0 == mark {found = 1} found && /^```/ {if (inside) exit; inside = 1; next} found && inside' "$top/README.md"
}

"$build/bin/imbot_demo" --stay > "$work/demo.out" & demo=$!
for _ in $(seq 300); do grep -q '^gRPC: ' "$work/demo.out" && break; sleep 0.1; done
PORT=$(sed -n 's/^gRPC: 127.0.0.1:\([0-9]*\) .*/\1/p' "$work/demo.out"); export PORT
ADMIN_PORT=$(sed -n 's/^gRPC: .* admin: 127.0.0.1:\([0-9]*\) .*/\1/p' "$work/demo.out"); export ADMIN_PORT
[ -n "$PORT" ] && [ -n "$ADMIN_PORT" ] || { cat "$work/demo.out"; exit 1; }

echo "--- grpcurl: the README's block"
export PATH=$tools:$PATH
block grpcurl > "$work/calls.sh"; grep -q SendMessage "$work/calls.sh"
bash -euo pipefail "$work/calls.sh" > "$work/calls.out"
grep -q '"id": "' "$work/calls.out"
block raw > "$work/raw.sh"; grep -q RawService "$work/raw.sh"
bash -euo pipefail "$work/raw.sh" > "$work/raw.out"
grep -q '"result": "' "$work/raw.out"
grpcurl -plaintext "localhost:$PORT" list > "$work/services"
echo "--- imbot: the README's block"
block imbot > "$work/imbot.sh"; grep -q 'imbot call' "$work/imbot.sh"
PATH=$build/bin:$PATH bash -euo pipefail "$work/imbot.sh" > "$work/imbot.out"
for line in '^sent message [0-9]' '"id": [0-9]' '^acme/support .*active' '^gateway .*serving'; do
  grep -q "$line" "$work/imbot.out" || { echo "imbot printed no line like $line"; cat "$work/imbot.out"; exit 1; }
done
echo "--- grpcurl: AdminService on its own listener, and not on the callers'"
grpcurl -plaintext "localhost:$ADMIN_PORT" imbot.gateway.v1.AdminService/ListBots > "$work/bots"
grep -q '"acme/support"' "$work/bots"
if grpcurl -plaintext "localhost:$PORT" imbot.gateway.v1.AdminService/ListBots 2>/dev/null; then echo "callers reach AdminService"; exit 1; fi
if grep -q AdminService "$work/services"; then echo "callers' reflection lists AdminService"; exit 1; fi
for service in bitrix24.imbot.v2.BotService bitrix24.imbot.v2.MessageService bitrix24.imbot.v2.CommandService bitrix24.imbot.v2.RevisionService \
    bitrix24.imbot.v1.BotService bitrix24.imbot.v1.MessageService bitrix24.imbot.v1.CommandService bitrix24.imbot.v1.AppService \
    bitrix24.imbot.v2.FileService bitrix24.im.v2.FileService imbot.gateway.v1.RawService grpc.health.v1.Health grpc.channelz.v1.Channelz; do
  grep -qx "$service" "$work/services" || { echo "not listed: $service"; exit 1; }
done
echo "--- grpcurl: describe everything, health of every service"
grpcurl -plaintext "localhost:$PORT" describe > "$work/described"
grep -E '^(bitrix24|imbot)\.' "$work/services" | while read -r service; do
  grep -q "^$service is a service" "$work/described" || { echo "not described: $service"; exit 1; }
  grpcurl -plaintext -d "{\"service\": \"$service\"}" "localhost:$PORT" grpc.health.v1.Health/Check > "$work/health"
  grep -q '"SERVING"' "$work/health" || { echo "not serving: $service"; exit 1; }
done

for ghz in ghz ghz-0.93; do
  command -v "$ghz" >/dev/null || continue
  echo "--- $("$ghz" --version 2>&1): 200 sends by reflection, with the documentation's names"
  "$ghz" --insecure --call bitrix24.imbot.v2.MessageService.SendMessage -n 200 -c 10 --format json \
    -d '{"bot": "acme/support", "dialogId": "chat5", "fields": {"message": "load", "urlPreview": false}}' "localhost:$PORT" > "$work/ghz.json" ||
    { cat "$work/ghz.json"; exit 1; }
  python3 - "$work/ghz.json" <<'P'
import json, sys
report = json.load(open(sys.argv[1]))
codes = report["statusCodeDistribution"]
print("status codes:", codes)
sys.exit(0 if codes == {"OK": 200} else 1)
P
done

echo "--- Python: the README's block"
python3 -m venv "$work/venv" >/dev/null 2>&1
"$work/venv/bin/pip" install -q grpcio-tools==1.68.1 grpcio-status==1.68.1 >/dev/null
mkdir "$work/stubs"
(cd "$top" && "$work/venv/bin/python" -m grpc_tools.protoc -Iproto --python_out="$work/stubs" --grpc_python_out="$work/stubs" $(find proto/bitrix24 -name '*.proto'))
block python > "$work/call.py"
PYTHONPATH=$work/stubs "$work/venv/bin/python" "$work/call.py" | tee "$work/python.out"
grep -q '^sent [0-9]' "$work/python.out"

echo "--- the README's configuration is a good one"
mkdir "$work/secrets"; printf x > "$work/secrets/acme-webhook"; openssl rand -base64 32 > "$work/secrets/seal.key"; chmod 600 "$work"/secrets/*
block configuration > "$work/gateway.yaml"
"$build/bin/imbot-gateway" --check-config "$work/gateway.yaml"
kill -TERM "$demo"; wait "$demo"; demo=
echo "all README calls work"
