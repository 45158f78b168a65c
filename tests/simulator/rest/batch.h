// What the method `batch` makes of its parameters and of its commands' answers (WIRE_FACTS.md 2, page
// settings/how-to-call-rest-api/batch.md). Owned by the coroutine that runs the batch; loop thread only.
//
// It executes nothing: RestServer takes the commands one after another and reports each answer back, since what a
// command may refer to by `$result[…]` is what came before it.
#ifndef IMBOT_TESTS_SIMULATOR_REST_BATCH_H_
#define IMBOT_TESTS_SIMULATOR_REST_BATCH_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/php/json.h"
#include "tests/simulator/rest/call.h"

namespace simulator {

// What a method's result becomes at the top of a reply: `next` and `total` move out of it (WIRE_FACTS.md 1.4).
struct Answer {
  Json result;
  std::optional<int64_t> next;
  std::optional<int64_t> total;
};
Answer SplitResult(Json result);

class Batch {
 public:
  static constexpr size_t kMaxCommands = 50;

  struct Command {
    std::string key;  // as in `cmd`; a list's positions count from 0
    std::string method;
    std::string query;
    std::optional<RestError> refused;  // beyond the limit, or a method that no batch may call
  };

  // `sticky`: see PortalOptions::sticky_errors.
  explicit Batch(const Json& params, bool sticky = false);

  // In order. What is no string is left out, but counts towards the limit.
  const std::vector<Command>& commands() const { return commands_; }
  // Stop at the first error. Any filled value says so, "N" and "false" too; only "" and "0" don't.
  bool halt() const { return halt_; }

  // The command's parameters: its query decoded, then `$result[…]` replaced by what has been answered so far.
  Json Params(const Command& command) const;

  // Once for each command.
  void Succeeded(const Command& command, Answer answer, Json time);
  void Failed(const Command& command, RestError error);

  // {result, result_error, result_total, result_next, result_time}; a section without entries is a list.
  Json Result() &&;

 private:
  void Substitute(Json* value) const;
  Json SubstituteText(const std::string& text) const;

  std::vector<Command> commands_;
  bool halt_ = false;
  const bool sticky_;
  std::optional<RestError> pending_;  // the messenger's, if errors stick
  // By section, then by command. Besides result, next, total, time and error there is a section for every further
  // member that an error had, and commands may refer to those too.
  Json sections_;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_BATCH_H_
