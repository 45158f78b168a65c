// The documentation's examples, as extract.py wrote them into data/.
#ifndef IMBOT_TESTS_CONFORMANCE_EXAMPLES_H_
#define IMBOT_TESTS_CONFORMANCE_EXAMPLES_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace imbot::conformance {

using Json = nlohmann::json;

struct RequestExample {
  std::string where;  // page and block, for people
  std::string method;
  bool related = false;  // from a page that is not the method's own
  std::vector<std::string> mended;
  Json body;
};

struct ResponseExample {
  std::string where;
  std::string method;
  bool is_error = false;
  std::vector<int> http_statuses;
  Json body;
};

struct EventExample {
  std::string where;
  std::string event;
  std::string form;  // "post": a whole webhook; "item": of Event.get; "data": what stands inside of both
  Json body;
};

// The text of an error as a sentence of the gateway quotes it: its full stop ends the gateway's own.
inline std::string DescriptionOf(const ResponseExample& example) {
  std::string text = example.body.at("error_description").get<std::string>();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// Throw if the files can't be read.
std::vector<RequestExample> Requests();
std::vector<ResponseExample> Responses();
std::vector<EventExample> Events();

}  // namespace imbot::conformance

#endif  // IMBOT_TESTS_CONFORMANCE_EXAMPLES_H_
