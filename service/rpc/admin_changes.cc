#include "service/rpc/admin_changes.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/rpc/call_target.h"

namespace imbot::rpc {
namespace {

namespace v1 = imbot::gateway::v1;
using portal::PortalSnapshot;

absl::Status Required(std::string_view field, std::string_view description) {
  return base::Error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED",
                     base::StrCat("the request breaks its rules: ", field, " ", description))
      .Violation(field, description)
      .Build();
}

std::string ReasonIn(const PortalSnapshot& snapshot) {
  return snapshot.quarantine.has_value() ? snapshot.quarantine->reason : "none";
}

}  // namespace

// One change of a portal. Whoever acts on it next holds it: the handler's thread, then the portal's loop. The last one
// to let go answers the call, so that a loop that has stopped, which destroys what is posted to it, keeps nobody
// waiting.
class AdminChanges::PortalChange {
 public:
  // What is answered, from the portal before and after; adds to the record what the two tell.
  using Conclude = absl::AnyInvocable<std::unique_ptr<google::protobuf::Message>(
      const PortalSnapshot& before, const PortalSnapshot& after, AuditRecord* record)>;

  PortalChange(portal::Port& port, base::Logger& logger, AuditRecord record, Reply reply)
      : port_(port), logger_(logger), record_(std::move(record)), reply_(std::move(reply)) {}
  PortalChange(const PortalChange&) = delete;
  PortalChange& operator=(const PortalChange&) = delete;
  ~PortalChange() {
    absl::Status status;
    if (response_ == nullptr) {
      status = base::Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                           base::StrCat("portal ", record_.portal, " is being stopped with the gateway; nothing to do"))
                   .Build();
    }
    WriteAudit(logger_, record_, status);
    CallInfo info;
    info.portal = record_.portal;
    reply_.Answer(std::move(status), std::move(response_), std::move(info));
  }

  portal::Port& port() { return port_; }

  static void LookBefore(const std::shared_ptr<PortalChange>& change) {
    change->port_.Snapshot([change](const PortalSnapshot& snapshot) { change->before_ = snapshot; });
  }
  static void LookAfter(const std::shared_ptr<PortalChange>& change, Conclude conclude) {
    change->port_.Snapshot([change, conclude = std::move(conclude)](const PortalSnapshot& after) mutable {
      change->response_ = conclude(change->before_, after, &change->record_);
    });
  }

 private:
  portal::Port& port_;
  base::Logger& logger_;
  // The loop's, until the end.
  AuditRecord record_;
  PortalSnapshot before_;
  std::unique_ptr<google::protobuf::Message> response_;
  Reply reply_;
};

AdminChanges::AdminChanges(const portal::Registry& registry, const std::vector<AdminPortal>& portals,
                           base::Logger& logger)
    : registry_(registry), logger_(logger) {
  for (const AdminPortal& portal : portals) hosts_.emplace(portal.name, portal.host);
}

void AdminChanges::Start(Call call, Reply reply) const {
  const auto is = [&call](const google::protobuf::Descriptor* type) { return call.request->GetDescriptor() == type; };
  if (is(v1::SetLogLevelRequest::descriptor())) return SetLogLevel(call, std::move(reply));
  if (is(v1::PausePortalRequest::descriptor())) {
    return ChangeIntake<v1::PausePortalRequest, v1::PausePortalResponse>("pause_portal", &portal::Port::Pause, call,
                                                                         std::move(reply));
  }
  if (is(v1::DrainPortalRequest::descriptor())) {
    return ChangeIntake<v1::DrainPortalRequest, v1::DrainPortalResponse>("drain_portal", &portal::Port::Drain, call,
                                                                         std::move(reply));
  }
  if (is(v1::ResumePortalRequest::descriptor())) {
    return ChangeIntake<v1::ResumePortalRequest, v1::ResumePortalResponse>("resume_portal", &portal::Port::Resume, call,
                                                                           std::move(reply));
  }
  if (is(v1::FlushQueueRequest::descriptor())) return FlushQueue(call, std::move(reply));
  if (is(v1::ReleasePortalRequest::descriptor())) return ReleasePortal(call, std::move(reply));
  // A method of the contract without code here: the reply says so when it is dropped.
}

AuditRecord AdminChanges::RecordOf(std::string_view action, std::string_view portal, const Call& call) {
  AuditRecord record;
  record.action = std::string(action);
  record.request_id = call.request_id;
  record.portal = std::string(portal);
  record.peer = call.peer;
  return record;
}

void AdminChanges::Refuse(const AuditRecord& record, absl::Status status, Reply reply) const {
  WriteAudit(logger_, record, status);
  reply.Answer(std::move(status), nullptr, {});
}

