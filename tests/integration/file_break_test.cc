// Files that are refused, broken off or led elsewhere: nothing half is ever stored, and nobody else is asked.

#include "tests/integration/file_fixture.h"

namespace imbot::file_tests {
namespace {

TEST_F(Files, AFileBeyondTheLimitIsRefusedAndNothingIsStored) {
  grpc::ClientContext context;
  UploadFileResponse response;
  const auto writer = stub_->UploadFile(&context, &response);
  ASSERT_TRUE(writer->Write(First()));
  const std::string noise = Noise(size_t{1} << 20, 3);
  bool open = true;
  int sent = 0;
  for (; open && sent < 120; ++sent) open = writer->Write(Piece(noise));
  const grpc::Status status = writer->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(InfoOf(status).reason(), "FILE_SIZE_EXCEEDED");
  EXPECT_EQ(OutcomeOf(status), "NOT_EXECUTED");
  EXPECT_EQ(Stored(), 0u);
}

TEST_F(Files, AnEmptyFileAndABrokenProtocolAreRefused) {
  EXPECT_EQ(InfoOf(Upload(First(), {}).status).reason(), "VALIDATION_FAILED");
  UploadFileRequest unnamed = First("x");
  unnamed.mutable_fields()->clear_name();
  EXPECT_EQ(InfoOf(Upload(unnamed, {}).status).reason(), "VALIDATION_FAILED");
  UploadFileRequest nobody = First("x");
  nobody.set_bot("acme/nobody");
  EXPECT_EQ(InfoOf(Upload(nobody, {}).status).reason(), "BOT_UNKNOWN");
  {
    grpc::ClientContext context;
    UploadFileResponse response;
    const auto writer = stub_->UploadFile(&context, &response);
    writer->WritesDone();
    EXPECT_EQ(InfoOf(writer->Finish()).reason(), "STREAM_PROTOCOL");
  }
  {
    grpc::ClientContext context;
    UploadFileResponse response;
    const auto writer = stub_->UploadFile(&context, &response);
    writer->Write(First("x"));
    writer->Write(First("y"));
    const grpc::Status status = writer->Finish();
    EXPECT_EQ(InfoOf(status).reason(), "STREAM_PROTOCOL");
    EXPECT_EQ(OutcomeOf(status), "NOT_EXECUTED");
  }
  EXPECT_EQ(Stored(), 0u);
}

TEST_F(Files, AnUploadThatItsCallerBreaksOffIsNeverStored) {
  for (int i = 0; i < 200; ++i) {
    grpc::ClientContext context;
    UploadFileResponse response;
    const auto writer = stub_->UploadFile(&context, &response);
    ASSERT_TRUE(writer->Write(First("half of")));
    if (i % 2 == 0) writer->Write(Piece("it"));
    if (i % 3 == 0) std::this_thread::sleep_for(milliseconds(i % 7));  // gets further each time
    context.TryCancel();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  // Whole ones still get through, which also waits for what is under way; and the portal counts them.
  ASSERT_TRUE(Upload(First("whole"), {}).status.ok());
  EXPECT_EQ(Stored(), 1u);
}

TEST_F(Files, AnUploadWhoseConnectionBreaksIsNeverStored) {
  for (int i = 0; i < 20; ++i) {
    // A channel of its own, which goes away with the process that owns it: here, with its last reference.
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);
    auto channel = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(gateway_.grpc_port()),
                                             grpc::InsecureChannelCredentials(), arguments);
    auto stub = FileService::NewStub(channel);
    auto context = std::make_unique<grpc::ClientContext>();
    UploadFileResponse response;
    auto writer = stub->UploadFile(context.get(), &response);
    ASSERT_TRUE(writer->Write(First("half")));
    writer.reset();
    context.reset();
    stub.reset();
    channel.reset();
  }
  ASSERT_TRUE(Upload(First("whole"), {}).status.ok());
  EXPECT_EQ(Stored(), 1u);
}

TEST_F(Files, TheOutcomeOfAnUploadAgreesWithTheLedger) {
  struct Case {
    const char* kind;
    const char* outcome;
    size_t stored;
  };
  for (const Case& one :
       {Case{"reset_before", "UNKNOWN", 0}, Case{"reset_after", "UNKNOWN", 1}, Case{"cut", "UNKNOWN", 1}}) {
    SCOPED_TRACE(one.kind);
    const size_t before = Stored();
    SetFault({{"method", "imbot.v2.File.upload"}, {"kind", one.kind}});
    const Uploaded uploaded = Upload(First("content"), {});
    EXPECT_FALSE(uploaded.status.ok());
    EXPECT_EQ(OutcomeOf(uploaded.status), one.outcome);
    EXPECT_EQ(Stored() - before, one.stored);
  }
  SetFault({{"method", "imbot.v2.File.upload"},
            {"kind", "error"},
            {"args", {{"error", "FILE_TOO_LARGE"}, {"description", "File too large"}}}});
  const Uploaded refused = Upload(First("content"), {});
  EXPECT_EQ(InfoOf(refused.status).reason(), "FILE_TOO_LARGE");
  EXPECT_EQ(OutcomeOf(refused.status), "NOT_EXECUTED");
}

// What a portal says of addresses is an attacker's choice.
TEST_F(Files, AnAddressElsewhereIsNotAsked) {
  const Simulator elsewhere;
  const std::string path = "/rest/1/simulator/download?token=t";
  for (const std::string& url : {"http://127.0.0.1:" + std::to_string(elsewhere.http_port()) + path,
                                 std::string("http://169.254.169.254") + path, std::string("http://10.0.0.1") + path,
                                 std::string("file:///etc/passwd"), std::string("ftp://127.0.0.1/x"),
                                 "https://127.0.0.1:" + std::to_string(simulator_.https_port()) + path,
                                 "http://user@127.0.0.1:" + std::to_string(simulator_.http_port()) + path,
                                 "http://localhost:" + std::to_string(simulator_.http_port()) + path,
                                 std::string("/relative"), std::string("")}) {
    SCOPED_TRACE(url);
    SetFault({{"method", "imbot.v2.File.download"},
              {"kind", "body"},
              {"at", "before_auth"},
              {"args", {{"body", Json({{"result", {{"downloadUrl", url}}}}).dump()}, {"code", 200}}}});
    const Downloaded downloaded = Download(1);
    EXPECT_EQ(downloaded.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(InfoOf(downloaded.status).reason(), "ADDRESS_REFUSED");
    EXPECT_EQ(downloaded.status.error_message().find("token="), std::string::npos);
  }
  EXPECT_TRUE(elsewhere.Received().empty());
}

TEST_F(Files, ARedirectedDownloadIsNotFollowed) {
  const Simulator elsewhere;
  const Uploaded uploaded = Upload(First("content"), {});
  ASSERT_TRUE(uploaded.status.ok());
  SetFault({{"method", "download"},
            {"kind", "status"},
            {"at", "before_auth"},
            {"args",
             {{"code", 302},
              {"headers", {{"Location", "http://127.0.0.1:" + std::to_string(elsewhere.http_port()) + "/x"}}}}}});
  const Downloaded downloaded = Download(uploaded.response.file().id());
  EXPECT_FALSE(downloaded.status.ok());
  EXPECT_TRUE(elsewhere.Received().empty());
  // The positive control: the same file without the redirect.
  EXPECT_TRUE(Download(uploaded.response.file().id()).status.ok());
}

}  // namespace
}  // namespace imbot::file_tests
