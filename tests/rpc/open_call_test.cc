// Calls that are begun, and for which no request comes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rpc/rpc_harness.h"

namespace imbot::rpc_test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr char kDownload[] = "/bitrix24.imbot.v2.FileService/DownloadFile";
constexpr char kUpload[] = "/bitrix24.imbot.v2.FileService/UploadFile";

class OpenCalls : public ::testing::Test {
 protected:
  OpenCalls() : channel_(harness_.Connect()) { harness_.handler.Play(PlayedHandler::Echo); }
  // What was begun before has reached the server.
  void Settle() { ASSERT_TRUE(CallEcho(channel_, "x").status.ok()); }

  Harness harness_;
  const std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(OpenCalls, ADownloadDoesNotCountBeforeItsRequestHasCome) {
  OpenCall call(channel_, kDownload);
  Settle();
  EXPECT_TRUE(harness_.server().Shutdown(seconds(60))) << "it holds nothing up";
  EXPECT_FALSE(call.Wait().status.ok());
  EXPECT_EQ(harness_.Lines("DownloadFile").size(), 0u);
}

TEST_F(OpenCalls, AnUploadWhoseCallerGoesBeforeItsFirstMessageIsToldOfAsCancelled) {
  OpenCall call(channel_, kUpload);
  Settle();
  call.Cancel();
  EXPECT_EQ(call.Wait().status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_THAT(harness_.WaitForLine("UploadFile"), HasSubstr("CANCELLED_BY_CALLER"));
  EXPECT_EQ(harness_.Lines("STREAM_PROTOCOL").size(), 0u);
}

TEST_F(OpenCalls, OneThatEndsWithoutARequestIsRefused) {
  // gRPC's own answer.
  EXPECT_EQ(OpenCall(channel_, kEcho).End().status.error_code(), grpc::StatusCode::INTERNAL);
  const Result download = OpenCall(channel_, kDownload).End();
  EXPECT_EQ(download.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(download.Reason(), "MALFORMED_REQUEST");
  const Result upload = OpenCall(channel_, kUpload).End();
  EXPECT_EQ(upload.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(upload.Reason(), "STREAM_PROTOCOL");
  harness_.gate().Close();
  EXPECT_TRUE(harness_.gate().WaitUntilEmpty(base::Clock::System().Now() + seconds(60)));
}

}  // namespace
}  // namespace imbot::rpc_test
