// What may stand where the cursor is, for the shells' completion scripts (`imbot __complete WORD...`).
//
// Asks the gateway for bots and portals, for a moment at most, and never says why it can't. Blocks; by one thread.
#ifndef IMBOT_CLIENT_LIB_CLI_COMPLETE_H_
#define IMBOT_CLIENT_LIB_CLI_COMPLETE_H_

#include <string>
#include <vector>

#include "client_lib/cli/method_catalog.h"

namespace imbot::cli {

struct Candidate {
  std::string word;
  std::string about;
};

// Stands for: the names of files.
inline constexpr char kFiles[] = ":files";

// `words`: those after the program's name; the last is the one under the cursor, perhaps empty. Those that begin with
// it.
std::vector<Candidate> Complete(const MethodCatalog& catalog, const std::vector<std::string>& words);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_COMPLETE_H_
