// How the simulated portals behave. Constant after start, but for what the control endpoint documents as changeable.
#ifndef IMBOT_TESTS_SIMULATOR_REST_OPTIONS_H_
#define IMBOT_TESTS_SIMULATOR_REST_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace simulator {

struct PortalOptions {
  // Where the documentation and the published server source conflict (WIRE_FACTS.md 9): the source is the default.
  bool behave_as_documented = false;
  // What imbot.v2.Revision.get tells; below 35 a bot's owner key leaks as `appId`, as it did then.
  int revision = 36;
  // Every bot is a member of every group chat of the fixture.
  bool open_chats = true;
  // Handler URLs without a dot in the host (`http://localhost/…`) are accepted.
  bool local_handlers = true;
  // Plain HTTP is refused with INVALID_REQUEST, as a real portal does.
  bool require_https = false;
  // `operating` and `operating_reset_at` in `time`, as in the cloud.
  bool operating = true;
  // A webhook /rest/1/simulator/ with every scope exists from the start.
  bool default_webhook = true;
  std::chrono::milliseconds delay{0};        // per request, before it executes
  std::chrono::milliseconds per_command{0};  // per command of a batch, and of a single call
  // With a value above per_command, each command takes a time between the two.
  std::chrono::milliseconds per_command_max{0};
  // The leaky bucket of each source address: how many requests it holds (0: there is none), and how many run out a
  // second. A standard portal has 50 and 2, an Enterprise one 250 and 5.
  int64_t bucket = 0;
  double bucket_leak = 2;
  // The time that one method's calls may take in ten minutes (0: no limit; a cloud portal has 420 seconds by the
  // source, 480 by the documentation); what a call must take to count; and what each is billed, if not the time it
  // took.
  std::chrono::milliseconds operating_limit{0};
  std::chrono::milliseconds operating_ignored{100};
  std::chrono::milliseconds operating_cost{0};
  // Where a batch's commands are billed: to `batch`, or (false, the published source) each to its own method.
  bool operating_bills_batch = false;
  // Refused credentials and scopes have the documentation's statuses (400, 403), and nothing else changes.
  bool documented_statuses = false;
  // The bucket is known from the documentation alone: false makes it one for all source addresses of a portal.
  bool bucket_per_source = true;
  // Version 2's names are found in any case, as on servers whose file systems know none (WIRE_FACTS.md 1.1).
  bool v2_any_case = false;
  // An error of the messenger stays pending, and what fails after it in the same batch carries its code (WIRE_FACTS.md
  // 1.5: inferred from the source).
  bool sticky_errors = false;
  // When the front answers 504 in the portal's place; what has not begun by then is not executed. 0: never. A cloud
  // portal has 60 seconds (page limits.md).
  std::chrono::milliseconds request_limit{0};
  // A batch with a command too many, or with one that no batch may call, is refused as a whole with 400 or 405, which
  // is one way to read the documentation's table; the source answers 200 and puts the error to the command.
  bool refuse_batch_whole = false;
  size_t ledger_limit = 500'000;
  size_t received_limit = 1'000;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_OPTIONS_H_
