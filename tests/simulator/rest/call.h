// One call of one method, as its handler sees it: the portal, who asks, the parameters. Lives as long as its coroutine;
// loop thread only. A handler returns a result or an error, never writes to a socket, and says with Changed() when it
// has changed something.
#ifndef IMBOT_TESTS_SIMULATOR_REST_CALL_H_
#define IMBOT_TESTS_SIMULATOR_REST_CALL_H_

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "tests/simulator/net/task.h"
#include "tests/simulator/php/json.h"
#include "tests/simulator/rest/faults.h"
#include "tests/simulator/rest/portal.h"

namespace simulator {

struct RestError {
  std::string code;
  std::string description;
  int status = 400;
  Json extra = Json::object();  // further members of the reply, such as `argument`
};

// A fault ended the call in the middle of its method; what the client gets is the fault's business.
struct Aborted {};

using MethodResult = std::variant<Json, RestError, Aborted>;

// Who is asking.
struct Caller {
  enum class Kind { kWebhook, kOAuth } kind = Kind::kWebhook;
  int64_t user_id = 0;
  std::string client_id;  // empty for a webhook
  std::set<std::string> scopes;
  std::string key;  // what limits are counted by: the webhook's number or the client id
  // For links that the portal makes: `https://host:port`, and the credential that they carry.
  std::string origin;
  std::string webhook_code;
  std::string access_token;
};

class Call {
 public:
  Call(Portal* portal, EventLoop* loop, Faults* faults, HeldCalls* held)
      : portal_(portal), loop_(loop), faults_(faults), held_(held) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  Portal& portal() { return *portal_; }

  // The method's name in its canonical spelling, or as the client wrote it while it is unknown.
  std::string method;
  Json params = Json::object();
  Caller caller;

  void Changed() { changed_ = true; }
  bool changed() const { return changed_; }

  // Passes an injection point; may take a while. False if a fault ended the call: return Aborted at once.
  Task<bool> At(Point point);
  const std::optional<Fault>& ended_by() const { return ended_by_; }
  // A fault that one of a batch's commands met, and that ends the whole batch.
  void EndBy(Fault fault) { ended_by_ = std::move(fault); }
  const std::string& fault_kind() const { return fault_kind_; }

 private:
  Portal* const portal_;
  EventLoop* const loop_;
  Faults* const faults_;
  HeldCalls* const held_;
  bool changed_ = false;
  std::optional<Fault> ended_by_;
  std::string fault_kind_;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_CALL_H_
