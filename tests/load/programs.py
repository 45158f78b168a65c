"""The programs that a scenario runs: each on loopback, on ports of its own, stopped by its process id."""
import hashlib
import http.client
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


class Program:
    """A running program. The first of its lines that `ready` understands gives `ready_value`. What it prints goes straight to a file: a
    pipe would cost it a reader that takes turns with it."""

    def __init__(self, command, log_path, ready, timeout=30):
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.pid = self.process.pid
        self.ready_value = None
        end = time.monotonic() + timeout
        while self.ready_value is None and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.01)
            with open(log_path, encoding="utf-8", errors="replace") as log:
                # The last line may be half there.
                lines = log.read().split("\n")[:-1]
            self.ready_value = next((value for value in map(ready, lines) if value is not None), None)
        if self.ready_value is None:
            self.stop()
            raise RuntimeError(f"{command[0]} did not start, see {log_path}")

    def stop(self):
        """Returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def status(self, name):
        """A number of /proc/PID/status: VmRSS and VmHWM in KiB, Threads."""
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith(name + ":"):
                    return int(line.split()[1])
        return 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def json_line(line):
    return json.loads(line) if line.startswith("{") else None


class Simulator(Program):
    """The portal. Its REST methods are called directly to set up what a scenario needs, before any limit is switched on."""

    WEBHOOK = "/rest/1/simulator/"

    def __init__(self, build, log_path, flags=()):
        super().__init__([f"{build}/bin/imbot_simulator", *flags], log_path, json_line)
        self.port = self.ready_value["http_port"]
        self.control_port = self.ready_value["control_port"]
        self.url = f"http://127.0.0.1:{self.port}"

    @staticmethod
    def _exchange(port, verb, target, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(verb, target, body=None if body is None else json.dumps(body), headers=headers)
            reply = connection.getresponse()
            answer = json.loads(reply.read() or b"{}")
        finally:
            connection.close()
        if reply.status != 200:
            raise RuntimeError(f"{verb} {target}: {reply.status} {answer}")
        return answer

    def control(self, verb, target, body=None):
        return self._exchange(self.control_port, verb, target, body, {})

    def rest(self, method, params, host=None):
        headers = {"Content-Type": "application/json"}
        if host is not None:
            headers["Host"] = host
        return self._exchange(self.port, "POST", self.WEBHOOK + method, params, headers)["result"]

    def register_bot(self, code, token, host=None):
        fields = {"code": code, "botToken": token, "properties": {"name": code}}
        return self.rest("imbot.v2.Bot.register", {"fields": fields}, host)["bot"]["id"]

    def add_chats(self, bot, token, count):
        chats = []
        for number in range(count):
            params = {"botId": bot, "botToken": token, "fields": {"title": f"Chat {number}"}}
            chats.append("chat%d" % self.rest("imbot.v2.Chat.add", params)["chat"]["id"])
        return chats

    def options(self, **options):
        self.control("POST", "/options", options)

    def stats(self):
        return self.control("GET", "/stats")

    def executed_count(self):
        return self.stats()["executed"].get("imbot.v2.Chat.Message.send", 0)

    def ledger(self, method="imbot.v2.Chat.Message.send"):
        """(executed, rejected), everything since the start."""
        lists = self.control("GET", f"/ledger?method={method}")
        if any("dropped" in name.lower() and value for name, value in lists.items()):
            raise RuntimeError("the simulator's ledger was too short")
        return lists["executed"], lists["rejected"]


class Gateway(Program):
    def __init__(self, build, folder, log_path, configuration):
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "gateway.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(configuration)
        started = time.monotonic()

        def serving(line):
            event = json_line(line)
            return event if event is not None and event.get("event") == "serving" else None

        super().__init__([f"{build}/bin/imbot-gateway", f"--config={path}"], log_path, serving)
        self.start_seconds = time.monotonic() - started
        self.target = f"127.0.0.1:{self.ready_value['grpc_port']}"
        self.http_port = self.ready_value["http_port"]

    def metrics(self):
        """Values by name; of labelled ones the sum."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=60)
        try:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        finally:
            connection.close()
        values = {}
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            name, _, value = line.rpartition(" ")
            name = name.partition("{")[0]
            values[name] = values.get(name, 0) + float(value)
        return values


