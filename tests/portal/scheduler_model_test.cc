// The scheduler against what must hold, over many random schedules (scheduler_schedule.h, scheduler_reference.h).
//
// A difference prints its schedule, with whatever can be left out of it left out; MakeSchedule(seed) makes the whole of
// it again.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/base/strings.h"
#include "service/portal/scheduler.h"
#include "tests/fakes/manual_loop.h"
#include "tests/portal/fake_credentials.h"
#include "tests/portal/scheduler_fixture.h"
#include "tests/portal/scheduler_reference.h"
#include "tests/portal/scheduler_schedule.h"

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;
using Kind = transport::Failure::Kind;

struct Metrics {
  base::Metrics registry;
  SchedulerMetrics handles{.queued_calls = registry.GetGauge("queued_calls", ""),
                           .queued_bytes = registry.GetGauge("queued_bytes", ""),
                           .in_flight = registry.GetGauge("in_flight", ""),
                           .requests = registry.GetCounter("requests", ""),
                           .failures = registry.GetCounter("failures", ""),
                           .limit_refusals = registry.GetCounter("limit_refusals", ""),
                           .superseded = registry.GetCounter("superseded", ""),
                           .repeats = registry.GetCounter("repeats", ""),
                           .queue_seconds = {},
                           .portal_seconds = {},
                           .batch_calls = {}};
};

// Plays one schedule.
class Play {
 public:
  Play(const Schedule& schedule, const Rules& rules, const Metrics& metrics)
      : schedule_(schedule), reference_(schedule, rules), metrics_(metrics.handles) {
    SchedulerOptions options;
    // The reference answers every call after its first attempt, and goes on calling whatever it hears: unit tests have
    // the rest.
    options.max_attempts = 1;
    options.quarantine = false;
    options.max_in_flight = schedule.window;
    options.max_streams = schedule.streams;
    options.max_queued_calls = schedule.max_calls;
    options.max_queued_bytes = schedule.max_bytes;
    options.batching = schedule.batching;
    options.batch_linger = schedule.linger;
    scheduler_ = std::make_unique<Scheduler>("acme", loop_, loop_.clock(), credentials_,
                                             std::make_shared<LeakyBucket>(schedule.plan), options, metrics_);
    loop_.fake().SetScript([this](const transport::Request& request) {
      OnSent(request);
      return std::nullopt;
    });
  }

