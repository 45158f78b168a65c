// That the comparisons find what they are there to find.

#include "tests/conformance/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "bitrix24/imbot/v1/bot_service.pb.h"
#include "bitrix24/imbot/v1/chat_service.pb.h"
#include "bitrix24/imbot/v2/message_service.pb.h"
#include "google/protobuf/text_format.h"

namespace imbot::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CompareRequests : public ::testing::Test {
 protected:
  CompareRequests() {
    send_.set_name("imbot.v2.Chat.Message.send");
    send_.set_id_path("botId");
    send_.set_secret_path("botToken");
    send_.set_retry(bitrix24::rest::RETRY_DEDUPLICATED);
  }
  std::vector<std::string> Compare(const char* example, const char* sent) {
    return CompareRequest(Json::parse(example), Json::parse(sent), send_, {7, "s"}, &uses_);
  }

  bitrix24::rest::Method send_;
  Uses uses_;
};

TEST_F(CompareRequests, AreSilentWhereOnlyEquivalencesDiffer) {
  EXPECT_THAT(
      Compare(R"({"botId": 456, "fields": {"keyboard": [{"TEXT": "x"}], "attach": [{"IMAGE": {"LINK": "/x"}}]}})",
              R"({"botId": 7, "botToken": "s", "fields": {"templateId": "0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f",
                          "keyboard": {"BUTTONS": [{"TEXT": "x"}], "BOT_ID": 7}, "attach": {"BLOCKS": [{"IMAGE": [{"LINK": "/x"}]}]}}})"),
      IsEmpty());
  EXPECT_EQ(uses_.Of(Equivalence::kTemplateId), 1);
  EXPECT_EQ(uses_.Of(Equivalence::kFullForm), 2);
  EXPECT_EQ(uses_.Of(Equivalence::kListOfOne), 1);
}

TEST_F(CompareRequests, FindAValueThatIsMissingAddedOrAnother) {
  EXPECT_THAT(Compare(R"({"a": 1, "b": {"c": [1, {"d": true}]}, "e": "350"})",
                      R"({"botId": 7, "botToken": "s", "b": {"c": [1, {"d": "Y"}]}, "e": 350, "f": null})"),
              ElementsAre("a: not sent", "b.c[1].d: is \"Y\" instead of true", "e: is 350 instead of \"350\"",
                          "f: sent, but not in the example"));
  EXPECT_THAT(Compare(R"({"a": [1]})", R"({"botId": 7, "botToken": "s", "a": [1, 2]})"),
              ElementsAre("a: 2 items instead of 1"));
  EXPECT_THAT(Compare(R"({"a": {"x": null}})", R"({"botId": 7, "botToken": "s", "a": {}})"),
              ElementsAre("a.x: not sent"));
}

TEST_F(CompareRequests, FindAnotherBotsIdentity) {
  EXPECT_THAT(Compare("{}", R"({"botId": 8, "botToken": "t"})"),
              ElementsAre("botId: is 8 instead of the bot's id", "botToken: is not the bot's secret"));
  EXPECT_THAT(Compare(R"({"fields": {"keyboard": []}})",
                      R"({"botId": 7, "botToken": "s", "fields": {"keyboard": {"BUTTONS": [], "BOT_ID": 8}}})"),
              ElementsAre("fields.keyboard.BOT_ID: is not the bot's id"));
  EXPECT_THAT(Compare("{}", "{}"),
              ElementsAre("botId: is null instead of the bot's id", "botToken: is not the bot's secret"));
}

TEST_F(CompareRequests, FindATemplateIdThePortalWouldNotRecognise) {
  EXPECT_THAT(
      Compare(R"({"fields": {}})",
              R"({"botId": 7, "botToken": "s", "fields": {"templateId": "0B7C2D5E-6F3A-4C1D-9E8F-7A6B5C4D3E2F"}})"),
      ElementsAre("fields.templateId: \"0B7C2D5E-6F3A-4C1D-9E8F-7A6B5C4D3E2F\" is no lower-case UUIDv4"));
}

TEST_F(CompareRequests, TakeTheFullFormForTheShortOneOfTheSameParameterOnly) {
  EXPECT_THAT(Compare(R"({"keyboard": [1], "other": [1]})",
                      R"({"botId": 7, "botToken": "s", "keyboard": {"ITEMS": [1]}, "other": {"BUTTONS": [1]}})"),
              ElementsAre("keyboard: is {\"ITEMS\":[1]} instead of [1]", "other: is {\"BUTTONS\":[1]} instead of [1]"));
}

template <typename Response>
Response FromText(const std::string& text) {
  Response response;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &response)) << text;
  return response;
}

