#include "service/rpc/admin_handler.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "google/protobuf/util/time_util.h"
#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/rpc/call_target.h"

namespace imbot::rpc {
namespace {

using google::protobuf::util::TimeUtil;
using imbot::gateway::v1::GetStatusRequest;
using imbot::gateway::v1::GetStatusResponse;
using imbot::gateway::v1::ListBotsRequest;
using imbot::gateway::v1::ListBotsResponse;
using imbot::gateway::v1::PortalStatus;

absl::Status Invalid(std::string_view field, std::string_view description) {
  return base::Error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED",
                     base::StrCat("the request breaks its rules: ", field, " ", description))
      .Violation(field, description)
      .Build();
}

// How many entries the page has.
template <typename Request>
absl::StatusOr<size_t> PageSize(const Request& request) {
  if (request.page_size() < 0) return Invalid("pageSize", "must be 0 to 1000");
  if (request.page_size() == 0) return AdminHandler::kMaxPageSize;
  return static_cast<size_t>(std::min<int>(request.page_size(), AdminHandler::kMaxPageSize));
}

// The page of a call, filled in by the loops of its portals. The last one to let go of it answers the call, so that a
// loop that has stopped, which destroys what is posted to it, keeps nobody waiting.
class StatusPage {
 public:
  StatusPage(std::unique_ptr<GetStatusResponse> response, Reply reply)
      : response_(std::move(response)), reply_(std::move(reply)) {}
  StatusPage(const StatusPage&) = delete;
  StatusPage& operator=(const StatusPage&) = delete;
  ~StatusPage() { reply_.Answer(absl::OkStatus(), std::move(response_), {}); }

  // Each portal's entry is written by its own loop alone.
  PortalStatus* portal(int index) { return response_->mutable_portals(index); }

 private:
  std::unique_ptr<GetStatusResponse> response_;
  Reply reply_;
};

std::vector<AdminPortal> Sorted(std::vector<AdminPortal> portals) {
  std::sort(portals.begin(), portals.end(), [](const AdminPortal& a, const AdminPortal& b) { return a.name < b.name; });
  return portals;
}

}  // namespace

AdminHandler::AdminHandler(Dependencies dependencies, std::vector<AdminPortal> portals)
    : dependencies_(std::move(dependencies)),
      portals_(Sorted(std::move(portals))),
      changes_(dependencies_.registry, portals_, dependencies_.logger),
      started_at_(dependencies_.clock.WallNow()),
      started_(dependencies_.clock.Now()) {}

void AdminHandler::SetListeners(std::vector<imbot::gateway::v1::ListenerStatus> listeners) {
  base::MutexLock lock(mutex_);
  listeners_ = std::move(listeners);
}

std::shared_ptr<CallInProgress> AdminHandler::Start(Call call, Reply reply) {
  if (call.request->GetDescriptor() == ListBotsRequest::descriptor()) {
    ListBots(static_cast<const ListBotsRequest&>(*call.request), std::move(reply));
  } else if (call.request->GetDescriptor() == GetStatusRequest::descriptor()) {
    GetStatus(static_cast<const GetStatusRequest&>(*call.request), std::move(reply));
  } else {
    changes_.Start(std::move(call), std::move(reply));
  }
  return nullptr;
}

absl::Status AdminHandler::CheckPortal(const std::string& portal) const {
  return portal.empty() ? absl::OkStatus() : FindPort(dependencies_.registry, portal).status();
}

