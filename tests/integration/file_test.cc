// Files through the real program: what arrives is what was sent, and nothing is held whole.

#include "tests/integration/file_fixture.h"

namespace imbot::file_tests {
namespace {

TEST_F(Files, AFileComesBackAsItWasSentWhateverItsLength) {
  // Around every remainder of base64, a single byte, and across the pipe's steps.
  for (const size_t size : {1u, 2u, 3u, 4u, 5u, 1000u, 49151u, 49152u, 49153u, 262144u, 300001u, 1000000u}) {
    SCOPED_TRACE(size);
    const std::string content = Noise(size + 8, static_cast<unsigned>(size)).substr(0, size);
    // In odd pieces.
    std::vector<std::string> pieces;
    for (size_t at = 0; at < size; at += 70001) pieces.push_back(content.substr(at, 70001));
    const Uploaded uploaded = Upload(First(), pieces);
    ASSERT_TRUE(uploaded.status.ok()) << uploaded.status.error_message();
    EXPECT_EQ(uploaded.response.file().name(), "report.bin");
    EXPECT_EQ(uploaded.response.file().size(), static_cast<int64_t>(size));
    EXPECT_GT(uploaded.response.message_id(), 0);
    EXPECT_EQ(uploaded.response.dialog_id(), "chat5");
    const Downloaded downloaded = Download(uploaded.response.file().id());
    ASSERT_TRUE(downloaded.status.ok()) << downloaded.status.error_message();
    EXPECT_EQ(downloaded.bytes, static_cast<int64_t>(size));
    EXPECT_EQ(downloaded.size, static_cast<int64_t>(size));
    EXPECT_EQ(downloaded.sha256, HexOf(content));
    EXPECT_FALSE(downloaded.content_type.empty());
  }
}

TEST_F(Files, TheFirstMessageMayCarryTheWholeFile) {
  const Uploaded uploaded = Upload(First("all of it"), {});
  ASSERT_TRUE(uploaded.status.ok()) << uploaded.status.error_message();
  EXPECT_EQ(Download(uploaded.response.file().id()).sha256, HexOf("all of it"));
}

TEST_F(Files, AUserFileGoesTheSameWay) {
  const auto stub = bitrix24::im::v2::FileService::NewStub(gateway_.client().channel());
  grpc::ClientContext context;
  bitrix24::im::v2::UploadFileResponse response;
  const auto writer = stub->UploadFile(&context, &response);
  bitrix24::im::v2::UploadFileRequest first;
  first.set_portal("acme");
  first.set_dialog_id("chat5");
  first.mutable_fields()->set_name("notes.txt");
  first.mutable_fields()->set_content("of a user");
  writer->Write(first);
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  ASSERT_TRUE(status.ok()) << status.error_message();
  bitrix24::im::v2::DownloadFileRequest request;
  request.set_portal("acme");
  request.set_dialog_id("chat5");
  request.set_file_id(response.file().id());
  grpc::ClientContext reading;
  const auto reader = stub->DownloadFile(&reading, request);
  std::string content;
  for (bitrix24::im::v2::DownloadFileResponse message; reader->Read(&message);) content += message.content();
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(content, "of a user");
}

TEST_F(Files, AHundredMegabytesBothWaysCostNoMemory) {
  ASSERT_TRUE(Upload(First("warm"), {}).status.ok());
  const int64_t before = Resident(gateway_.process().pid());
  ASSERT_GT(before, 0);
  int64_t most = before;
  grpc::ClientContext context;
  UploadFileResponse response;
  Sha256 sha;
  const std::string noise = Noise(size_t{1} << 20, 7);
  {
    const auto writer = stub_->UploadFile(&context, &response);
    ASSERT_TRUE(writer->Write(First()));
    for (int i = 0; i < 100; ++i) {
      std::string piece = noise;
      piece[0] = static_cast<char>(i);
      sha.Add(piece);
      ASSERT_TRUE(writer->Write(Piece(std::move(piece)))) << i;
      most = std::max(most, Resident(gateway_.process().pid()));
    }
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  EXPECT_EQ(response.file().size(), kMost);
  std::printf("upload: resident %lld KiB before, at most %lld KiB more\n", static_cast<long long>(before >> 10),
              static_cast<long long>((most - before) >> 10));
  EXPECT_LE(most - before, kRoom);

  most = before;
  grpc::ClientContext reading;
  DownloadFileRequest request;
  request.set_bot("acme/support");
  request.set_file_id(response.file().id());
  const auto reader = stub_->DownloadFile(&reading, request);
  Sha256 got;
  int64_t bytes = 0;
  for (DownloadFileResponse message; reader->Read(&message);) {
    got.Add(message.content());
    bytes += static_cast<int64_t>(message.content().size());
    most = std::max(most, Resident(gateway_.process().pid()));
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(bytes, kMost);
  EXPECT_EQ(got.Hex(), sha.Hex());
  std::printf("download: at most %lld KiB more\n", static_cast<long long>((most - before) >> 10));
  EXPECT_LE(most - before, kRoom);
}

TEST_F(Files, AReaderThatStopsCostsNoMemoryAndNobodyElse) {
  const std::string noise = Noise(size_t{1} << 20, 5);
  const Uploaded uploaded = Upload(First(), std::vector<std::string>(50, noise));
  ASSERT_TRUE(uploaded.status.ok()) << uploaded.status.error_message();
  const int64_t before = Resident(gateway_.process().pid());
  grpc::ClientContext context;
  DownloadFileRequest request;
  request.set_bot("acme/support");
  request.set_file_id(uploaded.response.file().id());
  const auto reader = stub_->DownloadFile(&context, request);
  DownloadFileResponse message;
  ASSERT_TRUE(reader->Read(&message));
  int64_t bytes = static_cast<int64_t>(message.content().size());
  // It reads nothing for a while; meanwhile others are served.
  int served = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  int64_t most = before;
  while (std::chrono::steady_clock::now() < until) {
    const RpcResult sent =
        gateway_.Call("bitrix24.imbot.v2.MessageService/SendMessage",
                      R"({"bot": "acme/support", "dialogId": "chat5", "fields": {"message": "meanwhile"}})");
    ASSERT_TRUE(sent.ok()) << sent.status.error_message();
    ++served;
    most = std::max(most, Resident(gateway_.process().pid()));
    std::this_thread::sleep_for(milliseconds(20));
  }
  std::printf("%d calls meanwhile, at most %lld KiB more\n", served, static_cast<long long>((most - before) >> 10));
  EXPECT_GT(served, 100);
  EXPECT_LE(most - before, kRoom);
  while (reader->Read(&message)) bytes += static_cast<int64_t>(message.content().size());
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(bytes, int64_t{50} << 20);
}

TEST_F(Files, ACancelledDownloadFreesItsConnection) {
  const std::string noise = Noise(size_t{1} << 20, 5);
  const Uploaded uploaded = Upload(First(), std::vector<std::string>(20, noise));
  ASSERT_TRUE(uploaded.status.ok());
  // More than the gateway carries at once: if one stayed, the last would wait for ever.
  for (int i = 0; i < 30; ++i) {
    grpc::ClientContext context;
    DownloadFileRequest request;
    request.set_bot("acme/support");
    request.set_file_id(uploaded.response.file().id());
    const auto reader = stub_->DownloadFile(&context, request);
    DownloadFileResponse message;
    ASSERT_TRUE(reader->Read(&message)) << i;
    context.TryCancel();
    reader->Finish();
  }
  EXPECT_TRUE(Download(uploaded.response.file().id()).status.ok());
}

TEST_F(Files, UploadsThatHaveEndedCostNothing) {
  const std::string content = Noise(100'000, 11);
  const auto upload = [&](int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(Upload(First(content), {}).status.ok());
  };
  upload(30);  // heaps and connections
  const int64_t before = Resident(gateway_.process().pid());
  upload(400);
  const int64_t more = Resident(gateway_.process().pid()) - before;
  std::printf("%lld KiB more after 400 uploads of 100 KB\n", static_cast<long long>(more >> 10));
  EXPECT_LE(more, kRoom);
}

}  // namespace
}  // namespace imbot::file_tests
