// What the tests of files share: the gateway and the portal, uploads and downloads over a real channel, and what a
// process holds.
#ifndef IMBOT_TESTS_INTEGRATION_FILE_FIXTURE_H_
#define IMBOT_TESTS_INTEGRATION_FILE_FIXTURE_H_

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

namespace imbot::file_tests {

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
inline constexpr int64_t kRoom = int64_t{64} << 20;
#else
inline constexpr int64_t kRoom = int64_t{16} << 20;
#endif

// api-reference/chat-bots/chat-bots-v2/imbot.v2/files/file-upload.md: at most 100 MB.
inline constexpr int64_t kMost = int64_t{100} << 20;

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

inline std::string Noise(size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (size_t i = 0; i + 8 <= size; i += 8) {
    const uint64_t word = random();
    std::copy_n(reinterpret_cast<const char*>(&word), 8, bytes.data() + i);
  }
  return bytes;
}

// Of a process, in bytes: resident now.
inline int64_t Resident(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

inline google::rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  google::rpc::ErrorInfo info;
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&info)) break;
  }
  return info;
}
inline std::string OutcomeOf(const grpc::Status& status) {
  const google::rpc::ErrorInfo info = InfoOf(status);
  const auto it = info.metadata().find("outcome");
  return it == info.metadata().end() ? "" : it->second;
}

inline UploadFileRequest First(const std::string& piece = "", const std::string& name = "report.bin") {
  UploadFileRequest first;
  first.set_bot("acme/support");
  first.set_dialog_id("chat5");
  first.mutable_fields()->set_name(name);
  first.mutable_fields()->set_message("See attached");
  if (!piece.empty()) first.mutable_fields()->set_content(piece);
  return first;
}
inline UploadFileRequest Piece(std::string bytes) {
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

inline std::string HexOf(const std::string& bytes) {
  Sha256 sha;
  sha.Add(bytes);
  return sha.Hex();
}

}  // namespace imbot::file_tests

#endif  // IMBOT_TESTS_INTEGRATION_FILE_FIXTURE_H_
