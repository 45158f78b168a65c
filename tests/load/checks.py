"""What became of messages: the callers' side against the portal's ledger."""
import collections
import dataclasses

# Two calls that a caller starts closer to each other than that are under way together, on two of gRPC's threads: which
# of them comes first is nobody's promise.
TOGETHER = 0.010

OK = 0
CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED = 1, 4, 8


@dataclasses.dataclass
class Call:
    """A line of imbot_load_open_loop."""
    caller: int
    number: int
    started: float  # seconds since the first could start
    took: float  # seconds
    code: int
    reason: str
    outcome: str
    retry_ms: int

    @property
    def refused(self):
        """Before anything was sent, by the gateway's own decision about its queue."""
        return self.code == RESOURCE_EXHAUSTED and self.outcome == "NOT_EXECUTED"


def read_calls(path):
    calls = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            caller, number, started, took, code, reason, outcome, retry = line.rstrip("\n").split("\t")
            calls.append(Call(int(caller), int(number), int(started) / 1e6, int(took) / 1e6, int(code), reason, outcome, int(retry)))
    return calls


@dataclasses.dataclass
class Verdict:
    """One line of what is wanted and what was seen. `wrong`: the gateway did something it must never do; otherwise it is a figure."""
    what: str
    got: str
    good: bool
    wrong: bool = False


def limit_seen(texts):
    return [text for text in texts if "QUERY_LIMIT_EXCEEDED" in text]


def against_ledger(calls, executed, label):
    """Verdicts: every answered message is there once, no other one twice, a refused one not at all, those of a dialog in order."""
    seen = collections.Counter()
    order = collections.defaultdict(list)
    for entry in executed:
        words = (entry["params"].get("fields") or {}).get("message", "").split()
        if len(words) >= 3 and words[0] == label and entry["changed"]:
            key = int(words[1]), int(words[2])
            seen[key] += 1
            order[key[0]].append(key[1])
    lost = [call for call in calls if call.code == OK and seen[call.caller, call.number] == 0]
    doubled = [key for key, count in seen.items() if count > 1]
    refused = [call for call in calls if call.outcome == "NOT_EXECUTED" and seen[call.caller, call.number] > 0]
    unknown = [call for call in calls if call.code != OK and call.outcome != "NOT_EXECUTED"]
    started = {(call.caller, call.number): call.started for call in calls}
    gaps = sorted(started[caller, before] - started[caller, after] for caller, numbers in order.items()
                  for before, after in zip(numbers, numbers[1:]) if after < before)
    reordered = [gap for gap in gaps if gap >= TOGETHER]
    limited = limit_seen(call.reason for call in calls)
    answered = sum(1 for call in calls if call.code == OK)
    return [
        Verdict("each answered message is in the ledger once", f"{answered} answered, {len(lost)} lost, {len(doubled)} doubled",
                not lost and not doubled, bool(lost or doubled)),
        Verdict("nothing that was refused as NOT_EXECUTED is in the ledger", f"{len(refused)} are", not refused, bool(refused)),
        Verdict("messages of a dialog are in the ledger in the order in which they were sent", f"{len(reordered)} after a later one"
                + (f"; {len(gaps)} of those started within {gaps[-1] * 1000:.2f} ms" if gaps and not reordered else ""),
                not reordered, bool(reordered)),
        Verdict("no caller sees QUERY_LIMIT_EXCEEDED", f"{len(limited)} did; {len(unknown)} outcomes unknown", not limited, bool(limited)),
    ]


def by_reason(calls):
    counts = collections.Counter("OK" if call.code == OK else call.reason or f"code {call.code}" for call in calls)
    return dict(counts.most_common())
