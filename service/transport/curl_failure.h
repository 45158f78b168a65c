// What it means that curl ended a transfer without a reply. Stateless; loop thread only, since it asks the handle.
#ifndef IMBOT_SERVICE_TRANSPORT_CURL_FAILURE_H_
#define IMBOT_SERVICE_TRANSPORT_CURL_FAILURE_H_

#include <curl/curl.h>

#include <cstddef>
#include <string_view>

#include "service/transport/transport.h"

namespace imbot::transport {

// A transfer that curl has ended, and what the transfer itself knows of it.
struct FailedTransfer {
  CURL* easy;
  CURLcode code;
  std::string_view curl_text;  // of curl's error buffer, which may quote the URL: compared, never shown
  bool begun;                  // curl began to send the request
  bool may_have_left;          // not proved that no byte of the body left
  bool too_large;              // the reply, found by the transfer
  bool aborted;                // by the source or the sink
  bool repeat_stopped;         // curl wanted to send the request again
  bool address_stopped;        // curl wanted to connect elsewhere
  size_t max_reply_bytes;
  size_t max_header_bytes;
};

Failure DescribeFailure(const FailedTransfer& transfer);

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_CURL_FAILURE_H_
