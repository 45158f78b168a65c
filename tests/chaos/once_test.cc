// Each call is done once, through faults of the portal, breaking connections and a gateway that is killed: the chaos
// run of `make soak`, shorter. Its first seed is fixed; imbot_soak_once takes others.
#include "tests/chaos/once.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <numeric>
#include <string>

namespace imbot::chaos {
namespace {

using std::chrono::seconds;

// Under a sanitizer everything takes several times as long.
#ifdef IMBOT_SANITIZED
constexpr size_t kShare = 4;
constexpr int kKills = 2;
#else
constexpr size_t kShare = 1;
constexpr int kKills = 4;
#endif

OnceOptions Short(Workload workload, size_t calls, LostIds lost_ids, Expect expect) {
  OnceOptions options;
  options.workload = workload;
  options.calls = calls / kShare;
  options.callers = 8;
  options.kills = kKills;
  options.lost_ids = lost_ids;
  options.expect = expect;
  options.seed = 20;
  options.pause = std::chrono::milliseconds(60);
  // What can't be known is not worth waiting for.
  if (lost_ids != LostIds::kNever) options.patience = seconds(4);
  return options;
}

int64_t Hits(const OnceResult& result) {
  return std::accumulate(result.faults.begin(), result.faults.end(), int64_t{0},
                         [](int64_t sum, const auto& fault) { return sum + fault.second.hits; });
}

void ExpectGood(const OnceResult& result) {
  for (const auto& [kind, count] : result.verdict.breaches) ADD_FAILURE() << count << " " << kind;
  for (const std::string& example : result.verdict.examples) ADD_FAILURE() << example;
}

// Trouble keeps its own time, so that a run may end before enough of it has met a call. Each run is checked; while
// `enough` says no of one, another follows, with the next seed.
void RunUntil(bool (*enough)(const OnceResult&), OnceOptions options, void (*check)(const OnceResult&)) {
  constexpr int kRuns = 6;
  for (int i = 0; i < kRuns; ++i, ++options.seed) {
    const OnceResult result = RunOnce(options);
    std::printf("%s", ToString(options, result).c_str());
    check(result);
    // A fourth of the calls may end within two seconds.
    if (result.kills == options.kills && result.verdict.batches > 0 && Hits(result) > (kShare > 1 ? 0 : 8) &&
        enough(result))
      return;
  }
  ADD_FAILURE() << "too little happened";
}

bool AnyRun(const OnceResult&) {
  return true;
}

TEST(Once, EverySendEndsOkAndIsThereOnceWhereThePortalLosesNoIds) {
  RunUntil([](const OnceResult& result) { return result.verdict.batches_cut > 0; },
           Short(Workload::kSends, 600, LostIds::kNever, Expect::kOk),
           [](const OnceResult& result) {
             ExpectGood(result);
             EXPECT_GT(result.verdict.ordered, static_cast<int64_t>(100 / kShare));
           });
}

TEST(Once, NoSendIsLostOrDoubledWhereThePortalLosesIdsOfWhatItHasStored) {
  RunUntil(AnyRun, Short(Workload::kSends, 300, LostIds::kAfterStore, Expect::kOkUnlessIdMissing), ExpectGood);
}

// Of a call that ends UNKNOWN little can be said: so many have to end otherwise.
template <int percent>
bool EndOk(const OnceResult& result) {
  return result.verdict.words.at("OK") * 100 > static_cast<int64_t>(300 / kShare) * percent;
}

TEST(Once, WhatIsSaidOfASendIsTrueWhereThePortalLosesReservations) {
  RunUntil(EndOk<80>, Short(Workload::kSends, 300, LostIds::kAnywhere, Expect::kAnything), ExpectGood);
}

TEST(Once, NoCallOfClassNeverIsExecutedTwice) {
  RunUntil(EndOk<50>, Short(Workload::kNever, 300, LostIds::kAnywhere, Expect::kAnything), ExpectGood);
}

TEST(Once, EveryCallOfClassIdempotentEndsOk) {
  RunUntil(AnyRun, Short(Workload::kIdempotent, 300, LostIds::kNever, Expect::kOk), ExpectGood);
}

// The positive control: what a caller without keys does, by taking another one after an attempt that may have been
// executed, shows in the same check.
TEST(Once, ACallerThatTakesANewKeyAfterAnUnknownOutcomeIsFoundToDouble) {
  OnceOptions options = Short(Workload::kSends, 400, LostIds::kNever, Expect::kOk);
  options.new_key_after_unknown = true;
  RunUntil([](const OnceResult& result) { return result.verdict.Breaches("doubled") > 0; }, options,
           [](const OnceResult& result) { EXPECT_EQ(result.verdict.Breaches("lost"), 0); });
}

}  // namespace
}  // namespace imbot::chaos
