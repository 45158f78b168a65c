// The control endpoint: JSON over HTTP on a port of its own, by which tests look into the simulator and disturb it.
//
// Owned by Simulator; loop thread only. It shows raw requests, secrets included (/received): it is for tests on this
// machine.
#ifndef IMBOT_TESTS_SIMULATOR_CONTROL_CONTROL_H_
#define IMBOT_TESTS_SIMULATOR_CONTROL_CONTROL_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "tests/simulator/net/connection.h"
#include "tests/simulator/net/http_types.h"
#include "tests/simulator/php/json.h"
#include "tests/simulator/rest/faults.h"
#include "tests/simulator/rest/ledger.h"
#include "tests/simulator/rest/options.h"
#include "tests/simulator/rest/portal.h"
#include "tests/simulator/rest/rest_server.h"

namespace simulator {

class Control final : public HttpHandler {
 public:
  struct Parts {
    PortalOptions* options;
    PortalClock* clock;
    Portals* portals;
    Ledger* ledger;
    Faults* faults;
    HeldCalls* held;
    RestServer* server;
    const NetStats* net;  // of the portals' ports, not of this one
  };
  explicit Control(const Parts& parts);

  void OnRequest(HttpRequest request, std::shared_ptr<ReplySink> sink) override;

 private:
  struct Answer {
    int status = 200;
    Json body = Json::object();
  };
  using Route = Answer (Control::*)(const Json& query, const Json& body);

  Answer GetLedger(const Json& query, const Json& body);
  Answer GetReceived(const Json& query, const Json& body);
  Answer GetState(const Json& query, const Json& body);
  Answer GetStats(const Json& query, const Json& body);
  Answer Reset(const Json& query, const Json& body);
  Answer AddWebhooks(const Json& query, const Json& body);
  Answer AddTokens(const Json& query, const Json& body);
  // The chats that a kind or a setting of theirs makes special: {id, general, restricted, owner}.
  Answer ChangeChats(const Json& query, const Json& body);
  Answer AddFaults(const Json& query, const Json& body);
  Answer GetFaults(const Json& query, const Json& body);
  Answer ClearFaults(const Json& query, const Json& body);
  Answer Release(const Json& query, const Json& body);
  Answer MoveClock(const Json& query, const Json& body);
  Answer SetOptions(const Json& query, const Json& body);
  Answer GetHealth(const Json& query, const Json& body);
  Answer PostUserActions(const Json& query, const Json& body);
  Answer PostEvents(const Json& query, const Json& body);
  Answer GetMessenger(const Json& query, const Json& body);

  // The portal that query or body names by `portal`; the default one otherwise.
  Portal& PortalOf(const Json& query, const Json& body);

  const Parts parts_;
  std::map<std::string, Route> routes_;  // by "GET /ledger"
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_CONTROL_CONTROL_H_
