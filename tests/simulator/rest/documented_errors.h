// Errors in the documentation's words. The published source words many of them otherwise, and names a few otherwise;
// with PortalOptions::behave_as_documented the portal speaks as the pages say. Thread-safe: a free function.
#ifndef IMBOT_TESTS_SIMULATOR_REST_DOCUMENTED_ERRORS_H_
#define IMBOT_TESTS_SIMULATOR_REST_DOCUMENTED_ERRORS_H_

#include <string_view>

#include "tests/simulator/rest/call.h"

namespace simulator {

RestError AsDocumented(std::string_view method, RestError error);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_DOCUMENTED_ERRORS_H_
