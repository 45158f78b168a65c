#!/usr/bin/env bash
# imbot's completion in zsh and fish for real (bash: tests/integration/imbot_terminal_test.cc), and its manual page without a complaint.
set -euo pipefail
build=$(readlink -f "$1")
top=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
work=$(mktemp -d)
demo=
finish() { [ -z "$demo" ] || { kill "$demo" 2>/dev/null || true; wait "$demo" 2>/dev/null || true; }; rm -rf "$work"; }
trap finish EXIT
"$build/bin/imbot_demo" --stay > "$work/demo.out" & demo=$!
for _ in $(seq 300); do grep -q '^gRPC: ' "$work/demo.out" && break; sleep 0.1; done
IMBOT_ADMIN=127.0.0.1:$(sed -n 's/^gRPC: .* admin: 127.0.0.1:\([0-9]*\) .*/\1/p' "$work/demo.out"); export IMBOT_ADMIN
export PATH=$build/bin:$PATH HOME=$work TERM=xterm

echo "--- bash"
imbot completion bash | bash -n
echo "--- fish"
imbot completion fish | fish --no-execute
fish_completes() {  # what stands on the line -> what must be offered
  fish --no-config -c 'imbot completion fish | source; complete -C "$argv[1]"' "$1" | cut -f 1 > "$work/fish.out"
  grep -qxF -- "$2" "$work/fish.out" || { echo "fish offers no $2 for: $1"; cat "$work/fish.out"; exit 1; }
}
fish_completes 'imbot desc' describe
fish_completes 'imbot call imbot.v2.Chat.Message.s' imbot.v2.Chat.Message.send
fish_completes 'imbot call x --idem' --idempotency-key
fish_completes 'imbot send acme/' acme/support
fish_completes 'imbot bots --portal ' acme
fish_completes 'imbot drain ' acme
fish_completes 'imbot log-level w' warning
fish_completes "imbot call x --token-file $work/demo" "$work/demo.out"

echo "--- zsh"
imbot completion zsh > "$work/_imbot"
zsh -n "$work/_imbot"
# A line editor in a terminal of its own, as completion needs one.
python3 - "$work" <<'P'
import os, pty, re, select, sys, time
work = sys.argv[1]
pid, fd = pty.fork()
if pid == 0:
    os.execvp("zsh", ["zsh", "-f", "-i"])
shown = ""
def wait_for(text, seconds=30):
    global shown
    end = time.monotonic() + seconds
    while text not in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown):
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
            sys.exit(f"zsh never showed {text!r}, but {shown!r}")
        shown += os.read(fd, 4096).decode(errors="replace")
def type_keys(keys):
    global shown
    shown = ""
    os.write(fd, keys.encode())
type_keys(f"PS1='ready> '; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -d {work}/dump; source {work}/_imbot; echo lo''aded\n")
wait_for("loaded\r\n")
for typed, to in [("imbot desc\t", "describe "), ("imbot describe imbot.v2.Rev\t", "imbot.v2.Revision.get "),
                  ("imbot call x --idem\t", "--idempotency-key "), ("imbot send acme/su\t", "acme/support "),
                  ("imbot flush a\t", "acme "), ("imbot log-level warn\t", "warning ")]:
    type_keys(typed)
    wait_for(to)
    type_keys("\x15")
os.write(fd, b"\x15exit\n")
P
echo "--- manual page"
if command -v man >/dev/null; then
  MANROFFSEQ='' man --warnings -E UTF-8 -l -Tutf8 "$top/client_lib/cli/imbot.1" 2> "$work/man.err" > /dev/null
  [ ! -s "$work/man.err" ] || { cat "$work/man.err"; exit 1; }
fi
kill -TERM "$demo"; wait "$demo"; demo=
echo "completion works in bash, fish and zsh"