template <typename Request>
std::shared_ptr<AdminChanges::PortalChange> AdminChanges::Begin(std::string_view action, const Call& call,
                                                                Reply reply) const {
  const std::string& portal = static_cast<const Request&>(*call.request).portal();
  AuditRecord record = RecordOf(action, portal, call);
  if (portal.empty()) {
    Refuse(record, Required("portal", "is required: the name of a portal as the configuration says it"),
           std::move(reply));
    return nullptr;
  }
  const auto port = FindPort(registry_, portal);
  if (!port.ok()) {
    Refuse(record, port.status(), std::move(reply));
    return nullptr;
  }
  auto change = std::make_shared<PortalChange>(**port, logger_, std::move(record), std::move(reply));
  PortalChange::LookBefore(change);
  return change;
}

void AdminChanges::FillPortal(const std::string& name, const PortalSnapshot& snapshot, v1::PortalStatus* out) const {
  out->set_name(name);
  if (const auto host = hosts_.find(name); host != hosts_.end()) out->set_host(host->second);
  FillStatus(snapshot, out);
}

template <typename Request, typename Response>
void AdminChanges::ChangeIntake(std::string_view action, void (portal::Port::*to)(), const Call& call,
                                Reply reply) const {
  const auto change = Begin<Request>(action, call, std::move(reply));
  if (change == nullptr) return;
  (change->port().*to)();
  PortalChange::LookAfter(change,
                          [this](const PortalSnapshot& before, const PortalSnapshot& after, AuditRecord* record) {
                            record->before = std::string(IntakeName(before.intake));
                            record->after = std::string(IntakeName(after.intake));
                            auto response = std::make_unique<Response>();
                            response->set_previous_intake(IntakeOf(before.intake));
                            FillPortal(record->portal, after, response->mutable_portal());
                            return response;
                          });
}

void AdminChanges::FlushQueue(const Call& call, Reply reply) const {
  const auto change = Begin<v1::FlushQueueRequest>("flush_queue", call, std::move(reply));
  if (change == nullptr) return;
  const auto dropped = std::make_shared<int64_t>(0);
  change->port().Flush([dropped](size_t calls) { *dropped = static_cast<int64_t>(calls); });
  PortalChange::LookAfter(
      change, [this, dropped](const PortalSnapshot& before, const PortalSnapshot& after, AuditRecord* record) {
        record->before = base::StrCat(before.queued_calls + before.waiting_to_repeat);
        record->after = base::StrCat(after.queued_calls + after.waiting_to_repeat);
        record->dropped_calls = *dropped;
        auto response = std::make_unique<v1::FlushQueueResponse>();
        response->set_dropped_calls(*dropped);
        FillPortal(record->portal, after, response->mutable_portal());
        return response;
      });
}

void AdminChanges::ReleasePortal(const Call& call, Reply reply) const {
  const auto change = Begin<v1::ReleasePortalRequest>("release_portal", call, std::move(reply));
  if (change == nullptr) return;
  // What it has ended is seen from the two looks.
  change->port().Release([](bool) {});
  PortalChange::LookAfter(
      change, [this](const PortalSnapshot& before, const PortalSnapshot& after, AuditRecord* record) {
        record->before = ReasonIn(before);
        record->after = ReasonIn(after);
        const size_t held = before.held_methods.size();
        record->released_methods = static_cast<int64_t>(held - std::min(held, after.held_methods.size()));
        auto response = std::make_unique<v1::ReleasePortalResponse>();
        const bool ended = before.quarantine.has_value() && !after.quarantine.has_value();
        response->set_was_quarantined(ended);
        if (ended) FillQuarantine(*before.quarantine, response->mutable_ended_quarantine());
        response->set_released_methods(*record->released_methods);
        FillPortal(record->portal, after, response->mutable_portal());
        return response;
      });
}

void AdminChanges::SetLogLevel(const Call& call, Reply reply) const {
  AuditRecord record = RecordOf("set_log_level", "", call);
  const auto level = LevelOf(static_cast<const v1::SetLogLevelRequest&>(*call.request).level());
  if (!level.has_value()) {
    return Refuse(record, Required("level", "is required: LOG_LEVEL_DEBUG, _INFO, _WARNING or _ERROR"),
                  std::move(reply));
  }
  const base::Level before = logger_.SetLevel(*level);
  record.before = std::string(base::LevelName(before));
  record.after = std::string(base::LevelName(*level));
  WriteAudit(logger_, record, absl::OkStatus());
  auto response = std::make_unique<v1::SetLogLevelResponse>();
  response->set_previous_level(LogLevelOf(before));
  response->set_level(LogLevelOf(*level));
  reply.Answer(absl::OkStatus(), std::move(response), {});
}

}  // namespace imbot::rpc
