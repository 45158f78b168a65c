// Each call is done once, through faults of the portal, breaking connections and a gateway that is killed: the chaos
// run of `make soak`, shorter. Its seed is fixed; imbot_soak_once takes others.
#include "tests/chaos/once.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
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

OnceResult RunAndShow(const OnceOptions& options) {
  OnceResult result = RunOnce(options);
  std::printf("%s", ToString(options, result).c_str());
  EXPECT_EQ(result.kills, options.kills);
  EXPECT_GT(result.verdict.batches, 0) << "calls have to leave together";
  int64_t hits = 0;
  for (const auto& [name, count] : result.faults) hits += count.hits;
  EXPECT_GT(hits, kShare > 1 ? 0 : 8) << "too little happened";  // a fourth of the calls may end within two seconds
  return result;
}

void ExpectGood(const Verdict& verdict) {
  for (const auto& [kind, count] : verdict.breaches) ADD_FAILURE() << count << " " << kind;
  for (const std::string& example : verdict.examples) ADD_FAILURE() << example;
}

TEST(Once, EverySendEndsOkAndIsThereOnceWhereThePortalLosesNoIds) {
  const OnceResult result = RunAndShow(Short(Workload::kSends, 600, LostIds::kNever, Expect::kOk));
  ExpectGood(result.verdict);
  EXPECT_GT(result.verdict.batches_cut, 0) << "no batch's reply was cut";
  EXPECT_GT(result.verdict.ordered, static_cast<int64_t>(100 / kShare));
}

TEST(Once, NoSendIsLostOrDoubledWhereThePortalLosesIdsOfWhatItHasStored) {
  ExpectGood(RunAndShow(Short(Workload::kSends, 300, LostIds::kAfterStore, Expect::kOkUnlessIdMissing)).verdict);
}

TEST(Once, WhatIsSaidOfASendIsTrueWhereThePortalLosesReservations) {
  const OnceResult result = RunAndShow(Short(Workload::kSends, 300, LostIds::kAnywhere, Expect::kAnything));
  ExpectGood(result.verdict);
  EXPECT_GT(result.verdict.words.at("OK") * 10, static_cast<int64_t>(300 / kShare) * 8);
}

TEST(Once, NoCallOfClassNeverIsExecutedTwice) {
  const OnceResult result = RunAndShow(Short(Workload::kNever, 300, LostIds::kAnywhere, Expect::kAnything));
  ExpectGood(result.verdict);
  EXPECT_GT(result.verdict.words.at("OK") * 10, static_cast<int64_t>(300 / kShare) * 5);
}

TEST(Once, EveryCallOfClassIdempotentEndsOk) {
  ExpectGood(RunAndShow(Short(Workload::kIdempotent, 300, LostIds::kNever, Expect::kOk)).verdict);
}

// The positive control: what a caller without keys does, by taking another one after an attempt that may have been
// executed, shows in the same check.
TEST(Once, ACallerThatTakesANewKeyAfterAnUnknownOutcomeIsFoundToDouble) {
  OnceOptions options = Short(Workload::kSends, 400, LostIds::kNever, Expect::kOk);
  options.new_key_after_unknown = true;
  const OnceResult result = RunAndShow(options);
  EXPECT_GT(result.verdict.Breaches("doubled"), 0);
  EXPECT_EQ(result.verdict.Breaches("lost"), 0);
}

}  // namespace
}  // namespace imbot::chaos