  // The first difference; empty if there is none.
  std::string Run() {
    for (const Event& event : schedule_.events) {
      Apply(event);
      Look();
      if (!difference().empty()) return difference();
    }
    if (schedule_.stops) {
      reference_.Stopping();
      scheduler_->Stop();
      Look();
    }
    for (int round = 0; !AllDone() && difference().empty(); ++round) {
      if (round == 10'000) return "it does not come to rest";
      Reply(ReplyKind::kOk, 0);
      Look();
      if (OpenRequests().empty()) Advance(500ms);
      Look();
    }
    if (!difference().empty()) return difference();
    scheduler_.reset();
    loop_.Run();
    if (loop_.timers() > 0) return "a timer is left";
    if (metrics_.in_flight.value() != 0) return "the metrics don't come back to nothing";
    return "";
  }

 private:
  const std::string& difference() const { return difference_.empty() ? reference_.difference() : difference_; }
  void Differ(std::string text) {
    if (difference().empty()) difference_ = std::move(text);
  }

  void Apply(const Event& event) {
    switch (event.kind) {
      case Event::Kind::kSubmit:
        return Submit(event.call);
      case Event::Kind::kCancel: {
        if (reference_.calls() == 0) return;
        // One of the last.
        const size_t back = event.pick % std::min<size_t>(reference_.calls(), 12);
        const auto id = static_cast<int>(reference_.calls() - 1 - back);
        reference_.Cancelling(id);
        return scheduler_->Cancel(CallId{static_cast<uint64_t>(id)});
      }
      case Event::Kind::kAdvance:
        return Advance(event.by);
      case Event::Kind::kReply:
        return Reply(event.reply, event.pick);
    }
  }

  void Submit(const NewCall& what) {
    const int id = reference_.Submitting(what, loop_.Now());
    Outgoing call;
    call.method = "m";
    if (what.lane == Lane::kStream) {
      call.source = std::make_shared<NoSource>(id);
    } else {
      call.body = [id] { return std::to_string(id); };
      call.batch_command = [id, size = what.command_size]() -> std::optional<std::string> {
        if (size == 0) return std::nullopt;
        std::string command = "m?n=" + std::to_string(id) + "&pad=";
        command.resize(size, 'x');
        return command;
      };
    }
    call.bytes = what.bytes;
    call.alone = what.alone;
    call.caller = std::to_string(what.caller);
    if (what.key != 0) call.order_key = "key" + std::to_string(what.key);
    if (what.collapse != 0) {
      call.collapse.emplace().subject = "m " + call.order_key;
      if ((what.collapse & 1) != 0) call.collapse->fields.push_back("keyboard");
      if ((what.collapse & 2) != 0) call.collapse->fields.push_back("message");
    }
    call.priority = what.lane == Lane::kBulk ? Priority::kBulk : Priority::kInteractive;
    call.deadline = loop_.Now() + what.timeout;
    call.await_reply = what.await_reply;
    submitting_ = id;
    scheduler_->Submit(CallId{static_cast<uint64_t>(id)}, std::move(call), [this, id](Answer answer) {
      if (submitting_ == id) Differ("answered from inside Submit");
      reference_.Answered(id, answer, answer.status.ok() && !answer.superseded ? answer.reply.result.ToText() : "",
                          loop_.Now());
    });
    submitting_.reset();
    loop_.Run();
    reference_.Submitted();
  }

  void OnSent(const transport::Request& request) {
    std::vector<int> ids;
    std::vector<std::string> keys;
    const bool batch = request.url.Reveal().ends_with("/batch");
    if (request.source != nullptr) {
      ids.push_back(dynamic_cast<const NoSource&>(*request.source).number());
    } else if (batch) {
      ReadBatch(request.body, &ids, &keys);
    } else {
      ids.push_back(std::atoi(request.body.c_str()));
    }
    keys_.push_back(std::move(keys));
    if (request.give_up_at < loop_.Now() + 65s) Differ("the portal is not given its time");
    reference_.Sent(ids, batch, loop_.Now());
  }

  // `{"halt":0,"cmd":{"KEY":"m?n=ID&pad=...",...}}`
  void ReadBatch(std::string_view body, std::vector<int>* ids, std::vector<std::string>* keys) {
    constexpr std::string_view kStart = R"({"halt":0,"cmd":{)";
    if (!body.starts_with(kStart) || !body.ends_with("}}")) return Differ("not the body of a batch");
    body.remove_prefix(kStart.size());
    while (body.starts_with('"') || body.starts_with(',')) {
      if (body.front() == ',') body.remove_prefix(1);
      body.remove_prefix(1);
      keys->emplace_back(body.substr(0, body.find('"')));
      body.remove_prefix(std::min(body.size(), keys->back().size() + 3));
      if (!body.starts_with("m?n=")) return Differ("not a command");
      ids->push_back(std::atoi(std::string(body.substr(4, 10)).c_str()));
      body.remove_prefix(std::min(body.size(), body.find('"') + 1));
      if (std::isalpha(static_cast<unsigned char>(keys->back()[0])) == 0) Differ("a key that begins with no letter");
    }
    if (body != "}}") Differ("not the end of a batch");
  }

  std::vector<size_t> OpenRequests() {
    std::vector<size_t> open;
    for (size_t i = 0; i < loop_.fake().sent(); ++i) {
      if (loop_.fake().open(i)) open.push_back(i);
    }
    return open;
  }

  void Reply(ReplyKind kind, uint32_t pick) {
    const std::vector<size_t> open = OpenRequests();
    if (open.empty()) return;
    ReplyTo(open[pick % open.size()], kind, pick);
  }
  void ReplyTo(size_t request, ReplyKind kind, uint32_t pick) {
    reference_.Replying(request, kind, pick, loop_.Now());
    fakes::FakeTransport& fake = loop_.fake();
    switch (kind) {
      case ReplyKind::kOk:
      case ReplyKind::kErrors:
        return fake.Answer(request, 200, Body(request, kind, pick));
      case ReplyKind::kCredentials:
        return fake.Answer(request, 401, R"({"error": "INVALID_CREDENTIALS", "error_description": "no"})");
      case ReplyKind::kLimit:
        return fake.Answer(request, 503, R"({"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many"})");
      case ReplyKind::kTooLarge:
        return fake.Answer(request, 413, "<html>too large</html>");
      case ReplyKind::kNotAllowed:
        return fake.Answer(request, 400, R"({"error": "ERROR_BATCH_METHOD_NOT_ALLOWED", "error_description": ""})");
      case ReplyKind::kGatewayTimeout:
        return fake.Answer(request, 504, "<html>timeout</html>");
      case ReplyKind::kReset:
        return fake.Fail(request, Kind::kReset);
      case ReplyKind::kConnect:
        return fake.Fail(request, Kind::kConnect, /*sent=*/false);
      case ReplyKind::kTimeout:
        return fake.Fail(request, Kind::kTimeout);
    }
  }
  // Of status 200. The result of a call is its number.
  std::string Body(size_t request, ReplyKind kind, uint32_t pick) {
    const std::vector<int>& ids = reference_.members(request);
    constexpr char kError[] = R"({"error":"EMPTY_MESSAGE","error_description":""})";
    if (keys_[request].empty()) return kind == ReplyKind::kErrors ? kError : base::StrCat(R"({"result":)", ids[0], "}");
    std::string results;
    std::string errors;
    for (size_t i = 0; i < ids.size(); ++i) {
      const std::string key = base::StrCat("\"", keys_[request][i], "\":");
      const CommandAnswer answer = kind == ReplyKind::kErrors ? AnswerOf(pick, i) : CommandAnswer::kOk;
      if (answer == CommandAnswer::kOk) base::StrAppend(&results, results.empty() ? "" : ",", key, ids[i]);
      if (answer == CommandAnswer::kError) base::StrAppend(&errors, errors.empty() ? "" : ",", key, kError);
      if (answer == CommandAnswer::kOneTooMany) {
        base::StrAppend(&errors, errors.empty() ? "" : ",", key,
                        R"({"error":"ERROR_BATCH_LENGTH_EXCEEDED","error_description":""})");
      }
    }
    return base::StrCat(R"({"result":{"result":)", results.empty() ? "[]" : "{" + results + "}", R"(,"result_error":)",
                        errors.empty() ? "[]" : "{" + errors + "}", "}}");
  }

  void Advance(base::Duration by) {
    const base::MonoTime end = loop_.Now() + by;
    // What the transport gives up on by then, it gives up a moment before its time: so that it is told first.
    while (difference().empty()) {
      std::optional<size_t> next;
      for (const size_t i : OpenRequests()) {
        const base::MonoTime at = loop_.fake().request(i).give_up_at;
        if (at <= end && (!next.has_value() || at < loop_.fake().request(*next).give_up_at)) next = i;
      }
      if (!next.has_value()) break;
      const base::MonoTime before = loop_.fake().request(*next).give_up_at - 1ns;
      if (before > loop_.Now()) loop_.Advance(before - loop_.Now());
      ReplyTo(*next, ReplyKind::kTimeout, 0);
    }
    if (end > loop_.Now()) loop_.Advance(end - loop_.Now());
  }

  void Look() {
    reference_.Idle(scheduler_->queued(), scheduler_->in_flight(), loop_.Now());
    if (metrics_.queued_calls.value() != static_cast<double>(reference_.waiting()) ||
        metrics_.queued_bytes.value() != static_cast<double>(reference_.waiting_bytes())) {
      Differ("the metrics tell of another queue");
    }
    if (metrics_.in_flight.value() != static_cast<double>(OpenRequests().size())) {
      Differ("the metrics tell of other requests in flight");
    }
  }
  bool AllDone() {
    for (size_t id = 0; id < reference_.calls(); ++id) {
      if (reference_.Open(static_cast<int>(id))) return false;
    }
    return OpenRequests().empty();
  }

  const Schedule& schedule_;
  fakes::ManualLoop loop_;
  fakes::FakeCredentials credentials_;
  Reference reference_;
  const SchedulerMetrics metrics_;
  std::unique_ptr<Scheduler> scheduler_;
  std::optional<int> submitting_;
  std::vector<std::vector<std::string>> keys_;  // by request; empty: no batch
  std::string difference_;
};

std::string Difference(const Schedule& schedule, const Rules& rules = {}) {
  const Metrics metrics;
  return Play(schedule, rules, metrics).Run();
}

// Without the events that the difference does not need.
Schedule Shortened(Schedule schedule, const Rules& rules) {
  for (size_t i = schedule.events.size(); i-- > 0;) {
    Schedule shorter = schedule;
    shorter.events.erase(shorter.events.begin() + static_cast<std::ptrdiff_t>(i));
    if (!Difference(shorter, rules).empty()) schedule = std::move(shorter);
  }
  return schedule;
}

constexpr uint64_t kShards = 10;
#ifdef IMBOT_SANITIZED
constexpr uint64_t kSchedulesPerShard = 1'000;  // each takes thirty times as long
#else
constexpr uint64_t kSchedulesPerShard = 10'000;
#endif

class SchedulerModel : public testing::TestWithParam<uint64_t> {};

TEST_P(SchedulerModel, FindsNoDifferenceInAnySchedule) {
  const Metrics metrics;
  for (uint64_t i = 0; i < kSchedulesPerShard; ++i) {
    const Schedule schedule = MakeSchedule(GetParam() * kSchedulesPerShard + i);
    if (Play(schedule, {}, metrics).Run().empty()) continue;
    const Schedule shorter = Shortened(schedule, {});
    FAIL() << Difference(shorter) << "\nshortened from " << schedule.events.size() << " events:\n" << Describe(shorter);
  }
}

INSTANTIATE_TEST_SUITE_P(Shard, SchedulerModel, testing::Range(uint64_t{0}, kShards));

// --- That a difference would be noticed ---

struct Mistake {
  const char* name;
  Rules rules;
};
void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.name;
}

