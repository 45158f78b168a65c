#!/usr/bin/env python3
"""Writes the seeds of the corpora: tests/fuzz/seed.py, from anywhere, after the examples of the documentation changed.

Seeds are named seed-*; every other file of a corpus was found by a run and stays as it is (see README.md).
"""
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "conformance" / "data"


def load(name):
    return json.loads((DATA / name).read_text())


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Corpus:
    def __init__(self, target):
        self.folder = HERE / "corpus" / target
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob("seed-*"):
            old.unlink()

    def add(self, name, text):
        (self.folder / f"seed-{name}").write_text(text)


def first_of_each_method(examples):
    chosen = {}
    for example in examples:
        chosen.setdefault(example["method"], example)
    return chosen.values()


def main():
    responses, requests = load("responses.json"), load("requests.json")
    results = [e for e in responses if e["kind"] == "result"]
    errors = [e for e in responses if e["kind"] == "error"]

    reply = Corpus("reply")
    for example in first_of_each_method(results):
        reply.add(example["method"], f"{example['method']} 200\n{compact(example['body'])}")
    seen = set()
    for example in errors:
        code = example["body"]["error"]
        if code in seen or len(seen) >= 12:
            continue
        seen.add(code)
        reply.add("error-" + code, f"{example['method']} {example['http_statuses'][0]}\n{compact(example['body'])}")
    odd = {
        "html": "imbot.v2.Bot.get 502 text/html\n<html><body>502 Bad Gateway</body></html>",
        "empty": "imbot.v2.Bot.get 200\n",
        "redirect": "imbot.v2.Bot.get 302 https://other.bitrix24.com/rest/1/w3bh00kc0de/imbot.v2.Bot.get\n",
        "quoted-secret": 'imbot.v2.Bot.get 400\n{"error":"INVALID_REQUEST","error_description":"'
                         '/rest/1/w3bh00kc0de/x?auth=w3bh00kc0de"}',
        "validation": 'imbot.v2.Bot.get 400\n{"error":{"code":"VALIDATION","message":"no","validation":'
                      '[{"field":"fields.name","message":"too long"}]}}',
        "number-code": 'imbot.v2.Bot.get 400\n{"error":100,"error_description":"no"}',
        "secret-in-result": 'imbot.v2.Bot.get 200\n{"result":{"url":"https://a/rest/1/w3bh00kc0de/x","list":["w3bh00kc0de"],'
                            '"w3bh00kc0de":1}}',
        "inner-error": 'imbot.v2.Bot.get 200\n{"result":{"error":"ACCESS_DENIED","error_description":"no"}}',
    }
    for name, text in odd.items():
        reply.add(name, text)

    stability = Corpus("stability")
    for example in first_of_each_method(results):
        stability.add("response-" + example["method"], f"response {example['method']}\n{compact(example['body'])}")
    for example in first_of_each_method(requests):
        stability.add("request-" + example["method"], f"request {example['method']}\n{compact(example['body'])}")

    batch = Corpus("batch_reply")
    some = list(first_of_each_method(results))
    for i in range(0, len(some), 4):
        part = some[i:i + 4]
        keys = [f"c{n}" for n in range(len(part))]
        head = " ".join(f"{key}={example['method']}" for key, example in zip(keys, part))
        body = {"result": {"result": {key: example["body"]["result"] for key, example in zip(keys, part)},
                           "result_error": [], "result_total": [], "result_next": [],
                           "result_time": {key: example["body"].get("time", {}) for key, example in zip(keys, part)}},
                "time": {"duration": 0.5}}
        batch.add(f"examples-{i // 4}", head + "\n" + compact(body))
    batch.add("lists", '0=imbot.v2.Bot.get 1=im.v2.Event.subscribe 2=imbot.v2.Chat.Message.send\n'
              '{"result":{"result":[{"bot":{"id":1}},true],"result_error":{"2":{"error":"ACCESS_DENIED",'
              '"error_description":"no"}},"result_total":{"0":7},"result_next":{"0":50},"result_time":[]}}')
    batch.add("both", 'a=imbot.v2.Bot.get\n{"result":{"result":{"a":{"bot":{"id":1}}},"result_error":{"a":'
              '{"error":"CANCELED","error_description":""}}}}')
    batch.add("failed", 'a=imbot.v2.Bot.get b=imbot.v2.Bot.list\n{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many"}')
    batch.add("nothing", 'a=imbot.v2.Bot.get\n{"result":[]}')

    command = Corpus("batch_command")
    for example in first_of_each_method(requests):
        command.add(example["method"], f"{example['method']}\n{compact(example['body'])}")
    texts = ["$result[a][b]", "$_[a]", "$a b[c]", "price $100, then $result[k]", "$x\u00a0[a]", "$[a]", "$result[]",
             "line one\n$result[a]"]
    for number, text in enumerate(texts):
        body = {"dialogId": "chat5", "fields": {"message": text}}
        command.add(f"reference-{number}", "imbot.v2.Chat.Message.send\n" + compact(body))
        command.add(f"bare-reference-{number}", "imbot.v2.Chat.Message.send\n" + text)
    command.add("bytes-send", "imbot.v2.Chat.Message.send\nbchat5;cbHello [b]x=1+1[/b] 50%;d..fab;..")
    command.add("bytes-v1", "imbot.message.add\nbchat5;cHello;dbabc;..eb1;c2;..")

    configuration = Corpus("configuration")
    configuration.add("complete.yaml", (HERE.parent / "config" / "data" / "complete.yaml").read_text())
    configuration.add("small.yaml", """portals:
  - {name: acme, base_url: "https://acme.bitrix24.com", webhook: {user_id: 1, code: {env: CODE}}}
listeners: {grpc: [{address: "127.0.0.1:0"}]}
storage: {sqlite: {path: store.db}, seal_key_file: gateway.yaml}
""")
    configuration.add("aliases.yaml", "a: &a [x, x]\nb: &b [*a, *a]\nportals: [*b, *b]\nbots: &c [*c]\n")
    configuration.add("secret-in-place.yaml", "portals:\n  - {name: a, webhook: {user_id: x, code: S3cret!Value}}\n")
    configuration.add("durations.yaml", "limits: {default_deadline: 1m30s, max_deadline: 0.5h, connect_timeout: 9223372036854775807ns}\n")
    configuration.add("two.yaml", "a: 1\n---\nb: 2\n")


if __name__ == "__main__":
    main()
