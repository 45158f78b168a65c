#include "tests/fuzz/reply_checks.h"

#include <string>

#include "service/base/error.h"
#include "service/translate/decode.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/input.h"

namespace imbot::fuzz {
namespace {

// google.rpc.ErrorInfo: /[A-Z][A-Z0-9_]+[A-Z0-9]/, at most 63 characters.
bool IsReason(std::string_view reason) {
  if (reason.empty() || reason.size() > 63 || reason[0] < 'A' || reason[0] > 'Z') return false;
  return reason.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == reason.npos;
}

// How long the status is in the headers that carry it: `grpc-message` percent-encoded, the details in base64.
size_t HeaderSize(std::string_view message, size_t details) {
  size_t size = (details + 2) / 3 * 4;
  for (const char c : message) size += c >= 0x20 && c < 0x7F && c != '%' ? 1 : 3;
  return size;
}

}  // namespace

void CheckFailure(const absl::Status& status) {
  const std::string message(status.message());
  const google::rpc::Status whole = base::ToRpcStatus(status);
  google::rpc::ErrorInfo info;
  for (const auto& detail : whole.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) detail.UnpackTo(&info);
  }
  Expect(IsReason(info.reason()), "a failure without a reason", message);
  const std::string& outcome = info.metadata().count("outcome") > 0 ? info.metadata().at("outcome") : "";
  Expect(outcome == "NOT_EXECUTED" || outcome == "EXECUTED" || outcome == "UNKNOWN", "a failure without an outcome",
         message);
  Expect(IsUtf8(message), "a status that is not UTF-8", message);
  for (const char c : message) {
    Expect(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a status with a control character", message);
  }
  const std::string bytes = whole.SerializeAsString();
  if (bytes.find(kSecret) != std::string::npos) Fail("a secret in a status", whole.DebugString());
  // gRPC's default limit of a call's metadata is 8 KiB; the other trailers take less than half a KiB.
  if (HeaderSize(message, bytes.size()) > 8192 - 512) Fail("a status that no client would get", whole.DebugString());
}

void CheckReply(const translate::ParsedReply& reply) {
  if (reply.status.ok()) return;
  CheckFailure(reply.status);
  Expect(base::OutcomeOf(reply.status) == base::OutcomeName(reply.outcome), "two outcomes in one reply");
  Expect(reply.retry_after.count() >= 0, "a retry in the past");
}

std::unique_ptr<google::protobuf::Message> CheckDecoding(const translate::MethodSpec& method,
                                                         const translate::ParsedReply& reply) {
  if (!reply.status.ok()) return nullptr;
  auto decoded = translate::DecodeResult(method, reply.result, reply.next, reply.total);
  if (!decoded.ok()) {
    CheckFailure(decoded.status());
    Expect(base::ReasonOf(decoded.status()) == "RESULT_UNUSABLE" && base::OutcomeOf(decoded.status()) == "EXECUTED",
           "an answer that can't be used, told as something else");
    return nullptr;
  }
  // A map's entries have one order only after they were read from the wire.
  std::unique_ptr<google::protobuf::Message> read((*decoded)->New());
  if (!read->ParseFromString((*decoded)->SerializeAsString())) {
    Fail("a response that no client can read", (*decoded)->ShortDebugString());
  }
  return read;
}

}  // namespace imbot::fuzz
