// What the targets make of an input: its first line says what to do, the rest is what it is done with. So every input
// is a text that a person can read and write.
#ifndef IMBOT_TESTS_FUZZ_INPUT_H_
#define IMBOT_TESTS_FUZZ_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "google/protobuf/message.h"
#include "service/translate/method_table.h"

namespace imbot::fuzz {

struct Input {
  std::string_view head;  // the first line
  std::string_view body;  // the rest
};
Input Split(const uint8_t* data, size_t size);

// The first word of `*text`, which is taken off with the space behind it.
std::string_view TakeWord(std::string_view* text);

// Every method of the contract.
const translate::MethodTable& Methods();
// The method of this REST name; for any other text, one that the text picks.
const translate::MethodSpec& MethodFor(std::string_view word);

// With map entries in a fixed order: equal messages give equal bytes.
std::string Bytes(const google::protobuf::Message& message);

// A request of the method made of any bytes, readable ones too: a byte chooses a field, a text or number ends at `;`,
// a message at `.`. Always one that a protobuf reader would accept: texts are UTF-8, times are within range.
std::unique_ptr<google::protobuf::Message> RequestFromBytes(const translate::MethodSpec& method,
                                                            std::string_view bytes);

// `text` with every byte that is no UTF-8 replaced by `?`.
std::string Utf8(std::string_view text);
bool IsUtf8(std::string_view text);

}  // namespace imbot::fuzz

#endif  // IMBOT_TESTS_FUZZ_INPUT_H_
