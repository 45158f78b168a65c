// What there is to say of one method, for `imbot describe`: parameters with their types and limits, errors, an example.
//
// From the descriptors and their comments alone. Plain values and pure functions; thread-compatible.
#ifndef IMBOT_CLIENT_LIB_CLI_METHOD_PAGE_H_
#define IMBOT_CLIENT_LIB_CLI_METHOD_PAGE_H_

#include <string>
#include <vector>

#include "client_lib/cli/console.h"
#include "client_lib/cli/json_writer.h"
#include "client_lib/cli/method_catalog.h"

namespace imbot::cli {

struct Parameter {
  std::string path;  // in the documentation's names: `fields.keyboard.BUTTONS[].TEXT`
  std::string type;  // `text`, `list of integer`, `Keyboard` (described with the types)
  bool required = false;
  std::vector<std::string> limits;  // `at most 20000 characters`
  std::string comment;
};

// A type that several methods share, with its own parameters.
struct SharedType {
  std::string name;  // `Keyboard`
  std::string comment;
  std::vector<Parameter> parameters;
};

struct MethodError {
  std::string reason;  // `CHAT_NOT_FOUND`
  std::string when;    // empty if the contract does not say
};

struct MethodPage {
  MethodEntry method;
  std::string comment;
  std::string repeat;  // what may be done after an unknown outcome
  std::vector<Parameter> parameters;
  std::vector<SharedType> types;
  std::vector<MethodError> errors;
  std::string example;  // JSON, as `imbot call` takes it
};

MethodPage MakePage(const MethodCatalog& catalog, const MethodEntry& method);

std::string PageText(const MethodPage& page, const Style& style, size_t width);
void WritePage(const MethodPage& page, JsonWriter* writer);

// What may be done after an unknown outcome, for people.
std::string RepeatText(bitrix24::rest::Retry retry);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_METHOD_PAGE_H_
