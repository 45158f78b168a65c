#include "tests/chaos/once_faults.h"

#include <algorithm>
#include <numeric>

#include "tests/chaos/schedule.h"

namespace imbot::chaos {
namespace {

using testing::Json;

// A batch's reply has some kilobytes, so these places are within one.
constexpr char kSchedule[] = R"(
connection * chance 5% refuse
connection * chance 20% to-client at 0..30000 reset
connection * chance 20% to-client at 0..30000 cut
connection * chance 15% to-server at 0..30000 reset
connection * chance 5% to-server at 0..30000 cut
connection * chance 5% to-client at 0..20000 stall 1500ms
)";
constexpr int kStepsBetweenCollections = 15;
// Faults that wait for a request. More would only meet, one after the other, whoever asks whether the portal is back.
constexpr int64_t kWaiting = 4;

Json Order(const char* kind, Json args = Json::object(), const char* at = "") {
  Json order = {{"kind", kind}, {"count", 1}};
  if (!args.empty()) order["args"] = std::move(args);
  if (*at != '\0') order["at"] = at;
  return order;
}

}  // namespace

Faults::Faults(const testing::Simulator& simulator, Gate* gate, const Calls& calls, LostIds lost_ids, uint64_t seed)
    : simulator_(simulator),
      gate_(*gate),
      methods_(calls.methods()),
      sending_methods_(calls.sending_methods()),
      random_(seed) {
  kinds_ = {
      {"reset before", chaos::Order("reset_before"), false, 4},
      {"reset after", chaos::Order("reset_after"), false, 4},
      {"close before", chaos::Order("close_before"), false, 2},
      {"close after", chaos::Order("close_after"), false, 2},
      {"reset before the reservation", chaos::Order("reset", {}, "before_reserve"), true, 3},
      // The first attempt holds the reservation for longer than the gateway waits.
      {"delay after the reservation", chaos::Order("delay", {{"ms", 2'500}}, "after_reserve"), true, 1},
      {"delay within the deadline", chaos::Order("delay", {{"ms", 300}}), false, 2},
      {"delay past the deadline", chaos::Order("delay", {{"ms", 3'000}}), false, 1},
      {"reply delayed past the deadline", chaos::Order("delay", {{"ms", 3'000}}, "before_reply"), false, 1},
      {"cut", chaos::Order("cut"), false, 4},
      {"half a body", chaos::Order("half"), false, 2},
      {"500 before", chaos::Order("status", {{"code", 500}, {"when", "before"}}), false, 1},
      {"502 before", chaos::Order("status", {{"code", 502}, {"when", "before"}}), false, 1},
      {"503 before", chaos::Order("status", {{"code", 503}, {"when", "before"}}), false, 1},
      {"500 after", chaos::Order("status", {{"code", 500}, {"when", "after"}}), false, 1},
      {"502 after", chaos::Order("status", {{"code", 502}, {"when", "after"}}), false, 1},
      {"503 after", chaos::Order("status", {{"code", 503}, {"when", "after"}}), false, 1},
      {"HTML before", chaos::Order("html", {{"when", "before"}}), false, 2},
      {"HTML after", chaos::Order("html", {{"when", "after"}}), false, 2},
  };
  if (lost_ids != LostIds::kNever)
    kinds_.push_back({"reset between store and id", chaos::Order("reset", {}, "after_store"), true, 3});
  if (lost_ids == LostIds::kAnywhere)
    kinds_.push_back({"reset between reservation and store", chaos::Order("reset", {}, "after_reserve"), true, 3});
  // One that can never happen would only take the place of one that can.
  if (sending_methods_.empty()) std::erase_if(kinds_, [](const Kind& kind) { return kind.in_message; });
  weights_ =
      std::accumulate(kinds_.begin(), kinds_.end(), 0, [](int sum, const Kind& kind) { return sum + kind.weight; });
  Schedule schedule = ParseSchedule(kSchedule);
  schedule.seed = NextRandom(&random_);
  gate_.SetSchedule(std::move(schedule));
  gate_.ResetAll();
}

uint64_t Faults::Draw(uint64_t below) {
  return NextRandom(&random_) % below;
}

Json Faults::Order(std::string* name) {
  auto ticket = static_cast<int>(Draw(static_cast<uint64_t>(weights_)));
  const Kind* kind = kinds_.data();
  while (ticket >= kind->weight) ticket -= (kind++)->weight;
  const bool batch = !kind->in_message && Draw(2) == 0;
  Json order = kind->order;
  const std::vector<std::string>& methods = kind->in_message ? sending_methods_ : methods_;
  order["method"] = batch ? "batch" : methods[Draw(methods.size())];
  order["skip"] = Draw(4);
  *name = kind->name + (batch ? ", of a batch" : "");
  return order;
}

void Faults::Step() {
  if (refusing_) {
    gate_.Listen(true);
    refusing_ = false;
  }
  switch (Draw(16)) {
    case 0:
      gate_.ResetAll();
      ++counts_["every connection reset"].injected;
      break;
    case 1:
      // The kept ones too, or nobody would notice.
      gate_.Listen(false);
      gate_.ResetAll();
      refusing_ = true;
      ++counts_["no connection taken"].injected;
      break;
    case 2:
    case 3:
    case 4:
      break;  // a pause
    default: {
      const Json waiting = simulator_.Get("/faults").at("faults");
      if (std::count_if(waiting.begin(), waiting.end(), [](const Json& fault) { return fault.at("count") != 0; }) >=
          kWaiting)
        break;
      std::string name;
      const Json order = Order(&name);
      ++counts_[name].injected;
      const Json listed = simulator_.Post("/faults", Json::array({order}));
      names_[listed.at("faults").back().at("id").get<int64_t>()] = name;
    }
  }
  if (++steps_ % kStepsBetweenCollections == 0) Collect();
}

void Faults::Collect() {
  const Json listed = simulator_.Get("/faults");
  simulator_.Delete("/faults");
  for (const Json& fault : listed.at("faults")) {
    const auto name = names_.find(fault.at("id").get<int64_t>());
    if (name != names_.end()) counts_[name->second].hits += fault.at("hits").get<int64_t>();
  }
  names_.clear();
}

void Faults::Stop() {
  Collect();
  gate_.Listen(true);
  refusing_ = false;
  gate_.SetSchedule({});
  gate_.Release();
  gate_.ResetAll();
}

}  // namespace imbot::chaos
