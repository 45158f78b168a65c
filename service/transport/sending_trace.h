// What curl tells of one sending of a request, to its debug callback: how much was written, and whether an HTTP/2
// server said that it took nothing of it. None of the text is kept.
//
// A value; thread-compatible.
#ifndef IMBOT_SERVICE_TRANSPORT_SENDING_TRACE_H_
#define IMBOT_SERVICE_TRANSPORT_SENDING_TRACE_H_

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace imbot::transport {

class SendingTrace {
 public:
  void Note(curl_infotype type, std::string_view data);

  // The server has said that it did not process the request.
  bool refused() const { return refused_; }
  // Bytes, headers too.
  size_t written() const { return written_; }

 private:
  size_t written_ = 0;
  bool refused_ = false;
  std::optional<uint64_t> stream_;  // HTTP/2's number
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_SENDING_TRACE_H_
