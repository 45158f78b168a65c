#include "service/portal/batch.h"

#include "service/base/strings.h"

namespace imbot::portal {

std::string BatchKey(size_t index) {
  return base::StrCat("c", index);
}

std::string BatchBody(const std::vector<std::string>& commands) {
  size_t size = 32;
  for (const std::string& command : commands) size += command.size() + 10;
  std::string body;
  body.reserve(size);
  body = R"({"halt":0,"cmd":{)";
  for (size_t i = 0; i < commands.size(); ++i) {
    base::StrAppend(&body, i == 0 ? "\"" : ",\"", BatchKey(i), "\":\"", commands[i], "\"");
  }
  body += "}}";
  return body;
}

}  // namespace imbot::portal
