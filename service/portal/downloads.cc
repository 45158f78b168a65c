#include "service/portal/downloads.h"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/portal/failure_status.h"
#include "service/portal/portal_url.h"
#include "service/transport/url.h"

namespace imbot::portal {

using base::Error;

struct Downloads::Entry {
  Download download;
  base::TimerId deadline_timer = base::TimerId::kNone;
  base::Secret home;  // a URL of the portal itself, once it is sent
  bool active = false;
  bool answered = false;
};

Downloads::Downloads(std::string portal, transport::Loop& loop, const base::Clock& clock, CredentialSource& credentials,
                     size_t max_active)
    : portal_(std::move(portal)),
      loop_(loop),
      clock_(clock),
      credentials_(credentials),
      max_active_(max_active),
      self_(std::make_shared<Downloads*>(this)) {}

Downloads::~Downloads() {
  Stop();
  *self_ = nullptr;
}

void Downloads::Start(Download download) {
  auto entry = std::make_shared<Entry>();
  entry->download = std::move(download);
  entry->deadline_timer = loop_.PostAt(entry->download.deadline, [weak = std::weak_ptr<Downloads*>(self_), entry] {
    if (const auto self = weak.lock(); self != nullptr && *self != nullptr) (*self)->OnDeadline(entry);
  });
  open_.push_back(std::move(entry));
  // Not from inside Start: whoever starts has not finished setting itself up.
  loop_.Post([weak = std::weak_ptr<Downloads*>(self_)] {
    if (const auto self = weak.lock(); self != nullptr && *self != nullptr) (*self)->Pump();
  });
}

void Downloads::Pump() {
  for (auto it = open_.begin(); it != open_.end() && active_ < max_active_;) {
    const std::shared_ptr<Entry> entry = *it++;  // Send may answer, which takes it out
    if (!entry->active) Send(entry);
  }
}

void Downloads::Send(const std::shared_ptr<Entry>& entry) {
  const auto refuse = [&](std::string_view what) {
    Finish(entry, Error(absl::StatusCode::kFailedPrecondition, "ADDRESS_REFUSED",
                        base::StrCat(entry->download.method, ": the portal named ", what,
                                     " for the file; the gateway sends its secrets to the portal alone. The operator "
                                     "has to look at the portal"))
                      .Metadata("method", entry->download.method)
                      .Metadata("portal", portal_)
                      .Build());
  };
  auto own = credentials_.UrlFor(portal_, "");
  if (!own.ok()) return Finish(entry, own.status());
  const std::optional<transport::Endpoint> home = transport::ParseEndpoint(*own);
  const std::optional<transport::Endpoint> named = transport::ParseEndpoint(entry->download.url);
  if (!named.has_value()) return refuse("an address that can't be called");
  if (!home.has_value() || *named != *home) return refuse("another origin");

  entry->home = *std::move(own);
  entry->active = true;
  ++active_;
  transport::Request request;
  request.url = std::move(entry->download.url);
  request.get = true;
  request.sink = entry->download.sink;
  request.give_up_at = entry->download.deadline;
  loop_.transport().Send(std::move(request),
                         [weak = std::weak_ptr<Downloads*>(self_), entry](transport::Result result) {
                           if (const auto self = weak.lock(); self != nullptr && *self != nullptr)
                             (*self)->OnResult(entry, std::move(result));
                         });
}

void Downloads::OnResult(const std::shared_ptr<Entry>& entry, transport::Result result) {
  --active_;
  if (result.failure.has_value()) {
    Finish(entry, FailureStatus(*result.failure, entry->download.method, portal_, Effect::kReadsOnly));
  } else if (result.reply.http_status == 200) {
    Finish(entry, absl::OkStatus());
  } else {
    std::vector<std::string_view> secrets;
    if (const std::string_view code = WebhookCode(entry->home.Reveal()); !code.empty()) secrets.push_back(code);
    if (entry->download.secret != nullptr && !entry->download.secret->empty())
      secrets.push_back(entry->download.secret->Reveal());
    translate::ParsedReply reply = parser_.Parse(result.reply.http_status, result.reply.content_type, result.reply.body,
                                                 entry->download.method, portal_,
                                                 {.location = result.reply.location,
                                                  .host = Authority(entry->home.Reveal()),
                                                  .secrets = secrets,
                                                  .in_parts = false});
    if (reply.status.ok()) {
      reply.status = Error(absl::StatusCode::kInternal, "RESULT_UNUSABLE",
                           base::StrCat(entry->download.method, ": the portal answered ", result.reply.http_status,
                                        " instead of the file"))
                         .Metadata("method", entry->download.method)
                         .Metadata("portal", portal_)
                         .Build();
    }
    Finish(entry, std::move(reply.status));
  }
  Pump();
}

void Downloads::OnDeadline(const std::shared_ptr<Entry>& entry) {
  entry->deadline_timer = base::TimerId::kNone;
  // One that is under way ends by the transport's own clock.
  if (entry->active) return;
  Finish(entry, Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                      base::StrCat(entry->download.method, ": the deadline passed while the download was waiting"))
                    .Metadata("method", entry->download.method)
                    .Metadata("portal", portal_)
                    .Build());
}

void Downloads::Stop() {
  const std::vector<std::shared_ptr<Entry>> all(open_.begin(), open_.end());
  for (const auto& entry : all) {
    Finish(entry, Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                        base::StrCat(entry->download.method, ": the gateway is stopping; repeat the call"))
                      .RetryAfter(std::chrono::seconds(1))
                      .Build());
  }
}

void Downloads::Finish(const std::shared_ptr<Entry>& entry, absl::Status status) {
  if (std::exchange(entry->answered, true)) return;
  open_.remove(entry);
  if (entry->deadline_timer != base::TimerId::kNone) loop_.CancelTimer(entry->deadline_timer);
  auto done = std::move(entry->download.done);
  done(std::move(status));
}

}  // namespace imbot::portal
