#include "service/rpc/descriptor_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bitrix24/rest/options.pb.h"
#include "proto/contract.h"
#include "service/rpc/reflection_service.h"
#include "tests/rpc/echo.pb.h"

namespace imbot::rpc {
namespace {

using google::protobuf::DescriptorProto;

using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

FileDescriptorSet EchoFiles() {
  FileDescriptorSet set;
  AppendLinkedFile(*imbot::test::v1::EchoRequest::descriptor()->file(), &set);
  return set;
}

std::unique_ptr<const DescriptorIndex> EchoIndex() {
  auto index = DescriptorIndex::Create(EchoFiles(), {"imbot.test.v1.EchoService"});
  EXPECT_TRUE(index.ok()) << index.status();
  return *std::move(index);
}

void CollectWithoutJsonName(const DescriptorProto& message, std::vector<std::string>* fields) {
  for (const auto& field : message.field()) {
    if (!field.has_json_name()) fields->push_back(message.name() + "." + field.name());
  }
  for (const auto& nested : message.nested_type()) CollectWithoutJsonName(nested, fields);
}

TEST(AppendLinkedFile, PutsImportsFirstAndNothingTwice) {
  FileDescriptorSet set;
  AppendLinkedFile(*bitrix24::rest::Method::descriptor()->file(), &set);
  AppendLinkedFile(*imbot::test::v1::EchoRequest::descriptor()->file(), &set);
  AppendLinkedFile(*imbot::test::v1::EchoRequest::descriptor()->file(), &set);
  std::vector<std::string> names;
  for (const auto& file : set.file()) names.push_back(file.name());
  EXPECT_THAT(names,
              ElementsAre("google/protobuf/descriptor.proto", "bitrix24/rest/options.proto", "tests/rpc/echo.proto"));
}

TEST(DescriptorIndex, HoldsAJsonNameForEveryField) {
  FileDescriptorSet set = contract::DescriptorSet();
  ReflectionServices::AppendOwnFiles(&set);
  AppendLinkedFile(*imbot::test::v1::EchoRequest::descriptor()->file(), &set);
  const auto index = DescriptorIndex::Create(set, {});
  ASSERT_TRUE(index.ok()) << index.status();
  std::vector<std::string> without;
  int messages = 0;
  for (const auto& file : set.file()) {
    FileDescriptorProto served;
    ASSERT_TRUE(served.ParseFromString((*index)->Serialized(*(*index)->FindFile(file.name()))));
    for (const auto& message : served.message_type()) {
      ++messages;
      CollectWithoutJsonName(message, &without);
    }
  }
  EXPECT_THAT(without, ElementsAre());
  EXPECT_GT(messages, 50) << "the contract, options, well-known types, health, channelz and reflection are all there";
}

TEST(DescriptorIndex, ServesDefaultAndWrittenJsonNames) {
  const auto index = EchoIndex();
  FileDescriptorProto served;
  ASSERT_TRUE(served.ParseFromString(index->Serialized(*index->FindFile("tests/rpc/echo.proto"))));
  ASSERT_EQ(served.message_type(0).name(), "EchoRequest");
  EXPECT_EQ(served.message_type(0).field(1).json_name(), "someText");
  EXPECT_EQ(served.message_type(0).field(2).json_name(), "CHAT_ID");
}

TEST(DescriptorIndex, KeepsTheContractsComments) {
  const auto index = DescriptorIndex::Create(contract::DescriptorSet(), {});
  ASSERT_TRUE(index.ok()) << index.status();
  FileDescriptorProto served;
  ASSERT_TRUE(served.ParseFromString((*index)->Serialized(*(*index)->FindFile("bitrix24/rest/options.proto"))));
  EXPECT_GT(served.source_code_info().location_size(), 0);
}

TEST(DescriptorIndex, FindsTheFileOfEverySortOfSymbol) {
  const auto index = EchoIndex();
  for (const char* symbol : {"imbot.test.v1.EchoService", "imbot.test.v1.EchoService.WatchEcho",
                             "imbot.test.v1.EchoRequest", "imbot.test.v1.EchoRequest.chat_id"}) {
    const auto* file = index->FindFileOfSymbol(symbol);
    ASSERT_NE(file, nullptr) << symbol;
    EXPECT_EQ(file->name(), "tests/rpc/echo.proto") << symbol;
  }
  for (const char* symbol : {"bitrix24.rest.Dialect", "bitrix24.rest.DIALECT_V1", "bitrix24.rest.method"}) {
    const auto* file = index->FindFileOfSymbol(symbol);
    ASSERT_NE(file, nullptr) << symbol;
    EXPECT_EQ(file->name(), "bitrix24/rest/options.proto") << symbol;
  }
  for (const char* symbol : {"", ".imbot.test.v1.EchoService", "imbot.test.v1.EchoService.Nothing"}) {
    EXPECT_EQ(index->FindFileOfSymbol(symbol), nullptr) << symbol;
  }
}

TEST(DescriptorIndex, FindsExtensions) {
  const auto index = EchoIndex();
  const auto* file = index->FindFileOfExtension("google.protobuf.MethodOptions", 78240);
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->name(), "bitrix24/rest/options.proto");
  EXPECT_EQ(index->FindFileOfExtension("google.protobuf.MethodOptions", 1234), nullptr);
  EXPECT_EQ(index->FindFileOfExtension("no.such.Message", 78240), nullptr);
  std::vector<int32_t> numbers;
  ASSERT_TRUE(index->FindExtensionNumbers("google.protobuf.FieldOptions", &numbers));
  EXPECT_THAT(numbers, ElementsAre(78240));
  ASSERT_TRUE(index->FindExtensionNumbers("imbot.test.v1.EchoRequest", &numbers));
  EXPECT_THAT(numbers, ElementsAre());
  EXPECT_FALSE(index->FindExtensionNumbers("no.such.Message", &numbers));
}

TEST(DescriptorIndex, RefusesAServiceThatNoFileDeclares) {
  const auto index = DescriptorIndex::Create(EchoFiles(), {"imbot.test.v1.EchoService", "imbot.test.v1.NoService"});
  EXPECT_EQ(index.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(index.status().message()), HasSubstr("imbot.test.v1.NoService"));
}

TEST(DescriptorIndex, RefusesAFileWithoutItsImports) {
  FileDescriptorSet set = EchoFiles();
  set.mutable_file()->DeleteSubrange(0, 1);
  const auto index = DescriptorIndex::Create(set, {});
  EXPECT_EQ(index.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(index.status().message()), HasSubstr("bitrix24/rest/options.proto"));
}

}  // namespace
}  // namespace imbot::rpc
