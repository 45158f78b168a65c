#include "client_lib/cli/portal_notes.h"

#include <string_view>
#include <vector>

#include "client_lib/cli/text.h"
#include "google/protobuf/util/time_util.h"

namespace imbot::cli {
namespace {

namespace v1 = imbot::gateway::v1;
using google::protobuf::util::TimeUtil;

constexpr int64_t kDay = 86'400;
constexpr size_t kNameColumns = 15;  // of a note's name, indentation included

// The notes of one portal.
class Notes {
 public:
  Notes(const Style& style, size_t width) : style_(style), width_(width) {}

  void Add(std::string_view name, const std::string& marked, const std::string& text) {
    StrAppend(&text_, "  ", marked, std::string(kNameColumns - 2 - name.size(), ' '),
              Wrap(Printable(text), width_, kNameColumns), "\n");
  }
  void Bad(std::string_view name, const std::string& text) { Add(name, style_.Bad(name), text); }
  void Careful(std::string_view name, const std::string& text) { Add(name, style_.Careful(name), text); }
  void Plain(std::string_view name, const std::string& text) { Add(name, style_.Dim(name), text); }
  const std::string& text() const { return text_; }

 private:
  const Style& style_;
  const size_t width_;
  std::string text_;
};

std::string WhoMustAct(v1::Actor actor) {
  switch (actor) {
    case v1::ACTOR_CALLER:
      return "; the services that call must act";
    case v1::ACTOR_OPERATOR:
      return "; whoever runs the gateway or the portal must act";
    case v1::ACTOR_BITRIX24:
      return "; the portal itself must get well";
    default:
      return "";
  }
}

// A reason and what is told beside it.
std::string Because(const std::string& reason, const std::string& message) {
  return message.empty() ? reason : StrCat(reason, ": ", message);
}

void AddIntake(const v1::PortalStatus& portal, Notes* notes) {
  const std::string end = StrCat("; `imbot resume ", portal.name(), "` ends it");
  const int64_t count = portal.queued_calls() + portal.waiting_to_repeat();
  const std::string waiting = StrCat(count, count == 1 ? " call" : " calls");
  if (portal.intake() == v1::PORTAL_INTAKE_PAUSED) {
    notes->Careful("paused", StrCat("by an operator: new calls end with PORTAL_PAUSED, nothing is sent, ", waiting,
                                    count == 1 ? " waits" : " wait", end));
  } else if (portal.intake() == v1::PORTAL_INTAKE_DRAINING) {
    notes->Careful("draining", count == 0 && portal.in_flight() == 0
                                   ? StrCat("by an operator, and done: nothing waits, nothing is under way", end)
                                   : StrCat("by an operator: new calls end with PORTAL_PAUSED, ", waiting,
                                            " still to be sent, ", portal.in_flight(), " under way", end));
  }
}

void AddQuarantine(const v1::PortalStatus& portal, Notes* notes) {
  if (!portal.has_quarantine()) return;
  const v1::PortalQuarantine& quarantine = portal.quarantine();
  std::string text =
      StrCat("for ", Lasting(quarantine.lasting()), ", ", Because(quarantine.reason(), quarantine.message()), "; ",
             quarantine.has_next_probe_in() ? StrCat("next probe in ", Lasting(quarantine.next_probe_in()))
                                            : std::string("a probe is under way"));
  if (quarantine.probes() > 0) StrAppend(&text, " (", quarantine.probes(), " so far)");
  StrAppend(&text, WhoMustAct(quarantine.actor()), "; `imbot release ", portal.name(), "` ends it at once");
  notes->Bad(quarantine.circuit_breaker() ? "circuit open" : "quarantined", text);
}

void AddHeldMethods(const v1::PortalStatus& portal, Notes* notes) {
  for (const v1::HeldMethod& held : portal.held_methods()) {
    std::string text = StrCat(held.method(), " for ", Lasting(held.held_for()));
    if (held.operating_seconds() > 0) {
      StrAppend(&text, ", ", static_cast<int64_t>(held.operating_seconds()), " s of operating time used");
    }
    if (held.blocked_by_portal()) StrAppend(&text, "; the portal has blocked it");
    notes->Careful("held", text);
  }
  if (const int64_t more = portal.held_method_count() - portal.held_methods_size(); more > 0)
    notes->Careful("held", StrCat("and ", more, " more"));
}

void AddCertificate(const v1::GetStatusResponse& status, const v1::PortalStatus& portal, Notes* notes) {
  const auto days = CertificateDays(status, portal);
  if (!days.has_value() || *days >= kCertificateWarningDays) return;
  const std::string date = TimeUtil::ToString(portal.certificate_expire_time()).substr(0, 10);
  const std::string renew = "; whoever runs the portal must renew it";
  if (*days < 0) return notes->Bad("certificate", StrCat("ended on ", date, renew));
  const std::string left = *days == 0 ? "today" : *days == 1 ? "in 1 day" : StrCat("in ", *days, " days");
  notes->Bad("certificate", StrCat("ends ", left, ", on ", date, renew));
}

void AddLastError(const v1::PortalStatus& portal, Notes* notes) {
  if (!portal.has_last_error()) return;
  const v1::PortalError& error = portal.last_error();
  notes->Plain("last error", StrCat(Lasting(error.ago()), " ago, ", error.method(), error.method().empty() ? "" : ": ",
                                    Because(error.reason(), error.message())));
}

}  // namespace

std::string PortalNotes(const v1::GetStatusResponse& status, const Style& style, size_t width) {
  std::string text;
  for (const v1::PortalStatus& portal : status.portals()) {
    Notes notes(style, width);
    AddIntake(portal, &notes);
    AddQuarantine(portal, &notes);
    AddHeldMethods(portal, &notes);
    AddCertificate(status, portal, &notes);
    AddLastError(portal, &notes);
    if (!notes.text().empty()) StrAppend(&text, style.Bold(Printable(portal.name())), "\n", notes.text());
  }
  return text;
}

std::string StateOf(const v1::PortalStatus& portal) {
  std::vector<std::string> parts;
  if (portal.intake() == v1::PORTAL_INTAKE_PAUSED) parts.emplace_back("paused");
  if (portal.intake() == v1::PORTAL_INTAKE_DRAINING) parts.emplace_back("draining");
  if (portal.has_quarantine())
    parts.emplace_back(portal.quarantine().circuit_breaker() ? "circuit open" : "quarantined");
  if (portal.held_method_count() > 0) parts.push_back(StrCat(portal.held_method_count(), " held"));
  return parts.empty() ? "open" : Join(parts, ", ");
}

std::optional<int64_t> CertificateDays(const v1::GetStatusResponse& status, const v1::PortalStatus& portal) {
  if (!portal.has_certificate_expire_time() || !status.has_start_time()) return std::nullopt;
  const int64_t left =
      portal.certificate_expire_time().seconds() - status.start_time().seconds() - status.uptime().seconds();
  return left < 0 ? -1 - (-left - 1) / kDay : left / kDay;
}

std::string Lasting(const google::protobuf::Duration& duration) {
  const int64_t seconds = duration.seconds();
  const int64_t days = seconds / kDay, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
  if (days > 0) return StrCat(days, "d ", hours, "h");
  if (hours > 0) return StrCat(hours, "h ", minutes, "m");
  if (minutes > 0) return StrCat(minutes, "m ", seconds % 60, "s");
  if (seconds > 0 || duration.nanos() == 0) return StrCat(seconds, "s");
  return StrCat(duration.nanos() / 1'000'000, "ms");
}

}  // namespace imbot::cli
