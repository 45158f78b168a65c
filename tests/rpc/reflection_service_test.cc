#include "service/rpc/reflection_service.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <set>

#include "google/protobuf/descriptor.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "tests/rpc/rpc_harness.h"

namespace imbot::rpc_test {
namespace {

using google::protobuf::FileDescriptorProto;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;

namespace v1 = grpc::reflection::v1;
namespace v1alpha = grpc::reflection::v1alpha;

struct V1 {
  using Service = v1::ServerReflection;
  using Request = v1::ServerReflectionRequest;
  using Response = v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Service = v1alpha::ServerReflection;
  using Request = v1alpha::ServerReflectionRequest;
  using Response = v1alpha::ServerReflectionResponse;
};

template <typename Version>
class ReflectionServiceTest : public ::testing::Test {
 protected:
  using Request = typename Version::Request;
  using Response = typename Version::Response;

  ReflectionServiceTest() : stub_(Version::Service::NewStub(harness_.Connect())) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    stream_ = stub_->ServerReflectionInfo(&context_);
  }
  Response Ask(const Request& request) {
    Response response;
    EXPECT_TRUE(stream_->Write(request));
    EXPECT_TRUE(stream_->Read(&response));
    return response;
  }
  Response AskForSymbol(const std::string& symbol) {
    Request request;
    request.set_file_containing_symbol(symbol);
    return Ask(request);
  }
  static std::vector<std::string> FilesOf(const Response& response) {
    std::vector<std::string> names;
    for (const auto& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      names.push_back(file.name());
    }
    return names;
  }

  Harness harness_;
  grpc::ClientContext context_;
  std::unique_ptr<typename Version::Service::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriterInterface<Request, Response>> stream_;
};

using Versions = ::testing::Types<V1, V1Alpha>;
TYPED_TEST_SUITE(ReflectionServiceTest, Versions);

TYPED_TEST(ReflectionServiceTest, ListsEveryService) {
  typename TypeParam::Request request;
  request.set_host("some.host");
  request.set_list_services("*");
  const auto response = this->Ask(request);
  EXPECT_EQ(response.valid_host(), "some.host");
  EXPECT_EQ(response.original_request().list_services(), "*");
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service()) names.push_back(service.name());
  EXPECT_THAT(names, IsSupersetOf({"bitrix24.imbot.v1.MessageService", "bitrix24.imbot.v2.BotService",
                                   "bitrix24.imbot.v2.MessageService", "grpc.channelz.v1.Channelz",
                                   "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                                   "grpc.reflection.v1alpha.ServerReflection", "imbot.test.v1.EchoService"}));
}

TYPED_TEST(ReflectionServiceTest, DescribesEveryServiceItListsAndWhatTheyNeed) {
  typename TypeParam::Request request;
  request.set_list_services("*");
  const auto list = this->Ask(request);
  std::set<std::string> have;
  std::set<std::string> needed;
  for (const auto& service : list.list_services_response().service()) {
    const auto response = this->AskForSymbol(service.name());
    ASSERT_GT(response.file_descriptor_response().file_descriptor_proto_size(), 0) << service.name();
    for (const auto& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      FileDescriptorProto file;
      ASSERT_TRUE(file.ParseFromString(bytes));
      have.insert(file.name());
      needed.insert(file.dependency().begin(), file.dependency().end());
    }
  }
  EXPECT_THAT(have, IsSupersetOf(needed));
}

TYPED_TEST(ReflectionServiceTest, AnswersEveryQuestionAboutFiles) {
  EXPECT_THAT(this->FilesOf(this->AskForSymbol("imbot.test.v1.EchoService.Echo")),
              ElementsAre("tests/rpc/echo.proto", "bitrix24/rest/options.proto", "google/protobuf/descriptor.proto"));
  typename TypeParam::Request by_name;
  by_name.set_file_by_filename("grpc/health/v1/health.proto");
  EXPECT_THAT(this->FilesOf(this->Ask(by_name)), ElementsAre("grpc/health/v1/health.proto"));
  typename TypeParam::Request by_extension;
  by_extension.mutable_file_containing_extension()->set_containing_type("google.protobuf.MethodOptions");
  by_extension.mutable_file_containing_extension()->set_extension_number(78240);
  EXPECT_THAT(this->FilesOf(this->Ask(by_extension)), ElementsAre("bitrix24/rest/options.proto"))
      << "its import has been sent before";
  typename TypeParam::Request numbers;
  numbers.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
  const auto response = this->Ask(numbers);
  EXPECT_EQ(response.all_extension_numbers_response().base_type_name(), "google.protobuf.MethodOptions");
  EXPECT_THAT(response.all_extension_numbers_response().extension_number(), ElementsAre(78240));
}

TYPED_TEST(ReflectionServiceTest, SendsAFileAgainThatIsAskedForAgain) {
  ASSERT_EQ(this->FilesOf(this->AskForSymbol("imbot.test.v1.EchoService")).size(), 3u);
  EXPECT_THAT(this->FilesOf(this->AskForSymbol("imbot.test.v1.EchoRequest")), ElementsAre("tests/rpc/echo.proto"));
}

TYPED_TEST(ReflectionServiceTest, SaysWhatThereIsNot) {
  typename TypeParam::Request file;
  file.set_file_by_filename("no/such.proto");
  typename TypeParam::Request symbol;
  symbol.set_file_containing_symbol("no.such.Symbol");
  typename TypeParam::Request extension;
  extension.mutable_file_containing_extension()->set_containing_type("no.such.Message");
  typename TypeParam::Request numbers;
  numbers.set_all_extension_numbers_of_type("no.such.Message");
  for (const auto& request : {file, symbol, extension, numbers}) {
    const auto response = this->Ask(request);
    EXPECT_EQ(response.error_response().error_code(), 5) << "NOT_FOUND for " << request.ShortDebugString();
    EXPECT_NE(response.error_response().error_message(), "");
  }
  EXPECT_EQ(this->Ask({}).error_response().error_code(), 3) << "INVALID_ARGUMENT: nothing was asked";
}

TYPED_TEST(ReflectionServiceTest, EndsWithTheCallersLastQuestion) {
  this->AskForSymbol("imbot.test.v1.EchoService");
  EXPECT_TRUE(this->stream_->WritesDone());
  EXPECT_TRUE(this->stream_->Finish().ok());
}

TEST(ReflectionServices, AskForNoToken) {
  HarnessOptions options;
  options.callers = *rpc::CallerSet::Create({{{"billing", false}, kTokenSha256}});
  Harness harness(std::move(options));
  const auto stub = v1::ServerReflection::NewStub(harness.Connect());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  const auto stream = stub->ServerReflectionInfo(&context);
  v1::ServerReflectionRequest request;
  request.set_list_services("");
  v1::ServerReflectionResponse response;
  ASSERT_TRUE(stream->Write(request));
  EXPECT_TRUE(stream->Read(&response));
  EXPECT_GT(response.list_services_response().service_size(), 0);
}

}  // namespace
}  // namespace imbot::rpc_test
