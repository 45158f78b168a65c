// What the contract says about the method behind a request: its path, and what may be repeated.
//
// Read from the descriptors, so that a new method needs no code. Pure functions; thread-safe.
#ifndef IMBOT_CLIENT_INTERNAL_METHOD_INFO_H_
#define IMBOT_CLIENT_INTERNAL_METHOD_INFO_H_

#include <optional>
#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace imbot::client::internal {

struct MethodInfo {
  std::string path;                     // `/bitrix24.imbot.v2.MessageService/SendMessage`
  bool repeatable = false;              // after an unknown outcome
  std::vector<std::string> done_codes;  // what says, after an unknown outcome, that it had been done
};

// The unary method of which these are request and response; nothing if there is none, or more than one.
std::optional<MethodInfo> FindMethod(const google::protobuf::Message& request,
                                     const google::protobuf::Message& response);

}  // namespace imbot::client::internal

#endif  // IMBOT_CLIENT_INTERNAL_METHOD_INFO_H_