void AdminHandler::ListBots(const ListBotsRequest& request, Reply reply) const {
  const auto size = PageSize(request);
  if (!size.ok()) return reply.Answer(size.status(), nullptr, {});
  if (absl::Status status = CheckPortal(request.portal()); !status.ok())
    return reply.Answer(std::move(status), nullptr, {});
  // A page's token is the name of its last bot.
  const size_t slash = request.page_token().find('/');
  if (slash == std::string::npos && !request.page_token().empty())
    return reply.Answer(Invalid("pageToken", "must be the nextPageToken of an earlier page"), nullptr, {});
  std::pair<std::string, std::string> after;
  if (slash != std::string::npos)
    after = {request.page_token().substr(0, slash), request.page_token().substr(slash + 1)};

  auto response = std::make_unique<ListBotsResponse>();
  // One more than asked for: whether there is a next page.
  std::vector<credentials::BotSummary> found = dependencies_.vault.List(request.portal(), after, *size + 1);
  const bool more = found.size() > *size;
  if (more) found.resize(*size);
  for (const credentials::BotSummary& bot : found) {
    auto& entry = *response->add_bots();
    entry.set_name(base::StrCat(bot.portal, "/", bot.name));
    entry.set_portal(bot.portal);
    entry.set_code(bot.name);
    if (!bot.pending) entry.set_bot_id(bot.id);
    entry.set_state(bot.pending ? imbot::gateway::v1::BOT_STATE_REGISTRATION_PENDING
                                : imbot::gateway::v1::BOT_STATE_ACTIVE);
    entry.set_source(bot.configured ? imbot::gateway::v1::BOT_SOURCE_CONFIGURATION
                                    : imbot::gateway::v1::BOT_SOURCE_REGISTERED);
  }
  if (more) response->set_next_page_token(response->bots().rbegin()->name());
  reply.Answer(absl::OkStatus(), std::move(response), {});
}

void AdminHandler::GetStatus(const GetStatusRequest& request, Reply reply) const {
  const auto size = PageSize(request);
  if (!size.ok()) return reply.Answer(size.status(), nullptr, {});
  if (absl::Status status = CheckPortal(request.portal()); !status.ok())
    return reply.Answer(std::move(status), nullptr, {});

  auto response = std::make_unique<GetStatusResponse>();
  response->set_version(dependencies_.version);
  response->set_state(dependencies_.state());
  const auto started_us = std::chrono::duration_cast<std::chrono::microseconds>(started_at_.time_since_epoch());
  *response->mutable_start_time() = TimeUtil::MicrosecondsToTimestamp(started_us.count());
  const auto uptime = std::chrono::duration_cast<std::chrono::milliseconds>(dependencies_.clock.Now() - started_);
  *response->mutable_uptime() = TimeUtil::MillisecondsToDuration(uptime.count());
  {
    base::MutexLock lock(mutex_);
    response->mutable_listeners()->Assign(listeners_.begin(), listeners_.end());
  }
  response->set_calls_in_flight(dependencies_.callers_gate.inside());
  response->set_bot_count(static_cast<int64_t>(dependencies_.vault.size()));
  response->set_portal_count(static_cast<int64_t>(portals_.size()));
  response->set_log_level(LogLevelOf(dependencies_.logger.level()));

  // A page's token is the name of its last portal.
  auto next = std::upper_bound(portals_.begin(), portals_.end(), request.page_token(),
                               [](const std::string& token, const AdminPortal& portal) { return token < portal.name; });
  for (; next != portals_.end() && static_cast<size_t>(response->portals_size()) < *size; ++next) {
    if (!request.portal().empty() && request.portal() != next->name) continue;
    auto& entry = *response->add_portals();
    entry.set_name(next->name);
    entry.set_host(next->host);
  }
  if (request.portal().empty() && next != portals_.end())
    response->set_next_page_token(response->portals().rbegin()->name());

  const int count = response->portals_size();
  const auto page = std::make_shared<StatusPage>(std::move(response), std::move(reply));
  for (int i = 0; i < count; ++i) {
    const auto port = FindPort(dependencies_.registry, page->portal(i)->name());
    if (!port.ok()) continue;
    (*port)->Snapshot([page, i](const portal::PortalSnapshot& snapshot) { FillStatus(snapshot, page->portal(i)); });
  }
}

}  // namespace imbot::rpc
