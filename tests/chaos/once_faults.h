// What goes wrong during a chaos run, at the portal and on the way to it. One thread; what it picks depends on the seed
// alone.
#ifndef IMBOT_TESTS_CHAOS_ONCE_FAULTS_H_
#define IMBOT_TESTS_CHAOS_ONCE_FAULTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/chaos/gate.h"
#include "tests/chaos/once_calls.h"
#include "tests/support/simulator.h"

namespace imbot::chaos {

// Where the portal may die between the reservation of a templateId and the filling in of its message's id. It answers
// every repeat with MESSAGE_DUPLICATED_BY_UUID then, for an hour, and whoever repeats can't know whether the message is
// there.
enum class LostIds {
  kNever,
  kAfterStore,  // it is there
  kAnywhere,    // or it is not
};

class Faults {
 public:
  // What the faults are for: the REST methods of `calls`, and `batch`.
  Faults(const testing::Simulator& simulator, Gate* gate, const Calls& calls, LostIds lost_ids, uint64_t seed);

  // Puts some in.
  void Step();
  // Takes back what has not happened yet; from then on all is well.
  void Stop();

  struct Count {
    int64_t injected = 0, hits = 0;
  };
  const std::map<std::string, Count>& counts() const { return counts_; }

 private:
  struct Kind {
    std::string name;
    testing::Json order;  // without its method
    bool in_message;      // at a point that only methods which send messages pass
    int weight;
  };
  uint64_t Draw(uint64_t below);
  testing::Json Order(std::string* name);
  void Collect();

  const testing::Simulator& simulator_;
  Gate& gate_;
  const std::vector<std::string> methods_, sending_methods_;
  std::vector<Kind> kinds_;
  int weights_ = 0;
  uint64_t random_;
  bool refusing_ = false;
  int steps_ = 0;
  std::map<int64_t, std::string> names_;  // of what is in, by its number
  std::map<std::string, Count> counts_;
};

}  // namespace imbot::chaos

#endif  // IMBOT_TESTS_CHAOS_ONCE_FAULTS_H_
