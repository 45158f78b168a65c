// A response as the portal would have sent it, written from the contract's options alone. Shares nothing with service/.
#ifndef IMBOT_TESTS_FUZZ_PORTAL_JSON_H_
#define IMBOT_TESTS_FUZZ_PORTAL_JSON_H_

#include <string>

#include "google/protobuf/message.h"

namespace imbot::fuzz {

// The whole body: `{"result": ...}`. `v1`: booleans as Y and N.
std::string PortalJson(const google::protobuf::Message& response, bool v1);

}  // namespace imbot::fuzz

#endif  // IMBOT_TESTS_FUZZ_PORTAL_JSON_H_
