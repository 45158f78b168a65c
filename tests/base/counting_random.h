// Randomness without surprise: bytes that count up from a given one.
#ifndef IMBOT_TESTS_BASE_COUNTING_RANDOM_H_
#define IMBOT_TESTS_BASE_COUNTING_RANDOM_H_

#include <atomic>

#include "service/base/random.h"

namespace imbot::testing_support {

class CountingRandom final : public base::Random {
 public:
  explicit CountingRandom(uint8_t first = 0) : next_(first) {}
  void Fill(std::span<uint8_t> out) override {
    for (uint8_t& byte : out) byte = next_.fetch_add(1);
  }

 private:
  std::atomic<uint8_t> next_;
};

}  // namespace imbot::testing_support

#endif  // IMBOT_TESTS_BASE_COUNTING_RANDOM_H_
