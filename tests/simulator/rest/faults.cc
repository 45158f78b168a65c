#include "tests/simulator/rest/faults.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/replies.h"

namespace simulator {
namespace {

struct PointName {
  std::string_view name;
  Point point;
};
constexpr std::array<PointName, 7> kPoints = {{
    {"before_auth", Point::kBeforeAuth},
    {"before_execute", Point::kBeforeExecute},
    {"before_reserve", Point::kBeforeReserve},
    {"after_reserve", Point::kAfterReserve},
    {"after_store", Point::kAfterStore},
    {"before_reply", Point::kBeforeReply},
    {"during_reply", Point::kDuringReply},
}};

struct KindRow {
  std::string_view name;
  FaultAction action;
  Point at;  // unless `at` or `args.when` says otherwise
};
constexpr std::array<KindRow, 20> kKinds = {{
    {"delay", FaultAction::kDelay, Point::kBeforeExecute},
    {"hold", FaultAction::kHold, Point::kBeforeExecute},
    {"hold_before", FaultAction::kHold, Point::kBeforeExecute},
    {"hold_after", FaultAction::kHold, Point::kBeforeReply},
    {"reset", FaultAction::kReset, Point::kBeforeExecute},
    {"reset_before", FaultAction::kReset, Point::kBeforeExecute},
    {"reset_after", FaultAction::kReset, Point::kBeforeReply},
    {"close", FaultAction::kClose, Point::kBeforeExecute},
    {"close_before", FaultAction::kClose, Point::kBeforeExecute},
    {"close_after", FaultAction::kClose, Point::kBeforeReply},
    {"cut", FaultAction::kCut, Point::kDuringReply},
    {"half", FaultAction::kHalve, Point::kDuringReply},
    {"status", FaultAction::kRespond, Point::kBeforeExecute},
    {"error", FaultAction::kError, Point::kBeforeExecute},
    {"html", FaultAction::kRespond, Point::kBeforeExecute},
    {"redirect", FaultAction::kRespond, Point::kBeforeExecute},
    {"body", FaultAction::kRespond, Point::kBeforeReply},
    {"malformed", FaultAction::kRespond, Point::kBeforeReply},
    {"deep", FaultAction::kRespond, Point::kBeforeReply},
    {"endless", FaultAction::kEndless, Point::kBeforeReply},
}};

std::string_view NameOf(Point point) {
  for (const PointName& row : kPoints) {
    if (row.point == point) return row.name;
  }
  return "";
}

bool Matches(std::string_view pattern, std::string_view method) {
  if (!pattern.empty() && pattern.back() == '*') {
    pattern.remove_suffix(1);
    return method.substr(0, pattern.size()) == pattern;
  }
  return pattern == method;
}

std::string Text(const Json& object, std::string_view key, std::string_view otherwise = "") {
  const Json* value = FindSet(object, key);
  return value == nullptr ? std::string(otherwise) : ToString(value);
}

int64_t Number(const Json& object, std::string_view key, int64_t otherwise) {
  const Json* value = FindSet(object, key);
  return value == nullptr ? otherwise : ToInt(value);
}

// The web server in front speaks, not the portal.
bool IsPage(const Fault& fault) {
  return fault.kind == "status" || fault.kind == "html" || fault.kind == "redirect";
}

int64_t UsualStatus(const Fault& fault) {
  if (fault.action == FaultAction::kError) return 400;
  if (fault.kind == "html") return 502;
  return fault.kind == "redirect" ? 302 : 200;
}

// REQUIRES: the status is known.
std::string UsualBody(const Fault& fault, const Json& args) {
  constexpr int64_t kDeepest = 10'000'000;
  constexpr size_t kPart = 64 * 1024;
  if (fault.kind == "html" || fault.kind == "redirect") return HtmlReply(fault.response.status).body;
  if (fault.kind == "malformed") return R"({"result":{"id":789,},"time":{"start":)";
  if (fault.kind == "deep") {
    const size_t depth = static_cast<size_t>(std::clamp<int64_t>(Number(args, "depth", 100'000), 1, kDeepest));
    return R"({"result":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  }
  return fault.action == FaultAction::kEndless ? std::string(kPart, ' ') : std::string();
}

// Why this specification can't be used, or the fault.
std::optional<std::string> Read(const Json& specification, Fault* fault) {
  if (!specification.is_object()) return "a fault is an object {method, count, kind, args}";
  fault->kind = Text(specification, "kind");
  const auto kind =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const KindRow& row) { return row.name == fault->kind; });
  if (kind == kKinds.end()) return "unknown kind '" + fault->kind + "'";
  fault->action = kind->action;
  fault->at = kind->at;
  fault->method = Text(specification, "method", "*");
  fault->portal = Text(specification, "portal");
  fault->count = Number(specification, "count", 1);
  fault->skip = Number(specification, "skip", 0);

  static const Json kNothing = Json::object();
  const Json* found = FindSet(specification, "args");
  const Json& args = found == nullptr ? kNothing : *found;
  const std::string when = Text(args, "when");
  if (!when.empty() && when != "before" && when != "after") return "args.when is 'before' or 'after'";
  if (!when.empty()) fault->at = when == "after" ? Point::kBeforeReply : Point::kBeforeExecute;
  const std::string at = Text(specification, "at");
  if (!at.empty()) {
    const auto row =
        std::find_if(kPoints.begin(), kPoints.end(), [&](const PointName& point) { return point.name == at; });
    if (row == kPoints.end()) return "unknown point '" + at + "'";
    fault->at = row->point;
  }
  const bool half = fault->action == FaultAction::kCut || fault->action == FaultAction::kHalve;
  if (half != (fault->at == Point::kDuringReply)) return "'cut' and 'half' belong to during_reply, alone";

  // The pause between two parts, for a body without an end.
  const int64_t pause = fault->action == FaultAction::kEndless ? 1 : 0;
  fault->delay = std::chrono::milliseconds(std::max(Number(args, "ms", pause), pause));
  if (fault->action == FaultAction::kDelay && fault->delay.count() <= 0) return "'delay' needs args.ms";
  fault->response.status = static_cast<int>(Number(args, "code", Number(args, "status", UsualStatus(*fault))));
  if (fault->response.status < 100 || fault->response.status > 599) return "args.code is an HTTP status";
  fault->response.body = FindSet(args, "body") != nullptr ? Text(args, "body") : UsualBody(*fault, args);
  fault->response.headers.emplace_back(
      "Content-Type", Text(args, "content_type", IsPage(*fault) ? "text/html" : "application/json; charset=utf-8"));
  if (fault->kind == "redirect") fault->location = Text(args, "to", "{self}");
  if (const Json* headers = FindSet(args, "headers"); headers != nullptr && headers->is_object()) {
    for (auto it = headers->begin(); it != headers->end(); ++it)
      fault->response.headers.emplace_back(it.key(), ToString(&it.value()));
  }
  fault->error = Text(args, "error");
  fault->description = Text(args, "description", Text(args, "error_description"));
  if (fault->action == FaultAction::kError && FindSet(args, "error") == nullptr) return "'error' needs args.error";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> Faults::Add(const Json& specification) {
  std::vector<Fault> added;
  const Json list = specification.is_array() ? specification : Json::array({specification});
  for (const Json& item : list) {
    Fault fault;
    if (std::optional<std::string> why = Read(item, &fault)) return why;
    added.push_back(std::move(fault));
  }
  for (Fault& fault : added) {
    fault.id = next_id_++;
    faults_.push_back(std::move(fault));
  }
  return std::nullopt;
}

Json Faults::ToJson() const {
  Json out = Json::array();
  for (const Fault& fault : faults_) {
    Json json = Json::object();
    json["id"] = fault.id;
    json["kind"] = fault.kind;
    json["method"] = fault.method;
    json["portal"] = fault.portal;
    json["at"] = std::string(NameOf(fault.at));
    json["count"] = fault.count;
    json["skip"] = fault.skip;
    json["hits"] = fault.hits;
    out.push_back(std::move(json));
  }
  return out;
}

std::optional<Fault> Faults::Take(Point point, std::string_view method, std::string_view portal) {
  for (Fault& fault : faults_) {
    if (fault.at != point || fault.count == 0) continue;
    if (!Matches(fault.method, method) || (!fault.portal.empty() && fault.portal != portal)) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    if (fault.count > 0) --fault.count;
    ++fault.hits;
    return fault;
  }
  return std::nullopt;
}

size_t HeldCalls::Release(size_t at_most) {
  size_t released = 0;
  while (!waiting_.empty() && released < at_most) {
    const std::coroutine_handle<> handle = waiting_.front();
    waiting_.pop_front();
    ++released;
    // Posted, not resumed here: a released call may be held again at its next point.
    loop_->Post([handle] { handle.resume(); });
  }
  return released;
}

}  // namespace simulator
