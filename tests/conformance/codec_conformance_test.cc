// Every example of the documentation through the codec: JSON to message to JSON for requests, JSON to message for
// responses and for the data of events.

#include <gtest/gtest.h>

#include <iostream>
#include <set>
#include <string>

#include "bitrix24/imbot/v1/event.pb.h"
#include "client_lib/json_reader/json_reader.h"
#include "proto/contract.h"
#include "service/base/error.h"
#include "service/translate/decode.h"
#include "service/translate/encode.h"
#include "service/translate/method_table.h"
#include "service/translate/reply.h"
#include "service/translate/validate.h"
#include "tests/conformance/compare.h"
#include "tests/conformance/equivalences.h"
#include "tests/conformance/examples.h"

namespace imbot::conformance {
namespace {

using ::testing::Test;

class Codec : public Test {
 protected:
  void SetUp() override {
    auto table = translate::MethodTable::Create(contract::Files());
    ASSERT_TRUE(table.ok()) << table.status();
    table_ = *std::move(table);
  }

  // Reports differences as failures of the example.
  static void Expect(const std::vector<std::string>& differences, const std::string& where) {
    for (const std::string& difference : differences) ADD_FAILURE() << where << ": " << difference;
  }

  // Decodes `body`, the portal's whole answer with status 200, and compares its result.
  void DecodeAndCompare(const std::string& method, const Json& body, const std::string& where, Uses* uses) {
    const translate::MethodSpec* spec = table_->FindByName(method);
    ASSERT_NE(spec, nullptr) << method;
    const translate::ParsedReply reply =
        parser_.Parse(200, "application/json; charset=utf-8", body.dump(), method, "acme");
    ASSERT_TRUE(reply.status.ok()) << where << ": " << reply.status;
    const auto response = translate::DecodeResult(*spec, reply.result, reply.next, reply.total);
    ASSERT_TRUE(response.ok()) << where << ": " << response.status();
    Expect(CompareResponse(body.at("result"), **response, uses), where);
    for (const auto& [key, value] : body.items()) {
      if (key == "result") continue;
      EXPECT_EQ(key, "time") << where << ": lost";
      ASSERT_TRUE(reply.time.duration.has_value()) << where;
      // It is kept in microseconds.
      EXPECT_NEAR(static_cast<double>(reply.time.duration->count()) / 1e6, value.at("duration").get<double>(), 0.5e-6);
      uses->Note(Equivalence::kTime);
    }
  }

  std::unique_ptr<translate::MethodTable> table_;
  translate::ReplyParser parser_;
};

TEST_F(Codec, SendsEveryExampleRequestAsItStands) {
  const translate::Identity identity{4711, "made-by-the-gateway"};
  Uses uses;
  std::set<std::string> methods;
  int own = 0, related = 0;
  for (const RequestExample& example : Requests()) {
    SCOPED_TRACE(example.where);
    const translate::MethodSpec* spec = table_->FindByName(example.method);
    ASSERT_NE(spec, nullptr) << example.method;
    const auto request = client::ReadRequest(*spec->descriptor, example.body.dump(), {"acme/example", "acme"});
    ASSERT_TRUE(request.ok()) << request.status().message();
    EXPECT_EQ(translate::Validate(*spec, **request), absl::OkStatus());
    const Json sent = Json::parse(translate::EncodeJson(*spec, **request, identity));
    Expect(CompareRequest(example.body, sent, spec->options, {4711, "made-by-the-gateway"}, &uses), example.where);
    for (const std::string& mended : example.mended) {
      if (mended == "not base64") uses.Note(Equivalence::kNotBase64);
      if (mended == "no body") uses.Note(Equivalence::kNoBody);
    }
    ++(example.related ? related : own);
    methods.insert(example.method);
  }
  std::cout << own << " example requests of " << methods.size() << " methods and " << related
            << " of related pages, through the codec\n";
  EXPECT_TRUE(uses.Print(kCodecRequests, std::cout));
  EXPECT_GE(own, 66);
  EXPECT_EQ(methods.size(), 67u);
}

TEST_F(Codec, LosesNothingOfAnyExampleResponse) {
  Uses uses;
  int results = 0, errors = 0;
  std::set<std::string> methods;
  for (const ResponseExample& example : Responses()) {
    SCOPED_TRACE(example.where);
    methods.insert(example.method);
    if (!example.is_error) {
      DecodeAndCompare(example.method, example.body, example.where, &uses);
      ++results;
      continue;
    }
    ++errors;
    ASSERT_FALSE(example.http_statuses.empty());
    const std::string code = example.body.at("error").get<std::string>();
    for (const int http_status : example.http_statuses) {
      const translate::ParsedReply reply =
          parser_.Parse(http_status, "application/json", example.body.dump(), example.method, "acme");
      ASSERT_FALSE(reply.status.ok());
      EXPECT_EQ(reply.code, code);
      // The codes of the examples are capitals and underscores: their reasons are the same texts.
      EXPECT_EQ(base::ReasonOf(reply.status), code);
      EXPECT_NE(std::string(reply.status.message()).find(DescriptionOf(example)), std::string::npos)
          << reply.status.message();
    }
  }
  std::cout << results + errors << " example responses of " << methods.size() << " methods (" << errors
            << " errors), through the codec\n";
  EXPECT_TRUE(uses.Print(kResponses, std::cout));
  EXPECT_GE(results + errors, 67);
}

// They arrive as items of Event.get. Those of the older API come by webhook alone: the decoder of events reads them.
TEST_F(Codec, LosesNothingOfTheDataOfAnyExampleEventOfEventGet) {
  Uses uses;
  int run = 0, left = 0;
  for (const EventExample& example : Events()) {
    SCOPED_TRACE(example.where);
    if (example.where.find("chat-bots-v2/") == std::string::npos) {
      ++left;
      continue;
    }
    const Json& data = example.form == "data" ? example.body : example.body.at("data");
    const bool of_user = example.event.rfind("ONIMV2", 0) == 0;
    const Json body = {
        {"result",
         {{"events",
           {{{"eventId", 1001}, {"type", example.event}, {"date", "2025-01-15T10:30:00+02:00"}, {"data", data}}}},
          {"nextOffset", 1002},
          {"hasMore", false}}}};
    DecodeAndCompare(of_user ? "im.v2.Event.get" : "imbot.v2.Event.get", body, example.where, &uses);
    ++run;
  }
  std::cout << run << " example events, through the codec as items of Event.get; " << left
            << " of the older API wait for the decoder of events\n";
  EXPECT_TRUE(uses.Print(kEvents, std::cout));
  EXPECT_GE(run, 10);
}

// No method returns these: here their names alone.
TEST_F(Codec, HasAFieldForEveryKeyOfTheEventsOfTheOlderApi) {
  Uses uses;
  int run = 0;
  for (const EventExample& example : Events()) {
    if (example.where.find("chat-bots-v2/") != std::string::npos) continue;
    Expect(KeysWithoutField(example.body.at("data"), *bitrix24::imbot::v1::EventData::descriptor(), &uses),
           example.where);
    ++run;
  }
  std::cout << run << " example events of the older API have a field for every key but " << uses.Of(Equivalence::kAuth)
            << " of auth blocks\n";
  EXPECT_GE(run, 10);
}

}  // namespace
}  // namespace imbot::conformance
