"""What scenarios share: what they start, how they send, and what they say of it."""
import contextlib
import itertools
import json
import os
import subprocess
import time

import checks
from checks import Verdict
from ghz import percentile
from programs import Gateway, Simulator, configuration, run_counted

TOKEN = "load_bot_token_0123456789"
TEXT = "Request [b]#142[/b] is waiting: what shall we do with it?"
CALLERS = 100
# How the gateway is told of the portal's limit, that it has none, and, for the control, of one that is none.
PLAN_STANDARD, PLAN_SELF_HOSTED, PLAN_WITHOUT_LIMITER = "plan: standard", "plan: self_hosted", "rate_limit: {burst: 100000, per_second: 100000}"
STANDARD = {"bucket": 50, "bucket_leak": 2}
# What the portal takes: 100 ms for a request and 30 to 50 ms for each of its commands.
SLOW = {"delay_ms": 100, "per_command_ms": 30, "per_command_max_ms": 50}
CAPACITY = 100  # messages a second: two requests of 50 commands


class Run:
    """What all scenarios have: where the programs are, where the reports go, how long things take."""

    def __init__(self, build, out, ghz, short):
        self.build, self.out, self.ghz, self.short = build, out, ghz, short

    def part(self, usual, short):
        return short if self.short else usual

    def seconds(self, usual, short):
        """Of a scenario's main part."""
        wanted = os.environ.get("LOAD_SECONDS")
        return float(wanted) if wanted else self.part(usual, short)

    def log(self, name):
        return os.path.join(self.out, name + ".log")


@contextlib.contextmanager
def portal(run, name, chats, flags=()):
    """A simulator with a bot in so many chats."""
    with Simulator(run.build, run.log(name + "-simulator"), flags) as simulator:
        bot = simulator.register_bot("support", TOKEN)
        yield simulator, bot, simulator.add_chats(bot, TOKEN, chats)


@contextlib.contextmanager
def gateway(run, name, simulator, bot, plan, callers=(), limits=None):
    folder = os.path.join(run.out, name)
    text = configuration(folder, simulator, [("acme", None, [plan])], [("acme", "support", bot, TOKEN)], callers, limits)
    with Gateway(run.build, folder, run.log(name + "-gateway"), text) as started:
        yield started
        code = started.stop()
        if code != 0:
            raise RuntimeError(f"the gateway ended with {code}")


def messages(chats, bot="acme/support", text=TEXT):
    return [{"bot": bot, "dialogId": chat, "fields": {"message": text}} for chat in chats]


direct_runs = itertools.count(1)


def direct(run, simulator, bot, chats, seconds, in_flight, rate=0):
    """Calls without a gateway."""
    path = os.path.join(run.out, "direct-bodies.txt")
    number = next(direct_runs)  # the portal does nothing for a templateId that it has seen
    with open(path, "w", encoding="utf-8") as file:
        for chat in chats:
            file.write('{"botId":%d,"botToken":"%s","dialogId":"%s","fields":{"message":"%s","templateId":"%08x-0000-4000-8000-@ID@"}}\n'
                       % (bot, TOKEN, chat, TEXT, number))
    done, cpu = run_counted([f"{run.build}/bin/imbot_load_direct", f"{simulator.url}{simulator.WEBHOOK}imbot.v2.Chat.Message.send",
                             path, str(seconds), str(in_flight), str(rate)])
    if done.returncode != 0:
        raise RuntimeError("direct calls: " + done.stderr)
    result = json.loads(done.stdout)
    result["ok"] = result["outcomes"].get("200", 0)
    result["per_second"] = result["ok"] / result["seconds"]
    result["cpu_us_per_call"] = cpu / max(1, result["calls"]) * 1e6
    return result


def row(what, tool, result, server_cpu=None):
    return {"what": what, "tool": tool, "calls": result["calls"], "ok": result["ok"], "per_second": result["per_second"],
            "p50_ms": result["p50_ms"], "p90_ms": result["p90_ms"], "p99_ms": result["p99_ms"], "server_cpu_us": server_cpu,
            "latencies": result.get("latencies", [])}


def ghz_row(what, result, server_cpu=None):
    return row(what, "ghz " + result["version"], result, server_cpu)


def all_ok(what, results):
    bad = {text: count for result in results for text, count in result["statuses"].items() if text != "OK"}
    return Verdict(f"{what}: every call is answered with OK", str(bad) if bad else "all", not bad, bool(bad))


def measured(server, call):
    """(result, the server's CPU microseconds for each of its calls)"""
    before = server.cpu_seconds()
    result = call()
    return result, (server.cpu_seconds() - before) / max(1, result["calls"]) * 1e6


# --- Callers with tokens of their own.


def caller_tokens():
    return [(f"caller-{number}", f"token-{number}") for number in range(CALLERS)]


def write_callers(run, name, chats, tokens):
    path = os.path.join(run.out, name + "-callers.txt")
    with open(path, "w", encoding="utf-8") as file:
        for chat, (_, token) in zip(chats, tokens):
            file.write(f"acme/support {chat} {token}\n")
    return path


class OpenLoop:
    """imbot_load_open_loop, under way."""

    def __init__(self, run, name, target, callers, rate, seconds, deadline, label="m", priority=""):
        self.path = os.path.join(run.out, name + "-calls.tsv")
        self.process = subprocess.Popen(
            [f"{run.build}/bin/imbot_load_open_loop", target, callers, str(rate), str(seconds), str(int(deadline * 1000)), self.path, label,
             priority], stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.begun = time.monotonic()

    def sleep_until(self, seconds):
        time.sleep(max(0, self.begun + seconds - time.monotonic()))

    def finish(self):
        out, _ = self.process.communicate(timeout=180)
        if self.process.returncode != 0:
            raise RuntimeError("imbot_load_open_loop failed")
        self.late_ms = int(out.split()[-1]) / 1000
        return checks.read_calls(self.path)


def open_loop_row(what, calls, seconds):
    good = sorted(call.took * 1000 for call in calls if call.code == checks.OK)
    return {"what": what, "tool": "open loop", "calls": len(calls), "ok": len(good), "per_second": len(good) / seconds,
            "p50_ms": percentile(good, 0.5), "p90_ms": percentile(good, 0.9), "p99_ms": percentile(good, 0.99), "server_cpu_us": None,
            "latencies": [percentile(good, share / 200) for share in range(200)] + good[-1:]}


def rates(samples, key):
    """Per second, over four samples each, as [(at, rate)]."""
    return [(late["at"], (late[key] - early[key]) / (late["at"] - early["at"]))
            for early, late in zip(samples, samples[4:]) if late["at"] > early["at"]]


def series(samples, key):
    return [(sample["at"], sample[key]) for sample in samples]


def worker_tokens(workers, connections):
    """ghz names its workers g0c0, g1c1, ...: the worker's number and its connection's."""
    return [(f"worker-{number}", f"token-g{number}c{number % connections}") for number in range(workers)]


def ghz_against_ledger(result, executed):
    numbers = [entry["params"]["fields"]["message"].split()[2] for entry in executed if entry["changed"]]
    doubled = len(numbers) - len(set(numbers))
    lost = max(0, result["ok"] - len(set(numbers)))
    limited = checks.limit_seen(result["messages"])
    return [Verdict("each message of ghz that was answered is in the ledger once", f"{result['ok']} answered, {lost} lost, {doubled} doubled",
                    not lost and not doubled, bool(lost or doubled)),
            Verdict("no worker of ghz sees QUERY_LIMIT_EXCEEDED", f"{len(limited)} did", not limited, bool(limited))]
