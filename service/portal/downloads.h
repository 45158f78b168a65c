// Files that a portal named an address for, fetched from there into whoever reads them.
//
// The address is signed and holds a secret, and what a portal says of addresses is an attacker's choice: only the
// portal's own origin is asked. Downloads have a window of their own, so that slow readers hold up no call and no more
// than so many connections; what does not fit waits in the order in which it came. Loop thread only; owned by a Port.
#ifndef IMBOT_SERVICE_PORTAL_DOWNLOADS_H_
#define IMBOT_SERVICE_PORTAL_DOWNLOADS_H_

#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "service/base/clock.h"
#include "service/base/secret.h"
#include "service/portal/credential_source.h"
#include "service/translate/reply.h"
#include "service/transport/transport.h"

namespace imbot::portal {

// Move-only: the address is a secret.
struct Download {
  std::string method;  // REST name of the call that brought the address
  base::Secret url;
  std::shared_ptr<transport::BodySink> sink;
  // The bot's: never shown. Null: there is none.
  std::shared_ptr<const base::Secret> secret;
  base::MonoTime deadline;
  // OK once the sink has taken everything; exactly once, never from inside Start.
  absl::AnyInvocable<void(absl::Status)> done;
};

class Downloads {
 public:
  Downloads(std::string portal, transport::Loop& loop, const base::Clock& clock, CredentialSource& credentials,
            size_t max_active);
  ~Downloads();
  Downloads(const Downloads&) = delete;
  Downloads& operator=(const Downloads&) = delete;

  void Start(Download download);
  // Answers everything with UNAVAILABLE.
  void Stop();

 private:
  struct Entry;

  void Pump();
  void Send(const std::shared_ptr<Entry>& entry);
  void OnResult(const std::shared_ptr<Entry>& entry, transport::Result result);
  void OnDeadline(const std::shared_ptr<Entry>& entry);
  void Finish(const std::shared_ptr<Entry>& entry, absl::Status status);

  const std::string portal_;
  transport::Loop& loop_;
  const base::Clock& clock_;
  CredentialSource& credentials_;
  const size_t max_active_;

  translate::ReplyParser parser_;
  std::list<std::shared_ptr<Entry>> open_;  // not answered, waiting or under way, in the order in which they came
  size_t active_ = 0;
  // Late callbacks find out that this has gone.
  std::shared_ptr<Downloads*> self_;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_DOWNLOADS_H_
