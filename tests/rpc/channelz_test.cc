// What channelz tells, read with reflection's own descriptors, since the package has no header files for it.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "service/base/strings.h"
#include "tests/rpc/rpc_harness.h"

namespace imbot::rpc_test {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using ::testing::HasSubstr;
using ::testing::Not;

std::unique_ptr<Message> NewMessage(const std::string& name) {
  const auto* type = DescriptorPool::generated_pool()->FindMessageTypeByName("grpc.channelz.v1." + name);
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(type)->New());
}

// Calls `method` with a request in JSON and returns the response; what failed is in the test's log.
std::unique_ptr<Message> Ask(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                             const std::string& json) {
  const auto request = NewMessage(method + "Request");
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, request.get()).ok());
  const Result result = CallBytes(channel, "/grpc.channelz.v1.Channelz/" + method, request->SerializeAsString());
  EXPECT_TRUE(result.status.ok()) << method << ": " << result.status.error_message();
  auto response = NewMessage(method + "Response");
  EXPECT_TRUE(response->ParseFromString(result.body));
  return response;
}

// Every number in fields of this name, at any depth.
void CollectIds(const Message& message, const std::string& field_name, std::vector<int64_t>* ids) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->name() == field_name) ids->push_back(message.GetReflection()->GetInt64(message, field));
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      CollectIds(message.GetReflection()->GetMessage(message, field), field_name, ids);
      continue;
    }
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      CollectIds(message.GetReflection()->GetRepeatedMessage(message, field, i), field_name, ids);
    }
  }
}

TEST(Channelz, CountsCallsAndTellsNoSecret) {
  HarnessOptions options;
  options.callers = *rpc::CallerSet::Create({{{"billing", false}, kTokenSha256}});
  Harness harness(std::move(options));
  harness.handler.Play(PlayedHandler::Echo);
  const auto channel = harness.Connect();
  // A token that is right can't be looked for in an answer if it is `abc`: these are canaries, and their calls are
  // refused.
  for (int i = 0; i < 3; ++i) {
    CallEcho(channel, "canary-text", [](grpc::ClientContext& context) {
      context.AddMetadata("authorization", "Bearer canary-token");
      context.AddMetadata("idempotency-key", "canary-key");
    });
  }
  std::string told;
  const auto servers = Ask(channel, "GetServers", "{}");
  base::StrAppend(&told, servers->DebugString());
  std::vector<int64_t> server_ids;
  CollectIds(*servers, "server_id", &server_ids);
  ASSERT_FALSE(server_ids.empty());
  int sockets_seen = 0;
  for (const int64_t id : server_ids) {
    base::StrAppend(&told, Ask(channel, "GetServer", base::StrCat("{\"server_id\":", id, "}"))->DebugString());
    const auto sockets = Ask(channel, "GetServerSockets", base::StrCat("{\"server_id\":", id, "}"));
    base::StrAppend(&told, sockets->DebugString());
    std::vector<int64_t> socket_ids;
    CollectIds(*sockets, "socket_id", &socket_ids);
    for (const int64_t socket : socket_ids) {
      base::StrAppend(&told, Ask(channel, "GetSocket", base::StrCat("{\"socket_id\":", socket, "}"))->DebugString());
      ++sockets_seen;
    }
  }
  base::StrAppend(&told, Ask(channel, "GetTopChannels", "{}")->DebugString());
  EXPECT_GT(sockets_seen, 0);
  EXPECT_THAT(told, HasSubstr("streams_started")) << "channelz does tell something";
  EXPECT_THAT(told, Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace imbot::rpc_test
