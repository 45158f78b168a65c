"""The scenarios: what each starts, what it sends, and what is said of it."""
import os
import statistics
import time

import checks
from checks import Verdict
from ghz import percentile
from programs import Echo, Gateway, NameServer, Sampler, Simulator, configuration
from setting import (CALLERS, CAPACITY, PLAN_SELF_HOSTED, PLAN_STANDARD, PLAN_WITHOUT_LIMITER, SLOW, STANDARD, TEXT, TOKEN, OpenLoop, all_ok,
                     caller_tokens, direct, gateway, ghz_against_ledger, ghz_row, measured, messages, open_loop_row, portal, rates, row, series,
                     worker_tokens, write_callers)


# --- One idle caller.


def idle(run):
    seconds = run.seconds(6, 1)
    rows, results = [], []
    with portal(run, "idle", 1) as (simulator, bot, chats), Echo(run.build, run.log("idle-echo")) as echo, \
            gateway(run, "idle", simulator, bot, PLAN_SELF_HOSTED) as acme:
        direct(run, simulator, bot, chats, 0.5, 1)  # connections and caches first
        bare = direct(run, simulator, bot, chats, seconds, 1)
        rows.append(row("direct calls", "libcurl", bare))
        for version in ("0.120", "0.93"):
            for what, server in (("echo", echo), ("gateway", acme)):
                result, cpu = measured(server, lambda: run.ghz.run(version, "idle", server.target, "idle-" + what,
                                                                   data=messages(chats)[0], duration=seconds))
                rows.append(ghz_row(what, result, cpu))
                results.append(result)
    echoed, through = results[0], results[1]
    return {
        "title": "One idle caller", "rows": rows,
        "about": "One call at a time to a portal that answers at once.",
        "verdicts": [all_ok("idle", results),
                     Verdict("the gateway's median beside those of the bare echo and of a direct call together",
                             f"{through['p50_ms'] / (echoed['p50_ms'] + bare['p50_ms']):.2f} times (ghz 0.120)", True)],
        "figures": {"idle_p50_times_echo_and_direct": through["p50_ms"] / (echoed["p50_ms"] + bare["p50_ms"])},
    }


# --- The limiter off.


