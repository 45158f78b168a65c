// Who may call what: webhooks and access tokens (WIRE_FACTS.md 1.6, 4). Loop thread only.
#ifndef IMBOT_TESTS_SIMULATOR_REST_AUTH_H_
#define IMBOT_TESTS_SIMULATOR_REST_AUTH_H_

#include <variant>

#include "tests/simulator/rest/call.h"
#include "tests/simulator/rest/portal.h"
#include "tests/simulator/rest/request.h"

namespace simulator {

// The caller, or the refusal; `scope` is what the method needs, empty for none.
std::variant<Caller, RestError> Authenticate(const Portal& portal, const RestRequest& request, bool tls,
                                             std::string_view scope);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_AUTH_H_
