// The bodies and headers of the portal's replies (WIRE_FACTS.md 1.4, 1.5). Thread-safe: free functions without state.
#ifndef IMBOT_TESTS_SIMULATOR_REST_REPLIES_H_
#define IMBOT_TESTS_SIMULATOR_REST_REPLIES_H_

#include "tests/simulator/net/http_types.h"
#include "tests/simulator/php/json.h"
#include "tests/simulator/rest/call.h"
#include "tests/simulator/rest/operating.h"
#include "tests/simulator/rest/options.h"
#include "tests/simulator/rest/portal_clock.h"

namespace simulator {

// Headers alone for null.
HttpResponse JsonReply(const PortalOptions& options, int status, const Json& body);

// {error, error_description, …}; of REST 3.0, where `error` is an object, for an address below /rest/api/.
HttpResponse ErrorReply(const PortalOptions& options, const RestError& error);
HttpResponse ErrorReplyV3(const PortalOptions& options, const RestError& error);

// {result, next, total, time}.
HttpResponse SuccessReply(const PortalOptions& options, const Caller& caller, Json result, Json time);

// The member `time` of a reply, and of each command of a batch.
Json TimeMember(const PortalOptions& options, PortalClock::TimePoint start, PortalClock::TimePoint finish,
                const OperatingState& operating);

// What stands before the portal speaks HTML: a page that is no REST address, and a request that took too long.
HttpResponse HtmlReply(int status);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_REPLIES_H_
