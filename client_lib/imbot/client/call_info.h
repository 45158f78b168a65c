// What is told about a call besides its response or error.
//
// Plain values; thread-compatible.
#ifndef IMBOT_CLIENT_CALL_INFO_H_
#define IMBOT_CLIENT_CALL_INFO_H_

#include <chrono>
#include <optional>
#include <string>

namespace grpc {
class ClientContext;
}  // namespace grpc

namespace imbot::client {

struct CallInfo {
  // From the gateway's trailers, of the last attempt; unset where it did not say.
  std::string request_id = {};                                  // in the gateway's log and in its errors
  std::optional<std::chrono::microseconds> queued = {};         // how long the call waited for the portal's limits
  std::optional<std::chrono::microseconds> portal_time = {};    // how long the portal worked on it, by its own count
  std::optional<std::chrono::duration<double>> operating = {};  // what the method has used of its budget of 10 minutes
  std::optional<std::chrono::system_clock::time_point> operating_reset_at = {};  // when that budget begins anew
  std::optional<int> batch_size = {};  // calls that went to the portal together; unset: it went alone

  // From the client.
  int attempts = 0;                  // how often the call was handed to gRPC; 0: it was refused before
  std::string idempotency_key = {};  // of all attempts
  // An earlier attempt with unknown outcome had done it: the repeat was answered with a code that says so, the response
  // is empty, and the call counts as OK.
  bool found_done = false;
};

// What the trailers of a call or stream say that was made with a generated stub. REQUIRES: the call is over.
[[nodiscard]] CallInfo DecodeInfo(const grpc::ClientContext& context);

}  // namespace imbot::client

#endif  // IMBOT_CLIENT_CALL_INFO_H_
