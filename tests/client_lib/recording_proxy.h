// Stands between client and gateway, passes unary calls on as they are, and writes each attempt down.
#ifndef IMBOT_TESTS_CLIENT_LIB_RECORDING_PROXY_H_
#define IMBOT_TESTS_CLIENT_LIB_RECORDING_PROXY_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace imbot::client {

// Thread-safe. Outlives the calls of its clients.
class RecordingProxy {
 public:
  struct Attempt {
    std::string method;           // `bitrix24.imbot.v2.MessageService/SendMessage`
    std::string idempotency_key;  // empty: none
  };
  enum class Lost {
    kRequest,  // before the gateway got it
    kReply,    // after the gateway has answered
  };

  explicit RecordingProxy(int gateway_port);
  ~RecordingProxy();
  RecordingProxy(const RecordingProxy&) = delete;
  RecordingProxy& operator=(const RecordingProxy&) = delete;

  int port() const;
  // Of the next attempt this is lost: `cut` breaks its connection, in a thread of gRPC's.
  void LoseNext(Lost what, std::function<void()> cut);
  // Those that have arrived since the last time.
  std::vector<Attempt> Take();

 private:
  class State;
  class Call;
  class Service;

  const std::unique_ptr<State> state_;
};

}  // namespace imbot::client

#endif  // IMBOT_TESTS_CLIENT_LIB_RECORDING_PROXY_H_
