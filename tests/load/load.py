#!/usr/bin/env python3
"""Load on the gateway, with ghz and with callers of its own: load.py BUILD_DIR TOOLS_DIR [--short] [SCENARIO...]

BUILD_DIR holds what was built for benchmarks, TOOLS_DIR both versions of ghz. Every scenario starts its own simulated portal and its
own gateway on free ports of loopback. Prints tables and, for everything that is wanted, what was seen; writes load.json and load.html
to BUILD_DIR/../load. What was slow is shown; exit code 1 is for what was wrong: a message lost, doubled or out of order, a limit that
a caller saw. LOAD_SECONDS overrides how long each scenario's main part lasts.
"""
import os
import platform
import sys
import traceback

import report
import scenarios
from checks import Verdict
from ghz import Ghz
from setting import Run


def machine():
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            name = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), name)
    except OSError:
        pass
    return f"{os.cpu_count()} cores, {name}; callers, gateway and portal share them. ghz 0.120 and 0.93, each named beside its figures."


def main(arguments):
    short = "--short" in arguments
    build, tools, *names = [word for word in arguments if word != "--short"]
    build = os.path.abspath(build)
    unknown = [name for name in names if name not in scenarios.ALL]
    if unknown:
        sys.exit(f"load: there is no scenario {', '.join(unknown)}: {', '.join(scenarios.ALL)}")
    out = os.path.join(os.path.dirname(build), "load")
    os.makedirs(out, exist_ok=True)
    ghz = Ghz(os.path.abspath(tools), os.path.join(build, "proto/generated/contract.binpb"), out)
    run = Run(build, out, ghz, short)
    results = {}
    print(machine())
    for name in names or scenarios.ALL:
        try:
            results[name] = scenarios.ALL[name](run)
        except Exception as error:  # one that breaks must not hide the others
            traceback.print_exc()
            results[name] = {"title": name, "about": "", "rows": [], "verdicts": [Verdict("the scenario runs", str(error), False, True)]}
        report.print_scenario(results[name])
    report.write_json(os.path.join(out, "load.json"), machine(), results)
    report.write_html(os.path.join(out, "load.html"), machine(), results)
    print(f"{out}/load.html")
    return any(verdict.wrong and not verdict.good for result in results.values() for verdict in result["verdicts"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
