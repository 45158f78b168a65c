// An example request of a method, made from its descriptors: what is required, with values that its rules take.
//
// Pure function; thread-safe. A test sends every one of them.
#ifndef IMBOT_CLIENT_LIB_CLI_EXAMPLE_REQUEST_H_
#define IMBOT_CLIENT_LIB_CLI_EXAMPLE_REQUEST_H_

#include <string>

#include "client_lib/cli/json_writer.h"
#include "client_lib/cli/method_catalog.h"

namespace imbot::cli {

// JSON in the documentation's names, as `imbot call` takes it.
void WriteExample(const MethodEntry& method, JsonWriter* writer);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_EXAMPLE_REQUEST_H_
