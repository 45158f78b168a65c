#include "tests/chaos/once_check.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

namespace imbot::chaos {
namespace {

using testing::Json;

constexpr int64_t kExamplesOfEach = 5;

// The first text that begins as marks do, at any depth.
std::string MarkIn(const Json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return text.starts_with(kMarkStart) ? text : "";
  }
  if (!value.is_structured()) return "";
  for (const Json& item : value) {
    if (std::string mark = MarkIn(item); !mark.empty()) return mark;
  }
  return "";
}

int64_t IdIn(const Json& entry) {
  const auto result = entry.find("result");
  if (result == entry.end()) return 0;
  if (result->is_number_integer()) return result->get<int64_t>();
  const auto id = result->find("id");
  return result->is_object() && id != result->end() && id->is_number_integer() ? id->get<int64_t>() : 0;
}

struct Done {
  std::vector<const Execution*> changes;
  int64_t replays = 0;
};

class Checker {
 public:
  Checker(const std::vector<Record>& records, const std::vector<Execution>& executions, Expect expect)
      : records_(records), expect_(expect) {
    for (const Execution& execution : executions) {
      Done& done = done_[execution.mark];
      if (execution.changed) {
        done.changes.push_back(&execution);
      } else {
        ++done.replays;
      }
    }
    CountBatches(executions);
  }

  Verdict Run() {
    for (const Record& record : records_) CheckOne(record);
    std::map<std::pair<size_t, std::string>, std::vector<const Record*>> lanes;
    for (const Record& record : records_) {
      if (!record.lane.empty()) lanes[{record.caller, record.lane}].push_back(&record);
    }
    for (const auto& [lane, records] : lanes) CheckOrder(records);
    return std::move(verdict_);
  }

 private:
  void Breach(const std::string& kind, const Record& record, const std::string& what) {
    if (++verdict_.breaches[kind] > kExamplesOfEach) return;
    std::string example = kind + ": `" + record.mark.substr(0, 40) + "` of caller " + std::to_string(record.caller) +
                          ": " + what + "; attempts:";
    for (const Attempt& attempt : record.attempts) example += " [" + attempt.status + "]";
    verdict_.examples.push_back(std::move(example));
  }

  void CountBatches(const std::vector<Execution>& executions) {
    std::map<uint64_t, std::pair<int64_t, bool>> batches;  // by request: calls, whether all were delivered
    for (const Execution& execution : executions) {
      if (!execution.batched) continue;
      auto& [calls, delivered] = batches.try_emplace(execution.request, 0, true).first->second;
      ++calls;
      delivered = delivered && execution.delivered;
    }
    for (const auto& [request, batch] : batches) {
      if (batch.first < 2) continue;
      ++verdict_.batches;
      verdict_.batched += batch.first;
      verdict_.batches_cut += batch.second ? 0 : 1;
    }
  }

  void CheckOne(const Record& record) {
    const Done& done = done_[record.mark];
    const auto count = static_cast<int64_t>(done.changes.size());
    const bool id_missing = count == 1 && !done.changes[0]->finished && record.repeat == Repeat::kDeduplicated;
    verdict_.executed += count > 0 ? 1 : 0;
    verdict_.replays += done.replays;
    verdict_.ids_missing += id_missing ? 1 : 0;
    ++verdict_.attempts[record.attempts.size()];
    for (const Attempt& attempt : record.attempts) ++verdict_.statuses[attempt.status];

    const std::string word = LastWord(record);
    ++verdict_.words[word];
    if ((word == "OK" || word == "EXECUTED") && count == 0) Breach("lost", record, "said " + word + ", is not there");
    if (count > 1 && record.repeat == Repeat::kIdempotent) ++verdict_.again;
    if (count > 1 && record.repeat != Repeat::kIdempotent)
      Breach("doubled", record, "is there " + std::to_string(count) + " times");
    CheckDenials(record, done);
    CheckId(record, done);
    const bool expected = expect_ == Expect::kAnything || word == "OK" ||
                          (expect_ == Expect::kOkUnlessIdMissing && word == "UNKNOWN" && id_missing);
    if (!expected) Breach("unanswered", record, "ended " + word + ", is there " + std::to_string(count) + " times");
  }

  static std::string LastWord(const Record& record) {
    const auto said = [&](Said word) { return [word](const Attempt& attempt) { return attempt.said == word; }; };
    const auto& attempts = record.attempts;
    if (std::any_of(attempts.begin(), attempts.end(), said(Said::kOk))) return "OK";
    if (std::any_of(attempts.begin(), attempts.end(), said(Said::kExecuted))) return "EXECUTED";
    return std::all_of(attempts.begin(), attempts.end(), said(Said::kNotExecuted)) ? "NOT_EXECUTED" : "UNKNOWN";
  }

