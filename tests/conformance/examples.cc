#include "tests/conformance/examples.h"

#include <fstream>
#include <stdexcept>

namespace imbot::conformance {
namespace {

Json Load(const std::string& name) {
  const std::string path = IMBOT_CONFORMANCE_DATA "/" + name;
  std::ifstream file(path);
  if (!file) throw std::runtime_error("can't read " + path);
  return Json::parse(file);
}

std::string Where(const Json& example) {
  return example.at("page").get<std::string>() + ", block " + std::to_string(example.at("block").get<int>());
}

}  // namespace

std::vector<RequestExample> Requests() {
  std::vector<RequestExample> examples;
  for (const Json& item : Load("requests.json")) {
    RequestExample& example = examples.emplace_back();
    example.where = Where(item);
    example.method = item.at("method").get<std::string>();
    example.related = item.at("related").get<bool>();
    for (const Json& mended : item.at("mended")) example.mended.push_back(mended.at("what").get<std::string>());
    example.body = item.at("body");
  }
  return examples;
}

std::vector<ResponseExample> Responses() {
  std::vector<ResponseExample> examples;
  for (const Json& item : Load("responses.json")) {
    ResponseExample& example = examples.emplace_back();
    example.where = Where(item);
    example.method = item.at("method").get<std::string>();
    example.is_error = item.at("kind") == "error";
    example.http_statuses = item.at("http_statuses").get<std::vector<int>>();
    example.body = item.at("body");
  }
  return examples;
}

std::vector<EventExample> Events() {
  std::vector<EventExample> examples;
  for (const Json& item : Load("events.json")) {
    EventExample& example = examples.emplace_back();
    example.where = Where(item);
    example.event = item.at("event").get<std::string>();
    example.form = item.at("form").get<std::string>();
    example.body = item.at("body");
  }
  return examples;
}

}  // namespace imbot::conformance
