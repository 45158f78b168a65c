// A call that is ready to go out to a portal, and its answer: what passes between those who make calls and the
// scheduler. Plain data; move-only, since it holds secrets.
#ifndef IMBOT_SERVICE_PORTAL_OUTGOING_H_
#define IMBOT_SERVICE_PORTAL_OUTGOING_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "bitrix24/rest/options.pb.h"
#include "service/base/clock.h"
#include "service/base/secret.h"
#include "service/translate/reply.h"
#include "service/transport/transport.h"

namespace imbot::portal {

struct Answer;
using Done = absl::AnyInvocable<void(Answer)>;

enum class Priority { kInteractive, kBulk };
enum class CallId : uint64_t {};

// What a queued call may be replaced by: a later one of the same caller that says at least as much.
struct Collapse {
  std::string subject;              // what both change: method and message
  std::vector<std::string> fields;  // what this one sets, sorted
};

struct Outgoing {
  std::string method;  // REST name
  // The JSON body. Made when it is sent, since most of a busy portal's calls leave as commands; again if it is sent
  // again.
  absl::AnyInvocable<std::string()> body;
  // Instead of `body`, for a call whose body is a stream. Such calls have a window of their own, so that slow senders
  // hold up no other call.
  std::shared_ptr<transport::BodySource> source;
  // The same as a command of a batch (`METHOD?QUERY`, RFC 3986, nothing that JSON would escape); nothing if the call
  // must go alone. Unset: it must.
  absl::AnyInvocable<std::optional<std::string>()> batch_command;
  // The bot's, which the body holds: never shown, whatever the portal's answer says. Null: there is none.
  std::shared_ptr<const base::Secret> secret;
  size_t bytes = 0;       // about what it takes while it waits
  bool alone = false;     // never in a batch
  bool in_parts = false;  // the portal does it in parts: an error may come after some were done
  bitrix24::rest::Retry retry = bitrix24::rest::RETRY_NEVER;
  std::vector<std::string>
      done_codes;  // of the portal: what they say of a repeat is that an earlier attempt had done it
  // An earlier call, of which this one is the caller's repeat, may have been executed.
  bool maybe_executed = false;
  // A DEDUPLICATED call is not repeated after that, since the portal has forgotten its identifier by then. Unset: an
  // hour after it first left.
  std::optional<base::MonoTime> repeat_until;
  std::string caller;           // for fairness
  std::string order_key;        // empty: order does not matter
  std::string idempotency_key;  // empty: none
  std::optional<Collapse> collapse;
  Priority priority = Priority::kInteractive;
  base::MonoTime deadline;
  // A call that changes what the gateway itself knows (a registration): once sent, its reply is waited for even if the
  // caller has gone or its deadline has passed, for at most SchedulerOptions::reply_timeout.
  bool await_reply = false;
  // What the portal answered after all, where the caller had to be answered before, while the call was in flight. At
  // most once; destroyed without a call where that never comes to be known.
  Done late;
};

struct Answer {
  // OK: `reply.result` holds the answer, but for a call that was superseded or done before. It lives until the callback
  // returns, as `secrets` do.
  absl::Status status;
  translate::ParsedReply reply;
  // What the request held that must never be shown: the webhook's code, the bot's secret.
  std::vector<std::string_view> secrets;
  std::optional<int> http_status;
  std::chrono::microseconds queued{0};
  std::optional<int> batch_size;  // calls that left in one request with this one; unset: it left alone
  int attempts = 0;
  bool superseded = false;  // never sent: a later call of the same caller says at least as much; `status` is OK
  // The portal answered a repeat with one of `done_codes`: an earlier attempt had done it. `status` is OK, there is no
  // result.
  bool done_before = false;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_OUTGOING_H_
