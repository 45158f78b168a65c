#include <gtest/gtest.h>

#include <limits>

#include "bitrix24/imbot/v2/message_service.pb.h"
#include "client_lib/cli/json_writer.h"
#include "client_lib/cli/message_json.h"
#include "google/protobuf/util/time_util.h"
#include "imbot/gateway/v1/admin_service.pb.h"
#include "imbot/gateway/v1/raw_service.pb.h"

namespace imbot::cli {
namespace {

using Layout = JsonWriter::Layout;

std::string Line(const google::protobuf::Message& message) {
  JsonWriter writer(Layout::kLine, Style(false));
  WriteMessage(message, &writer);
  return writer.text();
}

TEST(JsonWriter, WritesOneLineOrIndented) {
  const auto write = [](Layout layout) {
    JsonWriter writer(layout, Style(false));
    writer.BeginObject().Member("a", "b").Key("list").BeginList().Integer(1).Bool(true).Null().EndList();
    writer.Key("none").BeginObject().EndObject().EndObject();
    return writer.text();
  };
  EXPECT_EQ(write(Layout::kLine), R"({"a":"b","list":[1,true,null],"none":{}})");
  EXPECT_EQ(write(Layout::kIndented), R"({
  "a": "b",
  "list": [
    1,
    true,
    null
  ],
  "none": {}
})");
}

TEST(JsonWriter, EscapesWhatJsonDoesNotHold) {
  EXPECT_EQ(Quoted("a\"b\\c\n\x01\x7f ä€😀"), "\"a\\\"b\\\\c\\n\\u0001\\u007f ä€😀\"");
  EXPECT_EQ(Quoted("\xff"
                   "a\xC3"),
            "\"\xEF\xBF\xBD"
            "a\xEF\xBF\xBD\"");
  EXPECT_EQ(Quoted("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"") << "half of a surrogate pair";
}

// 2^53, beyond which a reader that has doubles alone would change the number.
TEST(JsonWriter, WritesIntegersThatOthersWouldChangeAsTexts) {
  JsonWriter writer(Layout::kLine, Style(false));
  writer.BeginList().Integer(9007199254740992).Integer(9007199254740993).Integer(-9007199254740993).EndList();
  EXPECT_EQ(writer.text(), R"([9007199254740992,"9007199254740993","-9007199254740993"])");
}

TEST(JsonWriter, WritesDoublesAsShortAsTheyAre) {
  JsonWriter writer(Layout::kLine, Style(false));
  writer.BeginList().Double(0.1).Double(3).Double(std::numeric_limits<double>::infinity()).EndList();
  EXPECT_EQ(writer.text(), R"([0.1,3,"Infinity"])");
}

TEST(MessageJson, WritesNumbersAsNumbersUnderTheContractsNames) {
  bitrix24::imbot::v2::SendMessageResponse response;
  response.set_id(42);
  (*response.mutable_uuid_map())["0b7c"] = 7;
  EXPECT_EQ(Line(response), R"({"id":42,"uuidMap":{"0b7c":7}})");
  EXPECT_EQ(Line(bitrix24::imbot::v2::SendMessageResponse()), "{}");
}

TEST(MessageJson, WritesTimesAndWordsForEnums) {
  imbot::gateway::v1::GetStatusResponse status;
  status.set_state(imbot::gateway::v1::GATEWAY_STATE_SERVING);
  *status.mutable_start_time() = google::protobuf::util::TimeUtil::SecondsToTimestamp(1767225600);
  *status.mutable_uptime() = google::protobuf::util::TimeUtil::MillisecondsToDuration(1500);
  status.add_portals()->set_name("acme");
  EXPECT_EQ(Line(status),
            R"({"state":"serving","startTime":"2026-01-01T00:00:00Z","uptime":"1.500s","portals":[{"name":"acme"}]})");
  imbot::gateway::v1::BotEntry bot;
  bot.set_state(imbot::gateway::v1::BOT_STATE_REGISTRATION_PENDING);
  EXPECT_EQ(Line(bot), R"({"state":"registration pending"})");
}

TEST(MessageJson, WritesAnyJsonAsItCame) {
  imbot::gateway::v1::CallResponse response;
  auto& fields = *response.mutable_result()->mutable_struct_value()->mutable_fields();
  fields["n"].set_number_value(5);
  fields["t"].set_null_value(google::protobuf::NULL_VALUE);
  fields["l"].mutable_list_value()->add_values()->set_bool_value(false);
  JsonWriter writer(Layout::kLine, Style(false));
  WriteMessage(response.result(), &writer);
  for (const char* const part : {R"("n":5)", R"("t":null)", R"("l":[false])"})
    EXPECT_NE(writer.text().find(part), std::string::npos) << writer.text();
}

}  // namespace
}  // namespace imbot::cli
