// What was read, written and read again is the same.
//
// `response METHOD`, then a portal's body: its response, written as the portal's JSON, decodes to the same response.
// `request METHOD`, then the documentation's JSON: its request, encoded and read again, encodes to the same body.
#include <string>

#include "client_lib/json_reader/json_reader.h"
#include "service/translate/encode.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/portal_json.h"
#include "tests/fuzz/reply_checks.h"

namespace {

using namespace imbot;  // NOLINT: two functions
using translate::MethodSpec;

void CheckResponse(const MethodSpec& method, std::string_view body) {
  static translate::ReplyParser parser;
  const auto parse = [&](std::string_view text) {
    return fuzz::CheckDecoding(method, parser.Parse(200, "application/json", text, method.name(), "acme"));
  };
  const auto first = parse(body);
  if (first == nullptr) return;
  const std::string written = fuzz::PortalJson(*first, method.options.dialect() == bitrix24::rest::DIALECT_V1);
  const auto second = parse(written);
  fuzz::Expect(second != nullptr, "a response that does not come back", written);
  if (fuzz::Bytes(*first) != fuzz::Bytes(*second)) {
    fuzz::Fail("a response that comes back as another",
               first->ShortDebugString() + "\n" + written + "\n" + second->ShortDebugString());
  }
}

void CheckRequest(const MethodSpec& method, std::string_view body) {
  const auto read = [&](std::string_view text) {
    return client::ReadRequest(*method.descriptor, text, {"acme/support", "acme"});
  };
  const auto first = read(body);
  if (!first.ok()) return;
  // As the gateway gets it.
  std::unique_ptr<google::protobuf::Message> received((*first)->New());
  if (!received->ParseFromString((*first)->SerializeAsString())) {
    fuzz::Fail("a request that no server can read", (*first)->ShortDebugString());
  }
  const std::string sent = translate::EncodeJson(method, *received, {});
  fuzz::Expect(translate::EncodeJson(method, **first, {}) == sent, "a request that arrives as another", sent);
  const auto second = read(sent);
  fuzz::Expect(second.ok(), "a request that can't be read again", sent);
  const std::string again = translate::EncodeJson(method, **second, {});
  fuzz::Expect(again == sent, "a request that is encoded as another", sent + "\n" + again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::Input input = fuzz::Split(data, size);
  std::string_view head = input.head;
  const std::string_view what = fuzz::TakeWord(&head);
  const MethodSpec& method = fuzz::MethodFor(head);
  if (what == "request") {
    CheckRequest(method, input.body);
  } else {
    CheckResponse(method, input.body);
  }
  return 0;
}
