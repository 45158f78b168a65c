// Changes the JSON of an input as JSON: libFuzzer's own changes of bytes seldom leave a text that can still be read.
//
// Half of the time libFuzzer's, so that what is no JSON is tried as well. Only in builds with libFuzzer.
#ifndef IMBOT_TESTS_FUZZ_JSON_MUTATOR_H_
#define IMBOT_TESTS_FUZZ_JSON_MUTATOR_H_

#include <cstddef>
#include <cstdint>

namespace imbot::fuzz {

// The contract of LLVMFuzzerCustomMutator. What stands behind the first line is JSON.
size_t MutateJsonBehindFirstLine(uint8_t* data, size_t size, size_t max_size, unsigned seed);

}  // namespace imbot::fuzz

#endif  // IMBOT_TESTS_FUZZ_JSON_MUTATOR_H_
