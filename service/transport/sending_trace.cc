#include "service/transport/sending_trace.h"

#include <charconv>
#include <system_error>

namespace imbot::transport {
namespace {

// curl's words for what an HTTP/2 server says it has not processed; there is no other sign of it (7.88: transfer.c,
// Curl_retry_request; http2.c, cf_h2_send and on_frame_recv, which misspells "received").
constexpr std::string_view kRefusedText = "REFUSED_STREAM, retrying";
constexpr std::string_view kStreamText = "Using Stream ID: ";
constexpr std::string_view kGoAwayText = "GOAWAY, error=";
constexpr std::string_view kLastStreamText = "last_stream=";

// The number that follows `label` in `text`; nothing if the label isn't there.
std::optional<uint64_t> NumberAfter(std::string_view text, std::string_view label) {
  const size_t at = text.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(at + label.size());
  uint64_t value = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

void SendingTrace::Note(curl_infotype type, std::string_view data) {
  if (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT) {
    written_ += data.size();
  } else if (type == CURLINFO_TEXT) {
    if (data.starts_with(kRefusedText)) {
      refused_ = true;
    } else if (data.starts_with(kStreamText)) {
      stream_ = NumberAfter(data, kStreamText);
    } else if (data.find(kGoAwayText) != std::string_view::npos && stream_.has_value()) {
      const std::optional<uint64_t> last = NumberAfter(data, kLastStreamText);
      if (last.has_value() && *last < *stream_) refused_ = true;
    }
  }
}

}  // namespace imbot::transport