class Echo(Program):
    def __init__(self, build, log_path):
        super().__init__([f"{build}/bin/imbot_load_echo"], log_path, lambda line: int(line) if line.strip().isdigit() else None)
        self.target = f"127.0.0.1:{self.ready_value}"


class NameServer(threading.Thread):
    """Says that every name is 127.0.0.1, so that each portal has a host of its own."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            end = 12
            while query[end]:
                end += query[end] + 1
            question = query[12:end + 5]
            is_a = question[-4:-2] == b"\0\1"
            header = query[:2] + struct.pack(">HHHHH", 0x8580, 1, int(is_a), 0, 0)
            answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 3600, 4) + b"\x7f\0\0\1" if is_a else b""
            self.socket.sendto(header + question + answer, peer)

    def stop(self):
        self.socket.close()


def configuration(folder, simulator, portals, bots, callers=(), limits=None, name_server=None):
    """YAML of a gateway. `portals`: (name, base_url, lines of YAML); `bots`: (portal, name, id, secret); `callers`: (name, token)."""
    os.makedirs(folder, exist_ok=True)

    def secret(name, text):
        path = os.path.join(folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(text)

    secret("webhook", "simulator")
    secret("seal.key", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    lines = ["portals:"]
    for name, url, more in portals:
        lines += [f"  - name: {name}", f"    base_url: {url or simulator.url}", "    allow_plain_http: true",
                  "    webhook: {user_id: 1, code: {file: webhook}}", *("    " + line for line in more)]
    secrets = {text: f"bot-{number}" for number, text in enumerate(dict.fromkeys(bot[3] for bot in bots))}
    for text, name in secrets.items():
        secret(name, text)
    lines.append("bots:")
    lines += [f"  - {{portal: {portal}, name: {name}, bot_id: {bot}, secret: {{file: {secrets[token]}}}}}"
              for portal, name, bot, token in bots]
    if callers:
        lines.append("callers:")
        lines += [f"  - {{name: {name}, token_sha256: {hashlib.sha256(token.encode()).hexdigest()}}}" for name, token in callers]
    lines += ["listeners:", '  grpc: [{address: "127.0.0.1:0"}]', '  http: {address: "127.0.0.1:0"}', "transport:",
              "  allow_loopback_addresses: true"]
    if name_server is not None:
        lines.append(f'  name_servers: ["{name_server}"]')
    lines += ["storage:", "  sqlite: {path: store.db}", "  seal_key_file: seal.key"]
    if limits:
        lines.append("limits:")
        lines += [f"  {name}: {value}" for name, value in limits.items()]
    return "\n".join(lines) + "\n"


class Sampler(threading.Thread):
    """What gateway and portal say of themselves, twice a second: `samples` is a list of dictionaries with `at` in seconds."""

    def __init__(self, gateway, simulator, every=0.5):
        super().__init__(daemon=True)
        self.gateway, self.simulator, self.every = gateway, simulator, every
        self.samples = []
        self.begun = time.monotonic()
        self.begun_unix = time.time()
        self._ended = threading.Event()
        self.start()

    def take(self):
        metrics = self.gateway.metrics()
        stats = self.simulator.stats()
        return {
            "at": time.monotonic() - self.begun,
            "queued": metrics.get("imbot_portal_queued_calls", 0),
            "in_flight": metrics.get("imbot_portal_in_flight", 0),
            "requests": metrics.get("imbot_portal_requests_total", 0),
            "rpc_in_flight": metrics.get("imbot_rpc_in_flight", 0),
            "executed": stats["executed"].get("imbot.v2.Chat.Message.send", 0),
            "bucket_refused": stats["bucketRefused"],
            "rss_mib": self.gateway.status("VmRSS") / 1024,
            "cpu_seconds": self.gateway.cpu_seconds(),
        }

    def run(self):
        while not self._ended.is_set():
            began = time.monotonic()
            self.samples.append(self.take())
            self._ended.wait(max(0.05, self.every - (time.monotonic() - began)))

    def stop(self):
        self._ended.set()
        self.join()
        return self.samples


def run_counted(command, **options):
    """Runs a command to its end; (completed, its CPU seconds)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=False, capture_output=True, text=True, **options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
