// Files through the real program: what arrives is what was sent, nothing is held whole, and whatever breaks off,
// nothing half is ever stored.

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "absl/strings/escaping.h"
#include "bitrix24/im/v2/file_service.grpc.pb.h"
#include "bitrix24/imbot/v2/file_service.grpc.pb.h"
#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot {
namespace {

using bitrix24::imbot::v2::DownloadFileRequest;
using bitrix24::imbot::v2::DownloadFileResponse;
using bitrix24::imbot::v2::FileService;
using bitrix24::imbot::v2::UploadFileRequest;
using bitrix24::imbot::v2::UploadFileResponse;
using std::chrono::milliseconds;
using testing::Gateway;
using testing::GatewayOptions;
using testing::Json;
using testing::RpcResult;
using testing::Simulator;
using testing::TemporaryFolder;

// What a transfer of any size may cost. A sanitizer's own memory comes on top.
#ifdef IMBOT_SANITIZED
constexpr int64_t kRoom = int64_t{64} << 20;
#else
constexpr int64_t kRoom = int64_t{16} << 20;
#endif

// api-reference/chat-bots/chat-bots-v2/imbot.v2/files/file-upload.md: at most 100 MB.
constexpr int64_t kMost = int64_t{100} << 20;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_, EVP_sha256(), nullptr); }
  ~Sha256() { EVP_MD_CTX_free(context_); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void Add(const std::string& bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
  std::string Hex() {
    std::string digest(32, '\0');
    EVP_DigestFinal_ex(context_, reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return absl::BytesToHexString(digest);
  }

 private:
  EVP_MD_CTX* const context_;
};

std::string Noise(size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (size_t i = 0; i + 8 <= size; i += 8) {
    const uint64_t word = random();
    std::copy_n(reinterpret_cast<const char*>(&word), 8, bytes.data() + i);
  }
  return bytes;
}

// Of a process, in bytes: resident now.
int64_t Resident(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

google::rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  google::rpc::ErrorInfo info;
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&info)) break;
  }
  return info;
}
std::string OutcomeOf(const grpc::Status& status) {
  const google::rpc::ErrorInfo info = InfoOf(status);
  const auto it = info.metadata().find("outcome");
  return it == info.metadata().end() ? "" : it->second;
}

UploadFileRequest First(const std::string& piece = "", const std::string& name = "report.bin") {
  UploadFileRequest first;
  first.set_bot("acme/support");
  first.set_dialog_id("chat5");
  first.mutable_fields()->set_name(name);
  first.mutable_fields()->set_message("See attached");
  if (!piece.empty()) first.mutable_fields()->set_content(piece);
  return first;
}
UploadFileRequest Piece(std::string bytes) {
  UploadFileRequest message;
  message.mutable_fields()->set_content(std::move(bytes));
  return message;
}

class Files : public ::testing::Test {
 protected:
  static GatewayOptions Options(const Simulator& simulator) {
    GatewayOptions options;
    options.portal_url = simulator.http_url();
    options.log_level = "info";
    // Else AddressSanitizer keeps 256 MB of what was freed.
    if (const char* asan = std::getenv("ASAN_OPTIONS"); asan != nullptr)
      options.environment["ASAN_OPTIONS"] = std::string(asan) + ":quarantine_size_mb=1";
    return options;
  }

  void SetUp() override {
    const RpcResult registered =
        gateway_.Call("bitrix24.imbot.v2.BotService/RegisterBot",
                      R"({"portal": "acme", "fields": {"code": "support", "properties": {"name": "Support"}}})");
    ASSERT_TRUE(registered.ok()) << registered.status.error_message();
    stub_ = FileService::NewStub(gateway_.client().channel());
  }

  struct Uploaded {
    grpc::Status status;
    UploadFileResponse response;
  };
  // `pieces` after the first message, which names everything.
  Uploaded Upload(const UploadFileRequest& first, const std::vector<std::string>& pieces) {
    Uploaded result;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    const auto writer = stub_->UploadFile(&context, &result.response);
    bool open = writer->Write(first);
    for (const std::string& piece : pieces) open = open && writer->Write(Piece(piece));
    if (open) writer->WritesDone();
    result.status = writer->Finish();
    return result;
  }

  struct Downloaded {
    grpc::Status status;
    std::string sha256;
    int64_t bytes = 0;
    size_t largest = 0;  // message
    std::optional<int64_t> size;
    std::string content_type;
  };
  Downloaded Download(int64_t file_id) {
    Downloaded result;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    DownloadFileRequest request;
    request.set_bot("acme/support");
    request.set_file_id(file_id);
    const auto reader = stub_->DownloadFile(&context, request);
    Sha256 sha;
    for (DownloadFileResponse message; reader->Read(&message);) {
      if (message.has_size()) result.size = message.size();
      if (message.has_content_type()) result.content_type = message.content_type();
      sha.Add(message.content());
      result.bytes += static_cast<int64_t>(message.content().size());
      result.largest = std::max(result.largest, message.content().size());
    }
    result.status = reader->Finish();
    result.sha256 = sha.Hex();
    return result;
  }

  // Executed uploads, as the portal counts them.
  size_t Stored() const {
    size_t count = 0;
    const std::vector<Json> executed = simulator_.Executed();
    for (const Json& entry : executed) count += entry.at("method").get<std::string>() == "imbot.v2.File.upload";
    return count;
  }
  void SetFault(const Json& fault) const { simulator_.Post("/faults", fault); }

  const Simulator simulator_;
  const TemporaryFolder folder_;
  Gateway gateway_{folder_, Options(simulator_)};
  std::unique_ptr<FileService::Stub> stub_;
};

std::string HexOf(const std::string& bytes) {
  Sha256 sha;
  sha.Add(bytes);
  return sha.Hex();
}

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
}  // namespace imbot
