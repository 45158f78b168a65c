"""Runs ghz with a scenario's configuration file, and reads what it found."""
import json
import os
import signal
import subprocess

from programs import run_counted

HERE = os.path.dirname(os.path.abspath(__file__))
# Old ghz drives about twice the load of the new one per core, so every figure is named with its version.
VERSIONS = {"0.120": "ghz", "0.93": "ghz-0.93"}


class Ghz:
    """`tools`: folder of the programs; `protoset`: what protoc wrote, since it has the documentation's names; `out`: for reports."""

    def __init__(self, tools, protoset, out):
        self.tools, self.protoset, self.out = tools, protoset, out

    def command(self, version, scenario, target, tag, data=None, metadata=None, duration=None, more=()):
        """The command line and where its report will be. What stands in the scenario's file is not repeated here."""
        report = os.path.join(self.out, f"ghz-{tag}-{version}.json")
        command = [os.path.join(self.tools, VERSIONS[version]), "--config", os.path.join(HERE, "scenarios", scenario + ".json"),
                   "--protoset", self.protoset, "--format", "json", "--output", report]
        if data is not None:
            path = os.path.join(self.out, f"ghz-{tag}-data.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(data, file)
            command += ["--data-file", path]
        if metadata is not None:
            command += ["--metadata", json.dumps(metadata)]
        if duration is not None:
            command += ["--duration", f"{duration}s"]
        return [*command, *more, target], report

    def run(self, version, scenario, target, tag, **options):
        command, report = self.command(version, scenario, target, tag, **options)
        done, cpu = run_counted(command)
        if done.returncode != 0 or not os.path.exists(report):
            raise RuntimeError(f"ghz {version} {scenario}: {done.stdout}{done.stderr}")
        result = read_report(report)
        result["version"] = version
        result["cpu_us_per_call"] = cpu / max(1, result["calls"]) * 1e6
        return result

    def start(self, version, scenario, target, tag, **options):
        command, report = self.command(version, scenario, target, tag, **options)
        return Started(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), report, version)


class Started:
    """A ghz that runs beside another."""

    def __init__(self, process, report, version):
        self.process, self.report, self.version = process, report, version

    def running(self):
        return self.process.poll() is None

    def finish(self, timeout):
        """Lets it end by itself, or tells it to; its report, or None if it wrote none."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if not os.path.exists(self.report):
            return None
        result = read_report(self.report)
        result["version"] = self.version
        return result


def percentile(values, share):
    """REQUIRES: `values` sorted."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def read_report(path):
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    details = report.get("details") or []
    good = sorted(call["latency"] / 1e6 for call in details if not call.get("error"))
    errors = {}
    for text, count in (report.get("errorDistribution") or {}).items():
        errors[text.split(" desc = ")[0].replace("rpc error: code = ", "")] = count
    statuses = report.get("statusCodeDistribution") or {}
    ok = statuses.get("OK", 0)
    return {
        "calls": report["count"], "ok": ok, "statuses": statuses, "errors": errors,
        "messages": sorted((report.get("errorDistribution") or {}))[:5],
        "seconds": report["total"] / 1e9, "per_second": ok / (report["total"] / 1e9),
        "p50_ms": percentile(good, 0.5), "p90_ms": percentile(good, 0.9), "p99_ms": percentile(good, 0.99),
        "max_ms": good[-1] if good else 0.0,
        "latencies": good if len(good) <= 200 else [percentile(good, share / 200) for share in range(200)] + [good[-1]],
    }
