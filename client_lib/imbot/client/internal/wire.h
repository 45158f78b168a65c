// What a call needs of the world: one attempt, a timer, the time, chance. Tests put their own in its place.
#ifndef IMBOT_CLIENT_INTERNAL_WIRE_H_
#define IMBOT_CLIENT_INTERNAL_WIRE_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/message.h"

namespace imbot::client::internal {

using Clock = std::chrono::steady_clock;
using Metadata = std::vector<std::pair<std::string, std::string>>;
using Trailers = std::multimap<std::string, std::string>;

struct Attempt {
  std::string path;
  Metadata metadata;
  std::chrono::nanoseconds time{};
  const google::protobuf::Message* request = nullptr;  // with `response`, stays until the attempt is over
  google::protobuf::Message* response = nullptr;
};

struct AttemptResult {
  grpc::Status status;
  Trailers trailers;
  bool reached = true;  // false: it was never given to a connection
};

// Something that goes on until it is over. Thread-safe.
class Running {
 public:
  virtual ~Running() = default;
  // Ends it soon, through its callback; nothing if it is over. May call back before it returns.
  virtual void Cancel() = 0;
};

// Thread-safe; outlives every call that uses it. Callbacks come exactly once, from any thread, perhaps before the
// function returns; they don't block.
class Wire {
 public:
  virtual ~Wire() = default;
  virtual std::shared_ptr<Running> Send(const Attempt& attempt, std::function<void(AttemptResult)> done) = 0;
  virtual std::shared_ptr<Running> Wait(std::chrono::nanoseconds time, std::function<void()> done) = 0;
  virtual Clock::time_point Now() = 0;
  virtual double Random() = 0;  // in [0, 1)
};

}  // namespace imbot::client::internal

#endif  // IMBOT_CLIENT_INTERNAL_WIRE_H_
