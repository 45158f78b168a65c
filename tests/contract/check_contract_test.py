#!/usr/bin/env python3
"""What check_contract.py must find: check_contract_test.py DESCRIPTOR_SET

The documentation's tables are bent in one place at a time, and the check has to say so.
"""
import copy
import json
import os
import sys
import unittest

import check_contract
import descriptors

DESCRIPTOR_SET = None
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "methods.json"), encoding="utf-8") as source:
    DOCUMENTED = json.load(source)


class CheckContract(unittest.TestCase):
    def setUp(self):
        self.contract = descriptors.load(DESCRIPTOR_SET)
        self.documented = copy.deepcopy(DOCUMENTED)

    def method(self, name):
        return next(m for m in self.documented if m["method"] == name)

    def parameter(self, method, name):
        return next(p for p in self.method(method)["params"] if p["name"] == name)

    def mistakes(self):
        check = check_contract.Check(self.contract, self.documented)
        check.run()
        return check.mistakes

    def assert_finds(self, *parts):
        mistakes = self.mistakes()
        self.assertTrue(any(all(part in mistake for part in parts) for mistake in mistakes), mistakes)

    def test_finds_nothing_in_the_contract_as_it_is(self):
        self.assertEqual(self.mistakes(), [])

    def test_finds_a_method_without_rpc(self):
        self.documented.append({"method": "imbot.v2.Chat.Message.pin", "page": "", "params": [], "errors": []})
        self.assert_finds("imbot.v2.Chat.Message.pin", "has no rpc")

    def test_finds_an_rpc_that_is_not_documented(self):
        self.documented.remove(self.method("imbot.chat.leave"))
        self.assert_finds("imbot.chat.leave", "is not documented")

    def test_finds_a_renamed_parameter_in_a_list(self):
        self.parameter("imbot.command.update", "FIELDS.LANG[].TITLE")["name"] = "FIELDS.LANG[].TITEL"
        self.assert_finds("FIELDS.LANG[].TITEL has no field")
        self.assert_finds("FIELDS.LANG[].TITLE is not documented")

    def test_finds_a_parameter_of_another_type(self):
        self.parameter("imbot.v2.Chat.Message.update", "messageId")["type"] = "string"
        self.assert_finds("messageId", "is int64, should be string")

    def test_finds_another_closed_set(self):
        self.parameter("imbot.app.register", "CONTEXT")["values"].append("LINES-supervisor")
        self.assert_finds("CONTEXT", "values differ")

    def test_finds_another_length_range_and_size(self):
        self.parameter("imbot.v2.Chat.Message.send", "fields.message")["max_length"] = 30000
        self.parameter("imbot.v2.Event.get", "limit")["range"] = [1, 500]
        self.parameter("im.v2.File.upload", "fields.content")["max_megabytes"] = 50
        self.parameter("imbot.v2.Chat.Message.send", "fields.forwardIds")["max_items"] = 10
        self.assert_finds("fields.message", "documented 30000")
        self.assert_finds("limit", "range differs")
        self.assert_finds("fields.content", "documented 50 MB")
        self.assert_finds("fields.forwardIds", "documented 10")

    def test_finds_another_required(self):
        self.parameter("imbot.v2.Chat.get", "dialogId")["required"] = False
        self.assert_finds("imbot.v2.Chat.get", "dialogId required here True")

    def test_finds_identity_that_is_not_documented(self):
        self.method("imbot.v2.Chat.get")["params"].remove(self.parameter("imbot.v2.Chat.get", "botToken"))
        self.assert_finds("imbot.v2.Chat.get", "identity botToken")

    def test_finds_an_error_code_without_reason(self):
        self.method("imbot.v2.Chat.get")["errors"].append("CHAT_ON_FIRE")
        self.assert_finds("ErrorReason", "CHAT_ON_FIRE")

    def test_reads_the_reasons_of_a_source_file(self):
        text = 'return base::Error(\n    absl::StatusCode::kInternal, "A_B", "no");\n  reason = "C_1";  return Wait(kDenied, "D");'
        self.assertEqual(check_contract.reasons_in(text), ["A_B", "C_1"])

    def test_finds_a_done_code_that_is_not_documented(self):
        self.method("imbot.unregister")["errors"].remove("BOT_ID_ERROR")
        self.assert_finds("imbot.unregister", "done_codes")

    def test_finds_a_deviation_that_is_not_needed(self):
        self.parameter("imbot.app.register", "CODE")["required"] = True
        self.assert_finds("REQUIRED", "CODE", "is not needed")

    def test_finds_a_scalar_that_is_not_optional(self):
        self.contract.messages["bitrix24.imbot.v2.GetChatRequest"].fields[1].optional = False
        self.assert_finds("GetChatRequest.dialog_id", "not optional")

    def test_finds_identity_in_a_request(self):
        self.contract.messages["bitrix24.imbot.v2.GetChatRequest"].fields[1].json_name = "botId"
        self.assert_finds("GetChatRequest.dialog_id", "a caller never sends this")

    def test_finds_a_struct_without_reason(self):
        self.contract.messages["bitrix24.types.v1.Message"].fields[3].type_name = "google.protobuf.Struct"
        self.assert_finds("Message.date", "without a reason")

    def test_finds_a_shared_bool_that_does_not_say_how_it_travels(self):
        del self.contract.messages["bitrix24.types.v1.MenuItem"].fields[9].option["yes_no"]
        self.assert_finds("MenuItem.disabled", "says yes_no")

    def test_finds_a_clearing_field_that_clears_nothing(self):
        fields = self.contract.messages["bitrix24.imbot.v2.UpdateMessageRequest.Fields"].fields
        next(f for f in fields if f.name == "remove_keyboard").option["clears"] = "keyboards"
        self.assert_finds("remove_keyboard", "clears keyboards")

    def test_finds_a_transformation_without_reason(self):
        fields = self.contract.messages["bitrix24.imbot.v1.UpdateMessageRequest"].fields
        next(f for f in fields if f.name == "message_id").option["as_string"] = True
        self.assert_finds("UpdateMessageRequest.message_id", "as_string without a reason")

    def test_finds_a_transformation_other_than_listed(self):
        fields = self.contract.messages["bitrix24.imbot.v2.UpdateMessageRequest.Fields"].fields
        next(f for f in fields if f.name == "url_preview").option["yes_no"] = False
        self.assert_finds("TRANSFORMED", "url_preview", "is not needed")

    def test_finds_an_enum_value_without_wire(self):
        values = self.contract.enums["bitrix24.imbot.v2.Color"].values
        values[4] = (values[4][0], values[4][1], None)
        self.assert_finds("bitrix24.imbot.v2.Color", "without `wire`")


if __name__ == "__main__":
    DESCRIPTOR_SET = sys.argv.pop(1)
    unittest.main()
