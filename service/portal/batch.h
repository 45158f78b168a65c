// The body of a batch: several calls in one request (WIRE_FACTS 2; documentation, batch.md). Pure functions.
#ifndef IMBOT_SERVICE_PORTAL_BATCH_H_
#define IMBOT_SERVICE_PORTAL_BATCH_H_

#include <cstddef>
#include <string>
#include <vector>

namespace imbot::portal {

// REST method that carries them.
inline constexpr char kBatchMethod[] = "batch";

// Key of the command at `index`. Begins with a letter: PHP takes keys that look like numbers for numbers, and may
// answer with a list.
std::string BatchKey(size_t index);
// `{"halt":0,"cmd":{...}}`, in the order of `commands`, under their keys: executed one after another, whatever becomes
// of any. REQUIRES: the commands hold nothing that JSON would escape, as RFC 3986 leaves them.
std::string BatchBody(const std::vector<std::string>& commands);

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_BATCH_H_