TEST(CompareResponses, AreSilentWhereNothingIsLost) {
  Uses uses;
  EXPECT_THAT(
      CompareResponse(Json::parse(R"({"message": {"id": 789, "date": "2026-03-19T14:30:00+02:00", "forward": null,
                                              "params": {"a": [1, "1"]}, "viewed": "Y"}, "user": {"idle": false, "departments": [7]}})"),
                      FromText<bitrix24::imbot::v2::GetMessageResponse>(
                          "message { id: 789 date { seconds: 1773923400 } viewed: true params { fields { key: 'a' "
                          "value { list_value { "
                          "values { number_value: 1 } values { string_value: '1' } } } } } } user { departments: 7 }"),
                      &uses),
      IsEmpty());
  EXPECT_EQ(uses.Of(Equivalence::kZone), 1);
  EXPECT_EQ(uses.Of(Equivalence::kNull), 1);
  EXPECT_EQ(uses.Of(Equivalence::kFalse), 1);
  EXPECT_EQ(uses.Of(Equivalence::kBooleanText), 1);
}

TEST(CompareResponses, FindWhatIsLostAnotherOrMadeUp) {
  Uses uses;
  EXPECT_THAT(
      CompareResponse(
          Json::parse(R"({"message": {"id": 789, "chatId": 5, "date": "2026-03-19T14:30:00+02:00", "text": "x",
                                              "params": {"a": 1}, "forward": null, "colour": "red", "unread": false}})"),
          FromText<bitrix24::imbot::v2::GetMessageResponse>(
              "message { id: 788 date { seconds: 1773923401 } text: 'x' uuid: 'y' forward { id: 'z' } params { } }"),
          &uses),
      ElementsAre(
          "result.message.chatId: lost: 5", "result.message.colour: lost: bitrix24.types.v1.Message has no such field",
          "result.message.date: is another instant", "result.message.forward: is set, although the example has null",
          "result.message.id: is 788 instead of 789", "result.message.params: is {} instead of {\"a\":1}",
          "result.message.unread: lost: false", "result.message.uuid: set, but not in the example"));
}

TEST(CompareResponses, FindWhatABareResultLost) {
  Uses uses;
  using Ids = bitrix24::imbot::v1::ListChatUsersResponse;
  EXPECT_THAT(CompareResponse(Json::parse("[1, 2]"), FromText<Ids>("user_ids: 1 user_ids: 2"), &uses), IsEmpty());
  EXPECT_THAT(CompareResponse(Json::parse("[1, 2]"), FromText<Ids>("user_ids: 1"), &uses),
              ElementsAre("result: 1 items, not 2"));
  EXPECT_THAT(CompareResponse(Json::parse("[1, 2]"), FromText<Ids>("user_ids: 1 user_ids: 3"), &uses),
              ElementsAre("result[1]: is 3 instead of 2"));
  using Done = bitrix24::imbot::v2::UpdateMessageResponse;
  EXPECT_THAT(CompareResponse(Json::parse(R"({"result": true})"), FromText<Done>("result: true"), &uses), IsEmpty());
  EXPECT_THAT(CompareResponse(Json::parse("true"), FromText<Done>(""), &uses), ElementsAre("result: lost: true"));
  EXPECT_THAT(CompareResponse(Json::parse("true"), FromText<Done>("result: false"), &uses),
              ElementsAre("result: is false instead of true"));
}

TEST(CompareResponses, FindAMapWhoseKeysAreMoreThanIds) {
  Uses uses;
  using Bots = bitrix24::imbot::v1::ListBotsResponse;
  EXPECT_THAT(CompareResponse(Json::parse(R"({"39": {"ID": 39}})"), FromText<Bots>("bots { id: 39 }"), &uses),
              IsEmpty());
  EXPECT_THAT(CompareResponse(Json::parse(R"({"x": {"ID": 39}})"), FromText<Bots>("bots { id: 39 }"), &uses),
              ElementsAre("result[x]: lost: the key"));
}

TEST(Equivalences, AnUnusedOneFailsAndSoDoesOneThatIsNotOnTheList) {
  Uses uses;
  std::ostringstream out;
  constexpr EquivalenceRow kRows[] = {{Equivalence::kTime, "time", "why"}, {Equivalence::kAuth, "auth", "why"}};
  uses.Note(Equivalence::kTime);
  EXPECT_FALSE(uses.Print(kRows, out));
  uses.Note(Equivalence::kAuth);
  EXPECT_TRUE(uses.Print(kRows, out));
  uses.Note(Equivalence::kZone);
  EXPECT_FALSE(uses.Print(kRows, out));
}

}  // namespace
}  // namespace imbot::conformance
