#!/usr/bin/env python3
"""Compares the contract with the documented methods: check_contract.py DESCRIPTOR_SET [METHODS_JSON]

DESCRIPTOR_SET is what `protoc --include_imports --descriptor_set_out` writes. METHODS_JSON (default: beside this file) holds the
parameter tables of the documentation. Every method must be there, every parameter under its JSON path with its type, limits and closed
set; every deviation is in one of the lists below with its reason, and a list entry that is not needed fails too. Prints each mistake;
exit 1 if there is one. Reasons that service/ gives to its errors must be published ones.
"""
import glob
import json
import os
import re
import sys

import descriptors

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# What a documented type becomes where nothing narrower is said: (type, repeated).
PLAIN = {
    "string": ("string", False),
    "integer": ("int64", False),
    "boolean": ("bool", False),
    "integer[]": ("int64", True),
    "file": ("bytes", False),
    "string (base64)": ("bytes", False),
}
# attach, keyboard and menu are one message each, sent in the full form; the pages also take a list without wrapping, or JSON text.
FULL_FORM = {"attach": "bitrix24.types.v1.Attach", "keyboard": "bitrix24.types.v1.Keyboard", "menu": "bitrix24.types.v1.Menu"}

# Typed other than by PLAIN: (method, path) -> (type, reason). `*` stands for every method.
TYPES = {
    ("*", "fields.color"): ("enum", "the page lists the colours"),
    ("*", "fields.properties.color"): ("enum", "the page lists the colours"),
    ("*", "PROPERTIES.COLOR"): ("enum", "the page lists the colours"),
    ("*", "FIELDS.PROPERTIES.COLOR"): ("enum", "the page lists the colours"),
    ("*", "fields.properties.gender"): ("enum", "M or F by the page"),
    ("*", "PROPERTIES.PERSONAL_GENDER"): ("enum", "M or F by the page"),
    ("*", "FIELDS.PROPERTIES.PERSONAL_GENDER"): ("enum", "M or F by the page"),
    ("*", "fields.backgroundId"): ("enum", "the page lists the backgrounds"),
    ("imbot.v2.Bot.register", "fields.type"): ("enum", "the page lists the types"),
    ("imbot.v2.Bot.update", "fields.eventMode"): ("enum", "fetch or webhook by the page"),
    ("imbot.v2.Chat.InputAction.notify", "statusMessageCode"): ("enum", "the page lists the codes"),
    ("imbot.v2.Chat.Message.update", "fields.urlPreview"): ("bool", "Y or N by the page"),
    ("imbot.v2.Bot.list", "filter"): ("message", "`values` are its keys"),
    ("*", "USERS"): ("int64[]", "identifiers of users by the page"),
    ("*", "AVATAR"): ("bytes", "base64 by the page"),
    ("*", "fields.content"): ("bytes", "base64 by the page; arrives in chunks"),
    ("*", "fields.title"): ("string", "a text for chats"),
    ("imbot.v2.Command.register", "fields.title"): ("map<string>", "text by language"),
    ("imbot.v2.Command.update", "fields.title"): ("map<string>", "text by language"),
    ("imbot.v2.Command.register", "fields.params"): ("map<string>", "text by language"),
    ("imbot.v2.Command.update", "fields.params"): ("map<string>", "text by language"),
    ("imbot.v2.Chat.Message.send", "fields.forwardIds"): ("map<int64>", "message by UUID"),
    ("*", "DIALOG_ID"): ("string", "`values` are the two forms, not a closed set"),
    ("*", "reaction"): ("string", "the page lists codes, and says that they change without notice"),
}
# Parameters without a field: (method, path) -> reason. Identity (id_path, secret_path) needs no entry.
ABSENT = {
    ("imbot.v2.Bot.update", "fields.botToken"): "rotation of the token belongs to AdminService",
}
# Fields that methods.json does not list: (method, path) -> reason.
UNLISTED = {
    ("imbot.v2.Bot.list", "filter.type"): "key of filter, on the page",
    ("imbot.v2.Chat.User.list", "order.id"): "key of order, on the page",
    ("imbot.v2.Chat.User.list", "order.lastSendMessageId"): "key of order, on the page",
    ("imbot.v2.Chat.User.list", "order.userId"): "key of order, on the page",
}
# `required` other than documented: (method, path) -> (required here, reason).
REQUIRED = {
    ("imbot.v2.Chat.Message.send", "fields"): (True, "without it the portal answers EMPTY_MESSAGE"),
    ("imbot.v2.Command.answer", "fields"): (True, "without it there is nothing to answer"),
    ("imbot.register", "EVENT_MESSAGE_ADD"): (False, "EVENT_HANDLER does as well, as in the page's example"),
    ("imbot.register", "EVENT_WELCOME_MESSAGE"): (False, "EVENT_HANDLER does as well, as in the page's example"),
    ("imbot.register", "EVENT_BOT_DELETE"): (False, "EVENT_HANDLER does as well, as in the page's example"),
    ("imbot.register", "PROPERTIES.NAME"): (False, "LAST_NAME does as well"),
    ("imbot.register", "PROPERTIES.LAST_NAME"): (False, "NAME does as well, as in the page's example"),
    ("imbot.command.answer", "COMMAND_ID"): (False, "COMMAND does as well"),
    ("imbot.command.answer", "COMMAND"): (False, "COMMAND_ID does as well, as in the page's example"),
    ("imbot.app.register", "CODE"): (True, "CODE_ERROR without it; the page marks nothing"),
    ("imbot.app.register", "JS_METHOD"): (True, "PARAMS_ERROR without it, within the JS command"),
    ("imbot.app.register", "JS_PARAM"): (True, "PARAMS_ERROR without it, within the JS command"),
    ("imbot.app.register", "IFRAME"): (True, "PARAMS_ERROR without it, within the frame"),
    ("imbot.app.register", "LANG[].LANGUAGE_ID"): (True, "texts without a language are lost"),
    ("imbot.app.update", "FIELDS.LANG[].LANGUAGE_ID"): (True, "texts without a language are lost"),
    ("imbot.app.unregister", "APP_ID"): (True, "CHAT_APP_ID_ERROR without it; the page marks nothing"),
}
# Where nothing can be typed: field -> reason.
LOOSE = {
    "bitrix24.types.v1.Chat.entity_link": "the page says object",
    "bitrix24.types.v1.Chat.permissions": "the page says object",
    "bitrix24.types.v1.Chat.last_message_views": "a text by one page, an object by another",
    "bitrix24.types.v1.Chat.public": "an object or a text by the page",
    "bitrix24.types.v1.EventData.context": "any object, of whoever opens the dialog",
    "bitrix24.types.v1.File.viewer_attrs": "the page says object; the example's keys depend on the file",
    "bitrix24.types.v1.File.media_url": "the page says object; its keys are sizes",
    "bitrix24.types.v1.Message.params": "the page says object: attach, keyboard, files and others",
    "bitrix24.types.v1.User.bot_data": "named by a page without a type",
    "bitrix24.imbot.v1.GetDialogResponse.public": "a text by one page, an object or a text by another",
}
# Fields of requests that do not travel as their type and dialect say: field -> (option, reason).
_CLEARS = "clearing is explicit: what clears a parameter has a field of its own"
_ONE_OF = "a JS command or a frame; the parameters stand side by side"
_TEXT = "a text in the page's example"
_YES_NO = "Y or N in either API, by the page"
_FILE = "sent in chunks, never held whole"
TRANSFORMED = {
    "bitrix24.im.v2.UploadFileRequest.Fields.content": ("chunked", _FILE),
    "bitrix24.imbot.v2.UploadFileRequest.Fields.content": ("chunked", _FILE),
    "bitrix24.imbot.v1.RegisterAppRequest.js_command": ("inline", _ONE_OF),
    "bitrix24.imbot.v1.RegisterAppRequest.iframe_app": ("inline", _ONE_OF),
    "bitrix24.imbot.v1.RegisterAppRequest.IframeApp.iframe_width": ("as_string", _TEXT),
    "bitrix24.imbot.v1.RegisterAppRequest.IframeApp.iframe_height": ("as_string", _TEXT),
    "bitrix24.imbot.v1.UpdateAppRequest.Fields.iframe_width": ("as_string", _TEXT),
    "bitrix24.imbot.v1.UpdateAppRequest.Fields.iframe_height": ("as_string", _TEXT),
    "bitrix24.imbot.v1.UpdateMessageRequest.delete_message": ("clears", "an empty text deletes the message"),
    "bitrix24.imbot.v1.UpdateMessageRequest.remove_attach": ("clears", _CLEARS),
    "bitrix24.imbot.v1.UpdateMessageRequest.remove_keyboard": ("clears", _CLEARS),
    "bitrix24.imbot.v1.UpdateMessageRequest.remove_menu": ("clears", _CLEARS),
    "bitrix24.imbot.v2.UpdateMessageRequest.Fields.delete_message": ("clears", "an empty text deletes the message"),
    "bitrix24.imbot.v2.UpdateMessageRequest.Fields.remove_attach": ("clears", _CLEARS),
    "bitrix24.imbot.v2.UpdateMessageRequest.Fields.remove_keyboard": ("clears", _CLEARS),
    "bitrix24.imbot.v2.UpdateMessageRequest.Fields.url_preview": ("yes_no", _YES_NO),
    "bitrix24.imbot.v2.UpdateBotRequest.Fields.remove_background_id": ("clears", _CLEARS),
    "bitrix24.imbot.v2.UpdateCommandRequest.Fields.remove_title": ("nulls_in", "a null key removes the text of a language"),
    "bitrix24.imbot.v2.GetBotRequest.code": ("clears", "the code or the bot's id, never both"),
    "bitrix24.types.v1.AttachBlock.delimiter": ("empty_as_true", "`DELIMITER: true` by the page's example"),
    "bitrix24.types.v1.KeyboardButton.block": ("yes_no", _YES_NO),
    "bitrix24.types.v1.KeyboardButton.disabled": ("yes_no", _YES_NO),
    "bitrix24.types.v1.MenuItem.disabled": ("yes_no", _YES_NO),
}
TRANSFORMING = ("as_string", "inline", "clears", "nulls_in", "empty_as_true", "chunked", "map_values", "whole_result")
# Requests whose first field is `portal`; every other one begins with `bot`.
PORTAL_METHODS = {"imbot.v2.Bot.register", "imbot.register", "imbot.v2.Revision.get", "imbot.bot.list", "imbot.chat.get",
                  "imbot.dialog.get"}
