// A portal's reply to one call, and its result as the method's response and as RawService's: `METHOD [HTTP_STATUS
// [CONTENT_TYPE]]` in the first line, then the body.
#include <charconv>

#include "service/translate/raw_call.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/reply_checks.h"

namespace {

using namespace imbot;  // NOLINT: one function

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static translate::ReplyParser parser;  // reused from reply to reply, as a loop does
  const fuzz::Input input = fuzz::Split(data, size);
  std::string_view head = input.head;
  const translate::MethodSpec& method = fuzz::MethodFor(fuzz::TakeWord(&head));
  int http_status = 200;
  const std::string_view word = fuzz::TakeWord(&head);
  std::from_chars(word.data(), word.data() + word.size(), http_status);
  const std::string_view secrets[] = {fuzz::kSecret};
  const translate::ReplyContext context{.location = head, .host = "acme.bitrix24.com", .secrets = secrets};
  const translate::ParsedReply reply =
      parser.Parse(http_status, head.empty() ? "application/json" : head, input.body, method.name(), "acme", context);
  fuzz::CheckReply(reply);
  fuzz::CheckDecoding(method, reply);
  if (!reply.status.ok()) return 0;
  // The same result as RawService passes it on.
  const auto raw = translate::DecodeRawResult(method.name(), reply.result, reply.next, reply.total, secrets);
  if (!raw.ok()) {
    fuzz::CheckFailure(raw.status());
    return 0;
  }
  const std::string bytes = fuzz::Bytes(**raw);
  fuzz::Expect(bytes.find(fuzz::kSecret) == bytes.npos, "a secret in a result of RawService", input.body);
  std::unique_ptr<google::protobuf::Message> read((*raw)->New());
  fuzz::Expect(read->ParseFromString(bytes), "a result of RawService that no client can read", input.body);
  return 0;
}
