// Compares what the gateway sends and returns with the documentation's examples, value by value.
//
// Knows the contract's options and JSON alone, nothing of service/: the encoder and decoder are what is being tested.
#ifndef IMBOT_TESTS_CONFORMANCE_COMPARE_H_
#define IMBOT_TESTS_CONFORMANCE_COMPARE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bitrix24/rest/options.pb.h"
#include "google/protobuf/message.h"
#include "tests/conformance/equivalences.h"
#include "tests/conformance/examples.h"

namespace imbot::conformance {

// What must stand in the places that the gateway fills in.
struct ExpectedIdentity {
  std::optional<int64_t> bot_id;      // nothing: none is sent
  std::optional<std::string> secret;  // nothing: one that the gateway made, at most 40 characters
};

// Differences between an example and what was sent, each with its path; empty if they are equivalent.
std::vector<std::string> CompareRequest(const Json& example, const Json& sent, const bitrix24::rest::Method& method,
                                        const ExpectedIdentity& identity, Uses* uses);

// Values of `result` that are not in the response, and values of the response that are not in the example.
std::vector<std::string> CompareResponse(const Json& result, const google::protobuf::Message& response, Uses* uses);

// Keys of `data` for which the message type has no field, each with its path. For what no method returns.
std::vector<std::string> KeysWithoutField(const Json& data, const google::protobuf::Descriptor& type, Uses* uses);

}  // namespace imbot::conformance

#endif  // IMBOT_TESTS_CONFORMANCE_COMPARE_H_