def unthrottled(run):
    # Many short turns, each compared with the echo's beside it, and the median of what they say: others on the host take a
    # fifth of the machine for seconds at a time.
    seconds = 1.5
    turns = 3 if run.short else 9
    rows, verdicts, figures = [], [], {}
    with portal(run, "unthrottled", CALLERS) as (simulator, bot, chats), Echo(run.build, run.log("unthrottled-echo")) as echo, \
            gateway(run, "unthrottled", simulator, bot, PLAN_SELF_HOSTED) as wide, \
            gateway(run, "unthrottled-1", simulator, bot, PLAN_SELF_HOSTED, limits={"in_flight_per_portal": 1}) as narrow:
        servers = {"echo": echo, "gateway": wide, "gateway, 1 request in flight": narrow}
        rows.append(row("direct calls, 16 at once", "libcurl", direct(run, simulator, bot, chats, seconds, 16)))
        before, answered = simulator.executed_count(), 0
        for version in ("0.120", "0.93"):
            seen = {what: [] for what in servers}
            for _ in range(turns):
                for what, server in servers.items():
                    requests = 0 if server is echo else server.metrics()["imbot_portal_requests_total"]
                    result, cpu = measured(server, lambda: run.ghz.run(version, "unthrottled", server.target, "unthrottled",
                                                                       data=messages(chats), duration=seconds))
                    together = 1.0
                    if server is not echo:
                        answered += result["ok"]
                        together = result["calls"] / max(1, server.metrics()["imbot_portal_requests_total"] - requests)
                    verdicts += [verdict for verdict in [all_ok(what, [result])] if not verdict.good]
                    seen[what].append((result["per_second"], cpu, together, result))
            for what, of_server in seen.items():
                _, cpu, together, result = sorted(of_server, key=lambda turn: turn[0])[turns // 2]
                rows.append(ghz_row(what if what == "echo" else f"{what}: {together:.1f} calls a request", result, cpu))
            def against_echo(what, figure):
                return statistics.median(own[figure] / echos[figure] for own, echos in zip(seen[what], seen["echo"]))
            gateways = [what for what in servers if what != "echo"]
            best = max(against_echo(what, 0) for what in gateways)
            verdicts.append(Verdict(f"ghz {version}: throughput of a send at least half of the echo's", f"{best:.2f}", best >= 0.5))
            figures[f"throughput_of_echo_ghz_{version}"] = best
            least = min(against_echo(what, 1) for what in gateways)
            verdicts.append(Verdict(f"ghz {version}: the gateway's CPU per call at most twice the echo's", ", ".join(
                f"{against_echo(what, 1):.2f} times at {statistics.median(turn[2] for turn in seen[what]):.1f} calls a request"
                for what in gateways), least <= 2))
            figures[f"cpu_times_echo_ghz_{version}"] = least
        sent = simulator.executed_count() - before
        verdicts.insert(0, Verdict("as many messages in the ledger as were answered", f"{answered} answered, {sent} in the ledger",
                                   sent == answered, sent != answered))
    return {"title": "No limit", "rows": rows, "verdicts": verdicts, "figures": figures,
            "about": "100 workers on 10 connections as fast as they can, to a self-hosted portal that answers at once; the gateway with 16 "
                     "requests in flight, as it is configured by default, and with 1, which makes the largest batches. CPU is the server's, per call. "
                     f"Shown is the middle one of {turns} turns of each, by throughput; compared is each turn with the echo's beside it. "
                     "Everything shares the cores of one machine, the portal too."}


# --- 100 callers on a standard portal.


def standard(run):
    # Long enough for 50 requests at once and the two seconds of a full batch.
    warm_up = run.part(15, 8)
    seconds = run.seconds(60, 10)
    tokens = caller_tokens()
    rows, charts = [], []
    with portal(run, "standard", CALLERS) as (simulator, bot, chats), \
            gateway(run, "standard", simulator, bot, PLAN_STANDARD, tokens) as acme:
        simulator.options(**STANDARD, **SLOW)
        callers = write_callers(run, "standard", chats, tokens)
        sampler = Sampler(acme, simulator)
        load = OpenLoop(run, "standard", acme.target, callers, 1.1 * CAPACITY, warm_up + seconds + 1, 30)
        load.sleep_until(warm_up)
        level = max(bucket["level"] for bucket in simulator.control("GET", "/state")["buckets"])
        start, arrived = time.monotonic(), simulator.executed_count()
        load.sleep_until(warm_up + seconds)
        arrived, window = simulator.executed_count() - arrived, time.monotonic() - start
        calls = load.finish()
        samples = sampler.stop()
        executed, rejected = simulator.ledger()
        refused = simulator.stats()["bucketRefused"]
        rate = arrived / window
        rows.append(open_loop_row("gateway, 110 a second for 100 callers", calls, warm_up + seconds + 1))
        verdicts = [Verdict(f"at least 98 of 100 a second arrive, {seconds:.0f} s after the burst",
                            f"{rate:.1f} a second; the bucket held {level:.0f} of {STANDARD['bucket']} when counting began", rate >= 98),
                    *checks.against_ledger(calls, executed, "m"),
                    Verdict("the portal refuses no request for its limit", f"{refused} refused, {len(rejected)} messages rejected",
                            refused == 0, refused > 0),
                    Verdict("what the callers were told", str(checks.by_reason(calls)), True)]
    charts.append({"title": "Messages that arrive, a second", "lines": {"arrived": rates(samples, "executed")}, "goal": CAPACITY})
    charts.append({"title": "Calls that wait", "lines": {"queued": series(samples, "queued")}})

    # The same with ghz, whose workers wait for their answers.
    closed = run.part(15, 4)
    with portal(run, "standard-ghz", CALLERS) as (simulator, bot, chats), \
            gateway(run, "standard-ghz", simulator, bot, PLAN_STANDARD, worker_tokens(100, 100)) as acme:
        simulator.options(**STANDARD, **SLOW)
        result = run.ghz.run("0.120", "standard", acme.target, "standard", data=messages(chats, text="g 0 {{.RequestNumber}} " + TEXT),
                             metadata={"authorization": "Bearer token-{{.WorkerID}}"}, duration=closed)
        rows.append(ghz_row("gateway, 100 workers with tokens of their own, burst included", result))
        verdicts += [all_ok("100 workers of ghz", [result]), *ghz_against_ledger(result, simulator.ledger()[0])]

    control, verdict = limiter_off(run)
    rows += control
    verdicts.append(verdict)
    return {"title": "100 callers on a standard portal", "rows": rows, "verdicts": verdicts, "charts": charts,
            "figures": {"arrived_of_capacity": rate / CAPACITY, "refused_by_portal": refused},
            "about": "The portal takes 50 requests at once and 2 a second after that, 100 ms for a request and 30 to 50 ms for each command: "
                     "100 messages a second at most. An open loop sends 110, each caller with its own token, dialog and connection."}


def limiter_off(run):
    """The positive control: the same load without the gateway's limiter, and without a gateway."""
    seconds = run.part(10, 4)
    tokens = caller_tokens()
    rows = []
    with portal(run, "control", CALLERS) as (simulator, bot, chats), gateway(run, "control", simulator, bot, PLAN_WITHOUT_LIMITER, tokens) as acme:
        simulator.options(**STANDARD, **SLOW)
        load = OpenLoop(run, "control", acme.target, write_callers(run, "control", chats, tokens), 1.1 * CAPACITY, seconds, 10)
        calls = load.finish()
        refused = simulator.stats()["bucketRefused"]
        rows.append(open_loop_row("gateway with its limiter off", calls, seconds))
    with portal(run, "control-direct", CALLERS) as (simulator, bot, chats):
        simulator.options(**STANDARD, **SLOW)
        bare = direct(run, simulator, bot, chats, seconds, 200, 1.1 * CAPACITY)
        rows.append(row(f"direct calls, 110 a second: {bare['outcomes'].get('503', 0)} refused", "libcurl", bare))
    return rows, Verdict("control: with the gateway's limiter off the portal refuses hundreds",
                         f"{refused} requests refused in {seconds:.0f} s; direct calls: {bare['outcomes'].get('503', 0)} of {bare['calls']}; "
                         f"callers: {checks.by_reason(calls)}", refused >= 100)


# --- 1,000 portals.


def portals(run):
    count = 1000
    seconds = run.seconds(12, 3)
    rows, results = [], []
    names = NameServer()
    with Simulator(run.build, run.log("portals-simulator")) as simulator:
        hosts = [f"p{number}.portal.test" for number in range(count)]
        webhook = {"user": 1, "code": "simulator", "scope": "imbot,im"}
        simulator.control("POST", "/webhooks", [{**webhook, "portal": host} for host in hosts])
        bots = {host: simulator.register_bot("support", TOKEN, host) for host in hosts}
        simulator.options(**STANDARD)
        folder = os.path.join(run.out, "portals")
        text = configuration(folder, simulator,
                             [(f"p{number}", f"http://{host}:{simulator.port}", ["plan: standard"]) for number, host in enumerate(hosts)],
                             [(f"p{number}", "support", bots[host], TOKEN) for number, host in enumerate(hosts)],
                             name_server=names.address)
        with Gateway(run.build, folder, run.log("portals-gateway"), text) as many:
            rss = many.status("VmRSS") / 1024
            start = many.start_seconds
            data = [request for number in range(count) for request in messages(["chat5"], f"p{number}/support")]
            first = run.ghz.run("0.120", "portals", many.target, "portals-first", data=data, duration=3)  # names and connections
            result, cpu = measured(many, lambda: run.ghz.run("0.120", "portals", many.target, "portals", data=data, duration=seconds))
            rows.append(ghz_row("gateway, 1,000 portals", result, cpu))
            results += [first, result]
            refused = simulator.stats()["bucketRefused"]
            sent = simulator.executed_count()
    names.stop()
    with portal(run, "portals-one", CALLERS) as (simulator, bot, chats), gateway(run, "portals-one", simulator, bot, PLAN_SELF_HOSTED) as one:
        run.ghz.run("0.120", "portals", one.target, "portals-first", data=messages(chats), duration=1)
        single, cpu = measured(one, lambda: run.ghz.run("0.120", "portals", one.target, "portals-one", data=messages(chats),
                                                        duration=seconds))
        rows.append(ghz_row("gateway, one portal without a limit", single, cpu))
        results.append(single)
    answered = first["ok"] + result["ok"]
    return {
        "title": "1,000 portals", "rows": rows,
        "about": "1,000 calls a second, one for each portal; every portal has a host, a bucket and a connection of its own.",
        "figures": {"portals_p50_times_one": result["p50_ms"] / single["p50_ms"]},
        "verdicts": [all_ok("1,000 portals", results),
                     Verdict("as many messages in the ledgers as were answered", f"{answered} answered, {sent} in the ledger",
                             sent == answered, sent != answered),
                     Verdict("no portal refuses a request for its limit", str(refused), refused == 0, refused > 0),
                     Verdict("median beside the same load on one portal", f"{result['p50_ms'] / single['p50_ms']:.2f} times", True),
                     Verdict("start and memory with 1,000 portals", f"{start:.2f} s, {rss:.0f} MiB", True)],
    }


# --- Bulk beside interactive.


def bulk(run):
    queued = 1_000 if run.short else 10_000
    seconds = run.seconds(25, 5)
    tokens = [("noisy", "token-noisy"), ("person", "token-person")]
    limits = {"max_deadline": "600s", "queued_calls_per_portal": 20_000}
    with portal(run, "bulk", CALLERS + 1) as (simulator, bot, chats), \
            gateway(run, "bulk", simulator, bot, PLAN_STANDARD, tokens, limits) as acme:
        simulator.options(**STANDARD, **SLOW)
        person = messages(chats[:1], text="i 0 {{.RequestNumber}} " + TEXT)[0]
        quiet = run.ghz.run("0.120", "interactive", acme.target, "interactive-quiet", data=person, duration=min(8, seconds / 2))
        sampler = Sampler(acme, simulator)
        noisy = run.ghz.start("0.120", "bulk", acme.target, "bulk", data=messages(chats[1:], text="b 0 {{.RequestNumber}} " + TEXT),
                              more=["--total", str(queued), "--concurrency", str(queued)])
        deadline = time.monotonic() + 40
        most = 0
        while time.monotonic() < deadline and noisy.running():
            waiting = acme.metrics()["imbot_portal_queued_calls"]
            if most > queued * 0.5 and waiting < most:
                break  # all are there, and the first batches have left
            most = max(most, waiting)
            time.sleep(0.25)
        time.sleep(4)  # the burst is used up
        waiting = acme.metrics()["imbot_portal_queued_calls"]
        busy = run.ghz.run("0.120", "interactive", acme.target, "interactive-busy", data=person, duration=seconds)
        left = acme.metrics()["imbot_portal_queued_calls"]
        noisy_result = noisy.finish(0.1)
        samples = sampler.stop()
        executed, _ = simulator.ledger()
        refused = simulator.stats()["bucketRefused"]
    texts = [entry["params"]["fields"]["message"].split()[:3] for entry in executed if entry["changed"]]
    doubled = sum(1 for words in texts if words[0] == "b") - len({words[2] for words in texts if words[0] == "b"})
    batch = (SLOW["delay_ms"] + 50 * (SLOW["per_command_ms"] + SLOW["per_command_max_ms"]) / 2) + 1000 / STANDARD["bucket_leak"]
    delay = busy["max_ms"] - quiet["p50_ms"]
    return {
        "title": "Bulk beside interactive",
        "rows": [ghz_row("interactive, nobody else", quiet), ghz_row(f"interactive, {int(waiting)} bulk calls waiting", busy)],
        "about": f"A noisy caller has {queued} bulk calls in the queue of a standard portal; another one sends a message a second.",
        "figures": {"interactive_delay_ms": delay, "batch_ms": batch},
        "charts": [{"title": "Calls that wait", "lines": {"queued": series(samples, "queued")}},
                   {"title": "Messages that arrive, a second", "lines": {"arrived": rates(samples, "executed")}, "goal": CAPACITY}],
        "verdicts": [
            all_ok("interactive calls", [quiet, busy]),
            Verdict("an interactive call is delayed by at most one batch", f"by {delay:.0f} ms at most ({busy['calls']} calls, {int(waiting)} to "
                    f"{int(left)} bulk calls waiting); a batch and its turn take {batch:.0f} ms", delay <= batch),
            Verdict("no bulk message is doubled", f"{doubled} of {len(texts)}", doubled == 0, doubled > 0),
            Verdict("the portal refuses no request for its limit", str(refused), refused == 0, refused > 0),
            Verdict("what became of the bulk calls, broken off at the end", str(noisy_result and noisy_result["statuses"]), True)],
    }


# --- Three times what the portal takes.


def overload(run):
    seconds = run.seconds(300, 10)
    deadline = 8
    tokens = caller_tokens()
    with portal(run, "overload", CALLERS) as (simulator, bot, chats), \
            gateway(run, "overload", simulator, bot, PLAN_STANDARD, tokens) as acme:
        simulator.options(**STANDARD, **SLOW)
        # Connections and heaps as they are under usual load.
        callers = write_callers(run, "overload", chats, tokens)
        OpenLoop(run, "overload-warm", acme.target, callers, CAPACITY / 2, 5, deadline, label="w").finish()
        time.sleep(1)
        sampler = Sampler(acme, simulator)
        before = sampler.take()
        load = OpenLoop(run, "overload", acme.target, callers, 3 * CAPACITY, seconds, deadline)
        load.sleep_until(seconds + 10)
        after = sampler.take()
        calls = load.finish()
        samples = sampler.stop()
        executed, _ = simulator.ledger()
        refused_by_portal = simulator.stats()["bucketRefused"]
    refused = [call for call in calls if call.refused]
    took = sorted(call.took * 1000 for call in refused)
    fast = sum(1 for value in took if value <= 5) / max(1, len(took))
    hinted = sum(1 for call in refused if call.retry_ms >= 0)
    # A call that waits first and is refused then had been accepted.
    accepted = [call for call in calls if not call.refused or call.took > 0.5]
    kept = sum(1 for call in accepted if call.code == checks.OK) / max(1, len(accepted))
    most = max(sample["rss_mib"] for sample in samples)
    middle = [sample["rss_mib"] for sample in samples if seconds * 0.25 < sample["at"] < seconds * 0.5]
    late = [sample["rss_mib"] for sample in samples if seconds * 0.75 < sample["at"] < seconds]
    growth = (sum(late) / len(late) - sum(middle) / len(middle)) if middle and late else 0.0
    idle_again = after["queued"] == 0 and after["in_flight"] == 0 and after["rpc_in_flight"] == 0
    result = open_loop_row("gateway, 300 a second for 100 callers", calls, seconds)
    retries = sorted(call.retry_ms for call in refused if call.retry_ms >= 0)

    # The same with ghz.
    with portal(run, "overload-ghz", CALLERS) as (simulator, bot, chats), \
            gateway(run, "overload-ghz", simulator, bot, PLAN_STANDARD, worker_tokens(100, 100)) as acme:
        simulator.options(**STANDARD, **SLOW)
        async_result = run.ghz.run("0.120", "overload", acme.target, "overload", data=messages(chats, text="g 0 {{.RequestNumber}} " + TEXT),
                                   metadata={"authorization": "Bearer token-{{.WorkerID}}"}, duration=run.part(15, 4))
        with_ghz = ghz_against_ledger(async_result, simulator.ledger()[0])
    return {
        "title": "Three times what the portal takes",
        "rows": [result, ghz_row("gateway, 300 a second, burst included: " + str(async_result["statuses"]), async_result)],
        "about": f"An open loop sends 300 messages a second for {seconds:.0f} s to a portal that takes 100; each has {deadline} s.",
        "figures": {"refused_within_5ms": fast, "accepted_kept": kept, "rss_most_mib": most},
        "charts": [{"title": "Messages that arrive, a second", "lines": {"arrived": rates(samples, "executed")}, "goal": CAPACITY},
                   {"title": "Calls that wait", "lines": {"queued": series(samples, "queued")}},
                   {"title": "Memory of the gateway, MiB", "lines": {"resident": series(samples, "rss_mib")}}],
        "verdicts": [
            Verdict("memory is bounded", f"{before['rss_mib']:.0f} MiB before, {most:.0f} MiB at most; the last quarter has {growth:+.1f} MiB "
                    "beside the second one", growth < max(5, 0.1 * most)),
            Verdict("refused calls are refused within 5 ms", f"{fast * 100:.2f}% of {len(refused)}; p50 {percentile(took, 0.5):.2f} ms, p99 "
                    f"{percentile(took, 0.99):.2f} ms, most {took[-1] if took else 0:.1f} ms", fast >= 0.99),
            Verdict("with RetryInfo", f"{hinted} of {len(refused)}; p50 {percentile(retries, 0.5):.0f} ms, p99 {percentile(retries, 0.99):.0f} ms",
                    hinted == len(refused)),
            Verdict("accepted ones keep their deadlines, at least 99%", f"{kept * 100:.2f}% of {len(accepted)}", kept >= 0.99),
            Verdict("10 s after the load everything is idle again",
                    f"{after['queued']:.0f} queued, {after['in_flight']:.0f} requests in flight, {after['rpc_in_flight']:.0f} rpcs, "
                    f"{after['rss_mib']:.0f} MiB ({after['rss_mib'] - before['rss_mib']:+.0f})", idle_again),
            *checks.against_ledger(calls, executed, "m"),
            Verdict("the portal refuses no request for its limit", str(refused_by_portal), refused_by_portal == 0, refused_by_portal > 0),
            *with_ghz,
            Verdict("what the callers were told", str(checks.by_reason(calls)), True)],
    }


ALL = {"idle": idle, "unthrottled": unthrottled, "standard": standard, "portals": portals, "bulk": bulk, "overload": overload}
