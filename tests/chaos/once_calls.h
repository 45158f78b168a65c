// The calls of a chaos run: which there are, and what has to be there before they can be made. Thread-safe after its
// constructor.
#ifndef IMBOT_TESTS_CHAOS_ONCE_CALLS_H_
#define IMBOT_TESTS_CHAOS_ONCE_CALLS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "tests/chaos/once_record.h"
#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot::chaos {

enum class Workload {
  kSends,       // SendMessage, by turns into two chats that each caller has for itself
  kNever,       // AddChat, v1 AddMessage, AnswerCommand: the portal recognises no repeat of them
  kIdempotent,  // UpdateMessage, UpdateChat
};

// One call as it is sent, each time it is.
struct Call {
  std::string rpc;
  std::string request;  // JSON
  Record record;        // without attempts
};

// Callers have a name and a token each.
std::string TokenOf(size_t caller);
// YAML for the configuration's top level.
std::string CallersYaml(size_t callers);

class Calls {
 public:
  // Makes bots, chats, messages and commands. Throws std::runtime_error if that is refused.
  Calls(Workload workload, size_t callers, const testing::Gateway& gateway, const testing::Simulator& simulator);

  Call Make(size_t caller, size_t number) const;
  // The REST methods among them.
  std::vector<std::string> methods() const;
  // Those of them that send a message.
  std::vector<std::string> sending_methods() const;
  Workload workload() const { return workload_; }

 private:
  struct Chat {
    std::string dialog;   // `chat123`
    std::string message;  // id of the bot's message there
  };
  Call Never(size_t caller, size_t number, const std::string& mark) const;

  const Workload workload_;
  std::vector<std::vector<Chat>> chats_;  // of each caller
  std::string command_;                   // id
  std::vector<std::string> asked_;        // id of each caller's message with that command
};

}  // namespace imbot::chaos

#endif  // IMBOT_TESTS_CHAOS_ONCE_CALLS_H_
