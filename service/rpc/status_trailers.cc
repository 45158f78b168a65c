#include "service/rpc/status_trailers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "service/base/strings.h"

namespace imbot::rpc {
namespace {

constexpr size_t kEntryOverhead =
    32;  // RFC 9113, section 6.5.2: SETTINGS_MAX_HEADER_LIST_SIZE counts it for each entry
// What gRPC adds itself: `:status`, `content-type`, `grpc-status`, `grpc-accept-encoding`, and the names of the two
// entries below.
constexpr size_t kReserve = 640;
constexpr size_t kLongMessage = 1024;
constexpr size_t kLongDescription = 256;
constexpr size_t kLongMetadata = 256;

// `grpc-message` is percent-encoded: three bytes for each that is not visible ASCII, so six for a Cyrillic letter.
size_t EncodedSize(char c) {
  return c >= ' ' && c <= '~' && c != '%' ? 1 : 3;
}
size_t EncodedSize(std::string_view text) {
  size_t size = 0;
  for (const char c : text) size += EncodedSize(c);
  return size;
}

// The longest start of `text` that takes at most `limit` bytes when encoded, ending before no continuation byte of
// UTF-8; "..." follows if anything was cut.
std::string Cut(std::string_view text, size_t limit) {
  if (EncodedSize(text) <= limit) return std::string(text);
  constexpr std::string_view kDots = "...";
  size_t size = kDots.size(), end = 0;
  while (end < text.size() && size + EncodedSize(text[end]) <= limit) size += EncodedSize(text[end++]);
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return base::StrCat(text.substr(0, end), kDots);
}

size_t Base64Size(size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

// A google.rpc.Status with its details unpacked, so that they can be cut.
struct Details {
  google::rpc::Status rest;  // code, message and details of other types
  std::optional<google::rpc::ErrorInfo> info;
  std::optional<google::rpc::RetryInfo> retry;
  std::optional<google::rpc::BadRequest> bad_request;

  explicit Details(const google::rpc::Status& whole) : rest(whole) {
    rest.clear_details();
    for (const auto& detail : whole.details()) {
      if (detail.Is<google::rpc::ErrorInfo>()) {
        detail.UnpackTo(&info.emplace());
      } else if (detail.Is<google::rpc::RetryInfo>()) {
        detail.UnpackTo(&retry.emplace());
      } else if (detail.Is<google::rpc::BadRequest>()) {
        detail.UnpackTo(&bad_request.emplace());
      } else {
        *rest.add_details() = detail;
      }
    }
  }
  google::rpc::Status Pack() const {
    google::rpc::Status whole;
    whole.set_code(rest.code());
    whole.set_message(rest.message());
    if (info.has_value()) whole.add_details()->PackFrom(*info);
    if (retry.has_value()) whole.add_details()->PackFrom(*retry);
    if (bad_request.has_value()) whole.add_details()->PackFrom(*bad_request);
    for (const auto& detail : rest.details()) *whole.add_details() = detail;
    return whole;
  }
};

bool Fits(const google::rpc::Status& status, size_t budget) {
  return EncodedSize(status.message()) + Base64Size(status.ByteSizeLong()) <= budget;
}

// Keeps the first violations, and says in a last one how many more there are.
void KeepViolations(const google::rpc::BadRequest& all, int keep, google::rpc::BadRequest* out) {
  out->Clear();
  for (int i = 0; i < keep; ++i) {
    auto* violation = out->add_field_violations();
    violation->set_field(Cut(all.field_violations(i).field(), kLongDescription));
    violation->set_description(Cut(all.field_violations(i).description(), kLongDescription));
  }
  if (keep < all.field_violations_size()) {
    out->add_field_violations()->set_description(base::StrCat(
        "and ", all.field_violations_size() - keep, " more, left out since the list is too long for an answer"));
  }
}

google::rpc::Status FitInto(const google::rpc::Status& whole, size_t budget) {
  if (Fits(whole, budget)) return whole;
  Details details(whole);
  details.rest.clear_details();
  details.rest.set_message(Cut(whole.message(), kLongMessage));
  if (details.info.has_value()) {
    for (auto& [key, value] : *details.info->mutable_metadata()) value = Cut(value, kLongMetadata);
  }
  if (details.bad_request.has_value()) {
    const google::rpc::BadRequest all = *details.bad_request;
    // The greatest number that fits, by halving: an answer grows with each violation.
    int fits = 0, too_many = all.field_violations_size() + 1;
    while (too_many - fits > 1) {
      const int middle = fits + (too_many - fits) / 2;
      KeepViolations(all, middle, &*details.bad_request);
      (Fits(details.Pack(), budget) ? fits : too_many) = middle;
    }
    KeepViolations(all, fits, &*details.bad_request);
  }
  google::rpc::Status packed = details.Pack();
  if (Fits(packed, budget) || !details.info.has_value()) return packed;
  // Only an ErrorInfo with very many entries gets here: keep what every error has.
  google::rpc::ErrorInfo bare;
  bare.set_reason(details.info->reason().substr(0, kLongMetadata));
  bare.set_domain(details.info->domain().substr(0, kLongMetadata));
  for (const char* key : {"outcome", "request_id", "method", "portal", "code"}) {
    const auto it = details.info->metadata().find(key);
    if (it != details.info->metadata().end()) bare.mutable_metadata()->insert({it->first, it->second});
  }
  details.info = std::move(bare);
  details.bad_request.reset();
  return details.Pack();
}

// A dictionary of RFC 9651, of at most six members: written in place, since every call has one.
class Dictionary {
 public:
  static constexpr size_t kMaxText = 64;

  void Add(std::string_view key, int64_t value) {
    Begin(key);
    at_ = std::to_chars(at_, text_.data() + text_.size(), value).ptr;
  }
  // A string. REQUIRES: of at most kMaxText visible ASCII characters, without quotes and backslashes.
  void Add(std::string_view key, std::string_view value) {
    Begin(key);
    Put("\"");
    Put(value);
    Put("\"");
  }
  // In milliseconds, with three decimals. REQUIRES: not negative.
  void Add(std::string_view key, std::chrono::microseconds value) {
    Add(key, value.count() / 1000);
    *at_++ = '.';
    const int64_t rest = value.count() % 1000;
    for (const int64_t digit : {rest / 100, rest / 10 % 10, rest % 10}) *at_++ = static_cast<char>('0' + digit);
  }
  std::string_view text() const { return {text_.data(), static_cast<size_t>(at_ - text_.data())}; }

 private:
  void Begin(std::string_view key) {
    if (at_ != text_.data()) Put(", ");
    Put(key);
    Put("=");
  }
  void Put(std::string_view piece) { at_ = std::copy(piece.begin(), piece.end(), at_); }

  std::array<char, 320> text_;
  char* at_ = text_.data();
};

// What there is to say of a call's way.
std::string WayOf(std::string_view request_id, const CallInfo& info) {
  // The portal's own figure, which may be anything; a structured field has room for 12 digits.
  constexpr double kMostSeconds = 1e8;
  Dictionary way;
  way.Add("request-id", request_id.substr(0, Dictionary::kMaxText));
  if (info.queued.has_value()) way.Add("queued-ms", *info.queued);
  if (info.portal_time.has_value()) way.Add("portal-duration-ms", *info.portal_time);
  if (info.operating.has_value() && *info.operating >= 0 && *info.operating < kMostSeconds)
    way.Add("operating-ms", std::chrono::microseconds(std::llround(*info.operating * 1e6)));
  if (info.operating_reset_at.has_value()) way.Add("operating-reset-at", *info.operating_reset_at);
  if (info.batch_size.has_value()) way.Add("batch-size", int64_t{*info.batch_size});
  return std::string(way.text());
}

struct Names {
  const std::string call = "x-imbot-call";
  const std::string superseded = "x-imbot-superseded";
};

const Names& TheNames() {
  static const Names* const names = new Names;  // never destroyed: calls may end while the process does
  return *names;
}

}  // namespace

Trailers InfoTrailers(std::string_view request_id, const CallInfo& info) {
  const Names& names = TheNames();
  Trailers trailers;
  trailers.emplace_back(&names.call, WayOf(request_id, info));
  if (info.superseded) trailers.emplace_back(&names.superseded, "true");
  return trailers;
}

grpc::Status ToGrpcStatus(const absl::Status& status, const Trailers& trailers) {
  if (status.ok()) return grpc::Status::OK;
  size_t taken = kReserve;
  for (const auto& [name, value] : trailers) taken += kEntryOverhead + name->size() + value.size();
  const google::rpc::Status whole = FitInto(base::ToRpcStatus(status), kMaxTrailers - std::min(taken, kMaxTrailers));
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), whole.message(), whole.SerializeAsString());
}

}  // namespace imbot::rpc
