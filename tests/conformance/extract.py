#!/usr/bin/env python3
"""Collects the documentation's example values: extract.py DOCUMENTATION [--check]

DOCUMENTATION is a checkout of bitrix24/b24restdocs. Writes data/requests.json, data/responses.json and data/events.json beside this file;
with --check it only compares, and exits 1 if they differ. Values only: none of the pages' text is taken.

Requests: every `cURL (Webhook)` block of the pages of the methods in ../contract/methods.json; where a page has none, every PHP block of
it. Beside them, marked `related`, such blocks of other pages that call one of these methods. Responses: every JSON block under the pages'
headings about the response and errors. Events: every JSON block of the pages that describe events.
A JSON block of a method's page that is none of these must be in NOT_EXAMPLES, or nothing is written.
What had to be mended by machine to get JSON is listed with each example, in `mended`.
"""
import base64
import binascii
import glob
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
METHODS = os.path.join(HERE, "..", "contract", "methods.json")
LEAST_REQUESTS = 66
LEAST_RESPONSES = 67

CURL = "cURL (Webhook)"
# Headings under which a response stands.
RESULT_HEADINGS = ("Response Handling", "Response", "Returned Data")
ERROR_HEADINGS = ("Error Handling",)
# JSON blocks of method pages that are neither request nor response: (page, block) -> what they are.
NOT_EXAMPLES = {
    ("api-reference/chat-bots/outdated/commands/imbot-command-answer.md", 1): "value of the parameter ATTACH alone",
    ("api-reference/chat-bots/outdated/commands/imbot-command-answer.md", 2): "value of the parameter KEYBOARD alone",
    ("api-reference/chat-bots/outdated/commands/imbot-command-answer.md", 3): "value of the parameter MENU alone",
}
EVENT_PAGES = (
    "api-reference/chat-bots/chat-bots-v2/imbot.v2/events/events.md",
    "api-reference/chat-bots/chat-bots-v2/imbot.v2/bot-context.md",
    "api-reference/chat-bots/chat-bots-v2/im.v2/events/events.md",
    "api-reference/chat-bots/outdated/chats/events/on-imbot-join-chat.md",
    "api-reference/chat-bots/outdated/commands/events/on-im-command-add.md",
    "api-reference/chat-bots/outdated/events/on-imbot-delete.md",
    "api-reference/chat-bots/outdated/messages/events/on-imbot-message-add.md",
    "api-reference/chat-bots/outdated/messages/events/on-imbot-message-delete.md",
    "api-reference/chat-bots/outdated/messages/events/on-imbot-message-update.md",
)
# Parameters that hold base64. A value that is none stands for one, and is replaced by that of 8 bytes.
BASE64_PARAMETERS = {"AVATAR", "ICON_FILE", "PERSONAL_PHOTO", "avatar", "content"}
SOME_BASE64 = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


class Block:
    """One fenced block of a page: its number on the page from 1, language, text, and what stands above it."""

    def __init__(self, number, language, tab, headings, statuses):
        self.number = number
        self.language = language
        self.tab = tab
        self.headings = headings
        self.statuses = statuses
        self.lines = []

    @property
    def text(self):
        return "\n".join(self.lines)


def blocks_of(path):
    blocks, current = [], None
    headings, tab, statuses = {}, "", []
    with open(path, encoding="utf-8") as page:
        for line in page.read().split("\n"):
            stripped = line.strip()
            if current is not None:
                if stripped == "```":
                    current = None
                else:
                    current.lines.append(line)
                continue
            fence = re.fullmatch(r"```(\w*)", stripped)
            if fence:
                current = Block(len(blocks) + 1, fence.group(1), tab, dict(headings), statuses)
                blocks.append(current)
                continue
            heading = re.match(r"(#+) (.*?)(?: \{#[^}]*\})?$", stripped)
            if heading:
                level = len(heading.group(1))
                headings = {depth: text for depth, text in headings.items() if depth < level}
                headings[level] = heading.group(2)
                tab, statuses = "", []
            label = re.match(r"- (\S.*)$", line)
            if label:
                tab = label.group(1).strip()
            if stripped.startswith("{% endlist"):
                tab = ""
            if "HTTP" in stripped and "**" in stripped:
                statuses = [int(status) for status in re.findall(r"\*\*(\d{3})\*\*", stripped)]
    return blocks


