// The Transport of one loop: takes requests through resolving, waiting for their turn, and libcurl, to their callback.
//
// Owned by a CurlLoop. Loop thread only. It never blocks, never calls a callback from inside Send or from inside curl,
// and never sends a request twice (curl_transfer.h).
#ifndef IMBOT_SERVICE_TRANSPORT_CURL_TRANSPORT_H_
#define IMBOT_SERVICE_TRANSPORT_CURL_TRANSPORT_H_

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "service/base/clock.h"
#include "service/base/executor.h"
#include "service/transport/admission.h"
#include "service/transport/curl_events.h"
#include "service/transport/curl_handles.h"
#include "service/transport/curl_transfer.h"
#include "service/transport/http_options.h"
#include "service/transport/inbox.h"
#include "service/transport/resolver.h"
#include "service/transport/transport.h"
#include "service/transport/url.h"

namespace imbot::transport {

struct MultiCleanup {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using MultiHandle = std::unique_ptr<CURLM, MultiCleanup>;

class CurlTransport : public Transport {
 public:
  // All outlive the transport, and `events` and `sockets` outlive `multi`. `options.proxy`, if there is one, has been
  // checked. `inbox` is the loop's, for answers of the resolver.
  CurlTransport(CURLM* multi, CurlEvents& events, const HttpOptions& options, Resolver& resolver,
                const base::Clock& clock, base::Executor& executor, std::shared_ptr<Inbox> inbox, KeptSockets& sockets);
  // REQUIRES: CancelAll, after which nothing was sent.
  ~CurlTransport() override;

  void Send(Request request, Callback done) override;
  size_t in_flight() const override { return transfers_.size(); }

  // Lets curl work, and delivers what has ended. Once per turn of the loop.
  void Turn();
  // From now on Send fails with kStopped.
  void RefuseNew() { refusing_ = true; }
  // Ends everything with kStopped. Calls the callbacks.
  void CancelAll();

 private:
  struct Transfer {
    Request request;
    Callback done;
    base::MonoTime begun;
    base::TimerId give_up = base::TimerId::kNone;
    Endpoint target;
    CurlTransfer::Route route;
    bool admitted = false;               // known to admission_
    std::unique_ptr<CurlTransfer> curl;  // from its start on
  };

  // What ParseEndpoint says, remembered for each origin.
  std::optional<Endpoint> EndpointOf(const base::Secret& url);
  void FailSoon(Callback done, Failure failure);
  void OnResolved(uint64_t id, const Resolution& resolution);
  void Admit(uint64_t id, Transfer& transfer);
  void StartAdmitted();
  // `fresh`: on a connection of its own making.
  void Start(uint64_t id, Transfer& transfer, bool fresh = false);
  void OnGiveUp(uint64_t id);
  void OnResume(uint64_t id);
  // Takes a transfer from curl; `result` is from before.
  void RemoveFromCurl(Transfer& transfer, bool reusable);
  // Forgets the transfer and calls its callback.
  void Finish(uint64_t id, Result result);

  // Constant after construction.
  CURLM* const multi_;
  CurlEvents& events_;
  const HttpOptions& options_;
  Resolver& resolver_;
  const base::Clock& clock_;
  base::Executor& executor_;
  const std::shared_ptr<Inbox> inbox_;
  const std::optional<Endpoint> proxy_;
  KeptSockets& sockets_;

  // Loop thread only.
  HandlePool handles_;
  TlsSessionCache tls_sessions_;
  Admission admission_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Transfer>> transfers_;
  absl::flat_hash_map<CURL*, uint64_t> by_handle_;
  absl::flat_hash_map<std::string, Endpoint> endpoints_;  // by origin
  std::vector<std::pair<uint64_t, bool>> connected_;      // told from inside curl, for admission_
  uint64_t last_id_ = 0;
  bool refusing_ = false;
  bool cancelling_ = false;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_CURL_TRANSPORT_H_