  void CheckDenials(const Record& record, const Done& done) {
    for (const Attempt& attempt : record.attempts) {
      if (attempt.said != Said::kNotExecuted) {
        if (record.repeat == Repeat::kIdempotent) return;
        continue;
      }
      const bool there = std::any_of(done.changes.begin(), done.changes.end(), [&](const Execution* execution) {
        return execution->time_ms < attempt.ended_us / 1'000;
      });
      if (there) return Breach("denied", record, "an attempt ended NOT_EXECUTED, and it was there");
    }
  }

  void CheckId(const Record& record, const Done& done) {
    if (record.attempts.empty() || record.attempts.back().id == 0 || done.changes.size() != 1) return;
    const int64_t sent = done.changes[0]->id;
    if (sent != 0 && sent != record.attempts.back().id) {
      Breach("wrong id", record,
             "answered " + std::to_string(record.attempts.back().id) + ", sent " + std::to_string(sent));
    }
  }

  static std::string Times(const Record& record, const Execution& execution) {
    const Attempt& attempt = record.attempts[0];
    const int64_t begun = attempt.started_us / 1'000;
    return "begun at " + std::to_string(begun) + " ms, executed " + std::to_string(execution.time_ms - begun) +
           " later (request " + std::to_string(execution.request) + "), answered " +
           std::to_string(attempt.ended_us / 1'000 - begun) + " later";
  }

  void CheckOrder(const std::vector<const Record*>& lane) {
    const Record* before = nullptr;
    const Execution* change_before = nullptr;
    uint64_t before_seq = 0;
    for (const Record* record : lane) {
      const Done& done = done_[record->mark];
      if (record->attempts.size() != 1 || record->attempts[0].said != Said::kOk || done.changes.size() != 1) continue;
      const uint64_t seq = done.changes[0]->seq;
      if (before != nullptr) {
        ++verdict_.ordered;
        const bool together = record->attempts[0].started_us - before->attempts[0].started_us < kTogetherUs;
        if (seq < before_seq && together) ++verdict_.together;
        if (seq < before_seq && !together) {
          Breach("misordered", *record,
                 Times(*record, *done.changes[0]) + ", and there before the one of " + Times(*before, *change_before));
        }
      }
      before = record;
      before_seq = seq;
      change_before = done.changes[0];
    }
  }

  const std::vector<Record>& records_;
  const Expect expect_;
  std::map<std::string, Done> done_;
  Verdict verdict_;
};

template <typename Counts>
void Rows(const char* what, const Counts& counts, std::ostringstream* out) {
  for (const auto& [name, count] : counts) *out << "| " << what << " | " << name << " | " << count << " |\n";
}

}  // namespace

std::vector<Execution> ExecutionsOf(const std::vector<Json>& executed) {
  std::vector<Execution> executions;
  for (const Json& entry : executed) {
    std::string mark = MarkIn(entry.at("params"));
    if (mark.empty()) continue;
    executions.push_back({.mark = std::move(mark),
                          .method = entry.at("method"),
                          .seq = entry.at("seq"),
                          .request = entry.at("request"),
                          .time_ms = entry.at("timeMs"),
                          .changed = entry.at("changed"),
                          .batched = entry.contains("command"),
                          .delivered = entry.at("delivered") == true,
                          .finished = entry.contains("result"),
                          .id = IdIn(entry)});
  }
  return executions;
}

int64_t Verdict::Breaches(const std::string& kind) const {
  const auto it = breaches.find(kind);
  return it == breaches.end() ? 0 : it->second;
}

Verdict Check(const std::vector<Record>& records, const std::vector<Execution>& executions, Expect expect) {
  return Checker(records, executions, expect).Run();
}

std::string ToString(const Verdict& verdict) {
  std::ostringstream out;
  out << "| what | | count |\n|---|---|---|\n";
  Rows("calls that ended", verdict.words, &out);
  Rows("calls with so many attempts", verdict.attempts, &out);
  Rows("attempts that ended", verdict.statuses, &out);
  Rows("portal",
       std::vector<std::pair<const char*, int64_t>>{{"calls executed", verdict.executed},
                                                    {"repeats recognised", verdict.replays},
                                                    {"IDEMPOTENT calls executed more than once", verdict.again},
                                                    {"executed, id never filled in", verdict.ids_missing},
                                                    {"batches", verdict.batches},
                                                    {"calls in batches", verdict.batched},
                                                    {"batches whose reply was lost or cut", verdict.batches_cut}},
       &out);
  Rows("order",
       std::vector<std::pair<const char*, int64_t>>{{"pairs compared", verdict.ordered},
                                                    {"reversed, begun within 10 ms", verdict.together}},
       &out);
  for (const char* kind : {"lost", "doubled", "denied", "wrong id", "misordered", "unanswered"})
    out << "| breach | " << kind << " | " << verdict.Breaches(kind) << " |\n";
  for (const std::string& example : verdict.examples) out << example << "\n";
  return out.str();
}

}  // namespace imbot::chaos
