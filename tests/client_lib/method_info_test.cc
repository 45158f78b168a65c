#include "imbot/client/internal/method_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "bitrix24/imbot/v2/bot_service.pb.h"
#include "bitrix24/imbot/v2/message_service.pb.h"
#include "bitrix24/rest/options.pb.h"
#include "imbot/gateway/v1/raw_service.pb.h"
#include "proto/contract.h"

namespace imbot::client::internal {
namespace {

using bitrix24::imbot::v2::SendMessageRequest;
using bitrix24::imbot::v2::SendMessageResponse;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

const Message& Prototype(const google::protobuf::Descriptor* type) {
  return *MessageFactory::generated_factory()->GetPrototype(type);
}

TEST(FindMethod, KnowsEveryUnaryMethodOfTheContractByItsRequest) {
  int unary = 0, repeatable = 0;
  for (const auto* file : contract::Files()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto* method = file->service(s)->method(m);
        const auto found = FindMethod(Prototype(method->input_type()), Prototype(method->output_type()));
        if (method->client_streaming() || method->server_streaming()) {
          EXPECT_FALSE(found.has_value()) << method->full_name();
          continue;
        }
        ASSERT_TRUE(found.has_value()) << method->full_name();
        EXPECT_EQ(found->path, "/" + method->service()->full_name() + "/" + method->name());
        if (!method->options().HasExtension(bitrix24::rest::method)) continue;
        const auto& options = method->options().GetExtension(bitrix24::rest::method);
        EXPECT_EQ(found->repeatable, options.retry() != bitrix24::rest::RETRY_NEVER) << method->full_name();
        EXPECT_EQ(found->done_codes.size(), static_cast<size_t>(options.done_codes_size()));
        ++unary;
        repeatable += found->repeatable;
      }
    }
  }
  EXPECT_GT(unary, 60);
  EXPECT_GT(repeatable, 20);
  EXPECT_LT(repeatable, unary);
}

TEST(FindMethod, RepeatsNoSendThatThePortalWouldNotRecognise) {
  const SendMessageResponse response;
  SendMessageRequest request;
  const auto repeatable = [&] { return FindMethod(request, response)->repeatable; };
  EXPECT_TRUE(repeatable());
  request.mutable_fields()->set_system(true);
  EXPECT_FALSE(repeatable());
  request.mutable_fields()->set_system(false);
  EXPECT_TRUE(repeatable());
  (*request.mutable_fields()->mutable_forward_ids())["0f8fad5b-d9cb-469f-a165-70867728950e"] = 1;
  EXPECT_TRUE(repeatable());
  for (const char* other : {"0F8FAD5B-d9cb-469f-a165-70867728950e", "0f8fad5b-d9cb-169f-a165-70867728950e",
                            "0f8fad5b-d9cb-469f-7165-70867728950e", "0f8fad5b-d9cb-469f-a165-70867728950", ""}) {
    request.mutable_fields()->clear_forward_ids();
    (*request.mutable_fields()->mutable_forward_ids())[other] = 1;
    EXPECT_FALSE(repeatable()) << other;
  }
}

TEST(FindMethod, RepeatsNoMethodOfWhichTheContractSaysNothing) {
  const auto raw = FindMethod(gateway::v1::CallRequest(), gateway::v1::CallResponse());
  ASSERT_TRUE(raw.has_value());
  EXPECT_EQ(raw->path, "/imbot.gateway.v1.RawService/Call");
  EXPECT_FALSE(raw->repeatable);
}

TEST(FindMethod, KnowsWhichCodesSayThatItHadBeenDone) {
  const auto unregister =
      FindMethod(bitrix24::imbot::v2::UnregisterBotRequest(), bitrix24::imbot::v2::UnregisterBotResponse());
  ASSERT_TRUE(unregister.has_value());
  EXPECT_THAT(unregister->done_codes, testing::ElementsAre("BOT_NOT_FOUND"));
}

TEST(FindMethod, FindsNothingForWhatIsNoRequest) {
  EXPECT_FALSE(FindMethod(SendMessageResponse(), SendMessageRequest()).has_value());
  EXPECT_FALSE(FindMethod(SendMessageRequest(), SendMessageRequest()).has_value());
}

}  // namespace
}  // namespace imbot::client::internal
