// The portals' REST entry: takes a complete HTTP request through decoding, authentication, the method (or a batch of
// them) and its reply, past the injection points, and writes the ledger. Owned by Simulator; loop thread only.
//
// A call goes on when its client has gone, as it does on the server.
#ifndef IMBOT_TESTS_SIMULATOR_REST_REST_SERVER_H_
#define IMBOT_TESTS_SIMULATOR_REST_REST_SERVER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/simulator/net/event_loop.h"
#include "tests/simulator/net/http_types.h"
#include "tests/simulator/net/task.h"
#include "tests/simulator/rest/batch.h"
#include "tests/simulator/rest/bucket.h"
#include "tests/simulator/rest/call.h"
#include "tests/simulator/rest/faults.h"
#include "tests/simulator/rest/ledger.h"
#include "tests/simulator/rest/operating.h"
#include "tests/simulator/rest/options.h"
#include "tests/simulator/rest/portal.h"
#include "tests/simulator/rest/registry.h"
#include "tests/simulator/rest/request.h"

namespace simulator {

class RestServer final : public HttpHandler {
 public:
  RestServer(EventLoop* loop, const PortalOptions* options, PortalClock* clock, Portals* portals, Ledger* ledger,
             Faults* faults, HeldCalls* held);
  ~RestServer() override;

  void OnRequest(HttpRequest request, std::shared_ptr<ReplySink> sink) override;

  uint64_t requests() const { return requests_; }
  size_t in_progress() const { return exchanges_.size(); }
  const Buckets& buckets() const { return buckets_; }
  // Back to the start. REQUIRES: nothing is in progress.
  void Reset() {
    buckets_.Clear();
    operating_.Clear();
  }
  const OperatingLimiter& operating() const { return operating_; }
  // After the bucket's options were changed.
  void EmptyBuckets() { buckets_.Clear(); }
  // Destroys calls that are still suspended; after the loop's pending work and the held calls were dropped.
  void DropAll();

 private:
  struct Exchange;

  // Runs the exchange and lets go of it afterwards.
  Task<bool> Drive(Exchange& exchange, uint64_t id);
  Task<bool> Run(Exchange& exchange);
  const Method* FindMethod(const std::string& name) const;
  // One method, alone or as a batch's command, with its ledger entry. Aborted: the fault in `call`, or the request's
  // time limit, ends the whole request.
  Task<MethodResult> RunMethod(Exchange& exchange, const Method& method, Call& call);
  Task<MethodResult> RunBatch(Exchange& exchange, Call& call);
  Task<MethodResult> RunCommand(Exchange& exchange, const Batch& batch, const Batch::Command& command, Call& outer);

  // Each writes one entry. A fault that answers in the portal's own form becomes the method's error.
  // The last to look at the call's parameters, which go into the ledger.
  void Executed(Exchange& exchange, Call& call, const Json& value);
  MethodResult Rejected(Exchange& exchange, const Call& call, const RestError& given);
  MethodResult EndedByFault(Exchange& exchange, const Call& call);
  MethodResult FaultAfter(Exchange& exchange, const Call& call, uint64_t seq);

  // What the client gets of a request that a fault has ended; an endless body lasts as long as its client.
  Task<bool> SendFault(Exchange& exchange, Fault fault);
  void Refuse(Exchange& exchange, const Call& call, const RestError& error);
  void StartLimit(Exchange& exchange);

  // Under which key this call's time is counted.
  std::string OperatingKey(const Exchange& exchange, const Call& call) const;
  Json TimeOf(const std::string& operating_key, PortalClock::TimePoint started) const;

  // `params`: without secrets.
  LedgerEntry NewEntry(const Exchange& exchange, const Call& call, Json params) const;
  std::chrono::milliseconds CommandTime();

  EventLoop* const loop_;
  const PortalOptions* const options_;
  PortalClock* const clock_;
  Portals* const portals_;
  Ledger* const ledger_;
  Faults* const faults_;
  HeldCalls* const held_;
  const Registry registry_;
  Buckets buckets_;
  OperatingLimiter operating_;

  uint64_t requests_ = 0;
  uint64_t exchange_id_ = 0;
  std::minstd_rand random_;                                  // the same in every run
  std::map<uint64_t, std::unique_ptr<Exchange>> exchanges_;  // suspended ones
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_REST_SERVER_H_
