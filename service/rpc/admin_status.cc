#include "service/rpc/admin_status.h"

#include <algorithm>
#include <chrono>

#include "google/protobuf/util/time_util.h"
#include "service/portal/quarantine.h"

namespace imbot::rpc {
namespace {

namespace v1 = imbot::gateway::v1;
using google::protobuf::util::TimeUtil;
using portal::PortalSnapshot;

google::protobuf::Duration ToProto(base::Duration duration) {
  return TimeUtil::MicrosecondsToDuration(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

std::string Text(std::string_view text) {
  return std::string(CutText(text, kMostTextBytes));
}

// Every documented one is shorter; RawService takes what a caller makes up.
std::string MethodText(std::string_view method) {
  constexpr size_t kMostMethodBytes = 100;
  return std::string(CutText(method, kMostMethodBytes));
}

}  // namespace

std::string_view CutText(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

v1::PortalIntake IntakeOf(portal::Intake intake) {
  switch (intake) {
    case portal::Intake::kOpen:
      return v1::PORTAL_INTAKE_OPEN;
    case portal::Intake::kPaused:
      return v1::PORTAL_INTAKE_PAUSED;
    case portal::Intake::kDraining:
      return v1::PORTAL_INTAKE_DRAINING;
  }
  return v1::PORTAL_INTAKE_UNSPECIFIED;
}

std::string_view IntakeName(portal::Intake intake) {
  switch (intake) {
    case portal::Intake::kOpen:
      return "open";
    case portal::Intake::kPaused:
      return "paused";
    case portal::Intake::kDraining:
      return "draining";
  }
  return "";
}

v1::Actor ActorFor(const PortalSnapshot::Quarantine& quarantine) {
  return portal::WhoMustAct(quarantine.reason, quarantine.breaker) == translate::Actor::kOperator ? v1::ACTOR_OPERATOR
                                                                                                  : v1::ACTOR_BITRIX24;
}

void FillQuarantine(const PortalSnapshot::Quarantine& quarantine, v1::PortalQuarantine* out) {
  out->set_reason(quarantine.reason);
  out->set_message(Text(quarantine.message));
  out->set_circuit_breaker(quarantine.breaker);
  out->set_actor(ActorFor(quarantine));
  *out->mutable_lasting() = ToProto(quarantine.since);
  if (quarantine.next_probe_in.count() > 0) *out->mutable_next_probe_in() = ToProto(quarantine.next_probe_in);
  out->set_probes(static_cast<int64_t>(quarantine.probes));
}

void FillStatus(const PortalSnapshot& snapshot, v1::PortalStatus* status) {
  status->set_queued_calls(static_cast<int64_t>(snapshot.queued_calls));
  status->set_queued_bytes(static_cast<int64_t>(snapshot.queued_bytes));
  status->set_in_flight(static_cast<int64_t>(snapshot.in_flight));
  status->set_queued_bulk_calls(static_cast<int64_t>(snapshot.queued_bulk_calls));
  if (snapshot.longest_wait.has_value()) *status->mutable_longest_wait() = ToProto(*snapshot.longest_wait);
  if (snapshot.plan.limited()) {
    status->set_limit_level(snapshot.bucket_level);
    status->set_limit_burst(snapshot.plan.burst);
    status->set_limit_per_second(snapshot.plan.per_second);
  }
  if (snapshot.next_request_in.count() > 0) *status->mutable_next_request_in() = ToProto(snapshot.next_request_in);
  status->set_requests(static_cast<int64_t>(snapshot.requests));
  status->set_sent_calls(static_cast<int64_t>(snapshot.calls));
  status->set_batches(static_cast<int64_t>(snapshot.batches));
  status->set_limit_refusals(static_cast<int64_t>(snapshot.limit_refusals));

  status->set_intake(IntakeOf(snapshot.intake));
  if (snapshot.quarantine.has_value()) FillQuarantine(*snapshot.quarantine, status->mutable_quarantine());
  std::vector<PortalSnapshot::HeldMethod> held = snapshot.held_methods;
  std::sort(held.begin(), held.end(), [](const auto& a, const auto& b) { return a.method < b.method; });
  status->set_held_method_count(static_cast<int64_t>(held.size()));
  if (held.size() > kMostHeldMethods) held.resize(kMostHeldMethods);
  for (const PortalSnapshot::HeldMethod& method : held) {
    auto& out = *status->add_held_methods();
    out.set_method(MethodText(method.method));
    *out.mutable_held_for() = ToProto(method.until);
    out.set_operating_seconds(method.operating_seconds);
    out.set_blocked_by_portal(method.blocked_by_portal);
  }
  if (const auto& error = snapshot.last_error; error.has_value()) {
    auto& out = *status->mutable_last_error();
    out.set_reason(error->reason);
    out.set_method(MethodText(error->method));
    out.set_message(Text(error->message));
    *out.mutable_ago() = ToProto(error->ago);
  }
  if (const auto& expires = snapshot.certificate_expires_at; expires.has_value()) {
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(expires->time_since_epoch());
    *status->mutable_certificate_expire_time() = TimeUtil::SecondsToTimestamp(since.count());
  }
  status->set_waiting_to_repeat(static_cast<int64_t>(snapshot.waiting_to_repeat));
}

v1::LogLevel LogLevelOf(base::Level level) {
  switch (level) {
    case base::Level::kDebug:
      return v1::LOG_LEVEL_DEBUG;
    case base::Level::kInfo:
      return v1::LOG_LEVEL_INFO;
    case base::Level::kWarning:
      return v1::LOG_LEVEL_WARNING;
    case base::Level::kError:
      return v1::LOG_LEVEL_ERROR;
  }
  return v1::LOG_LEVEL_UNSPECIFIED;
}

std::optional<base::Level> LevelOf(v1::LogLevel level) {
  for (const base::Level known :
       {base::Level::kDebug, base::Level::kInfo, base::Level::kWarning, base::Level::kError}) {
    if (LogLevelOf(known) == level) return known;
  }
  return std::nullopt;
}

}  // namespace imbot::rpc