# Names that a caller never sends. A link block of an attachment may lead to a bot by its id.
IDENTITY = {"botId", "botToken", "BOT_ID", "CLIENT_ID", "auth"}
IDENTITY_ALLOWED = {"bitrix24.types.v1.AttachUser"}


def reasons_in(text):
    """Reasons that a source file of service/ gives to errors."""
    return re.findall(r'\bStatusCode::k\w+,\s*"([A-Z0-9_]+)"', text) + re.findall(r'\breason = "([A-Z0-9_]+)"', text)


def normalised(code):
    """A portal's code as a reason of ErrorReason."""
    if not code:
        return "EMPTY_CODE"
    return ("CODE_" + code if code.isdigit() else re.sub("[^A-Z0-9_]", "_", code.upper()))[:63]


class Check:
    def __init__(self, contract, documented):
        self.contract = contract
        self.documented = {method["method"]: method for method in documented}
        self.mistakes = []
        self.used = set()  # entries of the lists that were needed
        self.parameters = 0

    def fail(self, where, what):
        self.mistakes.append(f"{where}: {what}")

    def listed(self, table_name, method, path):
        """The entry of a list for a parameter, or None; remembers that it was needed."""
        table = globals()[table_name]
        for key in ((method, path), ("*", path)):
            if key in table:
                self.used.add((table_name, key))
                return table[key]
        return None

    # ---- the request as JSON paths

    def walk(self, message, prefix, out):
        """JSON path -> field, for every parameter of a request; inside attach, keyboard and menu nothing is documented by path."""
        for field in self.contract.messages[message].fields:
            if field.gateway_own():
                continue
            inline = field.option.get("inline")
            path = prefix if inline else prefix + field.json_name
            if not inline:
                if path in out:
                    self.fail(message, f"{path} twice")
                out[path] = field
            if field.type != "message" or self.contract.map_value(field) or field.type_name.startswith(
                    ("google.protobuf.", "bitrix24.types.v1.")):
                continue
            self.walk(field.type_name, path if inline else path + ("[]." if field.repeated else "."), out)

    def kind(self, field):
        value = self.contract.map_value(field)
        if value:
            return f"map<{value.type}>"
        return field.type + ("[]" if field.repeated else "")

    def parameter(self, method, parameter, field):
        path, documented = parameter["name"], parameter["type"]
        where = f"{method} {path}"
        values = parameter.get("values")
        kind = self.kind(field)
        last = path.replace("[]", "").split(".")[-1]
        narrowed = (method, path) in TYPES or ("*", path) in TYPES and documented in ("string", "array", "string (base64)")
        if narrowed:
            expected, _ = self.listed("TYPES", method, path)
        elif last.lower() in FULL_FORM and documented in ("array", "object", "object|string"):
            expected = "message"
            if field.type_name != FULL_FORM[last.lower()]:
                self.fail(where, f"is {field.type_name}")
        elif documented == "object":
            expected = "message"
        elif documented == "array":
            expected = "message[]"
        elif values and sorted(values) == ["N", "Y"]:
            expected = "bool"
        elif values:
            expected = "enum"
        elif documented in PLAIN:
            expected = PLAIN[documented][0] + ("[]" if PLAIN[documented][1] else "")
        else:
            return self.fail(where, f"documented type {documented} is not known here")
        if kind != expected:
            self.fail(where, f"is {kind}, should be {expected} (documented: {documented})")
        if kind == "enum" and values and sorted(values) != sorted(self.contract.enums[field.type_name].wires()):
            self.fail(where, f"values differ from {sorted(values)}")
        for key, option in (("max_length", "max_length"), ("max_items", "max_length")):
            if key in parameter and field.option.get(option) != parameter[key]:
                self.fail(where, f"{option} is {field.option.get(option)}, documented {parameter[key]}")
        if "max_megabytes" in parameter and field.option.get("max_length") != parameter["max_megabytes"] * 1024 * 1024:
            self.fail(where, f"max_length is {field.option.get('max_length')}, documented {parameter['max_megabytes']} MB")
        if "range" in parameter and [field.option.get("min"), field.option.get("max")] != parameter["range"]:
            self.fail(where, f"range differs from {parameter['range']}")

    def method(self, rpc):
        documented = self.documented[rpc.name]
        if rpc.page != documented["page"]:
            self.fail(rpc.name, f"page is {rpc.page}")
        fields = {}
        self.walk(rpc.input, "", fields)
        identity = {rpc.id_path, rpc.secret_path} - {""}
        names = {parameter["name"]: parameter for parameter in documented["params"]}
        for path, parameter in names.items():
            self.parameters += 1
            if path in fields:
                self.parameter(rpc.name, parameter, fields[path])
            elif path not in identity and not self.listed("ABSENT", rpc.name, path):
                self.fail(rpc.name, f"{path} has no field")
        for path, field in fields.items():
            if path not in names and not self.listed("UNLISTED", rpc.name, path):
                self.fail(rpc.name, f"{path} is not documented")
            wanted = bool(names.get(path, {}).get("required"))
            required = bool(field.option.get("required"))
            if required != wanted:
                entry = self.listed("REQUIRED", rpc.name, path)
                if not entry or entry[0] != required:
                    self.fail(rpc.name, f"{path} required here {required}, documented {wanted}")
        for path in sorted(identity - set(names)):
            self.fail(rpc.name, f"identity {path} is not documented")
        if rpc.order_by and rpc.order_by not in fields:
            self.fail(rpc.name, f"order_by {rpc.order_by} leads nowhere")

    # ---- rules that hold for every rpc

    def rules(self, rpc):
        if rpc.dialect != ("V2" if ".v2." in rpc.name else "V1"):
            self.fail(rpc.name, f"dialect {rpc.dialect}")
        if rpc.scope != ("im" if rpc.name.startswith("im.") else "imbot"):
            self.fail(rpc.name, f"scope {rpc.scope}")
        if rpc.retry == "UNSPECIFIED":
            self.fail(rpc.name, "no retry class")
        unknown = [code for code in rpc.done_codes if code not in self.documented[rpc.name]["errors"]]
        if unknown:
            self.fail(rpc.name, f"done_codes {unknown} are not documented")
        if (rpc.client_streaming, rpc.server_streaming) != (rpc.name.endswith(".upload"), rpc.name.endswith(".download")):
            self.fail(rpc.name, "streams")
        subject = "portal" if rpc.name in PORTAL_METHODS or rpc.name.startswith("im.v2.") else "bot"
        first = self.contract.messages[rpc.input].fields[:1]
        if not first or (first[0].name, first[0].type, first[0].optional) != (subject, "string", True):
            self.fail(rpc.name, f"first field is not `optional string {subject}`")

    def closure(self, names):
        todo, seen = list(names), set()
        while todo:
            name = todo.pop()
            if name in seen or name.startswith("google.protobuf."):
                continue
            seen.add(name)
            todo += [field.type_name for field in self.contract.messages[name].fields if field.type == "message"]
        return seen

    def message_rules(self, requests, responses):
        for name in sorted(requests | responses):
            message = self.contract.messages[name]
            if message.map_entry:
                continue
            for field in message.fields:
                where = f"{name}.{field.name}"
                scalar = field.type != "message" and not field.repeated and not field.in_oneof
                if scalar and not field.optional:
                    self.fail(where, "not optional")
                if name in requests and field.json_name in IDENTITY and name not in IDENTITY_ALLOWED:
                    self.fail(where, "a caller never sends this")
                # `yes_no: true` in a message that v2 uses; the older API has Y and N throughout.
                transformed = [option for option in TRANSFORMING if field.option.get(option)]
                if field.option.get("yes_no") and not name.startswith("bitrix24.imbot.v1."):
                    transformed.append("yes_no")
                if name in requests and transformed:
                    if [TRANSFORMED.get(where, ("",))[0]] == transformed:
                        self.used.add(("TRANSFORMED", where))
                    else:
                        self.fail(where, f"{' and '.join(transformed)} without a reason in TRANSFORMED")
                if field.type_name in ("google.protobuf.Struct", "google.protobuf.Value"):
                    if where in LOOSE:
                        self.used.add(("LOOSE", where))
                    else:
                        self.fail(where, f"{field.type_name} without a reason in LOOSE")
                if field.type == "enum":
                    if name in responses:
                        self.fail(where, "a closed set in a response")
                    elif None in self.contract.enums[field.type_name].wires():
                        self.fail(where, f"{field.type_name} has a value without `wire`")
                if name.startswith("bitrix24.types.") and field.type == "bool" and "yes_no" not in field.option:
                    self.fail(where, "a shared bool says yes_no")
                clears = field.option.get("clears") or field.option.get("nulls_in")
                siblings = {other.json_name for other in message.fields}
                if clears and clears not in siblings and "clear_as" in field.option:
                    self.fail(where, f"clears {clears}, which is not beside it")

    def reasons(self):
        values = self.contract.enums["imbot.gateway.v1.ErrorReason"].values
        names = {name[len("ERROR_REASON_"):] for name, _, _ in values}
        for name in names:
            if not re.fullmatch("[A-Z0-9_]{1,63}", name):
                self.fail("ErrorReason", f"{name} is not [A-Z0-9_]{{1,63}}")
        codes = {code for method in self.documented.values() for code in method["errors"]}
        for code in sorted(codes):
            if normalised(code) not in names:
                self.fail("ErrorReason", f"{code} is missing")
        for path in sorted(glob.glob(os.path.join(ROOT, "service", "**", "*.cc"), recursive=True)):
            with open(path, encoding="utf-8") as source:
                for reason in reasons_in(source.read()):
                    if reason not in names:
                        self.fail(os.path.relpath(path, ROOT), f"{reason} is not a published reason")
        return len(codes)

    def run(self):
        rpcs = {}
        for rpc in self.contract.methods:
            if rpc.rest:
                if rpc.name in rpcs:
                    self.fail(rpc.name, "two rpcs")
                rpcs[rpc.name] = rpc
        for name in sorted(set(self.documented) - set(rpcs)):
            self.fail(name, "has no rpc")
        for name in sorted(set(rpcs) - set(self.documented)):
            self.fail(name, "is not documented")
        known = [rpcs[name] for name in sorted(set(rpcs) & set(self.documented))]
        for rpc in known:
            self.method(rpc)
            self.rules(rpc)
        self.message_rules(self.closure(r.input for r in known), self.closure(r.output for r in known))
        codes = self.reasons()
        for table in ("TYPES", "ABSENT", "UNLISTED", "REQUIRED", "LOOSE", "TRANSFORMED"):
            for key in globals()[table]:
                if (table, key) not in self.used:
                    self.fail(table, f"{key} is not needed")
        return f"{len(known)} of {len(self.documented)} methods, {self.parameters} parameters, {codes} error codes, " \
               f"{len(self.used)} deviations with a reason"


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__.strip().splitlines()[0], file=sys.stderr)
        return 2
    methods = arguments[1] if len(arguments) == 2 else os.path.join(HERE, "methods.json")
    with open(methods, encoding="utf-8") as source:
        check = Check(descriptors.load(arguments[0]), json.load(source))
    summary = check.run()
    for mistake in check.mistakes:
        print(mistake)
    print(f"{summary}: {len(check.mistakes)} mistakes")
    return 1 if check.mistakes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