class SchedulerModelWithAMistake : public testing::TestWithParam<Mistake> {};

TEST_P(SchedulerModelWithAMistake, IsNoticed) {
  const Metrics metrics;
  for (uint64_t seed = 0; seed < 3'000; ++seed) {
    if (!Play(MakeSchedule(seed), GetParam().rules, metrics).Run().empty()) return;
  }
  FAIL() << "the scheduler and a reference that is wrong on purpose agree in every schedule";
}

INSTANTIATE_TEST_SUITE_P(
    Of, SchedulerModelWithAMistake,
    testing::Values(Mistake{"batch_of_49_at_most", {.most_commands = 49}}, Mistake{"bucket_of_one_less", {.spare = 3}},
                    Mistake{"bucket_of_one_more", {.spare = 1}}, Mistake{"reserve_of_one_less", {.bulk_reserve = 3}},
                    Mistake{"reserve_of_one_more", {.bulk_reserve = 5}},
                    Mistake{"calls_of_a_key_never_together", {.keys_share = false}},
                    Mistake{"nobody_overtakes", {.overtakes = 0}},
                    Mistake{"refused_calls_fail", {.limit_goes_back = false}},
                    Mistake{"cancelled_is_never_unknown", {.cancel_in_flight_is_unknown = false}},
                    Mistake{"oldest_loses", {.newest_loses = false}},
                    Mistake{"any_edit_replaces", {.superset_only = false}}, Mistake{"nobody_lingers", {.linger = 0}},
                    Mistake{"lingers_longer", {.linger = 2}}),
    [](const testing::TestParamInfo<Mistake>& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace imbot::portal
