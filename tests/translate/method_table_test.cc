#include "service/translate/method_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/protobuf/text_format.h"
#include "tests/translate/method_fixture.h"

namespace imbot::translate {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptorProto;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Builds a file of descriptors at run time, on top of the linked-in contract, and makes a table of it. Its messages
// have no generated classes, so one mistake is always there: "not linked in".
class Contract {
 public:
  explicit Contract(const std::string& text, const std::string& syntax = "proto3")
      : pool_(DescriptorPool::generated_pool()) {
    FileDescriptorProto file;
    if (!google::protobuf::TextFormat::ParseFromString(text, &file)) throw std::logic_error("not a file: " + text);
    file.set_name("bad.proto");
    file.set_package("bad");
    file.set_syntax(syntax);
    file.add_dependency("bitrix24/rest/options.proto");
    const auto* built = pool_.BuildFile(file);
    if (built == nullptr) throw std::logic_error("the pool refuses the file");
    const auto table = MethodTable::Create({built});
    ok_ = table.ok();
    if (!ok_) message_ = std::string(table.status().message());
  }
  bool ok() const { return ok_; }
  // The status' text.
  const std::string& message() const { return message_; }

 private:
  DescriptorPool pool_;
  bool ok_ = false;
  std::string message_;
};

// A method with `options`, a request of `fields` beside `bot`, a response of `response_fields`.
std::string OneMethod(const std::string& options, const std::string& fields = "",
                      const std::string& response_fields = "", const std::string& subject = "bot",
                      const std::string& more = "") {
  return R"(
    service { name: "S" method { name: "M" input_type: "Req" output_type: "Resp" options { [bitrix24.rest.method] {)" +
         options + R"(} } } }
    message_type { name: "Req" field { name: ")" +
         subject + R"(" json_name: ")" + subject + R"(" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING })" + fields +
         R"( }
    message_type { name: "Resp" )" +
         response_fields + " } " + more;
}
constexpr char kGood[] = R"(name: "x.y" dialect: DIALECT_V2 retry: RETRY_READ)";

std::string Field(const std::string& name, int number, const std::string& type, const std::string& option = "",
                  const std::string& label = "LABEL_OPTIONAL") {
  return "field { name: \"" + name + "\" number: " + std::to_string(number) + " label: " + label + " " + type +
         (option.empty() ? "" : " options { [bitrix24.rest.field] { " + option + " } }") + " }";
}
constexpr char kString[] = "type: TYPE_STRING";
constexpr char kBool[] = "type: TYPE_BOOL";
constexpr char kInt64[] = "type: TYPE_INT64";

TEST(MethodTable, HoldsAll67DocumentedMethods) {
  auto table = MethodTable::Create(contract::Files());
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->methods().size(), 67u);
  EXPECT_EQ((*table)->services().size(), 14u);
}

TEST(MethodTable, FindsAMethodByItsRestNameExactlyAndByItsRpcPath) {
  const MethodSpec& send = Method("imbot.v2.Chat.Message.send");
  EXPECT_EQ(send.rpc_path, "/bitrix24.imbot.v2.MessageService/SendMessage");
  EXPECT_EQ(TestTable().FindByRpcPath("/bitrix24.imbot.v2.MessageService/SendMessage"), &send);
  EXPECT_EQ(TestTable().FindByName("imbot.v2.chat.message.send"), nullptr);
  EXPECT_EQ(TestTable().FindByRpcPath("/bitrix24.imbot.v2.MessageService/Nothing"), nullptr);
}

TEST(MethodTable, TellsWhetherARequestNamesABotOrAPortal) {
  EXPECT_EQ(Method("imbot.v2.Chat.Message.send").subject, Subject::kBot);
  EXPECT_EQ(Method("imbot.v2.Bot.register").subject, Subject::kPortal);
  EXPECT_EQ(Method("imbot.register").subject, Subject::kPortal);
  EXPECT_EQ(Method("imbot.v2.Revision.get").subject, Subject::kPortal);
  EXPECT_EQ(Method("imbot.bot.list").subject, Subject::kPortal);
}

TEST(MethodTable, ResolvesThePathsThatOptionsName) {
  const auto names = [](const std::vector<const google::protobuf::FieldDescriptor*>& path) {
    std::vector<std::string> out;
    for (const auto* field : path) out.push_back(field->json_name());
    return out;
  };
  const MethodSpec& send = Method("imbot.v2.Chat.Message.send");
  EXPECT_THAT(names(send.order_field), ElementsAre("dialogId"));
  EXPECT_THAT(names(send.template_id_field), ElementsAre("fields", "templateId"));
  const MethodSpec& register_v2 = Method("imbot.v2.Bot.register");
  EXPECT_THAT(names(register_v2.code_field), ElementsAre("fields", "code"));
  EXPECT_THAT(names(register_v2.new_id_field), ElementsAre("bot", "id"));
  const MethodSpec& register_v1 = Method("imbot.register");
  EXPECT_THAT(names(register_v1.code_field), ElementsAre("CODE"));
  EXPECT_THAT(names(register_v1.new_id_field), ElementsAre("botId"));
  EXPECT_THAT(names(Method("test.v2.everything").order_field), ElementsAre("inner", "chatId"));
  EXPECT_THAT(names(Method("imbot.v2.Revision.get").order_field), IsEmpty());
}

TEST(MethodTable, LeavesServicesAloneThatHaveNoRestMethods) {
  const auto& services = TestTable().services();
  for (const auto* service : services) EXPECT_NE(service->full_name(), "imbot.gateway.v1.RawService");
}

TEST(MethodTable, RefusesMessagesWithoutGeneratedClassesAndNothingElseIfTheRestIsRight) {
  const Contract contract(OneMethod(kGood));
  EXPECT_FALSE(contract.ok());
  EXPECT_EQ(contract.message(), "the contract is not usable:\n  bad.S.M: its messages are not linked in");
}

TEST(MethodTable, RefusesAMethodWithoutItsOptionBesideOneWithIt) {
  const Contract contract(R"(
    service { name: "S"
      method { name: "A" input_type: "Req" output_type: "Req" options { [bitrix24.rest.method] { name: "x.y" dialect: DIALECT_V2 retry: RETRY_READ } } }
      method { name: "B" input_type: "Req" output_type: "Req" } }
    message_type { name: "Req" field { name: "bot" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING } })");
  EXPECT_THAT(contract.message(), HasSubstr("bad.S.B: has no option (bitrix24.rest.method)"));
}

TEST(MethodTable, RefusesAMethodWithoutNameDialectOrRetryAndNamesAllThree) {
  const Contract contract(OneMethod(""));
  EXPECT_THAT(contract.message(), HasSubstr("bad.S.M: option `name` is empty"));
  EXPECT_THAT(contract.message(), HasSubstr("bad.S.M: option `dialect` is missing"));
  EXPECT_THAT(contract.message(), HasSubstr("bad.S.M: option `retry` is missing"));
}

TEST(MethodTable, RefusesARequestWhoseFirstFieldIsNeitherBotNorPortal) {
  const std::string expected = "field 1 of bad.Req must be `string bot` or `string portal`";
  EXPECT_THAT(Contract(OneMethod(kGood, "", "", "robot")).message(), HasSubstr(expected));
  const auto request = [](const std::string& field) {
    return R"(service { name: "S" method { name: "M" input_type: "Req" output_type: "Req" options { [bitrix24.rest.method] { name: "x" dialect: DIALECT_V2 retry: RETRY_READ } } } }
              message_type { name: "Req" )" +
           field + "}";
  };
  EXPECT_THAT(Contract(request("")).message(), HasSubstr(expected));
  EXPECT_THAT(Contract(request(Field("bot", 1, kInt64))).message(), HasSubstr(expected));
  EXPECT_THAT(Contract(request(Field("bot", 1, kString, "", "LABEL_REPEATED"))).message(), HasSubstr(expected));
  EXPECT_THAT(Contract(request(Field("bot", 2, kString))).message(), HasSubstr(expected));
}

TEST(MethodTable, RefusesAPathOfTheGatewayThatIsAFieldOfTheRequestToo) {
  const std::string options = std::string(kGood) + R"( id_path: "botId" secret_path: "fields.botToken")";
  const std::string fields =
      Field("bot_id", 2, kInt64) + Field("fields", 3, "type: TYPE_MESSAGE type_name: \".bad.F\"");
  const Contract contract(
      OneMethod(options, fields, "", "bot", "message_type { name: \"F\" " + Field("bot_token", 1, kString) + "}"));
  EXPECT_THAT(contract.message(), HasSubstr("bad.S.M: `botId` is the gateway's to fill in"));
  EXPECT_THAT(contract.message(), HasSubstr("bad.S.M: `fields.botToken` is the gateway's to fill in"));
}

TEST(MethodTable, RefusesAPathOfTheGatewayThatLeadsNowhere) {
  // A misspelt path would leave the bot's secret out of every call, and nobody would know why the portal refuses them.
  const std::string fields = Field("fields", 2, "type: TYPE_MESSAGE type_name: \".bad.F\"") +
                             Field("text", 3, kString) +
                             Field("list", 4, "type: TYPE_MESSAGE type_name: \".bad.F\"", "", "LABEL_REPEATED");
  const std::string more = "message_type { name: \"F\" " + Field("a", 1, kString) + "}";
  for (const std::string path : {"field.botToken", "text.botToken", "list.botToken", "fields.a.botToken"}) {
    EXPECT_THAT(
        Contract(OneMethod(std::string(kGood) + " secret_path: \"" + path + "\"", fields, "", "bot", more)).message(),
        HasSubstr("bad.S.M: `" + path + "` leads through something that is no message field of the request"));
  }
  EXPECT_THAT(Contract(OneMethod(std::string(kGood) + R"( secret_path: "fields.botToken" id_path: "botId")", fields, "",
                                 "bot", more))
                  .message(),
              Not(HasSubstr("leads")));
}

TEST(MethodTable, RefusesAnOrderPathThatIsNoField) {
  EXPECT_THAT(Contract(OneMethod(std::string(kGood) + R"( order_by: "dialogId")")).message(),
              HasSubstr("bad.S.M: order_by `dialogId` is no field of the request"));
}

TEST(MethodTable, RefusesADeduplicatedMethodWithoutATemplateId) {
  EXPECT_THAT(Contract(OneMethod(R"(name: "x" dialect: DIALECT_V2 retry: RETRY_DEDUPLICATED)")).message(),
              HasSubstr("a method that the portal de-duplicates has the field fields.templateId"));
}

TEST(MethodTable, RefusesARegistrationWithoutPortalSecretCodeOrId) {
  const std::string registers = std::string(kGood) + " bot_effect: BOT_EFFECT_REGISTER ";
  EXPECT_THAT(Contract(OneMethod(registers, "", "", "portal")).message(),
              HasSubstr("a registration names a portal and has a secret_path"));
  EXPECT_THAT(Contract(OneMethod(registers + R"(secret_path: "CLIENT_ID")", "", "", "bot")).message(),
              HasSubstr("a registration names a portal and has a secret_path"));
  const Contract neither(OneMethod(registers + R"(secret_path: "CLIENT_ID")", "", "", "portal"));
  EXPECT_THAT(neither.message(), HasSubstr("no field `code` beside the secret"));
  EXPECT_THAT(neither.message(), HasSubstr("its response has no id of the new bot"));
}

TEST(MethodTable, RefusesAnIdPathAndAnUnregistrationWhereNoBotIsNamed) {
  EXPECT_THAT(Contract(OneMethod(std::string(kGood) + R"( id_path: "botId")", "", "", "portal")).message(),
              HasSubstr("bad.S.M: id_path needs a request that names a bot"));
  EXPECT_THAT(
      Contract(OneMethod(std::string(kGood) + R"( bot_effect: BOT_EFFECT_UNREGISTER)", "", "", "portal")).message(),
      HasSubstr("bad.S.M: an unregistration names a bot"));
}

TEST(MethodTable, RefusesTwoRpcsForOneRestMethod) {
  const Contract contract(R"(
    service { name: "S"
      method { name: "A" input_type: "Req" output_type: "Req" options { [bitrix24.rest.method] { name: "x.y" dialect: DIALECT_V2 retry: RETRY_READ } } }
      method { name: "B" input_type: "Req" output_type: "Req" options { [bitrix24.rest.method] { name: "x.y" dialect: DIALECT_V2 retry: RETRY_READ } } } }
    message_type { name: "Req" field { name: "bot" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING } })");
  EXPECT_THAT(contract.message(), HasSubstr("bad.S.B: REST method `x.y` has two rpcs"));
}

TEST(MethodTable, RefusesTypesThatHaveNoFormOnTheWire) {
  const Contract contract(OneMethod(kGood, Field("small", 2, "type: TYPE_UINT32") +
                                               Field("single", 3, "type: TYPE_FLOAT") +
                                               Field("fixed", 4, "type: TYPE_FIXED64")));
  EXPECT_THAT(contract.message(), HasSubstr("bad.Req.small: a type that has no form on the wire"));
  EXPECT_THAT(contract.message(), HasSubstr("bad.Req.single: a type that has no form on the wire"));
  EXPECT_THAT(contract.message(), HasSubstr("bad.Req.fixed: a type that has no form on the wire"));
}

TEST(MethodTable, RefusesAMapWhoseKeysAreNoTexts) {
  const std::string text = R"(
    service { name: "S" method { name: "M" input_type: "Req" output_type: "Req" options { [bitrix24.rest.method] { name: "x" dialect: DIALECT_V2 retry: RETRY_READ } } } }
    message_type { name: "Req"
      field { name: "bot" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
      field { name: "by_id" number: 2 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".bad.Req.ByIdEntry" }
      nested_type { name: "ByIdEntry" options { map_entry: true }
        field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_INT64 }
        field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_STRING } } })";
  EXPECT_THAT(Contract(text).message(), HasSubstr("bad.Req.by_id: the keys of a map are strings on the wire"));
}

TEST(MethodTable, RefusesAPatternThatIsNone) {
  EXPECT_THAT(Contract(OneMethod(kGood, Field("a", 2, kString, "pattern: \"(\""))).message(),
              HasSubstr("bad.Req.a: pattern: "));
}

TEST(MethodTable, RefusesInlineOnAnythingButASingleMessage) {
  const std::string more = "message_type { name: \"F\" " + Field("a", 1, kString) + "}";
  EXPECT_THAT(Contract(OneMethod(kGood, Field("a", 2, kString, "inline: true"))).message(),
              HasSubstr("bad.Req.a: only a message can be `inline`"));
  EXPECT_THAT(
      Contract(OneMethod(kGood,
                         Field("a", 2, "type: TYPE_MESSAGE type_name: \".bad.F\"", "inline: true", "LABEL_REPEATED"),
                         "", "bot", more))
          .message(),
      HasSubstr("bad.Req.a: only a message can be `inline`"));
}

TEST(MethodTable, RefusesAnEnumValueWithoutItsTextOnTheWire) {
  const std::string more =
      R"(enum_type { name: "E" value { name: "NONE" number: 0 } value { name: "ONE" number: 1 } })";
  EXPECT_THAT(
      Contract(OneMethod(kGood, Field("e", 2, "type: TYPE_ENUM type_name: \".bad.E\""), "", "bot", more)).message(),
      HasSubstr("bad.ONE: has no option (bitrix24.rest.value).wire"));
}

TEST(MethodTable, RefusesTwoFieldsWithOneJsonName) {
  // protoc refuses this for proto3 itself.
  const std::string fields =
      Field("a", 2, "type: TYPE_STRING json_name: \"NAME\"") + Field("b", 3, "type: TYPE_STRING json_name: \"NAME\"");
  EXPECT_THAT(Contract(OneMethod(kGood, fields), "proto2").message(),
              HasSubstr("bad.Req: two fields have the JSON name `NAME`"));
}

TEST(MethodTable, RefusesANameThatAnInlineMessageBringsASecondTime) {
  const std::string more = "message_type { name: \"F\" " + Field("text", 1, kString) + "} message_type { name: \"G\" " +
                           Field("text", 1, kString) + "}";
  const std::string f = "type: TYPE_MESSAGE type_name: \".bad.F\"", g = "type: TYPE_MESSAGE type_name: \".bad.G\"";
  const std::string expected = "bad.Req: two fields have the JSON name `text`";
  // Whichever of the two comes first.
  EXPECT_THAT(Contract(OneMethod(kGood, Field("text", 2, kString) + Field("f", 3, f, "inline: true"), "", "bot", more))
                  .message(),
              HasSubstr(expected));
  EXPECT_THAT(Contract(OneMethod(kGood, Field("f", 3, f, "inline: true") + Field("text", 2, kString), "", "bot", more))
                  .message(),
              HasSubstr(expected));
  EXPECT_THAT(
      Contract(OneMethod(kGood, Field("f", 2, f, "inline: true") + Field("g", 3, g, "inline: true"), "", "bot", more))
          .message(),
      HasSubstr(expected));
  // Of a oneof only one can be set.
  const std::string oneof = Field("f", 2, f + " oneof_index: 0", "inline: true") +
                            Field("g", 3, g + " oneof_index: 0", "inline: true") + "oneof_decl { name: \"kind\" }";
  EXPECT_THAT(Contract(OneMethod(kGood, oneof, "", "bot", more)).message(), Not(HasSubstr(expected)));
}

TEST(MethodTable, RefusesNullsInThatNamesNoMapOrIsNoListOfTexts) {
  EXPECT_THAT(
      Contract(OneMethod(kGood, Field("remove", 2, kString, "nulls_in: \"titles\"", "LABEL_REPEATED"))).message(),
      HasSubstr("bad.Req.remove: nulls_in `titles` is no map beside it"));
  EXPECT_THAT(Contract(OneMethod(kGood, Field("titles", 3, kString) +
                                            Field("remove", 2, kString, "nulls_in: \"titles\"", "LABEL_REPEATED")))
                  .message(),
              HasSubstr("bad.Req.remove: nulls_in `titles` is no map beside it"));
  const auto with_map = [](const std::string& remove) {
    return R"(
    service { name: "S" method { name: "M" input_type: "Req" output_type: "Req" options { [bitrix24.rest.method] { name: "x" dialect: DIALECT_V2 retry: RETRY_READ } } } }
    message_type { name: "Req"
      field { name: "bot" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
      field { name: "titles" number: 2 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".bad.Req.TitlesEntry" }
      nested_type { name: "TitlesEntry" options { map_entry: true }
        field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
        field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_STRING } } )" +
           remove + "}";
  };
  EXPECT_THAT(Contract(with_map(Field("remove", 3, kString, "nulls_in: \"titles\""))).message(),
              HasSubstr("bad.Req.remove: only a list of texts can have `nulls_in`"));
  EXPECT_THAT(Contract(with_map(Field("remove", 3, kInt64, "nulls_in: \"titles\"", "LABEL_REPEATED"))).message(),
              HasSubstr("bad.Req.remove: only a list of texts can have `nulls_in`"));
  EXPECT_THAT(Contract(with_map(Field("remove", 3, kString, "nulls_in: \"titles\"", "LABEL_REPEATED"))).message(),
              Not(HasSubstr("nulls_in")));
}

TEST(MethodTable, RefusesClearsThatIsNoSingleBoolNamesNoFieldOrClearsByNoJson) {
  EXPECT_THAT(Contract(OneMethod(kGood, Field("remove", 2, kBool, R"(clears: "text" clear_as: "null")"))).message(),
              HasSubstr("bad.Req.remove: clears `text`, which is no field beside it"));
  EXPECT_THAT(Contract(OneMethod(kGood, Field("text", 3, kString) +
                                            Field("remove", 2, kBool, R"(clears: "text" clear_as: "N")")))
                  .message(),
              HasSubstr("bad.Req.remove: clear_as is not JSON"));
  EXPECT_THAT(
      Contract(OneMethod(kGood, Field("text", 3, kString) + Field("remove", 2, kBool, R"(clears: "text")"))).message(),
      HasSubstr("bad.Req.remove: clear_as is not JSON"));
  EXPECT_THAT(
      Contract(OneMethod(kGood, Field("text", 3, kString) +
                                    Field("remove", 2, kBool, R"(clears: "text" clear_as: "null")", "LABEL_REPEATED")))
          .message(),
      HasSubstr("bad.Req.remove: a list can't have `clears`"));
}

TEST(MethodTable, NamesTheMistakesOfSeveralMethodsAndFieldsAtOnce) {
  const Contract contract(R"(
    service { name: "S"
      method { name: "A" input_type: "Req" output_type: "Resp" options { [bitrix24.rest.method] { dialect: DIALECT_V2 retry: RETRY_READ order_by: "nothing" } } }
      method { name: "B" input_type: "Other" output_type: "Resp" options { [bitrix24.rest.method] { name: "b" retry: RETRY_READ } } } }
    message_type { name: "Req" field { name: "bot" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING } )" +
                          Field("a", 2, kString, "pattern: \"[\"") + R"(}
    message_type { name: "Other" )" +
                          Field("x", 1, kString) + R"(}
    message_type { name: "Resp" )" +
                          Field("f", 1, "type: TYPE_FLOAT") + "}");
  for (const char* mistake :
       {"bad.S.A: option `name` is empty", "bad.S.A: order_by `nothing`", "bad.S.B: option `dialect` is missing",
        "bad.S.B: field 1 of bad.Other", "bad.Req.a: pattern: ", "bad.Resp.f: a type that has no form"}) {
    EXPECT_THAT(contract.message(), HasSubstr(mistake));
  }
}

TEST(MethodTable, TellsAMistakeInATypeThatManyMethodsShareOnce) {
  const Contract contract(R"(
    service { name: "S"
      method { name: "A" input_type: "Req" output_type: "Req" options { [bitrix24.rest.method] { name: "a" dialect: DIALECT_V2 retry: RETRY_READ } } }
      method { name: "B" input_type: "Req" output_type: "Req" options { [bitrix24.rest.method] { name: "b" dialect: DIALECT_V1 retry: RETRY_READ } } } }
    message_type { name: "Req" field { name: "bot" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING } )" +
                          Field("f", 2, "type: TYPE_FLOAT") + "}");
  const std::string mistake = "bad.Req.f: a type that has no form on the wire";
  const size_t first = contract.message().find(mistake);
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(contract.message().find(mistake, first + 1), std::string::npos);
}

}  // namespace
}  // namespace imbot::translate
