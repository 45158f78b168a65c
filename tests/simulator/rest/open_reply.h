// The one reply that an HTTP request gets, and the ledger's entries that it tells the client about: one for a call, one
// for each command of a batch. Owned by its exchange; loop thread only.
//
// Whatever becomes of the reply is written into those entries.
#ifndef IMBOT_TESTS_SIMULATOR_REST_OPEN_REPLY_H_
#define IMBOT_TESTS_SIMULATOR_REST_OPEN_REPLY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulator/net/http_types.h"
#include "tests/simulator/rest/faults.h"
#include "tests/simulator/rest/ledger.h"
#include "tests/simulator/rest/options.h"

namespace simulator {

class OpenReply {
 public:
  OpenReply(Ledger* ledger, std::shared_ptr<ReplySink> sink) : ledger_(ledger), sink_(std::move(sink)) {}

  // Write an entry; its number.
  uint64_t AddExecuted(LedgerEntry entry);
  uint64_t AddRejected(LedgerEntry entry);
  // A fault that hit the reply as a whole.
  void NoteFault(const std::string& kind);

  // One of these ends it. After TimeOut() they write into the ledger that nothing arrived, and send nothing.
  void Send(HttpResponse response);
  void SendHalf(HttpResponse response);
  // What the client gets of a request that a fault has ended.
  void SendFault(const PortalOptions& options, const Fault& fault);
  void Drop();
  // The body that a fault goes on sending: not more than one part waits for the client. False once the client has gone.
  void BeginEndless(const HttpResponse& head);
  bool SendMore(const std::string& part);

  // The front answers in the portal's place.
  void TimeOut();
  bool timed_out() const { return timed_out_; }

 private:
  Ledger* const ledger_;
  const std::shared_ptr<ReplySink> sink_;
  std::vector<uint64_t> executed_;
  std::vector<uint64_t> rejected_;
  bool timed_out_ = false;
  std::shared_ptr<bool> part_taken_ = std::make_shared<bool>(true);
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_OPEN_REPLY_H_