def no_twins(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key stands twice among {keys}")
    return dict(pairs)


def read_json(text, mended):
    """JSON, after removing what JSON does not have: comments and commas before a closing bracket."""
    try:
        return json.loads(text, object_pairs_hook=no_twins)
    except json.JSONDecodeError:
        pass
    without = re.sub(r"^\s*//.*$", "", text, flags=re.M)
    if without != text:
        mended.append({"what": "comment"})
    again = re.sub(r",(\s*[\]}])", r"\1", without)
    if again != without:
        mended.append({"what": "trailing comma"})
    return json.loads(again, object_pairs_hook=no_twins)


class Php:
    """Reads the literals of PHP: array(), [], 'text', numbers, true, false, null."""

    def __init__(self, text):
        self.text = text
        self.at = 0

    def skip(self):
        self.at = re.compile(r"\s*").match(self.text, self.at).end()

    def take(self, pattern):
        self.skip()
        match = re.compile(pattern, re.I).match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def value(self):
        if self.take(r"array\s*\("):
            return self.array(r"\)")
        if self.take(r"\["):
            return self.array(r"\]")
        text = self.take(r"'((?:[^'\\]|\\.)*)'")
        if text:
            return re.sub(r"\\(['\\])", r"\1", text.group(1))
        number = self.take(r"-?\d+(\.\d+)?")
        if number:
            return json.loads(number.group(0))
        word = self.take(r"true|false|null")
        if word:
            return {"true": True, "false": False, "null": None}[word.group(0).lower()]
        raise ValueError(f"no PHP literal at {self.text[self.at:self.at + 30]!r}")

    def array(self, end):
        items, named = [], []
        while not self.take(end):
            item = self.value()
            if self.take("=>"):
                named.append((item, self.value()))
            else:
                items.append(item)
            if not self.take(",") and not self.take(f"(?={end})"):
                raise ValueError(f"no comma at {self.text[self.at:self.at + 30]!r}")
        if items and named:
            raise ValueError("an array with and without keys")
        return no_twins(named) if named else items


def mend_values(value, path, mended, request=False):
    """Takes the asterisks off `**put_your_...**`; in a request, puts base64 where a page only says that it belongs there."""
    if isinstance(value, dict):
        return {key: mend_values(item, f"{path}.{key}" if path else key, mended, request) for key, item in value.items()}
    if isinstance(value, list):
        return [mend_values(item, f"{path}[{index}]", mended, request) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    plain = re.sub(r"\*\*(put_\w+)\*\*", r"\1", value)
    if plain != value:
        mended.append({"what": "placeholder", "path": path})
    if request and path.split(".")[-1] in BASE64_PARAMETERS and "[" not in path:
        try:
            base64.b64decode(plain, validate=True)
        except binascii.Error:
            mended.append({"what": "not base64", "path": path})
            return SOME_BASE64
    return plain


def method_of_url(url):
    return url.rstrip("/").split("/")[-1]


def curl_request(text, mended):
    """(method, body) of `curl -X POST -H ... -d '{...}' URL`."""
    if re.search(r" /$", text, flags=re.M):
        mended.append({"what": "line continued with /"})
    url = re.findall(r"https://\S+", re.sub(r"'(?:[^'\\]|\\.)*'", "", text))
    if len(url) != 1:
        raise ValueError(f"not one URL: {url}")
    data = re.search(r"-d '(.*?)'\s*[\\/]?\s*\n", text, flags=re.S)
    if not data:
        if " -d" in text:
            raise ValueError("a body that can't be found")
        mended.append({"what": "no body"})
        return method_of_url(url[0]), {}
    return method_of_url(url[0]), read_json(data.group(1), mended)


def php_request(text, mended):
    """(method, parameters) of `restCommand('method', Array(...), ...)`."""
    start = re.search(r"restCommand\(\s*'([\w.]+)',", text)
    if not start:
        raise ValueError("no restCommand")
    reader = Php(text)
    reader.at = start.end()
    return start.group(1), reader.value()


class Extraction:
    def __init__(self, documentation, methods):
        self.documentation = documentation
        self.methods = methods
        self.names = {method["method"] for method in methods}
        self.requests, self.responses, self.events = [], [], []

    def request(self, page, block, form, read, only=None, related=False):
        mended = []
        try:
            method, body = read(block.text, mended)
            body = mend_values(body, "", mended, request=True)
        except ValueError as error:
            raise SystemExit(f"{page}, block {block.number}: {error}")
        if only is not None and method != only:
            raise SystemExit(f"{page}, block {block.number}: calls {method}, not {only}")
        if method in self.names:
            self.requests.append({"page": page, "block": block.number, "method": method, "form": form, "related": related, "mended": mended,
                                  "body": body})

    def response(self, page, block, method, kind):
        mended = []
        body = mend_values(read_json(block.text, mended), "", mended)
        if ("error" in body) != (kind == "error"):
            raise SystemExit(f"{page}, block {block.number}: not a {kind}")
        self.responses.append({"page": page, "block": block.number, "method": method, "kind": kind, "http_statuses": block.statuses,
                               "mended": mended, "body": body})

    def method_page(self, method, page):
        blocks = blocks_of(os.path.join(self.documentation, page))
        curls = [block for block in blocks if block.tab == CURL]
        for block in curls:
            self.request(page, block, "curl", curl_request, only=method)
        if not curls:
            for block in blocks:
                if block.language == "php":
                    self.request(page, block, "php", php_request, only=method)
        for block in blocks:
            if block.language != "json" or (page, block.number) in NOT_EXAMPLES:
                continue
            section = block.headings.get(2, "")
            if section in RESULT_HEADINGS:
                self.response(page, block, method, "result")
            elif section in ERROR_HEADINGS:
                self.response(page, block, method, "error")
            else:
                raise SystemExit(f"{page}, block {block.number}: what is the JSON under '{section}'?")

    def related_pages(self):
        own = {method["page"] for method in self.methods}
        for path in sorted(glob.glob(os.path.join(self.documentation, "**", "*.md"), recursive=True)):
            page = os.path.relpath(path, self.documentation)
            if page in own:
                continue
            for block in blocks_of(path):
                if block.tab == CURL:
                    self.request(page, block, "curl", curl_request, related=True)

    def event_page(self, page):
        for block in blocks_of(os.path.join(self.documentation, page)):
            if block.language != "json":
                continue
            mended = []
            body = mend_values(read_json(block.text, mended), "", mended)
            section = re.search(r"\bON\w+", " ".join(block.headings.get(level, "") for level in (1, 2)))
            name = body.get("event") or body.get("type") or (section.group(0) if section else "")
            # A whole POST, one item of Event.get, or the item's data alone.
            form = "post" if "event" in body else "item" if "type" in body and "data" in body else "data"
            self.events.append({"page": page, "block": block.number, "event": name, "form": form, "mended": mended, "body": body})


def text_of(examples):
    """One example a line, so that a change of the documentation shows as a change of lines."""
    lines = ",\n".join(json.dumps(example, ensure_ascii=False) for example in examples)
    return f"[\n{lines}\n]\n"


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    if len(arguments) != 1 or not os.path.isdir(arguments[0]):
        raise SystemExit(__doc__)
    with open(METHODS, encoding="utf-8") as file:
        methods = json.load(file)
    extraction = Extraction(arguments[0], methods)
    for method in methods:
        extraction.method_page(method["method"], method["page"])
    own = len(extraction.requests)
    extraction.related_pages()
    for page in EVENT_PAGES:
        extraction.event_page(page)

    if own < LEAST_REQUESTS or len(extraction.responses) < LEAST_RESPONSES:
        raise SystemExit(f"only {own} requests and {len(extraction.responses)} responses")
    for kind, examples in (("requests", extraction.requests), ("responses", extraction.responses)):
        missing = {name for name in extraction.names if not any(example["method"] == name for example in examples)}
        # The pages of imbot.app.* say in words what is returned.
        missing -= {name for name in missing if kind == "responses" and name.startswith("imbot.app.")}
        if missing:
            raise SystemExit(f"no {kind} of {sorted(missing)}")

    differ = []
    for name, examples in (("requests", extraction.requests), ("responses", extraction.responses), ("events", extraction.events)):
        path = os.path.join(HERE, "data", name + ".json")
        if "--check" in sys.argv:
            with open(path, encoding="utf-8") as file:
                if file.read() != text_of(examples):
                    differ.append(path)
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text_of(examples))
    print(f"{own} requests of {len({request['method'] for request in extraction.requests})} methods, {len(extraction.requests) - own} requests of "
          f"related pages, {len(extraction.responses)} responses, {len(extraction.events)} events")
    if differ:
        raise SystemExit(f"differ from the documentation: {', '.join(differ)}")


if __name__ == "__main__":
    main()
