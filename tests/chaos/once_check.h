// What callers were told, against the portal's ledger. A function of its arguments; never talks to anybody.
//
// A call's last word is OK if any attempt ended so; EXECUTED likewise; NOT_EXECUTED if every attempt said that; else
// UNKNOWN, since a NOT_EXECUTED takes nothing back that an earlier attempt may have done. What must never be:
//
//   lost        OK or EXECUTED, and it is not there.
//   doubled     A call that is no IDEMPOTENT one is there more than once, whatever its last word is.
//   denied      An attempt ended NOT_EXECUTED, and the call had been executed by then: by that attempt or, under the
//   same
//               key, by an earlier one, for who repeats a call asks what became of it. Of IDEMPOTENT calls the gateway
//               keeps no keys, so that there it speaks of its attempt alone.
//   wrong id    OK names another message than the one that was sent.
//   misordered  Two calls of one caller to one dialog, each OK at its first attempt, are there in another order than
//               they were sent in. Those that began within kTogether of each other are under way on two threads of
//               gRPC's, and counted apart.
//   unanswered  The last word is not what Expect wants.
#ifndef IMBOT_TESTS_CHAOS_ONCE_CHECK_H_
#define IMBOT_TESTS_CHAOS_ONCE_CHECK_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/chaos/once_record.h"

namespace imbot::chaos {

inline constexpr int64_t kTogetherUs = 10'000;

enum class Expect {
  kAnything,
  // OK; or UNKNOWN, and the portal stored it and failed before it filled its id in, so that no repeat can find out.
  kOkUnlessIdMissing,
  kOk,
};

struct Verdict {
  std::map<std::string, int64_t> words;     // calls by their last word
  std::map<std::string, int64_t> statuses;  // attempts by what ended them
  std::map<size_t, int64_t> attempts;       // calls by the number of their attempts
  int64_t executed = 0;                     // calls that are there
  int64_t replays = 0;                      // repeats that the portal recognised
  int64_t again = 0;                        // IDEMPOTENT calls that are there more than once
  int64_t ids_missing = 0;                  // executed, their id never filled in
  int64_t ordered = 0, together = 0;        // pairs whose order was compared; reversed ones that began together
  int64_t batches = 0, batched = 0;         // requests with several calls; the calls in them
  int64_t batches_cut = 0;                  // those whose reply was not sent off whole, though some were executed
  std::map<std::string, int64_t> breaches;
  std::vector<std::string> examples;  // of breaches, some of each

  bool good() const { return breaches.empty(); }
  int64_t Breaches(const std::string& kind) const;
};

// `records` of one caller and lane stand in the order in which they were first sent.
Verdict Check(const std::vector<Record>& records, const std::vector<Execution>& executions, Expect expect);

// A table for people.
std::string ToString(const Verdict& verdict);

}  // namespace imbot::chaos

#endif  // IMBOT_TESTS_CHAOS_ONCE_CHECK_H_
