// Whether what is to be done once is done once, through all kinds of trouble. `make soak`.
//
//   imbot_soak_once CALLS SEED [MODE...]
//
// Prints tables; exit code 1 if a promise was broken. The same seed picks the same trouble, deadlines and pauses; what
// meets what is left to the machine.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "tests/chaos/once.h"

namespace imbot::chaos {
namespace {

struct Mode {
  const char* name;
  const char* what;
  Workload workload;
  LostIds lost_ids;
  Expect expect;
};

constexpr Mode kModes[] = {
    {"everything", "Sends, with every fault there is", Workload::kSends, LostIds::kAnywhere, Expect::kAnything},
    {"stored",
     "Sends, without the fault between reservation and store: nothing lost, nothing doubled; OK, or the portal lost "
     "the "
     "id of what it had stored",
     Workload::kSends, LostIds::kAfterStore, Expect::kOkUnlessIdMissing},
    {"answerable", "Sends, none of whose ids the portal loses: every one ends OK", Workload::kSends, LostIds::kNever,
     Expect::kOk},
    {"never", "Calls of class NEVER: none is executed twice", Workload::kNever, LostIds::kAnywhere, Expect::kAnything},
    {"idempotent", "Calls of class IDEMPOTENT: every one ends OK", Workload::kIdempotent, LostIds::kNever, Expect::kOk},
};

bool RunMode(const Mode& mode, size_t calls, uint64_t seed) {
  OnceOptions options;
  options.workload = mode.workload;
  options.lost_ids = mode.lost_ids;
  options.expect = mode.expect;
  options.calls = calls;
  options.seed = seed;
  // What can't be known is not worth waiting for.
  if (mode.lost_ids != LostIds::kNever) options.patience = std::chrono::seconds(10);
  std::printf("--- %s (%s)\n", mode.what, mode.name);
  std::fflush(stdout);
  const OnceResult result = RunOnce(options);
  std::printf("%s", ToString(options, result).c_str());
  const bool enough = result.verdict.batches_cut > 0;
  std::printf("%s: %s\n\n", mode.name,
              !result.verdict.good() ? "A PROMISE WAS BROKEN"
              : enough               ? "every promise was kept"
                                     : "no batch's reply was cut, so this proves too little: make more calls");
  return result.verdict.good() && enough;
}

int Main(size_t calls, uint64_t seed, const std::vector<std::string>& names) {
  bool good = true;
  for (const Mode& mode : kModes) {
    if (names.empty() || std::find(names.begin(), names.end(), mode.name) != names.end())
      good = RunMode(mode, calls, seed) && good;
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace imbot::chaos

int main(int argc, char** argv) {
  if (argc < 3 || std::atoll(argv[1]) <= 0)
    return std::fprintf(stderr, "usage: imbot_soak_once CALLS SEED [MODE...]\n"), 2;
  try {
    return imbot::chaos::Main(static_cast<size_t>(std::atoll(argv[1])), std::strtoull(argv[2], nullptr, 10),
                              {argv + 3, argv + argc});
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
}
