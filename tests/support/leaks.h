// Looks for secrets in what the gateway shows.
#ifndef IMBOT_TESTS_SUPPORT_LEAKS_H_
#define IMBOT_TESTS_SUPPORT_LEAKS_H_

#include <string>
#include <string_view>
#include <vector>

namespace imbot::testing {

// The forms in which each secret stands in `text`, as `NAME (base64)`; empty if there is none. Raw, percent-encoded,
// hexadecimal, and base64 at each of its three alignments (plain and URL-safe).
struct NamedSecret {
  std::string name;
  std::string value;
};
std::vector<std::string> FindLeaks(std::string_view text, const std::vector<NamedSecret>& secrets);

}  // namespace imbot::testing

#endif  // IMBOT_TESTS_SUPPORT_LEAKS_H_
