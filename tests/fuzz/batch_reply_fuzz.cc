// A portal's reply to a batch: `KEY=METHOD KEY=METHOD...` in the first line, then the body.
//
// No command's answer may depend on which others were in the batch, or in which order: so they are
// parsed backwards too, and one of them alone.
#include <set>
#include <string>
#include <vector>

#include "service/base/error.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/reply_checks.h"

namespace {

using namespace imbot;  // NOLINT: one function
using translate::BatchCommand;
using translate::ParsedReply;

// Everything of a reply that a caller can see, but for the order of an error's metadata.
std::string Shown(const ParsedReply& reply) {
  std::string text;
  if (reply.status.ok()) {
    text = reply.result.ToText();
  } else {
    text = std::string(reply.status.message()) + " " + std::to_string(reply.status.raw_code()) + " " + reply.code +
           " " + base::ReasonOf(reply.status) + " " + base::OutcomeOf(reply.status) + " " +
           std::string(translate::ActorName(reply.actor)) + " " + std::to_string(static_cast<int>(reply.advice)) + " " +
           std::to_string(reply.retry_after.count());
  }
  for (const auto& number : {reply.next, reply.total})
    text += number.has_value() ? " " + std::to_string(*number) : " -";
  text += reply.time.duration.has_value() ? " " + std::to_string(reply.time.duration->count()) : " -";
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static translate::ReplyParser parser;
  const fuzz::Input input = fuzz::Split(data, size);
  std::vector<BatchCommand> commands;
  std::vector<const translate::MethodSpec*> methods;
  std::set<std::string_view> keys;
  std::string_view head = input.head;
  while (!head.empty() && commands.size() < 8) {
    const std::string_view word = fuzz::TakeWord(&head);
    const size_t equals = std::min(word.find('='), word.size());
    const std::string_view key = word.substr(0, equals);
    if (!keys.insert(key).second) continue;  // the gateway makes the keys, each another
    methods.push_back(&fuzz::MethodFor(word.substr(std::min(equals + 1, word.size()))));
    commands.push_back({key, methods.back()->name()});
  }
  const std::string_view secrets[] = {fuzz::kSecret};
  const translate::ReplyContext context{.location = {}, .host = "acme.bitrix24.com", .secrets = secrets};
  const auto parse = [&](std::span<const BatchCommand> some) {
    return parser.ParseBatch(200, "application/json", input.body, some, "acme", context);
  };

  const translate::BatchReply batch = parse(commands);
  fuzz::CheckReply(batch.whole);
  fuzz::Expect(batch.answers.size() == commands.size(), "not one answer for each command");
  std::vector<std::string> shown;
  for (size_t i = 0; i < commands.size(); ++i) {
    const ParsedReply& answer = batch.answers[i];
    fuzz::CheckReply(answer);
    fuzz::CheckDecoding(*methods[i], answer);
    fuzz::Expect(batch.whole.status.ok() || !answer.status.ok(), "an answer out of a batch that failed");
    shown.push_back(Shown(answer));
  }
  if (!commands.empty()) {
    // One of them, which the input picks: all of them took ten times as long, and found no more.
    const size_t i = size % commands.size();
    const translate::BatchReply alone = parse({&commands[i], 1});
    fuzz::Expect(Shown(alone.answers.at(0)) == shown[i], "an answer that depends on another command",
                 shown[i] + "\n" + Shown(alone.answers.at(0)));
  }
  const std::vector<BatchCommand> backwards(commands.rbegin(), commands.rend());
  const translate::BatchReply reversed = parse(backwards);
  for (size_t i = 0; i < commands.size(); ++i) {
    fuzz::Expect(Shown(reversed.answers.at(commands.size() - 1 - i)) == shown[i],
                 "an answer that depends on the order");
  }
  return 0;
}
