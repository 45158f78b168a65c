// What one parameter may hold, by its descriptor and options. Pure functions; thread-safe.
#ifndef IMBOT_CLIENT_LIB_CLI_FIELD_RULES_H_
#define IMBOT_CLIENT_LIB_CLI_FIELD_RULES_H_

#include <string>
#include <vector>

#include "bitrix24/rest/options.pb.h"
#include "google/protobuf/descriptor.h"

namespace imbot::cli {

const bitrix24::rest::Field& RulesOf(const google::protobuf::FieldDescriptor& field);

// `text`, `integer`, `list of text`, `one of "bot", "personal"`, `"Y" or "N"`, or the name of a message.
std::string TypeText(const google::protobuf::FieldDescriptor& field, bitrix24::rest::Dialect dialect);

// `at most 20000 characters`, `1 to 50`, ...
std::vector<std::string> LimitTexts(const google::protobuf::FieldDescriptor& field);

// A message of the contract's own, whose fields are parameters.
bool IsPlainMessage(const google::protobuf::FieldDescriptor& field);

// Whether several methods have it: it stands in a package of types.
bool IsShared(const google::protobuf::Descriptor& message);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_FIELD_RULES_H_
